import { describe, expect, it } from 'vitest';
import {
  failedServices,
  holds,
  type RuleReading,
  type RuleState,
  watchRule,
} from '../../../../src/domain/emergency/rules.ts';
import { MINUTE, SECOND } from '../fixtures.ts';

const rule = { action: 'Halt', above: 50, for: '5m', atLeast: 4 } as const;
const at = (percent: number, counted = 10, all = counted): RuleReading => ({ kind: 'value', percent, counted, all });
const MISSING: RuleReading = { kind: 'missing' };

/** Looks every 15 seconds; whether the rule holds after each minute. */
function watch(...minutes: readonly RuleReading[]): boolean[] {
  let state: RuleState | undefined;
  let now = 0;
  return minutes.map((reading) => {
    for (let look = 0; look < 4; look++) {
      state = watchRule(state, reading, rule, now);
      now += 15 * SECOND;
    }
    return holds(state, rule);
  });
}
const minutes = (count: number, reading: RuleReading): RuleReading[] => Array.from({ length: count }, () => reading);

describe('a rule', () => {
  it('holds when its limit was passed for the whole window, and not a moment longer than that', () => {
    expect(watch(...minutes(6, at(51)), at(50), at(51))).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
      false,
      false,
    ]);
  });

  it('begins its window anew after a single look at or below the limit', () => {
    expect(watch(...minutes(4, at(99)), at(10), ...minutes(4, at(99)))).not.toContain(true);
  });

  it.each([
    ['missing data', MISSING],
    ['too few to judge by', at(100, 3)],
    ['figures of too few of all', at(100, 8, 10)],
  ])('never holds on %s, and begins its window anew after it', (_, reading) => {
    expect(watch(...minutes(10, reading))).not.toContain(true);
    expect(watch(...minutes(4, at(99)), reading, ...minutes(5, at(99)))).not.toContain(true);
  });

  it('takes nothing for granted between looks that are far apart', () => {
    let state = watchRule(undefined, at(99), rule, 0);
    state = watchRule(state, at(99), rule, 6 * MINUTE);
    expect(holds(state, rule)).toBe(false);
  });
});

describe('the share of services that are Failed', () => {
  const service = (health: 'Healthy' | 'Failed', confidence = 1, everAvailable = true) => ({
    health,
    confidence,
    everAvailable,
  });

  it('is of those that were available once, with how many of them have fresh evidence', () => {
    expect(
      failedServices([
        service('Failed'),
        service('Failed'),
        service('Healthy'),
        service('Healthy', 0),
        service('Failed', 0),
        service('Failed', 1, false),
      ]),
    ).toEqual({ kind: 'value', percent: (2 / 3) * 100, counted: 3, all: 5 });
  });

  it('is missing where none has', () => {
    expect(failedServices([service('Failed', 0)])).toEqual({ kind: 'missing' });
    expect(failedServices([])).toEqual({ kind: 'missing' });
  });
});
