import { describe, expect, test } from 'vitest';
import { Manager, type Cache, type Server, type Worker } from '../../../src/runtime/manager.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function parts() {
  const log: string[] = [];
  const synced = Promise.withResolvers<void>();
  const untilAbort = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const server: Server = {
    name: 'http',
    start: async () => void log.push('server up'),
    stop: async () => void log.push('server down'),
  };
  let missing: string | undefined = 'waiting for the list of pods';
  const cache: Cache = {
    name: 'pods',
    run: async (signal) => {
      log.push('cache up');
      await untilAbort(signal);
      log.push('cache down');
    },
    whenSettled: (signal) =>
      Promise.race([synced.promise, untilAbort(signal).then(() => Promise.reject(new Error('aborted')))]),
    notReady: () => missing,
  };
  const worker: Worker = {
    name: 'services',
    run: async ({ signal }) => {
      log.push('worker up');
      await untilAbort(signal);
      log.push('worker down');
    },
  };
  const sync = async (): Promise<void> => {
    missing = undefined;
    synced.resolve();
    await settle();
  };
  return { log, server, cache, worker, sync, miss: (why: string) => (missing = why) };
}

describe('order', () => {
  test('servers, caches, workers; and back', async () => {
    const { log, server, cache, worker, sync } = parts();
    const stop = new AbortController();
    const running = new Manager({ servers: [server], caches: [cache], workers: [worker] }).run(stop.signal);
    await settle();
    expect(log).toEqual(['server up', 'cache up']);
    await sync();
    stop.abort();
    await expect(running).resolves.toEqual([]);
    expect(log).toEqual(['server up', 'cache up', 'worker up', 'worker down', 'cache down', 'server down']);
  });

  test('stopped while caches still wait, nothing worked and all ends', async () => {
    const { log, server, cache, worker } = parts();
    const stop = new AbortController();
    const running = new Manager({ servers: [server], caches: [cache], workers: [worker] }).run(stop.signal);
    await settle();
    stop.abort();
    await running;
    expect(log).toEqual(['server up', 'cache up', 'cache down', 'server down']);
  });
});

describe('readiness', () => {
  test('is false until caches have settled, and says why', async () => {
    const { server, cache, worker, sync, miss } = parts();
    const stop = new AbortController();
    const manager = new Manager({ servers: [server], caches: [cache], workers: [worker] });
    const running = manager.run(stop.signal);
    expect(manager.notReady()).toEqual(['waiting for the list of pods']);
    await sync();
    expect(manager.notReady()).toEqual([]);
    miss('the API server does not know orchestratedservices.baton.dev: install the CRDs');
    expect(manager.notReady()).toEqual([
      'the API server does not know orchestratedservices.baton.dev: install the CRDs',
    ]);
    stop.abort();
    await running;
    expect(manager.notReady()).toEqual(['shutting down']);
  });
});

describe('failures', () => {
  test('a part that fails stops the others in order, and surfaces', async () => {
    const { log, server, cache, worker, sync } = parts();
    const broken: Worker = { name: 'broken', run: async () => Promise.reject(new Error('fault')) };
    const running = new Manager({ servers: [server], caches: [cache], workers: [worker, broken] }).run(
      new AbortController().signal,
    );
    void sync();
    await expect(running).rejects.toThrow('fault');
    expect(log.indexOf('worker down')).toBeGreaterThan(log.indexOf('worker up'));
    expect(log.slice(-2)).toEqual(['cache down', 'server down']);
  });

  test('a port that is taken fails before anything works', async () => {
    const { log, cache, worker } = parts();
    const taken: Server = {
      name: 'http',
      start: async () => Promise.reject(new Error('EADDRINUSE')),
      stop: async () => undefined,
    };
    const running = new Manager({ servers: [taken], caches: [cache], workers: [worker] }).run(
      new AbortController().signal,
    );
    await expect(running).rejects.toThrow('EADDRINUSE');
    expect(log).not.toContain('worker up');
  });

  test('what hangs is named after the time for stopping, and does not keep the rest from stopping', async () => {
    const clock = new FakeClock();
    const { log, server, cache, sync } = parts();
    const hangs: Worker = {
      name: 'hangs',
      run: () => new Promise<void>(() => undefined),
      stuck: () => 'controller hangs: x has been reconciling for 200 s',
    };
    const stop = new AbortController();
    const manager = new Manager({ servers: [server], caches: [cache], workers: [hangs], clock });
    const running = manager.run(stop.signal);
    await sync();
    expect(manager.stuck()).toEqual(['controller hangs: x has been reconciling for 200 s']);
    stop.abort();
    await settle();
    await clock.advance(4_500);
    await expect(running).resolves.toContain('workers');
    expect(log.slice(-2)).toEqual(['cache down', 'server down']);
  });
});
