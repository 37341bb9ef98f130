import { describe, expect, it } from 'vitest';
import { SortedWindow } from '../../../../src/domain/forecast/window.ts';
import { fc } from '../../../support/properties.ts';

const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), {
  minLength: 1,
  maxLength: 60,
});

function filled(all: readonly number[], capacity: number): SortedWindow {
  const window = new SortedWindow(capacity);
  for (const value of all) window.push(value);
  return window;
}

/** Definition 7 of Hyndman & Fan, the slow way. */
function quantileOf(kept: readonly number[], p: number): number {
  const sorted = kept.toSorted((a, b) => a - b);
  const place = p * (sorted.length - 1);
  const [low = 0, high = low] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (place - Math.floor(place)) * (high - low);
}

describe('a sorted window', () => {
  it('has the quantiles of the last values, whatever came before', () => {
    fc.assert(
      fc.property(
        values,
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, size, p) => {
          const kept = all.slice(-size);
          expect(filled(all, size).quantile(p)).toBeCloseTo(quantileOf(kept, p), 4);
        },
      ),
    );
  });

  it('has the median deviation of the last values: the nearest half lies within it', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 20 }), (all, size) => {
        const kept = all.slice(-size);
        const centre = quantileOf(kept, 0.5);
        const distances = kept.map((value) => Math.abs(value - centre)).toSorted((a, b) => a - b);
        const expected = distances[Math.ceil(kept.length / 2) - 1] ?? 0;
        expect(Math.abs(filled(all, size).medianDeviation() - expected)).toBeLessThanOrEqual(
          1e-6 * (1 + Math.abs(expected)),
        );
      }),
    );
  });

  it('says nothing of nothing', () => {
    const window = new SortedWindow(4);
    expect([window.quantile(0.5), window.medianDeviation()]).toEqual([NaN, NaN]);
    window.push(3);
    window.clear();
    expect(window.size).toBe(0);
    expect(window.quantile(0.5)).toBeNaN();
  });

  it('knows the mean distance from the median', () => {
    expect(filled([1, 2, 9], 5).meanDeviation()).toBeCloseTo(8 / 3);
  });
});
