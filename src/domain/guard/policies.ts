import type { Reason } from '../../api/reasons.ts';
import { holdOf } from '../emergency/hold.ts';
import { deepEqual } from '../equal.ts';
import { ACT, type Act, type Cause } from './act.ts';
import type { Facts } from './facts.ts';
import type { Situation } from './situation.ts';

/** Why an act may not be done. */
export type Objection =
  /** What it is for, or what it would be done to, is not there any more. */
  | { readonly kind: 'gone'; readonly message: string }
  /** It was decided on what is no longer so: look again. */
  | { readonly kind: 'conflict'; readonly message: string }
  /** It was done before, and nobody was told. */
  | { readonly kind: 'already'; readonly message: string }
  | { readonly kind: 'objected'; readonly reason: Reason; readonly message: string };

interface Policy {
  readonly name: string;
  readonly objection: (act: Act, facts: Facts) => Objection | undefined;
}

/** Causes for which only what was taken is given back. */
const GIVES_BACK: ReadonlySet<Cause> = new Set<Cause>(['GivingBack', 'Resume']);

/** Causes that wait for a workflow that has the workload that serves to itself. */
const LOCKED: ReadonlySet<Cause> = new Set<Cause>(['Scaling', 'Healing', 'Startup']);

/** In the order in which they are asked; the first objection counts. */
export const POLICIES: readonly Policy[] = [
  {
    name: 'leadership',
    objection: (_, { leads }) =>
      leads
        ? undefined
        : { kind: 'objected', reason: 'NotLeading', message: 'another replica of Baton may lead by now' },
  },
  { name: 'asker', objection: (_, facts) => askerObjection(facts) },
  { name: 'halted', objection: haltObjection },
  { name: 'locked', objection: lockObjection },
  {
    name: 'suspended',
    objection: (_, { cause, asker }) =>
      asker?.suspended !== true || GIVES_BACK.has(cause)
        ? undefined
        : { kind: 'objected', reason: 'Suspended', message: 'spec.suspend is true' },
  },
  {
    name: 'mode',
    // What was taken is given back in every mode.
    objection: (_, { asker, cause }) =>
      asker === undefined || asker.mode === 'Enforce' || GIVES_BACK.has(cause)
        ? undefined
        : {
            kind: 'objected',
            reason: asker.mode === 'Observe' ? 'ObserveOnly' : 'RecommendOnly',
            message: `mode is ${asker.mode}`,
          },
  },
  standing('maintenance', 'MaintenanceWindow', ['Healing', 'Startup', 'Scaling']),
  standing('dependency', 'DependencyUnhealthy', ['Healing']),
  standing('massFailure', 'MassFailure', ['Healing']),
  { name: 'target', objection: targetObjection },
  {
    name: 'reason',
    objection: (_, { objection }) => (objection === undefined ? undefined : { kind: 'conflict', message: objection }),
  },
  standing('disruptions', 'DisruptionBudget', ['Healing']),
];

/** What stands in the way of acts for these causes, and of no others. */
function standing(name: Exclude<keyof Situation, 'locked'>, reason: Reason, causes: readonly Cause[]): Policy {
  return {
    name,
    objection: (_, { cause, situation }) => {
      const message = causes.includes(cause) ? situation[name] : undefined;
      return message === undefined ? undefined : { kind: 'objected', reason, message };
    },
  };
}

/** What a workflow has to itself is left to it; what was taken is given back all the same, and a halt wins. */
function lockObjection(_: Act, { cause, situation: { locked } }: Facts): Objection | undefined {
  const message = cause === 'Failover' ? locked.failover : LOCKED.has(cause) ? locked.serving : undefined;
  return message === undefined ? undefined : { kind: 'objected', reason: 'TargetLocked', message };
}

/** One owner at a time: what a halt holds is left to it, and while it lasts nothing but scaling happens to the others either. */
function haltObjection(_: Act, { cause, live, halt }: Facts): Objection | undefined {
  if (cause === 'Halt' || cause === 'Resume') return undefined;
  const hold = live && 'annotations' in live ? holdOf(live.annotations) : undefined;
  const id = hold?.id ?? (cause === 'Scaling' || cause === 'GivingBack' ? undefined : halt);
  return id === undefined
    ? undefined
    : { kind: 'objected', reason: 'EmergencyHalt', message: `${id} is not over; nothing else is done meanwhile` };
}

function askerObjection({ decidedOn, asker, cause }: Facts): Objection | undefined {
  // What a halt took is given back whoever looks after it by now.
  if (cause === 'Resume') return undefined;
  // What was taken for it is given back while it goes.
  if (asker === undefined || asker.uid !== decidedOn?.uid || (asker.terminating && cause !== 'GivingBack'))
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
    case 'Restart':
    case 'RollBack':
      return 'annotations' in live && live.annotations[ACT] === act.id
        ? { kind: 'already', message: 'it was done before' }
        : undefined;
    // Who creates it sees whether it was started before.
    case 'StartWorkflow':
    case 'Evict':
      return undefined;
    case 'Select': {
      const stands = 'selector' in live && deepEqual(live.selector, act.from) && live.epoch < act.epoch;
      return stands ? undefined : changed;
    }
  }
}
