import { describe, expect, it, test } from 'vitest';
import type { WorkflowSpec } from '../../../../src/api/kinds.ts';
import type { Answer } from '../../../../src/domain/workflow/operation.ts';
import { answers, Bench, deployment, instant, scale, specOf, START } from './world.ts';

type Criteria = NonNullable<WorkflowSpec['successCriteria']>;
const healthy: Criteria[number] = { health: { service: 's', atLeast: 'Healthy' }, for: '30s', within: '2m' };
const no: Answer = { kind: 'waiting', message: 's is Degraded', lookAgainInMs: 10_000 };
const VERIFY = 'Verify successCriteria[0]';
const bench = (successCriteria: Criteria, answer: Answer | undefined, steps = [instant('a')]) =>
  new Bench(specOf(steps, { successCriteria }), answers(answer === undefined ? {} : { [VERIFY]: answer })).look();

describe('a success criterion', () => {
  it('has to hold for its time without a break', () => {
    const workflow = bench([healthy], undefined);
    expect(workflow.status).toMatchObject({ phase: 'Verifying', current: 'success criteria', progress: '1/1' });
    expect(workflow.status.criteria).toEqual([{ met: false, since: new Date(START).toISOString() }]);
    workflow.answering = answers({ [VERIFY]: no });
    workflow.after(20_000);
    expect(workflow.status.criteria).toEqual([{ met: false, message: 's is Degraded' }]);
    workflow.answering = answers({});
    workflow.after(10_000);
    workflow.after(29_000);
    expect(workflow.status.phase).toBe('Verifying');
    workflow.after(1_000);
    expect(workflow.status).toMatchObject({ phase: 'Succeeded', criteria: [{ met: true }] });
  });

  it('is looked at once more before it counts as met', () => {
    const workflow = bench([healthy], undefined);
    workflow.answering = answers({ [VERIFY]: no });
    expect(workflow.after(30_000).status.phase).toBe('Verifying');
  });

  it('fails the workflow at the end of its time, after a last look, and has it rolled back', () => {
    const workflow = bench([healthy], no, [scale('a')]);
    workflow.after(119_000);
    expect(workflow.status.phase).toBe('Verifying');
    workflow.after(1_000);
    expect(workflow.status).toMatchObject({ phase: 'RolledBack', outcome: 'CriteriaFailed' });
    expect(workflow.status.because).toBe('successCriteria[0] was not met in time: s is Degraded');
    const quick = bench([{ ...healthy, for: '0s' }], no, [scale('a')]);
    quick.answering = answers({});
    expect(quick.after(120_000).status.phase).toBe('Succeeded');
  });

  it('is asked for as a step of its kind, with all that was found as its scope', () => {
    const expression = 'object.spec.replicas == 3';
    const workflow = bench([{ target: deployment('x'), expression, for: '0s', within: '1m' }], no, [scale('a')]);
    const effects: unknown[] = [];
    workflow.answering = (effect) => {
      effects.push(effect);
      return undefined;
    };
    workflow.after(10_000);
    const operation = expect.objectContaining({ action: { kind: 'wait', target: deployment('x'), expression } });
    const scope = expect.objectContaining({ steps: { a: { state: 'Succeeded', outputs: {} } } });
    expect(effects).toEqual([{ want: 'Verify', operation, undo: 'Nothing', scope }]);
  });
});

test.each([
  ["steps.a.state == 'Succeeded'", 'Succeeded', /^$/],
  ["steps.a.state == 'Failed'", 'Failed', /it is false: steps\.a\.state == 'Failed'/],
  ['steps.a.outputs.x > 1', 'Failed', /x/],
])('without a target %s makes it %s at once, because nothing of it changes', (expression, phase, because) => {
  const workflow = bench([{ expression, for: '0s', within: '10m' }], undefined);
  expect(workflow.status.phase).toBe(phase);
  expect(workflow.status.because ?? '').toMatch(because);
});

test('all of them have to be met, each in its own time', () => {
  const other: Criteria[number] = { expression: '1 == 1', for: '0s', within: '1m' };
  const workflow = bench([healthy, other], undefined);
  expect(workflow.status.criteria?.map(({ met }) => met)).toEqual([false, true]);
  expect(workflow.after(30_000).status.phase).toBe('Succeeded');
});

test('a cancellation ends the verification', () => {
  const workflow = bench([healthy], no, [scale('a')]);
  workflow.spec.cancel = 'StopAndRollback';
  expect(workflow.look().status).toMatchObject({ phase: 'RolledBack', outcome: 'Cancelled' });
});
