import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Workflow } from '../../../src/api/kinds.ts';
import { eventually } from '../support/eventually.ts';
import { accept, Bed, conditionOf } from './support/bed.ts';
import { inState, pair, replicasOf, setAllReady } from './support/failover.ts';
import { osvc, workload } from './support/objects.ts';
import { exclusively, makeRunner, object, states, target, V, Workflows } from './support/workflows.ts';

// Who has a workload to himself, Baton or a workflow, and that the other one waits until then.

let bed: Bed;
let workflows: Workflows;
beforeAll(async () => {
  bed = await Bed.make('op-locks');
  await makeRunner(bed);
  workflows = new Workflows(bed);
  await bed.start('--scaling-interval', '1s');
}, 120_000);
afterAll(() => bed.close(), 30_000);

const hold = [{ name: 'hold', approval: {} }];
const waitsFor = (name: string, message: string): Promise<Workflow> =>
  workflows.until(
    name,
    `waits: ${message}`,
    ({ status }) => status?.phase === 'Queued' && status.reason === 'WaitingForLock' && status.message === message,
  );

describe('a workload that a workflow has to itself', { timeout: 120_000 }, () => {
  it('is not scaled, and is when the workflow has ended', async () => {
    await bed.create(workload('Deployment', 'scaled', { replicas: 1 }));
    await bed.create(osvc('scaled'));
    await bed.healthy('scaled');
    await workflows.start('holds', { targets: exclusively('scaled'), steps: hold });
    await workflows.phase('holds', 'Running');
    const cpu = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } };
    const scaling = { minReplicas: 3, maxReplicas: 5, metrics: [{ type: 'Resource', resource: cpu }] };
    await bed.patchService('scaled', { spec: { scaling } });
    const { message } = await bed.condition('scaled', 'ScalingActive', 'False', 'TargetLocked');
    expect(message).toContain(`Deployment scaled is held by workflow ${bed.namespace}/holds`);
    expect(await replicasOf(bed, 'scaled')).toBe(1);
    await workflows.approve('holds', 'hold');
    await workflows.phase('holds', 'Succeeded');
    const seen = await bed.until('scaled', 'scaled', ({ status }) => status?.replicas?.desired === 3);
    expect(conditionOf(seen, 'ScalingActive')?.reason).not.toBe('TargetLocked');
  });

  it('is free when the workflow is deleted, with all that it started', async () => {
    await bed.create(workload('Deployment', 'left', { replicas: 1 }));
    await bed.create(object('WorkflowTemplate', 'asking', { steps: hold }));
    const pod = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'example/none' }] };
    // No node has it, so that it neither runs nor ends.
    const template = { template: { spec: { ...pod, nodeSelector: { 'example.dev/none': 'here' } } } };
    await workflows.start('deleted', {
      steps: [
        { name: 'grow', scale: { target: target('left'), replicas: 2 } },
        { name: 'job', dependsOn: ['grow'], job: { template } },
        { name: 'child', dependsOn: ['grow'], workflow: { template: 'asking' } },
      ],
    });
    const busy = await workflows.until('deleted', 'a job and a child run', (seen) => {
      const { job, child } = states(seen);
      return job === 'Applying' && child === 'Applying';
    });
    const [stamp] = busy.status?.steps?.map(({ opId }) => opId) ?? [];
    await workflows.start('next', { steps: [{ name: 'grow', scale: { target: target('left'), replicas: 3 } }] });
    await waitsFor('next', `waits for Deployment left, which is held by workflow ${bed.namespace}/deleted`);
    await bed.remove('Workflow', 'deleted', V);
    // What it did stays, and so does its stamp, which keeps nobody from anything.
    const done = await workflows.phase('next', 'Succeeded');
    expect(done.status?.steps?.[0]).toMatchObject({ before: { replicas: 2, stamp } });
    expect(await replicasOf(bed, 'left')).toBe(3);
    await eventually(
      'an Event says what stays',
      60,
      () => bed.events('deleted'),
      (events) =>
        events.some(
          ({ reason, note }) =>
            reason === 'WorkflowCancelled' &&
            note === 'it was deleted while it was Running; what these steps did stays: grow, job, child',
        ),
    );
    const batch = `/apis/batch/v1/namespaces/${bed.namespace}/jobs`;
    const all = `/apis/${V}/namespaces/${bed.namespace}/workflows`;
    const names = async (): Promise<string[]> => {
      const found = await Promise.all([batch, all].map(async (path) => accept(await bed.api.call('GET', path)).body));
      const items = found.flatMap(({ items: each }) => each as { metadata: { name: string } }[]);
      return items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('deleted'));
    };
    await eventually('its job and its child are gone', 60, names, (left) => left.length === 0);
  });
});

describe('a workflow that wants a workload to itself waits', { timeout: 120_000 }, () => {
  it('while its service fails over, and begins when that is done', async () => {
    await bed.createAll(...pair('moving', { primary: 2, standby: 2 }));
    await bed.healthy('moving');
    await bed.condition('moving', 'FailoverReady', 'True', 'StandbyReady');
    const [slow] = await bed.pods('moving');
    // As a pod that its node does not let go.
    await bed.patch('Pod', slow?.metadata.name ?? '', { metadata: { finalizers: ['example.dev/held'] } }, 'v1');
    await setAllReady(bed, 'moving', false);
    await inState(bed, 'moving', 'Fencing');
    await workflows.start('after-move', {
      targets: exclusively('moving'),
      steps: [{ name: 'go', wait: { duration: '0s' } }],
    });
    await waitsFor('after-move', 'waits for Deployment moving: its service moving is being failed over');
    await bed.patch('Pod', slow?.metadata.name ?? '', { metadata: { finalizers: null } }, 'v1');
    await inState(bed, 'moving', 'Completed', 'Standby');
    await workflows.phase('after-move', 'Succeeded');
  });

  it('while it is held at zero until its turn to start, and begins when it is raised', async () => {
    await bed.create(workload('Deployment', 'held', { replicas: 2, spec: { paused: true } }));
    await bed.create(osvc('held', { dependsOn: [{ name: 'needed' }], startup: {} }));
    await bed.until('held', 'held at zero', ({ status }) => status?.startup?.replicas === 2);
    await bed.patch('Deployment', 'held', { spec: { paused: false } });
    const steps = [{ name: 'grow', scale: { target: target('held'), replicas: 4 } }];
    await workflows.start('after-start', { steps });
    await waitsFor('after-start', 'waits for Deployment held: its service held is being started in order');
    await bed.create(workload('Deployment', 'needed', { replicas: 1 }));
    await bed.create(osvc('needed', { startup: {} }));
    const done = await workflows.phase('after-start', 'Succeeded');
    expect(done.status?.steps?.[0]).toMatchObject({ before: { replicas: 2 } });
    expect(await replicasOf(bed, 'held')).toBe(4);
  });
});
