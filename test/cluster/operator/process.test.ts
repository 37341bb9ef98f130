import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bed } from './support/bed.ts';
import { osvc, workload } from './support/objects.ts';
import { Operator } from './support/process.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.make('op-process');
});
afterAll(() => bed.close());

describe('the process', () => {
  it.each([
    [['--worker', '3'], /'--worker'; allowed: .*--workers/],
    [['--workers', 'many'], /--workers: .*many.*a whole number from 1 to 256/s],
    [['--lease-duration', '15'], /--lease-duration: given "15"; allowed: a duration such as 15s/s],
    [['--renew-deadline', '60s'], /--renew-deadline: .*60s.*less than leaseDuration/s],
    [['--log-format', 'xml'], /--log-format: .*xml.*json.*pretty/s],
    [['--namespace', 'Shop'], /--namespace: .*Shop.*lower case/s],
    [['--config', '/does/not/exist.yaml'], /exist\.yaml/],
  ])('with the mistake %j ends with 2 and names the key', async (args, said) => {
    const operator = Operator.spawn([...bed.flags, ...args]);
    expect((await operator.exited()).code).toBe(2);
    expect(operator.output).toMatch(said);
    expect(operator.output.trim().split('\n').length).toBeLessThan(6);
  });

  it('tells its options, and its version', async () => {
    const help = Operator.spawn(['--help']);
    expect((await help.exited()).code).toBe(0);
    expect(help.output).toMatch(/--lease-namespace/);
    const version = Operator.spawn(['--version']);
    expect((await version.exited()).code).toBe(0);
    expect(version.output.trim()).not.toBe('');
  });

  it('ends with 1 when a port is taken, and says which', async () => {
    const first = await bed.start();
    const { host, port } = (await first.logged('probes listen')) as unknown as { host: string; port: number };
    const second = Operator.spawn([...bed.flags, '--probe-address', `${host}:${port}`]);
    expect((await second.exited()).code).toBe(1);
    expect(second.output).toMatch(/EADDRINUSE/);
    await first.end();
  });

  // The default, other than in the rest of the tests. With 1 where something hangs for that long by its own clock.
  const IN_TIME = ['--shutdown-timeout', '5s'];
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends with 0 in under 5 s on %s when idle, and gives the lease back',
    async (signal) => {
      const operator = await bed.start(...IN_TIME);
      expect((await operator.end(signal)).code).toBe(0);
      expect(operator.lines.at(-1)).toMatchObject({ msg: 'stopped' });
      const lease = await bed.get('Lease', 'baton', 'coordination.k8s.io/v1');
      expect((lease['spec'] as { holderIdentity?: string }).holderIdentity ?? '').toBe('');
    },
  );

  it('ends with 0 in under 5 s while it waits for the lease of another', async () => {
    const leader = await bed.start();
    const standby = bed.own(await Operator.start([...bed.flags, ...IN_TIME], 'standing for election'));
    expect((await standby.end()).code).toBe(0);
    await leader.end();
  });

  it('answers /healthz and /readyz, also as a standby', async () => {
    const leader = await bed.start();
    const standby = bed.own(await Operator.start(bed.flags, 'standing for election'));
    for (const operator of [leader, standby]) {
      expect(await operator.page('probes', '/healthz')).toEqual({ status: 200, text: 'ok\n' });
      expect(await operator.page('probes', '/readyz')).toEqual({ status: 200, text: 'ok\n' });
    }
    expect(await leader.metric('leader_election_master_status')).toBe(1);
    expect(await standby.metric('leader_election_master_status')).toBe(0);
    expect((await standby.page('metrics', '/metrics')).text).not.toContain('baton_service_health{');
    await standby.end();
    await leader.end();
  });

  it('keeps nothing for later while it does not lead', async () => {
    const leader = await bed.start();
    const standby = bed.own(await Operator.start(bed.flags, 'standing for election'));
    await bed.createAll(workload('Deployment', 'seen'), osvc('seen'));
    await bed.healthy('seen');
    await bed.removeService('seen');
    expect((await standby.metric('workqueue_adds_total{name="service"}')) ?? 0).toBe(0);
    expect((await leader.metric('workqueue_adds_total{name="service"}')) ?? 0).toBeGreaterThan(0);
    await standby.end();
    await leader.end();
  });

  // Last: one whose write has no answer yet does not give its lease back, and the next would wait for that.
  it('ends with 0 in under 5 s while it is busy', async () => {
    const operator = await bed.start('--workers', '2', ...IN_TIME);
    const checks = [{ name: 'door', tcp: { target: 'Service', port: 1, timeout: '1s' }, interval: '1s' }];
    for (let count = 0; count < 30; count++) {
      await bed.create(workload('Deployment', `busy-${count}`, { replicas: 1 }));
      await bed.create(osvc(`busy-${count}`, { health: { checks } }));
    }
    expect((await operator.end()).code).toBe(0);
    expect(operator.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  });
});
