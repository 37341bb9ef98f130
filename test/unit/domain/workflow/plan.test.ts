import { expect, it } from 'vitest';
import type { WorkflowStep } from '../../../../src/api/kinds.ts';
import type { Answer } from '../../../../src/domain/workflow/operation.ts';
import { answers, Bench, deployment, instant, scale, specOf } from './world.ts';

const failed: Answer = { kind: 'failed', reason: 'StepRefused', message: 'the quota is used up', mayRetry: true };
const rehearsed: Answer = {
  kind: 'prepared',
  before: {},
  rehearsal: { message: 'would scale 1 → 3', diff: 'spec.replicas: 1 → 3\nmetadata.annotations.x: +' },
};
const steps: WorkflowStep[] = [
  scale('a'),
  instant('b', { wait: { duration: '5m' } }),
  { name: 'c', scale: { target: deployment('c'), replicas: '{{ steps.a.outputs.n }}' }, dependsOn: ['a'] },
  { name: 'd', job: { template: {} } },
];

it('mode Plan tries each step, takes no place, changes nothing, and says what it knows', () => {
  const bench = new Bench(specOf(steps, { mode: 'Plan' }), answers({ 'Prepare a': rehearsed }));
  const admission = (): never => {
    throw new Error('a plan asks for no place');
  };
  bench.facts = { admission };
  bench.look();
  expect(bench.wanted).toEqual(['Prepare a', 'Prepare d']);
  expect(bench.status).toMatchObject({ phase: 'Planned', reason: 'WorkflowPlanned', progress: '4/4' });
  expect(bench.status.plan).toEqual([
    {
      step: 'a',
      message: 'would scale 1 → 3',
      ok: true,
      undo: 'Auto',
      diff: 'spec.replicas: 1 → 3\nmetadata.annotations.x: +',
    },
    { step: 'b', message: 'waits for 5m', ok: true, undo: 'Nothing' },
    { step: 'c', message: 'it is known only when it runs: it uses what earlier steps find', undo: 'Auto' },
    { step: 'd', message: 'it can be done', ok: true, undo: 'None' },
  ]);
  expect(bench.writes).toBe(1);
  expect(bench.told).toEqual(['WorkflowPlanned']);
  expect(bench.status.steps?.every(({ state }) => state === 'Pending')).toBe(true);
});

it('a plan tells what could not be done', () => {
  const bench = new Bench(specOf([scale('a'), scale('b')], { mode: 'Plan' }), answers({ 'Prepare b': failed })).look();
  expect(bench.status).toMatchObject({ phase: 'Planned', reason: 'PlanRefused' });
  expect(bench.status.message).toBe('could not be done: b: the quota is used up');
  expect(bench.status.conditions).toContainEqual(expect.objectContaining({ type: 'Succeeded', status: 'False' }));
});

it('a plan tries no more steps at one time than would run', () => {
  let most = 0;
  const many = ['a', 'b', 'c', 'd', 'e'].map((name) => scale(name));
  const bench = new Bench(specOf(many, { mode: 'Plan', maxParallelSteps: 2 }));
  bench.answering = () => {
    most = Math.max(most, bench.last?.effects.length ?? 0);
    return undefined;
  };
  expect(bench.look().status.phase).toBe('Planned');
  expect(most).toBe(2);
});
