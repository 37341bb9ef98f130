import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RestClient } from '../../../src/kube/rest.ts';
import { until } from '../../support/until.ts';
import { FaultProxy } from '../proxy.ts';
import { Bed, churn, CONFIG_MAPS, expectRight, watch, type Watch } from './bed.ts';

let bed: Bed;
let proxy: FaultProxy;
let rest: RestClient;
let namespace: string;
let watched: Watch | undefined;

beforeAll(async () => {
  bed = await Bed.start();
  proxy = await new FaultProxy(bed.cluster.kubeconfig).start();
  rest = bed.client(proxy.writeKubeconfig(path.join(bed.dir, 'proxied')));
});
afterAll(async () => {
  await proxy.stop();
  await bed.stop();
});
beforeEach(async () => {
  namespace = await bed.namespace();
});
afterEach(async () => {
  proxy.faults = {};
  await watched?.stop();
});

describe('watches through a bad network', () => {
  test('connections dropped in the middle of lines, again and again', async () => {
    let next = 0;
    const writing = churn(bed.admin, namespace, 1);
    await writing.more(100);
    proxy.faults = { cutWatchAfter: () => 700 + ((next += 3_791) % 40_000) };
    watched = watch(rest, { namespace });
    await until('synced', () => watched?.store.synced);
    const before = proxy.cuts;
    await until('dropped often', () => proxy.cuts - before >= 12);
    await writing.stop();
    await expectRight(watched, bed.admin, namespace);
  });

  test('a first list that no connection lives long enough for', async () => {
    const writing = churn(bed.admin, namespace);
    await writing.more(200);
    await writing.stop();
    proxy.faults = { cutWatchAfter: () => 3_000 };
    watched = watch(rest, { namespace });
    await until('synced', () => watched?.store.synced);
    await expectRight(watched, bed.admin, namespace);
    const synced = watched.events.filter(({ kind }) => kind === 'synced');
    expect(synced).toMatchObject([{ by: 'pages' }]);
  });

  test('all connections dropped at once, watch and requests', async () => {
    watched = watch(rest, { namespace });
    const writing = churn(bed.admin, namespace);
    for (let round = 0; round < 5; round += 1) {
      await writing.more(30);
      const before = proxy.watches;
      proxy.cutAll();
      await until('watching again', () => proxy.watches > before);
    }
    await writing.stop();
    await expectRight(watched, bed.admin, namespace);
    expect(watched.count('restarted')).toBeGreaterThanOrEqual(5);
    expect(watched.count('synced')).toBe(1);
  });

  test('lines that are not JSON', async () => {
    proxy.faults = { garbageAfter: 20 };
    watched = watch(rest, { namespace });
    const writing = churn(bed.admin, namespace);
    await until('met some', () => (watched?.count('restarted') ?? 0) >= 3);
    await writing.stop();
    await expectRight(watched, bed.admin, namespace);
  });

  test('a watch that trickles', async () => {
    proxy.faults = { trickle: 113 };
    watched = watch(rest, { namespace });
    await until('synced', () => watched?.store.synced);
    const writing = churn(bed.admin, namespace);
    await writing.more(300);
    await writing.stop();
    await expectRight(watched, bed.admin, namespace);
    expect(watched.count('restarted')).toBe(0);
  });

  test('a watch that falls silent without closing', async () => {
    const before = proxy.watches;
    watched = watch(rest, { namespace, stallMs: 5_000 });
    const writing = churn(bed.admin, namespace);
    // One that is asked for later would not be silent.
    await until('watching', () => watched?.store.synced && proxy.watches > before);
    await writing.more(50);
    proxy.silence();
    await writing.more(50);
    await writing.stop();
    await expectRight(watched, bed.admin, namespace);
    expect(watched.count('restarted')).toBeGreaterThan(0);
  });

  test('a network that is gone for a while', async () => {
    watched = watch(rest, { namespace });
    const writing = churn(bed.admin, namespace);
    await writing.more(50);
    proxy.faults = { down: true };
    proxy.cutAll();
    await until('noticed', () => watched?.store.problem?.reason === 'Unavailable');
    await writing.more(200);
    proxy.faults = {};
    await writing.stop();
    await expectRight(watched, bed.admin, namespace);
    expect(watched.store.problem).toBeUndefined();
  });
});

describe('requests through a bad network', () => {
  test('every second answer is 429, 502, 503 or none: what may be repeated succeeds, nothing happens twice', async () => {
    let turn = 0;
    proxy.faults = {
      answer: () => {
        turn += 1;
        if (turn % 2 === 0) return undefined;
        if (turn % 8 === 1) return { status: 429, headers: { 'retry-after': '1' } };
        return { status: turn % 4 === 1 ? 502 : 503 };
      },
    };
    const name = 'counter';
    await bed.admin.create({ ...CONFIG_MAPS, namespace }, { metadata: { name }, data: { value: '0' } });
    for (let value = 1; value <= 10; value += 1) {
      await rest.patch({ ...CONFIG_MAPS, namespace, name }, 'merge', { data: { value: String(value) } });
    }
    const { data } = await rest.get<{ data: { value: string } }>({ ...CONFIG_MAPS, namespace, name });
    expect(data.value).toBe('10');
    watched = watch(rest, { namespace });
    await expectRight(watched, bed.admin, namespace);
  });
});
