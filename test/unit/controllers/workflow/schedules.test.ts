import { expect, it } from 'vitest';
import type { ScheduledWorkflowStatus } from '../../../../src/api/kinds.ts';
import type { CachedSchedule, CachedTemplate } from '../../../../src/controllers/workflow/caches.ts';
import { Schedules, type SchedulesOptions } from '../../../../src/controllers/workflow/schedules.ts';

const NOON = Date.parse('2026-05-04T12:00:30Z');
const parameters = [{ name: 'how', pattern: '[a-z]+' }];
const TEMPLATE = {
  spec: { parameters, steps: [{ name: 'go', wait: { duration: '0s' } }] },
} as unknown as CachedTemplate;

/** What one look at a schedule of each hour starts, says and writes. */
async function look(given: readonly object[] | undefined, template = TEMPLATE) {
  const started: string[] = [];
  const told: string[] = [];
  let status: ScheduledWorkflowStatus = {};
  const schedule = {
    namespace: 'shop',
    name: 'nightly',
    uid: 'u',
    resourceVersion: '1',
    metadata: { generation: 1, creationTimestamp: '2026-05-04T11:30:00Z', resourceVersion: '1' },
    spec: { schedule: '0 * * * *', template: 'mend', concurrencyPolicy: 'Forbid', suspend: false, parameters: given },
  } as unknown as CachedSchedule;
  const schedules = new Schedules({
    caches: {
      schedules: { get: () => schedule },
      templates: { get: () => template },
      workflows: { byIndex: () => [] },
    },
    matches: (pattern: string, text: string) => new RegExp(`^(?:${pattern})$`).test(text),
    create: ({ metadata }: { metadata: { name: string } }) => Promise.resolve(started.push(metadata.name) && 'created'),
    writeStatus: (_: unknown, written: object) => {
      status = written;
      return Promise.resolve({ kind: 'written', resourceVersion: '2' });
    },
    emit: (_: unknown, { note }: { note: string }) => void told.push(note),
    now: () => NOON,
    isNewer: () => false,
    log: { info: () => undefined },
    count: { decision: () => undefined, statusWrite: () => undefined },
  } as unknown as SchedulesOptions);
  await schedules.reconcile('shop/nightly', { signal: new AbortController().signal });
  return { started, told, status, ready: status.conditions?.find(({ type }) => type === 'Ready') };
}

it('starts what is due', async () => {
  const { started, ready, status } = await look([{ name: 'how', value: 'gently' }]);
  expect(started).toEqual([`nightly-${Math.floor(NOON / 60_000)}`]);
  expect(ready).toMatchObject({ status: 'True', reason: 'Scheduled' });
  expect(status).toMatchObject({ running: 1, lastScheduleTime: '2026-05-04T12:00:00Z' });
});

it.each([
  ['without a parameter that has no default', undefined, /wants parameter how/],
  [
    'with one that the template does not have',
    [
      { name: 'how', value: 'a' },
      { name: 'who', value: 'b' },
    ],
    /no parameter who/,
  ],
  ['with one that does not fit', [{ name: 'how', value: '3 days' }], /"3 days", which does not match/],
])('says %s that nothing could begin, and starts nothing', async (_, given, message) => {
  const { started, told, ready, status } = await look(given);
  expect(started).toEqual([]);
  expect(ready).toMatchObject({
    status: 'False',
    reason: 'InvalidParameters',
    message: expect.stringMatching(message),
  });
  expect(told).toEqual([expect.stringMatching(/^2026-05-04 12:00 is left out: /)]);
  expect(status).toMatchObject({ missed: 1, lastScheduleTime: '2026-05-04T12:00:00Z' });
});
