import type { Reading } from '../../../../src/domain/reading.ts';
import type { PodUsage } from '../../../../src/domain/snapshot.ts';
import type { ResourceMetric, ScaleMetric, TotalMetric } from '../../../../src/domain/scaling/metrics.ts';
import type { ScalePod } from '../../../../src/domain/scaling/pods.ts';
import { directionsOf, type Behavior, type ScaleRules } from '../../../../src/domain/scaling/rules.ts';
import { decideScale, type ScaleDecision, type ScaleInput } from '../../../../src/domain/scaling/scale.ts';

export const NOW = Date.parse('2026-05-04T12:00:00Z');
const LONG_AGO = NOW - 3_600_000;

/** A pod that became ready long ago and requests one core. */
export const pod = (name: string, over: Partial<ScalePod> = {}): ScalePod => ({
  name,
  phase: 'Running',
  ready: true,
  terminating: false,
  startedAt: LONG_AGO,
  readyChangedAt: LONG_AGO + 40_000,
  template: { requests: { cpu: 1, memory: 1e9 } },
  ...over,
});

export const pods = (count: number, over: Partial<ScalePod> = {}): ScalePod[] =>
  Array.from({ length: count }, (_, index) => pod(`p${index}`, over));

/** Cores by pod, p0 first; undefined for a pod without a figure. */
export const usage = (
  cores: readonly (number | undefined)[],
  over: Partial<PodUsage> = {},
): ResourceMetric['usage'] => ({
  kind: 'known',
  pods: new Map(
    cores.flatMap((cpu, index): [string, PodUsage][] =>
      cpu === undefined ? [] : [[`p${index}`, { cpu, memory: cpu * 1e9, at: NOW - 1_000, windowMs: 30_000, ...over }]],
    ),
  ),
});

export const cpu = (utilization: number, figures: ResourceMetric['usage']): ResourceMetric => ({
  type: 'Resource',
  resource: 'cpu',
  target: { utilization },
  usage: figures,
});

export const value = (figure: number, at = NOW - 1_000): Reading => ({
  kind: 'value',
  value: figure,
  at,
  evidence: '',
});
export const NO_DATA: Reading = { kind: 'missing', reason: 'NoData', at: NOW, evidence: 'the query gave no series' };

export const total = (target: TotalMetric['target'], reading: Reading | undefined): TotalMetric => ({
  type: 'Total',
  name: 'queue',
  target,
  reading,
});

export const rules = (over: Partial<ScaleRules> = {}, behavior: Behavior = NO_WINDOWS): ScaleRules => ({
  minReplicas: 1,
  maxReplicas: 100,
  ...directionsOf(behavior),
  ...over,
});

/** Every change at once. */
export const NO_WINDOWS: Behavior = {
  scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 1_000, periodSeconds: 15 }] },
  scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 1_000, periodSeconds: 15 }] },
};

export function decide(
  metrics: readonly ScaleMetric[],
  over: Partial<ScaleInput> & { readonly pods: readonly ScalePod[] },
): ScaleDecision {
  return decideScale({
    rules: rules(),
    current: over.pods.length,
    metrics,
    state: undefined,
    now: NOW,
    monotonic: 1_000_000,
    ...over,
  });
}
