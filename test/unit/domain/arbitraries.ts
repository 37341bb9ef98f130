import type { HealthLevel } from '../../../src/api/kinds.ts';
import type { DependencyState } from '../../../src/domain/dependencies/evaluate.ts';
import type { Reading } from '../../../src/domain/reading.ts';
import type { PodSnapshot, Rollout } from '../../../src/domain/snapshot.ts';
import { BOUNDED, type Check, check, MINUTE, NOW, pod, UNBOUNDED, type World } from './fixtures.ts';
import { fc } from '../../support/properties.ts';

const THRESHOLDS = { warning: 1, degraded: 5, critical: 20 };
const FALLING = { warning: 0.99, degraded: 0.95, critical: 0.8 };

const podFacts: fc.Arbitrary<Partial<PodSnapshot>> = fc.record({
  ready: fc.boolean(),
  terminating: fc.boolean(),
  phase: fc.constantFrom('Running', 'Running', 'Running', 'Pending', 'Failed', 'Succeeded'),
  restarts: fc.array(
    fc.integer({ min: -15, max: 1 }).map((minutes) => NOW + minutes * MINUTE),
    { maxLength: 5 },
  ),
  oomKilledAt: fc.constantFrom(undefined, undefined, undefined, NOW - 5 * MINUTE, NOW - 11 * MINUTE),
  waiting: fc.constantFrom(
    undefined,
    undefined,
    undefined,
    'CrashLoopBackOff',
    'ImagePullBackOff',
    'CreateContainerError',
  ),
  unschedulable: fc.constantFrom(undefined, undefined, '0/3 nodes are available'),
  template: fc.constantFrom(BOUNDED, UNBOUNDED),
});

export const somePods = fc
  .array(podFacts, { maxLength: 8 })
  .map((all) => all.map((facts, index) => pod(`web-${index}`, facts)));

const level: fc.Arbitrary<HealthLevel> = fc.constantFrom('Healthy', 'Warning', 'Degraded', 'Critical', 'Failed');

const dependency: fc.Arbitrary<DependencyState> = fc
  .record({
    key: fc.constantFrom('shop/db', 'shop/cache', 'shop/mail'),
    minimumHealth: level,
    state: fc.constantFrom('Ready', 'Below', 'NotFound', 'Unknown', 'Cycle'),
    health: level,
    score: fc.integer({ min: 0, max: 100 }),
  })
  .map(({ key, minimumHealth, state, health, score }): DependencyState => {
    if (state === 'Ready' || state === 'Below') return { key, minimumHealth, state, health, score };
    return state === 'Cycle' ? { key, minimumHealth, state, ring: [key, 'shop/web'] } : { key, minimumHealth, state };
  });

const missing: fc.Arbitrary<Reading> = fc
  .constantFrom('SourceTimeout' as const, 'NoData' as const, 'SourceUnavailable' as const)
  .map((reason) => ({ kind: 'missing', reason, at: NOW, evidence: 'nothing came' }));

const reading: fc.Arbitrary<Reading> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .oneof(fc.double({ min: -2, max: 50, noNaN: true }), fc.double({ min: 0.5, max: 1.2, noNaN: true }))
      .map((value) => ({ kind: 'value' as const, value, at: NOW, evidence: 'measured' })),
  },
  {
    weight: 2,
    arbitrary: fc.boolean().map((passed) => ({ kind: 'verdict' as const, passed, at: NOW, evidence: 'asked' })),
  },
  { weight: 1, arbitrary: missing },
);

const checks: fc.Arbitrary<Check[]> = fc
  .array(
    fc.record({
      weight: fc.integer({ min: 1, max: 100 }),
      critical: fc.boolean(),
      thresholds: fc.constantFrom(THRESHOLDS, FALLING),
    }),
    { maxLength: 4 },
  )
  .map((all) => all.map((overrides, index) => check(`check-${index}`, overrides)));

const usage = fc.oneof(
  fc
    .array(
      fc.record({ cpu: fc.double({ min: 0, max: 1.5, noNaN: true }), memory: fc.integer({ min: 0, max: 1500 }) }),
      { maxLength: 8 },
    )
    .map((all) => ({
      kind: 'known' as const,
      pods: new Map(all.map((use, index) => [`web-${index}`, { ...use, at: NOW }])),
    })),
  fc.constantFrom(
    { kind: 'missing' as const, reason: 'SourceUnavailable' as const, evidence: 'no metrics.k8s.io' },
    { kind: 'missing' as const, reason: 'NotAskedYet' as const, evidence: 'not asked yet' },
  ),
);

const rollout: fc.Arbitrary<Rollout> = fc.constantFrom<Rollout[]>(
  { state: 'Complete' },
  { state: 'Progressing', message: 'going on' },
  { state: 'Stuck', message: 'too long' },
  { state: 'Untold' },
);

const HOUR = 60 * MINUTE;
const advice = fc.record({
  coverage: fc.constantFrom('Covered' as const, 'Bare' as const, 'Untold' as const, 'Unseen' as const),
  use: fc.option(
    fc
      .record({ hours: fc.constantFrom(0, 2, 30, 200), cpu: fc.double({ min: 0, max: 4, noNaN: true }) })
      .map(({ hours, cpu }) => {
        const observedMs = hours * HOUR;
        const memory = { p98: cpu * 1e9, highest: cpu * 1.2e9 };
        const figures = { observedMs, cpu: { p90: cpu, p95: 1.1 * cpu }, memory };
        return { ...figures, containers: new Map([['main', figures]]) };
      }),
    { nil: undefined },
  ),
});

/** Anything that can be seen of one service at one moment, without a status. */
export const anyWorld: fc.Arbitrary<World> = fc
  .record({
    pods: somePods,
    workload: fc.record({
      desired: fc.integer({ min: 0, max: 8 }),
      rollout,
      kind: fc.constantFrom('Deployment', 'StatefulSet'),
      createdAt: fc.constantFrom(NOW - MINUTE, NOW - 60 * MINUTE),
      generation: fc.constantFrom(1, 2),
    }),
    checks,
    readings: fc.array(reading, { maxLength: 4 }),
    usage,
    dependencies: fc.uniqueArray(dependency, { maxLength: 3, selector: ({ key }) => key }),
    minReplicas: fc.integer({ min: 0, max: 4 }),
    advice,
    strangers: fc.integer({ min: 0, max: 2 }),
    fall: fc.constantFrom('0s', '30s'),
    rise: fc.constantFrom('0s', '10s'),
    objectives: fc
      .boolean()
      .map((some) => (some ? [{ name: 'availability' as const, target: 99.9, window: '30d' }] : [])),
  })
  .map(({ checks, readings, minReplicas, fall, rise, objectives, ...world }) => ({
    ...world,
    readings: new Map(readings.map((reading, index) => [`check-${index}`, reading])),
    spec: { scaling: { minReplicas }, health: { checks, hysteresis: { fall, rise } }, objectives },
  }));
