import { describe, expect, it } from 'vitest';
import type { Health, HealthLevel } from '../../../src/api/kinds.ts';
import { dueAt, type LevelState, step } from '../../../src/domain/health/hysteresis.ts';
import { isWorse, levelOf, levelWithSpare } from '../../../src/domain/health/level.ts';
import { fc } from '../../support/properties.ts';

const at = (score: number, fall = 0, rise = 10_000) => ({ atBest: score, asLastSeen: score, fall, rise });
/** True where the evidence is below the level, false where it is above with points to spare. */
function sideOf(score: number, from: HealthLevel): boolean | undefined {
  if (isWorse(levelOf(score), from)) return true;
  return isWorse(from, levelWithSpare(score)) ? false : undefined;
}

const level = (name: Health): LevelState => ({ level: name, pending: undefined });

describe('levels', () => {
  it.each([
    [100, 'Healthy'],
    [90, 'Healthy'],
    [89.999, 'Warning'],
    [70, 'Warning'],
    [69, 'Degraded'],
    [40, 'Degraded'],
    [39, 'Critical'],
    [0.1, 'Critical'],
    [0, 'Failed'],
  ])('%d is %s', (score, expected) => expect(levelOf(score)).toBe(expected));

  it.each([
    [95, 'Healthy'],
    [94.9, 'Warning'],
    [75, 'Warning'],
    [74.9, 'Degraded'],
    [45, 'Degraded'],
    [44.9, 'Critical'],
    [5, 'Critical'],
    [4.9, 'Failed'],
  ])('%d is enough to rise to %s', (score, expected) => expect(levelWithSpare(score)).toBe(expected));
});

describe('hysteresis', () => {
  it('falls at once with fall 0s, and to whatever the evidence says', () => {
    expect(step(level('Healthy'), at(0), 1000)).toEqual(level('Failed'));
  });

  it('takes the first evidence at once', () => {
    expect(step(level('Unknown'), at(50), 1000)).toEqual(level('Degraded'));
  });

  it('rises after rise, and not a millisecond before', () => {
    const waiting = step(level('Failed'), at(100), 1000);
    expect(waiting).toEqual({ level: 'Failed', pending: { level: 'Healthy', since: 1000 } });
    expect(dueAt(waiting, at(100))).toBe(11_000);
    expect(step(waiting, at(100), 10_999)).toEqual(waiting);
    expect(step(waiting, at(100), 11_000)).toEqual(level('Healthy'));
  });

  it('does not rise without five points to spare, and stays where it is', () => {
    expect(step(level('Warning'), at(94), 1000)).toEqual(level('Warning'));
    expect(step(level('Degraded'), at(94), 1000).pending).toEqual({ level: 'Warning', since: 1000 });
  });

  it('forgets a rise when the evidence is bad again in between', () => {
    const waiting = step(level('Degraded'), at(100), 0);
    const again = step(waiting, at(50), 5_000);
    expect(again).toEqual(level('Degraded'));
    expect(step(step(again, at(100), 6_000), at(100), 15_999).level).toBe('Degraded');
  });

  it('rises only as far as it was all the time; the rest waits again', () => {
    let state = step(level('Failed'), at(50), 0);
    state = step(state, at(100), 9_000);
    state = step(state, at(100), 10_000);
    expect(state).toEqual({ level: 'Degraded', pending: { level: 'Healthy', since: 10_000 } });
    expect(step(state, at(100), 20_000)).toEqual(level('Healthy'));
  });

  it('falls after fall only as far as it was all the time, even when the evidence swings', () => {
    let state = step(level('Healthy'), at(80, 30_000), 0);
    state = step(state, at(0, 30_000), 10_000);
    state = step(state, at(80, 30_000), 20_000);
    expect(state).toEqual({ level: 'Healthy', pending: { level: 'Warning', since: 0 } });
    expect(step(state, at(80, 30_000), 30_000)).toEqual(level('Warning'));
  });

  it('counts from now when the clock was set back', () => {
    const waiting: LevelState = { level: 'Failed', pending: { level: 'Healthy', since: 1_000_000 } };
    const back = step(waiting, at(100), 500_000);
    expect(back.pending?.since).toBe(500_000);
    expect(step(back, at(100), 510_000)).toEqual(level('Healthy'));
  });

  it('never changes faster than fall and rise, for any evidence and any steps of time', () => {
    const moves = fc.array(
      fc.record({ score: fc.integer({ min: 0, max: 100 }), wait: fc.integer({ min: 0, max: 9_000 }) }),
      { maxLength: 60, size: 'max' },
    );
    fc.assert(
      fc.property(moves, fc.constantFrom(0, 7_000, 30_000), fc.constantFrom(0, 10_000), (all, fall, rise) => {
        let state: LevelState = level('Healthy');
        let now = 0;
        // Since when the evidence was on one side of the level without a break, as the one who looks at each step sees it.
        let side = { falls: undefined as boolean | undefined, since: 0 };
        for (const { score, wait } of all) {
          now += wait;
          if (state.level === 'Unknown') throw new Error('a level is never taken back');
          const from = state.level;
          const falls = sideOf(score, from);
          if (falls !== side.falls) side = { falls, since: now };
          state = step(state, at(score, fall, rise), now);
          if (state.level === from || state.level === 'Unknown') continue;
          expect(isWorse(state.level, from)).toBe(falls);
          expect(now - side.since).toBeGreaterThanOrEqual(falls ? fall : rise);
          side = { falls: sideOf(score, state.level), since: now };
        }
      }),
      { numRuns: 500 },
    );
  });
});
