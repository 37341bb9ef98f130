import type {
  Health,
  OrchestratedServiceStatus,
  OrchestrationStatus,
  Priority,
  WorkflowPhase,
} from '../../api/kinds.ts';
import { isDown, rank } from '../health/level.ts';
import { cut } from '../health/names.ts';
import type { ServiceScores } from '../scores/scores.ts';
import { TotalScores } from '../scores/total.ts';
import { findCondition } from '../status/conditions.ts';

/** What the whole needs to know of one service. */
export interface ServiceSummary {
  readonly namespace: string;
  readonly name: string;
  readonly priority: Priority;
  readonly status: OrchestratedServiceStatus | undefined;
  /** Whether this process has looked at it. */
  readonly observed: boolean;
  readonly scores?: ServiceScores | undefined;
}

type Counts = Required<NonNullable<OrchestrationStatus['services']>>;
type Worst = NonNullable<OrchestrationStatus['worst']>;

export interface Tally {
  readonly counts: Counts;
  /** Exact; undefined while no service that weighs anything has evidence. */
  readonly score: number | undefined;
  readonly scores: TotalScores;
  readonly worst: Worst;
  readonly waitingFor: number;
  /** Failed or Critical, and available once: what never was available does not count in rules about many services. */
  readonly down: number;
  /** Services that move to their standby or back. */
  readonly moving: number;
  /** Services of which pods start or end because Baton scales them. */
  readonly scaling: number;
  /** Services that get fewer pods than they want, because of a capacity budget. */
  readonly limited: number;
  readonly objectives: { total: number; met: number };
  readonly recommendations: Recommendations;
}

type Recommendations = NonNullable<OrchestrationStatus['recommendations']>;

const WEIGHTS: Readonly<Record<Priority, number>> = { Critical: 5, High: 3, Normal: 2, Low: 1, Maintenance: 0 };
const WORST = 5;

/** One pass over all services. */
export function tally(services: Iterable<ServiceSummary>): Tally {
  const counts: Counts = { total: 0, healthy: 0, warning: 0, degraded: 0, critical: 0, failed: 0, unknown: 0 };
  const worst: ServiceSummary[] = [];
  const scores = new TotalScores();
  const advice = new Map<string, Recommendations[number]>();
  const objectives = { total: 0, met: 0 };
  let [waitingFor, down, points, weights, moving, scaling, limited] = [0, 0, 0, 0, 0, 0, 0];
  for (const service of services) {
    const { status, priority } = service;
    const health: Health = status?.health ?? 'Unknown';
    counts.total += 1;
    counts[health.toLowerCase() as keyof Counts] += 1;
    if (!service.observed) waitingFor += 1;
    if (service.scores) scores.add(service.scores, WEIGHTS[priority]);
    if (status?.score !== undefined && health !== 'Unknown') {
      points += WEIGHTS[priority] * status.score;
      weights += WEIGHTS[priority];
    }
    if (status !== undefined) {
      if (isMoving(status)) moving += 1;
      if (isScaling(status)) scaling += 1;
      if (findCondition(status.conditions, 'ScalingLimited')?.reason === 'CapacityBudget') limited += 1;
      const met = findCondition(status.conditions, 'ObjectivesMet')?.status;
      if (met !== undefined) objectives.total += 1;
      if (met === 'True') objectives.met += 1;
      countAdvice(advice, service);
    }
    if (health === 'Unknown' || health === 'Healthy') continue;
    if (isDown(health) && status?.everAvailable === true) down += 1;
    keepWorst(worst, service);
  }
  const score = weights === 0 ? undefined : points / weights;
  return {
    counts,
    score,
    scores,
    worst: worst.map(worstStatus),
    waitingFor,
    down,
    moving,
    scaling,
    limited,
    objectives,
    recommendations: [...advice.values()]
      .sort((a, b) => b.services - a.services || compare(a.type, b.type))
      .slice(0, MOST_ADVICE),
  };
}

type WorkflowCounts = NonNullable<OrchestrationStatus['workflows']>;

const WHERE: Partial<Record<WorkflowPhase, keyof WorkflowCounts>> = {
  Pending: 'queued',
  Queued: 'queued',
  Running: 'running',
  Verifying: 'running',
  Paused: 'paused',
  RollingBack: 'rollingBack',
};

/** Workflows that have not ended, by where they stand; undefined where there are none. */
export function tallyWorkflows(phases: Iterable<WorkflowPhase>): WorkflowCounts | undefined {
  const counts = { queued: 0, running: 0, paused: 0, rollingBack: 0 };
  let isAny = false;
  for (const phase of phases) {
    const where = WHERE[phase];
    if (where === undefined) continue;
    counts[where] += 1;
    isAny = true;
  }
  return isAny ? counts : undefined;
}

const MOST_ADVICE = 5;

/** Only what Baton scales has recommended replicas. */
const isScaling = ({ replicas, phase }: OrchestratedServiceStatus): boolean =>
  replicas?.recommended !== undefined && replicas.current !== replicas.desired && phase !== 'Stalled';

function countAdvice(advice: Map<string, Recommendations[number]>, { namespace, name, status }: ServiceSummary): void {
  const key = `${namespace}/${name}`;
  for (const { type } of status?.recommendations ?? []) {
    const { services = 0, first = key } = advice.get(type) ?? {};
    advice.set(type, { type, services: services + 1, first: key < first ? key : first });
  }
}

const MOVING: ReadonlySet<string> = new Set(['Preparing', 'Fencing', 'Switching', 'Verifying']);

const isMoving = ({ failover }: OrchestratedServiceStatus): boolean =>
  failover?.state !== undefined && MOVING.has(failover.state);

/** Inserts by order and drops the sixth; cheaper than sorting all of them. */
function keepWorst(worst: ServiceSummary[], service: ServiceSummary): void {
  const index = worst.findIndex((other) => order(service, other) < 0);
  if (index >= 0) worst.splice(index, 0, service);
  else if (worst.length < WORST) worst.push(service);
  if (worst.length > WORST) worst.pop();
}

/** The most important first, then the lowest score, then the worst level, then by name. */
function order(a: ServiceSummary, b: ServiceSummary): number {
  return (
    WEIGHTS[b.priority] - WEIGHTS[a.priority] ||
    (a.status?.score ?? 0) - (b.status?.score ?? 0) ||
    rankOf(b) - rankOf(a) ||
    compare(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`)
  );
}

function rankOf({ status }: ServiceSummary): number {
  return status?.health === undefined || status.health === 'Unknown' ? 0 : rank(status.health);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function worstStatus({ namespace, name, status }: ServiceSummary): Worst[number] {
  const ready = findCondition(status?.conditions, 'Ready');
  return {
    namespace,
    name,
    ...(status?.health === undefined ? {} : { health: status.health }),
    ...(status?.score === undefined ? {} : { score: status.score }),
    ...(ready === undefined ? {} : { reason: ready.reason, message: cut(ready.message, 512) }),
  };
}
