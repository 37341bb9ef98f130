import { Cron } from 'croner';
import type { OrchestratedServiceSpec } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';

export type MaintenanceWindow = NonNullable<OrchestratedServiceSpec['maintenanceWindows']>[number];

export type WindowState =
  /** `until` is Infinity where the windows follow each other without a gap. */
  | { readonly state: 'Open'; readonly until: number }
  | { readonly state: 'Closed'; readonly nextOpens: number | undefined }
  /** Something that the schema cannot see; the sentence names the window. */
  | { readonly state: 'Invalid'; readonly problem: string };

const CLOSED: WindowState = { state: 'Closed', nextOpens: undefined };

/** So many windows in a row, each beginning before the one before has ended, count as one without an end. */
const LONGEST_CHAIN = 200;

interface Compiled {
  readonly schedules: readonly { readonly cron: Cron; readonly duration: number }[];
  readonly problem: string | undefined;
  /** The last answer and the times for which it holds. */
  from: number;
  to: number;
  answer: WindowState;
}

/** By identity of the list: a policy's list is asked for every service, and computing dates in time zones takes 0.1 ms. */
const compiled = new WeakMap<readonly MaintenanceWindow[], Compiled>();

/**
 * Whether one of the windows is open, each beginning when its cron schedule fires in its time zone and lasting its duration of real
 * time. A time of day that daylight saving skips begins an hour later, one that comes twice begins once.
 */
export function openWindow(windows: readonly MaintenanceWindow[] | undefined, now: number): WindowState {
  if (windows === undefined || windows.length === 0) return CLOSED;
  const known = compiled.get(windows) ?? compile(windows);
  compiled.set(windows, known);
  if (known.problem !== undefined) return { state: 'Invalid', problem: known.problem };
  if (now < known.from || now >= known.to) {
    known.answer = answerAt(known, now);
    known.from = now;
    known.to = known.answer.state === 'Open' ? known.answer.until : nextOpens(known.answer);
  }
  return known.answer;
}

/** What is wrong with the windows that the schema could not see, one sentence each. */
export function windowProblems(windows: readonly MaintenanceWindow[] | undefined): readonly string[] {
  return (windows ?? []).flatMap((window, index) => {
    const cron = parse(window);
    return typeof cron === 'string' ? [`maintenanceWindows[${index}]: ${cron}`] : [];
  });
}

function nextOpens(answer: WindowState): number {
  return (answer.state === 'Closed' ? answer.nextOpens : undefined) ?? Infinity;
}

function compile(windows: readonly MaintenanceWindow[]): Compiled {
  const schedules: { cron: Cron; duration: number }[] = [];
  for (const window of windows) {
    const cron = parse(window);
    if (typeof cron !== 'string') schedules.push({ cron, duration: parseDuration(window.duration) });
  }
  return { schedules, problem: windowProblems(windows)[0], from: Infinity, to: -Infinity, answer: CLOSED };
}

/** The schedule, or what is wrong with it. */
function parse({ schedule, timeZone }: MaintenanceWindow): Cron | string {
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

function answerAt({ schedules }: Compiled, now: number): WindowState {
  let until = -Infinity;
  for (const { cron, duration } of schedules) until = Math.max(until, endOfLast(cron, duration, now));
  if (until <= now) return { state: 'Closed', nextOpens: earliestAfter(schedules, now) };
  for (let link = 0; link < LONGEST_CHAIN; link += 1) {
    let further = until;
    for (const { cron, duration } of schedules) further = Math.max(further, endOfLast(cron, duration, until));
    if (further === until) return { state: 'Open', until };
    until = further;
  }
  return { state: 'Open', until: Infinity };
}

/** When the window ends that began last at or before `at`; −Infinity when there is none. */
function endOfLast(cron: Cron, duration: number, at: number): number {
  // croner looks strictly before whole seconds.
  const [start] = cron.previousRuns(1, new Date(Math.floor(at / 1000) * 1000 + 1000));
  return start === undefined ? -Infinity : start.getTime() + duration;
}

function earliestAfter(schedules: Compiled['schedules'], now: number): number | undefined {
  let earliest: number | undefined;
  for (const { cron } of schedules) {
    const next = cron.nextRun(new Date(now))?.getTime();
    if (next !== undefined) earliest = Math.min(earliest ?? Infinity, next);
  }
  return earliest;
}
