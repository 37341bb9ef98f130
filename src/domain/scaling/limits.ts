import { atPeriodStart, type ScaleState, untilRelief, within } from './history.ts';
import type { DirectionRules, ScaleRules } from './rules.ts';

/** What kept the replicas from what the metrics ask for; DesiredWithinRange where nothing did. */
export type LimitReason =
  | 'DesiredWithinRange'
  | 'TooManyReplicas'
  | 'TooFewReplicas'
  | 'ScaleUpLimit'
  | 'ScaleDownLimit'
  | 'ScaleUpStabilized'
  | 'ScaleDownStabilized'
  | 'ScaledByHand'
  | 'RolloutInProgress'
  | 'QuotaExceeded'
  | 'CapacityBudget';

export interface Limited {
  readonly replicas: number;
  readonly reason: LimitReason;
  /** When time alone may lift the limit, ms from now. */
  readonly liftedInMs: number | undefined;
}

const WITHIN = 'DesiredWithinRange';

/** Brings a recommendation between the lowest and the highest of the recent ones, so that only what lasts has an effect. */
export function stabilize(
  recommended: number,
  current: number,
  state: ScaleState,
  rules: ScaleRules,
  now: number,
): Limited {
  const { windowMs: upWindow } = rules.up;
  const { windowMs: downWindow } = rules.down;
  const low = within(state.lows, upWindow, now)[0];
  const high = within(state.highs, downWindow, now)[0];
  const floor = Math.min(low?.replicas ?? recommended, recommended);
  const ceiling = Math.max(high?.replicas ?? recommended, recommended);
  const replicas = Math.min(Math.max(current, floor), ceiling);
  if (replicas === recommended) return { replicas, reason: WITHIN, liftedInMs: undefined };
  if (recommended >= current) return { replicas, reason: 'ScaleUpStabilized', liftedInMs: left(low, upWindow, now) };
  // What somebody chose by hand stands as long as a recommendation would.
  const byHand = state.changedByHandAt !== undefined && state.changedByHandAt > now - downWindow;
  const reason = byHand && high?.at === state.changedByHandAt ? 'ScaledByHand' : 'ScaleDownStabilized';
  return { replicas, reason, liftedInMs: left(high, downWindow, now) };
}

const left = (mark: { readonly at: number } | undefined, windowMs: number, now: number): number | undefined =>
  mark && mark.at + windowMs - now;

/** Brings a stabilised count within the policies of its direction and within minReplicas and maxReplicas. */
export function limit(wanted: number, current: number, state: ScaleState, rules: ScaleRules, now: number): Limited {
  const free: Limited = { replicas: wanted, reason: WITHIN, liftedInMs: undefined };
  if (wanted > current) {
    const fastest = Math.max(current, reach(current, state, rules.up, now, 1));
    const isRate = fastest < rules.maxReplicas;
    const most = isRate ? fastest : rules.maxReplicas;
    if (wanted <= most) return free;
    if (!isRate) return { replicas: most, reason: 'TooManyReplicas', liftedInMs: undefined };
    return { replicas: most, reason: 'ScaleUpLimit', liftedInMs: untilRelief(state, rules.up, now) };
  }
  if (wanted < current) {
    const fastest = Math.min(current, reach(current, state, rules.down, now, -1));
    const isRate = fastest > rules.minReplicas;
    const least = isRate ? fastest : rules.minReplicas;
    if (wanted >= least) return free;
    if (!isRate) return { replicas: least, reason: 'TooFewReplicas', liftedInMs: undefined };
    return { replicas: least, reason: 'ScaleDownLimit', liftedInMs: untilRelief(state, rules.down, now) };
  }
  return free;
}

/** How far the policies let the replicas go now; a percentage rounds away from the count it starts at. */
function reach(current: number, state: ScaleState, rules: DirectionRules, now: number, sign: 1 | -1): number {
  if (rules.select === 'Disabled') return current;
  const ends = rules.policies.map((policy) => {
    const start = atPeriodStart(state, current, policy, now);
    if (policy.type === 'Pods') return start + sign * policy.value;
    return sign === 1 ? Math.ceil(start * (1 + policy.value / 100)) : Math.trunc(start * (1 - policy.value / 100));
  });
  const isFarthest = rules.select === 'Max';
  return isFarthest === (sign === 1) ? Math.max(...ends) : Math.min(...ends);
}
