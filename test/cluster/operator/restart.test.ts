import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bed, conditionOf } from './support/bed.ts';
import { eventually } from '../support/eventually.ts';
import { osvc, workload } from './support/objects.ts';

let bed: Bed;
beforeEach(async () => {
  bed = await Bed.make('op-restart');
}, 120_000);
afterEach(() => bed.close(), 30_000);

// A killed leader's lease must end before the next one may act.
const LEASE = ['--lease-duration', '3s', '--renew-deadline', '2s', '--retry-period', '500ms'];

async function running(...names: string[]): Promise<void> {
  for (const name of names) {
    await bed.create(workload('Deployment', name));
    await bed.create(osvc(name));
  }
}

const versions = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await bed.services()).map(({ metadata }) => [metadata.name, metadata.resourceVersion]));

/** Until the operator has looked at each service since it leads. */
async function looked(operator: Awaited<ReturnType<Bed['start']>>): Promise<void> {
  for (const { metadata } of await bed.services()) {
    const series = `baton_service_ready_pods{namespace="${bed.namespace}",service="${metadata.name}"}`;
    await eventually(
      series,
      30,
      () => operator.metric(series),
      (value) => value !== undefined,
    );
  }
}

describe('a restart of the operator', { timeout: 120_000 }, () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('by %s keeps the level, the uptime and what is pending', async (signal) => {
    const first = await bed.start(...LEASE);
    await running('web');
    await bed.create(workload('Deployment', 'slow'));
    await bed.create(osvc('slow', { health: { hysteresis: { fall: '0s', rise: '6s' } } }));
    await Promise.all([bed.healthy('web'), bed.healthy('slow')]);
    for (const pod of await bed.pods('slow')) await bed.setReady(pod, false);
    await bed.level('slow', 'Failed');
    for (const pod of await bed.pods('slow')) await bed.setReady(pod, true);
    const pending = await bed.until('slow', 'a pending rise', ({ status }) => status?.pending !== undefined);
    const before = await bed.service('web');

    await first.end(signal);
    const second = await bed.start(...LEASE);
    await looked(second);
    const after = await bed.service('web');
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(after.status?.uptime?.since).toBe(before.status?.uptime?.since);
    const risen = await bed.level('slow', 'Healthy');
    // It rose by the time at which it began to wait, not by that of the restart.
    const rose = Date.parse(risen.status?.uptime?.since ?? '');
    expect(rose - Date.parse(pending.status?.pending?.since ?? '')).toBeGreaterThanOrEqual(6000);
    expect(risen.status?.uptime?.segments?.filter(({ state }) => state === 'Down')).toHaveLength(1);
    expect(Date.parse(pending.status?.uptime?.since ?? '')).toBe(
      Date.parse(risen.status?.uptime?.segments?.find(({ state }) => state === 'Down')?.from ?? ''),
    );
  });

  it('with everything right writes nothing', async () => {
    const first = await bed.start();
    await running('a', 'b', 'c');
    await bed.create(osvc('stalled'));
    await bed.create(workload('Deployment', 'zero', { replicas: 0 }));
    await bed.create(osvc('zero', { dependsOn: [{ name: 'a' }] }));
    await Promise.all(['a', 'b', 'c', 'zero'].map((name) => bed.healthy(name)));
    await bed.condition('stalled', 'Stalled', 'True');
    await bed.condition('zero', 'DependenciesReady', 'True');
    const before = await versions();
    expect(Object.keys(before)).toHaveLength(5);
    await first.end();
    const second = await bed.start();
    await looked(second);
    expect(await versions()).toEqual(before);
    expect(await second.metric('baton_status_writes_total{kind="OrchestratedService",outcome="written"}')).toBeFalsy();
  });

  it('tells what happened while no operator was there', async () => {
    const first = await bed.start();
    await running('missed');
    await bed.healthy('missed');
    await first.end();
    for (const pod of await bed.pods('missed')) await bed.setReady(pod, false);
    await bed.create(osvc('born'));
    await bed.start();
    const { status } = await bed.level('missed', 'Failed');
    expect(status?.uptime?.state).toBe('Down');
    await bed.condition('born', 'Stalled', 'True', 'TargetNotFound');
  });
});

describe('the status', { timeout: 120_000 }, () => {
  it('that a person edited is put right', async () => {
    await bed.start();
    await running('edited');
    const before = await bed.healthy('edited');
    const path = `/apis/baton.dev/v1alpha1/namespaces/${bed.namespace}/orchestratedservices/edited/status`;
    const wrong = { health: 'Failed', score: 3, replicas: { ready: 99 }, conditions: [] };
    expect((await bed.api.call('PATCH', path, { body: { status: wrong } })).status).toBe(200);
    const mended = await bed.until(
      'edited',
      'right again',
      ({ status }) => status?.replicas?.ready === 2 && status.health === 'Healthy',
    );
    expect(mended.status).toMatchObject({ score: 100, replicas: before.status?.replicas });
    expect(conditionOf(mended, 'Ready')).toMatchObject({ status: 'True', reason: 'Healthy' });
    // Removed altogether it is there again too.
    expect((await bed.api.call('PATCH', path, { body: { status: null } })).status).toBe(200);
    await bed.healthy('edited');
  });

  it('of a service that was deleted and made again starts anew', async () => {
    await bed.start();
    await running('again');
    await bed.healthy('again');
    for (const pod of await bed.pods('again')) await bed.setReady(pod, false);
    const down = await bed.level('again', 'Failed');
    for (const pod of await bed.pods('again')) await bed.setReady(pod, true);
    await bed.healthy('again');
    await bed.removeService('again');
    await bed.create(osvc('again'));
    const fresh = await bed.healthy('again');
    expect(fresh.metadata.uid).not.toBe(down.metadata.uid);
    expect(fresh.status?.uptime?.down).toBe('0s');
    expect(fresh.status?.uptime?.segments ?? []).toEqual([]);
    expect(Date.parse(fresh.status?.uptime?.since ?? '')).toBeGreaterThanOrEqual(
      Date.parse(fresh.metadata.creationTimestamp),
    );
  });

  it('is not written while nothing changes, for 20 s', async () => {
    const operator = await bed.start();
    const checks = [
      {
        name: 'beat',
        heartbeat: { metric: 'cpu' },
        thresholds: { warning: 0.7, degraded: 0.8, critical: 0.9 },
        staleAfter: '5s',
      },
      {
        name: 'query',
        prometheus: { query: 'up' },
        thresholds: { warning: 1, degraded: 2, critical: 3 },
        interval: '1s',
      },
      { name: 'door', tcp: { target: 'Service', service: 'none', port: 1, timeout: '1s' }, interval: '1s' },
    ];
    await running('quiet', 'still');
    await bed.create(workload('Deployment', 'checked'));
    await bed.create(osvc('checked', { health: { checks }, objectives: [{ name: 'availability', target: 99 }] }));
    await bed.create(osvc('stalled'));
    await Promise.all([bed.healthy('quiet'), bed.healthy('still'), bed.level('checked', 'Healthy')]);
    await bed.condition('checked', 'MetricsAvailable', 'False');
    await bed.condition('stalled', 'Stalled', 'True');
    await bed.until('checked', 'all were asked', ({ status }) =>
      status?.signals?.every(({ evidence }) => !/NotAskedYet/.test(evidence ?? '')),
    );
    const [before, begin] = [await versions(), Date.now()];
    // Twenty seconds are what this test is about.
    await eventually(
      '20 s of quiet',
      30,
      versions,
      (now) => JSON.stringify(now) !== JSON.stringify(before) || Date.now() - begin > 20_000,
    );
    expect(await versions()).toEqual(before);
    const warned = operator.lines.filter(({ level }) => level === 'warn' || level === 'error').map(({ msg }) => msg);
    expect(warned.sort()).toEqual([
      expect.stringContaining('Deployment stalled does not exist'),
      expect.stringContaining('no fresh evidence'),
    ]);
  });
});
