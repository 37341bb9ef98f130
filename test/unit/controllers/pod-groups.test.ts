import { describe, expect, it } from 'vitest';
import { PodGroups } from '../../../src/controllers/service/pod-groups.ts';
import type { PodSnapshot } from '../../../src/domain/snapshot.ts';

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
    template: { labels, ports: {}, requests: {}, limits: {} },
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
