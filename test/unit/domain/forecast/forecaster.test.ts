import { describe, expect, it } from 'vitest';
import { daily, randomWalk, type Shape, SHAPES, whiteNoise } from '../../../../hack/replay/generate.ts';
import { type ForecastOptions, LoadForecaster, type Prediction } from '../../../../src/domain/forecast/forecaster.ts';
import { wishFor } from '../../../../src/domain/forecast/wish.ts';
import { fc } from '../../../support/properties.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const OPTIONS: ForecastOptions = { season: 'auto', quantile: 0.9, horizonMs: 105_000 };

interface Point {
  readonly at: number;
  readonly value: number;
}

function fed(points: readonly Point[], options: Partial<ForecastOptions> = {}): LoadForecaster {
  const forecaster = new LoadForecaster({ ...OPTIONS, ...options });
  for (const { at, value } of points) forecaster.observe(at, value);
  return forecaster;
}

const lastOf = (points: readonly Point[]): number => points.at(-1)?.at ?? NaN;
const predicted = (prediction: Prediction): number => (prediction.kind === 'Trusted' ? prediction.load : NaN);

describe('the forecast of a load', () => {
  it.each(Object.keys(SHAPES) as Shape[])('is trusted on the third day of %s, and covers what comes', (shape) => {
    const points = daily(shape, 4, 0.05, 11);
    const forecaster = fed(points.slice(0, 2 * 1_440));
    let [trusted, covered, count] = [0, 0, 0];
    for (const [index, { at, value }] of points.entries()) {
      if (index < 2 * 1_440) continue;
      const prediction = forecaster.predict(at);
      forecaster.observe(at, value);
      count++;
      if (prediction.kind !== 'Trusted') continue;
      trusted++;
      if (value <= prediction.load) covered++;
    }
    expect(trusted / count).toBeGreaterThan(0.9);
    // The highest of several steps, so at least the quantile that was asked for, with room for chance.
    expect(covered / trusted).toBeGreaterThan(0.87);
  });

  it('sees a rise before it comes, and a fall only when it is there', () => {
    const points = daily('office', 4, 0.02, 3);
    const at = (minute: number): Prediction => {
      const end = 3 * 1_440 + minute;
      return fed(points.slice(0, end)).predict(points[end]?.at ?? NaN);
    };
    expect(predicted(at(535))).toBeLessThan(50);
    expect(predicted(at(539))).toBeGreaterThan(150);
    expect(predicted(at(1_079))).toBeGreaterThan(150);
    expect(predicted(at(1_081))).toBeLessThan(80);
  });

  it('looks as far ahead as a pod takes', () => {
    const points = daily('office', 4, 0.02, 3).slice(0, 3 * 1_440 + 530);
    const forecaster = fed(points);
    expect(predicted(forecaster.predict(lastOf(points)))).toBeLessThan(50);
    forecaster.setHorizon(12 * MINUTE);
    expect(predicted(forecaster.predict(lastOf(points)))).toBeGreaterThan(150);
  });

  it('asks for more with a higher quantile', () => {
    const points = daily('wave', 4, 0.1, 3);
    const [low, high] = [0.5, 0.99].map((quantile) => predicted(fed(points, { quantile }).predict(lastOf(points))));
    expect(high).toBeGreaterThan((low ?? NaN) * 1.1);
  });

  it.each(['auto', DAY, 3_600_000] as const)(
    'is never trusted on white noise and random walks (season %s)',
    (season) => {
      for (let seed = 1; seed <= 5; seed++) {
        for (const points of [whiteNoise(4, 15, seed), randomWalk(4, 3, seed)]) {
          const forecaster = new LoadForecaster({ ...OPTIONS, season });
          let trusted = 0;
          for (const { at, value } of points) {
            forecaster.observe(at, value);
            if (forecaster.predict(at).kind === 'Trusted') trusted++;
          }
          expect(trusted / points.length).toBeLessThan(0.01);
        }
      }
    },
  );

  it('says why it is not trusted', () => {
    const noise = whiteNoise(3, 15, 1);
    const reason = (points: readonly Point[], options: Partial<ForecastOptions>, now = lastOf(points)) => {
      const prediction = fed(points, options).predict(now);
      return prediction.kind === 'Trusted' ? undefined : prediction.reason;
    };
    expect(reason(noise, {})).toBe('NoSeason');
    expect(reason(noise.slice(0, 1_000), {})).toBe('Learning');
    expect(reason(noise.slice(0, 1_500), { season: DAY })).toBe('Learning');
    expect(reason(noise, { season: DAY })).toBe('NoBetterThanNaive');
    const wave = daily('wave', 3, 0.05, 1);
    expect(reason(wave, {})).toBeUndefined();
    expect(reason(wave, {}, lastOf(wave) + 91_000)).toBe('StaleData');
    expect(reason([], {}, 0)).toBe('StaleData');
  });

  it('tells its season and its record', () => {
    const points = daily('wave', 4, 0.05, 1);
    const prediction = fed(points).predict(lastOf(points));
    expect(prediction).toMatchObject({ kind: 'Trusted', seasonMs: DAY });
    expect(prediction.mase).toBeLessThan(0.95);
    expect(prediction.gain).toBeLessThan(0.85);
    expect(new LoadForecaster(OPTIONS).predict(0).mase).toBeUndefined();
  });

  it('stops trusting itself when days are no longer alike, and finds its way back', () => {
    const usual = daily('office', 9, 0.05, 1);
    // One day of night work.
    const strange = usual.map(({ at, value }, index) => {
      const day = Math.floor(index / 1_440);
      return { at, value: day === 4 ? (usual[index + 720]?.value ?? 0) : value };
    });
    const state = (days: number): string => {
      const points = strange.slice(0, days * 1_440);
      return fed(points).predict(lastOf(points)).kind;
    };
    expect([4, 5, 9].map(state)).toEqual(['Trusted', 'Untrusted', 'Trusted']);
  });

  it('does not trust figures of the future', () => {
    const points = daily('peaks', 3, 0.05, 2);
    const forecaster = fed(points);
    expect(forecaster.predict(lastOf(points)).kind).toBe('Trusted');
    expect(forecaster.predict(lastOf(points) - 3_600_000)).toMatchObject({ kind: 'Untrusted', reason: 'StaleData' });
  });

  it.each([
    ['', 0, ['load', 'margin', 'mase', 'gain', 'seasonMs', 'until']],
    [', but for a margin that no longer knows the peaks within them', 15, ['mase', 'gain', 'seasonMs', 'until']],
  ] as const)('is the same after a restart that feeds it the steps that were kept%s', (_, rise, same) => {
    const points = daily('peaks', 3, 0.05, 2);
    const now = lastOf(points);
    const before = new LoadForecaster(OPTIONS);
    const kept: Point[] = [];
    for (const { at, value } of points) {
      for (const offset of [0, 15_000, 30_000, 45_000]) {
        const steps = before.observe(at + offset, value + (rise * offset) / MINUTE);
        kept.push(...steps.map(({ at, load }) => ({ at, value: load })));
      }
      before.predict(at);
    }
    expect(kept).toHaveLength(points.length - 1);
    const after = fed(kept);
    for (const offset of [0, 15_000, 30_000, 45_000]) after.observe(now + offset, 50);
    const [one, other] = [before, after].map((forecaster): object => forecaster.predict(now + 45_000));
    expect(one).toHaveProperty('load');
    for (const figure of same) expect(other).toHaveProperty(figure, (one as Prediction)[figure as keyof Prediction]);
  });

  it('survives any points: gaps, repeats, clocks that jump, nonsense', () => {
    const point = fc.record({
      at: fc.oneof(fc.integer({ min: 0, max: 4 * DAY }), fc.constantFrom(NaN, Infinity, -1e15, 1e15)),
      value: fc.oneof(fc.double(), fc.integer({ min: 0, max: 100 })),
    });
    fc.assert(
      fc.property(fc.array(point, { maxLength: 60 }), (points) => {
        const forecaster = fed(points, { season: 3_600_000 });
        for (const { at } of points) {
          const prediction = forecaster.predict(at);
          expect(prediction.kind === 'Untrusted' || prediction.load >= 0).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('goes on after a night without points', () => {
    const points = daily('office', 5, 0.02, 4).filter((_, index) => index < 4_400 || index > 5_200);
    const forecaster = fed(points.slice(0, 3 * 1_440 + 900));
    expect(predicted(forecaster.predict(points[3 * 1_440 + 899]?.at ?? NaN))).not.toBeNaN();
  });
});

describe('what a forecast asks of the scaler', () => {
  const trusted: Prediction = {
    kind: 'Trusted',
    load: 105,
    margin: 5,
    until: Date.UTC(2026, 0, 5, 9),
    seasonMs: DAY,
    mase: 0.7,
    gain: 0.3,
  };

  it('is the pods for the load, unless the present ones are near enough', () => {
    const replicas = (current: number): number | undefined =>
      wishFor(trusted, { loadPerPod: 10, current, tolerance: 0.1 })?.replicas;
    expect([5, 9, 10, 11, 20].map(replicas)).toEqual([11, 11, 10, 11, 11]);
  });

  it('is never more than the API can hold', () => {
    expect(wishFor({ ...trusted, load: 5e9 }, { loadPerPod: 0.5, current: 5, tolerance: 0.1 })?.replicas).toBe(
      2 ** 31 - 1,
    );
  });

  it('is said in a sentence', () => {
    expect(wishFor(trusted, { loadPerPod: 10, current: 5, tolerance: 0.1 })).toEqual({
      source: 'forecast',
      replicas: 11,
      because: 'a load of 105 is expected by 2026-01-05T09:00:00.000Z, 10 for each pod',
    });
  });

  it('is nothing without trust, or without a target', () => {
    const untrusted: Prediction = {
      kind: 'Untrusted',
      reason: 'NoSeason',
      seasonMs: undefined,
      mase: undefined,
      gain: undefined,
    };
    expect(wishFor(untrusted, { loadPerPod: 10, current: 5, tolerance: 0.1 })).toBeUndefined();
    expect(wishFor(trusted, { loadPerPod: 0, current: 5, tolerance: 0.1 })).toBeUndefined();
  });
});
