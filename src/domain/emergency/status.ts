import type { OrchestrationStatus } from '../../api/kinds.ts';
import { cut } from '../health/names.ts';
import { timestamp } from '../status/conditions.ts';
import { type Halt, isInForce } from './halt.ts';
import { stopOrder } from './order.ts';
import type { Plan, Subject } from './plan.ts';
import { type BegunWorkflow, workflowsStatus } from './workflows.ts';

export type HaltStatus = NonNullable<OrchestrationStatus['halt']>;
export type Problem = NonNullable<HaltStatus['problems']>[number];

/** What a plan holds in a status, at most. */
const LONGEST_PLAN = 1_000;
const MOST_PROBLEMS = 20;

/** The halt that a status tells of. */
export function readHalt(status: OrchestrationStatus['halt']): Halt | undefined {
  if (status?.state === undefined) return undefined;
  const { id, state, by = 'Manual', because = '', orderSpent = false } = status;
  const moment = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));
  return {
    id,
    state,
    by,
    because,
    startedAt: moment(status.startedAt) ?? 0,
    haltedAt: moment(status.haltedAt),
    resumedAt: moment(status.resumedAt),
    remindedAt: moment(status.remindedAt),
    isOrderSpent: orderSpent,
  };
}

type PlanStatus = Pick<HaltStatus, 'stopping' | 'raising' | 'keeping' | 'pods' | 'stranded' | 'contested'>;

/** The counts of a plan, who is left without what it needs, and what somebody else would undo. */
export function planStatus(plan: Plan): PlanStatus {
  const { stopping, raising, keeping, pods } = plan;
  const stranded = plan.stranded.slice(0, MOST_PROBLEMS).map((one) => ({ ...one }));
  const contested = plan.contested.slice(0, MOST_PROBLEMS).map((one) => ({ ...one }));
  return {
    stopping,
    raising,
    keeping,
    pods,
    ...(stranded.length > 0 && { stranded }),
    ...(contested.length > 0 && { contested }),
  };
}

export interface HaltFigures {
  /** Subjects that carry the id of the halt. */
  readonly held: readonly Subject[];
  /** What it was to do, when it began; undefined when that is in the previous status. */
  readonly plan: Plan | undefined;
  readonly problems: readonly Problem[];
  readonly workflows: Iterable<BegunWorkflow>;
}

/** The halt as the status tells it. */
export function writeHalt(
  halt: Halt,
  { held, plan, problems, workflows }: HaltFigures,
  previous: HaltStatus | undefined,
): HaltStatus {
  const last = previous?.id === halt.id ? previous : undefined;
  const { stopping, raising, keeping, pods, stranded, contested } =
    plan === undefined ? (last ?? {}) : planStatus(plan);
  const moments = { haltedAt: halt.haltedAt, resumedAt: halt.resumedAt, remindedAt: halt.remindedAt };
  const times = Object.entries(moments).flatMap(([name, at]) => (at === undefined ? [] : [[name, timestamp(at)]]));
  const counts = { stopping, raising, keeping, pods, stranded, contested };
  const known = Object.entries(counts).filter(([, value]) => value !== undefined);
  return {
    id: halt.id,
    state: halt.state,
    by: halt.by,
    because: cut(halt.because, 512),
    startedAt: timestamp(halt.startedAt),
    ...(Object.fromEntries(times) as Pick<HaltStatus, 'haltedAt'>),
    ...(halt.isOrderSpent && { orderSpent: true }),
    ...(Object.fromEntries(known) as PlanStatus),
    held: held.length,
    ...restoredStatus(halt, held.length, last),
    ...recoveryStatus(halt, held),
    ...(isInForce(halt) && workflowsStatus(workflows)),
    ...(problems.length > 0 && { problems: problems.slice(0, MOST_PROBLEMS).map((one) => ({ ...one })) }),
  };
}

function restoredStatus({ state }: Halt, held: number, last: HaltStatus | undefined): Pick<HaltStatus, 'restored'> {
  if (state !== 'Resuming' && state !== 'Resumed') return {};
  return { restored: (last?.restored ?? 0) + Math.max(0, (last?.held ?? held) - held) };
}

/** In the order of coming back; while the halt is still stopping services it would change with each of them. */
function recoveryStatus({ state }: Halt, held: readonly Subject[]): Pick<HaltStatus, 'recoveryPlan'> {
  if (state === 'Halting' || state === 'Resumed') return {};
  const order = stopOrder(held).toReversed();
  const recoveryPlan = order.flatMap(({ key, workload }) => {
    const original = workload?.hold?.original;
    return original === undefined ? [] : [{ service: key, replicas: original }];
  });
  return recoveryPlan.length === 0 ? {} : { recoveryPlan: recoveryPlan.slice(0, LONGEST_PLAN) };
}

type Rehearsal = NonNullable<OrchestrationStatus['rehearsal']>;

export interface Asked {
  readonly by: NonNullable<Rehearsal['by']>;
  readonly because: string;
}

/** What a halt would do; replicas that moved without changing who stops, and when, are no news. */
export function writeRehearsal(
  { by, because }: Asked,
  plan: Plan,
  workflows: Iterable<BegunWorkflow>,
  previous: Rehearsal | undefined,
  now: number,
): Rehearsal {
  const steps = plan.steps.slice(0, LONGEST_PLAN);
  const next: Rehearsal = {
    by,
    because: cut(because, 512),
    since: previous?.by === by ? (previous.since ?? timestamp(now)) : timestamp(now),
    ...planStatus(plan),
    ...workflowsStatus(workflows),
    ...(steps.length > 0 && { plan: steps.map((step) => ({ ...step })) }),
  };
  return previous !== undefined && outline(previous) === outline(next) ? previous : next;
}

const outline = ({ by, because, stranded, contested, workflows, plan = [] }: Rehearsal): string =>
  JSON.stringify([by, because, stranded, contested, workflows, plan.map(({ service, action }) => [service, action])]);
