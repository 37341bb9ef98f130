import { describe, expect, it } from 'vitest';
import { loadExpressions } from '../../../../src/domain/workflow/expression.ts';
import type { StepObjection } from '../../../../src/domain/guard/step.ts';
import type { HttpAction } from '../../../../src/domain/workflow/action.ts';
import type { Operation } from '../../../../src/domain/workflow/operation.ts';
import type { StepActor } from '../../../../src/controllers/workflow/steps/actor.ts';
import type { StepContext } from '../../../../src/controllers/workflow/steps/contract.ts';
import { HttpStep } from '../../../../src/controllers/workflow/steps/http.ts';
import type { Outgoing, Reply } from '../../../../src/controllers/workflow/steps/ports.ts';

await loadExpressions();

const POST: HttpAction = {
  kind: 'http',
  url: 'https://pay.example.org/refund?id=7',
  method: 'POST',
  headers: [{ name: 'x-team', value: 'shop' }],
  body: '{}',
  status: undefined,
  expression: undefined,
  idempotent: false,
};
const GET: HttpAction = { ...POST, method: 'GET', body: undefined, idempotent: true };
const answered = (status: number, body = ''): Reply => ({ kind: 'answered', status, headers: {}, body });

const operationOf = (action: HttpAction, opId = 'op-1'): Operation<HttpAction> => ({
  step: 'call',
  direction: 'Forward',
  attempt: 1,
  opId,
  action,
  before: undefined,
  undoes: undefined,
  own: [],
  attemptedAt: 0,
});

function bed() {
  const context: StepContext = {
    workflow: {
      namespace: 'shop',
      name: 'refund',
      uid: 'u',
      type: 'Maintenance',
      serviceAccountName: undefined,
      requestedBy: undefined,
    },
    dryRun: false,
    undo: 'None',
    scope: { parameters: { want: 'ok' }, steps: {}, workflow: {} },
    signal: new AbortController().signal,
  };
  const sent: {
    readonly request: Outgoing;
    readonly end: (reply: Reply | Promise<Reply>) => Promise<void>;
    readonly signal: AbortSignal;
  }[] = [];
  const state: { objection: StepObjection | undefined; barred: string | undefined; woken: string[] } = {
    objection: undefined,
    barred: undefined,
    woken: [],
  };
  const process = (): HttpStep =>
    new HttpStep({
      actor: { maySend: () => Promise.resolve(state.objection) } as unknown as StepActor,
      requests: {
        barred: () => Promise.resolve(state.barred),
        send: (request, signal) =>
          new Promise((resolve) => {
            const end = async (reply: Reply | Promise<Reply>) => {
              resolve(reply);
              // What follows on it has run when the next timer fires.
              await new Promise((done) => setTimeout(done, 0));
            };
            signal.addEventListener('abort', () => resolve({ kind: 'unanswered', because: 'ended' }), { once: true });
            sent.push({ request, end, signal });
          }),
      },
      wake: ({ name }) => state.woken.push(name),
    });
  return { context, sent, state, process };
}

describe('a request of a step', () => {
  it('is sent once, runs beside, and wakes the workflow when it is answered', async () => {
    const { context, sent, state, process } = bed();
    const step = process();
    const operation = operationOf(POST);
    expect(await step.prepare(operation, context)).toEqual({ kind: 'prepared', before: {} });
    expect(sent).toHaveLength(0);
    expect(await step.apply(operation, context)).toEqual({ kind: 'applied' });
    expect(await step.apply(operation, context)).toEqual({ kind: 'applied' });
    expect(await step.verify(operation, context)).toMatchObject({ kind: 'waiting' });
    expect(sent).toHaveLength(1);
    expect(sent[0]?.request).toEqual({
      url: POST.url,
      method: 'POST',
      headers: { 'x-team': 'shop', 'idempotency-key': 'op-1' },
      body: '{}',
    });
    await sent[0]?.end(answered(201, '{"id": 9}'));
    expect(state.woken).toEqual(['refund']);
    const done = { kind: 'done', outputs: { status: 201, body: { id: 9 } } };
    expect(await step.verify(operation, context)).toEqual(done);
    expect(await step.apply(operation, context)).toEqual({ kind: 'applied' });
    expect(await step.verify(operation, context)).toEqual(done);
    expect(sent).toHaveLength(1);
  });

  it('is not sent again by a process that does not know whether it was', async () => {
    const { context, sent, process } = bed();
    const operation = operationOf(POST);
    await process().prepare(operation, context);
    expect(await process().apply(operation, context)).toMatchObject({ kind: 'unknown' });
    expect(await process().verify(operation, context)).toMatchObject({ kind: 'unknown' });
    const step = process();
    await step.prepare(operation, context);
    step.forget();
    expect(await step.apply(operation, context)).toMatchObject({ kind: 'unknown' });
    expect(sent).toHaveLength(0);
  });

  it('is sent again where that does no harm', async () => {
    const { context, sent, process } = bed();
    const operation = operationOf({ ...POST, idempotent: true });
    const step = process();
    expect(await step.apply(operation, context)).toEqual({ kind: 'applied' });
    const later = process();
    expect(await later.verify(operation, context)).toMatchObject({ kind: 'waiting' });
    expect(await later.verify(operation, context)).toMatchObject({ kind: 'waiting' });
    expect(sent).toHaveLength(2);
    expect(sent[1]?.request.headers).toMatchObject({ 'idempotency-key': 'op-1' });
  });

  it('that reads is begun by its verification', async () => {
    const { context, sent, state, process } = bed();
    // Nothing is changed by it, so that the guard is not asked.
    state.objection = { kind: 'wait', policy: 'suspended', reason: 'Suspended', message: 'not now' };
    const step = process();
    expect(await step.verify(operationOf(GET), context)).toMatchObject({ kind: 'waiting' });
    await sent[0]?.end(answered(200, 'pong'));
    expect(await step.verify(operationOf(GET), context)).toEqual({
      kind: 'done',
      outputs: { status: 200, body: 'pong' },
    });
  });

  it('waits where the guard objects, and is not sent', async () => {
    const { context, sent, state, process } = bed();
    const step = process();
    await step.prepare(operationOf(POST), context);
    state.objection = { kind: 'wait', policy: 'suspended', reason: 'Suspended', message: 'not now' };
    expect(await step.apply(operationOf(POST), context)).toMatchObject({ kind: 'waiting', message: 'not now' });
    state.objection = { kind: 'gone', policy: 'cancelled', reason: 'Stopped', message: 'it ends' };
    expect(await step.apply(operationOf(POST), context)).toMatchObject({ kind: 'failed', reason: 'Stopped' });
    expect(sent).toHaveLength(0);
    state.objection = undefined;
    expect(await step.apply(operationOf(POST), context)).toEqual({ kind: 'applied' });
    expect(sent).toHaveLength(1);
  });

  it('ends no process, whatever goes wrong with it', async () => {
    const { context, sent, state, process } = bed();
    const step = process();
    await step.verify(operationOf(GET), context);
    await sent[0]?.end(Promise.reject(new Error('nobody thought of this')));
    expect(state.woken).toEqual(['refund']);
    expect(await step.verify(operationOf(GET), context)).toEqual({
      kind: 'unknown',
      message: 'what came of the request cannot be told: nobody thought of this',
    });
  });

  it('is ended with its step', async () => {
    const { context, sent, process } = bed();
    const step = process();
    await step.prepare(operationOf(POST), context);
    await step.apply(operationOf(POST), context);
    expect(await step.stop(operationOf(POST))).toEqual({ kind: 'done' });
    expect(sent[0]?.signal.aborted).toBe(true);
  });

  it('sends nothing when it is rehearsed', async () => {
    const { context, sent, process } = bed();
    const answer = await process().prepare(operationOf(POST), { ...context, dryRun: true });
    // Queries carry tokens more often than they should.
    expect(answer).toMatchObject({
      rehearsal: { message: expect.stringMatching(/^sends POST to pay\.example\.org\/refund;/) },
    });
    expect(sent).toHaveLength(0);
  });

  it.each([
    ['is 404', answered(404), POST, { kind: 'failed', reason: 'ResponseUnexpected', mayRetry: false }],
    ['is 404, and may be asked for again', answered(404), GET, { kind: 'failed', mayRetry: true }],
    ['asks to come later', answered(503), POST, { kind: 'failed', mayRetry: true }],
    ['is an error that may have come after the work', answered(500), POST, { kind: 'failed', mayRetry: false }],
    ['is a redirect', answered(302), GET, { kind: 'failed', reason: 'ResponseUnexpected' }],
    ['is a code that is wanted', answered(404), { ...GET, status: [404] }, { kind: 'done', outputs: { status: 404 } }],
    ['is not one that is wanted', answered(200), { ...GET, status: [404] }, { kind: 'failed' }],
    // What walks it by recursion ends with the stack, and with it the process.
    ['is nested deeply', answered(200, '['.repeat(30_000) + ']'.repeat(30_000)), GET, { outputs: { status: 200 } }],
    [
      'is nested deeply, and short',
      answered(200, '['.repeat(101) + ']'.repeat(101)),
      GET,
      { outputs: { status: 200, body: '['.repeat(101) + ']'.repeat(101) } },
    ],
    ['is too large', answered(200, 'x'.repeat(5_000)), GET, { kind: 'done', outputs: { status: 200 } }],
    [
      'is so',
      answered(200, '{"state":"ok"}'),
      { ...GET, expression: 'body.state == parameters.want && status == 200' },
      { kind: 'done', outputs: { status: 200, body: { state: 'ok' } } },
    ],
    [
      'is not so',
      answered(200, '{"state":"bad"}'),
      { ...GET, expression: 'body.state == parameters.want' },
      { kind: 'failed', reason: 'ResponseUnexpected', mayRetry: true },
    ],
    [
      'has no such field',
      answered(200, '{}'),
      { ...GET, expression: 'body.state == "ok"' },
      { kind: 'failed', reason: 'ResponseUnexpected' },
    ],
    ['never came', { kind: 'unanswered', because: 'reset' }, POST, { kind: 'unknown' }],
    ['never came, and may be asked for again', { kind: 'unanswered', because: 'reset' }, GET, { mayRetry: true }],
    ['could not be asked for', { kind: 'unsent', because: 'refused' }, POST, { kind: 'failed', mayRetry: true }],
    ['may not be asked for', { kind: 'barred', because: 'loopback' }, POST, { reason: 'DestinationNotAllowed' }],
  ] satisfies [string, Reply, HttpAction, object][])('whose answer %s', async (_, reply, action, wanted) => {
    const { context, sent, process } = bed();
    const step = process();
    await step.prepare(operationOf(action), context);
    await step.apply(operationOf(action), context);
    await sent[0]?.end(reply);
    expect(await step.verify(operationOf(action), context)).toMatchObject(wanted);
  });

  it.each([
    ['no http', { url: 'file:///etc/passwd' }],
    ['a password', { url: 'https://me:secret@example.org/' }],
    ['a header of the connection', { headers: [{ name: 'Host', value: 'x' }] }],
    ['a key of its own', { headers: [{ name: 'Idempotency-Key', value: 'x' }] }],
    ['a line break in a header', { headers: [{ name: 'x-a', value: 'x\r\nhost: y' }] }],
    ['an expression that cannot be read', { expression: 'status ==' }],
    ['an expression about what is not there', { expression: 'secrets.a == 1' }],
  ])('with %s is refused before it is sent', async (_, over) => {
    const { context, sent, process } = bed();
    const operation = operationOf({ ...GET, ...over });
    expect(await process().prepare(operation, context)).toMatchObject({ kind: 'failed', reason: 'InvalidSpec' });
    expect(await process().verify(operation, context)).toMatchObject({ kind: 'failed', reason: 'InvalidSpec' });
    expect(sent).toHaveLength(0);
  });

  it('to where none may go is refused before it is sent', async () => {
    const { context, state, process } = bed();
    state.barred = '127.0.0.1 is loopback';
    const refused = { kind: 'failed', reason: 'DestinationNotAllowed', message: '127.0.0.1 is loopback' };
    expect(await process().prepare(operationOf(POST), context)).toMatchObject(refused);
  });
});
