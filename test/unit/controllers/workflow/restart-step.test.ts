import { expect, it } from 'vitest';
import type { StepActor } from '../../../../src/controllers/workflow/steps/actor.ts';
import type { StepContext } from '../../../../src/controllers/workflow/steps/contract.ts';
import type { LiveObject, ObjectsPort } from '../../../../src/controllers/workflow/steps/ports.ts';
import { RestartStep } from '../../../../src/controllers/workflow/steps/restart.ts';
import type { RestartAction } from '../../../../src/domain/workflow/action.ts';
import type { Operation } from '../../../../src/domain/workflow/operation.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const operation: Operation<RestartAction> = {
  step: 'roll',
  direction: 'Forward',
  attempt: 1,
  opId: 'f00dfeed'.repeat(4),
  action: { kind: 'restart', target: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
  before: { uid: 'web', restartedAt: null, stamp: null },
  undoes: undefined,
  own: [],
  attemptedAt: START,
};

/** What becomes of the step where the Deployment has these annotations already. */
function applied(op: string, restartedAt: string, attemptedAt: number) {
  const live: LiveObject & { spec: object } = {
    metadata: { name: 'web', uid: 'web', resourceVersion: '2', annotations: { 'baton.dev/op': op } },
    spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': restartedAt } } } },
  };
  const read = () => Promise.resolve({ kind: 'found', object: live, hasScale: true } as const);
  const step = new RestartStep({
    objects: { read } as unknown as ObjectsPort,
    actor: { carryOut: () => Promise.reject(new Error('it is done again')) } as unknown as StepActor,
  });
  const context = {
    workflow: { namespace: 'shop', name: 'w', uid: 'u', serviceAccountName: 'runner' },
    signal: new AbortController().signal,
    dryRun: false,
  } as unknown as StepContext;
  return step.apply({ ...operation, attemptedAt }, context);
}

it('is done where its stamp is, also when the clock was set back since it was tried', async () => {
  const written = new Date(START).toISOString();
  expect(await applied(operation.opId, written, START)).toEqual({ kind: 'applied' });
  expect(await applied(operation.opId, written, START - 10_000)).toEqual({ kind: 'applied' });
});

it('is unknown where somebody else has restarted or stamped it', async () => {
  expect(await applied('another', new Date(START).toISOString(), START)).toMatchObject({ kind: 'unknown' });
});
