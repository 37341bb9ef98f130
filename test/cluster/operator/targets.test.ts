import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Bed, conditionOf } from './support/bed.ts';
import { osvc, workload } from './support/objects.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.make('op-targets');
  await bed.start();
});
afterAll(() => bed.close());

const forTarget = (name: string, target: string) =>
  osvc(name, { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target } });

describe('targets', () => {
  it('that do not exist stall the service until they are created', async () => {
    await bed.create(osvc('later'));
    await bed.condition(
      'later',
      'Stalled',
      'True',
      'TargetNotFound',
      'Deployment later does not exist; create it, or correct targetRef',
    );
    const { status } = await bed.service('later');
    expect(status).toMatchObject({ health: 'Unknown', phase: 'Stalled' });
    expect(conditionOf({ status: status ?? {} }, 'Ready')).toMatchObject({ status: 'False', reason: 'TargetNotFound' });
    await bed.create(workload('Deployment', 'later'));
    expect(conditionOf(await bed.healthy('later'), 'Stalled')).toBeUndefined();
  });

  it('that vanish after they served are Failed, and Healthy when they are there again', async () => {
    await bed.create(workload('Deployment', 'vanishes'));
    await bed.create(osvc('vanishes'));
    await bed.healthy('vanishes');
    await bed.remove('Deployment', 'vanishes');
    const gone = await bed.until('vanishes', 'stalled', (seen) => conditionOf(seen, 'Stalled') !== undefined);
    expect(gone.status).toMatchObject({ health: 'Failed', score: 0, phase: 'Stalled', uptime: { state: 'Down' } });
    expect(gone.status).not.toHaveProperty('replicas');
    await bed.create(workload('Deployment', 'vanishes'));
    await bed.healthy('vanishes');
  });

  it('in deletion are told as Terminating', async () => {
    await bed.create({
      ...workload('Deployment', 'ending'),
      metadata: { name: 'ending', finalizers: ['example.dev/hold'] },
    });
    const path = `/apis/apps/v1/namespaces/${bed.namespace}/deployments/ending`;
    const release = () => bed.api.call('PATCH', path, { body: { metadata: { finalizers: null } } });
    onTestFinished(async () => void (await release()));
    await bed.create(osvc('ending'));
    await bed.healthy('ending');
    await bed.remove('Deployment', 'ending');
    await bed.condition('ending', 'Ready', 'False', 'TargetTerminating', 'the workload is being deleted');
    expect((await bed.service('ending')).status?.phase).toBe('Terminating');
    await release();
    await bed.condition('ending', 'Stalled', 'True', 'TargetNotFound');
  });

  it('that an older service looks after stay with it; when it is deleted the next oldest takes over', async () => {
    await bed.create(workload('Deployment', 'wanted'));
    await bed.create(forTarget('first', 'wanted'));
    await bed.healthy('first');
    await bed.untilYounger('first');
    await bed.create(forTarget('second', 'wanted'));
    await bed.condition(
      'second',
      'Stalled',
      'True',
      'TargetAlreadyManaged',
      'first looks after Deployment wanted already; delete one of the two',
    );
    await bed.untilYounger('second');
    await bed.create(forTarget('third', 'wanted'));
    await bed.condition('third', 'Stalled', 'True', 'TargetAlreadyManaged');
    expect(conditionOf(await bed.service('first'), 'Ready')).toMatchObject({ status: 'True' });

    await bed.removeService('first');
    expect(conditionOf(await bed.healthy('second'), 'Stalled')).toBeUndefined();
    const third = await bed.until('third', 'the new owner', (seen) =>
      conditionOf(seen, 'Stalled')?.message.startsWith('second '),
    );
    expect(third.status?.health).toBe('Unknown');
    await bed.told('second', /^TargetAlreadyManaged$/, ['Warning TargetAlreadyManaged', 'Normal TargetAlreadyManaged']);
  });

  it("whose selector matches other people's pods count their own only, and say so until it ends", async () => {
    const labels = { app: 'shared' };
    await bed.create(workload('Deployment', 'mine', { labels, replicas: 2 }));
    await bed.create(osvc('mine'));
    await bed.healthy('mine');
    await bed.create(workload('StatefulSet', 'theirs', { labels, replicas: 3 }));
    const words = 'the selector app=shared matches pods of others too, which do not count; make the selectors distinct';
    await bed.condition('mine', 'SelectorUnique', 'False', 'SelectorOverlap', words);
    expect((await bed.service('mine')).status?.replicas).toEqual({ current: 2, ready: 2, desired: 2 });
    await bed.patch('StatefulSet', 'theirs', { spec: { replicas: 0 } });
    await bed.until('mine', 'distinct again', (seen) => conditionOf(seen, 'SelectorUnique') === undefined);
    await bed.told('mine', /^SelectorOverlap$/, ['Warning SelectorOverlap', 'Normal SelectorOverlap']);
  });

  it.each(['Deployment', 'StatefulSet'] as const)(
    'a %s that adopts the pods of the one before has no overlap',
    async (kind) => {
      const name = `adopts-${kind.toLowerCase()}`;
      await bed.create(workload(kind, name));
      await bed.create(osvc(name, { targetRef: { apiVersion: 'apps/v1', kind, name } }));
      await bed.healthy(name);
      const before = (await bed.pods(name)).map(({ metadata }) => metadata.uid);
      await bed.remove(kind, name, 'apps/v1', 'Orphan');
      await bed.until(name, 'stalled', (seen) => conditionOf(seen, 'Stalled') !== undefined);
      await bed.create(workload(kind, name));
      await bed.healthy(name);
      const { status } = await bed.until(
        name,
        'no overlap',
        (seen) => conditionOf(seen, 'SelectorUnique') === undefined,
      );
      expect(status?.replicas).toEqual({ current: 2, ready: 2, desired: 2 });
      expect((await bed.pods(name)).map(({ metadata }) => metadata.uid)).toEqual(before);
    },
  );
});
