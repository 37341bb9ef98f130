/** metav1.LabelSelector, as workloads carry it. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/**
 * A LabelSelector in the string form that `kubectl -l` and the scale subresource use (apimachinery pkg/labels), keys in order.
 * An empty selector gives ''.
 */
export function formatSelector(selector: LabelSelector | undefined): string {
  const parts = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    const list = `(${[...(values ?? [])].sort().join(',')})`;
    if (operator === 'In') parts.push(`${key} in ${list}`);
    else if (operator === 'NotIn') parts.push(`${key} notin ${list}`);
    else if (operator === 'Exists') parts.push(key);
    else parts.push(`!${key}`);
  }
  return parts.sort().join(',');
}

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

/** What `formatSelector` and the API server write, as a function; a selector that is empty or cannot be read matches nothing. */
export function parseSelector(text: string): Requirement {
  const requirements = text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(requirement);
  if (requirements.length === 0) return () => false;
  return (labels) => requirements.every((matches) => matches(labels));
}

/** One `key=value` that everything the selector matches carries; undefined when it asks for none. */
export function requiredLabel(text: string): string | undefined {
  return text.split(',').find((part) => /^[^\s!=()]+=[^\s=()]*$/.test(part));
}

function requirement(part: string): Requirement {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(part);
  if (set) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    // As in Kubernetes, notin also matches what lacks the label.
    return operator === 'in'
      ? (labels) => labels[key] !== undefined && values.has(labels[key])
      : (labels) => labels[key] === undefined || !values.has(labels[key]);
  }
  const unequal = /^(\S+?)\s*!=\s*(\S*)$/.exec(part);
  if (unequal) return (labels) => labels[unequal[1] ?? ''] !== unequal[2];
  const equal = /^(\S+?)\s*==?\s*(\S*)$/.exec(part);
  if (equal) return (labels) => labels[equal[1] ?? ''] === equal[2];
  if (part.startsWith('!')) return (labels) => labels[part.slice(1)] === undefined;
  return (labels) => labels[part] !== undefined;
}
