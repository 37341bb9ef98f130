import type { OrchestrationSpec } from '../../api/kinds.ts';
import { annotationsOf, HALT_ID, type Hold, NO_HOLD, plannedId, plannedNamespace } from './hold.ts';
import { stopOrder } from './order.ts';
import { haltAction, type Subject } from './plan.ts';

/** What is to be done, by whoever ordered it. */
export interface Orders {
  /** The emergency halt there is, or was last. */
  readonly halt: { readonly id: string; readonly phase: 'Stopping' | 'Halted' | 'GivingBack' } | undefined;
  /** Namespaces that are to be stopped, without those that never are. */
  readonly stopped: ReadonlySet<string>;
  readonly policy: NonNullable<OrchestrationSpec['emergency']>;
  readonly shielded: ReadonlySet<string>;
}

/** What is to be done with one workload. */
export type Step =
  /** Keep `from` on the workload and give it `to`, in one write. */
  | { readonly kind: 'Take'; readonly id: string; readonly from: number; readonly to: number }
  /** Of a kind with two writes the second is missing: the count is kept, the replicas are not changed yet. */
  | { readonly kind: 'FinishTaking'; readonly id: string; readonly from: number; readonly to: number }
  /** Give it what it had, and take the annotations off, in one write. */
  | { readonly kind: 'GiveBack'; readonly id: string; readonly from: number; readonly to: number }
  /** It is at 0 for one order and stays there for another, which knows what it had. */
  | { readonly kind: 'PassOn'; readonly id: string; readonly from: number; readonly original: number }
  /** It is at 0 and its annotations are gone, as after a rollback to a revision that had none: they are written again. */
  | { readonly kind: 'Remember'; readonly id: string; readonly original: number }
  /** Somebody else changed its replicas meanwhile: they stay, the annotations go. */
  | { readonly kind: 'LetGo'; readonly id: string; readonly replicas: number; readonly original: number };

/** The next thing to do with a workload, from what it says itself; undefined when nothing is. */
export function nextStep(subject: Subject, orders: Orders): Step | undefined {
  const { workload } = subject;
  if (workload === undefined || workload.terminating) return undefined;
  if (workload.hold !== undefined) return releasing(subject, orders);
  const { remembered } = subject;
  return workload.replicas === 0 && remembered && lasts(remembered.id, orders)
    ? { kind: 'Remember', ...remembered }
    : taking(subject, orders);
}

/** Whether what carries that id is still to be held. */
export function lasts(id: string, { halt, stopped }: Orders): boolean {
  const namespace = plannedNamespace(id);
  return namespace === undefined ? id === halt?.id && halt.phase !== 'GivingBack' : stopped.has(namespace);
}

function taking(subject: Subject, { halt, stopped, policy, shielded }: Orders): Step | undefined {
  const { workload, namespace, mode, suspended, isOrphan, raiseTo } = subject;
  const from = workload?.replicas ?? 0;
  if (halt?.phase === 'Stopping') {
    const { id } = halt;
    const action = haltAction(subject, policy, shielded);
    if (action === 'ScaleToZero' && from > 0) return { kind: 'Take', id, from, to: 0 };
    if (action === 'ScaleUp' && raiseTo !== undefined && from < raiseTo) return { kind: 'Take', id, from, to: raiseTo };
  }
  const isStopped = stopped.has(namespace) && mode === 'Enforce' && !suspended && !isOrphan;
  return isStopped && from > 0 ? { kind: 'Take', id: plannedId(namespace), from, to: 0 } : undefined;
}

function releasing(subject: Subject, orders: Orders): Step | undefined {
  const { workload, isOrphan } = subject;
  const hold = workload?.hold;
  if (workload === undefined || hold?.original === undefined) return undefined;
  const { id, original, to } = hold;
  const { halt, stopped } = orders;
  const { replicas, isTwoWrites } = workload;
  const isHalting = halt !== undefined && halt.phase !== 'GivingBack';
  const namespace = plannedNamespace(id);
  // A rollback brings back the annotations that the workload had at that revision, long after the halt was over.
  const isStale = namespace === undefined && id !== halt?.id && replicas !== to;
  const isDue =
    isOrphan ||
    isStale ||
    (namespace === undefined ? id === halt?.id && !isHalting : !stopped.has(namespace) && !isHalting);
  const heir = heirOf(subject, hold, isDue, orders);
  if (heir !== undefined) return { kind: 'PassOn', id: heir, from: replicas, original };
  if (isDue) {
    if (replicas === original || replicas !== to) return { kind: 'LetGo', id, replicas, original };
    return { kind: 'GiveBack', id, from: replicas, to: original };
  }
  const isUnfinished = isTwoWrites && replicas === original && replicas !== to;
  const isStillTaking = namespace === undefined ? id === halt?.id && halt.phase === 'Stopping' : stopped.has(namespace);
  return isUnfinished && isStillTaking ? { kind: 'FinishTaking', id, from: replicas, to } : undefined;
}

/** Whose the hold is to be, where it is to go on for another order than the one that took it. */
function heirOf(
  { namespace, isOrphan, workload }: Subject,
  { id, to }: Hold,
  isDue: boolean,
  { halt, stopped }: Orders,
): string | undefined {
  if (isOrphan || plannedNamespace(id) !== undefined || workload?.replicas !== to) return undefined;
  // What an older halt has not given back yet is the new one's: one id is enough to get everything back.
  if (halt?.phase === 'Stopping' && id !== halt.id) return halt.id;
  return isDue && stopped.has(namespace) && to === 0 ? plannedId(namespace) : undefined;
}

export interface DueStep {
  readonly subject: Subject;
  readonly step: Step;
}

export interface Due {
  /** In the order in which they are begun; those that rise come last. */
  readonly taking: readonly DueStep[];
  /** What others need comes first. */
  readonly givingBack: readonly DueStep[];
}

/** Everything that is to be done now. */
export function dueSteps(subjects: readonly Subject[], orders: Orders): Due {
  const stopping: DueStep[] = [];
  const raising: DueStep[] = [];
  const givingBack: DueStep[] = [];
  const due = subjects.flatMap((subject) => {
    const step = nextStep(subject, orders);
    return step === undefined ? [] : [{ ...subject, due: { subject, step } }];
  });
  if (due.length === 0) return { taking: [], givingBack: [] };
  // The order among all of them: a way from one to another may lead through one for which nothing is due.
  const dueOf = new Map(due.map(({ key, due: one }) => [key, one]));
  for (const { key } of stopOrder(subjects)) {
    const one = dueOf.get(key);
    if (one === undefined) continue;
    if (one.step.kind === 'GiveBack' || one.step.kind === 'LetGo') givingBack.push(one);
    else ('to' in one.step && one.step.to > 0 ? raising : stopping).push(one);
  }
  return { taking: [...stopping, ...raising.toReversed()], givingBack: givingBack.toReversed() };
}

/** What one write does for a step: replicas and annotations together (null takes one away), so that neither is ever without the other. */
export function writeOf(step: Step): {
  readonly from: number;
  readonly to: number;
  readonly annotations: Readonly<Record<string, string | null>>;
} {
  const { id } = step;
  switch (step.kind) {
    case 'Take':
    case 'FinishTaking':
      return { from: step.from, to: step.to, annotations: annotationsOf(id, step.from, step.to) };
    case 'GiveBack':
      return { from: step.from, to: step.to, annotations: NO_HOLD };
    case 'LetGo':
      return { from: step.replicas, to: step.replicas, annotations: NO_HOLD };
    case 'Remember':
      return { from: 0, to: 0, annotations: annotationsOf(id, step.original, 0) };
    case 'PassOn':
      return { from: step.from, to: step.from, annotations: { [HALT_ID]: id } };
  }
}
