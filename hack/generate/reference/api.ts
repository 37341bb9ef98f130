import type { Crd, Schema } from '../crd.ts';
import { code, generatedFrom, prose, table } from './markdown.ts';

/** docs/reference/api.md: every field of every kind, with what is allowed, and every message of a rule. */
export function apiReference(crds: readonly Crd[]): string {
  const kinds = crds.map(({ kind }) => `[${kind}](#${kind.toLowerCase()})`).join(', ');
  const intro = [
    generatedFrom('crds/'),
    '# API reference\n',
    `Kinds: ${kinds}. The same text is in the cluster: \`kubectl explain osvc.spec.health.checks\`.\n`,
    'A field that is not listed here is refused by kubectl (strict field validation), and dropped where a client asks for no validation. ' +
      'Durations are whole numbers with units, `ms`, `s`, `m` or `h`: `90s`, `1h30m`. "Rules" are what the API server checks beside the types, in ' +
      'the words in which it refuses.\n',
  ];
  return [...intro, ...crds.map(kindSection)].join('\n');
}

function kindSection(crd: Crd): string {
  const names = [`\`kubectl get ${crd.shortNames[0] ?? crd.plural}\``, `\`${crd.plural}.${crd.group}\``];
  const { properties = {} } = crd.schema;
  return [
    `## ${crd.kind}\n`,
    `\`${crd.group}/${crd.version}\`, ${crd.scope === 'Cluster' ? 'one for the cluster' : 'in a namespace'}, ${names.join(', ')}, category ${code(crd.categories.join(' '))}.\n`,
    `${prose(crd.schema.description ?? '')}\n`,
    ...ruleList({ ...crd.schema, properties: {} }),
    `### ${crd.kind}: columns\n`,
    `${columns(crd)}\n`,
    ...(['spec', 'status'] as const).flatMap((part) => sections(crd.kind, part, properties[part] ?? {})),
  ].join('\n');
}

function columns({ columns: all }: Crd): string {
  const rows = all.map(({ name, jsonPath, description, priority = 0 }) => [
    name.toUpperCase() + (priority > 0 ? ' (wide)' : ''),
    code(jsonPath),
    description,
  ]);
  return table(['column', 'from', 'meaning'], rows);
}

/** One section for each object, outer ones first. */
function sections(kind: string, path: string, schema: Schema): string[] {
  const { properties = {}, required = [] } = schema;
  const isStatus = path.startsWith('status');
  const rows = Object.entries(properties).map(([name, field]) => [
    code(name) + (required.includes(name) && !isStatus ? ' (required)' : ''),
    typeOf(field),
    ...(isStatus ? [] : [field.default === undefined ? '' : code(JSON.stringify(field.default))]),
    [prose(field.description ?? ''), isStatus ? values(field) : allowed(field)].filter(Boolean).join(' '),
  ]);
  const nested = Object.entries(properties).flatMap(([name, field]) => {
    const element = field.items ?? field;
    return element.properties === undefined
      ? []
      : sections(kind, `${path}.${name}${field.items === undefined ? '' : '[]'}`, element);
  });
  return [
    `### ${kind}: ${path}\n`,
    ...(schema.description === undefined ? [] : [`${prose(schema.description)}\n`]),
    `${table(isStatus ? ['field', 'type', 'meaning'] : ['field', 'type', 'default', 'meaning'], rows)}\n`,
    ...ruleList(schema),
    ...nested,
  ];
}

/** Rules of an object and of its fields that have no section of their own. */
function ruleList(schema: Schema): string[] {
  const lines = messages(schema);
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const plain = field.items ?? field;
    if (plain.properties !== undefined) continue;
    lines.push(
      ...messages(plain).map((message) => `${code(field.items === undefined ? name : `${name}[]`)}: ${message}`),
    );
  }
  return lines.length === 0 ? [] : [`Rules:\n\n${lines.map((line) => `- ${line}.`).join('\n')}\n`];
}

const messages = (schema: Schema): string[] => [
  ...new Set((schema['x-kubernetes-validations'] ?? []).map(({ message }) => prose(message))),
];

function typeOf(schema: Schema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (schema['x-kubernetes-preserve-unknown-fields'] === true && schema.maxProperties === 0) return 'number or string';
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}s`;
  if (schema.type === 'string' && schema.format === 'date-time') return 'time';
  return schema.type ?? 'any';
}

/** What stands in the status is Baton's; of its limits only the words matter to a reader. */
const values = ({ enum: all }: Schema): string =>
  all === undefined ? '' : `One of ${all.map((value) => code(String(value))).join(', ')}.`;

function allowed(schema: Schema): string {
  const words = schema.enum ?? schema.items?.enum;
  const parts: string[] = [];
  if (words !== undefined) parts.push(words.map((value) => code(String(value))).join(', '));
  if (schema.minimum !== undefined || schema.maximum !== undefined) {
    parts.push(`${figure(schema.minimum, '−∞')} to ${figure(schema.maximum, '∞')}`);
  }
  if (schema.maxItems !== undefined && schema.maxItems > 0) parts.push(`at most ${schema.maxItems} items`);
  const length = schema.maxLength ?? schema.items?.maxLength;
  if (length !== undefined) parts.push(`at most ${length} characters`);
  if (schema.pattern !== undefined) parts.push(`must match ${code(schema.pattern)}`);
  return parts.length === 0 ? '' : `Allowed: ${parts.join('; ')}.`;
}

const figure = (limit: number | undefined, none: string): string =>
  limit === undefined ? none : Math.abs(limit) >= 1e9 ? limit.toExponential().replace('+', '') : String(limit);
