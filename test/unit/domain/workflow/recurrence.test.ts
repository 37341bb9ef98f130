import { describe, expect, it } from 'vitest';
import type { ScheduledWorkflowSpec, ScheduledWorkflowStatus } from '../../../../src/api/kinds.ts';
import { readCron } from '../../../../src/domain/cron.ts';
import { type Child, nameFor, recur, recurrenceStatus } from '../../../../src/domain/workflow/recurrence.ts';

const at = (time: string): number => Date.parse(`2026-06-01T${time}Z`);
const SPEC: ScheduledWorkflowSpec = {
  schedule: '*/10 * * * *',
  timeZone: 'Etc/UTC',
  template: 'nightly',
  priority: 500,
  concurrencyPolicy: 'Forbid',
  suspend: false,
  successfulHistoryLimit: 2,
  failedHistoryLimit: 1,
};
const child = (time: string, phase: Child['phase'] = 'Running', extra: Partial<Child> = {}): Child => ({
  name: nameFor('s', at(time)),
  phase,
  isOver: phase !== 'Running',
  scheduledAt: at(time),
  finishedAt: phase === 'Running' ? undefined : at(time) + 60_000,
  isCancelled: false,
  ...extra,
});

function due(
  now: string,
  spec: Partial<ScheduledWorkflowSpec> = {},
  status?: ScheduledWorkflowStatus,
  children: Child[] = [],
) {
  const whole = { ...SPEC, ...spec };
  const cron = readCron(whole);
  if (typeof cron === 'string') throw new Error(cron);
  return recur({ name: 's', createdAt: at('10:01:00'), spec: whole, status }, cron, children, at(now));
}
const last = (time: string): ScheduledWorkflowStatus => ({ lastScheduleTime: `2026-06-01T${time}Z` });

describe('a schedule', () => {
  it('starts nothing before its first time after it was created', () => {
    expect(due('10:09:59')).toMatchObject({ start: undefined, next: at('10:10:00'), missed: 0 });
  });

  it('starts one when it is due, once', () => {
    const start = { name: nameFor('s', at('10:10:00')), at: at('10:10:00') };
    expect(due('10:10:00')).toMatchObject({ start, settledUntil: at('10:10:00'), next: at('10:20:00') });
    expect(due('10:10:00.500', {}, last('10:10:00')).start).toBeUndefined();
  });

  it('wants the same again where the one who started it could not say so', () => {
    expect(due('10:10:05', {}, undefined, [child('10:10:00')]).start?.name).toBe(nameFor('s', at('10:10:00')));
  });

  it('does not leave out what was started in time by the one who could not say so', () => {
    const started = [child('10:10:00', 'Running')];
    const late = due('10:15:00', { startingDeadline: '1m' }, undefined, started);
    expect(late).toMatchObject({ leftOut: undefined, start: { name: started[0]?.name }, settledUntil: at('10:10:00') });
  });

  it('does not remove what says that it was started before that is in the status: it would be started again', () => {
    const limits = { successfulHistoryLimit: 0, failedHistoryLimit: 0 };
    const children = [child('10:10:00', 'Succeeded')];
    expect(due('10:10:05', limits, undefined, children).remove).toEqual([]);
    expect(due('10:10:05', limits, last('10:10:00'), children).remove).toEqual([children[0]?.name]);
  });

  it('goes on where the clock was ahead of its time', () => {
    const ahead = { lastScheduleTime: '2036-06-01T10:00:00Z' };
    expect(due('10:15:00', {}, ahead).start).toBeUndefined();
    expect(due('10:15:00', {}, ahead).settledUntil).toBe(at('10:15:00'));
  });

  it('gives its workflows names that objects can have', () => {
    expect(nameFor(`${'a'.repeat(238)}.-b`, 60_000)).toBe(`${'a'.repeat(238)}-1`);
  });

  it('makes up for the last of those that were missed, and counts the others', () => {
    expect(due('10:45:00', {}, last('10:10:00'))).toMatchObject({ start: { at: at('10:40:00') }, missed: 2 });
  });

  it('leaves out what is later than its deadline', () => {
    expect(due('10:41:01', { startingDeadline: '1m' }, last('10:30:00'))).toMatchObject({
      start: undefined,
      leftOut: { at: at('10:40:00'), because: 'it is later than startingDeadline (1m)' },
      settledUntil: at('10:40:00'),
    });
    expect(due('10:41:00', { startingDeadline: '1m' }, last('10:30:00')).start).toBeDefined();
  });

  it('starts nothing while it is suspended, and then the last that was missed', () => {
    expect(due('10:45:00', { suspend: true }, last('10:10:00'))).toMatchObject({
      start: undefined,
      settledUntil: undefined,
    });
  });

  it('Forbid leaves one out while an earlier one runs', () => {
    expect(due('10:20:00', {}, last('10:10:00'), [child('10:10:00')])).toMatchObject({
      start: undefined,
      leftOut: { because: `${nameFor('s', at('10:10:00'))} has not ended, and concurrencyPolicy is Forbid` },
      settledUntil: at('10:20:00'),
    });
    expect(due('10:20:00', {}, last('10:10:00'), [child('10:10:00', 'Succeeded')]).start).toBeDefined();
  });

  it('Allow starts one beside it', () => {
    expect(due('10:20:00', { concurrencyPolicy: 'Allow' }, last('10:10:00'), [child('10:10:00')]).start).toBeDefined();
  });

  it('Replace ends the earlier one first, and starts when that has ended', () => {
    const earlier = nameFor('s', at('10:10:00'));
    expect(due('10:20:00', { concurrencyPolicy: 'Replace' }, last('10:10:00'), [child('10:10:00')])).toMatchObject({
      start: undefined,
      cancel: [earlier],
      settledUntil: undefined,
    });
    const cancelled = [child('10:10:00', 'Running', { isCancelled: true })];
    expect(due('10:20:05', { concurrencyPolicy: 'Replace' }, last('10:10:00'), cancelled).cancel).toEqual([]);
    expect(
      due('10:20:09', { concurrencyPolicy: 'Replace' }, last('10:10:00'), [child('10:10:00', 'RolledBack')]).start,
    ).toBeDefined();
  });

  it('keeps as many of each kind as it may', () => {
    const children = [
      child('10:10:00', 'Succeeded'),
      child('10:20:00', 'Failed'),
      child('10:30:00', 'Succeeded'),
      child('10:40:00', 'RolledBack'),
      child('10:50:00', 'Succeeded'),
      child('11:00:00'),
    ];
    expect(due('11:00:01', {}, last('11:00:00'), children).remove).toEqual([
      nameFor('s', at('10:10:00')),
      nameFor('s', at('10:20:00')),
    ]);
  });

  it('the status tells what was started, what runs, what comes and what was left out', () => {
    const found = due('10:20:00', {}, last('10:10:00'), [child('10:10:00')]);
    expect(recurrenceStatus({ missed: 1 }, found, [child('10:10:00'), child('10:00:00', 'Succeeded')])).toEqual({
      lastScheduleTime: '2026-06-01T10:20:00Z',
      lastSuccessfulTime: '2026-06-01T10:01:00Z',
      next: '2026-06-01T10:30:00Z',
      running: 1,
      active: [nameFor('s', at('10:10:00'))],
      missed: 2,
    });
  });
});
