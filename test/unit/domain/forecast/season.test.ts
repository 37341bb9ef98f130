import { describe, expect, it } from 'vitest';
import { daily, normalFrom, randomWalk, SHAPES, type Shape, whiteNoise } from '../../../../hack/replay/generate.ts';
import { findSeason } from '../../../../src/domain/forecast/season.ts';

const CLOCKS = [60, 120, 360, 720, 1_440];
const valuesOf = (points: readonly { value: number }[]): Float32Array =>
  Float32Array.from(points, ({ value }) => value);

describe('finding a season', () => {
  it.each(Object.keys(SHAPES) as Shape[])('finds the day in two days of %s, with and without noise', (shape) => {
    for (const noise of [0, 0.02, 0.05]) {
      expect(findSeason(valuesOf(daily(shape, 2, noise, 7)), CLOCKS)?.steps).toBe(1_440);
    }
    expect(findSeason(valuesOf(daily(shape, 3, 0.1, 7)), CLOCKS)?.steps).toBe(1_440);
  });

  it('finds a season that no clock has', () => {
    for (const steps of [17, 75, 333]) {
      const normal = normalFrom(steps);
      const saw = Float32Array.from({ length: steps * 6 }, (_, at) => ((at % steps) / steps) * 100 + 5 * normal());
      expect(findSeason(saw, CLOCKS)?.steps).toBe(steps);
    }
  });

  it('finds none in noise and walks but by chance', () => {
    let found = 0;
    for (let seed = 1; seed <= 40; seed++) {
      if (findSeason(valuesOf(whiteNoise(2, 10, seed)), CLOCKS) !== undefined) found++;
      if (findSeason(valuesOf(randomWalk(2, 3, seed)), CLOCKS) !== undefined) found++;
    }
    expect(found).toBeLessThanOrEqual(2);
  });

  it('finds none in what only rises, is constant, is short or is missing', () => {
    const of = (value: (at: number) => number, length = 2_000) =>
      findSeason(Float32Array.from({ length }, (_, at) => value(at)));
    expect(of((at) => at)).toBeUndefined();
    expect(of(() => 5)).toBeUndefined();
    expect(of((at) => at % 4, 20)).toBeUndefined();
    expect(of(() => NaN)).toBeUndefined();
    expect(of(() => 1, 0)).toBeUndefined();
  });

  it('sees through gaps', () => {
    const values = valuesOf(daily('office', 3, 0.05, 1)).map((value, at) =>
      at % 7 === 0 || (at > 900 && at < 1_100) ? NaN : value,
    );
    expect(findSeason(values, CLOCKS)?.steps).toBe(1_440);
  });

  it('stays with the season that is known where another one is hardly better', () => {
    const values = valuesOf(daily('wave', 3, 0.02, 1));
    expect(findSeason(values, [], 1_435)?.steps).toBe(1_435);
    expect(findSeason(values, CLOCKS, 60)?.steps).toBe(1_440);
  });
});
