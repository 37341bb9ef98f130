import { expect, it } from 'vitest';
import { scaled } from '../../../../src/domain/scaling/history.ts';
import type { ScaleMetric } from '../../../../src/domain/scaling/metrics.ts';
import type { ScalePod } from '../../../../src/domain/scaling/pods.ts';
import { decideScale, type ScaleInput } from '../../../../src/domain/scaling/scale.ts';
import { cpu, NO_DATA, NOW, pod, rules, total, usage, value } from './fixtures.ts';
import { fc } from '../../../support/properties.ts';

const phase = fc.constantFrom('Running', 'Running', 'Running', 'Pending', 'Failed', 'Succeeded');
const age = fc.integer({ min: 0, max: 600_000 });

const anyPods: fc.Arbitrary<ScalePod[]> = fc
  .array(
    fc.record({
      phase,
      ready: fc.boolean(),
      terminating: fc.boolean(),
      startedFor: age,
      readyFor: age,
      request: fc.constantFrom(0.25, 1, 4),
    }),
    { maxLength: 12 },
  )
  .map((list) =>
    list.map(({ startedFor, readyFor, request, ...facts }, index) =>
      pod(`p${index}`, {
        ...facts,
        startedAt: NOW - startedFor,
        readyChangedAt: NOW - readyFor,
        template: { requests: { cpu: request } },
      }),
    ),
  );

const anyUsage = fc.array(fc.option(fc.double({ min: 0, max: 20, noNaN: true }), { nil: undefined }), {
  maxLength: 12,
});
const anyFigure = fc.oneof(fc.double({ min: -5, max: 1e6, noNaN: true }), fc.constantFrom(0, Infinity, Number.NaN));

const anyMetric: fc.Arbitrary<ScaleMetric> = fc.oneof(
  fc
    .record({ target: fc.integer({ min: 1, max: 300 }), cores: anyUsage })
    .map(({ target, cores }) => cpu(target, usage(cores))),
  fc
    .record({ target: fc.double({ min: 0.01, max: 1_000, noNaN: true }), figure: anyFigure, isAverage: fc.boolean() })
    .map(({ target, figure, isAverage }) => total(isAverage ? { average: target } : { value: target }, value(figure))),
  fc.constant(total({ average: 1 }, NO_DATA)),
  fc.constant(total({ value: 1 }, undefined)),
);

const policy = fc.record({
  type: fc.constantFrom('Pods' as const, 'Percent' as const),
  value: fc.integer({ min: 1, max: 200 }),
  periodSeconds: fc.integer({ min: 1, max: 120 }),
});
const direction = fc.record({
  stabilizationWindowSeconds: fc.integer({ min: 0, max: 120 }),
  selectPolicy: fc.constantFrom('Max' as const, 'Min' as const, 'Disabled' as const),
  policies: fc.array(policy, { minLength: 1, maxLength: 3 }),
  tolerance: fc.constantFrom(0, 0.1, 0.5),
});

const anyRules = fc
  .record({
    min: fc.integer({ min: 0, max: 20 }),
    more: fc.integer({ min: 0, max: 50 }),
    scaleUp: direction,
    scaleDown: direction,
    fallback: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
  })
  .map(({ min, more, scaleUp, scaleDown, fallback }) =>
    rules(
      {
        minReplicas: min,
        maxReplicas: Math.max(1, min + more),
        ...(fallback !== undefined && { fallback: { replicas: fallback, afterFailures: 2 } }),
      },
      { scaleUp, scaleDown },
    ),
  );

const anyInput: fc.Arbitrary<ScaleInput> = fc.record({
  rules: anyRules,
  current: fc.integer({ min: 0, max: 80 }),
  pods: anyPods,
  metrics: fc.array(anyMetric, { minLength: 1, maxLength: 4 }),
  isRollingOut: fc.boolean(),
  quota: fc.constantFrom(undefined, 'exceeded quota'),
  state: fc.constant(undefined),
  now: fc.constant(NOW),
  monotonic: fc.constant(5_000_000),
});

it('stays between minReplicas and maxReplicas, except at a 0 that somebody chose', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const { desired, rule } = decideScale(input);
      const isDisabled = rule === 'ScalingDisabled';
      expect(Number.isInteger(desired)).toBe(true);
      expect(desired).toBeGreaterThanOrEqual(isDisabled ? 0 : input.rules.minReplicas);
      expect(desired).toBeLessThanOrEqual(isDisabled ? input.current : input.rules.maxReplicas);
    }),
    { numRuns: 2_000 },
  );
});

it('never scales down while a metric is missing, beyond maxReplicas', () => {
  fc.assert(
    fc.property(anyInput, fc.nat(), (input, place) => {
      const metrics = [...input.metrics];
      metrics.splice(place % (metrics.length + 1), 0, total({ average: 1 }, NO_DATA));
      const { desired } = decideScale({ ...input, metrics });
      expect(desired).toBeGreaterThanOrEqual(Math.min(input.current, input.rules.maxReplicas));
    }),
    { numRuns: 2_000 },
  );
});

it('never goes lower for pods that lost their figure than it went with them at their target', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 11 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (count, lost, cores) => {
        const figures = Array.from({ length: count }, (_, index) => (index < lost ? undefined : cores));
        const input = {
          rules: rules(),
          current: count,
          pods: Array.from({ length: count }, (_, index) => pod(`p${index}`)),
          state: undefined,
          now: NOW,
          monotonic: 0,
        };
        const { desired } = decideScale({ ...input, metrics: [cpu(100, usage(figures))] });
        expect(desired).toBeGreaterThanOrEqual(Math.min(count, lost));
      },
    ),
  );
});

it('does not depend on the order of pods', () => {
  fc.assert(
    fc.property(
      anyInput.chain((input) =>
        fc.tuple(fc.constant(input), fc.shuffledSubarray([...input.pods], { minLength: input.pods.length })),
      ),
      ([input, shuffled]) => {
        expect(decideScale({ ...input, pods: shuffled }).desired).toBe(decideScale(input).desired);
      },
    ),
  );
});

it('turns round at most twice in a window under any series, and remembers a bounded amount', () => {
  const load = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant('unknown' as const));
  const series = fc.array(fc.record({ load, afterMs: fc.integer({ min: 100, max: 30_000 }) }), {
    minLength: 20,
    maxLength: 200,
  });
  fc.assert(
    fc.property(series, anyRules, (steps, given) => {
      const isReady = { ...given, minReplicas: Math.max(1, given.minReplicas) };
      const windowMs = isReady.down.windowMs;
      let current = isReady.minReplicas;
      let state: ScaleInput['state'];
      let at = 0;
      const moves: { readonly at: number; readonly up: boolean }[] = [];
      for (const { load: wanted, afterMs } of steps) {
        at += afterMs;
        const reading = wanted === 'unknown' ? { ...NO_DATA, at: NOW + at } : value(wanted, NOW + at);
        const pods = Array.from({ length: current }, (_, index) => pod(`p${index}`));
        const metrics = [total({ average: 1 }, reading)];
        const decision = decideScale({ rules: isReady, current, pods, metrics, state, now: NOW + at, monotonic: at });
        state = scaled(decision.state, isReady, current, decision.desired, at);
        if (decision.desired !== current) moves.push({ at, up: decision.desired > current });
        current = decision.desired;
        expect(state.highs.length).toBeLessThanOrEqual(42 + 60);
        expect(state.lows.length).toBeLessThanOrEqual(42 + 60);
      }
      // Nothing is taken away before a window has passed since the last was added: so there are at most two turns in any window.
      const raised = moves.filter(({ up }) => up);
      for (const { at: fell } of moves.filter(({ up }) => !up)) {
        const last = raised.findLast((rise) => rise.at < fell)?.at ?? -Infinity;
        expect(fell - last).toBeGreaterThanOrEqual(windowMs);
      }
    }),
    { numRuns: 300 },
  );
});
