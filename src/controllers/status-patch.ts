import type { MergePatch } from './ports.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * The JSON merge patch (RFC 7386) that turns `before` into `after`: changed fields, and null for those that are gone. Lists are replaced as a
 * whole. Undefined when nothing changed.
 */
export function statusPatch(before: object | undefined, after: object): MergePatch | undefined {
  return difference((before ?? {}) as Json, after as Json);
}

function difference(before: Json, after: Json): MergePatch | undefined {
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(before)) {
    if (before[key] !== undefined && after[key] === undefined) patch[key] = null;
  }
  for (const [key, value] of Object.entries(after)) {
    if (value === undefined) continue;
    const old = before[key];
    if (isObject(value) && isObject(old)) {
      const inner = difference(old, value);
      if (inner) patch[key] = inner;
    } else if (!equal(old, value)) patch[key] = value;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (isObject(a) && isObject(b)) return difference(a, b) === undefined;
  return a === b;
}
