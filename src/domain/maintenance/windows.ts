import type { Cron } from 'croner';
import type { OrchestratedServiceSpec } from '../../api/kinds.ts';
import { lastRun, nextRun, readCron } from '../cron.ts';
import { parseDuration } from '../duration.ts';
import { Recent } from '../recent.ts';

export type MaintenanceWindow = NonNullable<OrchestratedServiceSpec['maintenanceWindows']>[number];

export type WindowState =
  /** `until` is Infinity where the windows follow each other for longer than was looked, which was as far as `askAgainAt`. */
  | { readonly state: 'Open'; readonly until: number; readonly askAgainAt: number }
  | { readonly state: 'Closed'; readonly nextOpens: number | undefined }
  /** Something that the schema cannot see; the sentence names the window. */
  | { readonly state: 'Invalid'; readonly problem: string };

const CLOSED: WindowState = { state: 'Closed', nextOpens: undefined };

/** Where windows follow each other without a gap, so often the last begin before a moment is looked for: 40 µs each. */
const MOST_LOOKS = 200;
/** Lists that are remembered by what they say. */
const MOST_REMEMBERED = 500;

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
/** By what it says: each version of a service has a list of its own that says the same. */
const remembered = new Recent<Compiled>(MOST_REMEMBERED);

/**
 * Whether one of the windows is open, each beginning when its cron schedule fires in its time zone and lasting its duration of real
 * time. A time of day that daylight saving skips begins an hour later, one that comes twice begins once.
 */
export function openWindow(windows: readonly MaintenanceWindow[] | undefined, now: number): WindowState {
  if (windows === undefined || windows.length === 0) return CLOSED;
  const known = compiled.get(windows) ?? remembered.get(JSON.stringify(windows), () => compile(windows));
  compiled.set(windows, known);
  if (known.problem !== undefined) return { state: 'Invalid', problem: known.problem };
  if (now < known.from || now >= known.to) {
    known.answer = answerAt(known, now);
    known.from = now;
    known.to = known.answer.state === 'Open' ? known.answer.askAgainAt : nextOpens(known.answer);
  }
  return known.answer;
}

/** What is wrong with the windows that the schema could not see, one sentence each. */
export function windowProblems(windows: readonly MaintenanceWindow[] | undefined): readonly string[] {
  return (windows ?? []).flatMap((window, index) => {
    const cron = readCron(window);
    return typeof cron === 'string' ? [`maintenanceWindows[${index}]: ${cron}`] : [];
  });
}

function nextOpens(answer: WindowState): number {
  return (answer.state === 'Closed' ? answer.nextOpens : undefined) ?? Infinity;
}

function compile(windows: readonly MaintenanceWindow[]): Compiled {
  // Of two that begin together the longer one covers the other.
  const schedules = new Map<string, { cron: Cron; duration: number }>();
  for (const window of windows) {
    const key = `${window.schedule} ${window.timeZone}`;
    const duration = Math.max(parseDuration(window.duration), schedules.get(key)?.duration ?? 0);
    const cron = schedules.get(key)?.cron ?? readCron(window);
    if (typeof cron !== 'string') schedules.set(key, { cron, duration });
  }
  const problem = windowProblems(windows)[0];
  return { schedules: [...schedules.values()], problem, from: Infinity, to: -Infinity, answer: CLOSED };
}

function answerAt({ schedules }: Compiled, now: number): WindowState {
  let until = -Infinity;
  for (const { cron, duration } of schedules) until = Math.max(until, endOfLast(cron, duration, now));
  if (until <= now) return { state: 'Closed', nextOpens: earliestAfter(schedules, now) };
  for (let looks = 0; looks < MOST_LOOKS; looks += schedules.length) {
    let further = until;
    for (const { cron, duration } of schedules) further = Math.max(further, endOfLast(cron, duration, until));
    if (further === until) return { state: 'Open', until, askAgainAt: until };
    until = further;
  }
  return { state: 'Open', until: Infinity, askAgainAt: until };
}

/** When the window ends that began last at or before `at`; −Infinity when there is none. */
function endOfLast(cron: Cron, duration: number, at: number): number {
  return (lastRun(cron, at) ?? -Infinity) + duration;
}

function earliestAfter(schedules: Compiled['schedules'], now: number): number | undefined {
  let earliest: number | undefined;
  for (const { cron } of schedules) {
    const next = nextRun(cron, now);
    if (next !== undefined) earliest = Math.min(earliest ?? Infinity, next);
  }
  return earliest;
}
