import { mostBackoff } from './rules.ts';
import type { Run } from './run.ts';
import { readStamp, stamp } from './times.ts';

/**
 * What has begun began before now, and what is tried again is so after its longest pause at most: after a clock was set back, all would otherwise
 * wait until it is where it was.
 */
export function trustClock(run: Run): void {
  const { status, now } = run;
  noLater(status, now, 'startedAt', 'pausedAt', 'stepsEndedAt');
  if (status.rollback) noLater(status.rollback, now, 'startedAt');
  for (const criterion of status.criteria ?? []) noLater(criterion, now, 'since');
  for (const each of status.steps) {
    const { step } = run.step(each.name);
    noLater(each, now, 'since');
    for (const record of [each, each.compensation ?? {}]) {
      noLater(record, now, 'startedAt', 'attemptedAt');
      noLater(record, now + mostBackoff(step), 'retryAt');
    }
  }
}

function noLater<Field extends string>(
  record: { [F in Field]?: string | undefined },
  most: number,
  ...fields: readonly Field[]
): void {
  for (const field of fields) if ((readStamp(record[field]) ?? most) > most) record[field] = stamp(most);
}
