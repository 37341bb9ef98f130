import { haltId } from './hold.ts';

/** Who began a halt: a person, a rule, or what was found on the workloads themselves. */
export type Trigger =
  | 'Manual'
  | 'nodeCPU'
  | 'nodeMemory'
  | 'servicesFailed'
  | 'workflowsFailed'
  | 'workflowsOverdue'
  | 'Found';

/** An emergency halt, as the status keeps it. Moments are ms since the epoch. */
export interface Halt {
  readonly id: string;
  readonly state: 'Halting' | 'Halted' | 'Resuming' | 'Resumed';
  readonly by: Trigger;
  /** A sentence. */
  readonly because: string;
  readonly startedAt: number;
  /** When nothing was left to stop. */
  readonly haltedAt?: number | undefined;
  readonly resumedAt?: number | undefined;
  /** When people were last asked whether it is to go on. */
  readonly remindedAt?: number | undefined;
  /** `halt: Halt` has stood in the spec since this halt: it is no order for another one. */
  readonly isOrderSpent: boolean;
}

export interface HaltFacts {
  /** spec.emergency.halt */
  readonly order: 'None' | 'DryRun' | 'Halt';
  /** spec.emergency.resume */
  readonly resume: string | undefined;
  /** A rule with action Halt that holds. */
  readonly rule: { readonly name: Trigger; readonly because: string } | undefined;
  /** An id on workloads that belongs to no halt that the status knows: the one that resume names, where any carries that. */
  readonly found: string | undefined;
  /** How many workloads carry the id of the halt. */
  readonly held: number;
  /** How many workloads are still to be taken down or raised, and how many to be given back. */
  readonly taking: number;
  readonly givingBack: number;
  readonly remindAfterMs: number;
  readonly now: number;
}

export type HaltEvent = 'Begun' | 'Found' | 'Halted' | 'Reminded' | 'Resuming' | 'Resumed';

export interface HaltStep {
  readonly halt: Halt | undefined;
  readonly events: readonly HaltEvent[];
}

/** For so long a workload that refuses to stop keeps a halt from being complete; then it is only named. */
const HALTING_LIMIT_MS = 600_000;

/**
 * Whether it holds back more than the workloads that carry its id. One that was found does not: whoever may edit a workload can write
 * annotations as a halt leaves them, and must not be able to stop what is done for everybody else.
 */
export const isInForce = ({ state, by }: { readonly state: Halt['state']; readonly by?: Trigger }): boolean =>
  by !== 'Found' && (state === 'Halting' || state === 'Halted');

/** The next state of the halt. It goes on until a person names its id, whatever happens to its cause. */
export function stepHalt(before: Halt | undefined, facts: HaltFacts): HaltStep {
  const halt = before && facts.order !== 'Halt' && before.isOrderSpent ? { ...before, isOrderSpent: false } : before;
  switch (halt?.state) {
    case undefined:
    case 'Resumed':
      return begin(halt, facts) ?? { halt, events: [] };
    case 'Resuming':
      return again(halt, facts) ?? resuming(halt, facts);
    case 'Halting':
    case 'Halted':
      if (halt.by === 'Found') return standing(halt, facts);
      return halting({ ...halt, isOrderSpent: facts.order === 'Halt' }, facts);
  }
}

function begin(last: Halt | undefined, facts: HaltFacts): HaltStep | undefined {
  const { order, rule, found } = facts;
  if (order === 'Halt' && last?.isOrderSpent !== true) return begun(last, facts, 'Manual', MANUAL);
  if (rule !== undefined) return begun(last, facts, rule.name, rule.because);
  return found === undefined || found === last?.id ? undefined : takenUp(found, facts);
}

/** What the workloads themselves say, where no status does: the way back of a halt whose status was lost. */
function takenUp(id: string, facts: HaltFacts): HaltStep {
  const { now } = facts;
  const because = 'workloads carry the id of a halt that the status did not know';
  const halt: Halt = { id, state: 'Halted', by: 'Found', because, startedAt: now, haltedAt: now, isOrderSpent: false };
  const next = halting(halt, facts);
  return { halt: next.halt, events: ['Found', ...next.events] };
}

/** A halt that was found keeps nobody from another one, which takes over what it holds, and is forgotten when nothing carries its id. */
function standing(halt: Halt, facts: HaltFacts): HaltStep {
  const { resume, found, held } = facts;
  if (resume === halt.id) return halting(halt, facts);
  const other = begin(halt, { ...facts, found: found === resume ? found : undefined });
  if (other) return other;
  return held === 0 ? { halt: undefined, events: [] } : halting(halt, facts);
}

const MANUAL = 'spec.emergency.halt is Halt';

function begun(last: Halt | undefined, { order, resume, now }: HaltFacts, by: Trigger, because: string): HaltStep {
  const id = haltId(now, [last?.id, resume]);
  return {
    halt: { id, state: 'Halting', by, because, startedAt: now, isOrderSpent: order === 'Halt' },
    events: ['Begun'],
  };
}

/** A new order while the last halt is being undone stops everything anew, at once. */
function again(halt: Halt, facts: HaltFacts): HaltStep | undefined {
  return facts.order === 'Halt' && !halt.isOrderSpent ? begun(halt, facts, 'Manual', MANUAL) : undefined;
}

function resuming(halt: Halt, { givingBack, now }: HaltFacts): HaltStep {
  if (givingBack > 0) return { halt, events: [] };
  return { halt: { ...halt, state: 'Resumed', resumedAt: now }, events: ['Resumed'] };
}

function halting(halt: Halt, { resume, taking, remindAfterMs, now }: HaltFacts): HaltStep {
  if (resume === halt.id) return { halt: { ...halt, state: 'Resuming' }, events: ['Resuming'] };
  if (halt.state === 'Halting') {
    // A clock that was set back must not make it longer.
    const isOver = now - halt.startedAt >= HALTING_LIMIT_MS || now < halt.startedAt - HALTING_LIMIT_MS;
    if (taking > 0 && !isOver) return { halt, events: [] };
    return { halt: { ...halt, state: 'Halted', haltedAt: now }, events: ['Halted'] };
  }
  const last = halt.remindedAt ?? halt.haltedAt ?? halt.startedAt;
  if (now < last) return { halt: { ...halt, remindedAt: now }, events: [] };
  if (now - last < remindAfterMs) return { halt, events: [] };
  return { halt: { ...halt, remindedAt: now }, events: ['Reminded'] };
}
