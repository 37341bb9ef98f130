import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChildAction, JobAction } from '../../../src/domain/workflow/action.ts';
import { NOWHERE, podTemplate } from '../operator/support/objects.ts';
import { installCrds } from '../support/crds.ts';
import { eventually } from '../support/eventually.ts';
import { BLIND, type Fields, operationOf, StepBed } from './bed.ts';

// Steps that make something: Jobs, and other workflows.

const BATCH = '/apis/batch/v1';
const BATON = '/apis/baton.dev/v1alpha1';

let bed: StepBed;
beforeAll(async () => {
  bed = await StepBed.make('steps-made');
  await installCrds(bed.api);
  await bed.knows(['batch/v1', 'Job'], ['baton.dev/v1alpha1', 'Workflow'], ['v1', 'ConfigMap']);
  bed.actFor(await bed.makeWorkflow('deploy'));
});
beforeEach(() => void bed.written());
afterAll(() => bed.close());

const items = async (group: string, plural: string, labelSelector = ''): Promise<Fields[]> => {
  const { body } = await bed.api.call('GET', bed.path(group, plural), { query: { labelSelector } });
  return body['items'] as Fields[];
};

describe('job', () => {
  // On a played node it runs to its end at once; on none its pod waits for what the test says of it.
  const job = (pod: object = {}, spec: object = {}): JobAction => {
    const { spec: template } = podTemplate({}, { restartPolicy: 'Never', ...pod }) as Fields;
    return { kind: 'job', template: { backoffLimit: 0, template: { spec: template }, ...spec } };
  };
  const jobsOf = async (opId: string) =>
    (await items(BATCH, 'jobs')).filter(({ metadata }) => metadata.annotations?.['baton.dev/op'] === opId);
  /** As a kubelet tells it. */
  const end = async (opId: string, phase: string, message?: string): Promise<void> => {
    const look = () => items('/api/v1', 'pods', `baton.dev/op=${opId}`);
    const [pod] = await eventually('the pod is there', 30, look, ({ length }) => length > 0);
    const terminated = { exitCode: phase === 'Failed' ? 1 : 0, finishedAt: '2026-01-01T00:00:00Z', message };
    const main = { name: 'main', image: 'x', imageID: '', ready: false, restartCount: 0, state: { terminated } };
    const status = { phase, containerStatuses: [main] };
    await bed.patch('/api/v1', 'pods', `${pod?.['metadata'].name}/status`, { status });
  };

  it('makes nothing when it is prepared, nor when it is rehearsed', async () => {
    const operation = operationOf(job());
    await bed.prepared(operation);
    const answer = await bed.run('Prepare', operation, bed.context({ dryRun: true }));
    expect(answer).toMatchObject({ kind: 'prepared', rehearsal: { diff: expect.stringMatching(/^Job deploy-it-/) } });
    const wrong = operationOf(job({ restartPolicy: 'Always' }));
    const refused = await bed.run('Prepare', wrong, bed.context({ dryRun: true }));
    expect(refused).toMatchObject({ kind: 'failed', reason: 'StepRefused' });
    expect(await jobsOf(operation.opId)).toEqual([]);
  });

  it('is made once, runs, and is done when it is complete', async () => {
    const ready = await bed.applied(operationOf(job({}, { ttlSecondsAfterFinished: 0 })));
    expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'applied' });
    const jobs = await jobsOf(ready.opId);
    expect(jobs).toHaveLength(1);
    expect(jobs[0]?.['metadata'].labels).toMatchObject({ 'baton.dev/workflow': bed.workflow.uid });
    await bed.verified(ready);
    // It goes with the workflow, and not before somebody saw how it ended.
    expect(await jobsOf(ready.opId)).toHaveLength(1);
  });

  it('is made by the next process where one died with its intent written and nothing sent', async () => {
    const ready = await bed.prepared(operationOf(job()));
    expect(await bed.run('Apply', ready, bed.context(), bed.process(0))).toMatchObject({ kind: 'waiting' });
    expect(await jobsOf(ready.opId)).toEqual([]);
    expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'applied' });
    expect(await jobsOf(ready.opId)).toHaveLength(1);
  });

  it('gives what its container leaves, to an account that may see its pods', async () => {
    const ready = await bed.applied(operationOf(job(NOWHERE)));
    expect(await bed.run('Verify', ready)).toMatchObject({ kind: 'waiting' });
    await end(ready.opId, 'Succeeded', '{"rows": 7}');
    expect(await bed.verified(ready)).toMatchObject({ kind: 'done', outputs: { rows: 7 } });
    const blind = await bed.run('Verify', ready, bed.as(BLIND));
    expect(blind).toMatchObject({ kind: 'done', message: expect.stringContaining('may not list pods') });
    expect(blind).not.toHaveProperty('outputs');
  });

  it('has failed when its pod has', async () => {
    const ready = await bed.applied(operationOf(job(NOWHERE)));
    await end(ready.opId, 'Failed');
    const look = () => bed.run('Verify', ready);
    const answer = await eventually('it has failed', 30, look, ({ kind }) => kind !== 'waiting');
    expect(answer).toMatchObject({ kind: 'failed', reason: 'JobFailed', mayRetry: true });
  });

  it('is stopped, with its pods', async () => {
    const ready = await bed.applied(operationOf(job(NOWHERE)));
    const look = () => items('/api/v1', 'pods', `baton.dev/op=${ready.opId}`);
    await eventually('the pod is there', 30, look, ({ length }) => length > 0);
    const stop = () => bed.run('Stop', ready);
    await eventually('it is stopped', 30, stop, ({ kind }) => kind === 'done');
    expect(await look()).toEqual([]);
    expect(await jobsOf(ready.opId)).toEqual([]);
    expect(await bed.run('Verify', ready)).toMatchObject({ kind: 'failed', reason: 'JobFailed' });
  });

  it('takes no Job of somebody else for its own', async () => {
    const operation = operationOf(job(NOWHERE));
    const name = `deploy-it-${operation.opId.slice(0, 8)}`;
    await bed.create(BATCH, 'jobs', { metadata: { name }, spec: { ...operation.action.template } });
    const ready = await bed.prepared(operation);
    expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'failed', reason: 'NameTaken' });
    expect(await bed.run('Stop', ready)).toMatchObject({ kind: 'failed', reason: 'NameTaken' });
    expect(await bed.get(BATCH, 'jobs', name)).toMatchObject({ metadata: { name } });
  });

  it('needs the rights of the account, and says which', async () => {
    const ready = await bed.prepared(operationOf(job()));
    const answer = await bed.run('Apply', ready, bed.powerless());
    expect(answer).toMatchObject({
      kind: 'failed',
      reason: 'AccountForbidden',
      message: `ServiceAccount nobody may not create jobs.batch in namespace ${bed.namespace}`,
    });
    expect(await jobsOf(ready.opId)).toEqual([]);
  });
});

describe('workflow from a template', () => {
  const child = (template: string): ChildAction => ({
    kind: 'workflow',
    template,
    parameters: [{ name: 'size', value: '3' }],
  });
  const makeTemplate = (name: string) =>
    bed.create(BATON, 'workflowtemplates', {
      apiVersion: 'baton.dev/v1alpha1',
      kind: 'WorkflowTemplate',
      metadata: { name },
      spec: { parameters: [{ name: 'size', default: '1' }], steps: [{ name: 'it', wait: { duration: '1h' } }] },
    });
  const childrenOf = async (opId: string) =>
    (await items(BATON, 'workflows')).filter(({ metadata }) => metadata.annotations?.['baton.dev/op'] === opId);
  const set = (name: string, status: object) => bed.patch(BATON, 'workflows', `${name}/status`, { status });

  beforeAll(() => Promise.all([makeTemplate('night'), makeTemplate('day')]));

  it('makes nothing when it is prepared, nor when it is rehearsed', async () => {
    const operation = operationOf(child('night'));
    await bed.prepared(operation);
    const answer = await bed.run('Prepare', operation, bed.context({ dryRun: true }));
    expect(answer).toMatchObject({ kind: 'prepared', rehearsal: { message: expect.stringContaining('night') } });
    expect(await childrenOf(operation.opId)).toEqual([]);
    const absent = await bed.run('Prepare', operationOf(child('absent')));
    expect(absent).toMatchObject({ kind: 'failed', reason: 'TargetNotFound' });
  });

  it('is made once, for the same person and account, and is done when it has succeeded', async () => {
    const ready = await bed.applied(operationOf(child('night')));
    expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'applied' });
    const children = await childrenOf(ready.opId);
    expect(children).toHaveLength(1);
    const [{ metadata, spec }] = children as [Fields];
    expect(spec).toMatchObject({
      templateRef: { name: 'night' },
      parameters: [{ name: 'size', value: '3' }],
      requestedBy: 'somebody',
      serviceAccountName: 'runner',
    });
    expect(await bed.run('Verify', ready)).toMatchObject({ kind: 'waiting' });
    await set(metadata.name, { phase: 'Succeeded' });
    expect(await bed.verified(ready)).toEqual({ kind: 'done', outputs: { name: metadata.name, phase: 'Succeeded' } });
    await set(metadata.name, { phase: 'RolledBack', message: 'it was too late' });
    const failed = { kind: 'failed', reason: 'ChildFailed', message: expect.stringContaining('it was too late') };
    expect(await bed.run('Verify', ready)).toMatchObject(failed);
  });

  it('is made by the next process where one died with its intent written and nothing sent', async () => {
    const ready = await bed.prepared(operationOf(child('night')));
    expect(await bed.run('Apply', ready, bed.context(), bed.process(0))).toMatchObject({ kind: 'waiting' });
    expect(await childrenOf(ready.opId)).toEqual([]);
    expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'applied' });
    expect(await childrenOf(ready.opId)).toHaveLength(1);
  });

  it('is told to end and roll back when it is stopped', async () => {
    const ready = await bed.applied(operationOf(child('night')));
    expect(await bed.run('Stop', ready)).toMatchObject({ kind: 'waiting' });
    const [{ metadata, spec }] = (await childrenOf(ready.opId)) as [Fields];
    expect(spec).toMatchObject({ cancel: 'StopAndRollback' });
    expect(await bed.run('Stop', ready)).toMatchObject({ kind: 'waiting' });
    await set(metadata.name, { phase: 'RolledBack' });
    expect(await bed.run('Stop', ready)).toEqual({ kind: 'done' });
    expect(bed.written()).toEqual(['Create Forward written', 'Patch Stop written']);
  });

  it('goes round in no circle, and no deeper than the limit', async () => {
    const first = bed.workflow;
    try {
      const ready = await bed.applied(operationOf(child('night')));
      const [{ metadata }] = (await childrenOf(ready.opId)) as [Fields];
      bed.actFor({ ...first, name: metadata.name, uid: metadata.uid });
      const circle = await bed.run('Prepare', operationOf(child('night')));
      expect(circle).toMatchObject({ kind: 'failed', reason: 'CycleFound', mayRetry: false });
      expect(circle).toMatchObject({ message: expect.stringContaining('night → night') });
      const second = await bed.applied(operationOf(child('day')));
      const [below] = (await childrenOf(second.opId)) as [Fields];
      bed.actFor({ ...first, name: below['metadata'].name, uid: below['metadata'].uid });
      await makeTemplate('third');
      const deep = await bed.run('Prepare', operationOf(child('third')));
      expect(deep).toMatchObject({ kind: 'failed', reason: 'DepthExceeded', mayRetry: false });
    } finally {
      bed.actFor(first);
    }
  });
});

describe('workflow that is suspended', () => {
  const named = (name: string): ChildAction => ({ kind: 'workflow', name });
  const made = async (name: string, suspend = true) => {
    await bed.makeWorkflow(name, { suspend });
    return name;
  };
  const suspended = async (name: string) => (await bed.get(BATON, 'workflows', name))['spec'].suspend;

  it('is let go once, as the account', async () => {
    const name = await made('let-go');
    const operation = operationOf(named(name));
    const ready = await bed.prepared(operation);
    const plan = await bed.run('Prepare', operation, bed.context({ dryRun: true }));
    expect(plan).toMatchObject({ kind: 'prepared', rehearsal: { diff: 'spec.suspend: true → false' } });
    expect(await bed.run('Prepare', operation, bed.powerless())).toMatchObject({ reason: 'AccountForbidden' });
    expect(await bed.run('Apply', ready, bed.context(), bed.process(0))).toMatchObject({ kind: 'waiting' });
    expect(await suspended(name)).toBe(true);
    expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'applied' });
    expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'applied' });
    expect(bed.written()).toEqual(['Patch Forward written']);
    expect(await suspended(name)).toBe(false);
    expect(await bed.run('Verify', ready)).toMatchObject({ kind: 'waiting' });
    await bed.patch(BATON, 'workflows', `${name}/status`, { status: { phase: 'Failed' } });
    expect(await bed.run('Verify', ready)).toMatchObject({ kind: 'failed', reason: 'ChildFailed' });
  });

  it('is told to end only where it was let go here', async () => {
    const [own, other] = [await made('own'), await made('other', false)];
    const ready = await bed.applied(operationOf(named(own)));
    expect(await bed.run('Stop', ready)).toMatchObject({ kind: 'waiting' });
    expect((await bed.get(BATON, 'workflows', own))['spec'].cancel).toBe('StopAndRollback');
    const waiting = await bed.applied(operationOf(named(other)));
    expect(await bed.run('Stop', waiting)).toEqual({ kind: 'done' });
    expect((await bed.get(BATON, 'workflows', other))['spec'].cancel).toBe('None');
  });

  it('is none that waits for this one by a step of its own, also where it came to that since', async () => {
    const waits = (workflow: string) => ({
      serviceAccountName: 'runner',
      steps: [{ name: 'waits', workflow: { name: workflow } }],
    });
    await bed.makeWorkflow('round', waits('about'));
    await bed.makeWorkflow('about', waits(bed.workflow.name));
    const ready = await bed.prepared(operationOf(named('round')));
    const begun = (name: string, state: string) =>
      bed.patch(BATON, 'workflows', `${name}/status`, {
        status: { phase: 'Running', steps: [{ name: 'waits', state, opId: 'x', before: { name: AWAITED[name] } }] },
      });
    const AWAITED: Record<string, string> = { round: 'about', about: bed.workflow.name };
    await begun('round', 'Intent');
    await begun('about', 'Verifying');
    const message = expect.stringContaining('→ round → about → ');
    const circle = { kind: 'failed', reason: 'CycleFound', mayRetry: false, message };
    expect(await bed.run('Apply', ready)).toMatchObject(circle);
    expect(await bed.run('Prepare', operationOf(named('round')))).toMatchObject(circle);
    await begun('about', 'Failed');
    expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'applied' });
    expect(bed.written()).toEqual([]);
  });

  it('is not the workflow that waits for it', async () => {
    const answer = await bed.run('Prepare', operationOf(named(bed.workflow.name)));
    expect(answer).toMatchObject({ kind: 'failed', reason: 'CycleFound' });
  });
});

describe('wait', () => {
  const target = { apiVersion: 'v1', kind: 'ConfigMap', name: 'flag' };

  it('looks at an object as the account', async () => {
    const wait = operationOf({
      kind: 'wait',
      target,
      expression: "object.data.open == 'yes' && parameters.go == 'on'",
    });
    const context = bed.context({ scope: { parameters: { go: 'on' } } });
    expect(await bed.run('Verify', wait, context)).toMatchObject({ kind: 'waiting' });
    await bed.create('/api/v1', 'configmaps', { metadata: { name: 'flag' }, data: { open: 'no' } });
    expect(await bed.run('Verify', wait, context)).toMatchObject({ kind: 'waiting' });
    await bed.patch('/api/v1', 'configmaps', 'flag', { data: { open: 'yes' } });
    expect(await bed.run('Verify', wait, context)).toEqual({ kind: 'done' });
    expect(await bed.run('Verify', wait, bed.powerless())).toMatchObject({ reason: 'AccountForbidden' });
    const without = bed.context({ workflow: { ...bed.workflow, serviceAccountName: undefined } });
    expect(await bed.run('Verify', wait, without)).toMatchObject({ kind: 'failed', reason: 'InvalidSpec' });
  });

  it('waits for a condition that is about this generation', async () => {
    const service = { apiVersion: 'baton.dev/v1alpha1', kind: 'OrchestratedService', name: 'flagged' };
    const wait = operationOf({ kind: 'wait', target: service, condition: 'Ready' });
    const spec = { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'flagged' } };
    await bed.create(BATON, 'orchestratedservices', {
      apiVersion: service.apiVersion,
      kind: service.kind,
      metadata: { name: 'flagged' },
      spec,
    });
    expect(await bed.run('Verify', wait)).toMatchObject({ kind: 'waiting' });
    const ready = { type: 'Ready', status: 'True', reason: 'Healthy', message: '', lastTransitionTime: STAMP };
    const set = (observedGeneration: number) =>
      bed.patch(BATON, 'orchestratedservices', 'flagged/status', {
        status: { conditions: [{ ...ready, observedGeneration }] },
      });
    await set(0);
    expect(await bed.run('Verify', wait)).toMatchObject({ kind: 'waiting' });
    await set(1);
    expect(await bed.run('Verify', wait)).toEqual({ kind: 'done' });
  });

  it('refuses kinds that belong to no namespace, or are not known', async () => {
    const node = { apiVersion: 'v1', kind: 'Node', name: 'fake-0' };
    const verify = (of: typeof target) =>
      bed.run('Verify', operationOf({ kind: 'wait', target: of, condition: 'Ready' }));
    expect(await verify(node)).toMatchObject({ kind: 'failed', reason: 'InvalidSpec' });
    expect(await verify({ ...node, kind: 'Nonsense' })).toMatchObject({ kind: 'failed', reason: 'TargetKindUnknown' });
  });
});

const STAMP = '2026-01-01T00:00:00Z';
