import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bed, conditionOf } from './support/bed.ts';
import { quiet } from '../support/quiet.ts';
import { osvc, workload } from './support/objects.ts';

let bed: Bed;
beforeEach(async () => {
  bed = await Bed.make('op-status');
});
afterEach(() => bed.close());

async function running(...names: string[]): Promise<void> {
  for (const name of names) {
    await bed.create(workload('Deployment', name));
    await bed.create(osvc(name));
  }
}

const versions = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await bed.services()).map(({ metadata }) => [metadata.name, metadata.resourceVersion]));

describe('the status', () => {
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
    await quiet(20, versions);
    const warned = operator.lines.filter(({ level }) => level === 'warn' || level === 'error').map(({ msg }) => msg);
    expect(warned.sort()).toEqual([
      expect.stringContaining('Deployment stalled does not exist'),
      expect.stringContaining('no fresh evidence'),
    ]);
  });
});
