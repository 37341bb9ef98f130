import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Bed, conditionOf, type Pod, signalOf } from './support/bed.ts';
import { eventually } from '../support/eventually.ts';
import { NOWHERE, osvc, podTemplate, workload } from './support/objects.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.make('op-pods');
  await bed.start();
});
afterAll(() => bed.close());

/** A Deployment whose pods are all ready, and the service that looks after it. */
async function running(name: string, replicas = 2): Promise<Pod[]> {
  await bed.create(workload('Deployment', name, { replicas }));
  await bed.create(osvc(name));
  await bed.healthy(name);
  return bed.pods(name);
}

const secondsAgo = (seconds: number): string =>
  new Date(Date.now() - seconds * 1000).toISOString().replace(/\..*/, 'Z');
const ended = (reason: string, seconds: number) => ({
  terminated: { reason, exitCode: 1, startedAt: secondsAgo(seconds + 5), finishedAt: secondsAgo(seconds) },
});
const RUNNING = { running: { startedAt: secondsAgo(0) } };

describe('what pods tell', () => {
  it('a pod that loses readiness lowers the level, and the level comes back with it', async () => {
    const [first] = (await running('unready')) as [Pod];
    await bed.setReady(first, false);
    // 40·50 % of availability, 10 rollout, 20 stability, 10 dependencies: 60 of 80.
    const down = await bed.level('unready', 'Warning');
    expect(down.status).toMatchObject({ score: 75, replicas: { current: 2, ready: 1, desired: 2 }, phase: 'Running' });
    expect(conditionOf(down, 'Ready')).toMatchObject({
      status: 'True',
      reason: 'PodsNotReady',
      message: `1 of 2 pods are ready; not ready: ${first.metadata.name}; kubectl describe the pods that are not ready`,
    });
    expect(conditionOf(down, 'Healthy')).toMatchObject({ status: 'False', reason: 'PodsNotReady' });
    await bed.setReady(first, true);
    expect((await bed.healthy('unready')).status?.replicas).toEqual({ current: 2, ready: 2, desired: 2 });
  });

  it('none of the pods ready is Failed with score 0, whatever else is good', async () => {
    for (const pod of await running('none')) await bed.setReady(pod, false);
    const { status } = await bed.level('none', 'Failed');
    expect(status).toMatchObject({ score: 0, replicas: { ready: 0, desired: 2 }, uptime: { state: 'Down' } });
    expect(conditionOf({ status: status ?? {} }, 'Ready')).toMatchObject({ status: 'False', reason: 'PodsNotReady' });
  });

  it('restarts cost 25 points of stability each', async () => {
    const [first] = (await running('restarts')) as [Pod];
    await bed.setContainer(first, 1, RUNNING, ended('Error', 30));
    // Stability (75 + 100) / 2 = 87.5; (40 + 10 + 17.5 + 10) / 80.
    const once = await bed.until(
      'restarts',
      'one restart',
      (seen) => signalOf(seen, 'stability')?.value === '1 restart in 10m',
    );
    expect(signalOf(once, 'stability')).toMatchObject({ score: 88, weight: 20 });
    expect(once.status).toMatchObject({ health: 'Healthy', score: 96 });
    expect(conditionOf(once, 'Ready')?.message).toContain(
      `containers restarted in the last 10 minutes: ${first.metadata.name}`,
    );
    await bed.setContainer(first, 3, RUNNING, ended('Error', 0));
    const thrice = await bed.until(
      'restarts',
      'three',
      (seen) => signalOf(seen, 'stability')?.value === '3 restarts in 10m',
    );
    // (25 + 100) / 2 = 62.5 of 20: 72.5 of 80.
    expect(thrice.status).toMatchObject({ health: 'Healthy', score: 90 });
  });

  it('a restart of an hour ago costs nothing', async () => {
    const [first] = (await running('old')) as [Pod];
    await bed.setContainer(first, 7, RUNNING, ended('Error', 3600));
    const [second] = (await bed.pods('old')).slice(1) as [Pod];
    await bed.setReady(second, false);
    // The change of the other pod shows that the first was looked at.
    const seen = await bed.level('old', 'Warning');
    expect(signalOf(seen, 'stability')).toMatchObject({ score: 100, value: '0 restarts in 10m' });
  });

  it('OOMKilled counts 0 for the pod, and names it', async () => {
    const [first] = (await running('oom')) as [Pod];
    await bed.setContainer(first, 1, RUNNING, ended('OOMKilled', 5));
    const seen = await bed.until('oom', 'stability 50', (service) => signalOf(service, 'stability')?.score === 50);
    expect(signalOf(seen, 'stability')?.evidence).toBe(`OOMKilled in the last 10 minutes: ${first.metadata.name}`);
    // (40 + 10 + 10 + 10) / 80 = 87.5
    expect(seen.status).toMatchObject({ health: 'Warning', score: 87 });
    expect(conditionOf(seen, 'Ready')).toMatchObject({
      reason: 'PodsCrashing',
      message: expect.stringContaining('kubectl logs --previous'),
    });
  });

  it.each([
    ['CrashLoopBackOff', 'PodsCrashing', 'CrashLoopBackOff'],
    ['ImagePullBackOff', 'ImagePullFailing', 'image cannot be pulled'],
    ['ErrImagePull', 'ImagePullFailing', 'image cannot be pulled'],
  ])('a container that waits with %s is told as %s', async (waiting, reason, words) => {
    const name = waiting.toLowerCase();
    const [first] = (await running(name)) as [Pod];
    await bed.setReady(first, false);
    await bed.setContainer(first, 0, { waiting: { reason: waiting, message: 'back-off' } });
    // Availability 20 of 40, stability 10 of 20, the rest: 50 of 80.
    const seen = await bed.level(name, 'Degraded');
    expect(seen.status?.score).toBe(62);
    expect(conditionOf(seen, 'Ready')).toMatchObject({ status: 'False', reason });
    expect(conditionOf(seen, 'Ready')?.message).toContain(`${words}: ${first.metadata.name}`);
  });

  it('pods that no node takes are told as unschedulable, and the workload as awaited', async () => {
    await bed.create(workload('Deployment', 'nowhere', { pod: NOWHERE }));
    await bed.create(osvc('nowhere'));
    await bed.condition(
      'nowhere',
      'Ready',
      'False',
      'PodsUnschedulable',
      /^0 of 2 pods are ready; not ready: nowhere-.*; add nodes, or lower requests and constraints$/,
    );
    const { status } = await bed.service('nowhere');
    expect(status).toMatchObject({ health: 'Unknown', phase: 'Progressing', everAvailable: false });
    expect(status).not.toHaveProperty('score');
  });

  it('a workload that was never available is Progressing until its progress deadline passes, then Failed', async () => {
    await bed.create(workload('Deployment', 'never', { pod: NOWHERE }));
    await bed.create(osvc('never'));
    await bed.condition('never', 'Reconciling', 'True', 'Progressing');
    await bed.patch('Deployment', 'never', { spec: { progressDeadlineSeconds: 2 } });
    const failed = await bed.level('never', 'Failed');
    expect(failed.status).toMatchObject({ score: 0, everAvailable: false });
    expect(signalOf(failed, 'rollout')).toMatchObject({ score: 0, value: 'Stuck' });
    expect(conditionOf(failed, 'Reconciling')).toBeUndefined();
  });

  it('a rollout that passes its progress deadline is told, while the old pods still serve', async () => {
    await bed.create(
      workload('Deployment', 'stuck', {
        spec: { progressDeadlineSeconds: 2, strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } },
      }),
    );
    await bed.create(osvc('stuck'));
    await bed.healthy('stuck');
    await bed.patch('Deployment', 'stuck', { spec: { template: { spec: NOWHERE } } });
    const seen = await bed.until(
      'stuck',
      'the rollout is stuck',
      (service) => signalOf(service, 'rollout')?.value === 'Stuck' && service.status?.replicas?.current === 3,
    );
    // The two old pods are ready, nothing restarts: 70 of 80.
    expect(seen.status).toMatchObject({ health: 'Warning', score: 87, replicas: { current: 3, ready: 2, desired: 2 } });
    expect(conditionOf(seen, 'Ready')).toMatchObject({ status: 'True', reason: 'RolloutStuck' });
    await bed.patch('Deployment', 'stuck', {
      spec: { template: { spec: { nodeSelector: { 'example.dev/none': null } } } },
    });
    await bed.healthy('stuck');
  });

  it('a rollout under way is told, and the surge counts neither way', async () => {
    await bed.create(
      workload('Deployment', 'surge', {
        replicas: 3,
        spec: { strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 2 } } },
      }),
    );
    await bed.create(osvc('surge'));
    await bed.healthy('surge');
    await bed.patch('Deployment', 'surge', { spec: { template: { spec: NOWHERE } } });
    const seen = await bed.until(
      'surge',
      'two pods more',
      ({ status }) => status?.replicas?.current === 5 && status.phase === 'Progressing',
    );
    expect(seen.status).toMatchObject({
      health: 'Healthy',
      score: 95,
      phase: 'Progressing',
      replicas: { ready: 3, desired: 3 },
    });
    expect(signalOf(seen, 'availability')).toMatchObject({ score: 100, value: '3/3' });
    expect(signalOf(seen, 'rollout')).toMatchObject({ score: 60 });
    expect(conditionOf(seen, 'Reconciling')).toMatchObject({
      status: 'True',
      reason: 'Progressing',
      message: 'a rollout is under way; wait',
    });
    await bed.patch('Deployment', 'surge', {
      spec: { template: { spec: { nodeSelector: { 'example.dev/none': null } } } },
    });
    // Of Deployments and of pods the operator hears apart: that the old ones are gone may come after the end of the rollout.
    const over = await bed.until(
      'surge',
      'over',
      ({ status }) => status?.score === 100 && status.phase === 'Running' && status.replicas?.current === 3,
    );
    expect(conditionOf(over, 'Reconciling')).toBeUndefined();
  });

  it('scaled to zero on purpose is Healthy, and back it is Healthy again', async () => {
    await running('zero');
    await bed.scale('zero', 0);
    await bed.condition('zero', 'Ready', 'True', 'ScaledToZero', 'the workload asks for no pods');
    expect((await bed.service('zero')).status).toMatchObject({
      health: 'Healthy',
      score: 100,
      phase: 'ScaledToZero',
      uptime: { state: 'Up' },
    });
    // Else the pods of before may be what is Running.
    await bed.until('zero', 'no pods', ({ status }) => status?.replicas?.current === 0);
    await bed.scale('zero', 2);
    const back = await bed.until(
      'zero',
      'Running',
      ({ status }) => status?.phase === 'Running' && status.health === 'Healthy',
    );
    expect(back.status?.replicas).toEqual({ current: 2, ready: 2, desired: 2 });
    expect(conditionOf(back, 'Ready')).toMatchObject({ status: 'True', reason: 'Healthy' });
    // That no pod was ready while the first ones started was no failure.
    expect(back.status?.uptime).toMatchObject({ down: '0s' });
    expect((await bed.events('zero')).filter(({ type }) => type === 'Warning')).toEqual([]);
  });

  it('scaled up from zero is Starting while its pods are not ready', async () => {
    await running('start');
    await bed.scale('start', 0);
    await bed.condition('start', 'Ready', 'True', 'ScaledToZero');
    // Pods of before that are still there would be ready, and those of another template replace them one by one.
    await bed.until('start', 'no pods', ({ status }) => status?.replicas?.current === 0);
    await bed.patch('Deployment', 'start', { spec: { replicas: 2, template: { spec: NOWHERE } } });
    await bed.condition('start', 'Ready', 'False', 'PodsUnschedulable', /^0 of 2 pods are ready/);
    expect((await bed.service('start')).status).toMatchObject({ health: 'Unknown', everAvailable: true });
  });

  it('created with no replicas and scaled up later was never available before its first pods are ready', async () => {
    await bed.create(workload('Deployment', 'late', { replicas: 0, pod: NOWHERE }));
    await bed.create(osvc('late'));
    await bed.condition('late', 'Ready', 'True', 'ScaledToZero');
    await bed.scale('late', 2);
    await bed.condition('late', 'Ready', 'False', 'PodsUnschedulable');
    expect((await bed.service('late')).status).toMatchObject({ health: 'Unknown', everAvailable: false });
  });

  it('pods that terminate do not count', async () => {
    const pods = await running('leaving', 3);
    const [first] = pods as [Pod];
    // The finalizer holds it where a slow shutdown would.
    const held = { metadata: { finalizers: ['example.dev/hold'] } };
    await bed.patch('Pod', first.metadata.name, held, 'v1');
    onTestFinished(() => bed.patch('Pod', first.metadata.name, { metadata: { finalizers: null } }, 'v1'));
    await bed.remove('Pod', first.metadata.name, 'v1');
    await eventually(
      'a pod takes its place',
      60,
      () => bed.pods('leaving'),
      (seen) => seen.length === 3,
    );
    const seen = await bed.healthy('leaving');
    expect(seen.status?.replicas).toEqual({ current: 3, ready: 3, desired: 3 });
  });

  it('a Deployment paused with half its pods on the new template is read by what is there', async () => {
    await running('paused');
    await bed.patch('Deployment', 'paused', {
      spec: { paused: true, template: podTemplate({ app: 'paused' }, {}, [{ name: 'new', containerPort: 1 }]) },
    });
    const seen = await bed.until('paused', 'Progressing', ({ status }) => status?.phase === 'Progressing');
    expect(seen.status).toMatchObject({ health: 'Healthy', score: 95 });
  });
});
