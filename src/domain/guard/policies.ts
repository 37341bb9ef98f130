import type { Reason } from '../../api/reasons.ts';
import type { Act } from './act.ts';
import type { Facts } from './facts.ts';

/** Why an act may not be done. */
export type Objection =
  /** What it is for, or what it would be done to, is not there any more. */
  | { readonly kind: 'gone'; readonly message: string }
  /** It was decided on what is no longer so: look again. */
  | { readonly kind: 'conflict'; readonly message: string }
  | { readonly kind: 'objected'; readonly reason: Reason; readonly message: string };

interface Policy {
  readonly name: string;
  readonly objection: (act: Act, facts: Facts) => Objection | undefined;
}

/** In the order in which they are asked; the first objection counts. */
export const POLICIES: readonly Policy[] = [
  {
    name: 'leadership',
    objection: (_, { leads }) =>
      leads
        ? undefined
        : { kind: 'objected', reason: 'NotLeading', message: 'another replica of Baton may lead by now' },
  },
  { name: 'asker', objection: (_, { decidedOn, asker }) => askerObjection(decidedOn, asker) },
  {
    name: 'mode',
    objection: (_, { asker }) =>
      asker === undefined || asker.mode === 'Enforce'
        ? undefined
        : {
            kind: 'objected',
            reason: asker.mode === 'Observe' ? 'ObserveOnly' : 'RecommendOnly',
            message: `mode is ${asker.mode}`,
          },
  },
  { name: 'target', objection: targetObjection },
  {
    name: 'reason',
    objection: (_, { objection }) => (objection === undefined ? undefined : { kind: 'conflict', message: objection }),
  },
];

function askerObjection(decidedOn: Facts['decidedOn'], asker: Facts['asker']): Objection | undefined {
  if (asker?.uid !== decidedOn.uid || asker.terminating)
    return { kind: 'gone', message: 'the OrchestratedService is gone' };
  return asker.generation === decidedOn.generation
    ? undefined
    : { kind: 'conflict', message: 'the spec of the OrchestratedService changed meanwhile' };
}

function targetObjection(act: Act, { live }: Facts): Objection | undefined {
  if (live?.uid !== act.target.uid || live.terminating) return { kind: 'gone', message: 'the target is gone' };
  const changed = { kind: 'conflict', message: 'somebody changed the target meanwhile' } as const;
  switch (act.type) {
    case 'Scale':
      return 'replicas' in live && live.replicas === act.from ? undefined : changed;
    case 'MoveBounds': {
      const { minReplicas, maxReplicas } = act.from;
      const stands = 'minReplicas' in live && live.minReplicas === minReplicas && live.maxReplicas === maxReplicas;
      return stands ? undefined : changed;
    }
  }
}
