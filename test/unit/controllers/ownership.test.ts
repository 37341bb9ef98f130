import { beforeEach, describe, expect, it } from 'vitest';
import { podsOf, servicesOfOwner } from '../../../src/controllers/service/ownership.ts';
import type { OwnerReference, WorkloadSnapshot } from '../../../src/domain/snapshot.ts';
import { workload } from '../domain/fixtures.ts';
import { Bed } from './bed.ts';

let bed: Bed;
beforeEach(() => {
  bed = new Bed();
});

const DATABASE = { apiVersion: 'example.dev/v1', kind: 'Database', name: 'main', uid: 'uid-main' };
/** A workload of a kind that Baton does not know, with the selector app=main. */
const database = (overrides: Partial<WorkloadSnapshot> = {}): WorkloadSnapshot =>
  workload({ ...DATABASE, selector: 'app=main', rollout: { state: 'Untold' }, desired: 1, ...overrides });
const targetRef = { apiVersion: 'example.dev/v1', kind: 'Database', name: 'main' };
const owned = (kind: string, name: string): OwnerReference => ({ kind, name, uid: `uid-${kind}-${name}` });

const namesOf = (target = database()): string[] =>
  podsOf(target, bed.stores)
    .map(({ name }) => name)
    .sort();
const wokenBy = (owner: OwnerReference): string[] => servicesOfOwner('shop', owner, bed.stores).map(({ name }) => name);

describe('a workload of a kind that Baton does not know has the pods', () => {
  it('of a StatefulSet that it owns, and of the Deployments too', async () => {
    const set = bed.statefulSet('main', { owner: DATABASE });
    const proxy = bed.replicaSet('main-proxy-1', bed.deployment('main-proxy', { owner: DATABASE }));
    bed.pod('main-0', set, 'main');
    // Its own though the selector leaves it out: the chain of owners says so.
    bed.pod('main-proxy-a', proxy, 'proxy');
    expect(namesOf()).toEqual(['main-0', 'main-proxy-a']);
    bed.foreign.set('main', database({ desired: 2 }));
    bed.service('main', { targetRef });
    await bed.reconcile('main');
    expect(bed.status('main')).toMatchObject({ health: 'Healthy', replicas: { ready: 2, desired: 2 } });
    expect(bed.condition('main', 'SelectorUnique')).toBeUndefined();
  });

  it('of StatefulSets that its pods own, as LeaderWorkerSets have them', () => {
    const leader = bed.pod('main-0', bed.statefulSet('main', { owner: DATABASE }), 'other');
    bed.pod('main-0-1', bed.statefulSet('main-0', { owner: { ...leader, kind: 'Pod' } }), 'other');
    expect(namesOf()).toEqual(['main-0', 'main-0-1']);
  });

  it('that its selector matches and that nobody owns, or somebody whom Baton does not know', () => {
    bed.pod('bare', undefined, 'main');
    bed.pod('podset', owned('PodSet', 'main-x'), 'main');
    bed.pod('by-operator', bed.statefulSet('inner', { owner: owned('Shard', 'main-0') }), 'main');
    bed.pod('by-rc', owned('ReplicationController', 'main-1'), 'main');
    bed.pod('unlike', undefined, 'web');
    expect(namesOf()).toEqual(['bare', 'by-operator', 'by-rc', 'podset']);
  });

  it('but none of those that a workload without an owner has, another of its own kind, or what runs to its end', () => {
    bed.pod('web-a', bed.replicaSet('web-1', bed.deployment('web')), 'main');
    bed.pod('db-0', bed.statefulSet('db'), 'main');
    bed.pod('lone-a', bed.replicaSet('lone', undefined), 'main');
    bed.pod('twin-0', bed.statefulSet('twin', { owner: { ...DATABASE, name: 'twin', uid: 'uid-twin' } }), 'main');
    bed.pod('job-a', owned('Job', 'migrate'), 'main');
    bed.pod('agent-a', owned('DaemonSet', 'agent'), 'main');
    bed.pod('static', owned('Node', 'node-1'), 'main');
    expect(namesOf()).toEqual([]);
  });

  it('is woken by them, and by nothing that is surely of others', () => {
    bed.service('main', { targetRef });
    const set = bed.statefulSet('main', { owner: DATABASE });
    const proxy = bed.replicaSet('main-proxy-1', bed.deployment('main-proxy', { owner: DATABASE }));
    expect(wokenBy({ ...set, kind: 'StatefulSet' })).toEqual(['main']);
    expect(wokenBy(proxy)).toEqual(['main']);
    expect(wokenBy(owned('ReplicationController', 'main-1'))).toEqual(['main']);
    expect(wokenBy(DATABASE)).toEqual(['main']);
    expect(wokenBy(bed.statefulSet('db'))).toEqual([]);
    expect(wokenBy(owned('Job', 'migrate'))).toEqual([]);
  });

  it('is woken when the StatefulSet between them comes after the pods', () => {
    bed.service('main', { targetRef });
    bed.pod('main-0', owned('StatefulSet', 'main'), 'main');
    bed.woken.length = 0;
    bed.statefulSet('main', { owner: DATABASE });
    expect(bed.woken).toContain('shop/main');
    bed.woken.length = 0;
    bed.statefulSet('main', { owner: undefined });
    expect(bed.woken).toContain('shop/main');
  });
});

describe('a ReplicationController', () => {
  it('has the pods that it owns, and is woken by them', async () => {
    const target = { apiVersion: 'v1', kind: 'ReplicationController', name: 'old' };
    const uid = 'uid-ReplicationController-old';
    bed.foreign.set('old', workload({ ...target, uid, selector: 'app=old', desired: 1, rollout: { state: 'Untold' } }));
    bed.service('old', { targetRef: target });
    bed.pod('other-a', owned('ReplicationController', 'other'), 'old');
    bed.woken.length = 0;
    bed.pod('old-a', owned('ReplicationController', 'old'), 'old');
    expect(bed.woken).toContain('shop/old');
    await bed.reconcile('old');
    expect(bed.status('old')).toMatchObject({ health: 'Healthy', replicas: { current: 1, ready: 1, desired: 1 } });
  });
});

describe('a Deployment and a StatefulSet', () => {
  it('are woken by their pods through what owns them, also where they are owned themselves', () => {
    bed.service('main', { targetRef });
    bed.service('api');
    bed.service('db', { targetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' } });
    const api = bed.replicaSet('api-1', bed.deployment('api'));
    const db = bed.statefulSet('db', { owner: DATABASE });
    expect(wokenBy(api)).toEqual(['api']);
    expect(wokenBy(db).sort()).toEqual(['db', 'main']);
  });

  it('lose the pods of a ReplicaSet that lets go of them, and are woken', () => {
    bed.service('api');
    const { uid, ...set } = bed.replicaSet('api-1', bed.deployment('api'));
    bed.woken.length = 0;
    bed.stores.replicaSets.upsert({ ...set, uid, owner: undefined, resourceVersion: bed.version() });
    expect(bed.woken).toContain('shop/api');
  });
});
