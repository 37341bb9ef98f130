import { describe, expect, it } from 'vitest';
import { type MaintenanceWindow, openWindow, windowProblems } from '../../../src/domain/maintenance/windows.ts';

const window = (schedule: string, duration = '1h', timeZone = 'UTC'): MaintenanceWindow => ({
  schedule,
  duration,
  timeZone,
});
const at = (time: string) => Date.parse(time);
const open = (until: string) => ({ state: 'Open', until: at(until), askAgainAt: at(until) });

describe('maintenance windows', () => {
  const sunday = [window('0 3 * * 0')];

  it.each([
    ['2026-05-03T02:59:59.999Z', { state: 'Closed', nextOpens: at('2026-05-03T03:00:00Z') }],
    ['2026-05-03T03:00:00.000Z', open('2026-05-03T04:00:00Z')],
    ['2026-05-03T03:59:59.999Z', open('2026-05-03T04:00:00Z')],
    ['2026-05-03T04:00:00.000Z', { state: 'Closed', nextOpens: at('2026-05-10T03:00:00Z') }],
  ])('at %s a window of Sundays at 3 is %j', (time, expected) => {
    expect(openWindow(sunday, at(time))).toEqual(expected);
    expect(openWindow([...sunday], at(time))).toEqual(expected);
  });

  it('follows the time zone through both changes of daylight saving', () => {
    const berlin = [window('0 3 * * 0', '1h', 'Europe/Berlin')];
    // 3 o'clock is the first hour of summer time on 29 March, and an hour after the last of it on 25 October.
    expect(openWindow(berlin, at('2026-03-29T00:30:00Z'))).toMatchObject({ nextOpens: at('2026-03-29T01:00:00Z') });
    expect(openWindow(berlin, at('2026-10-25T00:30:00Z'))).toMatchObject({ nextOpens: at('2026-10-25T02:00:00Z') });
    expect(openWindow(berlin, at('2026-01-04T02:30:00Z'))).toMatchObject({ state: 'Open' });
    expect(openWindow(berlin, at('2026-07-05T01:30:00Z'))).toMatchObject({ state: 'Open' });
  });

  it('begins an hour later where the time of day is skipped, and once where it comes twice', () => {
    const night = [window('30 2 * * *', '20m', 'Europe/Berlin')];
    expect(openWindow(night, at('2026-03-29T00:45:00Z'))).toMatchObject({ nextOpens: at('2026-03-29T01:00:00Z') });
    expect(openWindow(night, at('2026-10-25T00:35:00Z'))).toMatchObject({ state: 'Open' });
    expect(openWindow(night, at('2026-10-25T01:35:00Z'))).toMatchObject({ state: 'Closed' });
  });

  it('is open until the last of several that overlap, and without an end where they follow each other for good', () => {
    const two = [window('0 3 * * *', '1h'), window('30 3 * * *', '2h')];
    expect(openWindow(two, at('2026-05-01T03:10:00Z'))).toEqual(open('2026-05-01T05:30:00Z'));
    expect(openWindow([window('* * * * *', '2m')], at('2026-05-01T03:10:00Z'))).toMatchObject({ until: Infinity });
    const together = [window('0 3 * * *', '2h'), window('0 3 * * *', '1h')];
    expect(openWindow(together, at('2026-05-01T03:10:00Z'))).toEqual(open('2026-05-01T05:00:00Z'));
  });

  it('ends where a row of windows ends that was too long to see its end at first', () => {
    const day = [window('* 0-20 * * *', '2m')];
    const first = openWindow(day, at('2026-05-01T00:00:00Z'));
    expect(first).toMatchObject({ state: 'Open', until: Infinity });
    let now = at('2026-05-01T00:00:00Z');
    for (let answer = first; answer.state === 'Open' && answer.until === Infinity; answer = openWindow(day, now)) {
      expect(answer.askAgainAt).toBeGreaterThan(now);
      now = answer.askAgainAt;
    }
    expect(openWindow(day, now)).toEqual(open('2026-05-01T21:01:00Z'));
    expect(openWindow(day, at('2026-05-01T21:01:00Z')).state).toBe('Closed');
  });

  it('is computed once, however often the same list is read anew', () => {
    const list = () => Array.from({ length: 8 }, (_, index) => window(`${index}-59 * * * *`, '168h', 'Europe/Berlin'));
    const took = (lists: number): number => {
      const before = process.cpuUsage();
      for (let count = 0; count < lists; count += 1) openWindow(list(), at('2026-05-01T03:10:00Z') + count);
      return process.cpuUsage(before).user / 1_000;
    };
    const first = took(1);
    // The first looks some two hundred times, the others not at all.
    expect(took(1000)).toBeLessThan(Math.max(first, 10) * 10);
  });

  it('answers right when the clock jumps, forwards or back', () => {
    const list = [window('0 3 * * *')];
    expect(openWindow(list, at('2026-05-01T03:30:00Z')).state).toBe('Open');
    expect(openWindow(list, at('2026-04-30T12:00:00Z')).state).toBe('Closed');
    expect(openWindow(list, at('2026-09-01T03:30:00Z')).state).toBe('Open');
    expect(openWindow(list, at('2026-05-01T03:30:00Z')).state).toBe('Open');
  });

  it('is closed where there is none', () => {
    expect(openWindow(undefined, 0)).toEqual({ state: 'Closed', nextOpens: undefined });
    expect(openWindow([], 0)).toEqual({ state: 'Closed', nextOpens: undefined });
  });

  it.each([
    [window('0 3 * * *', '1h', 'Mars/Olympus'), /maintenanceWindows\[0\]: there is no time zone Mars\/Olympus; write/],
    [window('0 25 * * *'), /the schedule '0 25 \* \* \*' cannot be read: .*25/],
    [window('0 3 31 2 *'), /never fires/],
  ])('says what is wrong with %j', (bad, problem) => {
    const answer = openWindow([bad], 0);
    expect(answer).toMatchObject({ state: 'Invalid', problem: expect.stringMatching(problem) as string });
    expect(windowProblems([window('0 3 * * *'), bad])).toEqual([expect.stringMatching(/^maintenanceWindows\[1\]/)]);
  });
});
