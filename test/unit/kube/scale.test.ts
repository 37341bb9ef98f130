import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Discovery } from '../../../src/kube/discovery.ts';
import { ScaleReader } from '../../../src/kube/scale.ts';
import { type Answer, FakeApiServer, json, status, stream } from '../../support/fake-api-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { until } from '../../support/until.ts';

const KIND = 'games.dev/v1 Game';
const chess = { apiVersion: 'games.dev/v1', kind: 'Game', namespace: 'shop', name: 'chess' };
const resources = json({
  resources: [
    { name: 'games', kind: 'Game', namespaced: true },
    { name: 'games/scale', kind: 'Scale', namespaced: true },
  ],
});
const object = (name: string) => ({ metadata: { name, namespace: 'shop', uid: name, resourceVersion: '3' } });
const event = (type: string, of: unknown) => `${JSON.stringify({ type, object: of })}\n`;
const complete = event('BOOKMARK', {
  metadata: { resourceVersion: '9', annotations: { 'k8s.io/initial-events-end': 'true' } },
});
const listed = (...names: string[]) => stream(...names.map((name) => event('ADDED', object(name))), complete);
const silence: Answer = () => undefined;
const broken = status(500, 'InternalError', 'conversion webhook for games.dev/v1 failed');

let server: FakeApiServer;
let paths: { discovery: Answer; watch: Answer; scale: Answer };
const stops: (() => void)[] = [];
beforeEach(async () => {
  server = await new FakeApiServer().start();
  paths = { discovery: resources, watch: listed('chess'), scale: json({ spec: { replicas: 2 } }) };
  server.answers = [
    (response, request) => {
      const of = request.path.endsWith('/scale') ? 'scale' : request.query.has('watch') ? 'watch' : 'discovery';
      paths[of](response, request);
    },
  ];
});
afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  await server.stop();
});

function setUp() {
  const clock = new FakeClock();
  const rest = server.client();
  const get = rest.get.bind(rest);
  // A question that nobody answers is of the clock above; the machine may stand still for longer than the 2 s of the others.
  vi.spyOn(rest, 'get').mockImplementation((target, options) => get(target, { ...options, timeoutMs: 180_000 }));
  const told = { kinds: [] as string[], failures: [] as string[] };
  const used = new Set([KIND]);
  const reader = new ScaleReader({
    rest,
    discovery: new Discovery(rest, clock),
    onChange: () => undefined,
    onKind: (apiVersion, kind) => told.kinds.push(`${apiVersion} ${kind}`),
    isUsed: (apiVersion, kind) => used.has(`${apiVersion} ${kind}`),
    onFailure: (_reference, error) => told.failures.push((error as Error).message),
    onEvent: () => undefined,
    onListenerError: (error) => expect.unreachable(String(error)),
    clock,
  });
  stops.push(() => reader.stop());
  const read = (name = 'chess', signal = new AbortController().signal) => reader.read({ ...chess, name }, signal);
  const seen = (part: string) => server.seen.filter(({ path }) => path.endsWith(part)).length;
  return { clock, reader, read, told, used, seen };
}

describe('a workload of any kind', () => {
  test('is read with its scale, which is asked for once as long as the object stays', async () => {
    const { read, seen, told } = setUp();
    const found = { kind: 'found', scale: { spec: { replicas: 2 } }, object: { metadata: { uid: 'chess' } } };
    expect(await read()).toMatchObject(found);
    expect(await read()).toMatchObject(found);
    expect(await read('go')).toEqual({ kind: 'notFound' });
    expect(seen('/scale')).toBe(1);
    expect(told.kinds).toEqual([KIND]);
  });

  test('whose list is refused by the server for any reason is waited for once, for one second, by all who ask', async () => {
    paths.watch = broken;
    const { clock, read, told } = setUp();
    const first = Promise.all([read(), read('go')]);
    await until('a list was asked for', () => server.seen.some(({ query }) => query.has('watch')));
    await clock.advance(1_000);
    expect(await first).toEqual([{ kind: 'unavailable' }, { kind: 'unavailable' }]);
    expect(await read('checkers')).toEqual({ kind: 'unavailable' });
    paths.watch = listed('chess');
    told.kinds.length = 0;
    await until('found', async () => {
      await clock.advance(2_000);
      return (await read()).kind === 'found';
    });
    expect(told.kinds).toContain(KIND);
  });

  test('whose list may not be read says so, and all who asked are told when it may', async () => {
    paths.watch = status(403, 'Forbidden', 'no');
    const { clock, read, told } = setUp();
    expect(await read()).toEqual({ kind: 'forbidden', verb: 'watch', resource: 'games.games.dev' });
    expect(told.kinds).toEqual([KIND]);
    paths.watch = listed();
    await until('they are told', async () => {
      await clock.advance(1_000);
      return told.kinds.length > 1;
    });
    expect(await read()).toEqual({ kind: 'notFound' });
  });

  test('whose CRD went while nobody watched is unknown, and not what it was', async () => {
    let isGone = false;
    paths.watch = (response, request) =>
      (isGone ? status(404, 'NotFound', 'no such kind') : listed('chess'))(response, request);
    const { clock, read, told, seen } = setUp();
    expect(await read()).toMatchObject({ kind: 'found' });
    const asked = seen('/games.dev/v1');
    isGone = true;
    server.cutConnections();
    await until('it is unknown', async () => {
      await clock.advance(1_000);
      return (await read()).kind === 'unknownKind';
    });
    expect(told.kinds.length).toBeGreaterThan(1);
    expect(seen('/games.dev/v1')).toBe(asked + 1);
  });
});

describe('questions that have no answer', () => {
  test('about the kind end after a second, for a while at once, and with the answer as soon as there is one', async () => {
    paths.discovery = silence;
    const { clock, read, seen, told } = setUp();
    const first = read();
    await until('it was asked', () => seen('/games.dev/v1') === 1);
    await clock.advance(1_000);
    expect(await first).toEqual({ kind: 'unavailable' });
    expect(await read('go')).toEqual({ kind: 'unavailable' });
    expect(seen('/games.dev/v1')).toBe(1);
    expect(told.failures).toEqual(['no answer within 1000 ms']);
    paths.discovery = resources;
    server.cutConnections();
    await until('found', async () => (await read()).kind === 'found');
  });

  test('about the kind end at once when the process stops', async () => {
    paths.discovery = silence;
    const { read, told } = setUp();
    const stop = new AbortController();
    const reading = read('chess', stop.signal);
    await until('it was asked', () => server.seen.length === 1);
    stop.abort(new Error('SIGTERM'));
    await expect(reading).rejects.toThrow('SIGTERM');
    expect(told.failures).toEqual([]);
  });

  test('about the scale are asked by one at a time, and tell why', async () => {
    paths.watch = listed('chess', 'go');
    paths.scale = broken;
    const { read, seen, told } = setUp();
    expect(await read()).toEqual({ kind: 'unavailable' });
    expect(told.failures).toEqual([expect.stringContaining('conversion webhook')]);
    const release = Promise.withResolvers<void>();
    paths.scale = (response, request) =>
      void release.promise.then(() => json({ spec: { replicas: 1 } })(response, request));
    const probe = read();
    await until('it was asked', () => seen('/scale') === 2);
    expect(await read('go')).toEqual({ kind: 'unavailable' });
    expect(seen('/scale')).toBe(2);
    release.resolve();
    expect(await probe).toMatchObject({ kind: 'found' });
    expect(await read('go')).toMatchObject({ kind: 'found' });
  });
});

describe('the watch on a kind', () => {
  test('ends with the last who asks about it', async () => {
    const { reader, read, used } = setUp();
    let closed = false;
    paths.watch = (response, request) => {
      response.on('close', () => (closed = true));
      listed('chess')(response, request);
    };
    await read();
    reader.release();
    expect(closed).toBe(false);
    used.clear();
    reader.release();
    await until('the watch has ended', () => closed);
  });

  test('that is refused ends also when the last who asked went before the answer', async () => {
    paths.watch = status(403, 'Forbidden', 'no');
    const { clock, read, used } = setUp();
    used.clear();
    await read();
    const watches = server.seen.length;
    await clock.advance(60_000);
    expect(server.seen).toHaveLength(watches);
  });
});
