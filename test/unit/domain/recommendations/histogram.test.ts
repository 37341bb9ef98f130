import { describe, expect, it } from 'vitest';
import { DecayingHistogram } from '../../../../src/domain/recommendations/histogram.ts';
import { HOUR } from '../fixtures.ts';
import { fc } from '../../../support/properties.ts';

const histogram = () => new DecayingHistogram({ first: 0.001, most: 1_000, halfLifeMs: 24 * HOUR });

describe('the histogram', () => {
  it('says nothing when it is empty', () => {
    expect(histogram().percentile(0.9)).toBe(0);
  });

  it('gives an upper bound of the exact percentile that is at most 5 % and one bucket too high', () => {
    const values = fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, fc.double({ min: 0.05, max: 1, noNaN: true }), (samples, share) => {
        const filled = histogram();
        for (const sample of samples) filled.add(sample, 0);
        const exact = samples.toSorted((a, b) => a - b)[Math.ceil(share * samples.length * (1 - 1e-5)) - 1] ?? 0;
        const bound = filled.percentile(share);
        expect(bound).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
        expect(bound).toBeLessThanOrEqual(exact * 1.05 + 0.001 + 1e-9);
      }),
    );
  });

  it('forgets: what is one half-life old weighs half', () => {
    const filled = histogram();
    for (let i = 0; i < 100; i++) filled.add(8, 0);
    for (let i = 0; i < 50; i++) filled.add(1, 24 * HOUR);
    // Two equal halves.
    expect(filled.percentile(0.45)).toBeLessThan(1.1);
    expect(filled.percentile(0.55)).toBeGreaterThanOrEqual(8);
    for (let i = 0; i < 50; i++) filled.add(1, 72 * HOUR);
    expect(filled.percentile(0.8)).toBeLessThan(1.1);
  });

  it('still tells old from new after years, and keeps figures in range', () => {
    const filled = histogram();
    for (let day = 0; day < 2_000; day++) filled.add(day < 1_990 ? 100 : 2, day * 24 * HOUR);
    expect(filled.percentile(0.99)).toBeLessThan(2.2);
    expect(filled.percentile(1)).toBeLessThanOrEqual(106);
  });

  it('counts what is out of range in the first and the last bucket', () => {
    const filled = histogram();
    filled.add(0, 0);
    filled.add(Number.NaN, 0);
    expect(filled.percentile(1)).toBeCloseTo(0.001);
    filled.add(1e9, 0);
    expect(filled.percentile(1)).toBeLessThan(1_100);
    expect(filled.percentile(1)).toBeGreaterThan(900);
  });
});
