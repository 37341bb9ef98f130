import { describe, expect, it } from 'vitest';
import { daily, randomWalk, type Shape, whiteNoise } from '../../../../hack/replay/generate.ts';
import { DEFAULTS } from '../../../../hack/replay/options.ts';
import { type Outcome, replay } from '../../../../hack/replay/replay.ts';
import type { Point } from '../../../../hack/replay/series.ts';

const DAY = 86_400_000;
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

/** Baton's figure over the HPA's; nothing of nothing is a draw. */
const share = (baton: number, hpa: number): number => (baton === hpa ? 1 : baton / hpa);
const under = ({ baton, hpa }: Outcome): number => share(baton.underProvisionedSeconds, hpa.underProvisionedSeconds);
const hours = ({ baton, hpa }: Outcome): number => baton.podHours / hpa.podHours;

describe('a week of daily load, 90 s until a pod is ready', () => {
  it.each<[Shape, number]>([
    ['office', 0],
    ['office', 0.05],
    ['ramps', 0.05],
    ['peaks', 0],
    ['peaks', 0.05],
    ['wave', 0.1],
  ])(
    '%s with noise of %d: at most half of the under-provisioned time at no more than a tenth more pod hours',
    (shape, noise) => {
      for (const seed of [1, 2]) {
        const outcome = replay(daily(shape, 7, noise, seed), DEFAULTS);
        expect(outcome.hpa.underProvisionedSeconds).toBeGreaterThan(0);
        expect(under(outcome)).toBeLessThanOrEqual(0.5);
        expect(hours(outcome)).toBeLessThanOrEqual(1.1);
      }
    },
  );

  it('holds where days differ, and for a season that is given', () => {
    const outcome = replay(daily('office', 7, 0.05, 3, 0.1), { ...DEFAULTS, season: DAY });
    expect(under(outcome)).toBeLessThanOrEqual(0.5);
    expect(hours(outcome)).toBeLessThanOrEqual(1.1);
  });

  it.each<[string, Shape, number, number]>([
    ['three days', 'office', 3, 1],
    ['three noisy days', 'ramps', 3, 1],
    ['five days with a figure every five minutes', 'wave', 5, 5],
    ['three days with a figure every five minutes', 'ramps', 3, 5],
  ])('holds for %s of %s', (_, shape, days, minutes) => {
    const noise = shape === 'office' ? 0 : 0.1;
    const load = daily(shape, days, noise, 1).filter((_, minute) => minute % minutes === 0);
    const outcome = replay(load, DEFAULTS);
    expect(outcome.hpa.underProvisionedSeconds).toBeGreaterThan(0);
    expect(under(outcome)).toBeLessThanOrEqual(0.5);
    expect(hours(outcome)).toBeLessThanOrEqual(1.1);
  });

  it('covers more with a higher quantile, and nothing without a season', () => {
    const load = daily('peaks', 4, 0.1, 1);
    const [careful, usual, none] = [{ quantile: 0.99 }, {}, { season: 'none' as const }].map((option) =>
      replay(load, { ...DEFAULTS, ...option }),
    );
    expect(careful?.baton.podHours).toBeGreaterThan(usual?.baton.podHours ?? NaN);
    expect(none?.baton).toEqual(none?.hpa);
    expect(none?.trustedShare).toBe(0);
  });
});

describe('a load without a season', () => {
  it.each<[string, (seed: number) => Point[]]>([
    ['white noise', (seed) => whiteNoise(3, 20, seed)],
    ['random walks', (seed) => randomWalk(3, 5, seed)],
    ['white noise every five minutes', (seed) => whiteNoise(3, 20, seed).filter((_, minute) => minute % 5 === 0)],
  ])('of %s is left alone: both figures within 1.02 over 20 seeds', (_, loadOf) => {
    let seconds = 0;
    for (const seed of SEEDS) {
      const outcome = replay(loadOf(seed), { ...DEFAULTS, season: seed % 2 === 0 ? 'auto' : DAY });
      seconds += outcome.hpa.underProvisionedSeconds;
      expect(under(outcome)).toBeLessThanOrEqual(1.02);
      expect(hours(outcome)).toBeLessThanOrEqual(1.02);
    }
    expect(seconds).toBeGreaterThan(0);
  });
});
