import { describe, expect, it } from 'vitest';
import { StepHistory, stepFor } from '../../../../src/domain/forecast/steps.ts';

const DAY = 86_400_000;

describe('the length of a step', () => {
  it('divides every season into whole steps, and never into more than a day has minutes', () => {
    expect(stepFor('auto')).toBe(60_000);
    expect(stepFor(DAY)).toBe(60_000);
    expect(stepFor(7 * DAY)).toBe(420_000);
    expect(stepFor(3_600_000)).toBe(15_000);
    for (const season of [100_000, 1_234_567, 3 * DAY, 30 * DAY]) {
      const steps = season / stepFor(season);
      expect(steps).toBeCloseTo(Math.round(steps), 6);
      expect(steps).toBeLessThanOrEqual(1_440.001);
    }
  });

  it('refuses a season that is too short', () => {
    expect(() => stepFor(30_000)).toThrow('shorter than a minute');
    expect(() => stepFor(NaN)).toThrow(RangeError);
  });
});

describe('a history of steps', () => {
  it('closes a step when a point of a later one comes, with the mean of its points', () => {
    const history = new StepHistory(1_000, { capacity: 8 });
    expect(history.observe(10_100, 2)).toEqual([]);
    expect(history.observe(10_900, 4)).toEqual([]);
    expect(history.observe(11_000, 7)).toEqual([{ index: 10, value: 3, peak: 4 }]);
    expect([history.at(10), history.at(11), history.at(9)]).toEqual([3, NaN, NaN]);
    expect(history.length).toBe(1);
  });

  it('takes no figure that is too large to be kept', () => {
    const history = new StepHistory(1_000, { capacity: 8 });
    history.observe(10_000, 1e39);
    history.observe(10_500, 2);
    expect(history.observe(11_000, 1)).toEqual([{ index: 10, value: 2, peak: 2 }]);
  });

  it('tells of gaps, and leaves out what is too late or no number', () => {
    const history = new StepHistory(1_000, { capacity: 8 });
    history.observe(10_000, 1);
    expect(history.observe(13_000, 5)).toEqual([
      { index: 10, value: 1, peak: 1 },
      { index: 11, value: NaN, peak: NaN },
      { index: 12, value: NaN, peak: NaN },
    ]);
    expect(history.observe(12_999, 100)).toEqual([]);
    expect(history.observe(13_500, NaN)).toEqual([]);
    expect(history.observe(NaN, 1)).toEqual([]);
    expect(history.observe(14_000, 0)).toEqual([{ index: 13, value: 5, peak: 5 }]);
    expect([...history.values()]).toEqual([1, NaN, NaN, 5]);
  });

  it('holds a value over a short gap where it was told to', () => {
    const history = new StepHistory(1_000, { capacity: 8, holdMs: 2_500 });
    history.observe(10_000, 1);
    history.observe(15_000, 5);
    expect([...history.values()]).toEqual([1, 1, 1, NaN, NaN]);
  });

  it('keeps no more than its capacity, and after a leap of the clock nothing', () => {
    const history = new StepHistory(1_000, { capacity: 4 });
    for (let second = 0; second <= 10; second++) history.observe(second * 1_000, second);
    expect([...history.values()]).toEqual([6, 7, 8, 9]);
    const steps = history.observe(1e12, 1);
    expect(steps).toHaveLength(4);
    expect([...history.values()]).toEqual([NaN, NaN, NaN, NaN]);
  });
});
