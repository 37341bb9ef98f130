import { beforeEach, describe, expect, it } from 'vitest';
import { Bed } from './bed.ts';

let bed: Bed;
beforeEach(() => {
  bed = new Bed();
});

/** Healthy before the operator started again and was refused something. */
const BEFORE = { health: 'Healthy', score: 100, everAvailable: true, uptime: { state: 'Up' } } as const;

describe('a cache that could not be filled', () => {
  it.each(['pods', 'replicaSets', 'deployments'] as const)(
    'because %s are forbidden says nothing of a Deployment: the last level stands',
    async (kind) => {
      bed.running('web');
      bed.service('web', {}, BEFORE);
      for (const { name } of bed.stores[kind].list()) bed.delete(kind, name);
      bed.problem(kind, 'Forbidden');
      await bed.reconcile('web');
      expect(bed.status('web')).toMatchObject({ health: 'Healthy', uptime: { state: 'Unknown' } });
      expect(bed.condition('web', 'Stalled')).toMatchObject({ reason: 'Forbidden' });
      expect(bed.condition('web', 'Stalled')?.message).toContain(`Baton may not watch ${kind.toLowerCase()}.apps`);
    },
  );

  it('of ReplicaSets is no matter to a StatefulSet', async () => {
    bed.pod('db-0', bed.statefulSet('db'), 'db');
    bed.service('db', { targetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' } });
    bed.problem('replicaSets', 'Forbidden');
    await bed.reconcile('db');
    expect(bed.status('db')).toMatchObject({ health: 'Healthy', replicas: { ready: 1, desired: 1 } });
  });

  it.each(['replicaSets', 'deployments'] as const)(
    'of %s, and whose API server is away now, is no proof that there is none either',
    async (kind) => {
      bed.running('web');
      bed.service('web', {}, BEFORE);
      bed.empty(kind);
      bed.problem(kind, 'Unavailable');
      await bed.reconcile('web');
      expect(bed.status('web')).toMatchObject({ health: 'Healthy', uptime: { state: 'Unknown' } });
      expect(bed.condition('web', 'Stalled')).toMatchObject({ reason: 'TargetUnavailable' });
    },
  );

  it('but was full before goes on with what it had', async () => {
    bed.running('web');
    for (const kind of ['pods', 'replicaSets', 'deployments'] as const) bed.problem(kind, 'Unavailable');
    await bed.reconcile('web');
    expect(bed.status('web')).toMatchObject({ health: 'Healthy', replicas: { ready: 1 } });
  });
});
