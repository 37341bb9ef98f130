import { MANAGED_BY, MANAGED_BY_BATON } from '../../api/annotations.ts';
import { deepEqual } from '../equal.ts';
import type { Labels } from '../labels.ts';

/** What discovery writes of a service and people may change: its labels, and its spec without targetRef. */
export interface Content {
  readonly labels: Labels;
  readonly spec: Tree;
}

type Tree = Readonly<Record<string, unknown>>;

/** The content of any service. */
export function contentOf(labels: Labels | undefined, spec: object): Content {
  const { targetRef: _, ...rest } = spec as Tree;
  return { labels: labels ?? {}, spec: rest };
}

/** What a rule's services are made of: labels of the template, and its spec as the API server completes it. */
export const wantedContent = (labels: Labels, spec: object): Content =>
  contentOf({ ...labels, [MANAGED_BY]: MANAGED_BY_BATON }, spec);

/** As it is kept in the annotation: the same content is always the same text. */
export const formatContent = (content: Content): string => JSON.stringify(sorted(content));

/** What the annotation says; undefined where somebody made it unreadable: then everything is people's. */
export function parseContent(text: string | undefined): Content | undefined {
  if (text === undefined) return undefined;
  try {
    const { labels, spec } = JSON.parse(text) as Partial<Content>;
    return isTree(labels) && isTree(spec) ? { labels, spec } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether somebody changed what discovery wrote. */
export const isEdited = (live: Content, wrote: Content | undefined): boolean => !deepEqual(live, wrote);

/**
 * What a service becomes when its template changed: fields that are as discovery wrote them follow the template, and all others stay as
 * people made them, also those that they removed. A list is one field.
 */
export function revise(wrote: Content | undefined, live: Content, wanted: Content): Content {
  return {
    labels: merge(wrote?.labels ?? {}, live.labels, wanted.labels) as Labels,
    spec: merge(wrote?.spec ?? {}, live.spec, wanted.spec),
  };
}

function merge(wrote: Tree, live: Tree, wanted: Tree): Tree {
  const merged: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(live), ...Object.keys(wanted)])) {
    const value = mergeField(own(wrote, key), own(live, key), own(wanted, key));
    // Whatever the key is: an assignment to __proto__ would make no field.
    if (value !== undefined)
      Object.defineProperty(merged, key, { value, enumerable: true, writable: true, configurable: true });
  }
  return merged;
}

function mergeField(wrote: unknown, live: unknown, wanted: unknown): unknown {
  if (deepEqual(live, wrote)) return wanted;
  if (isTree(live) && isTree(wanted)) return merge(isTree(wrote) ? wrote : {}, live, wanted);
  return live;
}

const own = (tree: Tree, key: string): unknown => (Object.hasOwn(tree, key) ? tree[key] : undefined);

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isTree(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}
