import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bed } from './support/bed.ts';
import { eventually } from '../support/eventually.ts';
import { osvc, workload } from './support/objects.ts';
import type { Operator } from './support/process.ts';

let bed: Bed;
let operator: Operator;
beforeAll(async () => {
  bed = await Bed.make('op-events');
  await bed.create(workload('Deployment', 'web'));
  await eventually(
    'the pods run',
    30,
    () => bed.get('Deployment', 'web'),
    (seen) => (seen['status'] as { readyReplicas?: number }).readyReplicas === 2,
  );
  // After the pods: of them and of services it hears apart.
  operator = await bed.start();
});
afterAll(() => bed.close());

const linesOf = (service: string) => operator.lines.filter((line) => line['service'] === service);

describe('transitions', () => {
  it('are one Event and one line of the log each, and looking again is none', async () => {
    await bed.create(osvc('web'));
    await bed.healthy('web');
    // A service that is well when it is first seen is no news.
    expect(linesOf('web')).toEqual([]);
    const pods = await bed.pods('web');
    for (const pod of pods) await bed.setReady(pod, false);
    await bed.level('web', 'Failed');
    // Looked at, and nothing came of it.
    for (let count = 0; count < 5; count++)
      await bed.patch('Deployment', 'web', { metadata: { labels: { count: `${count}` } } });
    for (const pod of pods) await bed.setReady(pod, true);
    await bed.healthy('web');
    const lines = await eventually(
      'the line of the last transition',
      10,
      () => Promise.resolve(linesOf('web')),
      (seen) => seen.at(-1)?.['to'] === 'Healthy',
    );
    // Pods change one after the other: the level may pass through others, down and then up, each told once.
    const path = lines.map(({ level, from, to }) => `${level} ${String(from)} ${String(to)}`);
    expect(path.join(', ')).toMatch(/^(warn \w+ \w+(, )?){1,2}(info \w+ \w+(, )?){1,2}$/);
    expect(lines.map(({ from }) => from).slice(1)).toEqual(lines.map(({ to }) => to).slice(0, -1));
    expect([lines[0]?.['from'], lines.at(-1)?.['to'], new Set(path).size]).toEqual(['Healthy', 'Healthy', path.length]);
    const events = await eventually(
      'as many Events as lines',
      30,
      () => bed.events('web'),
      (seen) => seen.reduce((sum, { series }) => sum + (series?.count ?? 1), 0) === lines.length,
    );
    expect(new Set(events.map(({ reason }) => reason))).toEqual(new Set(['HealthChanged']));
    expect(events[0]).toMatchObject({
      type: 'Warning',
      note: expect.stringMatching(/^Healthy → (Warning|Failed): \d of 2 pods are ready/),
    });
    expect(events[0]?.regarding).toMatchObject({
      kind: 'OrchestratedService',
      name: 'web',
      uid: (await bed.service('web')).metadata.uid,
    });
  });

  it('of a service that flaps are held to ten at once and one a second, and the last state stands', async () => {
    await bed.create(workload('Deployment', 'flaps', { replicas: 1 }));
    await bed.create(osvc('flaps'));
    await bed.healthy('flaps');
    const [pod] = await bed.pods('flaps');
    if (!pod) throw new Error('no pod');
    const before = await operator.metric('baton_status_writes_total{kind="OrchestratedService",outcome="written"}');
    const began = Date.now();
    for (let turn = 0; turn < 30; turn++) await bed.setReady(pod, turn % 2 === 1);
    await bed.healthy('flaps');
    const written =
      ((await operator.metric('baton_status_writes_total{kind="OrchestratedService",outcome="written"}')) ?? 0) -
      (before ?? 0);
    expect(written).toBeLessThanOrEqual(11 + (Date.now() - began) / 1000);
  });

  it('tell no missing target that was made just before the service, whichever is seen first', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `born-${index}`);
    await Promise.all(
      names.map(async (name) => {
        await bed.create(workload('Deployment', name, { replicas: 1 }));
        await bed.create(osvc(name));
      }),
    );
    await Promise.all(names.map((name) => bed.healthy(name)));
    const said = operator.lines.filter(({ reason }) => reason === 'TargetNotFound');
    expect(said.filter(({ service }) => names.includes(String(service)))).toEqual([]);
  });

  it('show in kubectl get events', async () => {
    await bed.create(osvc('nobody'));
    await bed.told('nobody', /./, ['Warning TargetNotFound']);
    const [event] = await bed.events('nobody');
    expect(event?.note).toBe('Deployment nobody does not exist; create it, or correct targetRef');
  });
});
