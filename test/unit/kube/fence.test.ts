import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ApiError } from '../../../src/kube/errors.ts';
import { LeaderFence, type WriteFence } from '../../../src/kube/fence.ts';
import { type Answer, cutOff, FakeApiServer, json, status } from '../../support/fake-api-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { until } from '../../support/until.ts';

const ONE = { group: '', version: 'v1', plural: 'configmaps', namespace: 'shop', name: 'x' };

let server: FakeApiServer;
let leads: boolean;
let sent: number;
let unanswered: number;
beforeEach(async () => {
  leads = true;
  sent = 0;
  unanswered = 0;
  server = await new FakeApiServer().start();
});
afterEach(async () => {
  await server.stop();
  // Every write that was sent has ended once.
  if (sent !== 0) throw new Error(`${sent} writes were sent and have not ended`);
});

const fence = (patienceMs = 10_000): WriteFence => ({
  mayWrite: () => leads,
  onSent: () => void (sent += 1),
  onEnded: (isAnswered) => {
    sent -= 1;
    if (!isAnswered) unanswered += 1;
  },
  patienceMs,
});

const ending = (request: Promise<unknown>): Promise<string> =>
  request.then(
    () => 'answered',
    ({ reason }: ApiError) => reason,
  );

/** Answers when it is told to. */
function held(): { readonly answer: Answer; readonly release: () => void } {
  const gate = Promise.withResolvers<void>();
  return { answer: (...all) => void gate.promise.then(() => json({})(...all)), release: gate.resolve };
}

describe('a client that may no longer write', () => {
  test('reads, and sends no write', async () => {
    server.answers = [json({})];
    const rest = server.client({ fence: fence() });
    leads = false;
    expect(await ending(rest.get(ONE))).toBe('answered');
    expect(await ending(rest.update(ONE, {}))).toBe('Aborted');
    expect(server.seen.map(({ method }) => method)).toEqual(['GET']);
    expect(unanswered).toBe(0);
  });

  test('does not send it again either', async () => {
    const answer: Answer = (response, request) => {
      leads = false;
      status(503, 'ServiceUnavailable', 'starting')(response, request);
    };
    server.answers = [answer, json({})];
    expect(await ending(server.client({ fence: fence() }).update(ONE, {}))).toBe('Aborted');
    expect(server.seen).toHaveLength(1);
  });

  test('does not send what waited for a connection', async () => {
    let asked = 0;
    const mayWrite = (): boolean => {
      asked += 1;
      return leads;
    };
    const { answer, release } = held();
    server.answers = [answer, json({})];
    const rest = server.client({ fence: { ...fence(), mayWrite } });
    const reading = rest.get(ONE);
    await until('the only connection is taken', () => server.seen.length === 1);
    const request = ending(rest.update(ONE, {}));
    expect(asked).toBe(0);
    leads = false;
    expect(await request).toBe('Aborted');
    release();
    await reading;
    expect([asked, server.seen.length]).toEqual([1, 1]);
  });
});

describe('a write that is given up', () => {
  test('waits for its answer', async () => {
    const { answer, release } = held();
    server.answers = [answer];
    const stop = new AbortController();
    const request = ending(server.client({ fence: fence() }).update(ONE, {}, { signal: stop.signal }));
    await until('it is there', () => server.seen.length === 1);
    stop.abort(new Error('SIGTERM'));
    expect(sent).toBe(1);
    release();
    expect(await request).toBe('answered');
    expect(unanswered).toBe(0);
  });

  test('not for ever, and then nobody knows what became of it', async () => {
    server.answers = [() => undefined];
    const stop = new AbortController();
    const request = ending(server.client({ fence: fence(20) }).update(ONE, {}, { signal: stop.signal }));
    await until('it is there', () => server.seen.length === 1);
    stop.abort(new Error('SIGTERM'));
    expect(await request).toBe('Aborted');
    expect(unanswered).toBe(1);
  });

  test('before it was sent, ends at once', async () => {
    server.answers = [json({})];
    const stop = new AbortController();
    const request = ending(server.client({ fence: fence() }).update(ONE, {}, { signal: stop.signal }));
    stop.abort(new Error('SIGTERM'));
    expect(await request).toBe('Aborted');
    expect([unanswered, server.seen.length]).toEqual([0, 0]);
  });
});

describe('what became of a write is not known', () => {
  test.each<[string, Answer]>([
    ['its connection was cut', cutOff],
    ['the server failed', status(500, 'InternalError', 'etcd did not answer in time')],
  ])('when %s', async (_when, answer) => {
    server.answers = [answer];
    const rest = server.client({ fence: fence() });
    await ending(rest.update(ONE, {}, { attempts: 1 }));
    expect(unanswered).toBe(1);
  });

  test.each<[string, Answer]>([
    ['done', json({})],
    ['refused', status(409, 'Conflict', 'another version')],
    ['put off', status(429, 'TooManyRequests', 'later')],
  ])('but it is when it was %s', async (_what, answer) => {
    server.answers = [answer];
    await ending(server.client({ fence: fence() }).update(ONE, {}, { attempts: 1 }));
    expect(unanswered).toBe(0);
  });

  test('and of reads nobody asks', async () => {
    server.answers = [cutOff];
    await ending(server.client({ fence: fence() }).get(ONE, { attempts: 1 }));
    expect(unanswered).toBe(0);
  });

  test('where nobody listened it was not sent', async () => {
    const rest = server.client({ fence: fence() });
    await server.stop();
    expect(await ending(rest.update(ONE, {}, { attempts: 1 }))).toBe('Unreachable');
    expect(unanswered).toBe(0);
  });
});

test('a leader is quiet when no write of so long a time is without an answer', () => {
  const clock = new FakeClock();
  const of = new LeaderFence({ leads: () => leads, onItsWayMs: 15_000, clock });
  expect([of.isQuiet, of.mayWrite()]).toEqual([true, true]);
  of.onSent();
  of.onSent();
  of.onEnded(true);
  expect(of.isQuiet).toBe(false);
  of.onEnded(false);
  clock.freeze(14_999);
  expect(of.isQuiet).toBe(false);
  clock.freeze(1);
  expect(of.isQuiet).toBe(true);
  leads = false;
  expect(of.mayWrite()).toBe(false);
});
