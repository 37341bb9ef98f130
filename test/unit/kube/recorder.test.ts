import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventRecorder, type EventToRecord, type RecorderOptions } from '../../../src/kube/recorder.ts';
import { FakeApiServer, json, status } from '../../support/fake-api-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { until } from '../../support/until.ts';

const SERVICE = {
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'OrchestratedService',
  namespace: 'shop',
  name: 'web',
  uid: 'u1',
};
const EVENT: EventToRecord = {
  type: 'Warning',
  reason: 'HealthChanged',
  action: 'Observe',
  note: 'Healthy → Degraded',
};

let server: FakeApiServer;
beforeEach(async () => (server = await new FakeApiServer().start()));
afterEach(() => server.stop());

function setUp(more: Partial<RecorderOptions> = {}) {
  const clock = new FakeClock();
  const dropped: string[] = [];
  server.answers = [json({})];
  let ended = 0;
  const metrics = { request: () => (ended += 1), duration: () => undefined, retry: () => undefined };
  const recorder = new EventRecorder({
    rest: server.client({ metrics }),
    controller: 'baton.dev/baton',
    instance: 'baton-0',
    clock,
    onDropped: (why) => dropped.push(why),
    ...more,
  });
  void recorder.start();
  const bodies = () => server.seen.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  const sent = (count: number) => until(`${count} requests`, () => server.seen.length === count);
  /** What was sent is known to be there: only then it can be counted on. */
  const answered = (count: number) => until(`${count} answers`, () => ended === count);
  return { clock, recorder, dropped, bodies, sent, answered };
}

describe('an Event', () => {
  test('has everything the API asks for', async () => {
    const { recorder, bodies, sent } = setUp();
    recorder.record(SERVICE, EVENT);
    await sent(1);
    expect(server.seen[0]).toMatchObject({ method: 'POST', path: '/apis/events.k8s.io/v1/namespaces/shop/events' });
    expect(bodies()[0]).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace: 'shop', name: expect.stringMatching(/^web\.[0-9a-f]{16}$/) },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'baton.dev/baton',
      reportingInstance: 'baton-0',
      regarding: SERVICE,
      ...EVENT,
    });
  });

  test('about a cluster-scoped object goes to the namespace default', async () => {
    const { recorder, sent } = setUp();
    recorder.record({ ...SERVICE, namespace: undefined }, EVENT);
    await sent(1);
    expect(server.seen[0]?.path).toContain('/namespaces/default/');
  });

  test('is cut to 1 KiB between characters', async () => {
    const { recorder, bodies, sent } = setUp();
    recorder.record(SERVICE, { ...EVENT, note: 'ä'.repeat(2_000) });
    await sent(1);
    const note = bodies()[0]?.['note'] as string;
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
    expect(note).toMatch(/^ä{500,}…$/);
  });
});

describe('the same again', () => {
  test('becomes a series whose count is written now and then', async () => {
    const { clock, recorder, bodies, answered } = setUp();
    for (let count = 0; count < 5_000; count += 1) recorder.record(SERVICE, EVENT);
    await answered(1);
    await clock.advance(30_000);
    await answered(2);
    expect(server.seen[1]?.method).toBe('PATCH');
    expect(bodies()[0]).toMatchObject({ metadata: { name: server.seen[1]?.path.split('/').at(-1) } });
    expect(bodies()[1]).toEqual({ series: { count: 5_000, lastObservedTime: '2026-01-01T00:00:00.000000Z' } });
    await clock.advance(60_000);
    expect(server.seen).toHaveLength(2);
  });

  test('after a quiet time is news', async () => {
    const { clock, recorder, sent } = setUp();
    recorder.record(SERVICE, EVENT);
    await sent(1);
    await clock.advance(6 * 60_000);
    recorder.record(SERVICE, EVENT);
    await sent(2);
    expect(server.seen[1]?.method).toBe('POST');
  });

  test('of another object, or with another note, is another Event', async () => {
    const { recorder, sent } = setUp();
    recorder.record(SERVICE, EVENT);
    recorder.record({ ...SERVICE, uid: 'u2' }, EVENT);
    recorder.record(SERVICE, { ...EVENT, note: 'else' });
    await sent(3);
    expect(server.seen.map(({ method }) => method)).toEqual(['POST', 'POST', 'POST']);
  });

  test('whose first Event the server has dropped begins a new one', async () => {
    const { clock, recorder, sent, answered } = setUp();
    recorder.record(SERVICE, EVENT);
    await answered(1);
    server.answers = [status(404, 'NotFound', 'gone'), json({})];
    recorder.record(SERVICE, EVENT);
    await clock.advance(30_000);
    await sent(3);
    expect(server.seen.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST']);
  });
});

describe('bounds', () => {
  test('more than may wait are dropped and counted', async () => {
    const { recorder, dropped, sent } = setUp({ maxPending: 10 });
    for (let count = 0; count < 50; count += 1) recorder.record({ ...SERVICE, uid: `u${count}` }, EVENT);
    await sent(11);
    expect(dropped).toHaveLength(39);
  });

  test('what the server refuses (a namespace that vanishes) is dropped, and the next is sent', async () => {
    const { recorder, dropped, sent } = setUp();
    server.answers = [status(403, 'Forbidden', 'namespace is being terminated'), json({})];
    recorder.record(SERVICE, EVENT);
    recorder.record(SERVICE, { ...EVENT, note: 'else' });
    await sent(2);
    await until('counted', () => dropped.length === 1);
    expect(dropped).toEqual(['refused']);
  });

  test('what was refused is sent when it happens again', async () => {
    const { clock, recorder, dropped, sent, answered } = setUp();
    server.answers = [status(500, 'InternalError', 'etcd is away'), json({})];
    recorder.record(SERVICE, EVENT);
    await until('refused', () => dropped.length === 1);
    recorder.record(SERVICE, EVENT);
    await answered(2);
    recorder.record(SERVICE, EVENT);
    await clock.advance(30_000);
    await sent(3);
    expect(server.seen.map(({ method }) => method)).toEqual(['POST', 'POST', 'PATCH']);
  });

  test('stopping sends what waits, counts included, and takes no more', async () => {
    const { recorder, dropped, bodies, sent } = setUp();
    const gate = Promise.withResolvers<void>();
    server.answers = [(...all) => void gate.promise.then(() => json({})(...all)), json({})];
    recorder.record(SERVICE, EVENT);
    await sent(1);
    recorder.record(SERVICE, EVENT);
    recorder.record({ ...SERVICE, uid: 'u2' }, EVENT);
    const stopping = recorder.stop();
    gate.resolve();
    await stopping;
    expect(server.seen).toHaveLength(3);
    expect(bodies()).toContainEqual({ series: expect.objectContaining({ count: 2 }) });
    recorder.record(SERVICE, EVENT);
    expect(dropped).toEqual(['full']);
  });
});
