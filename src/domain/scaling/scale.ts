/**
 * How many replicas a service should have, by the HorizontalPodAutoscaler's arithmetic (documented at
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ and in kubernetes pkg/controller/podautoscaler).
 *
 * Contract of `decideScale(input)`:
 * - Pure: two clocks are arguments. `now` is the wall clock (ms since the epoch), for moments that come from the cluster: starts of pods,
 *   ages of figures. `monotonic` (ms from anywhere, never going back) is for windows and periods. A simulation gives the same number twice.
 * - Call it once a sync period (15 s in the operator) and whenever something changed; more often does no harm.
 * - `state` is `undefined` at first, then the `state` of the last decision. When the replicas were really changed, pass it through
 *   `scaled(state, rules, from, to, monotonic)` (src/domain/scaling/history.ts); the policies of `behavior` count only such changes.
 * - `current` is the workload's spec.replicas, `pods` all its pods in any order.
 * - The result's `desired` is between minReplicas and maxReplicas, except that it is 0 while scaling is disabled by a workload at 0.
 * - Missing evidence never scales down: `desired` is then at least `current`, where that is not above maxReplicas.
 * - `proposals` are wishes beside the metrics (a forecast, head room for a lost zone); the highest of all wins, before `behavior` is applied.
 *   `ceiling` is a bound from outside (a budget that several services share); it wins over everything but minReplicas.
 *
 * `reactive` is what the metrics alone ask for, before proposals and limits; undefined while they cannot tell.
 */
import { beginAt, hold, recommend, type ScaleState } from './history.ts';
import { limit, type Limited, type LimitReason, stabilize } from './limits.ts';
import { type FailureReason, propose, type Proposal, type ScaleMetric } from './metrics.ts';
import type { ScalePod } from './pods.ts';
import type { ScaleRules } from './rules.ts';
import { tell, type Told } from './told.ts';
import { activeSentence, becauseOf, limitedSentence } from './words.ts';

export interface ScaleInput {
  readonly rules: ScaleRules;
  readonly current: number;
  readonly pods: readonly ScalePod[];
  readonly metrics: readonly ScaleMetric[];
  readonly proposals?: readonly Wish[];
  readonly ceiling?: { readonly replicas: number; readonly because: string } | undefined;
  /**
   * What `behavior` is applied to in place of `current`: the last `desired` where nobody carries it out, so that a recommendation is as steady
   * as the replicas would be.
   */
  readonly from?: number | undefined;
  /** A rollout is under way: its pods say little of the load, so nothing is taken away meanwhile. */
  readonly isRollingOut?: boolean;
  /** Pods cannot be created because a quota is used up: asking for more would change nothing. */
  readonly quota?: string | undefined;
  /** The workload is at 0 because a decision took it there, and not a person. */
  readonly isZeroOurs?: boolean;
  readonly state: ScaleState | undefined;
  readonly now: number;
  readonly monotonic: number;
  /** Failures that are closer together than this count once. */
  readonly syncMs?: number;
}

export interface Wish {
  /** One word for sentences and metrics, such as `forecast`. */
  readonly source: string;
  readonly replicas: number;
  readonly because: string;
}

export interface ScaleDecision {
  readonly desired: number;
  readonly reactive: number | undefined;
  /** What was asked for before `behavior`, minReplicas, maxReplicas and the ceiling. */
  readonly wanted: number | undefined;
  readonly rule: Rule;
  /** One sentence: what was seen, and what follows. */
  readonly because: string;
  readonly active: Verdict<ActiveReason>;
  /** For a status: a reason that comes and goes while the replicas stay is not told (told.ts). Absent while nothing is decided from evidence. */
  readonly limited: Verdict<LimitReason> | undefined;
  readonly metrics: readonly Proposal[];
  /** When time alone may change the decision, ms from now; undefined when it cannot. */
  readonly lookAgainInMs: number | undefined;
  readonly state: ScaleState;
}

export interface Verdict<Reason> {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  readonly message: string;
}

export type ActiveReason = 'ValidMetricFound' | 'ScaledToZero' | 'ScalingDisabled' | 'FallbackInForce' | FailureReason;

/** What settled the figure. */
export type Rule = LimitReason | 'WithinTolerance' | 'MetricsFailing' | 'FallbackInForce' | 'ScalingDisabled';

const SYNC_MS = 15_000;

/** See the top of this file. */
export function decideScale(input: ScaleInput): ScaleDecision {
  const { current, monotonic, rules } = input;
  const state = seen(input.state ?? beginAt(current, monotonic), current, rules, monotonic);
  const { minReplicas, maxReplicas } = rules;
  if (current === 0 && minReplicas > 0 && input.isZeroOurs !== true) return disabled(input, state);
  if (current > maxReplicas) return outOfRange(input, state, maxReplicas, 'TooManyReplicas');
  if (current < minReplicas) return outOfRange(input, state, minReplicas, 'TooFewReplicas');
  return decideByMetrics(input, state);
}

/** A count that nobody here wrote is somebody's decision: it counts like a recommendation. */
function seen(state: ScaleState, current: number, rules: ScaleRules, at: number): ScaleState {
  if (state.known === current) return state;
  return { ...recommend(state, current, rules, at), known: current, changedByHandAt: at };
}

function disabled({ current }: ScaleInput, state: ScaleState): ScaleDecision {
  const message = 'the workload was scaled to 0 by hand, which switches scaling off; scale it up to switch it on';
  return {
    ...unmeasured(current, state),
    rule: 'ScalingDisabled',
    because: message,
    active: { status: 'False', reason: 'ScalingDisabled', message },
    limited: undefined,
  };
}

function outOfRange(
  { current, ceiling, rules }: ScaleInput,
  state: ScaleState,
  bound: number,
  reason: 'TooManyReplicas' | 'TooFewReplicas',
): ScaleDecision {
  const desired = Math.max(rules.minReplicas, Math.min(bound, ceiling?.replicas ?? bound));
  const [name, relation] = reason === 'TooManyReplicas' ? ['maxReplicas', 'above'] : ['minReplicas', 'below'];
  const because = `${current} replicas are ${relation} ${name} ${bound}, so ${desired}`;
  return {
    ...unmeasured(desired, state),
    rule: reason,
    because,
    active: { status: 'True', reason: 'ValidMetricFound', message: `the replicas are brought to ${name} first` },
    limited: { status: 'True', reason, message: limitedSentence(reason, rules) },
  };
}

const unmeasured = (desired: number, state: ScaleState) => ({
  desired,
  reactive: undefined,
  wanted: undefined,
  metrics: [],
  lookAgainInMs: undefined,
  state: { ...state, failures: 0, failedAt: undefined, told: undefined },
});

function decideByMetrics(input: ScaleInput, before: ScaleState): ScaleDecision {
  const { current, rules, monotonic } = input;
  const tolerance = { up: rules.up.tolerance, down: rules.down.tolerance };
  const metrics = input.metrics.map((metric) => propose(metric, { ...input, tolerance }));
  const failure = metrics.find((metric) => metric.kind === 'failed');
  const reactive = highest(metrics);
  const wish = highestWish(input.proposals);
  const wanted = Math.max(reactive?.replicas ?? -1, wish?.replicas ?? -1);
  const isBlind = reactive === undefined && wish === undefined;
  if (failure !== undefined && (isBlind || wanted < current)) return blind(input, before, metrics, failure.reason);
  const state = { ...before, failures: 0, failedAt: undefined };
  const result = settle(input, state, wanted);
  const evidence =
    wish !== undefined && wish.replicas > (reactive?.replicas ?? -1) ? wish.because : (reactive?.evidence ?? '');
  const isHeld = wanted === current && result.limited.replicas === current;
  const told = toldOf(input, before, result.limited);
  return {
    desired: result.limited.replicas,
    reactive: reactive?.replicas,
    wanted,
    rule: isHeld && result.limited.reason === 'DesiredWithinRange' ? 'WithinTolerance' : result.limited.reason,
    because: becauseOf(evidence, current, wanted, result.limited, rules, input),
    active: activeOf(input, result.limited.replicas, failure),
    limited: limitedOf(told, rules),
    metrics,
    lookAgainInMs: result.limited.liftedInMs,
    state: { ...recommend(result.state, wanted, rules, monotonic), told },
  };
}

function highest(metrics: readonly Proposal[]): Extract<Proposal, { kind: 'proposal' }> | undefined {
  let best: Extract<Proposal, { kind: 'proposal' }> | undefined;
  for (const metric of metrics) {
    if (metric.kind === 'proposal' && metric.replicas > (best?.replicas ?? -1)) best = metric;
  }
  return best;
}

function highestWish(wishes: readonly Wish[] = []): Wish | undefined {
  return wishes.reduce<Wish | undefined>(
    (best, wish) => (wish.replicas > (best?.replicas ?? -1) ? wish : best),
    undefined,
  );
}

/** What is wanted, through stabilisation, policies, bounds, and what else stands in the way. */
function settle(input: ScaleInput, state: ScaleState, wanted: number): { limited: Limited; state: ScaleState } {
  const { rules, monotonic, current: at } = input;
  const current = Math.min(Math.max(input.from ?? at, rules.minReplicas), rules.maxReplicas);
  const stable = stabilize(wanted, current, state, rules, monotonic);
  const paced = limit(stable.replicas, current, state, rules, monotonic);
  return {
    limited: bounded(
      input,
      paced.reason === 'DesiredWithinRange' ? { ...stable, replicas: paced.replicas } : paced,
      wanted,
    ),
    state,
  };
}

function bounded(
  { current, rules, isRollingOut, quota, ceiling }: ScaleInput,
  limited: Limited,
  wanted: number,
): Limited {
  const { replicas } = limited;
  const most = Math.max(ceiling?.replicas ?? Infinity, rules.minReplicas);
  if (replicas > most) return { replicas: most, reason: 'CapacityBudget', liftedInMs: undefined };
  const hold = (reason: LimitReason): Limited => ({ replicas: current, reason, liftedInMs: undefined });
  if (isRollingOut === true && replicas < current) return hold('RolloutInProgress');
  // Also where all that is wanted is asked for already, and the pods do not come.
  if (quota !== undefined && wanted >= current && replicas >= current) return hold('QuotaExceeded');
  return limited;
}

/** The metrics cannot decide: nothing changes, and after a while the fallback counts as the least that is needed. */
function blind(
  input: ScaleInput,
  before: ScaleState,
  metrics: readonly Proposal[],
  reason: FailureReason,
): ScaleDecision {
  const { current, rules, monotonic } = input;
  const { fallback } = rules;
  const state = failedAgain(before, monotonic, input.syncMs ?? SYNC_MS);
  const failing = metrics.flatMap((metric) => (metric.kind === 'failed' ? [metric.evidence] : [])).join('; ');
  const reactive = highest(metrics)?.replicas;
  const common = { reactive, metrics };
  if (fallback === undefined || state.failures < fallback.afterFailures) {
    const message = `${failing}; the replicas stay at ${current}`;
    const status = reason === 'NotAskedYet' ? 'Unknown' : 'False';
    const active = { status, reason, message } as const;
    const rule = 'MetricsFailing';
    return {
      ...common,
      desired: current,
      wanted: undefined,
      rule,
      because: message,
      active,
      limited: undefined,
      lookAgainInMs: undefined,
      state: { ...hold(state, current, rules.down, monotonic), told: undefined },
    };
  }
  const wanted = Math.max(current, fallback.replicas);
  const { limited } = settle(input, state, wanted);
  const { replicas } = limited;
  const told = toldOf(input, before, limited);
  const because = `${failing}; ${fallback.afterFailures} times in a row, so at least the fallback of ${fallback.replicas} replicas`;
  return {
    ...common,
    desired: replicas,
    wanted,
    rule: 'FallbackInForce',
    because,
    active: { status: 'False', reason: 'FallbackInForce', message: because },
    limited: limitedOf(told, rules),
    lookAgainInMs: limited.liftedInMs,
    state: { ...recommend(state, wanted, rules, monotonic), told },
  };
}

function failedAgain(state: ScaleState, at: number, syncMs: number): ScaleState {
  // A little early is the same turn of a timer.
  if (state.failedAt !== undefined && at - state.failedAt < syncMs * 0.9) return state;
  return { ...state, failures: state.failures + 1, failedAt: at };
}

function activeOf(
  { metrics, current, rules }: ScaleInput,
  desired: number,
  failure: Extract<Proposal, { kind: 'failed' }> | undefined,
): Verdict<ActiveReason> {
  if (current === 0 && desired === 0 && rules.minReplicas === 0) {
    return {
      status: 'True',
      reason: 'ScaledToZero',
      message: 'nothing asks for a pod; the first that does wakes the workload',
    };
  }
  return { status: 'True', reason: 'ValidMetricFound', message: activeSentence(metrics, failure?.evidence) };
}

function toldOf(
  { current, monotonic, isRollingOut, quota }: ScaleInput,
  { told }: ScaleState,
  { reason, replicas }: Limited,
): Told {
  const hindrance =
    isRollingOut === true ? 'RolloutInProgress' : quota === undefined ? undefined : ('QuotaExceeded' as const);
  return tell(told, reason, { current, desired: replicas, hindrance }, monotonic);
}

function limitedOf({ reason }: Told, rules: ScaleRules): Verdict<LimitReason> {
  return {
    status: reason === 'DesiredWithinRange' ? 'False' : 'True',
    reason,
    message: limitedSentence(reason, rules),
  };
}
