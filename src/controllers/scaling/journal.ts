import type { Reason } from '../../api/reasons.ts';
import type { ScalingEvidence, ScalingTold } from '../../domain/scaling/findings.ts';
import type { ActiveScaling } from '../../domain/scaling/from-spec.ts';
import type { ScaleDecision, Verdict, Wish } from '../../domain/scaling/scale.ts';

/** One decision about the replicas and what came of it. */
export interface Turn {
  readonly mode: 'Enforce' | 'Recommend' | 'Observe';
  readonly current: number;
  readonly decision: ScaleDecision;
  readonly obstacle: Verdict<Reason> | undefined;
  /** Somebody was faster. */
  readonly isLate: boolean;
  /** What was tried, such as `3 → 5`, where something was and it failed. */
  readonly tried: string | undefined;
}

/** Another count that is refused for the same reason is told again after this, ms: metrics move at each look. */
const REPEAT_MS = 60_000;

/** Remembers what was last noted of one service to which nothing was done, so that the same decision at each look is one. */
export class Journal {
  #noted: { readonly what: string; readonly to: number; readonly at: number } | undefined;

  /** Something was done, or nothing is to be done: what is refused or rehearsed next is news. */
  clear(): void {
    this.#noted = undefined;
  }

  /** `recommended` is what the last status told, which is all that is known after a restart; `at` by the monotonic clock, ms. */
  note(turn: Turn, recommended: number | undefined, at: number): ScalingTold | undefined {
    const told = turn.mode === 'Enforce' ? refused(turn) : rehearsed(turn);
    if (told === undefined) {
      // Of what cannot be measured nobody knows that it is over.
      if (turn.decision.rule !== 'MetricsFailing') this.clear();
      return undefined;
    }
    const isRefused = told.outcome === 'Refused';
    const what = isRefused ? `${told.verdict} ${told.rule}` : told.verdict;
    const to = turn.decision.desired;
    const last = this.#noted;
    const isSame = last?.what === what && (last.to === to || (isRefused && at - last.at < REPEAT_MS));
    const isOfBefore = last === undefined && !isRefused && recommended === to;
    if (!isSame) this.#noted = { what, to, at };
    return isSame || isOfBefore ? undefined : told;
  }
}

function refused({ current, decision, obstacle, isLate, tried }: Turn): ScalingTold | undefined {
  const { desired, because, rule } = decision;
  const what = tried ?? (desired === current ? undefined : `${current} → ${desired}`);
  if (what === undefined || (obstacle === undefined && !isLate)) return undefined;
  const direction = desired > current ? 'ScaleUp' : desired < current ? 'ScaleDown' : 'Bounds';
  const why = obstacle?.message ?? 'somebody changed or deleted it at the same moment; it is looked at again at once';
  return {
    outcome: 'Refused',
    verdict: `${direction}Refused`,
    rule: obstacle?.reason ?? rule,
    because: `${what}: ${because}; not done: ${why}`,
  };
}

function rehearsed({ mode, current, decision: { desired, because, rule } }: Turn): ScalingTold | undefined {
  if (desired === current) return undefined;
  return {
    outcome: 'Rehearsed',
    verdict: desired > current ? 'WouldScaleUp' : 'WouldScaleDown',
    rule,
    because: `would go from ${current} to ${desired}: ${because}`,
    ...(mode === 'Recommend' && { event: 'WouldScale' }),
  };
}

/** What a decision was made from, for the history. */
export function evidenceFor(
  scaling: ActiveScaling,
  current: number,
  decision: ScaleDecision,
  wishes: readonly Wish[],
  allotted: number | undefined,
): ScalingEvidence {
  const { desired, reactive, wanted, rule, metrics } = decision;
  const { minReplicas, maxReplicas, strategy, writer } = scaling;
  const fresh = metrics.map((metric) => (metric.kind === 'proposal' ? (metric.fresh ?? 1) : 0));
  return {
    // What follows from the spec alone needs no evidence.
    confidence: fresh.length === 0 ? 1 : fresh.reduce((sum, share) => sum + share, 0) / fresh.length,
    inputs: {
      current,
      desired,
      rule,
      reactive,
      wanted,
      metrics: metrics.map(({ evidence, ...metric }) =>
        metric.kind === 'proposal' ? { replicas: metric.replicas, evidence } : { failed: metric.reason, evidence },
      ),
      wishes: wishes.map(({ source, replicas, because }) => ({ source, replicas, because })),
      allotted,
      minReplicas,
      maxReplicas,
      strategy,
      writer: writer?.type,
    },
  };
}
