import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bed } from './support/bed.ts';
import { eventually } from '../support/eventually.ts';
import { osvc, workload } from './support/objects.ts';

let bed: Bed;
beforeEach(async () => {
  bed = await Bed.make('op-restart');
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

describe('a restart of the operator', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('by %s keeps the level, the uptime and what is pending', async (signal) => {
    const first = await bed.start('--no-leader-election');
    await running('web');
    await bed.create(workload('Deployment', 'slow'));
    await bed.create(osvc('slow', { health: { hysteresis: { fall: '0s', rise: '6s' } } }));
    await Promise.all([bed.healthy('web'), bed.healthy('slow')]);
    for (const pod of await bed.pods('slow')) await bed.setReady(pod, false);
    await bed.level('slow', 'Failed');
    await using history = await bed.follow('slow');
    for (const pod of await bed.pods('slow')) await bed.setReady(pod, true);
    const pending = await history.until('a pending rise', ({ status }) => status?.pending !== undefined);
    const before = await bed.service('web');

    await first.end(signal);
    const second = await bed.start('--no-leader-election');
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
    await first.end();
    // Nobody writes any more.
    const before = await versions();
    expect(Object.keys(before)).toHaveLength(5);
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
