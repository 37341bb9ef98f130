import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../../src/domain/duration.ts';
import {
  enter,
  type Ledger,
  MAX_SEGMENTS,
  readLedger,
  startLedger,
  type UptimeState,
  writeLedger,
} from '../../../src/domain/uptime/ledger.ts';
import { objectiveFigures } from '../../../src/domain/uptime/objectives.ts';
import { HOUR, MINUTE, NOW, SECOND } from './fixtures.ts';
import { fc } from '../../support/properties.ts';

const KEEP = 30 * 24 * HOUR;
const STATES: readonly UptimeState[] = ['Up', 'Down', 'Unknown', 'Maintenance'];

const sum = ({ totals }: Ledger): number => STATES.reduce((all, state) => all + totals[state], 0);

/** Walks through the moves, through the text of a status at each of them as if the operator was restarted. */
function walk(moves: readonly { state: UptimeState; wait: number }[]): { ledger: Ledger; latest: number } {
  let ledger = startLedger('Up', NOW);
  let now = NOW;
  let latest = NOW;
  for (const { state, wait } of moves) {
    now += wait;
    ledger = readLedger(writeLedger(enter(ledger, state, now, KEEP))) ?? ledger;
    latest = Math.max(latest, ledger.since);
  }
  return { ledger, latest };
}

const move = (wait: fc.Arbitrary<number>) => fc.record({ state: fc.constantFrom(...STATES), wait });

describe('uptime', () => {
  it('adds up the closed times and remembers those that were not up', () => {
    const { ledger } = walk([
      { state: 'Down', wait: HOUR },
      { state: 'Up', wait: 5 * MINUTE },
      { state: 'Maintenance', wait: 10 * MINUTE },
      { state: 'Up', wait: HOUR },
    ]);
    expect(writeLedger(ledger)).toEqual({
      state: 'Up',
      since: '2026-05-01T12:15:00.000Z',
      up: '1h10m',
      down: '5m',
      unknown: '0s',
      maintenance: '1h',
      segments: [
        { state: 'Down', from: '2026-05-01T11:00:00.000Z', to: '2026-05-01T11:05:00.000Z' },
        { state: 'Maintenance', from: '2026-05-01T11:15:00.000Z', to: '2026-05-01T12:15:00.000Z' },
      ],
    });
  });

  it('is the same object while the state stays, so that nothing is written', () => {
    const ledger = startLedger('Up', NOW);
    expect(enter(ledger, 'Up', NOW + HOUR, KEEP)).toBe(ledger);
  });

  it('counts every millisecond exactly once, and through restarts', () => {
    fc.assert(
      fc.property(fc.array(move(fc.integer({ min: 0, max: 10 * HOUR })), { maxLength: 100, size: 'max' }), (moves) => {
        const { ledger } = walk(moves);
        expect(sum(ledger)).toBe(ledger.since - NOW);
      }),
    );
  });

  it('is never negative and never more than the clock showed at its latest, however the clock jumps', () => {
    fc.assert(
      fc.property(
        fc.array(move(fc.integer({ min: -5 * HOUR, max: 5 * HOUR })), { maxLength: 60, size: 'max' }),
        (moves) => {
          const { ledger, latest } = walk(moves);
          for (const state of STATES) expect(ledger.totals[state]).toBeGreaterThanOrEqual(0);
          for (const { from, to, total } of ledger.segments) {
            expect(to).toBeGreaterThan(from);
            expect(total).toBeGreaterThan(0);
            expect(total).toBeLessThanOrEqual(to - from);
          }
          expect(sum(ledger)).toBe(latest - NOW);
        },
      ),
    );
  });

  it('keeps at most 64 segments and loses no time of any state by joining them', () => {
    fc.assert(
      fc.property(
        fc.array(move(fc.integer({ min: 1, max: HOUR })), { minLength: 150, maxLength: 250, size: 'max' }),
        (moves) => {
          const { ledger } = walk(moves);
          expect(ledger.segments.length).toBeLessThanOrEqual(MAX_SEGMENTS);
          for (const state of STATES) {
            if (state === 'Up') continue;
            const kept = ledger.segments
              .filter((segment) => segment.state === state)
              .reduce((all, { total }) => all + total, 0);
            expect(kept).toBe(ledger.totals[state]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('joins the two that are nearest', () => {
    const moves: { state: UptimeState; wait: number }[] = [];
    for (let index = 0; index < 65; index += 1) {
      moves.push({ state: 'Down', wait: index === 40 ? SECOND : HOUR }, { state: 'Up', wait: MINUTE });
    }
    const { ledger } = walk(moves);
    const joined = ledger.segments.filter(({ from, to, total }) => total < to - from);
    expect(joined).toHaveLength(1);
    expect(joined[0]).toMatchObject({ total: 2 * MINUTE, state: 'Down' });
    expect((joined[0]?.to ?? 0) - (joined[0]?.from ?? 0)).toBe(2 * MINUTE + SECOND);
  });

  it('drops what ended before the objectives look back, when something else changes', () => {
    let ledger = enter(startLedger('Down', NOW), 'Up', NOW + MINUTE, HOUR);
    expect(ledger.segments).toHaveLength(1);
    ledger = enter(ledger, 'Maintenance', NOW + 2 * HOUR, HOUR);
    expect(ledger.segments).toHaveLength(0);
    expect(ledger.totals.Down).toBe(MINUTE);
  });

  it('begins anew from a status that does not say what it should', () => {
    expect(readLedger({ state: 'Up', since: 'yesterday' })).toBeUndefined();
    expect(readLedger({ state: 'Up' })).toBeUndefined();
    expect(readLedger({ state: 'Up', since: '2026-05-01T10:00:00Z', up: 'long' })?.totals.Up).toBe(0);
  });
});

describe('objectives', () => {
  const monthly = { name: 'availability' as const, target: 99.9, window: '30d' };
  const since = (begun: number): Ledger => startLedger('Up', begun);

  it('tells 43.2 minutes of 30 days at 99.9 %: 21.6 minutes down are half of it', () => {
    const begun = NOW - 40 * 24 * HOUR;
    let ledger = enter(since(begun), 'Down', NOW - 48 * HOUR, KEEP);
    ledger = enter(ledger, 'Up', NOW - 48 * HOUR + 21.6 * MINUTE, KEEP);
    const figures = objectiveFigures(monthly, ledger, NOW);
    expect(figures.budgetRemaining).toBeCloseTo(0.5, 6);
    expect(figures.availability).toBeCloseTo(1 - 21.6 / (30 * 24 * 60), 9);
    expect(figures.burnRate).toBe(0);
    expect(figures.met).toBe(true);
  });

  it('burns at 1,000 while it is down: an hour of errors at a tolerance of 0.1 %', () => {
    const ledger = enter(since(NOW - 24 * HOUR), 'Down', NOW - HOUR, KEEP);
    const figures = objectiveFigures(monthly, ledger, NOW);
    expect(figures.burnRate).toBeCloseTo(1000, 6);
    // 60 of 43.2 minutes: overspent by 16.8 / 43.2.
    expect(figures.budgetRemaining).toBeCloseTo(1 - 60 / 43.2, 6);
    expect(figures.met).toBe(false);
    // A point of what is spent is 36 s; of a budget that is left it would be 25.92 s.
    expect(figures.movesAt).toBeCloseTo(NOW + 36_000, 0);
  });

  it('counts maintenance and time without evidence neither way', () => {
    const day = { ...monthly, target: 99, window: '1d' };
    let ledger = enter(since(NOW - 48 * HOUR), 'Maintenance', NOW - 20 * HOUR, KEEP);
    ledger = enter(ledger, 'Unknown', NOW - 10 * HOUR, KEEP);
    ledger = enter(ledger, 'Up', NOW - 8 * HOUR, KEEP);
    // 12 of 24 hours are left out; 1 % of the other 12 is 7.2 minutes.
    ledger = enter(enter(ledger, 'Down', NOW - 4 * HOUR, KEEP), 'Up', NOW - 4 * HOUR + 3.6 * MINUTE, KEEP);
    const figures = objectiveFigures(day, ledger, NOW);
    expect(figures.budgetRemaining).toBeCloseTo(0.5, 6);
    expect(figures.availability).toBeCloseTo(1 - 3.6 / 720, 9);
  });

  it('gives a young service the budget of the whole window', () => {
    const ledger = enter(enter(since(NOW - HOUR), 'Down', NOW - 30 * MINUTE, KEEP), 'Up', NOW - 29 * MINUTE, KEEP);
    const figures = objectiveFigures(monthly, ledger, NOW);
    expect(figures.budgetRemaining).toBeCloseTo(1 - 1 / 43.2, 6);
    expect(figures.availability).toBeCloseTo(59 / 60, 9);
  });

  it('gets its budget back when a time that was down leaves the window, and says when to look', () => {
    const down = NOW - 20 * 24 * HOUR;
    const ledger = enter(enter(since(NOW - 40 * 24 * HOUR), 'Down', down, KEEP), 'Up', down + 43.2 * MINUTE, KEEP);
    const spent = objectiveFigures(monthly, ledger, NOW);
    expect(spent.budgetRemaining).toBeCloseTo(0, 6);
    expect(spent.movesAt).toBeCloseTo(down + 30 * 24 * HOUR + 25_920, 0);
    const half = objectiveFigures(monthly, ledger, down + 30 * 24 * HOUR + 21.6 * MINUTE);
    expect(half.budgetRemaining).toBeCloseTo(0.5, 6);
    const whole = objectiveFigures(monthly, ledger, down + 30 * 24 * HOUR + HOUR);
    expect(whole).toMatchObject({ budgetRemaining: 1, movesAt: undefined });
  });

  it('looks again when the burn rate of the last hour ends', () => {
    const ledger = enter(enter(since(NOW - 24 * HOUR), 'Down', NOW - MINUTE, KEEP), 'Up', NOW, KEEP);
    expect(objectiveFigures(monthly, ledger, NOW).movesAt).toBe(NOW + HOUR);
    expect(objectiveFigures(monthly, ledger, NOW + HOUR).burnRate).toBe(0);
    const longer = enter(enter(since(NOW - 24 * HOUR), 'Down', NOW - 30 * MINUTE, KEEP), 'Up', NOW, KEEP);
    // It stands until the outage begins to leave the hour, and is looked at each minute then.
    expect(objectiveFigures(monthly, longer, NOW).movesAt).toBe(NOW + 31 * MINUTE);
    expect(objectiveFigures(monthly, longer, NOW + 40 * MINUTE).movesAt).toBe(NOW + 41 * MINUTE);
    expect(objectiveFigures(monthly, longer, NOW + 59.5 * MINUTE).movesAt).toBe(NOW + HOUR);
  });

  it('says of any history when to look again, before the budget moves by more than is noticed', () => {
    const moves = fc.array(move(fc.integer({ min: MINUTE, max: 20 * HOUR })), { minLength: 1, maxLength: 20 });
    const part = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(
        moves,
        fc.constantFrom('1d', '7d', '30d'),
        fc.constantFrom(95, 99, 99.9),
        part,
        (all, window, target, part) => {
          const { ledger } = walk(all);
          const objective = { name: 'availability' as const, target, window };
          const now = ledger.since + HOUR;
          const { movesAt, budgetRemaining } = objectiveFigures(objective, ledger, now);
          const between = now + part * Math.min((movesAt ?? Infinity) - now, 30 * 24 * HOUR);
          fc.pre(between > now + 10 * SECOND);
          const later = objectiveFigures(objective, ledger, between).budgetRemaining;
          // Two times may leave the window at once.
          expect(Math.abs(later - budgetRemaining)).toBeLessThanOrEqual(0.021 * Math.max(1, 1 - budgetRemaining));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('does not count more down than there was time, where a joined segment overlaps with another', () => {
    const begun = NOW - 100 * HOUR;
    const ledger: Ledger = {
      state: 'Up',
      since: NOW,
      totals: { Up: 42 * HOUR, Down: 50 * HOUR, Unknown: 0, Maintenance: 8 * HOUR },
      segments: [
        { state: 'Down', from: begun, to: NOW, total: 50 * HOUR },
        { state: 'Maintenance', from: NOW - 8 * HOUR, to: NOW, total: 8 * HOUR },
      ],
    };
    // Of the last 10 hours 5 were down by its share and 8 maintenance: only 2 are left to have been down.
    expect(objectiveFigures({ name: 'availability', target: 90, window: '10h' }, ledger, NOW).availability).toBe(0);
  });

  it('stays within its bounds for any history, joined segments and jumping clocks', () => {
    const target = fc.double({ min: 50, max: 99.999, noNaN: true });
    const moves = fc.array(move(fc.integer({ min: -HOUR, max: 20 * HOUR })), { maxLength: 120, size: 'max' });
    fc.assert(
      fc.property(
        moves,
        target,
        fc.constantFrom('1h', '1d', '30d'),
        fc.integer({ min: -HOUR, max: HOUR }),
        (all, target, window, ahead) => {
          const { ledger } = walk(all);
          const figures = objectiveFigures({ name: 'availability', target, window }, ledger, ledger.since + ahead);
          expect(figures.availability).toBeGreaterThanOrEqual(0);
          expect(figures.availability).toBeLessThanOrEqual(1);
          expect(figures.budgetRemaining).toBeLessThanOrEqual(1);
          // All of the window down spends the budget 1 / (1 − target) times.
          expect(figures.budgetRemaining).toBeGreaterThanOrEqual(1 - 1 / (1 - target / 100) - 1e-6);
          expect(figures.burnRate).toBeGreaterThanOrEqual(0);
          expect(figures.burnRate).toBeLessThanOrEqual(1 / (1 - target / 100) + 1e-6);
          expect(figures.movesAt ?? Infinity).toBeGreaterThan(ledger.since + Math.min(0, ahead));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('durations', () => {
  it.each([
    ['1h30m', 5_400_000],
    ['30d', 2_592_000_000],
    ['250ms', 250],
    ['1.5s', 1_500],
    ['1d2h3m4s5ms', 93_784_005],
    ['0s', 0],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '5', 'h', '1h 30m', '-1h', '1w', '1hx'])('%j is none', (text) =>
    expect(() => parseDuration(text)).toThrow(RangeError),
  );

  it('are written so that they read back exactly', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});
