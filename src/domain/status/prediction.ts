import type { OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { Anomaly } from '../scaling/findings.ts';
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

export function anomalyStatuses(
  anomalies: readonly Anomaly[] | undefined,
): Pick<OrchestratedServiceStatus, 'anomalies'> {
  if (anomalies === undefined || anomalies.length === 0) return {};
  return {
    anomalies: anomalies.slice(0, 8).map(({ metric, since, direction, value, expected }) => ({
      metric,
      since: timestamp(since),
      direction,
      value: shown(value),
      expected: shown(expected),
    })),
  };
}
