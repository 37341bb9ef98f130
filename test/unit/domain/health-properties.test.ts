import { describe, expect, it } from 'vitest';
import { HEALTH_LEVELS, type Health } from '../../../src/api/kinds.ts';
import type { Reading } from '../../../src/domain/reading.ts';
import { anyWorld } from './arbitraries.ts';
import { derive, MINUTE, NOW, stored, type World } from './fixtures.ts';
import { fc } from '../../support/properties.ts';

const RUNS = { numRuns: 200 };

/** A service that has been looked at before: levels are given at once, and figures come without waiting. */
const seen = (world: World): World => ({ ...world, status: { everAvailable: true, health: 'Unknown' } });

/** The exact score of a service that was seen before; there always is one. */
const scoreOf = (world: World): number => derive(seen(world)).figures.score ?? Number.NaN;

const rank = (health: Health | undefined): number =>
  health === undefined || health === 'Unknown' ? -1 : HEALTH_LEVELS.indexOf(health);

const gone: Reading = { kind: 'missing', reason: 'SourceTimeout', at: NOW, evidence: 'no answer' };

describe('the score, whatever is seen', () => {
  it('stays in 0..100 and the confidence in 0..1', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        for (const { status, figures } of [derive(world), derive(seen(world))]) {
          for (const score of [status.score, figures.score, ...(status.signals ?? []).map((signal) => signal.score)]) {
            if (score === undefined) continue;
            expect(score).toBeGreaterThanOrEqual(0);
            expect(score).toBeLessThanOrEqual(100);
          }
          expect(figures.confidence).toBeGreaterThanOrEqual(0);
          expect(figures.confidence).toBeLessThanOrEqual(1);
        }
      }),
      RUNS,
    );
  });

  it('is not raised by one ready pod fewer', () => {
    fc.assert(
      fc.property(anyWorld, fc.nat(), (world, pick) => {
        const all = world.pods ?? [];
        fc.pre(all.length > 0);
        const pods = all.map((pod, index) => (index === pick % all.length ? { ...pod, ready: false } : pod));
        expect(scoreOf({ ...world, pods })).toBeLessThanOrEqual(scoreOf(world));
      }),
      RUNS,
    );
  });

  it('is not raised by one more restart', () => {
    fc.assert(
      fc.property(anyWorld, fc.nat(), (world, pick) => {
        const all = world.pods ?? [];
        fc.pre(all.length > 0);
        const again = NOW - MINUTE;
        const pods = all.map((pod, index) =>
          index === pick % all.length ? { ...pod, restarts: [...pod.restarts, again] } : pod,
        );
        expect(scoreOf({ ...world, pods })).toBeLessThanOrEqual(scoreOf(world));
      }),
      RUNS,
    );
  });

  it('is not raised by a container that crashes, runs out of memory or has no image', () => {
    const faults = [{ waiting: 'CrashLoopBackOff' }, { waiting: 'ErrImagePull' }, { oomKilledAt: NOW - MINUTE }];
    fc.assert(
      fc.property(anyWorld, fc.nat(), fc.constantFrom(...faults), (world, pick, fault) => {
        const all = world.pods ?? [];
        fc.pre(all.length > 0);
        const pods = all.map((pod, index) => (index === pick % all.length ? { ...pod, ...fault } : pod));
        expect(scoreOf({ ...world, pods })).toBeLessThanOrEqual(scoreOf(world));
      }),
      RUNS,
    );
  });

  it('is not raised by more use of a resource', () => {
    fc.assert(
      fc.property(anyWorld, fc.double({ min: 1, max: 3, noNaN: true }), (world, factor) => {
        fc.pre(world.usage?.kind === 'known');
        const pods = new Map(
          [...world.usage.pods].map(([name, use]) => [
            name,
            { ...use, cpu: use.cpu * factor, memory: use.memory * factor },
          ]),
        );
        expect(scoreOf({ ...world, usage: { kind: 'known', pods } })).toBeLessThanOrEqual(scoreOf(world));
      }),
      RUNS,
    );
  });

  it('is not raised by a figure that is worse, whichever way its thresholds run', () => {
    fc.assert(
      fc.property(anyWorld, fc.double({ min: 0, max: 30, noNaN: true }), (world, more) => {
        const readings = new Map(world.readings);
        for (const { name, thresholds } of world.spec?.health?.checks ?? []) {
          const reading = readings.get(name);
          if (reading?.kind !== 'value' || thresholds === undefined) continue;
          const sign = thresholds.critical > thresholds.warning ? 1 : -1;
          readings.set(name, { ...reading, value: reading.value + sign * more });
        }
        expect(scoreOf({ ...world, readings })).toBeLessThanOrEqual(scoreOf(world));
      }),
      RUNS,
    );
  });

  it('is not raised by a check that fails', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const readings = new Map(world.readings);
        for (const [name, reading] of readings)
          if (reading.kind === 'verdict') readings.set(name, { ...reading, passed: false });
        expect(scoreOf({ ...world, readings })).toBeLessThanOrEqual(scoreOf(world));
      }),
      RUNS,
    );
  });

  it('is not raised by a dependency that is worse', () => {
    fc.assert(
      fc.property(anyWorld, fc.nat(), (world, less) => {
        const dependencies = (world.dependencies ?? []).map((dependency) =>
          dependency.state === 'Ready' || dependency.state === 'Below'
            ? { ...dependency, state: 'Below' as const, score: Math.max(0, dependency.score - (less % 100)) }
            : dependency,
        );
        expect(scoreOf({ ...world, dependencies })).toBeLessThanOrEqual(scoreOf(world));
      }),
      RUNS,
    );
  });

  it('is not raised by a rollout that got stuck', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        fc.pre(world.workload?.rollout?.state !== 'Untold');
        const stuck = { ...world.workload, rollout: { state: 'Stuck' as const, message: 'too long' } };
        expect(scoreOf({ ...world, workload: stuck })).toBeLessThanOrEqual(scoreOf(world));
      }),
      RUNS,
    );
  });
});

describe('missing data alone', () => {
  /** Everything that a source can withhold, withheld where the bit is set. */
  function withhold(world: World, bits: number): World {
    const readings = new Map(
      [...(world.readings ?? [])].map(([name, reading], index) => [name, bits & (1 << index) ? gone : reading]),
    );
    const usage =
      bits & 16 ? ({ kind: 'missing', reason: 'SourceTimeout', evidence: 'no answer' } as const) : world.usage;
    const dependencies = (world.dependencies ?? []).map((dependency) =>
      bits & 32
        ? { key: dependency.key, minimumHealth: dependency.minimumHealth, state: 'Unknown' as const }
        : dependency,
    );
    return { ...world, readings, dependencies, ...(usage === undefined ? {} : { usage }) };
  }

  it('never lowers the level, nor does more of it going missing later', () => {
    fc.assert(
      fc.property(
        anyWorld,
        fc.integer({ min: 0, max: 63 }),
        fc.integer({ min: 0, max: 63 }),
        (world, first, second) => {
          const before = derive(seen(world)).status;
          const then = derive({ ...withhold(world, first), status: stored(before) }).status;
          const later = derive({ ...withhold(world, first | second), now: NOW + 31_000, status: stored(then) }).status;
          // A fall that was pending on evidence that is still there is no fall by missing data.
          fc.pre(before.pending === undefined);
          expect(rank(then.health)).toBeLessThanOrEqual(Math.max(rank(before.health), 0));
          expect(rank(later.health)).toBeLessThanOrEqual(Math.max(rank(before.health), 0));
        },
      ),
      { numRuns: 600 },
    );
  });

  it('does not lower the level after a restart either, before the sources were asked', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const before = derive(seen(world)).status;
        fc.pre(before.pending === undefined);
        const usage = { kind: 'missing' as const, reason: 'NotAskedYet' as const, evidence: 'not asked yet' };
        const after = derive({ ...world, readings: new Map(), usage, status: stored(before) }).status;
        expect(rank(after.health)).toBeLessThanOrEqual(Math.max(rank(before.health), 0));
      }),
      RUNS,
    );
  });

  it('lowers the confidence', () => {
    fc.assert(
      fc.property(anyWorld, fc.integer({ min: 0, max: 63 }), (world, bits) => {
        expect(derive(seen(withhold(world, bits))).figures.confidence).toBeLessThanOrEqual(
          derive(seen(world)).figures.confidence,
        );
      }),
      RUNS,
    );
  });
});

describe('the order of what is seen', () => {
  it('does not matter for pods, readings, restarts and usage', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const reversed: World = {
          ...world,
          pods: (world.pods ?? []).map((pod) => ({ ...pod, restarts: pod.restarts.toReversed() })).toReversed(),
          readings: new Map([...(world.readings ?? [])].toReversed()),
          ...(world.usage?.kind === 'known'
            ? { usage: { kind: 'known', pods: new Map([...world.usage.pods].toReversed()) } }
            : {}),
        };
        for (const of of [(one: World) => one, seen]) {
          const [{ figures: a, ...one }, { figures: b, ...other }] = [derive(of(reversed)), derive(of(world))];
          expect(one).toEqual(other);
          expect({ ...a, objectivesAt: a.objectivesAt(NOW) }).toEqual({ ...b, objectivesAt: b.objectivesAt(NOW) });
        }
      }),
      RUNS,
    );
  });
});

describe('a status that was written', () => {
  it('is the same when it is derived again, at the same moment and from what the API server stored', () => {
    fc.assert(
      fc.property(anyWorld, anyWorld, (first, second) => {
        let status = derive(first).status;
        for (const world of [first, second, second]) {
          const once = derive({ ...world, status: stored(status) });
          const before = stored(once.status);
          const again = derive({ ...world, status: before });
          expect(again.status).toBe(before);
          expect(again.transitions).toEqual([]);
          status = once.status;
        }
      }),
      RUNS,
    );
  });
});
