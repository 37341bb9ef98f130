import { describe, expect, it } from 'vitest';
import { normalFrom } from '../../../../hack/replay/generate.ts';
import { bestSmoothing, startState } from '../../../../src/domain/forecast/fit.ts';
import { HoltWinters } from '../../../../src/domain/forecast/holt-winters.ts';

const flat = (steps: number) => new Float32Array(steps);

describe('damped additive Holt-Winters', () => {
  it('is the arithmetic of its formulas', () => {
    const model = new HoltWinters(
      { level: 10, season: Float32Array.of(1, -1) },
      { alpha: 0.5, beta: 0.25, gamma: 0.1, phi: 0.8 },
    );
    expect(model.forecast(-1, 0)).toBe(11);
    // The error is 4: level 10 + 2, trend 1, season 1.4.
    model.update(0, 15);
    expect(model.forecast(0, 1)).toBeCloseTo(12 + 0.8 - 1, 6);
    expect(model.forecast(0, 2)).toBeCloseTo(12 + 0.8 + 0.64 + 1.4, 6);
    // The error is 0.2: level 12.8 + 0.1, trend 0.8 + 0.05.
    model.update(1, 12);
    expect(model.forecast(1, 2)).toBeCloseTo(12.9 + 0.8 * 0.85 + 1.4, 6);
  });

  it('lets a trend die away, so that no forecast runs off', () => {
    const model = new HoltWinters({ level: 0, season: flat(4) }, { alpha: 0.5, beta: 0.5, gamma: 0, phi: 0.9 });
    for (let at = 0; at < 50; at++) model.update(at, at);
    const [near, far, farther] = [51, 500, 5_000].map((at) => model.forecast(49, at));
    expect(far).toBeGreaterThan(near ?? NaN);
    expect(farther).toBeCloseTo(far ?? NaN, 6);
  });

  it('without damping goes on in a straight line', () => {
    const model = new HoltWinters({ level: 0, season: flat(4) }, { alpha: 0.9, beta: 0.5, gamma: 0, phi: 1 });
    for (let at = 0; at < 200; at++) model.update(at, 3 * at);
    expect(model.forecast(199, 209)).toBeCloseTo(3 * 209, 2);
  });

  it('lets time pass where a value is missing', () => {
    const model = new HoltWinters({ level: 7, season: flat(3) }, { alpha: 0.5, beta: 0, gamma: 0.5, phi: 0.9 });
    model.update(0, NaN);
    expect(model.forecast(0, 1)).toBe(7);
  });
});

describe('the start and the parameters', () => {
  it('begins with the first season: its mean, and each step by its index', () => {
    const start = startState({ first: 101, values: Float32Array.of(1, 2, 3, 6) }, 4);
    expect(start?.level).toBe(3);
    expect([...(start?.season ?? [])]).toEqual([3, -2, -1, 0]);
  });

  it('takes noise from the first season and leaves its edges', () => {
    const normal = normalFrom(5);
    const level = (at: number): number => (at % 200 < 100 ? 0 : 100);
    const values = Float32Array.from({ length: 200 }, (_, at) => level(at) + 4 * normal());
    const { level: mean = 0, season } = startState({ first: 0, values }, 200) ?? {};
    const errors = [...(season ?? [])].map((distance, at) => distance + mean - level(at));
    const deviation = Math.hypot(...errors) / Math.sqrt(errors.length);
    expect(deviation).toBeLessThan(3);
    expect(season?.[102]).toBeGreaterThan(30);
    expect(season?.[97]).toBeLessThan(-30);
  });

  it('has no start where a fifth of the season is missing', () => {
    const values = new Float32Array(100).fill(1);
    expect(startState({ first: 0, values: values.map((value, at) => (at < 21 ? NaN : value)) }, 100)).toBeUndefined();
    expect(startState({ first: 0, values: values.map((value, at) => (at < 19 ? NaN : value)) }, 100)).toBeDefined();
    expect(startState({ first: 0, values: values.subarray(0, 99) }, 100)).toBeUndefined();
  });

  it('follows fast what jumps from step to step, and slowly what is noise', () => {
    const normal = normalFrom(3);
    let walk = 100;
    const walking = Float32Array.from({ length: 600 }, () => (walk += 5 * normal()));
    const noise = Float32Array.from({ length: 600 }, () => 100 + 5 * normal());
    const alphaOf = (values: Float32Array): number => {
      const stretch = { first: 0, values };
      const start = startState(stretch, 60);
      if (start === undefined) throw new Error('no start');
      return bestSmoothing(start, stretch, 1).alpha;
    };
    expect(alphaOf(walking)).toBeGreaterThanOrEqual(0.3);
    expect(alphaOf(noise)).toBeLessThanOrEqual(0.1);
  });
});
