import { GROUP, VERSION } from '../../../api/kinds.ts';
import type { WorkflowIdentity } from './contract.ts';
import type { LiveObject } from './ports.ts';

const LONGEST = 63;
const TAIL = 9;

/** The name of what an operation makes: the same for each try of one attempt, and that of no other. */
export function nameOf(
  { name }: Pick<WorkflowIdentity, 'name'>,
  { step, opId }: { readonly step: string; readonly opId: string },
) {
  const head = `${name}-${step}`
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, LONGEST - TAIL)
    .replace(/-+$/, '');
  return `${head}-${opId.slice(0, TAIL - 1)}`;
}

/** It goes when the workflow goes. */
export const ownedBy = ({ name, uid }: WorkflowIdentity) => [
  { apiVersion: `${GROUP}/${VERSION}`, kind: 'Workflow', name, uid, controller: true },
];

export const isOwnedBy = ({ metadata }: LiveObject, { uid }: WorkflowIdentity): boolean =>
  metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) === true;
