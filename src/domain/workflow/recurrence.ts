import type { Cron } from 'croner';
import type { ScheduledWorkflowSpec, ScheduledWorkflowStatus, WorkflowPhase } from '../../api/kinds.ts';
import { lastRun, nextRun } from '../cron.ts';
import { parseDuration } from '../duration.ts';
import { timestamp } from '../status/conditions.ts';

/** A workflow that a schedule started. */
export interface Child {
  readonly name: string;
  readonly phase: WorkflowPhase | undefined;
  readonly isOver: boolean;
  /** ms since the epoch; for which time it was started, and when it ended. */
  readonly scheduledAt: number;
  readonly finishedAt: number | undefined;
  /** Whether it was told to end. */
  readonly isCancelled: boolean;
}

export interface Recurrence {
  readonly name: string;
  /** ms since the epoch */
  readonly createdAt: number;
  readonly spec: ScheduledWorkflowSpec;
  readonly status: ScheduledWorkflowStatus | undefined;
}

export interface Due {
  /** One to start, for the time at which it was due. Its name is the same whoever starts it. */
  readonly start: { readonly name: string; readonly at: number } | undefined;
  /** Those that make room for it. */
  readonly cancel: readonly string[];
  /** Those that history has no room for. */
  readonly remove: readonly string[];
  /** Left out, and why. */
  readonly leftOut: { readonly at: number; readonly because: string } | undefined;
  /** Runs that were missed beside that, such as while nobody was there. */
  readonly missed: number;
  /** Up to which time all runs were started or left out, ms since the epoch. */
  readonly settledUntil: number | undefined;
  readonly next: number | undefined;
}

/** Those that are counted one by one; a schedule of every minute comes to more in two hours. */
const MOST_COUNTED = 100;

/** Clocks of two leaders differ by less. One that was further ahead was wrong, and must not keep a schedule from running until then. */
const MOST_SKEW_MS = 600_000;

/** The name of the workflow for a time: two leaders that start it for the same time start one. */
export const nameFor = (name: string, at: number): string =>
  `${name.slice(0, 240).replace(/[-.]+$/, '')}-${Math.floor(at / 60_000)}`;

/**
 * What a schedule wants at this moment. Of those that were missed only the last is made up for, unless it is later than startingDeadline, as
 * CronJobs do (pkg/controller/cronjob/utils.go, mostRecentScheduleTime).
 */
export function recur(
  { name, createdAt, spec, status }: Recurrence,
  cron: Cron,
  children: readonly Child[],
  now: number,
): Due {
  const active = children.filter(({ isOver }) => !isOver);
  const next = nextRun(cron, now);
  const since = status?.lastScheduleTime === undefined ? createdAt : Date.parse(status.lastScheduleTime);
  const base = {
    cancel: [],
    remove: surplus(children, spec, since),
    leftOut: undefined,
    missed: 0,
    settledUntil: undefined,
    start: undefined,
    next,
  };
  if (spec.suspend) return base;
  if (since > now + MOST_SKEW_MS) return { ...base, settledUntil: now };
  const at = lastRun(cron, now);
  if (at === undefined || at <= since) return base;
  const settled = { ...base, settledUntil: at, missed: missedBefore(cron, since, at) };
  // The same one, started by a leader that could not say so any more.
  const mine = nameFor(name, at);
  if (children.some((child) => child.name === mine)) return { ...settled, start: { name: mine, at } };
  const deadline = spec.startingDeadline === undefined ? Infinity : parseDuration(spec.startingDeadline);
  if (now - at > deadline)
    return { ...settled, leftOut: { at, because: `it is later than startingDeadline (${spec.startingDeadline})` } };
  if (active.length > 0 && spec.concurrencyPolicy === 'Forbid')
    return {
      ...settled,
      leftOut: { at, because: `${namesOf(active)} has not ended, and concurrencyPolicy is Forbid` },
    };
  if (active.length > 0 && spec.concurrencyPolicy === 'Replace')
    return { ...base, cancel: active.filter(({ isCancelled }) => !isCancelled).map((child) => child.name) };
  return { ...settled, start: { name: mine, at } };
}

const namesOf = (children: readonly Child[]): string => children.map(({ name }) => name).join(', ');

function missedBefore(cron: Cron, since: number, at: number): number {
  const between = cron.nextRuns(MOST_COUNTED + 1, new Date(since)).filter((run) => run.getTime() < at);
  return between.length;
}

/** One that the status does not know of yet stays: that it is there is all that says that it was started. */
function surplus(children: readonly Child[], spec: ScheduledWorkflowSpec, settledUntil: number): string[] {
  const over = children
    .filter(({ isOver, scheduledAt }) => isOver && scheduledAt <= settledUntil)
    .sort((a, b) => b.scheduledAt - a.scheduledAt);
  const succeeded = over.filter(({ phase }) => phase === 'Succeeded');
  const others = over.filter(({ phase }) => phase !== 'Succeeded');
  return [...succeeded.slice(spec.successfulHistoryLimit), ...others.slice(spec.failedHistoryLimit)].map(
    ({ name }) => name,
  );
}

/** The status but for its conditions. */
export function recurrenceStatus(
  previous: ScheduledWorkflowStatus | undefined,
  { settledUntil, missed, leftOut, next }: Pick<Due, 'settledUntil' | 'missed' | 'leftOut' | 'next'>,
  children: readonly Child[],
): ScheduledWorkflowStatus {
  const active = children.filter(({ isOver }) => !isOver).sort((a, b) => a.scheduledAt - b.scheduledAt);
  const succeeded = children.filter(({ phase }) => phase === 'Succeeded').map(({ finishedAt = 0 }) => finishedAt);
  const lastScheduleTime = settledUntil === undefined ? previous?.lastScheduleTime : timestamp(settledUntil);
  const lastSuccess = Math.max(
    ...succeeded,
    previous?.lastSuccessfulTime ? Date.parse(previous.lastSuccessfulTime) : 0,
  );
  const allMissed = (previous?.missed ?? 0) + missed + (leftOut ? 1 : 0);
  return {
    ...(lastScheduleTime !== undefined && { lastScheduleTime }),
    ...(lastSuccess > 0 && { lastSuccessfulTime: timestamp(lastSuccess) }),
    ...(next !== undefined && { next: timestamp(next) }),
    running: active.length,
    ...(active.length > 0 && { active: active.slice(0, 20).map(({ name }) => name) }),
    ...(allMissed > 0 && { missed: allMissed }),
  };
}
