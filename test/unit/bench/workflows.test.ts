import { expect, it } from 'vitest';
import type { WatchEvent } from '../../../hack/bench/api.ts';
import { Courses, Gaps } from '../../../hack/bench/workflows/board.ts';
import type { Carried, WorkflowFigures } from '../../../hack/bench/workflows/index.ts';
import { workflowsTables } from '../../../hack/bench/workflows/report.ts';

const event = (type: string, at: number, object: object, metadata: object = {}): WatchEvent => ({
  type,
  at,
  object: { ...object, metadata: { name: 'w', resourceVersion: '1', ...metadata } },
});

it('follows a workflow from its creation to its end, and no other', () => {
  const courses = new Courses();
  const course = courses.expect('w');
  courses.apply(event('ADDED', 10, {}));
  courses.apply(event('ADDED', 11, {}, { name: 'other' }));
  courses.apply(event('MODIFIED', 20, { status: { phase: 'Queued' } }));
  courses.apply(event('MODIFIED', 30, { status: { phase: 'Running', startedAt: 'then' } }));
  courses.apply(event('MODIFIED', 40, { status: { phase: 'Succeeded', startedAt: 'then', finishedAt: 'now' } }));
  courses.apply(event('MODIFIED', 50, { status: { phase: 'Succeeded', startedAt: 'then', finishedAt: 'now' } }));
  expect(course).toMatchObject({ held: 10, begun: 30, done: 40, phase: 'Succeeded' });
});

it('counts from the target being ready to the next change of what is wanted, and not what was before the first step', () => {
  const gaps = new Gaps();
  const target = (at: number, replicas: number, readyReplicas: number): void =>
    gaps.apply(
      event(
        'MODIFIED',
        at,
        { spec: { replicas }, status: { observedGeneration: replicas, replicas: readyReplicas, readyReplicas } },
        { generation: replicas },
      ),
    );
  target(0, 1, 1);
  target(5, 1, 1);
  target(10, 2, 1);
  target(20, 2, 2);
  target(25, 2, 2);
  target(30, 1, 2);
  target(32, 1, 1);
  target(35, 2, 1);
  expect(gaps.between).toEqual([10, 3]);
});

const carried = (more: Partial<Carried> = {}): Carried => ({
  perSecond: 100,
  p50Ms: 500,
  p99Ms: 900,
  begunP50Ms: 10,
  begunP99Ms: 20,
  statusWrites: 1,
  otherWrites: 1,
  reads: 0,
  batonMs: 2,
  serverMs: 8,
  benchMs: 1,
  ...more,
});

it('says in the table whether what is to be reached is reached', () => {
  const figures: WorkflowFigures = {
    instant: carried({ perSecond: 149 }),
    bare: { perSecond: 200, serverMs: 7 },
    together: carried(),
    alone: carried(),
    scaling: { ...carried(), betweenP50Ms: 5, betweenP99Ms: 9 },
    emptyMiB: 80,
    idleMiB: 90,
    peakMiB: 100,
  };
  const plan = { rounds: 1, instant: 500, bursts: 6, together: 50, alone: 200, scaling: 200, settleMs: 0 };
  const [table] = workflowsTables({ plan, rounds: [figures] });
  const cells = table?.rows.flat() ?? [];
  expect(cells).toContain('149.0 (≥ 150: missed)');
  expect(cells).toContain('500 (< 1000: met)');
  expect(cells).toContain('20 (< 250: met)');
});
