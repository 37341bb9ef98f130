import { deepEqual } from '../equal.ts';

/** A key of an object, or the name of an element of a list whose elements all have one. */
type Segment = string | { readonly name: string };

/** One field that a patch changed: JSON, so that it can be kept in a status. */
export interface Change {
  readonly path: readonly Segment[];
  /** How many segments of the path were there before; what comes after them came with the patch. */
  readonly depth: number;
  /** Absent where there was nothing. */
  readonly before?: unknown;
  /** Of the value before, where that is not kept itself: then it cannot be put back. */
  readonly was?: string;
  /** Of the value that it got; absent where it went. */
  readonly after?: string;
}

/** A short text that two values share only if they are equal. */
export type Digest = (value: unknown) => string;

type Fields = Readonly<Record<string, unknown>>;

/** RFC 6902, as far as it is needed to put something back. */
export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

/** The fields in which two versions of an object differ, but for those that `ignores` says. */
export function changesBetween(
  before: Fields,
  after: Fields,
  digest: Digest,
  ignores: (path: readonly Segment[]) => boolean = () => false,
): Change[] {
  const found: Change[] = [];
  const compare = (path: readonly Segment[], old: unknown, now: unknown, above: number): void => {
    if (ignores(path) || (old !== undefined && deepEqual(old, now))) return;
    const depth = old === undefined ? above : path.length;
    // What came as a whole is kept by its leaves: others may add to it later, and that is no drift.
    if (isFields(now) && (isFields(old) || (old === undefined && Object.keys(now).length > 0))) {
      for (const key of new Set([...Object.keys(old ?? {}), ...Object.keys(now)])) {
        const was = own(old, key);
        compare([...path, key], was, own(now, key), depth);
      }
      return;
    }
    const elements = namedAlike(old, now);
    if (elements !== undefined) {
      for (const [name, was, is] of elements) compare([...path, { name }], was, is, depth);
      return;
    }
    found.push({
      path,
      depth,
      ...(old !== undefined && { before: old }),
      ...(now !== undefined && { after: digest(now) }),
    });
  };
  compare([], before, after, 0);
  return found;
}

/** Whether each field has the value that the patch gave it. */
export const areAsWritten = (object: Fields, changes: readonly Change[], digest: Digest): boolean =>
  changes.every(({ path, after }) => {
    const value = lookUp(object, path);
    return value === undefined ? after === undefined : after === digest(value);
  });

/** Whether each field has the value that it had before. */
export const areAsBefore = (object: Fields, changes: readonly Change[], digest: Digest): boolean =>
  changes.every(({ path, before, was }) => {
    const value = lookUp(object, path);
    return was === undefined ? deepEqual(value, before) : value !== undefined && digest(value) === was;
  });

/** The same, without what was there before: as much as tells whether a patch was done. */
export const withoutValues = (changes: readonly Change[], digest: Digest): Change[] =>
  changes.map(({ before, ...change }) => (before === undefined ? change : { ...change, was: digest(before) }));

/**
 * What puts the fields back that a patch changed, and leaves all others. It is for this very version of the object, in which each of the
 * fields is as the patch wrote it. Undefined where an element of a list in which one was is gone, and where a value was not kept.
 */
export function inverseOf(object: Fields, changes: readonly Change[]): PatchOperation[] | undefined {
  const operations: PatchOperation[] = [];
  const emptied = new Set<string>();
  for (const change of changes) {
    const { path, depth, before, was } = change;
    if (was !== undefined) return undefined;
    if (before === undefined) {
      // What came with the patch as a whole goes as a whole, unless somebody has added to it.
      const root = path.slice(0, Math.min(depth + 1, path.length));
      const came = changes.filter(({ path: other }) => startsWith(other, root));
      const whole = isNothingBut(lookUp(object, root), root, came);
      const pointer = pointerTo(object, whole ? root : path);
      if (pointer === undefined || emptied.has(pointer)) continue;
      emptied.add(pointer);
      operations.push({ op: 'remove', path: pointer });
      continue;
    }
    const operation = putBack(object, path, before);
    if (operation === undefined) return undefined;
    operations.push(operation);
  }
  return operations;
}

function putBack(object: Fields, path: readonly Segment[], before: unknown): PatchOperation | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const there = path.slice(0, length);
    const isThere = lookUp(object, there) !== undefined;
    const isParent = length === 1 || isFields(lookUp(object, there.slice(0, -1)));
    const last = there[length - 1];
    if (!isThere && !(isParent && typeof last === 'string')) continue;
    const missing = path.slice(length);
    if (missing.some((segment) => typeof segment !== 'string')) return undefined;
    const value = missing.reduceRight<unknown>((inner, segment) => ({ [segment as string]: inner }), before);
    const parent = pointerTo(object, there.slice(0, -1)) ?? '';
    const pointer = isThere ? pointerTo(object, there) : `${parent}/${escape(last as string)}`;
    return pointer === undefined ? undefined : { op: isThere ? 'replace' : 'add', path: pointer, value };
  }
  return undefined;
}

/** Whether all that is in a value came by these changes. */
function isNothingBut(value: unknown, path: readonly Segment[], changes: readonly Change[]): boolean {
  if (changes.some((change) => change.path.length === path.length)) return true;
  if (!isFields(value)) return false;
  return Object.entries(value).every(([key, inner]) => {
    const below = [...path, key];
    const of = changes.filter((change) => startsWith(change.path, below));
    return of.length > 0 && isNothingBut(inner, below, of);
  });
}

const startsWith = (path: readonly Segment[], start: readonly Segment[]): boolean =>
  start.length <= path.length && start.every((segment, index) => deepEqual(segment, path[index]));

/** Undefined where there is nothing. */
function lookUp(object: unknown, path: readonly Segment[]): unknown {
  let value = object;
  for (const segment of path) {
    value = typeof segment === 'string' ? own(value, segment) : elementOf(value, segment.name)?.[1];
  }
  return value;
}

function pointerTo(object: unknown, path: readonly Segment[]): string | undefined {
  let value = object;
  let pointer = '';
  for (const segment of path) {
    if (typeof segment === 'string') {
      value = own(value, segment);
      pointer += `/${escape(segment)}`;
    } else {
      const found = elementOf(value, segment.name);
      value = found?.[1];
      pointer += `/${found?.[0]}`;
    }
    if (value === undefined) return undefined;
  }
  return pointer;
}

/** RFC 6901 */
export const escape = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** A line for people: `spec.template.spec.containers[app].image`. */
export function textOf(path: readonly Segment[]): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment !== 'string') text += `[${segment.name}]`;
    else if (/^[A-Za-z0-9_-]+$/.test(segment)) text += text === '' ? segment : `.${segment}`;
    else text += `[${segment}]`;
  }
  return text;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const own = (value: unknown, key: string): unknown =>
  isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined;

const nameOf = (element: unknown): string | undefined => {
  const name = own(element, 'name');
  return typeof name === 'string' ? name : undefined;
};

function elementOf(list: unknown, name: string): readonly [number, unknown] | undefined {
  if (!Array.isArray(list)) return undefined;
  const index = list.findIndex((element) => nameOf(element) === name);
  return index < 0 ? undefined : [index, list[index]];
}

/** The elements of two lists by their names, where these are the same, unique and in the same order. */
function namedAlike(old: unknown, now: unknown): readonly (readonly [string, unknown, unknown])[] | undefined {
  if (!Array.isArray(old) || !Array.isArray(now) || old.length !== now.length || old.length === 0) return undefined;
  const names = old.map(nameOf);
  if (new Set(names).size !== names.length) return undefined;
  const pairs: [string, unknown, unknown][] = [];
  for (const [index, name] of names.entries()) {
    if (name === undefined || nameOf(now[index]) !== name) return undefined;
    pairs.push([name, old[index], now[index]]);
  }
  return pairs;
}
