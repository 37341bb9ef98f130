import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Workflow, WorkflowPhase } from '../../../src/api/kinds.ts';
import { eventually } from '../support/eventually.ts';
import { accept, Bed } from './support/bed.ts';
import { ownAddress, serve } from './support/listeners.ts';
import { type Obj, osvc, workload } from './support/objects.ts';
import { makeRunner, object, states, target, V, Workflows } from './support/workflows.ts';

let bed: Bed;
let workflows: Workflows;
beforeAll(async () => {
  bed = await Bed.make('op-workflows');
  await makeRunner(bed);
  workflows = new Workflows(bed);
  await bed.start();
});
afterAll(() => bed.close());

const start = (name: string, spec: object): Promise<Obj> => workflows.start(name, spec);
const workflow = (name: string): Promise<Workflow> => workflows.get(name);
const deployment = (name: string) =>
  bed.get<Obj & { spec: { replicas: number }; status: { readyReplicas?: number } }>('Deployment', name);
const phase = (name: string, wanted: WorkflowPhase): Promise<Workflow> => workflows.phase(name, wanted);
const patch = (name: string, spec: object): Promise<void> => workflows.patch(name, spec);

describe('a workflow', () => {
  it('carries out its steps in order, and each knows what those before it found', async () => {
    await bed.create(workload('Deployment', 'shop', { replicas: 1 }));
    await start('grow', {
      type: 'Scaling',
      parameters: [{ name: 'replicas', value: '3' }],
      steps: [
        { name: 'grow', scale: { target: target('shop'), replicas: '{{parameters.replicas}}' } },
        {
          name: 'roll',
          dependsOn: ['grow'],
          when: 'steps.grow.outputs.replicas == 3',
          restart: { target: target('shop') },
        },
        { name: 'never', dependsOn: ['roll'], when: 'steps.grow.outputs.replicas > 3', wait: { duration: '1h' } },
      ],
    });
    const done = await phase('grow', 'Succeeded');
    expect(states(done)).toEqual({ grow: 'Succeeded', roll: 'Succeeded', never: 'Skipped' });
    expect(done.status).toMatchObject({ progress: '3/3', type: 'Scaling' });
    expect(await deployment('shop')).toMatchObject({ spec: { replicas: 3 }, status: { readyReplicas: 3 } });
  });

  it('undoes what it did where a step fails, and says so', async () => {
    await bed.create(workload('Deployment', 'undone', { replicas: 2 }));
    await start('fails', {
      steps: [
        { name: 'grow', scale: { target: target('undone'), replicas: 4 } },
        {
          name: 'label',
          dependsOn: ['grow'],
          patch: { target: target('undone'), type: 'Merge', patch: '{"metadata": {"labels": {"mark": "yes"}}}' },
        },
        {
          name: 'check',
          dependsOn: ['label'],
          timeout: '1s',
          wait: { target: target('undone'), expression: 'object.spec.replicas == 99' },
        },
      ],
    });
    const done = await phase('fails', 'RolledBack');
    expect(states(done)).toEqual({ grow: 'Compensated', label: 'Compensated', check: 'Failed' });
    expect(done.status?.message).toContain('step check failed');
    const { spec, metadata } = await deployment('undone');
    expect([spec.replicas, metadata.labels?.['mark']]).toEqual([2, undefined]);
  });

  it('leaves what somebody else changed since, and says that it drifted', async () => {
    await bed.create(workload('Deployment', 'drift', { replicas: 1 }));
    await start('drifts', {
      steps: [
        { name: 'grow', scale: { target: target('drift'), replicas: 2 } },
        { name: 'hold', dependsOn: ['grow'], approval: { message: 'shall it fail?' } },
      ],
    });
    await eventually(
      'it waits for people',
      60,
      () => workflow('drifts'),
      (seen) => states(seen)['hold'] === 'Verifying',
    );
    await bed.scale('drift', 5);
    await patch('drifts', { cancel: 'StopAndRollback' });
    const done = await phase('drifts', 'RollbackFailed');
    expect(done.status?.steps?.[0]).toMatchObject({ state: 'CompensationFailed', compensation: { reason: 'Drifted' } });
    expect((await deployment('drift')).spec.replicas).toBe(5);
  });

  it('waits for another that has its target, and goes on when that has ended', async () => {
    await bed.create(workload('Deployment', 'locked', { replicas: 1 }));
    const targets = [{ ...target('locked'), access: 'Exclusive' }];
    await start('first', { targets, steps: [{ name: 'hold', approval: {} }] });
    await phase('first', 'Running');
    await start('second', { targets, steps: [{ name: 'go', wait: { duration: '0s' } }] });
    const words = `waits for Deployment locked, which is held by workflow ${bed.namespace}/first`;
    await workflows.until('second', words, ({ status }) => status?.phase === 'Queued' && status.message === words);
    await patch('first', { approvals: [{ step: 'hold', user: 'somebody', decision: 'Approve' }] });
    await phase('first', 'Succeeded');
    expect(states(await phase('second', 'Succeeded'))).toEqual({ go: 'Succeeded' });
  });

  it('keeps healing from what it has to itself, which goes on when it has ended', async () => {
    const healing = {
      actions: [{ type: 'DeletePod' }],
      after: '1s',
      backoff: { initial: '20s', factor: 1, max: '60s' },
    };
    await bed.create(workload('Deployment', 'mine', { replicas: 3 }));
    await bed.create(osvc('mine', { health: { hysteresis: { rise: '1s' } }, healing }));
    await bed.healthy('mine');
    const targets = [{ ...target('mine'), access: 'Exclusive' }];
    await start('keeps', { targets, steps: [{ name: 'hold', approval: {} }] });
    await phase('keeps', 'Running');
    const [first] = await bed.pods('mine');
    if (first === undefined) throw new Error('no pod');
    await bed.setReady(first, false);
    const held = await bed.until('mine', 'held back', ({ status }) =>
      status?.conditions?.some(({ type, reason }) => type === 'Healing' && reason === 'TargetLocked'),
    );
    expect(held.status?.conditions?.find(({ type }) => type === 'Healing')?.message).toContain(
      `Deployment mine is held by workflow ${bed.namespace}/keeps`,
    );
    expect((await bed.pods('mine')).map(({ metadata }) => metadata.uid)).toContain(first.metadata.uid);
    await patch('keeps', { approvals: [{ step: 'hold', user: 'somebody', decision: 'Approve' }] });
    await phase('keeps', 'Succeeded');
    await bed.until('mine', 'healed', ({ status }) => status?.lastDecision?.verdict === 'Healed');
    expect((await bed.pods('mine')).map(({ metadata }) => metadata.uid)).not.toContain(first.metadata.uid);
  });

  it('is what healing starts, once, and waits for', async () => {
    const steps = [{ name: 'ask', approval: {} }];
    await bed.create(object('WorkflowTemplate', 'mend', { type: 'Recovery', steps }));
    await bed.create(workload('Deployment', 'ill', { replicas: 1 }));
    const actions = [{ type: 'Workflow', workflow: { template: 'mend' } }];
    const healing = { actions, after: '1s', backoff: { initial: '1s', factor: 1, max: '2s' } };
    await bed.create(osvc('ill', { health: { hysteresis: { rise: '1s' } }, healing }));
    await bed.healthy('ill');
    const [pod] = await bed.pods('ill');
    if (pod === undefined) throw new Error('no pod');
    await bed.setReady(pod, false);
    const { status } = await bed.until('ill', 'being healed', (seen) => seen.status?.healing?.workflow !== undefined);
    const name = status?.healing?.workflow ?? '';
    const running = await phase(name, 'Running');
    expect(running.metadata.annotations).toMatchObject({ 'baton.dev/heals': 'ill' });
    expect(running.metadata).not.toHaveProperty('ownerReferences');
    expect(running.status?.type).toBe('Recovery');
    await bed.setReady(pod, true);
    await bed.healthy('ill');
    await patch(name, { approvals: [{ step: 'ask', user: 'somebody', decision: 'Approve' }] });
    await phase(name, 'Succeeded');
    const over = await bed.until('ill', 'over', (seen) => seen.status?.healing?.workflow === undefined);
    expect(over.status?.healing).toMatchObject({ attempts: 1, circuit: 'Closed' });
  });

  it('begins nothing while it is suspended', async () => {
    await start('paused', { suspend: true, steps: [{ name: 'go', wait: { duration: '0s' } }] });
    await eventually(
      'it is seen',
      60,
      () => workflow('paused'),
      ({ status }) => status?.reason === 'Suspended',
    );
    expect(states(await workflow('paused'))).toEqual({ go: 'Pending' });
    await patch('paused', { suspend: false });
    await phase('paused', 'Succeeded');
  });

  it('shows what it would do, and does nothing, in mode Plan', async () => {
    await bed.create(workload('Deployment', 'planned', { replicas: 1 }));
    await start('plan', { mode: 'Plan', steps: [{ name: 'grow', scale: { target: target('planned'), replicas: 9 } }] });
    const { status } = await phase('plan', 'Planned');
    expect(status?.plan?.[0]).toMatchObject({ step: 'grow', ok: true, undo: 'Auto' });
    expect(status?.plan?.[0]?.diff).toContain('9');
    const { spec, metadata } = await deployment('planned');
    expect([spec.replicas, JSON.stringify(metadata).includes('baton.dev/op')]).toEqual([1, false]);
  });

  it('cannot do what its account cannot', async () => {
    await bed.create(workload('Deployment', 'guarded', { replicas: 1 }));
    await bed.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'nobody' } });
    await start('powerless', {
      serviceAccountName: 'nobody',
      steps: [{ name: 'grow', scale: { target: target('guarded'), replicas: 2 } }],
    });
    const done = await phase('powerless', 'Failed');
    expect(done.status?.steps?.[0]).toMatchObject({ state: 'Failed', reason: 'AccountForbidden' });
    expect((await deployment('guarded')).spec.replicas).toBe(1);
  });

  it('sends no request to where it may not, however it is led there', async () => {
    const asked: string[] = [];
    const web = await serve(({ url = '' }, response) => {
      asked.push(url);
      const away = { location: `http://127.0.0.1:${web.port}/inside` };
      response.writeHead(url === '/away' ? 302 : 200, url === '/away' ? away : {}).end();
    });
    const steps = Object.entries({
      allowed: `http://${ownAddress()}:${web.port}/allowed`,
      redirected: `http://${ownAddress()}:${web.port}/away`,
      // A name is resolved once, and the address is what is asked.
      named: `http://localhost:${web.port}/named`,
      metadata: 'http://169.254.169.254/latest/meta-data',
    }).map(([name, url]) => ({ name, http: { url }, continueOn: ['Failed'] }));
    try {
      await start('requests', { steps });
      const { status } = await phase('requests', 'Succeeded');
      const because = status?.steps?.map(({ name, reason, message }) => [name, reason, message]);
      expect(because).toEqual([
        ['allowed', undefined, undefined],
        ['redirected', 'ResponseUnexpected', expect.stringContaining('302')],
        ['named', 'DestinationNotAllowed', expect.stringMatching(/is loopback$/)],
        ['metadata', 'DestinationNotAllowed', '169.254.169.254 is link-local'],
      ]);
      expect(asked.sort()).toEqual(['/allowed', '/away']);
    } finally {
      await web.close();
    }
  });

  it('goes on where it was when another process leads, and does nothing twice', async () => {
    const other = await Bed.make('op-workflows-killed');
    try {
      await makeRunner(other);
      const killed = await other.start('--no-leader-election');
      await other.create(workload('Deployment', 'shop', { replicas: 1 }));
      await other.create(
        object('Workflow', 'survives', {
          serviceAccountName: 'runner',
          steps: [
            { name: 'grow', scale: { target: target('shop'), replicas: 2 } },
            { name: 'hold', dependsOn: ['grow'], approval: {} },
            { name: 'roll', dependsOn: ['hold'], restart: { target: target('shop') } },
          ],
        }),
      );
      const seen = () => other.get<Workflow>('Workflow', 'survives', V);
      await eventually('it waits', 60, seen, (found) => states(found)['hold'] === 'Verifying');
      await killed.end('SIGKILL');
      await other.start('--no-leader-election');
      const body = { spec: { approvals: [{ step: 'hold', user: 'somebody', decision: 'Approve' }] } };
      await other.patch('Workflow', 'survives', body, V);
      const done = await eventually('it is done', 60, seen, ({ status }) => status?.phase === 'Succeeded');
      expect(done.status?.steps?.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
      const { metadata } = await other.get('Deployment', 'shop');
      // The template changed once: the rollout of the restart, after that of its creation.
      expect((metadata['annotations'] as Record<string, string>)['deployment.kubernetes.io/revision']).toBe('2');
    } finally {
      await other.close();
    }
  });
});

describe('a template', () => {
  it('is copied into a workflow with its parameters, also where it comes later', async () => {
    await start('early', { templateRef: { name: 'pausing' }, parameters: [{ name: 'time', value: '0s' }] });
    await eventually(
      'it waits',
      60,
      () => workflow('early'),
      ({ status }) => status?.reason === 'TemplateNotFound',
    );
    await bed.create(
      object('WorkflowTemplate', 'pausing', {
        parameters: [{ name: 'time' }, { name: 'more', default: '0s' }],
        targets: [{ ...target('shop'), access: 'Exclusive' }],
        steps: [
          { name: 'pause', wait: { duration: '{{parameters.time}}' } },
          { name: 'more', wait: { duration: '{{parameters.more}}' } },
        ],
      }),
    );
    const done = await phase('early', 'Succeeded');
    expect(done.spec.parameters).toEqual([
      { name: 'time', value: '0s' },
      { name: 'more', value: '0s' },
    ]);
    expect(done.status?.template).toBe('pausing@1');
  });

  it('refuses parameters that it does not have, or that it wants', async () => {
    await start('wrong', { templateRef: { name: 'pausing' }, parameters: [{ name: 'tme', value: '0s' }] });
    const { status } = await phase('wrong', 'Failed');
    expect(status?.message).toBe(
      'the template has no parameter tme; it has time, more; the template wants parameter time, which has no default',
    );
  });

  it('refuses at once to be carried out without the account that its steps need', async () => {
    const wait = { target: target('shop'), condition: 'Available' };
    await bed.create(object('WorkflowTemplate', 'reading', { steps: [{ name: 'look', wait }] }));
    await bed.create(object('Workflow', 'nameless', { templateRef: { name: 'reading' } }));
    const { status } = await phase('nameless', 'Failed');
    expect(status).toMatchObject({
      reason: 'InvalidSpec',
      message: 'step look reads or writes as a ServiceAccount: write one with spec.serviceAccountName',
    });
    expect(states({ status } as Workflow)).toEqual({ look: 'Pending' });
  });

  it('is started by another workflow, which waits for it', async () => {
    await start('parent', {
      // What it holds its child may use.
      targets: [{ ...target('shop'), access: 'Exclusive' }],
      steps: [{ name: 'child', workflow: { template: 'pausing', parameters: [{ name: 'time', value: '1s' }] } }],
    });
    await phase('parent', 'Succeeded');
    const path = `/apis/${V}/namespaces/${bed.namespace}/workflows`;
    const all = accept(await bed.api.call('GET', path)).body['items'] as Workflow[];
    const children = all.filter(({ metadata }) => metadata.name.startsWith('parent-child-'));
    expect(children.map(({ status, spec }) => [status?.phase, spec.serviceAccountName])).toEqual([
      ['Succeeded', 'runner'],
    ]);
  });
});

describe('a schedule', () => {
  it('makes up for one that was missed, once, and tells of it', async () => {
    await bed.create(object('WorkflowTemplate', 'nightly', { steps: [{ name: 'go', wait: { duration: '0s' } }] }));
    await bed.create(
      object('ScheduledWorkflow', 'nightly', { schedule: '0 3 * * *', timeZone: 'Europe/Berlin', template: 'nightly' }),
    );
    const schedule = () => bed.get<Obj & { status?: Record<string, unknown> }>('ScheduledWorkflow', 'nightly', V);
    await eventually('it knows when the next is due', 60, schedule, ({ status }) => status?.['next'] !== undefined);
    // As if nobody had been there for two days.
    const path = `/apis/${V}/namespaces/${bed.namespace}/scheduledworkflows/nightly/status`;
    const lastScheduleTime = new Date(Date.now() - 2 * 86_400_000).toISOString();
    accept(await bed.api.call('PATCH', path, { body: { status: { lastScheduleTime } } }));
    const seen = await eventually(
      'one was started and has ended',
      60,
      schedule,
      ({ status }) => status?.['lastSuccessfulTime'] !== undefined,
    );
    expect(seen.status).toMatchObject({ running: 0, missed: 1 });
    const workflows = `/apis/${V}/namespaces/${bed.namespace}/workflows`;
    const all = accept(await bed.api.call('GET', workflows)).body['items'] as Workflow[];
    expect(all.filter(({ metadata }) => metadata.name.startsWith('nightly-'))).toHaveLength(1);
  });
});
