import type { OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { ScalingFindings } from '../scaling/findings.ts';
import { shown } from '../scaling/metrics.ts';
import { timestamp } from './conditions.ts';

/** A forecast moves with every step: the last count stands until another one differs by more than this share, and by more than one pod. */
const NOTICEABLE_SHARE = 0.1;

export function predictedStatus(
  predicted: number | undefined,
  before: number | undefined,
): { readonly predicted?: number } {
  if (predicted === undefined) return {};
  const stands = before !== undefined && Math.abs(predicted - before) <= Math.max(1, before * NOTICEABLE_SHARE);
  return { predicted: stands ? before : predicted };
}

/** Those of a metric whose history is being read stand until that is done. */
export function anomalyStatuses(
  { anomalies = [], unjudged }: Pick<ScalingFindings, 'anomalies' | 'unjudged'>,
  before: OrchestratedServiceStatus['anomalies'] = [],
): Pick<OrchestratedServiceStatus, 'anomalies'> {
  const now = anomalies.map(({ metric, since, direction, value, expected }) => ({
    metric,
    since: timestamp(since),
    direction,
    value: shown(value),
    expected: shown(expected),
  }));
  const all = [...now, ...before.filter(({ metric }) => unjudged?.get(metric) === 'Reading')];
  return all.length === 0 ? {} : { anomalies: all.slice(0, 8) };
}
