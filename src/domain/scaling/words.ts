import { formatDuration } from '../duration.ts';
import type { Limited, LimitReason } from './limits.ts';
import { measuredIn, plural, type ScaleMetric } from './metrics.ts';
import type { ScaleRules } from './rules.ts';

/** Why a condition says that replicas are limited; without figures that move, so that the status moves only when the reason does. */
export function limitedSentence(reason: LimitReason, { minReplicas, maxReplicas, up, down }: ScaleRules): string {
  switch (reason) {
    case 'DesiredWithinRange':
      return 'no limit keeps the replicas from what the metrics ask for';
    case 'TooManyReplicas':
      return `the metrics ask for more than maxReplicas ${maxReplicas}`;
    case 'TooFewReplicas':
      return `the metrics ask for fewer than minReplicas ${minReplicas}`;
    case 'ScaleUpLimit':
      return up.select === 'Disabled'
        ? 'behavior.scaleUp is Disabled'
        : 'behavior.scaleUp lets no more pods start at once';
    case 'ScaleDownLimit':
      return down.select === 'Disabled'
        ? 'behavior.scaleDown is Disabled'
        : 'behavior.scaleDown lets no more pods end at once';
    case 'ScaleUpStabilized':
      return `fewer were enough within the last ${formatDuration(up.windowMs)} (behavior.scaleUp)`;
    case 'ScaleDownStabilized':
      return `more were needed within the last ${formatDuration(down.windowMs)} (behavior.scaleDown)`;
    case 'ScaledByHand':
      return `somebody else set the replicas within the last ${formatDuration(down.windowMs)} (behavior.scaleDown)`;
    case 'RolloutInProgress':
      return 'a rollout is in progress, and nothing is taken away meanwhile';
    case 'QuotaExceeded':
      return 'a quota of the namespace is used up, so no more pods can start';
    case 'CapacityBudget':
      return 'the capacity budget allots no more to this service';
  }
}

export function activeSentence(metrics: readonly ScaleMetric[], failing: string | undefined): string {
  const names = metrics.map((metric) => (metric.type === 'Resource' ? measuredIn(metric) : metric.name));
  const follow = `the replicas follow ${names.join(', ')}`;
  return failing === undefined ? follow : `${follow}; they may rise but not fall while one cannot be read: ${failing}`;
}

/** One sentence: what was seen, what it asks for, and what came of it. */
export function becauseOf(
  evidence: string,
  current: number,
  wanted: number,
  { replicas, reason }: Limited,
  rules: ScaleRules,
  {
    quota,
    ceiling,
  }: { readonly quota?: string | undefined; readonly ceiling?: { readonly because: string } | undefined },
): string {
  const asks =
    wanted === current ? `${evidence}: ${plural(current, 'replica')} are right` : `${evidence}: asks for ${wanted}`;
  if (reason === 'DesiredWithinRange') return replicas === current ? asks : `${asks} instead of ${current}`;
  const told = reason === 'QuotaExceeded' ? quota : reason === 'CapacityBudget' ? ceiling?.because : undefined;
  const outcome = replicas === current ? `stays at ${current}` : `goes from ${current} to ${replicas}`;
  return `${asks}; ${outcome} because ${told ?? limitedSentence(reason, rules)}`;
}
