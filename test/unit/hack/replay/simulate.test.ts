import { describe, expect, it } from 'vitest';
import { Baton } from '../../../../hack/replay/baton.ts';
import { normalFrom } from '../../../../hack/replay/generate.ts';
import { Hpa } from '../../../../hack/replay/hpa.ts';
import { DEFAULTS } from '../../../../hack/replay/options.ts';
import { SimulatedPods } from '../../../../hack/replay/pods.ts';
import { replay } from '../../../../hack/replay/replay.ts';
import { type Look, type Scaler, simulate } from '../../../../hack/replay/simulate.ts';
import { fc } from '../../../support/properties.ts';

const SITUATION = { podCapacity: 10, replicas: 1, startUpDelay: 90_000, interval: 15_000 };
const points = (...values: readonly [number, number][]) =>
  values.map(([second, value]) => ({ at: second * 1_000, value }));

/** Replicas by the second from which they are wanted. */
const planned = (plan: (second: number) => number): Scaler => ({ decide: ({ at }) => plan(at / 1_000) });

describe('the simulation', () => {
  it('counts the seconds in which the load is above what ready pods carry, and pays for pods that are not ready', () => {
    const load = points([0, 10], [60, 15], [120, 15], [180, 15], [240, 10]);
    const figures = simulate(
      load,
      planned((second) => (second >= 75 ? 2 : 1)),
      SITUATION,
    );
    // The second pod is wanted at 75 s and ready at 165 s; the load is above one pod's from 60 s. It ends at 300 s.
    expect(figures).toEqual({ underProvisionedSeconds: 105, podHours: (300 + 225) / 3_600, scaleEvents: 1 });
  });

  it('sees loads and pods that change between two looks', () => {
    const load = points([0, 10], [7, 11], [9, 10], [100, 10]);
    expect(
      simulate(
        load,
        planned(() => 1),
        SITUATION,
      ).underProvisionedSeconds,
    ).toBe(2);
    const late = simulate(
      points([0, 20], [60, 20]),
      planned(() => 2),
      { ...SITUATION, startUpDelay: 20_000 },
    );
    expect(late.underProvisionedSeconds).toBe(20);
  });

  it('lets a load at the capacity be carried', () => {
    expect(
      simulate(
        points([0, 10], [60, 10]),
        planned(() => 1),
        SITUATION,
      ).underProvisionedSeconds,
    ).toBe(0);
  });

  it('tells the scaler how long pods take when the first was ready', () => {
    const seen: (number | undefined)[] = [];
    const scaler = { decide: ({ timeToReady }: Look) => (seen.push(timeToReady), 2) };
    simulate(points([0, 1], [120, 1]), scaler, { ...SITUATION, startUpDelay: 30_000 });
    expect(seen.slice(0, 4)).toEqual([undefined, undefined, 30_000, 30_000]);
  });

  it('takes away what is not ready first', () => {
    const pods = new SimulatedPods(2, 0, 60_000);
    pods.scaleTo(4, 10_000);
    pods.scaleTo(3, 20_000);
    expect([pods.count, pods.readyBy(20_000), pods.readyBy(70_000)]).toEqual([3, 2, 3]);
    pods.scaleTo(1, 30_000);
    expect([pods.count, pods.readyBy(30_000)]).toEqual([1, 1]);
  });
});

describe('the HPA of the replay', () => {
  const look = (at: number, load: number, current: number): Look => ({
    at: at * 1_000,
    load,
    current,
    pods: () => [],
    timeToReady: undefined,
  });

  it('holds within a tenth, doubles at most (or adds four), and keeps bounds', () => {
    const hpa = (min = 1, max = 100): Hpa => new Hpa({ loadPerPod: 10, min, max });
    expect(hpa().decide(look(0, 109, 10))).toBe(10);
    expect(hpa().decide(look(0, 111, 10))).toBe(12);
    expect(hpa().decide(look(0, 900, 10))).toBe(20);
    expect(hpa().decide(look(0, 900, 2))).toBe(6);
    expect(hpa(1, 15).decide(look(0, 900, 10))).toBe(15);
    expect(hpa(5).decide(look(0, 0, 3))).toBe(5);
  });

  it('goes down to the highest that was wanted in five minutes', () => {
    const hpa = new Hpa({ loadPerPod: 10, min: 1, max: 100 });
    expect(hpa.decide(look(0, 100, 10))).toBe(10);
    expect(hpa.decide(look(60, 50, 10))).toBe(10);
    expect(hpa.decide(look(299, 20, 10))).toBe(10);
    expect(hpa.decide(look(300, 20, 10))).toBe(5);
    expect(hpa.decide(look(361, 20, 5))).toBe(2);
  });

  it('decides as Baton does without prediction, on any load', () => {
    const options = { loadPerPod: 10, min: 2, max: 40 };
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(1, 5, 20), (seed, deviation) => {
        const normal = normalFrom(seed);
        const hpa = new Hpa(options);
        const baton = new Baton({ ...options, interval: 15_000, season: 'none', quantile: 0.9 });
        const [one, other] = [new SimulatedPods(5, 0, 90_000), new SimulatedPods(5, 0, 90_000)];
        let load = 50;
        for (let at = 0; at < 3_600_000; at += 15_000) {
          load = Math.max(0, load + deviation * normal());
          for (const [pods, scaler] of [
            [one, hpa],
            [other, baton],
          ] as const) {
            const current = pods.count;
            pods.scaleTo(scaler.decide({ at, load, current, pods: () => pods.snapshot(at), timeToReady: 90_000 }), at);
          }
          expect(other.count).toBe(one.count);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('options', () => {
  const load = Array.from({ length: 240 }, (_, minute) => ({
    at: minute * 60_000,
    value: 100 + 80 * Math.sin(minute / 9),
  }));
  const base = replay(load, DEFAULTS);

  it.each([
    { podCapacity: 30 },
    { target: 0.5, podCapacity: base.podCapacity },
    { startUpDelay: 600_000, podCapacity: base.podCapacity / 1.2 },
    { interval: 60_000 },
    { min: 15 },
    { max: 12 },
  ])('%o changes the figures of the HPA and of Baton', (option) => {
    const { hpa, baton } = replay(load, { ...DEFAULTS, ...option });
    expect(hpa).not.toEqual(base.hpa);
    expect(baton).not.toEqual(base.baton);
  });

  it('without a pod capacity the mean load needs ten pods', () => {
    const mean = load.reduce((sum, { value }) => sum + value, 0) / load.length;
    expect(base.podCapacity * DEFAULTS.target * 10).toBeCloseTo(mean, 6);
    expect(() =>
      replay(
        [
          { at: 0, value: 0 },
          { at: 1, value: 0 },
        ],
        DEFAULTS,
      ),
    ).toThrow('--pod-capacity');
  });

  it('refuses a series that would take for ever', () => {
    const centuries = points([0, 1], [1e11, 1]);
    expect(() => replay(centuries, DEFAULTS)).toThrow('1157407 days are too many for --interval 15s');
  });
});
