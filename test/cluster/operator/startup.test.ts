import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unique } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { Bed, conditionOf } from './support/bed.ts';
import { NOWHERE, type Obj, osvc, workload } from './support/objects.ts';
import { Widgets } from './support/widgets.ts';

const KEPT = 'baton.dev/startup-replicas';
const FINALIZER = 'baton.dev/holds';

interface Deployment extends Obj {
  spec: { replicas: number };
  metadata: Obj['metadata'] & { annotations?: Record<string, string> };
}

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.make('op-startup');
  await bed.start();
});
afterAll(() => bed.close());

/** Makes no pods before it is resumed, so that none can be ready before the workload is held. */
const paused = (name: string, replicas: number, pod: object = {}): Obj =>
  workload('Deployment', name, { replicas, pod, spec: { paused: true } });
const resume = (of: Bed, name: string): Promise<void> => of.patch('Deployment', name, { spec: { paused: false } });

const deployment = (name: string, of = bed): Promise<Deployment> => of.get<Deployment>('Deployment', name);

const replicas = (name: string, count: number, kept: string | undefined, of = bed): Promise<Deployment> =>
  eventually(
    `${name} has ${count} replicas`,
    60,
    () => deployment(name, of),
    ({ spec, metadata }) => spec.replicas === count && metadata.annotations?.[KEPT] === kept,
  );

async function held(name: string, count: number, startup: object = {}, more: object = {}): Promise<void> {
  await bed.create(paused(name, count));
  await bed.create(osvc(name, { dependsOn: [{ name: `${name}-db` }], startup, ...more }));
  await replicas(name, 0, String(count));
  await resume(bed, name);
}

const freed = (name: string) =>
  bed.until(name, 'no finalizer', ({ metadata }) => metadata.finalizers?.includes(FINALIZER) !== true);

describe('a service that was never available', () => {
  it('is held at zero until what it depends on is up, and has its replicas then', async () => {
    await held('web', 3);
    await bed.condition(
      'web',
      'Started',
      'False',
      'StartupWaits',
      /at zero, 3 replicas are kept: there is no OrchestratedService .*\/web-db/,
    );
    const { status, metadata } = await bed.until(
      'web',
      'it is seen at zero',
      (seen) => seen.status?.phase === 'Pending',
    );
    expect(status).toMatchObject({ health: 'Unknown', startup: { state: 'Waiting', replicas: 3 } });
    expect(metadata.finalizers).toContain(FINALIZER);
    await bed.create(workload('Deployment', 'web-db', { replicas: 1 }));
    await bed.create(osvc('web-db', { startup: {} }));
    await replicas('web', 3, undefined);
    await bed.condition('web', 'Started', 'True', 'Started');
    await bed.condition('web-db', 'Started', 'True', 'Started');
    await bed.told('web', /^Start(up|ed)/, ['Normal StartupHeld', 'Normal StartupRaised', 'Normal Started']);
    await freed('web');
    await bed.healthy('web');
  });

  it('has its replicas back when the OrchestratedService is deleted', async () => {
    await held('given', 4);
    await bed.removeService('given');
    await eventually(
      'the service is gone',
      30,
      () => bed.services(),
      (all) => all.every(({ metadata }) => metadata.name !== 'given'),
    );
    const { spec, metadata } = await deployment('given');
    expect([spec.replicas, metadata.annotations?.[KEPT]]).toEqual([4, undefined]);
  });

  it('has its replicas back when spec.startup is taken away', async () => {
    await held('taken', 2);
    await bed.patchService('taken', { spec: { startup: null } });
    await replicas('taken', 2, undefined);
    await bed.until('taken', 'nothing is said of it', (seen) => conditionOf(seen, 'Started') === undefined);
    await freed('taken');
    expect((await bed.healthy('taken')).status?.startup).toBeUndefined();
  });

  it('belongs to the person who scales it meanwhile', async () => {
    await held('wanted', 2);
    await bed.until('wanted', 'it is seen at zero', ({ status }) => status?.startup?.downAt !== undefined);
    await bed.scale('wanted', 1);
    await replicas('wanted', 1, undefined);
    await bed.told('wanted', /^Startup/, ['Normal StartupHeld', 'Normal StartupOverridden']);
    await bed.condition('wanted', 'Started', 'True', 'Started');
    expect((await deployment('wanted')).spec.replicas).toBe(1);
  });

  it('is left alone where it asks for no pods, and says so', async () => {
    await bed.create(workload('Deployment', 'asleep', { replicas: 0 }));
    await bed.create(osvc('asleep', { dependsOn: [{ name: 'nobody' }], startup: {} }));
    await bed.condition('asleep', 'Started', 'False', 'ScaledToZero');
    expect((await deployment('asleep')).metadata.annotations?.[KEPT]).toBeUndefined();
  });

  it.each([
    ['Recommend', 'RecommendOnly', { mode: 'Recommend' }],
    ['Observe', 'ObserveOnly', { mode: 'Observe' }],
    ['maintenance', 'MaintenanceWindow', { maintenanceWindows: [{ schedule: '* * * * *', duration: '2m' }] }],
  ])('is not touched in %s, which says what would be done', async (title, reason, more) => {
    const name = `only-${title.toLowerCase()}`;
    await bed.create(paused(name, 2));
    await bed.create(osvc(name, { dependsOn: [{ name: 'nobody' }], startup: {}, ...more }));
    await bed.condition(
      name,
      'Started',
      'False',
      reason,
      /there is no OrchestratedService .*\/nobody; it would be held at zero/,
    );
    expect((await deployment(name)).spec.replicas).toBe(2);
  });

  it('keeps scaling and healing away while it is held', async () => {
    const scaling = { minReplicas: 2, maxReplicas: 4, metrics: [CPU] };
    await held('busy', 2, {}, { scaling, healing: { actions: [{ type: 'Restart' }] } });
    await bed.condition('busy', 'ScalingActive', 'False', 'StartupWaits');
    expect((await deployment('busy')).spec.replicas).toBe(0);
  });

  it('waits for nobody in a circle, and says so', async () => {
    const spec = (other: string) => ({ dependsOn: [{ name: other }], startup: {} });
    await bed.create(workload('Deployment', 'ring-a', { replicas: 1 }));
    await bed.create(workload('Deployment', 'ring-b', { replicas: 1 }));
    await bed.create(osvc('ring-a', spec('ring-b')));
    await bed.create(osvc('ring-b', spec('ring-a')));
    await bed.condition(
      'ring-a',
      'Started',
      'True',
      undefined,
      /not waited for, because they wait for this one in turn: .*\/ring-b/,
    );
    await bed.condition('ring-b', 'Started', 'True');
  });

  it('goes down and up again when it does not get up, and fails then', async () => {
    await bed.create(workload('Deployment', 'stuck', { replicas: 1, pod: NOWHERE }));
    await bed.create(osvc('stuck', { startup: { timeout: '2s', retries: 1 } }));
    await bed.condition(
      'stuck',
      'Started',
      'False',
      'StartupFailed',
      /not Healthy or Warning within 2s after any of 2 attempts/,
    );
    await bed.told('stuck', /^Startup/, ['Warning StartupRetries', 'Normal StartupRaised', 'Warning StartupFailed']);
    expect((await deployment('stuck')).spec.replicas).toBe(1);
    // It counts as started when it is up after all.
    await bed.patch('Deployment', 'stuck', {
      spec: { template: { spec: { nodeSelector: { 'example.dev/none': null } } } },
    });
    await bed.condition('stuck', 'Started', 'True');
  });
});

const CPU = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } };

it('a kind with nothing but a scale is held too, and its count is in the status', async () => {
  const widgets = new Widgets(bed, `${unique('s')}.example.dev`);
  const scaleOf = (name: string) =>
    bed.get<Obj & { spec: { replicas: number } }>('Widget', name, `${widgets.group}/v1`);
  const scaled = (name: string, count: number) =>
    eventually(
      `${name} has ${count}`,
      60,
      () => scaleOf(name),
      ({ spec }) => spec.replicas === count,
    );
  const withStartup = (name: string): Obj => {
    const made = widgets.osvc(name);
    return { ...made, spec: { ...(made['spec'] as object), dependsOn: [{ name: `${name}-first` }], startup: {} } };
  };
  try {
    await widgets.install(true);
    for (const name of ['cog', 'wheel']) {
      await widgets.create(name, 3);
      await bed.create(withStartup(name));
      await scaled(name, 0);
      await bed.until(name, 'it is seen at zero', ({ status }) => status?.startup?.downAt !== undefined);
      expect((await bed.service(name)).status?.startup?.replicas).toBe(3);
    }
    await bed.removeService('cog');
    await scaled('cog', 3);
    await bed.create(workload('Deployment', 'wheel-first', { replicas: 1 }));
    await bed.create(osvc('wheel-first'));
    await scaled('wheel', 3);
    await bed.until('wheel', 'it starts', ({ status }) => status?.startup?.raisedAt !== undefined);
  } finally {
    await widgets.uninstall();
  }
});
