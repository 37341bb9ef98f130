import { beforeEach, describe, expect, it } from 'vitest';
import { RolloutWatch } from '../../../src/controllers/scaling/rollouts.ts';

const MINUTE = 60_000;
let watch: RolloutWatch;
beforeEach(() => {
  watch = new RolloutWatch();
});

const at = (minute: number, updated: number, isPaused = false): boolean =>
  watch.isGettingOn({ state: 'Progressing', message: '', updated, isPaused }, minute * MINUTE);

describe('a rollout', () => {
  it('gets on while it updates a pod every ten minutes, however long it takes', () => {
    expect([0, 1, 2, 3, 4].map((step) => at(step * 9, step))).toEqual([true, true, true, true, true]);
  });

  it('does not get on when no further pod was updated for ten minutes, and stays so while its pods are taken away', () => {
    expect([at(0, 3), at(9.9, 3), at(10, 3), at(11, 2), at(12, 1), at(60, 1)]).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(at(61, 2)).toBe(true);
  });

  it('that comes after one that was stuck is a new one', () => {
    expect([at(0, 1), at(20, 1)]).toEqual([true, false]);
    expect(watch.isGettingOn({ state: 'Complete' }, 21 * MINUTE)).toBe(false);
    expect(at(22, 0)).toBe(true);
  });

  it('that somebody paused waits for nobody knows what', () => {
    expect(at(0, 1, true)).toBe(false);
    expect(at(1, 1)).toBe(true);
  });

  it.each(['Complete', 'Untold'] as const)('is none where it is %s', (state) => {
    expect(watch.isGettingOn({ state }, 0)).toBe(false);
  });

  it('past its own deadline does not get on', () => {
    expect(watch.isGettingOn({ state: 'Stuck', message: '' }, 0)).toBe(false);
  });
});
