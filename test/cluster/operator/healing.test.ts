import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { accept, Bed, type Pod } from './support/bed.ts';
import { type Obj, osvc, workload } from './support/objects.ts';

let bed: Bed;
/** A namespace for each part: its budget allows five disruptions, and a slow API server may have a test make one more. */
function inItsNamespace(name: string): void {
  beforeAll(async () => {
    bed = await Bed.make(name);
    await bed.start();
  });
  afterAll(() => bed.close());
}

// An act has a minute to help before there is another: that there was one is what most of these tests are about.
const QUICK = { after: '1s', backoff: { initial: '60s', factor: 1, max: '5m' } };

async function running(name: string, healing: object, more: object = {}, replicas = 3): Promise<Pod[]> {
  await bed.create(workload('Deployment', name, { replicas }));
  await bed.create(osvc(name, { health: { hysteresis: { rise: '1s' } }, ...more, healing: { ...QUICK, ...healing } }));
  await bed.healthy(name);
  return bed.pods(name);
}

const uids = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.uid);

async function ready(pods: readonly Pod[], is: boolean): Promise<void> {
  for (const pod of pods) await bed.setReady(pod, is);
}

async function healed(name: string): Promise<void> {
  await bed.until(name, 'healed', ({ status }) => status?.lastDecision?.verdict === 'Healed');
  await bed.told(name, /^Heal(ed|ingDone)$/, ['Normal HealingDone', 'Normal Healed']);
}

interface Template extends Obj {
  spec: { template: { metadata: { annotations?: Record<string, string> }; spec: { containers: { image: string }[] } } };
  metadata: Obj['metadata'] & { annotations?: Record<string, string> };
}

describe('a pod that stays unready', () => {
  inItsNamespace('op-healing-pod');

  it('is evicted, alone, and the service is well again', async () => {
    const [first, ...others] = (await running('one', { actions: [{ type: 'DeletePod' }] })) as [Pod, ...Pod[]];
    await ready([first], false);
    await healed('one');
    const after = uids(await bed.pods('one'));
    expect(after).not.toContain(first.metadata.uid);
    for (const uid of uids(others)) expect(after).toContain(uid);
    const { status } = await bed.healthy('one');
    expect(status?.lastDecision?.because).toMatch(/well again after .* and 1 attempt/);
    expect(status?.healing).toMatchObject({ circuit: 'Closed', attempts: 1 });
  });

  it('stays where a PodDisruptionBudget protects it, and that is said', async () => {
    const pods = await running('guarded', { actions: [{ type: 'DeletePod' }] });
    await bed.create({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'guarded' },
      // More than there are: of as many as there are it lets one that is not ready go until its controller has seen that.
      spec: { minAvailable: 4, selector: { matchLabels: { app: 'guarded' } } },
    });
    await eventually(
      'the budget is in force',
      20,
      async () =>
        (await bed.get<Obj & { status?: { desiredHealthy?: number } }>('PodDisruptionBudget', 'guarded', 'policy/v1'))
          .status,
      (status) => status?.desiredHealthy === 4,
    );
    await ready(pods.slice(0, 1), false);
    const note = await eventually(
      'the refusal',
      30,
      () => bed.events('guarded'),
      (events) => events.some(({ reason }) => reason === 'EvictionBlocked'),
    );
    expect(note.find(({ reason }) => reason === 'EvictionBlocked')?.note).toMatch(
      /did not evict guarded-.*disruption budget/,
    );
    expect(uids(await bed.pods('guarded'))).toEqual(uids(pods));
  });

  it.each([
    ['Recommend', 'RecommendOnly', /mode is Recommend: pod .* not ready, DeletePod would be done/],
    ['Observe', 'ObserveOnly', /mode is Observe: pod .* not ready, DeletePod would be done/],
  ])('is left alone with mode %s', async (mode, reason, message) => {
    const name = mode.toLowerCase();
    const pods = await running(name, { actions: [{ type: 'DeletePod' }] }, { mode });
    await ready(pods.slice(0, 1), false);
    await bed.condition(name, 'Healing', 'False', reason, message);
    expect(uids(await bed.pods(name))).toEqual(uids(pods));
  });

  it('is left alone while a dependency may be the cause, and evicted when that is well', async () => {
    const [database] = (await running('database', { actions: [{ type: 'Restart' }], after: '10m' }, {}, 1)) as [Pod];
    // It waits for as long after that. Where the new pod takes longer, there is another attempt.
    const backoff = { initial: '10s', factor: 1, max: '60s' };
    const pods = await running(
      'caller',
      { actions: [{ type: 'DeletePod' }], backoff },
      { dependsOn: [{ name: 'database' }] },
    );
    await ready([database], false);
    await bed.level('database', 'Failed');
    await ready(pods.slice(0, 1), false);
    await bed.condition(
      'caller',
      'Healing',
      'False',
      'DependencyUnhealthy',
      /database, which it depends on, is Failed, and that may be the cause/,
    );
    expect(uids(await bed.pods('caller'))).toEqual(uids(pods));
    await ready([database], true);
    await bed.until('caller', 'healed', ({ status }) => status?.lastDecision?.verdict === 'Healed');
    expect(uids(await bed.pods('caller'))).not.toContain(pods[0]?.metadata.uid);
    await eventually(
      'both are told',
      30,
      async () => (await bed.events('caller')).map(({ reason }) => reason),
      (told) => told.includes('HealingDone') && told.includes('Healed'),
    );
  });

  it('is left alone in a maintenance window', async () => {
    const window = { schedule: '* * * * *', duration: '2m' };
    const pods = await running('planned', { actions: [{ type: 'DeletePod' }] }, { maintenanceWindows: [window] });
    await ready(pods.slice(0, 1), false);
    await bed.condition('planned', 'Healing', 'False', 'MaintenanceWindow');
    expect(uids(await bed.pods('planned'))).toEqual(uids(pods));
  });
});

describe('a service that is Failed', () => {
  inItsNamespace('op-healing-failed');

  it('is restarted where its pods cannot be evicted one by one, once for each attempt', async () => {
    const pods = await running('rolled', { actions: [{ type: 'Restart' }] });
    await ready(pods, false);
    await healed('rolled');
    const { metadata, spec } = await bed.get<Template>('Deployment', 'rolled');
    expect(spec.template.metadata.annotations?.['kubectl.kubernetes.io/restartedAt']).toBeDefined();
    expect(metadata.annotations?.['baton.dev/act']).toMatch(/rolled healing 1 at /);
    // It is well with the last new pod, and the last old one goes after that.
    await eventually(
      'its pods are new',
      60,
      async () => uids(await bed.pods('rolled')),
      (now) => uids(pods).every((uid) => !now.includes(uid)),
    );
  });

  it('goes back to the last healthy revision after a bad rollout', async () => {
    await running('broken', { actions: [{ type: 'RollbackRevision' }] }, {}, 2);
    await bed.until(
      'broken',
      'the healthy revision is known',
      ({ status }) => status?.healing?.healthyRevision !== undefined,
    );
    const good = (await bed.get<Template>('Deployment', 'broken')).spec.template;
    // The new template finds no node, and the old pods are gone at once.
    const strategy = { type: 'Recreate', rollingUpdate: null };
    const template = { spec: { nodeSelector: { 'example.dev/none': 'here' } } };
    await bed.patch('Deployment', 'broken', { spec: { strategy, template } });
    await healed('broken');
    expect((await bed.get<Template>('Deployment', 'broken')).spec.template).toEqual(good);
  });

  it('asks a person when every attempt was made', async () => {
    const pods = await running('hopeless', { actions: [{ type: 'Restart' }], maxAttempts: 1 });
    await ready(pods, false);
    await healed('hopeless');
    // A relapse soon after is the same illness.
    await ready(await bed.pods('hopeless'), false);
    await bed.condition('hopeless', 'Healing', 'False', 'HealingExhausted', /1 of 1 attempts were made/);
  });
});

it('what heals is there after a kill: an intent in the status is carried out once, by whoever leads then', async () => {
  const own = await Bed.make('op-healing-kill');
  try {
    let operator = await own.start('--no-leader-election');
    await own.create(workload('Deployment', 'web', { replicas: 1 }));
    await own.create(osvc('web', { healing: { ...QUICK, actions: [{ type: 'Restart' }] } }));
    await own.healthy('web');
    const [pod] = (await own.pods('web')) as [Pod];
    await operator.end('SIGKILL');
    await own.setReady(pod, false);
    const { status } = await own.service('web');
    const intent = { id: 'web healing 1 by one that died', type: 'Restart' };
    const since = new Date(Date.now() - 60_000).toISOString().replace(/\..*/, 'Z');
    const path = `/apis/baton.dev/v1alpha1/namespaces/${own.namespace}/orchestratedservices/web/status`;
    const body = {
      status: { ...status, health: 'Failed', healing: { circuit: 'Closed', attempts: 0, since, intent } },
    };
    accept(await own.api.call('PATCH', path, { body }));
    operator = await own.start('--no-leader-election');
    await eventually(
      'the stamp',
      30,
      () => own.get<Template>('Deployment', 'web'),
      ({ metadata }) => metadata.annotations?.['baton.dev/act'] === intent.id,
    );
    const seen = await own.until('web', 'the attempt is counted', (service) => service.status?.healing?.attempts === 1);
    expect(seen.status?.healing?.intent).toBeUndefined();
  } finally {
    await own.close();
  }
});
