import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Workflow } from '../../../src/api/kinds.ts';
import { isOver } from '../../../src/domain/workflow/phase.ts';
import { FaultProxy } from '../../faults/proxy.ts';
import { eventually } from '../support/eventually.ts';
import { accept, Bed, conditionOf } from './support/bed.ts';
import { inState, pair, replicasOf, setAllReady } from './support/failover.ts';
import { osvc, workload } from './support/objects.ts';
import { Operator } from './support/process.ts';
import { exclusively, makeRunner, object, states, target, V, Workflows } from './support/workflows.ts';

// Who has a workload to himself, Baton or a workflow, and that the other one waits until then.

let bed: Bed;
let workflows: Workflows;
beforeAll(async () => {
  bed = await Bed.make('op-locks');
  await makeRunner(bed);
  workflows = new Workflows(bed);
  await bed.start('--scaling-interval', '1s');
});
afterAll(() => bed.close());

const hold = [{ name: 'hold', approval: {} }];

describe('a workload that a workflow has to itself', () => {
  it('is not scaled, and is when the workflow has ended', async () => {
    await bed.create(workload('Deployment', 'scaled', { replicas: 1 }));
    await bed.create(osvc('scaled'));
    await bed.healthy('scaled');
    await workflows.start('holds', { targets: exclusively('scaled'), steps: hold });
    await workflows.phase('holds', 'Running');
    const cpu = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } };
    const scaling = { minReplicas: 3, maxReplicas: 5, metrics: [{ type: 'Resource', resource: cpu }] };
    await bed.patchService('scaled', { spec: { scaling } });
    const words = `Deployment scaled is held by workflow ${bed.namespace}/holds`;
    await bed.condition('scaled', 'ScalingActive', 'False', 'TargetLocked', words);
    expect(await replicasOf(bed, 'scaled')).toBe(1);
    await workflows.approve('holds', 'hold');
    await workflows.phase('holds', 'Succeeded');
    await bed.until('scaled', 'scaled', ({ status }) => status?.replicas?.desired === 3);
    await bed.until('scaled', 'free', (seen) => conditionOf(seen, 'ScalingActive')?.reason !== 'TargetLocked');
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
    await workflows.waitsFor('next', `waits for Deployment left, which is held by workflow ${bed.namespace}/deleted`);
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

describe('a workflow that wants a workload to itself waits', () => {
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
    await workflows.waitsFor('after-move', 'waits for Deployment moving: its service moving is being failed over');
    await bed.patch('Pod', slow?.metadata.name ?? '', { metadata: { finalizers: null } }, 'v1');
    await inState(bed, 'moving', 'Completed', 'Standby');
    await workflows.phase('after-move', 'Succeeded');
  });

  it('while an act of its healing is being done, and begins when that is over', async () => {
    const proxy = await new FaultProxy(process.env['KUBECONFIG'] || '.cluster/kubeconfig').start();
    const folder = await mkdtemp(join(tmpdir(), 'baton-locks-'));
    const ill = await Bed.make('op-locks-healing');
    try {
      await makeRunner(ill);
      const kubeconfig = proxy.writeKubeconfig(join(folder, 'kubeconfig'));
      ill.own(await Operator.start(ill.flags, 'leading', kubeconfig));
      await ill.create(workload('Deployment', 'mended', { replicas: 3 }));
      const healing = { actions: [{ type: 'DeletePod' }], after: '1s' };
      await ill.create(osvc('mended', { health: { hysteresis: { rise: '1s' } }, healing }));
      await ill.healthy('mended');
      const [sick] = await ill.pods('mended');
      if (sick === undefined) throw new Error('no pod');
      // What is to be evicted is read first: as long as that has no answer, the act is on its way.
      const read = `/api/v1/namespaces/${ill.namespace}/pods/${sick.metadata.name}`;
      proxy.faults.answer = ({ method, url }) => (method === 'GET' && url === read ? { status: 503 } : undefined);
      await ill.setReady(sick, false);
      await ill.until('mended', 'being healed', ({ status }) => status?.healing?.intent !== undefined);
      const waiting = new Workflows(ill);
      await waiting.start('after-heal', {
        targets: exclusively('mended'),
        steps: [{ name: 'go', wait: { duration: '0s' } }],
      });
      await waiting.waitsFor('after-heal', 'waits for Deployment mended: its service mended is being healed');
      const uids = async () => (await ill.pods('mended')).map(({ metadata }) => metadata.uid);
      expect(await uids()).toContain(sick.metadata.uid);
      proxy.faults = {};
      await waiting.phase('after-heal', 'Succeeded');
      expect(await uids()).not.toContain(sick.metadata.uid);
    } finally {
      await ill.close();
      await proxy.stop();
      await rm(folder, { recursive: true });
    }
  });

  it('while it is held at zero until its turn to start, and begins when it is raised', async () => {
    await bed.create(workload('Deployment', 'held', { replicas: 2, spec: { paused: true } }));
    await bed.create(osvc('held', { dependsOn: [{ name: 'needed' }], startup: {} }));
    // The status tells of it before it is done, and pods that are ready before that are not held any more.
    await eventually(
      'held at zero',
      60,
      () => replicasOf(bed, 'held'),
      (count) => count === 0,
    );
    await bed.patch('Deployment', 'held', { spec: { paused: false } });
    const steps = [{ name: 'grow', scale: { target: target('held'), replicas: 4 } }];
    await workflows.start('after-start', { steps });
    await workflows.waitsFor('after-start', 'waits for Deployment held: its service held is being started in order');
    await bed.create(workload('Deployment', 'needed', { replicas: 1 }));
    await bed.create(osvc('needed', { startup: {} }));
    const done = await workflows.phase('after-start', 'Succeeded');
    expect(done.status?.steps?.[0]).toMatchObject({ before: { replicas: 2 } });
    expect(await replicasOf(bed, 'held')).toBe(4);
  });
});

describe('workflows that would wait for each other', () => {
  const childrenOf = async (parent: string): Promise<Workflow[]> => {
    const path = `/apis/${V}/namespaces/${bed.namespace}/workflows`;
    const all = accept(await bed.api.call('GET', path)).body['items'] as Workflow[];
    return all.filter(({ metadata }) => metadata.name.startsWith(`${parent}-child-`));
  };
  const wanting = (template: string, name: string) =>
    bed.create(
      object('WorkflowTemplate', template, {
        targets: exclusively(name),
        steps: [{ name: 'go', wait: { duration: '0s' } }],
      }),
    );

  it('one of two children that want what the parent of the other holds is refused, and the other goes on', async () => {
    await wanting('wants-left', 'left-hand');
    await wanting('wants-right', 'right-hand');
    const parent = (mine: string, template: string) => ({
      targets: exclusively(mine),
      steps: [...hold, { name: 'child', dependsOn: ['hold'], timeout: '1h', workflow: { template } }],
    });
    await workflows.start('lefty', parent('left-hand', 'wants-right'));
    await workflows.start('righty', parent('right-hand', 'wants-left'));
    for (const name of ['lefty', 'righty']) await workflows.phase(name, 'Running');
    for (const name of ['lefty', 'righty']) await workflows.approve(name, 'hold');
    const both = await Promise.all(
      ['lefty', 'righty'].map((name) => workflows.until(name, 'it is over', ({ status }) => isOver(status?.phase))),
    );
    expect(new Set(both.map(({ status }) => status?.phase))).toEqual(new Set(['Failed', 'Succeeded']));
    const children = (await Promise.all(['lefty', 'righty'].map(childrenOf))).flat();
    const [refused, ...others] = children.filter(({ status }) => status?.phase !== 'Succeeded');
    expect([refused?.status?.phase, refused?.status?.reason, others]).toEqual(['Failed', 'Deadlock', []]);
    const { message = '' } = conditionOf(refused as Workflow, 'Stalled') ?? {};
    const of = (name: string) => `workflow ${bed.namespace}/${name}`;
    for (const part of ['Deployment left-hand, which is held by', 'Deployment right-hand, which is held by'])
      expect(message).toContain(part);
    for (const part of [of('lefty'), of('righty'), '(step child)']) expect(message).toContain(part);
  });

  it('one that is let go by its name is refused where it wants what the one that lets it go holds', async () => {
    await workflows.start('let-go', {
      suspend: true,
      targets: exclusively('both-hands'),
      steps: [{ name: 'go', wait: { duration: '0s' } }],
    });
    await workflows.start('lets-go', {
      targets: exclusively('both-hands'),
      steps: [{ name: 'child', timeout: '1h', workflow: { name: 'let-go' } }],
    });
    const refused = await workflows.phase('let-go', 'Failed');
    expect(refused.status?.reason).toBe('Deadlock');
    const failed = await workflows.phase('lets-go', 'Failed');
    expect(failed.status?.steps?.[0]).toMatchObject({ state: 'Failed', reason: 'ChildFailed' });
  });
});
