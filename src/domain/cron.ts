import { Cron } from 'croner';

/** A moment of the day or the week that comes again, in a time zone. */
export interface Recurring {
  /** Five fields, or @daily and the like. */
  readonly schedule: string;
  /** A name of the IANA database. */
  readonly timeZone: string;
}

/**
 * The schedule, or what is wrong with it that the schema cannot see, in words. A time of day that daylight saving skips comes an hour later, one
 * that comes twice counts once.
 */
export function readCron({ schedule, timeZone }: Recurring): Cron | string {
  try {
    new Date(0).toLocaleString('en', { timeZone });
  } catch {
    return `there is no time zone ${timeZone}; write an IANA name such as Europe/Berlin`;
  }
  try {
    const cron = new Cron(schedule, { timezone: timeZone, paused: true, mode: '5-part' });
    // A day that no month has is found only by looking for it; any fixed day will do to look from.
    return cron.nextRun(new Date(0)) === null ? `the schedule '${schedule}' never fires` : cron;
  } catch (error) {
    return `the schedule '${schedule}' cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** When it came last, at `at` or before, ms since the epoch; undefined where it never did. */
export function lastRun(cron: Cron, at: number): number | undefined {
  // croner looks strictly before whole seconds.
  const [last] = cron.previousRuns(1, new Date(Math.floor(at / 1_000) * 1_000 + 1_000));
  return last?.getTime();
}

/** When it comes next, after `at`. */
export const nextRun = (cron: Cron, at: number): number | undefined => cron.nextRun(new Date(at))?.getTime();
