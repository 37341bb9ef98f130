import { describe, expect, it } from 'vitest';
import { alarmsIn, CLEAN, FAULTS, findFault } from '../../../../hack/replay/anomalies.ts';
import { normalFrom } from '../../../../hack/replay/generate.ts';
import { AnomalyDetector } from '../../../../src/domain/forecast/anomaly.ts';
import { fc } from '../../../support/properties.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const SEEDS = [1, 2, 3, 4, 5];

/** Steps of 15 s with a given season of an hour: ready after 240 + 60 of them. */
function hourly(count: number, value: (at: number) => number): AnomalyDetector {
  const detector = new AnomalyDetector(HOUR);
  for (let step = 0; step <= count; step++) detector.observe(step * 15_000, value(step));
  return detector;
}

describe('false alarms', () => {
  it.each(Object.keys(CLEAN))('are at most one in 1,000 points of %s', (name) => {
    let [points, unusual] = [0, 0];
    for (const seed of SEEDS) {
      const alarms = alarmsIn(CLEAN[name]?.(4, seed) ?? []);
      points += alarms.points;
      unusual += alarms.unusual;
    }
    expect(points).toBeGreaterThan(SEEDS.length * 2_800);
    // Every unusual step counts, and not only the first of an alarm.
    expect(unusual / points).toBeLessThanOrEqual(0.001);
  });
});

describe('faults', () => {
  it.each(Object.keys(FAULTS))('of the kind "%s" are found', (name) => {
    const within = name.startsWith('drift') ? 120 : 6;
    for (const seed of SEEDS) {
      const { after } = findFault(name, 4, seed);
      expect(after, `seed ${seed}`).toBeLessThanOrEqual(within);
    }
  });

  it('that last become the baseline after an hour', () => {
    for (const seed of SEEDS) {
      const { rebaselinedAfter } = findFault('level shift up by 40 %', 4, seed);
      expect(rebaselinedAfter).toBeGreaterThanOrEqual(45);
      expect(rebaselinedAfter).toBeLessThanOrEqual(75);
    }
  });
});

describe('the detector', () => {
  const usual = (step: number): number => 100 + 3 * normalFrom(step)();

  it('judges nothing while it learns', () => {
    expect(hourly(280, usual).state.kind).toBe('Learning');
    expect(hourly(310, usual).state.kind).toBe('Usual');
    expect(hourly(280, (step) => (step > 250 ? 1_000 : usual(step))).state.kind).toBe('Learning');
  });

  it('takes two of five for noise and three for an anomaly', () => {
    const [two, three] = [
      [400, 402],
      [400, 402, 404],
    ].map((high) => hourly(405, (step) => (high.includes(step) ? 200 : usual(step))));
    expect(two?.state.kind).toBe('Usual');
    expect(three?.state).toMatchObject({ kind: 'Unusual', direction: 'High', since: 400 * 15_000, value: 200 });
    expect(three?.state).toHaveProperty('expected', expect.closeTo(100, -1));
  });

  it('tells of a fall as low, and of the end', () => {
    const low = (step: number): number => (step >= 400 && step < 410 ? 20 : usual(step));
    expect(hourly(408, low).state).toMatchObject({ kind: 'Unusual', direction: 'Low' });
    expect(hourly(420, low).state.kind).toBe('Usual');
  });

  it('keeps anomalies out of the baseline: the same hour is usual without them', () => {
    const once = (step: number): number => (step >= 400 && step < 430 ? 1_000 : usual(step));
    const detector = hourly(440, once);
    const unusual: number[] = [];
    for (let step = 441; step < 720; step++) {
      detector.observe(step * 15_000, once(step));
      if (detector.state.kind !== 'Usual') unusual.push(step);
    }
    expect(unusual).toEqual([]);
  });

  it('does not call the grain of a constant series unusual', () => {
    const grain = (step: number): number => (step > 400 ? 100.5 : 100);
    expect(hourly(420, grain).state.kind).toBe('Usual');
    expect(hourly(420, (step) => (step > 400 ? 110 : 100)).state.kind).toBe('Unusual');
  });

  it('is the same whatever the unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.constantFrom(2 ** -20, 2 ** 10), (seed, unit) => {
        const value = (step: number): number => usual(step + seed) + (step > 395 ? 20 : 0);
        const kinds = [1, unit].map((factor) => hourly(400, (step) => value(step) * factor).state.kind);
        expect(kinds[0]).toBe(kinds[1]);
      }),
      { numRuns: 20 },
    );
  });

  it('survives any points', () => {
    const point = fc.tuple(fc.oneof(fc.integer({ min: 0, max: 90 * MINUTE }), fc.constantFrom(NaN, 1e15)), fc.double());
    fc.assert(
      fc.property(fc.array(point, { maxLength: 80 }), (points) => {
        const detector = new AnomalyDetector(5 * MINUTE);
        for (const [at, value] of points) detector.observe(at, value);
        expect(['Learning', 'Usual', 'Unusual']).toContain(detector.state.kind);
      }),
    );
  });
});
