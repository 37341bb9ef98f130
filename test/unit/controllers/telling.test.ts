import { beforeEach, describe, expect, it } from 'vitest';
import { Bed } from './bed.ts';

let bed: Bed;
beforeEach(async () => {
  bed = new Bed();
  bed.running('db');
  bed.running('web', { dependsOn: [{ name: 'db', minimumHealth: 'Warning' }] });
  for (const name of ['db', 'web']) {
    await bed.reconcile(name);
    bed.echo(name);
  }
  bed.woken.length = 0;
  bed.sums = 0;
});

const fail = (): void => {
  bed.stores.pods.upsert({ ...bed.pod('db-a', bed.stores.replicaSets.get('shop/db-1'), 'db'), ready: false });
};

describe('when a service fails', () => {
  it('those that depend on it look again before its status is written, and find it Failed', async () => {
    fail();
    bed.outcomes.push(new Error('the API server answered 500'));
    await expect(bed.reconcile('db')).rejects.toThrow('500');
    expect(bed.woken).toContain('shop/web');
    await bed.reconcile('web');
    expect(bed.condition('web', 'DependenciesReady')).toMatchObject({ reason: 'DependencyUnhealthy' });
  });

  it.each([
    ['fails', new Error('the API server answered 500')],
    ['meets another one', { kind: 'conflict' as const }],
  ])('the whole is summed up again when the write that first %s is through', async (_how, outcome) => {
    fail();
    bed.outcomes.push(outcome);
    await bed.reconcile('db').catch(() => undefined);
    bed.sums = 0;
    await bed.reconcile('db');
    expect(bed.status('db')?.health).toBe('Failed');
    expect(bed.sums).toBe(1);
  });

  it('the whole is summed up again when a write that was held back is through', async () => {
    let written = -1;
    for (let beat = 0; bed.writes.length > written; beat++) {
      written = bed.writes.length;
      const ready = beat % 2 === 1;
      bed.stores.pods.upsert({ ...bed.pod('db-a', bed.stores.replicaSets.get('shop/db-1'), 'db'), ready });
      bed.sums = 0;
      await bed.reconcile('db');
    }
    expect(bed.sums).toBe(0);
    bed.now += 1_000;
    await bed.reconcile('db');
    expect([bed.writes.length, bed.sums]).toEqual([written + 1, 1]);
  });
});

describe('the whole is summed up again', () => {
  it('when a service matters more than before, which changes neither its level nor its score', async () => {
    const { spec, metadata, ...service } = bed.stores.services.get('shop/db') as NonNullable<
      ReturnType<typeof bed.stores.services.get>
    >;
    const resourceVersion = bed.version();
    const again = { ...metadata, generation: 2, resourceVersion };
    bed.stores.services.upsert({
      ...service,
      resourceVersion,
      metadata: again,
      spec: { ...spec, priority: 'Critical' },
    });
    await bed.reconcile('db');
    expect(bed.sums).toBe(1);
  });

  it('when another reason is told, which is shown among the worst', async () => {
    fail();
    await bed.reconcile('db');
    bed.sums = 0;
    bed.stores.pods.upsert({
      ...bed.pod('db-a', bed.stores.replicaSets.get('shop/db-1'), 'db'),
      ready: false,
      waiting: 'ErrImagePull',
    });
    await bed.reconcile('db');
    expect(bed.condition('db', 'Ready')?.reason).toBe('ImagePullFailing');
    expect(bed.sums).toBe(1);
  });

  it('when a service was looked at for the first time, though nothing is to be written', async () => {
    bed.reconciler.reset();
    await bed.reconcile('db');
    expect([bed.writes.length, bed.sums]).toEqual([2, 1]);
  });

  it('not when nothing changed', async () => {
    await bed.reconcile('db');
    expect([bed.woken, bed.sums]).toEqual([[], 0]);
  });
});

describe('the claim of a service on what services share', () => {
  it('ends with its workload, and stands while that cannot be read', async () => {
    const scaling = { minReplicas: 1, maxReplicas: 5 } as never;
    bed.running('api', { scaling });
    await bed.reconcile('api');
    bed.echo('api');
    expect(bed.unscaled).not.toContain('shop/api');
    bed.stores.deployments.problem = { reason: 'Forbidden', verb: 'watch', resource: 'deployments.apps', message: '' };
    await bed.reconcile('api');
    expect(bed.unscaled).not.toContain('shop/api');
    bed.stores.deployments.problem = undefined;
    bed.stores.deployments.delete('shop/api', bed.version());
    await bed.reconcile('api');
    expect(bed.unscaled).toContain('shop/api');
  });
});
