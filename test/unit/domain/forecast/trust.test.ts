import { describe, expect, it } from 'vitest';
import { type Outcome, SlowMean, Trust } from '../../../../src/domain/forecast/trust.ts';
import { fc } from '../../../support/properties.ts';

const outcome = (forecast: number, naive: number, last: number, mean: number): Outcome => ({
  actual: 100,
  forecast: 100 + forecast,
  seasonalNaive: 100 + naive,
  last: 100 + last,
  mean: 100 + mean,
});

function judged(times: number, ...one: Parameters<typeof outcome>): Trust {
  const trust = new Trust(50, 20);
  for (let time = 0; time < times; time++) trust.judge(outcome(...one));
  return trust;
}

describe('trust in a forecast', () => {
  it('has the mean absolute scaled error and the squared error against doing nothing as its record', () => {
    const { record } = judged(30, 2, 4, 8, 5);
    expect(record.mase).toBeCloseTo(0.5);
    expect(record.gain).toBeCloseTo(4 / 25);
  });

  it('comes after enough forecasts', () => {
    expect(judged(19, 2, 4, 8, 8).isTrusted).toBe(false);
    expect(judged(20, 2, 4, 8, 8).isTrusted).toBe(true);
  });

  it.each([
    ['no better than the season before', 40, 40, 100, 100],
    ['no better than the last value, as on a random walk', 10, 100, 10, 100],
    ['no better than the mean, as on white noise', 10, 14, 100, 10],
  ] as const)('is refused when %s', (_, forecast, naive, last, mean) => {
    expect(judged(200, forecast, naive, last, mean).isTrusted).toBe(false);
  });

  it('does not ask for more than an exact forecast where the season repeats exactly', () => {
    const trust = judged(100, 0, 0, 10, 10);
    expect(trust.isTrusted).toBe(true);
    expect(trust.record.mase).toBe(1);
  });

  it('is not shaken by a little, is lost for good reason, and comes back', () => {
    const trust = judged(200, 20, 40, 100, 100);
    for (let time = 0; time < 500; time++) trust.judge(outcome(20, 20, 100, 100));
    expect(trust.isTrusted).toBe(true);
    for (let time = 0; time < 500; time++) trust.judge(outcome(20, 15, 100, 100));
    expect(trust.isTrusted).toBe(false);
    for (let time = 0; time < 500; time++) trust.judge(outcome(20, 20, 100, 100));
    expect(trust.isTrusted).toBe(false);
    for (let time = 0; time < 500; time++) trust.judge(outcome(20, 40, 100, 100));
    expect(trust.isTrusted).toBe(true);
  });

  it('does not depend on the unit of the load', () => {
    const load = fc.integer({ min: 1, max: 500 });
    const any = fc.record({ actual: load, forecast: load, seasonalNaive: load, last: load, mean: load });
    const verdict = (all: readonly Outcome[], unit: number): boolean => {
      const trust = new Trust(30, 10);
      for (const { actual, forecast, seasonalNaive, last, mean } of all) {
        const [a = 0, b = 0, c = 0, d = 0, e = 0] = [actual, forecast, seasonalNaive, last, mean].map(
          (one) => one * unit,
        );
        trust.judge({ actual: a, forecast: b, seasonalNaive: c, last: d, mean: e });
      }
      return trust.isTrusted;
    };
    fc.assert(
      fc.property(fc.array(any, { maxLength: 80 }), (all) => {
        expect(verdict(all, 1_024)).toBe(verdict(all, 1));
      }),
    );
  });

  it('leaves out what is not known', () => {
    const trust = judged(30, 2, 4, 8, 8);
    trust.judge({ ...outcome(1e9, 0, 0, 0), seasonalNaive: NaN });
    expect(trust.record.mase).toBeCloseTo(0.5);
    expect(new Trust(5, 5).record.mase).toBe(1);
  });
});

describe('the mean to beat', () => {
  it('is that of all values at first, and moves by a fiftieth later', () => {
    const mean = new SlowMean();
    expect(mean.value).toBeNaN();
    mean.update(100);
    mean.update(NaN);
    mean.update(150);
    expect(mean.value).toBe(125);
    for (let time = 0; time < 48; time++) mean.update(125);
    mean.update(175);
    expect(mean.value).toBeCloseTo(126);
  });
});
