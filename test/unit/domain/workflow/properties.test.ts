import { expect, it } from 'vitest';
import type { WorkflowSpec, WorkflowStep } from '../../../../src/api/kinds.ts';
import { fc } from '../../../support/properties.ts';
import { Simulation, type Weather } from './simulation.ts';
import { deployment, scale, specOf } from './world.ts';

const post = { method: 'POST', url: 'http://shop/x', expect: {} } as const;

const action: fc.Arbitrary<Partial<WorkflowStep>> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(scale('x')) },
  { weight: 2, arbitrary: fc.constant({ http: post, compensate: { http: post } }) },
  fc.constantFrom<Partial<WorkflowStep>[]>(
    { wait: { duration: '0s' } },
    { wait: { duration: '10s' } },
    { approval: { required: 1 } },
    { approval: { required: 1 }, compensate: { http: post } },
    { health: { service: 'shop', atLeast: 'Healthy' } },
    { restart: { target: deployment('x') } },
    { job: { template: {} } },
    { http: post },
    { scale: { target: deployment('x'), replicas: 3 }, compensate: { none: true } },
    { wait: { duration: '{{ parameters.nothing }}' } },
  ),
);

const steps: fc.Arbitrary<WorkflowStep[]> = fc
  .array(
    fc.record({
      action,
      above: fc.array(fc.nat(7), { maxLength: 3 }),
      limit: fc.constantFrom(0, 1, 2),
      continueOn: fc.subarray(['Failed', 'TimedOut', 'Unknown'] as const),
      when: fc.constantFrom(undefined, undefined, undefined, 'false', 'true'),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((drawn) =>
    drawn.map(({ action, above, limit, continueOn, when }, index) => {
      const dependsOn = [...new Set(above.filter((other) => other < index).map((other) => `s${other}`))];
      return {
        ...action,
        name: `s${index}`,
        dependsOn,
        retry: { limit, backoff: { initial: '1s', factor: 2, max: '1m' } },
        timeout: '1m',
        continueOn: [...continueOn],
        ...(when !== undefined && { when }),
      };
    }),
  );

const spec: fc.Arbitrary<WorkflowSpec> = fc
  .record({
    steps,
    maxParallelSteps: fc.constantFrom(1, 2, 4),
    after: fc.constantFrom<('Failed' | 'CriteriaFailed' | 'TimedOut' | 'Cancelled')[] | undefined>(
      undefined,
      [],
      ['Failed'],
      ['Failed', 'CriteriaFailed', 'TimedOut', 'Cancelled'],
    ),
    onError: fc.constantFrom('Continue' as const, 'Stop' as const),
    hasCriteria: fc.boolean(),
  })
  .map(({ steps, maxParallelSteps, after, onError, hasCriteria }) =>
    specOf(steps, {
      maxParallelSteps,
      timeout: '30m',
      rollback: { onError, timeout: '30m', ...(after && { after }) },
      ...(hasCriteria && {
        successCriteria: [{ health: { service: 'shop', atLeast: 'Healthy' }, for: '10s', within: '1m' }],
      }),
    }),
  );

const some = (most: number): fc.Arbitrary<number> => fc.constantFrom(0, 0, most / 4, most);

const weather: fc.Arbitrary<Weather> = fc.record({
  seed: fc.nat(),
  failures: fc.constantFrom(0, 0.1, 0.3),
  crashes: some(0.2),
  unknowns: some(0.2),
  waits: some(0.4),
  disturbance: some(0.2),
  drift: some(0.05),
  jumps: fc.constant(0),
  cancel: fc.constantFrom('None', 'None', 'None', 'Stop', 'StopAndRollback'),
  cancelAt: fc.nat(120_000),
  deletes: fc.constantFrom(false, false, false, true),
  rejects: fc.constantFrom(false, false, true),
});

const RUNS = { numRuns: 120 } as const;

it('keeps every law whatever fails, dies, waits and is ordered, and comes to an end', () => {
  fc.assert(
    fc.property(spec, weather, (spec, weather) => {
      const simulation = new Simulation(spec, weather).run();
      expect(simulation.violations).toEqual([]);
    }),
    RUNS,
  );
});

it('undoes everything that was done and can be undone, exactly once, when it is rolled back', () => {
  fc.assert(
    fc.property(spec, weather, (spec, calm) => {
      expect(new Simulation(spec, { ...calm, drift: 0 }).run().wrongRollback()).toEqual([]);
    }),
    RUNS,
  );
});

it('keeps them also while the clock is set on and back by hours', () => {
  fc.assert(
    fc.property(spec, weather, (spec, weather) => {
      const simulation = new Simulation(spec, { ...weather, jumps: 0.1 }).run();
      expect(simulation.violations).toEqual([]);
    }),
    RUNS,
  );
});

it('tells little: never of each step', () => {
  fc.assert(
    fc.property(spec, weather, (spec, weather) => {
      const simulation = new Simulation(spec, { ...weather, disturbance: 0 }).run();
      // Each attempt asks: admission lets none be asked again, but these are drawn with retries.
      const approvals = spec.steps?.filter((step) => step.approval) ?? [];
      const asked = approvals.reduce((sum, { retry }) => sum + 1 + (retry?.limit ?? 0), 0);
      const failed = simulation.status.steps?.filter(({ state }) => /Failed|Unknown|Compensat/.test(state)).length ?? 0;
      expect(simulation.told).toBeLessThanOrEqual(3 + asked + failed);
    }),
    { numRuns: 40 },
  );
});
