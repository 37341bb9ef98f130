import { describe, expect, it } from 'vitest';
import { loadExpressions } from '../../../../src/domain/workflow/expression.ts';
import type { Health } from '../../../../src/api/kinds.ts';
import type { Action, HealthAction } from '../../../../src/domain/workflow/action.ts';
import type { Operation, Want } from '../../../../src/domain/workflow/operation.ts';
import type { StepActor } from '../../../../src/controllers/workflow/steps/actor.ts';
import { outputsOf } from '../../../../src/controllers/workflow/steps/job.ts';
import { nameOf } from '../../../../src/controllers/workflow/steps/names.ts';
import type { LiveObject, ObjectRead, ObjectsPort } from '../../../../src/controllers/workflow/steps/ports.ts';
import { rolloutOf } from '../../../../src/controllers/workflow/steps/rollout.ts';
import { Steps } from '../../../../src/controllers/workflow/steps/steps.ts';
import { Waiters } from '../../../../src/controllers/workflow/steps/waiters.ts';

await loadExpressions();

const workflow = {
  namespace: 'shop',
  name: 'deploy',
  uid: 'u',
  type: 'Maintenance',
  serviceAccountName: 'runner',
  requestedBy: 'somebody',
};
const operationOf = <A extends Action>(action: A, over: Partial<Operation<A>> = {}): Operation<A> => ({
  step: 'it',
  direction: 'Forward',
  attempt: 1,
  opId: 'f00dfeed'.repeat(4),
  action,
  before: undefined,
  undoes: undefined,
  own: [],
  attemptedAt: 0,
  ...over,
});

describe('a request that must not be repeated', () => {
  const action: Action = {
    kind: 'http',
    url: 'http://127.0.0.1/refund',
    method: 'POST',
    headers: [],
    body: undefined,
    status: undefined,
    expression: undefined,
    idempotent: false,
  };

  it.each([
    ['is sent where only the lease was renewed late', 7, 'applied'],
    ['is not sent where another led meanwhile', 9, 'unknown'],
  ])('%s', async (_, epoch, kind) => {
    const { steps, apply, prepare } = bed();
    steps.begin(7);
    await prepare(operationOf(action));
    steps.begin(epoch);
    expect(await apply(operationOf(action))).toMatchObject({ kind });
  });
});

function bed(read: () => Promise<ObjectRead> = () => Promise.resolve({ kind: 'absent' })) {
  const state = { now: 1_000, health: undefined as Health | undefined, woken: [] as string[], errors: [] as unknown[] };
  const waiters = new Waiters(({ name }) => state.woken.push(name));
  const steps = new Steps({
    objects: { read } as unknown as ObjectsPort,
    actor: { maySend: () => Promise.resolve(undefined) } as unknown as StepActor,
    requests: { barred: () => Promise.resolve(undefined), send: () => new Promise(() => undefined) },
    waiters,
    healthOf: () => state.health,
    maxDepth: () => 3,
    now: () => state.now,
    onError: (_, error) => state.errors.push(error),
  });
  const end = new AbortController();
  const wanting = (want: Want) => (operation: Operation) =>
    steps.run({ want, operation, undo: 'Nothing', scope: {} }, { workflow, dryRun: false, signal: end.signal });
  const [verify, prepare, apply] = [wanting('Verify'), wanting('Prepare'), wanting('Apply')];
  return { state, waiters, steps, verify, prepare, apply, end };
}

describe('steps', () => {
  const restart = operationOf({ kind: 'restart', target: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } });

  it('wait where the API server does not answer, and say what it was', async () => {
    const { state, verify } = bed(() => Promise.reject(new Error('connection refused')));
    expect(await verify(restart)).toMatchObject({
      kind: 'waiting',
      message: expect.stringContaining('connection refused'),
    });
    expect(state.errors).toHaveLength(1);
  });

  it('end with the signal, and with its reason', async () => {
    const { state, verify, end } = bed(() => {
      end.abort(new Error('the lead is lost'));
      return Promise.reject(new Error('aborted'));
    });
    await expect(verify(restart)).rejects.toThrow('the lead is lost');
    expect(state.errors).toEqual([]);
  });

  it('are woken by what changes while they look, and not when they have answered', async () => {
    const { state, waiters, verify } = bed(() => {
      waiters.changed('Deployment', { namespace: 'shop', name: 'web' });
      return Promise.reject(new Error('too early'));
    });
    await verify(restart);
    expect(state.woken).toEqual(['deploy']);
    const answered = bed();
    expect(await answered.verify(restart)).toMatchObject({ kind: 'failed', reason: 'TargetNotFound' });
    answered.waiters.changed('Deployment', { namespace: 'shop', name: 'web' });
    expect(answered.state.woken).toEqual([]);
  });
});

describe('health', () => {
  const action: HealthAction = { kind: 'health', service: 'checkout', atLeast: 'Warning', forMs: 60_000 };

  it('has to be good enough for its time without a break', async () => {
    const { state, verify } = bed();
    const look = (since?: number) => verify(operationOf(action, { since }));
    expect(await look()).toMatchObject({ kind: 'waiting', message: expect.stringContaining('nothing is known') });
    for (const health of ['Unknown', 'Failed', 'Critical', 'Degraded'] satisfies Health[]) {
      state.health = health;
      const answer = await look(0);
      expect(answer).toMatchObject({
        kind: 'waiting',
        message: `checkout is ${health}, and has to be Warning or better`,
      });
      expect(answer).not.toHaveProperty('since');
    }
    state.health = 'Healthy';
    expect(await look()).toMatchObject({ kind: 'waiting', since: 1_000, lookAgainInMs: 60_000 });
    state.now = 31_000;
    expect(await look(1_000)).toMatchObject({ kind: 'waiting', since: 1_000, lookAgainInMs: 30_000 });
    // The clock went back.
    expect(await look(99_000)).toMatchObject({ kind: 'waiting', since: 31_000 });
    state.now = 61_000;
    expect(await look(1_000)).toEqual({ kind: 'done', outputs: { health: 'Healthy' } });
  });

  it('is done at once where no time is asked for', async () => {
    const { state, verify } = bed();
    state.health = 'Warning';
    expect(await verify(operationOf({ ...action, forMs: 0 }))).toMatchObject({ kind: 'done' });
  });
});

it('waits its time', async () => {
  const { state, verify } = bed();
  const wait = operationOf({ kind: 'wait', durationMs: 5_000 } as const);
  expect(await verify(wait)).toMatchObject({ kind: 'waiting', lookAgainInMs: 4_000 });
  state.now = 5_000;
  expect(await verify(wait)).toEqual({ kind: 'done' });
});

describe('what a Job leaves', () => {
  it.each([
    ['nothing', undefined, { kind: 'done' }],
    ['an object', '{"rows":7}', { kind: 'done', outputs: { rows: 7 } }],
    ['a list', '[1]', { kind: 'done', message: expect.stringContaining('no JSON object') }],
    ['words', 'all\u001b[31m good', { kind: 'done', message: expect.stringMatching(/: all \[31m good$/) }],
    ['too much', `{"a":"${'ü'.repeat(2_100)}"}`, { kind: 'done', message: expect.stringContaining('4096 bytes') }],
  ])('is %s', (_, message, wanted) => {
    expect(outputsOf(message)).toEqual(wanted);
  });
});

it('names what it makes by the attempt, in the length that there is', () => {
  const name = (of: string, step: string) => nameOf({ ...workflow, name: of }, { step, opId: '0123456789abcdef' });
  expect(name('deploy', 'tidy')).toBe('deploy-tidy-01234567');
  expect(name('a.b', 'Tidy_up')).toBe('a-b-tidy-up-01234567');
  const long = name('w'.repeat(200), 'tidy');
  expect(long).toHaveLength(63);
  expect(long.endsWith('-01234567')).toBe(true);
  expect(name(`${'w'.repeat(53)}-`, 'tidy')).toBe(`${'w'.repeat(53)}-01234567`);
});

describe('a rollout', () => {
  const of = (kind: string, spec: object, status: object) =>
    rolloutOf(kind, {
      metadata: { name: 'web', uid: 'u', resourceVersion: '1', generation: 2 },
      spec,
      status: { observedGeneration: 2, ...status },
    } satisfies LiveObject).state;
  const full = { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
  const late = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' };

  it.each([
    ['Deployment', {}, { ...full, observedGeneration: 1 }, 'Progressing'],
    ['Deployment', {}, full, 'Complete'],
    ['Deployment', {}, { ...full, updatedReplicas: 1 }, 'Progressing'],
    ['Deployment', {}, { ...full, replicas: 3 }, 'Progressing'],
    ['Deployment', {}, { ...full, availableReplicas: 1 }, 'Progressing'],
    ['Deployment', {}, { ...full, conditions: [late] }, 'Stuck'],
    ['StatefulSet', {}, { ...full, currentRevision: 'a', updateRevision: 'a' }, 'Complete'],
    ['StatefulSet', {}, { ...full, currentRevision: 'a', updateRevision: 'b' }, 'Progressing'],
    ['StatefulSet', {}, { ...full, readyReplicas: 1 }, 'Progressing'],
    [
      'StatefulSet',
      { updateStrategy: { rollingUpdate: { partition: 1 } } },
      { ...full, updatedReplicas: 1 },
      'Complete',
    ],
    [
      'StatefulSet',
      { updateStrategy: { rollingUpdate: { partition: 1 } } },
      { ...full, updatedReplicas: 0 },
      'Progressing',
    ],
    ['DaemonSet', {}, { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 }, 'Complete'],
    ['DaemonSet', {}, { desiredNumberScheduled: 2, updatedNumberScheduled: 1, numberAvailable: 2 }, 'Progressing'],
    ['DaemonSet', {}, { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 }, 'Progressing'],
  ])('of a %s with %j and %j is %s', (kind, spec, status, wanted) => {
    expect(of(kind, { replicas: 2, ...spec }, status)).toBe(wanted);
  });
});
