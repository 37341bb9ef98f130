import type { Reason } from '../../api/reasons.ts';
import { formatDuration } from '../duration.ts';
import type { Verdict } from '../scaling/scale.ts';
import { advise } from '../status/conditions.ts';
import type { Prediction } from './forecaster.ts';

/** The figures of trust as people are told them. */
export interface ShownTrust {
  readonly mase: number | undefined;
  readonly gain: number | undefined;
}

/** Figures that stand until the exact ones are a whole tenth away, so that a tremor writes no status. */
export function shownTrust({ mase, gain }: ShownTrust, before: ShownTrust | undefined): ShownTrust {
  return { mase: coarse(mase, before?.mase), gain: coarse(gain, before?.gain) };
}

function coarse(exact: number | undefined, before: number | undefined): number | undefined {
  if (exact === undefined || !Number.isFinite(exact)) return undefined;
  const bounded = Math.min(exact, 10);
  return before !== undefined && Math.abs(bounded - before) < 0.1 ? before : Math.round(bounded * 10) / 10;
}

/** What the condition PredictionTrusted says of the load of one metric. */
export function trustVerdict(metric: string, prediction: Prediction, { mase, gain }: ShownTrust): Verdict<Reason> {
  const figures = `MASE ${mase ?? 'unknown'} against one season before, ${gain ?? 'unknown'} against no change`;
  if (prediction.kind === 'Trusted') {
    const season = formatDuration(prediction.seasonMs ?? 0);
    const message = `the load of ${metric} is forecast with a season of ${season}: ${figures}, less than 1 is better`;
    return { status: 'True', reason: 'BetterThanNaive', message };
  }
  const { reason } = prediction;
  return untrusted(reason, `${EVIDENCE[reason]} ${metric}${reason === 'NoBetterThanNaive' ? `: ${figures}` : ''}`);
}

const EVIDENCE = {
  NoSeason: 'no season was found in the load of',
  Learning: 'too little was seen of the load of',
  NoBetterThanNaive: 'simpler methods are as good for the load of',
  StaleData: 'there was no figure for 90 s of the load of',
} as const satisfies Record<Extract<Prediction, { kind: 'Untrusted' }>['reason'], string>;

export const untrusted = (reason: Reason, evidence: string): Verdict<Reason> => ({
  status: 'False',
  reason,
  message: advise(evidence, reason),
});
