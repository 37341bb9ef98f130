import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { JSON_CODEC } from '../../../src/kube/codec.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import { EventRecorder } from '../../../src/kube/recorder.ts';
import { Controller } from '../../../src/runtime/controller.ts';
import { splitKey } from '../../../src/runtime/store.ts';
import { until } from '../../support/until.ts';
import { FaultProxy } from '../proxy.ts';
import { Bed, churn, CONFIG_MAPS, NAMESPACES, expectRight, watch, type Watch } from './bed.ts';

const CRDS = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' };
const WIDGETS = { group: 'faults.baton.dev', version: 'v1', plural: 'widgets' };

let bed: Bed;
let namespace: string;
let watched: Watch | undefined;

beforeAll(async () => {
  bed = await Bed.start({ apiServerFlags: ['--etcd-compaction-interval=1s'] });
});
afterAll(() => bed.stop());
beforeEach(async () => {
  namespace = await bed.namespace();
});
afterEach(() => watched?.stop());

/** Whether the API server does not know any more what there was at that version. */
const isCompacted = (resourceVersion: string): Promise<boolean> => {
  const query = { resourceVersion, resourceVersionMatch: 'Exact' };
  return bed.admin.list({ ...CONFIG_MAPS, namespace }, JSON_CODEC, { query }).then(
    () => false,
    (error: unknown) => error instanceof ApiError && error.expired,
  );
};

describe('the API server', () => {
  test('is killed and comes back: right again, nothing lost', async () => {
    watched = watch(bed.admin, { namespace });
    const writing = churn(bed.admin, namespace);
    await writing.more(200);
    await until('synced', () => watched?.store.synced);
    await bed.cluster.apiServer.kill();
    await until('noticed', () => watched?.store.problem?.reason === 'Unavailable');
    const kept = watched.store.size;
    expect(kept).toBeGreaterThan(0);
    await bed.cluster.apiServer.start();
    await writing.more(20);
    await writing.stop();
    await expectRight(watched, bed.admin, namespace);
    expect(watched.store.problem).toBeUndefined();
  });

  test('hangs and goes on', async () => {
    watched = watch(bed.admin, { namespace });
    const writing = churn(bed.admin, namespace);
    await writing.more(50);
    bed.cluster.apiServer.pause();
    await pause(2_000);
    bed.cluster.apiServer.resume();
    await writing.more(50);
    await writing.stop();
    await expectRight(watched, bed.admin, namespace);
  });

  test('has compacted what the watch asks for (410): a new list, and only the difference is announced', async () => {
    const proxy = await new FaultProxy(bed.cluster.kubeconfig).start();
    watched = watch(bed.client(proxy.writeKubeconfig(path.join(bed.dir, 'compacted'))), { namespace });
    const writing = churn(bed.admin, namespace);
    await writing.more(100);
    await bed.admin.create({ ...CONFIG_MAPS, namespace }, { metadata: { name: 'untouched' } });
    await until('seen', () => watched?.store.get(`${namespace}/untouched`));
    const untouched: string[] = [];
    watched.store.subscribe(({ key, type }) => void (key.endsWith('/untouched') && untouched.push(type)));
    proxy.faults = { down: true };
    proxy.cutAll();
    const { metadata } = await bed.admin.list({ ...CONFIG_MAPS, namespace }, JSON_CODEC);
    await writing.more(200);
    // The old versions leave etcd one compaction interval after the next; the new server has an empty watch cache.
    await until('compacted', () => isCompacted(metadata.resourceVersion));
    await bed.cluster.apiServer.kill();
    await bed.cluster.apiServer.start();
    await writing.more(50);
    await writing.stop();
    proxy.faults = {};
    await expectRight(watched, bed.admin, namespace);
    const expired = watched.events.some(
      (event) => event.kind === 'restarted' && event.error instanceof ApiError && event.error.expired,
    );
    expect(expired).toBe(true);
    expect(untouched).toEqual([]);
    await proxy.stop();
  });
});

describe('a CRD', () => {
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.faults.baton.dev' },
    spec: {
      group: WIDGETS.group,
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
  const widget = { apiVersion: 'faults.baton.dev/v1', kind: 'Widget', metadata: { name: 'one' } };

  test('is missing, installed later, removed and installed again', async () => {
    const widgets = watch(bed.admin, { resource: WIDGETS });
    watched = widgets;
    await widgets.reflector.whenSettled(AbortSignal.timeout(180_000));
    expect(widgets.reflector.notReady()).toContain('widgets.faults.baton.dev');
    for (const round of [1, 2]) {
      await bed.admin.create(CRDS, crd);
      await until(`synced, round ${round}`, () => widgets.reflector.notReady() === undefined && widgets.store.synced);
      await bed.admin.create({ ...WIDGETS, namespace }, widget);
      await until('seen', () => widgets.store.get(`${namespace}/one`));
      await bed.admin.delete({ ...CRDS, name: crd.metadata.name });
      await until('missing again', () => widgets.store.problem?.reason === 'Missing');
      expect(widgets.store.size).toBe(0);
    }
    expect(widgets.faults).toEqual([]);
  });
});

describe('a namespace that vanishes', () => {
  test('takes its objects out of the store; work on them and Events about them end without harm', async () => {
    const configMaps = watch(bed.admin, { labelSelector: 'faults=vanishing' });
    watched = configMaps;
    const dropped: unknown[] = [];
    const recorder = new EventRecorder({
      rest: bed.admin,
      controller: 'baton.dev/test',
      instance: 'test',
      onDropped: (_, error) => dropped.push(error),
    });
    await recorder.start();
    const ended = new Map<string, string>();
    const controller = new Controller({
      name: 'vanishing',
      reconcile: async (key, { signal }) => {
        const item = configMaps.store.get(key);
        if (!item) {
          ended.set(key, 'gone');
          return { kind: 'done' };
        }
        recorder.record(
          { apiVersion: 'v1', kind: 'ConfigMap', ...item },
          { type: 'Normal', reason: 'Touched', action: 'Touch', note: key },
        );
        const { name } = splitKey(key);
        await bed.admin.patch(
          { ...CONFIG_MAPS, namespace, name },
          'merge',
          { data: { value: String(Math.random()) } },
          { signal },
        );
        return { kind: 'requeueAfter', ms: 50 };
      },
      backoff: { initialMs: 50, factor: 2, maxMs: 500 },
    });
    configMaps.store.subscribe(({ key }) => controller.enqueue(key));
    const stop = new AbortController();
    const running = controller.run({ signal: stop.signal });
    for (let count = 0; count < 30; count += 1) {
      const metadata = { name: `v${count}`, labels: { faults: 'vanishing' } };
      await bed.admin.create({ ...CONFIG_MAPS, namespace }, { metadata });
    }
    await until('worked on', () => configMaps.store.size === 30);
    await bed.admin.delete({ ...NAMESPACES, name: namespace });
    await until('vanished', () => configMaps.store.size === 0);
    await until('all work ended', () => ended.size === 30);
    expect([...controller.running()]).toEqual([]);
    await recorder.stop();
    stop.abort();
    await running;
    // 403: the namespace is being terminated, 404: it is gone; in both cases nobody will read the Event. The API server takes
    // its time to say so, and stopping waits a second for all of them.
    const harmless = (error: unknown): boolean =>
      error instanceof ApiError && ([403, 404].includes(error.status) || error.reason === 'Aborted');
    const unexpected = dropped.filter((error) => !harmless(error));
    expect(unexpected).toEqual([]);
    expect(configMaps.faults).toEqual([]);
  });
});

describe('thousands of events on one key', () => {
  test('become few reconciles, never two at once, and the last one sees the last state', async () => {
    const configMaps = watch(bed.admin, { namespace });
    watched = configMaps;
    const name = 'busy';
    const key = `${namespace}/${name}`;
    let active = 0;
    let most = 0;
    let runs = 0;
    let changes = 0;
    let allWritten = false;
    let last: string | undefined;
    const controller = new Controller({
      name: 'busy',
      reconcile: async (reconciled) => {
        if (reconciled !== key) return { kind: 'done' };
        most = Math.max(most, (active += 1));
        runs += 1;
        last = configMaps.store.get(key)?.resourceVersion;
        // However slow the machine is, much happens meanwhile.
        const enough = changes + 50;
        await until('some changes', () => changes >= enough || allWritten);
        active -= 1;
        return { kind: 'done' };
      },
    });
    configMaps.store.subscribe((change) => {
      changes += 1;
      controller.enqueue(change.key);
    });
    const stop = new AbortController();
    const running = controller.run({ signal: stop.signal });
    await bed.admin.create({ ...CONFIG_MAPS, namespace }, { metadata: { name } });
    let next = 0;
    const write = async (): Promise<void> => {
      while (next < 3_000) {
        const value = String((next += 1));
        await bed.admin.patch({ ...CONFIG_MAPS, namespace, name }, 'merge', { data: { value } });
      }
    };
    await Promise.all(Array.from({ length: 16 }, write));
    allWritten = true;
    const { metadata } = await bed.admin.get<{ metadata: { resourceVersion: string } }>({
      ...CONFIG_MAPS,
      namespace,
      name,
    });
    expect(await configMaps.store.whenSeen(key, metadata.resourceVersion, { timeoutMs: 180_000 })).toBe(true);
    await until('settled', () => last === metadata.resourceVersion && active === 0);
    expect(changes).toBeGreaterThan(1_000);
    expect(most).toBe(1);
    expect(runs).toBeLessThan(changes / 2);
    stop.abort();
    await running;
    await expectRight(configMaps, bed.admin, namespace);
  });
});
