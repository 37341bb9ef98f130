import { describe, expect, it } from 'vitest';
import { lastRun, nextRun, readCron } from '../../../src/domain/cron.ts';

describe('a cron schedule', () => {
  it('follows its time zone over daylight saving', () => {
    const cron = readCron({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin' });
    if (typeof cron === 'string') throw new Error(cron);
    // On 2026-10-25 the clock goes from 3 back to 2: half past two comes twice, and is meant once.
    const runs = cron.nextRuns(3, new Date('2026-10-24T12:00:00Z')).map((run) => run.toISOString());
    expect(runs).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z', '2026-10-27T01:30:00.000Z']);
  });

  it.each([
    ['61 * * * *', 'Etc/UTC', 'cannot be read'],
    ['0 0 31 2 *', 'Etc/UTC', 'never fires'],
    ['0 0 * * *', 'Mars/Olympus', 'there is no time zone'],
    ['* * * * * *', 'Etc/UTC', 'cannot be read'],
  ])('says what is wrong with %s %s', (schedule, timeZone, message) => {
    expect(readCron({ schedule, timeZone })).toContain(message);
  });

  it.each(['@hourly', '@daily', '@weekly', '@monthly', '@yearly'])('knows %s', (schedule) => {
    expect(readCron({ schedule, timeZone: 'Etc/UTC' })).toBeTypeOf('object');
  });

  it('comes at the second that it says, and then not again', () => {
    const cron = readCron({ schedule: '0 3 * * *', timeZone: 'Etc/UTC' });
    if (typeof cron === 'string') throw new Error(cron);
    const three = Date.parse('2026-06-01T03:00:00Z');
    const day = 86_400_000;
    expect([three - 1, three, three + 1].map((at) => lastRun(cron, at))).toEqual([three - day, three, three]);
    expect([three - 1, three, three + 1].map((at) => nextRun(cron, at))).toEqual([three, three + day, three + day]);
  });
});
