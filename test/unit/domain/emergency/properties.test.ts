import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Priority } from '../../../../src/api/kinds.ts';
import { holdOf } from '../../../../src/domain/emergency/hold.ts';
import { stopOrder } from '../../../../src/domain/emergency/order.ts';
import { MINUTE } from '../fixtures.ts';
import { World } from './world.ts';

const RUNS = { numRuns: 200, seed: 20260501 };
const PRIORITIES: readonly Priority[] = ['Maintenance', 'Low', 'Normal', 'High', 'Critical'];

const names = Array.from({ length: 12 }, (_, index) => `${index % 2 === 0 ? 'a' : 'b'}/s${index}`);
const graph = fc.tuple(
  ...names.map((key) =>
    fc.record({
      key: fc.constant(key),
      priority: fc.constantFrom(...PRIORITIES),
      // To any of them, also itself and one that does not exist: circles are people's mistakes.
      dependsOn: fc.uniqueArray(fc.constantFrom(...names, 'a/none'), { maxLength: 3 }),
      onHalt: fc.constantFrom('Keep' as const, 'ScaleToZero' as const, 'ScaleUp' as const, undefined),
      raiseTo: fc.integer({ min: 1, max: 9 }),
      replicas: fc.integer({ min: 0, max: 7 }),
    }),
  ),
);

type Node = { readonly key: string; readonly priority: Priority; readonly dependsOn: readonly string[] };

/** Every service that `key` needs, directly or not. */
function needs(nodes: readonly Node[], key: string): Set<string> {
  const reached = new Set<string>();
  const queue = [key];
  for (const next of queue) {
    for (const other of nodes.find((node) => node.key === next)?.dependsOn ?? []) {
      if (reached.has(other)) continue;
      reached.add(other);
      queue.push(other);
    }
  }
  return reached;
}

describe('the order of stopping', () => {
  it('puts nothing before what needs it, but in a circle, and is the same whatever the order of the services', () => {
    fc.assert(
      fc.property(graph, (nodes) => {
        const order = stopOrder(nodes).map(({ key }) => key);
        expect([...order].sort()).toEqual([...names].sort());
        expect(stopOrder(nodes.toReversed()).map(({ key }) => key)).toEqual(order);
        const reach = new Map(nodes.map(({ key }) => [key, needs(nodes, key)]));
        const tooEarly = names.flatMap((a) =>
          names.filter(
            (b) =>
              reach.get(a)?.has(b) === true && reach.get(b)?.has(a) !== true && order.indexOf(b) < order.indexOf(a),
          ),
        );
        expect(tooEarly).toEqual([]);
      }),
      RUNS,
    );
  });

  it('goes by priority, where that of a service is the highest of all that need it', () => {
    fc.assert(
      fc.property(graph, (nodes) => {
        const reach = new Map(nodes.map(({ key }) => [key, needs(nodes, key)]));
        const rank = (key: string): number =>
          Math.max(
            ...nodes
              .filter((node) => node.key === key || reach.get(node.key)?.has(key))
              .map(({ priority }) => PRIORITIES.indexOf(priority)),
          );
        const ranks = stopOrder(nodes).map(({ key }) => rank(key));
        expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
      }),
      RUNS,
    );
  });

  it('is found for a chain of 20,000 without recursion', () => {
    const chain = Array.from({ length: 20_000 }, (_, index) => ({
      key: `c/${index}`,
      priority: 'Normal' as const,
      dependsOn: [`c/${index + 1}`],
    }));
    expect(stopOrder(chain.toReversed()).map(({ key }) => key)).toEqual(chain.map(({ key }) => key));
  });
});

type Move =
  | { readonly do: 'look'; readonly writes: number }
  | { readonly do: 'order'; readonly halt: 'None' | 'DryRun' | 'Halt'; readonly resume: 'none' | 'this' | 'other' }
  | { readonly do: 'person'; readonly key: string; readonly replicas: number }
  | { readonly do: 'stopped'; readonly namespaces: string[] }
  | { readonly do: 'forgetService'; readonly key: string }
  | { readonly do: 'loseStatus' }
  | { readonly do: 'time'; readonly minutes: number };

const key = fc.constantFrom(...names);
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('look' as const), writes: fc.integer({ min: 0, max: 6 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('order' as const),
      halt: fc.constantFrom('None' as const, 'DryRun' as const, 'Halt' as const),
      resume: fc.constantFrom('none' as const, 'this' as const, 'other' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('person' as const), key, replicas: fc.integer({ min: 0, max: 9 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('stopped' as const), namespaces: fc.subarray(['a', 'b']) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forgetService' as const), key }) },
  { weight: 1, arbitrary: fc.constant({ do: 'loseStatus' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('time' as const), minutes: fc.integer({ min: -200, max: 2_000 }) }),
  },
);

/** What a workload comes back with: what it has, or what it had before Baton took it, unless a person changed it since. */
function due(world: World): Record<string, number> {
  const entries = [...world.workloads].map(([name, { replicas, annotations }]) => {
    const hold = holdOf(annotations);
    return [name, hold?.original === undefined || replicas !== hold.to ? replicas : hold.original] as const;
  });
  return Object.fromEntries(entries);
}

function play(world: World, step: Move): void {
  switch (step.do) {
    case 'look':
      // Dies after so many writes; what it knew is gone.
      world.look(step.writes);
      return;
    case 'order': {
      const other = step.resume === 'other' ? 'halt-20200101t000000z' : undefined;
      world.order(step.halt, step.resume === 'this' ? world.status.halt?.id : other);
      return;
    }
    case 'person': {
      const { annotations } = world.workloads.get(step.key) ?? { annotations: {} };
      world.workloads.set(step.key, { annotations, replicas: step.replicas });
      return;
    }
    case 'stopped':
      world.stoppedNamespaces = step.namespaces;
      return;
    case 'forgetService':
      world.services.delete(step.key);
      return;
    case 'loseStatus':
      world.status = {};
      return;
    case 'time':
      world.now += step.minutes * MINUTE;
  }
}

describe('whatever happens in whatever order, and wherever Baton dies', () => {
  it('no write of Baton changes what a workload comes back with', () => {
    fc.assert(
      fc.property(graph, fc.array(move, { maxLength: 40 }), (services, moves) => {
        const world = new World(...services);
        for (const step of moves) {
          const before = due(world);
          play(world, step);
          const expected = step.do === 'person' ? due(world) : before;
          expect(due(world)).toEqual(expected);
        }
      }),
      RUNS,
    );
  });

  it('everything is back with exactly what it had once it is resumed, and nothing is held', () => {
    fc.assert(
      fc.property(graph, fc.array(move, { maxLength: 40 }), (services, moves) => {
        const world = new World(...services);
        for (const step of moves) play(world, step);
        const expected = due(world);
        world.stoppedNamespaces = [];
        world.order('None');
        // Where statuses were lost, there may be several halts to resume, one after the other.
        for (let round = 0; round < 8; round++) {
          world.settle();
          world.order('None', world.status.halt?.id);
        }
        expect(world.replicas()).toEqual(expected);
        expect(world.held()).toEqual([]);
      }),
      RUNS,
    );
  });

  it('a halt ends only when its id is named', () => {
    fc.assert(
      fc.property(graph, fc.array(move, { maxLength: 30 }), (services, moves) => {
        const world = new World(...services);
        world.order('Halt');
        world.settle();
        const { id } = world.halt;
        for (const step of moves) {
          if (step.do === 'loseStatus' || (step.do === 'order' && step.resume === 'this')) continue;
          play(world, step);
          expect(world.halt).toMatchObject({ id, state: 'Halted' });
        }
      }),
      RUNS,
    );
  });
});
