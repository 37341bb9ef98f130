import { expect, it, test } from 'vitest';
import type { Answer } from '../../../../src/domain/workflow/operation.ts';
import { answers, Bench, scale, specOf } from './world.ts';

const MINUTE = 60_000;
const waiting: Answer = { kind: 'waiting', message: 'not yet', lookAgainInMs: 1e9 };
const bench = (estimatedDuration?: string) => {
  const spec = specOf([scale('a', { timeout: '100h' })], {
    timeout: '100h',
    ...(estimatedDuration !== undefined && { estimatedDuration }),
  });
  const workflow = new Bench(spec, answers({ 'Verify a': waiting }));
  workflow.facts = { maxDurationMs: 168 * 60 * MINUTE };
  return workflow;
};

test.each([
  [undefined, [], undefined],
  ['10m', [], '12:10 UTC'],
  ['90s', [], '12:02 UTC'],
  ['10m', [3 * 60 * MINUTE], '12:10 UTC'],
  [undefined, [5 * MINUTE], '12:05 UTC'],
  [undefined, [50 * MINUTE, 5 * MINUTE, 6 * MINUTE], '12:06 UTC'],
  ['23h', [], '11:00 UTC'],
  ['30h', [], '2026-05-05 18:00 UTC'],
])('estimated %s, earlier ones took %j: %s', (estimated, durations, eta) => {
  const workflow = bench(estimated);
  workflow.facts = { ...workflow.facts, durations };
  expect(workflow.look().status.eta).toBe(eta);
});

it('moves with what was learned only where that is worth a write, and not at all in a pause', () => {
  const workflow = bench();
  workflow.facts = { ...workflow.facts, durations: [60 * MINUTE] };
  workflow.look();
  const { writes } = workflow;
  workflow.facts = { ...workflow.facts, durations: [65 * MINUTE] };
  expect(workflow.after(MINUTE).status.eta).toBe('13:00 UTC');
  expect(workflow.writes).toBe(writes);
  workflow.facts = { ...workflow.facts, durations: [70 * MINUTE] };
  expect(workflow.after(MINUTE).status.eta).toBe('13:10 UTC');
  workflow.spec.suspend = true;
  expect(workflow.look().status.eta).toBeUndefined();
  workflow.now += 20 * MINUTE;
  workflow.spec.suspend = false;
  expect(workflow.look().status.eta).toBe('13:30 UTC');
});

it.each([
  ['10m', '12:10 UTC', 'late since 12:10 UTC'],
  ['30h', '2026-05-05 18:00 UTC', 'late since 2026-05-05 18:00 UTC'],
])('is never in the past: with %s, it is said once that it is late', (estimated, eta, late) => {
  const workflow = bench(estimated).look();
  const { writes } = workflow;
  const minutes = (Date.parse(`2026-05-0${estimated === '10m' ? '4T12:10' : '5T18:00'}:00Z`) - workflow.now) / MINUTE;
  expect(workflow.last?.lookAgainAt).toBe(workflow.now + (minutes + 1) * MINUTE);
  workflow.after(minutes * MINUTE + 59_999);
  expect([workflow.status.eta, workflow.writes]).toEqual([eta, writes]);
  workflow.after(1);
  expect([workflow.status.eta, workflow.writes]).toEqual([late, writes + 1]);
  for (let more = 0; more < 3; more += 1) workflow.after(20 * MINUTE);
  expect([workflow.status.eta, workflow.writes]).toEqual([late, writes + 1]);
});

it('is late by as much after a pause, and no longer where earlier ones are known to take longer', () => {
  const workflow = bench();
  workflow.facts = { ...workflow.facts, durations: [10 * MINUTE] };
  workflow.look().after(30 * MINUTE);
  workflow.spec.suspend = true;
  expect(workflow.look().status.eta).toBeUndefined();
  workflow.spec.suspend = false;
  expect(workflow.after(20 * MINUTE).status.eta).toBe('late since 12:30 UTC');
  workflow.facts = { ...workflow.facts, durations: [60 * MINUTE] };
  expect(workflow.look().status.eta).toBe('13:20 UTC');
});
