import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Orchestration, OrchestrationStatus } from '../../../src/api/kinds.ts';
import { accept, Bed, conditionOf, type EventObj } from './support/bed.ts';
import { unique } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { quiet } from '../support/quiet.ts';
import { kubectl } from '../packaging/cluster.ts';
import { osvc, workload } from './support/objects.ts';
import { Operator } from './support/process.ts';

// What concerns the whole cluster: an operator that looks after all namespaces, and the one policy there is.

const ALL = '/apis/baton.dev/v1alpha1/orchestrations';
const POLICY = `${ALL}/default`;

let bed: Bed;
let operator: Operator;
// Of the time that it has to end, its last status may take a share.
const flags = () => ['--lease-namespace', bed.namespace, '--heartbeat-address', '', '--shutdown-timeout', '1m'];

beforeAll(async () => {
  bed = await Bed.make('op-alone');
  await bed.api.call('DELETE', POLICY);
  operator = bed.own(await Operator.start(flags()));
});
afterAll(async () => {
  await bed.api.call('DELETE', POLICY);
  await bed.close();
});

const read = async (): Promise<Orchestration | undefined> => {
  const answer = await bed.api.call('GET', POLICY);
  return answer.status === 200 ? (answer.body as unknown as Orchestration) : undefined;
};

async function whole(
  what: string,
  holds: (status: OrchestrationStatus) => boolean | undefined,
): Promise<OrchestrationStatus> {
  const seen = await eventually(
    `Orchestration/default: ${what}`,
    60,
    read,
    (orch) => orch?.status !== undefined && holds(orch.status) === true,
  );
  return seen?.status as OrchestrationStatus;
}

const setPolicy = async (spec: object): Promise<void> => {
  accept(await bed.api.call('PATCH', POLICY, { body: { spec } }));
};

const isHealthy = (name: string, namespace: string): Promise<unknown> =>
  eventually(
    `${namespace}/${name} is Healthy`,
    30,
    () => bed.service(name, namespace),
    ({ status }) => status?.health === 'Healthy',
  );

/** The last Event of this reason about Orchestration/default whose note is so. */
const told = (reason: string, note: RegExp): Promise<EventObj | undefined> =>
  eventually(
    `an Event ${reason} ${note.source}`,
    15,
    async () =>
      (await bed.events('default', 'default')).findLast((event) => event.reason === reason && note.test(event.note)),
    (seen) => seen !== undefined,
  );

describe('Orchestration/default', () => {
  it('is created when it is absent, with the default policy written out, and created again when deleted', async () => {
    const first = await eventually('it is there', 30, read, (orch) => orch?.status?.state === 'Active');
    expect(first?.spec).toMatchObject({
      health: { hysteresis: { fall: '0s', rise: '10s' } },
      httpChecks: { maxConcurrent: 50 },
    });
    expect(conditionOf({ status: first?.status ?? {} }, 'Ready')).toMatchObject({
      status: 'True',
      reason: 'PolicyInForce',
    });
    await told('Created', /was absent and was created with the default policy/);
    accept(await bed.api.call('DELETE', POLICY));
    await eventually(
      'it is there again',
      30,
      read,
      (orch) => orch?.status?.state === 'Active' && orch.metadata.uid !== first?.metadata.uid,
    );
  });

  it('sums up the services: counts, score, the worst five with reasons, and the state', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of [...names, 'well']) {
      await bed.create(workload('Deployment', name, { replicas: 1 }));
      await bed.create(osvc(name, { priority: name === 'f' ? 'Critical' : 'Normal' }));
    }
    await Promise.all([...names, 'well'].map((name) => bed.healthy(name)));
    // It is shown as it was when it was first known, with less than 5 points of difference: one may have been starting yet.
    const well = await whole(
      'seven healthy',
      // Those of other tests may have yet to go with their namespaces.
      ({ services, score, scores }) =>
        services?.total === 7 && services.healthy === 7 && score === 100 && (scores?.optimization ?? 0) > 95,
    );
    expect(well).toMatchObject({ state: 'Active', services: { failed: 0, unknown: 0 } });
    expect(well).not.toHaveProperty('worst');
    for (const name of names) for (const pod of await bed.pods(name)) await bed.setReady(pod, false);
    // Priorities weigh 2 for Normal, 5 for Critical: 100 · 2 / (5 · 2 + 5 + 2).
    const down = await whole(
      'six failed',
      ({ services, score, scores }) => services?.failed === 6 && score === 11 && scores?.optimization === 12,
    );
    expect(down.state).toBe('Degraded');
    expect(down.worst?.map(({ name }) => name)).toEqual(['f', 'a', 'b', 'c', 'd']);
    expect(down.worst?.[0]).toMatchObject({
      namespace: bed.namespace,
      health: 'Failed',
      score: 0,
      reason: 'PodsNotReady',
      message: expect.stringContaining('0 of 1 pods are ready'),
    });
    await told('StateChanged', /^Active → Degraded: services are Failed or Critical/);
    const table = await kubectl('get', 'orchestration');
    expect(table.split('\n')[1]?.split(/\s+/).slice(0, 6)).toEqual(['default', 'Degraded', '11', '7', '1', '6']);
    expect(await operator.metric('baton_orchestration_state{state="Degraded"}')).toBe(1);
    expect(await operator.metric('baton_orchestration_optimization_score')).toBe(12);
    const critical = `{namespace="${bed.namespace}",service="f"}`;
    expect(await operator.metric(`baton_service_optimization_score${critical}`)).toBe(0);
    expect(await operator.metric(`baton_service_recommendations${critical}`)).toBe(1);
    expect(
      (await operator.metric('baton_services{level="failed"}')) ??
        (await operator.metric('baton_services{level="Failed"}')),
    ).toBe(6);
    for (const name of names) for (const pod of await bed.pods(name)) await bed.setReady(pod, true);
    await whole('all well again', ({ state, services }) => state === 'Active' && services?.healthy === 7);
    await told('StateChanged', /^Degraded → Active/);
  });

  it('changes its policy without a restart, and tells what changed', async () => {
    const name = 'general';
    await bed.create(workload('Deployment', name, { replicas: 1 }));
    const { apiVersion, kind } = osvc(name);
    await bed.create({
      apiVersion,
      kind,
      metadata: { name },
      spec: { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } },
    });
    await bed.healthy(name);
    await setPolicy({ health: { hysteresis: { fall: '30s', rise: '0s' } } });
    const event = await told('PolicyChanged', /^health\.hysteresis\.fall 0s → 30s/);
    expect(event).toMatchObject({
      type: 'Normal',
      note: 'health.hysteresis.fall 0s → 30s, health.hysteresis.rise 10s → 0s',
    });
    for (const pod of await bed.pods(name)) await bed.setReady(pod, false);
    const waiting = await bed.until(name, 'a pending fall', ({ status }) => status?.pending?.health === 'Failed');
    expect(waiting.status?.health).toBe('Healthy');
    await setPolicy({ health: { hysteresis: { fall: '0s', rise: '0s' } } });
    await bed.level(name, 'Failed');
    for (const pod of await bed.pods(name)) await bed.setReady(pod, true);
    await bed.level(name, 'Healthy');
    await told('PolicyChanged', /^health\.hysteresis\.fall 30s → 0s$/);
    const lines = await eventually(
      'both changes in the log',
      10,
      () => Promise.resolve(operator.lines.filter(({ msg }) => msg.startsWith('the policy changed'))),
      ({ length }) => length >= 2,
    );
    expect(lines.map(({ msg }) => msg)).toEqual([
      expect.stringContaining('0s → 30s'),
      expect.stringContaining('30s → 0s'),
    ]);
  });

  it('opens a maintenance window at once, for every service, and ends it with the window', async () => {
    await setPolicy({ maintenanceWindows: [{ schedule: '* * * * *', duration: '2m' }] });
    await whole('Maintenance', ({ state }) => state === 'Maintenance');
    await bed.condition('well', 'InMaintenance', 'True', 'MaintenanceWindow');
    expect((await bed.service('well')).status?.uptime?.state).toBe('Maintenance');
    expect((await bed.service('well')).status?.health).toBe('Healthy');
    await setPolicy({ maintenanceWindows: [] });
    await whole('Active', ({ state }) => state === 'Active');
    const over = await bed.until('well', 'no window', (seen) => conditionOf(seen, 'InMaintenance') === undefined);
    expect(over.status?.uptime).toMatchObject({
      state: 'Up',
      segments: expect.arrayContaining([expect.objectContaining({ state: 'Maintenance' })]),
    });
    await bed.told('well', /^MaintenanceWindow$/, ['Normal MaintenanceWindow', 'Normal MaintenanceWindow']);
  });

  it.each([
    [
      'a time zone that does not exist',
      { schedule: '0 3 * * 0', duration: '1h', timeZone: 'Europe/Atlantis' },
      /there is no time zone Europe\/Atlantis/,
    ],
    ['a day that no month has', { schedule: '0 3 31 2 *', duration: '1h' }, /never fires/],
  ])('with %s keeps the policy before in force and says so', async (_, window, said) => {
    await setPolicy({ maintenanceWindows: [window], health: { hysteresis: { rise: '7s' } } });
    const refused = await whole('refused', (status) => conditionOf({ status }, 'Stalled')?.reason === 'PolicyInvalid');
    const ready = conditionOf({ status: refused }, 'Ready');
    expect(ready).toMatchObject({
      status: 'False',
      reason: 'PolicyInvalid',
      message: expect.stringMatching(/the policy before stays in force$/),
    });
    expect(ready?.message).toMatch(said);
    // Not half of it either.
    expect(refused.policy).toMatchObject({ maintenanceWindows: [], health: { hysteresis: { rise: '0s' } } });
    await told('PolicyInvalid', said);
    await setPolicy({ maintenanceWindows: [], health: { hysteresis: { rise: '0s' } } });
    await whole(
      'in force',
      (status) =>
        conditionOf({ status }, 'Stalled') === undefined && conditionOf({ status }, 'Ready')?.status === 'True',
    );
  });

  it('is not written while nothing changes', async () => {
    const versions = async () => [
      (await read())?.metadata.resourceVersion,
      ...(await bed.services()).map(({ metadata }) => metadata.resourceVersion),
    ];
    await expect(quiet(10, versions)).resolves.toBeUndefined();
  });

  it('says ShuttingDown when the operator ends, and Active again with the next', async () => {
    expect((await operator.end()).code).toBe(0);
    const orch = await read();
    expect(orch?.status?.state).toBe('ShuttingDown');
    expect(conditionOf({ status: orch?.status ?? {} }, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ShuttingDown',
    });
    operator = bed.own(await Operator.start(flags()));
    await whole('Active', ({ state, services }) => state === 'Active' && services?.total === 8);
    // The policy did not change in between.
    expect(operator.lines.filter(({ msg }) => msg.startsWith('the policy changed'))).toEqual([]);
  });
});

describe('an operator of one namespace', () => {
  it('follows the policy and leaves summing up to the one that sees all', async () => {
    const own = unique('op-alone-one');
    await bed.addNamespace(own);
    const second = bed.own(
      await Operator.start(['--namespace', own, '--lease-namespace', own, '--heartbeat-address', '']),
    );
    await setPolicy({ health: { hysteresis: { fall: '5s', rise: '0s' } } });
    await told('PolicyChanged', /^health\.hysteresis\.fall 0s → 5s$/);
    await bed.create(workload('Deployment', 'only', { replicas: 1 }), own);
    await bed.create(osvc('only'), own);
    await isHealthy('only', own);
    await whole('nine are healthy', ({ services, score }) => services?.healthy === 9 && score === 100);
    await quiet(3, async () => (await read())?.metadata.resourceVersion);
    expect(second.lines.filter(({ kind }) => kind === 'State')).toEqual([]);
    await second.end();
    await setPolicy({ health: { hysteresis: { fall: '0s', rise: '0s' } } });
  });
});

describe('namespaces', () => {
  it('may hold what services of others depend on', async () => {
    const other = unique('op-alone-other');
    await bed.addNamespace(other);
    await bed.create(workload('Deployment', 'store', { replicas: 1 }), other);
    await bed.create(osvc('store'), other);
    // One that was never available is awaited, and not Failed.
    await isHealthy('store', other);
    await bed.create(workload('Deployment', 'front', { replicas: 1 }));
    await bed.create(osvc('front', { dependsOn: [{ name: 'store', namespace: other }] }));
    await bed.condition('front', 'DependenciesReady', 'True');
    const scale = `/apis/apps/v1/namespaces/${other}/deployments/store`;
    accept(
      await bed.api.call('PATCH', scale, {
        body: {
          spec: {
            template: { spec: { nodeSelector: { 'example.dev/none': 'x' } } },
            strategy: { rollingUpdate: null, type: 'Recreate' },
          },
        },
      }),
    );
    await bed.condition('front', 'DependenciesReady', 'False', 'DependencyUnhealthy', `${other}/store is Failed`);
  });

  it('that vanish leave nothing behind: no series, no count, no error', async () => {
    const gone = unique('op-alone-gone');
    await bed.addNamespace(gone);
    for (const name of ['x', 'y']) {
      await bed.create(workload('Deployment', name, { replicas: 1 }), gone);
      await bed.create(osvc(name, { dependsOn: name === 'x' ? [{ name: 'y' }] : [] }), gone);
    }
    for (const name of ['x', 'y']) await isHealthy(name, gone);
    const page = async () => (await operator.page('metrics', '/metrics')).text;
    expect(await page()).toContain(`namespace="${gone}"`);
    await whole('both count', ({ services }) => services?.total === 13 && (services.healthy ?? 0) >= 10);
    accept(await bed.api.call('DELETE', `/api/v1/namespaces/${gone}`));
    await eventually(
      'it is gone',
      60,
      () => bed.api.call('GET', `/api/v1/namespaces/${gone}`),
      ({ status }) => status === 404,
    );
    await eventually('no series', 30, page, (text) => !text.includes(gone));
    await whole('two less', ({ services }) => services?.total === 11);
    const failures = operator.lines.filter(
      (line) => line.msg === 'a reconcile failed' && String(line['key']).startsWith(gone),
    );
    // While it is going, with more time from one to the next; it may take minutes to go.
    expect(failures.length).toBeLessThanOrEqual(20);
    const then = operator.lines.length;
    await eventually(
      'quiet',
      30,
      () => operator.metric('workqueue_depth{name="service"}'),
      (depth) => depth === 0,
    );
    expect(operator.lines.slice(then).filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });
});
