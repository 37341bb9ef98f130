import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { other, type Side } from '../../../../src/domain/failover/rules.ts';
import { type FailoverState, isMoving, sameState } from '../../../../src/domain/failover/state.ts';
import type { FailoverAct } from '../../../../src/domain/failover/next.ts';
import { step } from '../../../../src/domain/failover/step.ts';
import { MINUTE, SECOND, World } from './world.ts';

const SEED = { seed: 20_261_121, numRuns: 600 };

/** One thing that happens: to Baton, to the cluster, or by a person. */
type Happening =
  | { readonly what: 'look'; readonly dies: 'before' | 'after' | undefined }
  | {
      readonly what:
        | 'former'
        | 'start'
        | 'terminate'
        | 'end'
        | 'ready'
        | 'endpoints'
        | 'blind'
        | 'obstacle'
        | 'freeze'
        | 'hold';
    }
  | { readonly what: 'break' | 'mend' | 'order'; readonly side: Side }
  | { readonly what: 'scale'; readonly side: Side; readonly to: number }
  | { readonly what: 'wait'; readonly ms: number };

const side = fc.constantFrom<Side>('Primary', 'Standby');
const look = fc.record({
  what: fc.constant('look' as const),
  dies: fc.constantFrom(undefined, undefined, undefined, 'before' as const, 'after' as const),
});
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 10, arbitrary: look },
  {
    weight: 8,
    arbitrary: fc.record({
      what: fc.constantFrom('former', 'start', 'terminate', 'end', 'ready', 'endpoints') as fc.Arbitrary<'former'>,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constantFrom('blind', 'obstacle', 'freeze', 'hold') as fc.Arbitrary<'blind'> }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constantFrom('break', 'mend', 'order') as fc.Arbitrary<'break'>, side }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('scale' as const), side, to: fc.integer({ min: 1, max: 5 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('wait' as const),
      ms: fc.constantFrom(SECOND, 30 * SECOND, 5 * MINUTE, 11 * MINUTE),
    }),
  },
);

const rules = fc.record({
  fencing: fc.constantFrom('ScaleToZero' as const, 'ScaleToZero' as const, 'None' as const),
  failback: fc.constantFrom('Manual' as const, 'Automatic' as const),
  standbyReplicas: fc.constantFrom(undefined, 1, 2),
});

/** What a process had in its hands when another began to lead. */
interface Former {
  act: FailoverAct;
  state: FailoverState;
}

function play(world: World, happenings: readonly Happening[], check: (before: FailoverState) => void): void {
  let former: Former | undefined;
  for (const one of happenings) {
    const before = world.state;
    if (one.what === 'look') {
      const { act } = world.look(one.dies);
      if (act && one.dies === 'before') former = { act, state: before };
    } else if (one.what === 'former') {
      // The guard had let it through; the state that it acted for may be long over.
      if (former) world.carryOut(former.act, former.state, true);
      former = undefined;
    } else happen(world, one);
    check(before);
  }
}

function happen(world: World, one: Exclude<Happening, { readonly what: 'look' }>): void {
  const { Primary, Standby } = world.sides;
  const toggle = (reason: 'MaintenanceWindow') => ({ reason, message: 'for a while' });
  switch (one.what) {
    case 'start':
      return [Primary, Standby].forEach((workload) => world.startPods(workload));
    case 'terminate':
      return [Primary, Standby].forEach((workload) => world.markTerminating(workload));
    case 'end':
      for (const workload of [Primary, Standby])
        workload.pods = workload.pods.filter(({ terminating }) => !terminating);
      return;
    case 'ready':
      for (const workload of [Primary, Standby])
        for (const pod of workload.pods) pod.ready = workload.isWell && !pod.terminating;
      return;
    case 'endpoints':
      world.endpointsOf = world.selects;
      return;
    case 'blind':
      world.health = world.health === undefined ? 'Unknown' : undefined;
      return;
    case 'obstacle':
      world.obstacle = world.obstacle ? undefined : toggle('MaintenanceWindow');
      return;
    case 'freeze':
      world.freeze = world.freeze ? undefined : toggle('MaintenanceWindow');
      return;
    case 'hold':
      world.held = world.held ? undefined : toggle('MaintenanceWindow');
      return;
    case 'break':
      return world.breakDown(one.side);
    case 'mend':
      return world.mend(one.side);
    case 'order':
      world.rules = { ...world.rules, desired: world.rules.desired === one.side ? undefined : one.side };
      return;
    case 'scale':
      // Nobody scales what a failover just takes down; what then happens is in the other tests.
      if (!isMoving(world.state)) world.sides[one.side].desired = one.to;
      return;
    case 'wait':
      world.now += one.ms;
      return;
    case 'former':
      return;
  }
}

const scenario = fc.tuple(rules, fc.array(happening, { minLength: 20, maxLength: 120 }));

it('never switches before fencing is complete, never fences what alone serves, and never lets the epoch fall', () => {
  fc.assert(
    fc.property(scenario, ([given, happenings]) => {
      const world = new World(given);
      play(world, happenings, (before) => {
        expect(world.state.epoch).toBeGreaterThanOrEqual(before.epoch);
        expect(world.epoch).toBeLessThanOrEqual(world.state.epoch);
      });
      expect(world.faults).toEqual([]);
    }),
    SEED,
  );
});

it('is at a fixed point after each step, so that looking again by another process changes nothing', () => {
  fc.assert(
    fc.property(scenario, ([given, happenings]) => {
      const world = new World(given);
      play(world, happenings, () => {
        const facts = world.facts();
        const first = step(world.state, facts, world.now);
        // What follows from the end of a move follows from facts of the other side.
        if (first.state.active !== world.state.active || (isMoving(world.state) && !isMoving(first.state))) return;
        const second = step(first.state, facts, world.now);
        expect(sameState(second.state, first.state)).toBe(true);
        expect(second.told).toEqual([]);
      });
    }),
    SEED,
  );
});

it('moves traffic by itself at most once in a cooldown', () => {
  const hasty: object[] = [];
  fc.assert(
    fc.property(scenario, ([given, happenings]) => {
      const world = new World(given);
      play(world, happenings, () => undefined);
      world.switches.forEach((one, index) => {
        const last = world.switches[index - 1];
        const isOwn = one.cause === 'Failure' || one.cause === 'Failback';
        if (last && isOwn && one.at - last.at < world.rules.cooldown) hasty.push(one);
      });
      return hasty.length === 0;
    }),
    SEED,
  );
  expect(hasty).toEqual([]);
});

it('ends wherever it was interrupted, with traffic at one side, and everything given back by an order', () => {
  fc.assert(
    fc.property(scenario, ([given, happenings]) => {
      const world = new World(given);
      play(
        world,
        happenings.filter(({ what }) => what !== 'scale'),
        () => undefined,
      );
      Object.assign(world, { health: undefined, obstacle: undefined, freeze: undefined, held: undefined });
      world.mend('Primary');
      world.mend('Standby');
      const fenced: (number | undefined)[] = [];
      for (const to of ['Standby', 'Primary'] as const) {
        world.rules = { ...world.rules, desired: undefined };
        world.run();
        world.wait(11 * MINUTE);
        if (world.state.active === to) continue;
        world.rules = { ...world.rules, desired: to };
        const state = world.run();
        expect({ name: state.name, active: state.active, selects: world.selects }).toEqual({
          name: 'Completed',
          active: to,
          selects: to,
        });
        fenced.push(to === 'Standby' && world.rules.fencing === 'ScaleToZero' ? world.sides.Primary.annotation : 3);
      }
      expect(fenced.every((count) => count === 3)).toBe(true);
      const { Primary, Standby } = world.sides;
      const isBack = world.state.active === 'Primary' && world.epoch > 0;
      // What was on its way when the process died may still have started pods at the standby.
      const isExact = isBack && !happenings.some(({ what }) => what === 'former');
      expect(isBack ? Primary.annotation : undefined).toBeUndefined();
      expect(isBack ? Primary.desired : 3).toBeGreaterThanOrEqual(3);
      expect(isExact ? Standby.desired : 1).toBe(1);
      expect(world.sides[world.selects as Side].pods.length).toBeGreaterThan(0);
      expect(other(world.state.active)).not.toBe(world.selects);
      expect(world.faults).toEqual([]);
    }),
    SEED,
  );
});
