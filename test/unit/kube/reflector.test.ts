import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Reflector, type ReflectorEvent, type ReflectorOptions } from '../../../src/kube/reflector.ts';
import type { KubeObject } from '../../../src/kube/resource.ts';
import type { Projected } from '../../../src/runtime/store.ts';
import { cutOff, FakeApiServer, json, status, stream, type Answer } from '../../support/fake-api-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { until } from '../../support/until.ts';

interface Widget extends Projected {
  readonly size: string | undefined;
}
interface RawWidget extends KubeObject {
  readonly spec?: { readonly size: string };
}

const widget = (name: string, version: number, size = '') => ({
  metadata: { name, namespace: 'shop', uid: name, resourceVersion: String(version) },
  spec: { size },
});
const event = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
const bookmark = (version: number, end = false) =>
  event('BOOKMARK', {
    metadata: {
      resourceVersion: String(version),
      ...(end && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
    },
  });
const error = (code: number) => event('ERROR', { kind: 'Status', code, reason: 'Expired', message: 'too old' });

let server: FakeApiServer;
let stop: AbortController;
beforeEach(async () => {
  server = await new FakeApiServer().start();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort(new Error('test ended'));
  await server.stop();
});

function reflect(answers: Answer[], more: Partial<ReflectorOptions<Widget, RawWidget>> = {}) {
  server.answers = answers;
  const events: ReflectorEvent[] = [];
  const faults: unknown[] = [];
  const reflector = new Reflector<Widget, RawWidget>({
    rest: server.client(),
    resource: { group: 'test.dev', version: 'v1', plural: 'widgets' },
    random: () => 0,
    project: ({ metadata, spec }) => ({
      namespace: metadata.namespace,
      name: metadata.name,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      size: spec?.size,
    }),
    onEvent: (what) => events.push(what),
    onListenerError: (fault) => faults.push(fault),
    ...more,
  });
  const running = reflector.run(stop.signal);
  const { store } = reflector;
  const names = () =>
    [...store.list()]
      .map(({ name }) => name)
      .toSorted()
      .join();
  return { reflector, running, store, events, faults, names };
}

const query = (at: number, name: string) => server.seen[at]?.query.get(name) ?? null;

describe('the initial list', () => {
  test('streams, is shown when it is complete, and goes on as a watch on the same connection', async () => {
    const shown: number[] = [];
    const { store, names } = reflect([
      stream(
        event('ADDED', widget('a', 1)),
        event('ADDED', widget('b', 2)),
        bookmark(5, true),
        event('ADDED', widget('c', 6)),
        event('DELETED', widget('a', 7)),
      ),
    ]);
    store.subscribe(() => shown.push(store.size));
    await until('watching', () => names() === 'b,c');
    expect(shown).toEqual([2, 2, 3, 2]);
    expect(server.seen).toHaveLength(1);
    expect(query(0, 'sendInitialEvents')).toBe('true');
    expect(query(0, 'resourceVersionMatch')).toBe('NotOlderThan');
    expect(query(0, 'resourceVersion')).toBeNull();
    expect(query(0, 'allowWatchBookmarks')).toBe('true');
    expect(query(0, 'timeoutSeconds')).toBe('290');
  });

  test('comes in pages where the server has no WatchList', async () => {
    const { names, events } = reflect([
      status(422, 'Invalid', 'sendInitialEvents is forbidden'),
      json({ metadata: { resourceVersion: '9', continue: 'more' }, items: [widget('a', 1)] }),
      json({ metadata: { resourceVersion: '9' }, items: [widget('b', 2)] }),
      stream(event('ADDED', widget('c', 10))),
    ]);
    await until('watching', () => names() === 'a,b,c');
    expect([query(1, 'limit'), query(1, 'continue'), query(2, 'continue'), query(3, 'resourceVersion')]).toEqual([
      '250',
      null,
      'more',
      '9',
    ]);
    expect(events.find(({ kind }) => kind === 'synced')).toMatchObject({ by: 'pages', objects: 2 });
  });

  test('that expires between its pages begins anew', async () => {
    const { names } = reflect([
      status(422, 'Invalid', 'no WatchList'),
      json({ metadata: { resourceVersion: '9', continue: 'more' }, items: [widget('a', 1), widget('gone', 1)] }),
      status(410, 'Expired', 'the continue token expired'),
      json({ metadata: { resourceVersion: '12' }, items: [widget('a', 1), widget('b', 11)] }),
      stream(),
    ]);
    await until('watching', () => server.seen.length === 5);
    expect(names()).toBe('a,b');
    expect(query(4, 'resourceVersion')).toBe('12');
  });

  test('that expires under its pages again and again is read in one piece', async () => {
    const page = json({ metadata: { resourceVersion: '9', continue: 'more' }, items: [widget('a', 1)] });
    const expired = status(410, 'Expired', 'expired');
    const whole = json({ metadata: { resourceVersion: '20' }, items: [widget('a', 1)] });
    const { names } = reflect([
      status(422, 'Invalid', ''),
      page,
      expired,
      page,
      expired,
      page,
      expired,
      whole,
      stream(),
    ]);
    await until('watching', () => server.seen.length === 9);
    expect(query(7, 'limit')).toBeNull();
    expect(names()).toBe('a');
  });

  test('cut off in the middle begins anew and shows nothing of the first half', async () => {
    const { store, names } = reflect([
      stream(event('ADDED', widget('old', 1)), 'cut'),
      stream(event('ADDED', widget('a', 3)), bookmark(4, true)),
    ]);
    const heard: string[] = [];
    store.subscribe(({ key }) => heard.push(key));
    await until('synced', () => store.synced);
    expect(names()).toBe('a');
    expect(heard).toEqual(['shop/a']);
  });

  test('of a server that never marks its end is asked for in pages', async () => {
    const { store, names } = reflect([
      stream(event('ADDED', widget('a', 3)), 'end'),
      json({ metadata: { resourceVersion: '9' }, items: [widget('a', 3)] }),
      stream(),
    ]);
    await until('synced', () => store.synced);
    expect(names()).toBe('a');
  });
});

describe('the watch', () => {
  const synced = (...more: string[]) => stream(event('ADDED', widget('a', 1)), bookmark(5, true), ...more);

  test('goes on from the last event after a cut, without a new list', async () => {
    const { names, events } = reflect([
      synced(event('ADDED', widget('b', 8)), 'cut'),
      stream(event('DELETED', widget('a', 9))),
    ]);
    await until('resumed', () => names() === 'b');
    expect(query(1, 'resourceVersion')).toBe('8');
    expect(query(1, 'sendInitialEvents')).toBeNull();
    expect(events.filter(({ kind }) => kind === 'synced')).toHaveLength(1);
  });

  test('goes on from the last bookmark', async () => {
    reflect([synced(bookmark(77), 'cut'), stream()]);
    await until('resumed', () => server.seen.length === 2);
    expect(query(1, 'resourceVersion')).toBe('77');
  });

  test('cut in the middle of a line loses nothing', async () => {
    const line = event('ADDED', widget('b', 8));
    const { names } = reflect([synced(line.slice(0, 30), 'cut'), stream(line)]);
    await until('resumed', () => names() === 'a,b');
    expect(query(1, 'resourceVersion')).toBe('5');
  });

  test('takes a line that does not parse as a cut', async () => {
    const { names } = reflect([
      synced(event('ADDED', widget('b', 8)), '{"type":"ADDED","obj\n', event('ADDED', widget('lost', 9))),
      stream(event('ADDED', widget('c', 9))),
    ]);
    await until('resumed', () => names() === 'a,b,c');
    expect(query(1, 'resourceVersion')).toBe('8');
  });

  test('puts lines together that come in pieces, within characters too', async () => {
    const bytes = Buffer.from(event('ADDED', widget('b', 8, 'größer ✓')));
    const pieces = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    const { store } = reflect([stream(event('ADDED', widget('a', 1)), bookmark(5, true), ...pieces)]);
    const read = await until('read', () => store.get('shop/b'));
    expect(read.size).toBe('größer ✓');
  });

  test.each([
    ['an ERROR event', stream(event('ADDED', widget('a', 1)), bookmark(5, true), error(410)), undefined],
    ['the status', stream(event('ADDED', widget('a', 1)), bookmark(5, true), 'cut'), status(410, 'Expired', 'too old')],
  ])('lists anew after 410 by %s, and announces only what differs', async (_, first, refusal) => {
    const again = stream(event('ADDED', widget('b', 20)), bookmark(21, true));
    const { store, names } = reflect([first, ...(refusal ? [refusal] : []), again]);
    const heard: string[] = [];
    const sizes = new Set<number>();
    store.subscribe(({ type, key }) => heard.push(`${type} ${key}`) && sizes.add(store.size));
    await until('listed anew', () => names() === 'b');
    expect(heard).toEqual(['added shop/a', 'deleted shop/a', 'added shop/b']);
    expect(sizes).toEqual(new Set([1]));
    expect(query(refusal ? 2 : 1, 'sendInitialEvents')).toBe('true');
  });

  test('that falls silent is ended and taken up again', async () => {
    // A list that was cut off by that as well, on a machine that stood still, is asked for again.
    const answer: Answer = (response, request) =>
      (request.query.has('sendInitialEvents') ? synced() : stream(event('ADDED', widget('b', 6))))(response, request);
    const { names } = reflect([answer], { stallMs: 3_000 });
    await until('resumed', () => names() === 'a,b');
    const resumed = server.seen.filter((request) => !request.query.has('sendInitialEvents'));
    expect(resumed[0]?.query.get('resourceVersion')).toBe('5');
  });

  test('that the server ends in its own time is taken up at once and is no problem', async () => {
    const clock = new FakeClock();
    let end = (): void => undefined;
    const ending: Answer = (response, request) => {
      synced()(response, request);
      end = () => void response.end();
    };
    const { store, names, events } = reflect([ending, stream(event('ADDED', widget('b', 6)))], { clock });
    await until('synced', () => store.synced);
    // What lives for less than a second ended too early.
    clock.freeze(1_000);
    end();
    await until('resumed', () => names() === 'a,b');
    expect(events.map(({ kind }) => kind)).toEqual(['synced']);
  });

  test('goes on past an object that cannot be read', async () => {
    const { names, events } = reflect(
      [synced(event('ADDED', { metadata: widget('bad', 6).metadata, spec: null }), event('ADDED', widget('b', 7)))],
      {
        project: ({ metadata, spec }) => ({ ...metadata, size: (spec as { size: string }).size }),
      },
    );
    await until('gone on', () => names() === 'a,b');
    expect(events.find(({ kind }) => kind === 'unreadable')).toMatchObject({ key: 'shop/bad' });
  });

  test('ends with its signal', async () => {
    const { running, store } = reflect([synced()]);
    await until('synced', () => store.synced);
    stop.abort();
    await expect(running).resolves.toBeUndefined();
  });
});

describe('problems', () => {
  const answer = stream(event('ADDED', widget('a', 1)), bookmark(5, true));

  test('a resource that does not exist yet: not ready, says which, recovers by itself', async () => {
    const { reflector, store } = reflect([status(404, 'NotFound', 'not found'), answer]);
    await reflector.whenSettled(stop.signal);
    expect(store.problem).toMatchObject({ reason: 'Missing', resource: 'widgets.test.dev' });
    expect(reflector.notReady()).toContain('widgets.test.dev');
    expect(store.synced).toBe(false);
    await until('recovered', () => store.synced);
    expect(reflector.notReady()).toBeUndefined();
    expect(store.problem).toBeUndefined();
  });

  test('an optional resource that does not exist keeps nobody from being ready', async () => {
    const { reflector } = reflect([status(404, 'NotFound', 'not found')], { optional: true });
    await reflector.whenSettled(stop.signal);
    expect(reflector.notReady()).toBeUndefined();
  });

  test('no right to it: says the verb and the resource, keeps trying, is ready for the rest', async () => {
    const { reflector, store } = reflect([status(403, 'Forbidden', 'cannot watch'), answer]);
    await reflector.whenSettled(stop.signal);
    expect(store.problem).toMatchObject({ reason: 'Forbidden', verb: 'watch', resource: 'widgets.test.dev' });
    expect(reflector.notReady()).toBeUndefined();
    await until('recovered', () => store.synced);
  });

  test('no right to list, where there is no WatchList', async () => {
    const { reflector, store } = reflect([status(422, 'Invalid', ''), status(403, 'Forbidden', 'cannot list')]);
    await reflector.whenSettled(stop.signal);
    expect(store.problem).toMatchObject({ reason: 'Forbidden', verb: 'list' });
  });

  test('a right taken away later: the store stays as it was', async () => {
    const { store, names } = reflect([
      stream(event('ADDED', widget('a', 1)), bookmark(5, true), 'cut'),
      status(403, 'Forbidden', 'cannot watch'),
    ]);
    await until('noticed', () => store.problem?.reason === 'Forbidden');
    expect([names(), store.synced]).toEqual(['a', true]);
  });

  test('a right taken away before the server went away: the store is as old as that, and says so', async () => {
    const { store, events } = reflect([
      stream(event('ADDED', widget('a', 1)), bookmark(5, true), 'cut'),
      status(403, 'Forbidden', 'cannot watch'),
      cutOff,
      cutOff,
      cutOff,
    ]);
    const failures = () => events.filter(({ kind }) => kind === 'restarted').length;
    await until('four failures after the first stream', () => failures() >= 5);
    expect(store.problem).toMatchObject({ reason: 'Forbidden' });
  });

  test('a server that is away: no problem is made of one cut, of two there is, and it passes', async () => {
    const { store, events } = reflect([
      stream(event('ADDED', widget('a', 1)), bookmark(5, true), 'cut'),
      cutOff,
      cutOff,
      stream(),
    ]);
    await until('noticed', () => store.problem?.reason === 'Unavailable');
    await until('passed', () => store.problem === undefined);
    expect(events.filter(({ kind }) => kind === 'problem')).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ kind: 'recovered', problem: { reason: 'Unavailable' } });
    expect(store.synced).toBe(true);
  });

  test('a relist that fails is tried less and less often, and is a problem from the second time on', async () => {
    const clock = new FakeClock();
    const list = json({ metadata: { resourceVersion: '9' }, items: [widget('a', 1)] });
    const expired = Promise.withResolvers<void>();
    const watch: Answer = (response) => {
      response.flushHeaders();
      void expired.promise.then(() => response.write(error(410)));
    };
    const { store, events } = reflect([status(422, 'Invalid', ''), list, watch], { clock });
    const passing = (what: string, holds: () => boolean) =>
      until(what, async () => {
        await clock.advance(100);
        return holds();
      });
    await passing('watching', () => server.seen.length === 3);
    await clock.advance(60_000);
    server.answers = [status(500, 'InternalError', 'etcd is away')];
    expired.resolve();
    await passing('noticed', () => store.problem?.reason === 'Unavailable');
    const before = server.seen.length;
    for (let tenths = 0; tenths < 100; tenths += 1) {
      await clock.advance(100);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // Of ten seconds: at half of at most two seconds from each other.
    expect(server.seen.length - before).toBeLessThanOrEqual(12);
    expect(events.filter(({ kind }) => kind === 'problem')).toHaveLength(1);
  });

  test('a server that asks for an hour of patience is asked again after half a minute', async () => {
    const clock = new FakeClock();
    const { events } = reflect([status(429, 'TooManyRequests', '', { 'retry-after': '3600' })], { clock });
    await until('refused', () => events.length > 0);
    expect(events[0]).toMatchObject({ kind: 'restarted', retryInMs: 30_000 });
  });
});
