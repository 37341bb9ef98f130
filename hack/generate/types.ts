import { readFile } from 'node:fs/promises';
import { compile } from 'json-schema-to-typescript';
import { parse } from 'yaml';

interface CustomResourceDefinition {
  spec: { names: { kind: string }; versions: { name: string; schema: { openAPIV3Schema: Record<string, unknown> } }[] };
}

type Schema = Record<string, unknown>;

/**
 * TypeScript types of the CRD at `path`, as text. The schema's `spec` and `status` become the interfaces
 * `<Kind>Spec` and `<Kind>Status`; what an API server adds (metadata) is left to src/api.
 */
export async function typesOf(path: string): Promise<string> {
  const crd = parse(await readFile(path, 'utf8')) as CustomResourceDefinition;
  const kind = crd.spec.names.kind;
  const version = crd.spec.versions[0];
  if (version === undefined) throw new Error(`${path} has no version`);
  const properties = version.schema.openAPIV3Schema['properties'] as Record<string, Schema>;
  const parts: string[] = [];
  for (const part of ['spec', 'status'] as const) {
    const schema = closed(properties[part] ?? {}) as Schema;
    parts.push(await compile(schema, kind + part[0]?.toUpperCase() + part.slice(1), options));
  }
  return indented(`${header(path)}\n${parts.join('\n')}`);
}

const header = (path: string) => `/* Generated from ${path} by npm run generate; edit that file instead. */\n`;

const options = { bannerComment: '', additionalProperties: false, ignoreMinAndMaxItems: true, format: false } as const;

/**
 * A copy of an OpenAPI v3 schema that json-schema-to-typescript reads as Kubernetes does: objects are closed (structural
 * schemas prune), int-or-string is a union, and a field with a default is there (the API server fills it in).
 */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const source = node as Schema;
  if (source['x-kubernetes-int-or-string'] === true) {
    return { description: source['description'], tsType: 'number | string' };
  }
  if (source['x-kubernetes-preserve-unknown-fields'] === true) {
    // What can be no object is a number or a text.
    if (source['maxProperties'] === 0) return { description: source['description'], tsType: 'number | string' };
    return { description: source['description'], tsType: 'Record<string, unknown>' };
  }
  const copy: Schema = {};
  for (const [key, value] of Object.entries(source)) {
    if (key.startsWith('x-kubernetes-') || key === 'default') continue;
    copy[key] = key === 'properties' ? mapValues(value as Schema, closed) : key === 'items' ? closed(value) : value;
  }
  if (source['properties'] !== undefined) {
    copy['additionalProperties'] = false;
    copy['required'] = requiredOf(source);
  }
  return copy;
}

function requiredOf(schema: Schema): string[] {
  const properties = schema['properties'] as Record<string, Schema>;
  const defaulted = Object.keys(properties).filter((name) => properties[name]?.['default'] !== undefined);
  return [...new Set([...((schema['required'] as string[] | undefined) ?? []), ...defaulted])];
}

const mapValues = (object: Schema, change: (value: unknown) => unknown): Schema =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

/** Two spaces a level, for people who read the generated file. */
function indented(text: string): string {
  let depth = 0;
  const lines = text.split('\n').map((line) => {
    const isComment = /^\s*(\/\*|\*)/.test(line);
    if (!isComment && line.startsWith('}')) depth -= 1;
    const shown = line.trim() === '' ? '' : '  '.repeat(depth) + line.trimEnd();
    if (!isComment && line.endsWith('{')) depth += 1;
    return shown;
  });
  return lines.join('\n');
}
