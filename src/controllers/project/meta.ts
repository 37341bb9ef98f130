import type { OwnerReference } from '../../domain/snapshot.ts';

/** The part of ObjectMeta that is looked at. */
export interface RawMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: { kind: string; name: string; uid: string; controller?: boolean }[];
}

export function controllerOf(metadata: RawMeta): OwnerReference | undefined {
  const owner = metadata.ownerReferences?.find((reference) => reference.controller === true);
  return owner && { kind: owner.kind, name: owner.name, uid: owner.uid };
}

/** RFC 3339 to milliseconds since the epoch. */
export function moment(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
