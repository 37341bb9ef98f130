import { describe, expect, it } from 'vitest';
import { StepActor } from '../../../../src/controllers/workflow/steps/actor.ts';
import type { StepContext } from '../../../../src/controllers/workflow/steps/contract.ts';
import type { LiveObject, ObjectsPort } from '../../../../src/controllers/workflow/steps/ports.ts';
import { ScaleStep } from '../../../../src/controllers/workflow/steps/scale.ts';
import type { PatchAct } from '../../../../src/domain/guard/step.ts';
import type { ScaleAction } from '../../../../src/domain/workflow/action.ts';
import type { Operation } from '../../../../src/domain/workflow/operation.ts';

const HALT = 'halt-20261121t100000z';
const OP = 'f00dfeed'.repeat(4);
const heldAt = (original: number) => ({ 'baton.dev/halt-id': HALT, 'baton.dev/halted-replicas': String(original) });
const operation: Operation<ScaleAction> = {
  step: 'grow',
  direction: 'Forward',
  attempt: 1,
  opId: OP,
  action: { kind: 'scale', target: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, replicas: 5 },
  before: { uid: 'web', replicas: 3, stamp: null },
  undoes: undefined,
  own: [],
  attemptedAt: 0,
};
const undoing: Operation<ScaleAction> = {
  ...operation,
  direction: 'Backward',
  opId: 'back',
  before: undefined,
  undoes: { opId: OP, action: operation.action, before: operation.before ?? {} },
};

/** A Deployment with three pods, and the step that gives it five. */
function bed({ isExempt = false } = {}) {
  const state = { replicas: 3, annotations: {} as Record<string, string>, halt: undefined as string | undefined };
  const live = (): LiveObject => ({
    metadata: { name: 'web', uid: 'web', resourceVersion: '1', annotations: state.annotations },
    spec: { replicas: state.replicas },
  });
  const asker = { uid: 'u', terminating: false, suspended: false, cancelled: false, finished: false };
  const actor = new StepActor({
    asker: { workflow: () => Promise.resolve(asker) },
    writes: {
      write: (permit) => {
        const { body } = permit.act as PatchAct;
        const { spec, metadata } = body as { spec: typeof state; metadata: typeof state };
        Object.assign(state, {
          replicas: spec.replicas,
          annotations: { ...state.annotations, ...metadata.annotations },
        });
        return Promise.resolve({ kind: 'written', object: live() });
      },
    },
    leads: () => true,
    halt: () => state.halt,
    isExempt: () => isExempt,
    holdsLock: () => true,
    onOutcome: () => undefined,
  });
  const read = () => Promise.resolve({ kind: 'found', object: live(), hasScale: true } as const);
  const rehearse = () => Promise.resolve({ kind: 'written', object: live() } as const);
  const step = new ScaleStep({ objects: { read, rehearse } as unknown as ObjectsPort, actor });
  const identity = { namespace: 'shop', name: 'w', uid: 'u', type: 'Recovery', requestedBy: undefined };
  const context: StepContext = {
    workflow: { ...identity, serviceAccountName: 'runner' },
    dryRun: false,
    signal: new AbortController().signal,
    undo: 'Auto',
    scope: {},
  };
  const halts = (): void => {
    state.annotations = { ...state.annotations, ...heldAt(state.replicas) };
    Object.assign(state, { halt: HALT, replicas: 0 });
  };
  /** The halt is over before what it held is back. */
  const resumes = (): void => void (state.halt = undefined);
  const givesBack = (): void => {
    state.replicas = Number(state.annotations['baton.dev/halted-replicas']);
    const { 'baton.dev/op': op } = state.annotations;
    state.annotations = op === undefined ? {} : { 'baton.dev/op': op };
  };
  return { state, step, context, halts, resumes, givesBack };
}

const held = { kind: 'waiting', message: `${HALT} is not over; workflows wait meanwhile` };

describe('a scale step and a halt', () => {
  it('that takes its target before it wrote: it waits until the target is back, and is done then', async () => {
    const { state, step, context, halts, resumes, givesBack } = bed();
    halts();
    expect(await step.apply(operation, context)).toMatchObject(held);
    resumes();
    expect(await step.apply(operation, context)).toMatchObject(held);
    expect(state.replicas).toBe(0);
    givesBack();
    expect(await step.apply(operation, context)).toEqual({ kind: 'applied' });
    expect(state.replicas).toBe(5);
  });

  it('that takes its target after it wrote: that it was done is known when the target is back', async () => {
    const { state, step, context, halts, resumes, givesBack } = bed();
    await step.apply(operation, context);
    halts();
    resumes();
    expect(await step.apply(operation, context)).toMatchObject(held);
    givesBack();
    expect(await step.apply(operation, context)).toEqual({ kind: 'applied' });
    expect(state.replicas).toBe(5);
  });

  it('does not take what the halt left for what was there before', async () => {
    const { step, context, halts, resumes, givesBack } = bed();
    halts();
    resumes();
    expect(await step.prepare(operation, context)).toMatchObject(held);
    givesBack();
    expect(await step.prepare(operation, context)).toMatchObject({ kind: 'prepared', before: { replicas: 3 } });
  });

  it('is not undone as drifted because of the halt', async () => {
    const { step, context, halts, resumes, givesBack } = bed();
    await step.apply(operation, context);
    halts();
    resumes();
    expect(await step.prepare(undoing, context)).toMatchObject(held);
    givesBack();
    expect(await step.prepare(undoing, context)).toMatchObject({ kind: 'prepared' });
  });

  it('goes on where its workflow is exempt, and knows what the halt took', async () => {
    const { state, step, context, halts } = bed({ isExempt: true });
    halts();
    expect(await step.apply(operation, context)).toEqual({ kind: 'applied' });
    expect(state.replicas).toBe(5);
    const other = bed({ isExempt: true });
    await other.step.apply(operation, other.context);
    other.halts();
    expect(await other.step.apply(operation, other.context)).toEqual({ kind: 'applied' });
    expect(other.state.replicas).toBe(0);
    expect(await other.step.prepare(undoing, other.context)).toMatchObject({ kind: 'prepared' });
  });

  it('is rehearsed as things are', async () => {
    const { step, context, halts } = bed();
    halts();
    expect(await step.prepare(operation, { ...context, dryRun: true })).toMatchObject({
      kind: 'prepared',
      rehearsal: { diff: 'spec.replicas: 0 → 5' },
    });
  });
});
