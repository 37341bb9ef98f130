import type { PatchAction } from '../../../domain/workflow/action.ts';

/** Who may do what, and what is admitted: steps do not change the rules that they are held to, nor Baton's own objects. */
const BARRED_GROUPS = new Set([
  'baton.dev',
  'rbac.authorization.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'certificates.k8s.io',
  'coordination.k8s.io',
]);
const OWN = /^(?:[^/]*\.)?baton\.dev\//;
const OPEN = ['labels', 'annotations'] as const;

/** Why a patch is none that a step may do, whatever the account may; undefined where it may. */
export function objectionTo({ target, type, patch }: PatchAction): string | undefined {
  const group = target.apiVersion.includes('/') ? (target.apiVersion.split('/')[0] ?? '') : '';
  if (BARRED_GROUPS.has(group)) return `steps do not patch objects of ${group}`;
  if (group === '' && target.kind === 'ServiceAccount') return 'steps do not patch ServiceAccounts';
  // What was there before would be in the status, for all to read who may read workflows.
  if (group === '' && target.kind === 'Secret')
    return 'steps do not patch Secrets: their content would show in the status';
  return type === 'JSON' ? objectionToList(patch) : objectionToObject(patch, type);
}

function objectionToObject(patch: unknown, type: string): string | undefined {
  if (!isObject(patch)) return `a patch of type ${type} has to be an object`;
  const { metadata = {} } = patch;
  if (!isObject(metadata)) return 'metadata has to be an object';
  if (Object.keys(patch).some(isDirective)) return 'a directive cannot be at the top of a patch';
  for (const [field, entries] of Object.entries(metadata)) {
    if (!OPEN.some((open) => open === field)) return `metadata.${field} is not for steps to change`;
    if (!isObject(entries)) return `metadata.${field} has to be an object`;
    const bad = Object.keys(entries).find((key) => OWN.test(key) || isDirective(key));
    if (bad !== undefined) return `metadata.${field}[${bad}] is not for steps to change`;
  }
  return undefined;
}

function objectionToList(patch: unknown): string | undefined {
  if (!Array.isArray(patch)) return 'a patch of type JSON has to be a list of operations';
  for (const each of patch as unknown[]) {
    if (!isObject(each)) return 'an operation of a patch has to be an object';
    const { op, path, from } = each;
    if (typeof path !== 'string') return 'an operation of a patch has to have a path';
    // Where it is moved from is changed as well.
    const changed = op === 'move' ? [path, from] : [path];
    const bad = op === 'test' ? undefined : changed.find((pointer) => !isOpen(pointer));
    if (bad !== undefined) return `${JSON.stringify(bad)} is not for steps to change`;
  }
  return undefined;
}

/** Below labels and annotations, or not in the metadata. */
function isOpen(pointer: unknown): boolean {
  if (typeof pointer !== 'string' || !pointer.startsWith('/')) return false;
  const [first, second, ...rest] = pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (first !== 'metadata') return first !== '' && first !== 'apiVersion' && first !== 'kind';
  return OPEN.some((open) => open === second) && rest.length === 1 && !OWN.test(rest[0] ?? '');
}

const isDirective = (key: string): boolean => key.startsWith('$');

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
