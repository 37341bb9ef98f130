import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, Api, unique } from '../support/api.ts';
import { installCrds } from '../support/crds.ts';
import { grow, pause, schedule, schedulesOf, template, templatesOf, workflow, workflowsOf } from './workflows.ts';

// What may still be written when. Who may is a matter of the admission policy (workflow-policy.test.ts).

const api = new Api();
let namespace: Awaited<ReturnType<Api['namespace']>>;
let workflows: string;

beforeAll(async () => {
  await installCrds(api);
  namespace = await api.namespace('admission-life');
  workflows = workflowsOf(namespace.name);
});
afterAll(() => namespace[Symbol.asyncDispose]());

const STRICT = { fieldValidation: 'Strict' };
const ask = { name: 'ask', approval: {} };
const two = { name: 'two', approval: { required: 2 } };
const free = { name: 'free', job: { template: { backoffLimit: 0, template: { spec: { containers: [] } } } } };
const steps = [pause, ask, two, free];
const approve = (step: string, user: string) => ({ step, user, decision: 'Approve' });

/** A workflow of a name of its own, in a phase. */
async function there(phase?: string, spec: object = { steps, requestedBy: 'alice' }): Promise<string> {
  const name = unique('w');
  const created = await api.call('POST', workflows, { body: workflow(spec, name), query: STRICT });
  expect(created.message).toBe('');
  if (phase !== undefined) await becomes(name, phase);
  return name;
}

async function becomes(name: string, phase: string): Promise<void> {
  const written = await api.call('PATCH', `${workflows}/${name}/status`, {
    body: { status: { phase } },
    query: STRICT,
  });
  expect(written.message).toBe('');
}

const change = (name: string, spec: object): Promise<Answer> =>
  api.call('PATCH', `${workflows}/${name}`, { body: { spec }, query: STRICT });
const expectAccepted = async (name: string, spec: object) => expect((await change(name, spec)).message).toBe('');
async function expectRefused(name: string, spec: object, says: string): Promise<void> {
  const { status, message } = await change(name, spec);
  expect(message).toContain(says);
  expect(status).toBe(422);
  expect(message).not.toMatch(/evaluation error|no such|cost limit/i);
}

const FIXED = 'only suspend, cancel, priority and approvals can be changed';
const ENDED = 'this workflow has ended and is kept as it was; create another one';

/** Every part of what a workflow does, each with another value. */
const parts: readonly [string, object][] = [
  ['type', { type: 'Recovery' }],
  ['mode', { mode: 'Plan' }],
  ['parameters', { parameters: [{ name: 'a', value: 'b' }] }],
  ['targets', { targets: [{ kind: 'Deployment', name: 'checkout' }] }],
  ['dependsOn', { dependsOn: [{ name: 'backup' }] }],
  ['slots', { slots: [{ name: 'big' }] }],
  ['timeout', { timeout: '2h' }],
  ['estimatedDuration', { estimatedDuration: '1m' }],
  ['maxParallelSteps', { maxParallelSteps: 1 }],
  ['steps', { steps: [pause, ask, two] }],
  [
    'a free-form part of a step',
    { steps: [pause, ask, two, { ...free, job: { template: { backoffLimit: 9, template: {} } } }] },
  ],
  ['successCriteria', { successCriteria: [{ expression: 'true' }] }],
  ['rollback', { rollback: { after: [] } }],
  ['ttlAfterFinished', { ttlAfterFinished: '1h' }],
];

describe('a workflow that waits', () => {
  it.each(['Pending', 'Queued'])('can be changed in phase %s', async (phase) => {
    const name = await there(phase);
    for (const [, part] of parts) await expectAccepted(name, part);
  });

  it.each([
    ['serviceAccountName', { serviceAccountName: 'root' }],
    ['serviceAccountName, by taking it away', { serviceAccountName: null }],
    ['requestedBy', { requestedBy: 'bob' }],
    ['templateRef, by adding it', { templateRef: { name: 'sale' } }],
  ])('keeps its %s', async (_, spec) => {
    const says = 'requestedBy, serviceAccountName and templateRef stay as they were at creation';
    await expectRefused(await there('Pending'), spec, says);
  });

  it('gets no requestedBy later', async () => {
    await expectRefused(
      await there('Pending', { steps: [ask] }),
      { requestedBy: 'bob' },
      'stay as they were at creation',
    );
  });
});

describe('a workflow that runs', () => {
  it.each(parts)('keeps its %s', async (_, part) => {
    await expectRefused(await there('Running'), part, FIXED);
  });

  it.each(['Running', 'Paused', 'Verifying', 'RollingBack'])(
    'can be suspended, cancelled, put first and decided on in phase %s',
    async (phase) => {
      const name = await there(phase);
      for (const spec of [
        { suspend: true },
        { priority: 900 },
        { cancel: 'Stop' },
        { approvals: [approve('ask', 'bob')] },
      ]) {
        await expectAccepted(name, spec);
      }
      await expectRefused(name, { timeout: '2h' }, FIXED);
    },
  );

  it('takes status after status, in phases that fix its spec too', async () => {
    const name = await there('Running');
    for (const phase of ['Verifying', 'Succeeded', 'Succeeded']) await becomes(name, phase);
    await expectRefused(name, { suspend: true }, ENDED);
  });
});

describe('a workflow that has ended', () => {
  it.each(['Succeeded', 'Failed', 'RolledBack', 'RollbackFailed', 'Cancelled', 'Planned'])(
    'stays as it was in phase %s',
    async (phase) => {
      const name = await there(phase);
      for (const spec of [
        { suspend: true },
        { priority: 1 },
        { cancel: 'Stop' },
        { approvals: [approve('ask', 'bob')] },
      ]) {
        await expectRefused(name, spec, ENDED);
      }
      const labelled = await api.call('PATCH', `${workflows}/${name}`, {
        body: { metadata: { labels: { kept: 'yes' } } },
      });
      expect(labelled.message).toBe('');
    },
  );
});

describe('an order to cancel', () => {
  it('goes up and never down', async () => {
    const name = await there('Running');
    await expectAccepted(name, { cancel: 'Stop' });
    for (const cancel of ['None', null])
      await expectRefused(name, { cancel }, 'an order to cancel cannot be taken back');
    await expectAccepted(name, { cancel: 'StopAndRollback' });
    await expectRefused(name, { cancel: 'Stop' }, 'Stop can only become StopAndRollback');
  });
});

describe('decisions', () => {
  it('are appended as kubectl patch --type json appends them, from the first on', async () => {
    const name = await there('Running');
    for (const user of ['bob', 'carol']) {
      const { message } = await api.call('PATCH', `${workflows}/${name}`, {
        body: [{ op: 'add', path: '/spec/approvals/-', value: approve('two', user) }],
        contentType: 'application/json-patch+json',
      });
      expect(message).toBe('');
    }
    const { body } = await api.call('GET', `${workflows}/${name}`);
    expect(body['spec']).toMatchObject({ approvals: [approve('two', 'bob'), approve('two', 'carol')] });
  });

  it('cannot be taken back or changed, and what they were about is fixed from then on', async () => {
    const name = await there('Pending');
    const bob = approve('two', 'bob');
    await expectAccepted(name, { approvals: [bob] });
    await expectRefused(name, { approvals: [] }, 'a decision cannot be taken back; leave those that are there');
    await expectRefused(name, { approvals: null }, 'a decision cannot be taken back');
    await expectRefused(name, { approvals: [approve('two', 'carol')] }, 'a decision cannot be taken back');
    await expectRefused(
      name,
      { approvals: [{ ...bob, decision: 'Reject' }] },
      'a decision that was made cannot be changed',
    );
    await expectRefused(name, { approvals: [{ ...bob, comment: 'hm' }] }, 'a decision that was made cannot be changed');
    await expectRefused(name, { approvals: [bob, { ...bob, decision: 'Reject' }] }, 'Duplicate value');
    await expectRefused(name, { timeout: '2h' }, FIXED);
    await expectAccepted(name, { approvals: [bob, approve('two', 'carol')] });
  });

  it('are about steps that ask for one', async () => {
    const name = await there('Running');
    const says = 'approvals names a step that there is not, or that asks for no approval';
    await expectRefused(name, { approvals: [approve('more', 'bob')] }, says);
    await expectRefused(name, { approvals: [approve('pause', 'bob')] }, says);
  });

  it('of who asked for the workflow count where one is enough, and else only against it', async () => {
    const name = await there('Running');
    await expectRefused(name, { approvals: [approve('two', 'alice')] }, 'who asked for the workflow is none of them');
    await expectAccepted(name, {
      approvals: [approve('ask', 'alice'), { ...approve('two', 'alice'), decision: 'Reject' }],
    });
  });
});

describe('a workflow from a template', () => {
  const from = { templateRef: { name: 'sale' } };
  const copied = { type: 'Recovery', timeout: '2h', steps: [grow, ask, two], rollback: { after: [] } };

  it('takes all of it at once, and keeps it from then on', async () => {
    const name = await there('Pending', from);
    await expectRefused(name, { timeout: '2h' }, 'come from the template too');
    await expectRefused(name, { approvals: [approve('ask', 'bob')] }, 'approvals names a step that there is not');
    await expectAccepted(name, { ...copied, parameters: [{ name: 'a', value: 'default' }] });
    await expectRefused(name, { timeout: '3h' }, FIXED);
    await expectRefused(name, { parameters: [] }, FIXED);
    await expectRefused(name, { steps: null, type: null, timeout: null, rollback: null }, FIXED);
    await expectAccepted(name, { suspend: true });
  });

  it('has nobody approve for two where nobody said who asked', async () => {
    const name = await there('Pending', from);
    await expectAccepted(name, copied);
    await expectRefused(name, { approvals: [approve('two', 'bob')] }, 'who asked for the workflow is none of them');
    await expectAccepted(name, { approvals: [approve('ask', 'bob')] });
  });
});

describe('what is as big as it may be', () => {
  const names = Array.from({ length: 200 }, (_, at) => `s${at}`.padEnd(63, 'x'));
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd'.repeat(253) };
  const kinds = [
    { scale: { target, replicas: '{{ int(parameters.replicas) }}' }, compensate: { auto: true } },
    { patch: { target, patch: 'p'.repeat(2048) }, compensate: { patch: { target, patch: 'p'.repeat(2048) } } },
    { wait: { target, expression: 'e'.repeat(1024) }, compensate: { none: true } },
    { approval: { users: Array.from({ length: 50 }, (_, at) => `${at}`.padEnd(64, 'u')), required: 10 } },
    { http: { url: `https://${'h'.repeat(1000)}/`, method: 'POST', body: 'b'.repeat(1024) } },
  ];
  const big = names.map((name, at) => ({
    name,
    dependsOn: names.slice(Math.max(0, at - 16), at),
    when: 'w'.repeat(1024),
    timeout: '167h59m59s999ms',
    continueOn: ['Failed', 'TimedOut', 'Unknown'],
    ...kinds[at % kinds.length],
  }));
  const whole = {
    type: 'Maintenance',
    targets: Array.from({ length: 50 }, (_, at) => ({ ...target, name: `${at}`.padEnd(253, 't') })),
    slots: Array.from({ length: 16 }, (_, at) => ({ name: `${at}`.padEnd(63, 's'), units: 1000 })),
    steps: big,
    successCriteria: Array.from({ length: 10 }, () => ({ target, expression: 'e'.repeat(1024), for: '1m' })),
    rollback: { after: ['Failed', 'CriteriaFailed', 'TimedOut', 'Cancelled'] },
  };

  it('is accepted as a template', async () => {
    const parameters = Array.from({ length: 64 }, (_, at) => ({
      name: `${at}`.padStart(63, 'p'),
      default: 'v'.repeat(1024),
    }));
    const { message } = await api.call('POST', templatesOf(namespace.name), {
      body: template({ ...whole, parameters }),
      query: STRICT,
    });
    expect(message).toBe('');
  });

  it('is accepted as a workflow, runs, and is decided on by 200 people', async () => {
    const more = { requestedBy: 'alice', dependsOn: Array.from({ length: 20 }, (_, at) => ({ name: `before-${at}` })) };
    const name = await there('Running', { ...whole, ...more });
    const asking = names.filter((_, at) => at % kinds.length === 3);
    const approvals = asking.flatMap((step) =>
      Array.from({ length: 5 }, (_, at) => approve(step, `${at}`.padEnd(64, 'u'))),
    );
    expect(approvals).toHaveLength(200);
    await expectAccepted(name, { approvals });
    await expectRefused(name, { approvals: approvals.slice(1) }, 'a decision cannot be taken back');
    await becomes(name, 'Succeeded');
  });
});

describe('a schedule that is there', () => {
  it('keeps who asked and the account, and else can be changed', async () => {
    const path = schedulesOf(namespace.name);
    const body = schedule({ requestedBy: 'alice', serviceAccountName: 'ops' });
    expect((await api.call('POST', path, { body, query: STRICT })).message).toBe('');
    const changed = (spec: object) => api.call('PATCH', `${path}/nightly`, { body: { spec } });
    for (const spec of [
      { requestedBy: 'bob' },
      { requestedBy: null },
      { serviceAccountName: 'root' },
      { serviceAccountName: null },
    ]) {
      expect((await changed(spec)).message).toContain(
        'requestedBy and serviceAccountName stay as they were at creation',
      );
    }
    expect((await changed({ schedule: '@hourly', suspend: true })).message).toBe('');
  });
});
