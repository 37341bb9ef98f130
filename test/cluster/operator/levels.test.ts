import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bed, conditionOf, type Pod, signalOf } from './support/bed.ts';
import { closedPort, ownAddress } from './support/listeners.ts';
import { osvc, workload } from './support/objects.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.make('op-levels');
  await bed.start();
});
afterAll(() => bed.close());

async function running(name: string, replicas: number, spec: Record<string, unknown> = {}): Promise<Pod[]> {
  await bed.create(workload('Deployment', name, { replicas }));
  await bed.create(osvc(name, spec));
  await bed.healthy(name);
  return bed.pods(name);
}

const moments = (at: string | undefined): number => Date.parse(at ?? '');

describe('levels', () => {
  it('rise only after the evidence was good for the whole rise', async () => {
    const pods = await running('rise', 2, { health: { hysteresis: { fall: '0s', rise: '5s' } } });
    const [first] = pods as [Pod];
    await bed.setReady(first, false);
    await bed.level('rise', 'Warning');
    await using history = await bed.follow('rise');
    await bed.setReady(first, true);
    const waiting = await history.until('a pending rise', ({ status }) => status?.pending?.health === 'Healthy');
    expect(waiting.status).toMatchObject({ health: 'Warning', score: 100 });
    expect(conditionOf(waiting, 'Ready')).toMatchObject({
      status: 'True',
      reason: 'RisePending',
      message: 'the evidence is good again; Healthy follows when this has lasted 5s',
    });
    const risen = await history.until('Healthy', ({ status }) => status?.health === 'Healthy');
    expect(risen.status).not.toHaveProperty('pending');
    const waited = moments(conditionOf(risen, 'Healthy')?.lastTransitionTime) - moments(waiting.status?.pending?.since);
    // Conditions carry whole seconds.
    expect(waited).toBeGreaterThan(4000);
  });

  it('a dip during the rise begins it anew', async () => {
    const pods = await running('dip', 2, { health: { hysteresis: { fall: '0s', rise: '30s' } } });
    const [first] = pods as [Pod];
    await bed.setReady(first, false);
    await bed.level('dip', 'Warning');
    await bed.setReady(first, true);
    const rising = await bed.until('dip', 'a pending rise', ({ status }) => status?.pending !== undefined);
    await bed.setReady(first, false);
    await bed.until('dip', 'no rise', ({ status }) => status?.pending === undefined);
    await bed.setReady(first, true);
    const again = await bed.until('dip', 'another rise', ({ status }) => status?.pending !== undefined);
    expect(moments(again.status?.pending?.since)).toBeGreaterThan(moments(rising.status?.pending?.since));
    expect(again.status?.health).toBe('Warning');
  });

  it('fall only after the evidence was bad for the whole fall', async () => {
    const pods = await running('fall', 2, { health: { hysteresis: { fall: '5s', rise: '0s' } } });
    const [first] = pods as [Pod];
    await using history = await bed.follow('fall');
    await bed.setReady(first, false);
    const waiting = await history.until('a pending fall', ({ status }) => status?.pending?.health === 'Warning');
    expect(waiting.status).toMatchObject({ health: 'Healthy', score: 75 });
    expect(conditionOf(waiting, 'Ready')).toMatchObject({ status: 'True', reason: 'FallPending' });
    expect(conditionOf(waiting, 'Ready')?.message).toMatch(/; Warning follows when this has lasted 5s$/);
    const fallen = await history.until('Warning', ({ status }) => status?.health === 'Warning');
    expect(fallen.status).not.toHaveProperty('pending');
  });

  it('a fall that does not last is never seen as a level', async () => {
    const pods = await running('blip', 2, { health: { hysteresis: { fall: '60s', rise: '0s' } } });
    const [first] = pods as [Pod];
    await bed.setReady(first, false);
    await bed.until('blip', 'a pending fall', ({ status }) => status?.pending !== undefined);
    await bed.setReady(first, true);
    const seen = await bed.until('blip', 'nothing pending', ({ status }) => status?.pending === undefined);
    expect(seen.status).toMatchObject({ health: 'Healthy', score: 100 });
    expect((await bed.events('blip')).filter(({ type }) => type === 'Warning')).toEqual([]);
  });

  it('fewer ready than scaling.minReplicas is at most 69, though the workload asks for no more', async () => {
    await bed.create(workload('Deployment', 'minimum', { replicas: 2 }));
    await bed.create(osvc('minimum', { scaling: { minReplicas: 3 } }));
    // It is so with one of them as well, for a moment.
    const words = '2 of 2 pods are ready, fewer than scaling.minReplicas; raise the replicas or look at the pods';
    await bed.condition('minimum', 'Ready', 'False', 'BelowMinimum', words);
    await bed.until('minimum', '69', ({ status }) => status?.health === 'Degraded' && status.score === 69);
    await bed.scale('minimum', 3);
    await bed.healthy('minimum');
  });

  it('a failing critical check is at most 39, one that is not critical only weighs', async () => {
    const tcp = { target: 'Pod', port: await closedPort(), timeout: '10s' };
    const checks = (critical: boolean) => ({
      checks: [{ name: 'door', tcp, critical, weight: 20, interval: '10s' }],
      hysteresis: { fall: '0s', rise: '0s' },
    });
    for (const name of ['weighs', 'critical']) {
      await bed.create(workload('Deployment', name, { replicas: 1 }));
      await bed.create(osvc(name));
      await bed.healthy(name);
      await bed.moveTo(ownAddress(), name);
      await bed.patchService(name, { spec: { health: checks(name === 'critical') } });
    }
    // 80 of 100.
    const weighs = await bed.level('weighs', 'Warning');
    expect(weighs.status).toMatchObject({ score: 80, uptime: { state: 'Up' } });
    expect(signalOf(weighs, 'door')).toMatchObject({ score: 0, weight: 20, value: 'failed' });
    const critical = await bed.level('critical', 'Critical');
    expect(critical.status).toMatchObject({ score: 39, uptime: { state: 'Down' } });
    expect(conditionOf(critical, 'Ready')).toMatchObject({ status: 'False', reason: 'CheckFailing' });
    expect(conditionOf(critical, 'Ready')?.message).toMatch(/^check door: pod critical-.*: connect ECONNREFUSED/);
  });

  it('each signal weighs as it says: five pods, one not ready, one restarted twice, one killed', async () => {
    const pods = await running('sum', 5);
    const [first, second, third] = pods as [Pod, Pod, Pod];
    const finishedAt = new Date(Date.now() - 5000).toISOString().replace(/\..*/, 'Z');
    const ended = (reason: string) => ({ terminated: { reason, exitCode: 1, startedAt: finishedAt, finishedAt } });
    const state = { running: { startedAt: finishedAt } };
    await bed.setContainer(second, 1, state, ended('Error'));
    await bed.until('sum', 'a restart', (seen) => signalOf(seen, 'stability')?.score === 95);
    await bed.setContainer(second, 2, state, ended('Error'));
    await bed.until('sum', 'two restarts', (seen) => signalOf(seen, 'stability')?.score === 90);
    await bed.setContainer(third, 1, state, ended('OOMKilled'));
    await bed.setReady(first, false);
    const seen = await bed.until('sum', 'all of it', (service) => service.status?.score === 82);
    // availability 80 · 40, rollout 100 · 10, stability (100 + 50 + 0 + 100 + 100) / 5 = 70 · 20, dependencies 100 · 10; all over 80.
    expect(seen.status?.signals?.map(({ name, score, weight }) => [name, score, weight])).toEqual([
      ['availability', 80, 40],
      ['rollout', 100, 10],
      ['stability', 70, 20],
      ['dependencies', 100, 10],
    ]);
    expect((80 * 40 + 100 * 10 + 70 * 20 + 100 * 10) / 80).toBe(82.5);
    expect(seen.status).toMatchObject({ health: 'Warning', score: 82 });
  });
});
