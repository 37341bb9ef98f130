import { describe, expect, it } from 'vitest';
import { PodGroups } from '../../../src/controllers/service/pod-groups.ts';
import type { PodSnapshot } from '../../../src/domain/snapshot.ts';
import { UNBOUNDED } from '../domain/fixtures.ts';
import { Bed } from './bed.ts';

let uids = 0;

function pod(owner: string | undefined, labels: Record<string, string>, namespace = 'shop'): PodSnapshot {
  return {
    namespace,
    name: `pod-${++uids}`,
    uid: `pod-${uids}`,
    resourceVersion: '1',
    owner: owner === undefined ? undefined : { kind: 'ReplicaSet', name: owner, uid: owner },
    phase: 'Running',
    ready: true,
    terminating: false,
    createdAt: 0,
    ip: undefined,
    hostNetwork: false,
    restarts: [],
    oomKilledAt: undefined,
    waiting: undefined,
    unschedulable: undefined,
    template: { ...UNBOUNDED, labels },
  };
}

const QUERY = { namespace: 'shop', service: 'shop/web', selector: 'app=web' };
const known = (): boolean => true;

function groupsOf(...pods: PodSnapshot[]): PodGroups {
  const groups = new PodGroups();
  for (const each of pods) groups.add(each);
  return groups;
}

describe("pods of others that a workload's selector matches", () => {
  it('are counted, also those that nobody owns, and its own and those of other namespaces are not', () => {
    const groups = groupsOf(
      pod('own', { app: 'web' }),
      pod('other', { app: 'web', tier: 'x' }),
      pod('other', { app: 'web', tier: 'x' }),
      pod(undefined, { app: 'web' }),
      pod('unlike', { app: 'api' }),
      pod('elsewhere', { app: 'web' }, 'office'),
    );
    expect(groups.strangers(QUERY, new Set(['own']), known)).toBe(3);
  });

  it('are found by selectors without any required label too', () => {
    const groups = groupsOf(pod('own', { app: 'web' }), pod('other', { app: 'shop' }));
    expect(groups.strangers({ ...QUERY, selector: 'app in (web,shop)' }, new Set(['own']), known)).toBe(1);
    expect(groups.strangers({ ...QUERY, selector: 'app!=web' }, new Set(['own']), known)).toBe(1);
  });

  it('are gone when the last of them is', () => {
    const stranger = pod('other', { app: 'web' });
    const groups = groupsOf(pod('own', { app: 'web' }), stranger);
    expect(groups.strangers(QUERY, new Set(['own']), known)).toBe(1);
    expect(groups.remove(stranger)).toBe(true);
    expect(groups.strangers(QUERY, new Set(['own']), known)).toBe(0);
  });

  it('do not count while their owner is not known, and are looked at again then', () => {
    const groups = groupsOf(pod('young', { app: 'web' }));
    expect(groups.strangers(QUERY, new Set(), () => false)).toBe(0);
    expect(groups.strangers(QUERY, new Set(), known)).toBe(1);
  });

  it('are none for an empty selector', () => {
    expect(groupsOf(pod('other', { app: 'web' })).strangers({ ...QUERY, selector: '' }, new Set(), known)).toBe(0);
  });

  it('are counted anew when a namespace was empty in between', () => {
    const own = pod('own', { app: 'web' });
    const groups = groupsOf(own);
    expect(groups.strangers(QUERY, new Set(['own']), known)).toBe(0);
    groups.remove(own);
    groups.add(pod('other', { app: 'web' }));
    expect(groups.strangers(QUERY, new Set(['own']), known)).toBe(1);
  });
});

describe('who asked about pods like one that comes or goes', () => {
  const ask = (groups: PodGroups, service: string, selector: string): number =>
    groups.strangers({ namespace: 'shop', service, selector }, new Set(), known);

  it('is found by a label that the selector requires, or without one', () => {
    const groups = groupsOf();
    ask(groups, 'shop/web', 'app=web');
    ask(groups, 'shop/narrow', 'app=web,tier=x');
    ask(groups, 'shop/set', 'app in (api,web)');
    ask(groups, 'shop/api', 'app=api');
    expect(groups.askersOf('shop', { app: 'web' }).sort()).toEqual(['shop/set', 'shop/web']);
    expect(groups.askersOf('shop', { app: 'web', tier: 'x' }).sort()).toEqual(['shop/narrow', 'shop/set', 'shop/web']);
    expect(groups.askersOf('office', { app: 'web' })).toEqual([]);
  });

  it('is found by the selector it asked with last, and not once it is forgotten', () => {
    const groups = groupsOf();
    ask(groups, 'shop/web', 'app=old');
    ask(groups, 'shop/web', 'app=web');
    expect(groups.askersOf('shop', { app: 'old' })).toEqual([]);
    expect(groups.askersOf('shop', { app: 'web' })).toEqual(['shop/web']);
    groups.forget('shop/web');
    expect(groups.askersOf('shop', { app: 'web' })).toEqual([]);
  });

  it('is told of the first pod of an owner and the last, not of those between', () => {
    const groups = new PodGroups();
    const [first, second] = [pod('set', { app: 'web' }), pod('set', { app: 'web' })];
    expect([groups.add(first), groups.add(second)]).toEqual([true, false]);
    expect([groups.remove(first), groups.remove(second)]).toEqual([false, true]);
  });
});

describe('a pod that gets another owner', () => {
  const overlap = (bed: Bed, name: string) => bed.condition(name, 'SelectorUnique');

  it('is no stranger to the StatefulSet that adopts it, and leaves none behind', async () => {
    const bed = new Bed();
    const targetRef = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' };
    bed.service('db', { targetRef });
    bed.pod('db-0', bed.statefulSet('db', { uid: 'old' }), 'db');
    await bed.reconcile('db');
    // kubectl delete statefulset db --cascade=orphan, and the same again.
    bed.delete('statefulSets', 'db');
    bed.pod('db-0', undefined, 'db');
    const again = bed.statefulSet('db', { uid: 'new' });
    await bed.reconcile('db');
    expect(overlap(bed, 'db')).toMatchObject({ status: 'False' });
    bed.woken.length = 0;
    bed.pod('db-0', again, 'db');
    expect(bed.woken).toContain('shop/db');
    await bed.reconcile('db');
    expect(bed.status('db')).toMatchObject({ score: 100, replicas: { ready: 1 } });
    expect(overlap(bed, 'db')).toBeUndefined();
    bed.delete('pods', 'db-0');
    bed.pod('db-0', again, 'db', { uid: 'another' });
    await bed.reconcile('db');
    expect(overlap(bed, 'db')).toBeUndefined();
  });

  it('is no stranger to the Deployment that was seen before it adopted its ReplicaSet', async () => {
    const bed = new Bed();
    bed.service('web');
    const set = bed.replicaSet('web-1', undefined);
    bed.pod('web-a', set, 'web');
    const deployment = bed.deployment('web');
    await bed.reconcile('web');
    expect(overlap(bed, 'web')).toMatchObject({ status: 'False' });
    bed.woken.length = 0;
    bed.replicaSet('web-1', deployment);
    expect(bed.woken).toContain('shop/web');
    await bed.reconcile('web');
    expect(overlap(bed, 'web')).toBeUndefined();
  });

  it('wakes those whose selector matches it when it is set free', async () => {
    const bed = new Bed();
    bed.running('web');
    await bed.reconcile('web');
    expect(overlap(bed, 'web')).toBeUndefined();
    bed.woken.length = 0;
    bed.pod('web-a', undefined, 'web');
    expect(bed.woken).toContain('shop/web');
    await bed.reconcile('web');
    expect(overlap(bed, 'web')).toMatchObject({ status: 'False' });
  });

  it('counts by the labels that it has now where nobody owns it', async () => {
    const bed = new Bed();
    bed.running('web');
    bed.pod('lone', undefined, 'else');
    await bed.reconcile('web');
    expect(overlap(bed, 'web')).toBeUndefined();
    bed.woken.length = 0;
    bed.pod('lone', undefined, 'web');
    expect(bed.woken).toContain('shop/web');
    await bed.reconcile('web');
    expect(overlap(bed, 'web')).toMatchObject({ status: 'False' });
    bed.pod('lone', undefined, 'else');
    await bed.reconcile('web');
    expect(overlap(bed, 'web')).toBeUndefined();
  });
});
