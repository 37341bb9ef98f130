import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { PrometheusPolicy } from '../../../src/sources/api.ts';
import { createPrometheus } from '../../../src/sources/prometheus.ts';
import { readingOfAnswer } from '../../../src/sources/prometheus-answer.ts';
import { realClock } from './clock.ts';
import { describeSource } from './contract.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function backend(handler: RequestListener): Promise<{ url: string; server: Server; stop: () => Promise<void> }> {
  // A connection that is kept stays open however long a test stands still.
  const server = createServer({ keepAliveTimeout: 0 }, handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, stop };
}

async function ask(handler: RequestListener, policy: Partial<PrometheusPolicy> = {}) {
  const { url, stop } = await backend(handler);
  const clock = realClock();
  const source = createPrometheus({ clock, policy: () => ({ url, namespaces: ['*'], timeoutMs: 30_000, ...policy }) });
  closers.push(stop, () => source.close());
  return source.read({ namespace: 'shop', query: 'up' }, new AbortController().signal);
}

const vector = (...values: string[]): string =>
  JSON.stringify({
    status: 'success',
    data: { resultType: 'vector', result: values.map((value, i) => ({ metric: { i: `${i}` }, value: [1, value] })) },
  });
const answering =
  (text: string, status = 200): RequestListener =>
  (_, response) =>
    void response.writeHead(status).end(text);

describeSource('prometheus', async () => {
  const { url, stop } = await backend((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const query = new URLSearchParams(body).get('query');
      if (query === 'slow') return;
      response.end(query === 'good' ? vector('0.25') : vector());
    });
  });
  const clock = realClock();
  const source = createPrometheus({ clock, policy: () => ({ url, namespaces: ['shop'], timeoutMs: 60_000 }) });
  return {
    source,
    good: { namespace: 'shop', query: 'good' },
    none: { namespace: 'shop', query: 'none' },
    slow: { namespace: 'shop', query: 'slow' },
    timers: () => clock.pending(),
    breakBackend: stop,
    close: () => source.close(),
  };
});

describe('prometheus', () => {
  it('posts the query and the timeout as a form, below the path of the address', async () => {
    let seen = '';
    const handler: RequestListener = (request, response) => {
      request.on('data', (chunk) => (seen += `${request.method} ${request.url} ${chunk}`));
      request.on('end', () => response.end(vector('1')));
    };
    const { url, stop } = await backend(handler);
    const policy = { url: `${url}/prefix`, namespaces: ['*'], timeoutMs: 60_000 };
    const source = createPrometheus({ clock: realClock(), policy: () => policy });
    closers.push(stop, () => source.close());
    await source.read({ namespace: 'shop', query: 'sum(up{a="b c"})' }, new AbortController().signal);
    expect(seen).toBe('POST /prefix/api/v1/query query=sum%28up%7Ba%3D%22b+c%22%7D%29&timeout=60000ms');
  });

  it('takes a vector of one series', async () =>
    expect(await ask(answering(vector('0.03')))).toMatchObject({ kind: 'value', value: 0.03 }));

  it('takes a scalar', async () => {
    const scalar = JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [1, '7'] } });
    expect(await ask(answering(scalar))).toMatchObject({ kind: 'value', value: 7 });
  });

  it('Prometheus down: SourceUnavailable with the cause', async () => {
    const { url, stop } = await backend(answering(''));
    await stop();
    const source = createPrometheus({
      clock: realClock(),
      policy: () => ({ url, namespaces: ['*'], timeoutMs: 60_000 }),
    });
    closers.push(() => source.close());
    const reading = await source.read({ namespace: 'shop', query: 'up' }, new AbortController().signal);
    expect(reading).toMatchObject({ kind: 'missing', reason: 'SourceUnavailable' });
    expect(reading.evidence).toContain('ECONNREFUSED');
  });

  it('Prometheus slow (a minute): SourceTimeout after the timeout of the policy, and the connection is not kept', async () => {
    let aborted = false;
    const slow: RequestListener = (request, response) => {
      request.resume();
      response.on('close', () => (aborted = true));
      setTimeout(() => response.end(vector('1')), 60_000).unref();
    };
    const began = performance.now();
    expect(await ask(slow, { timeoutMs: 150 })).toMatchObject({
      kind: 'missing',
      reason: 'SourceTimeout',
      evidence: 'no answer within 150 ms',
    });
    expect(performance.now() - began).toBeLessThan(30_000);
    await expect.poll(() => aborted).toBe(true);
  });

  it('asks again when a kept connection turns out to be closed', async () => {
    const seen = new Set<unknown>();
    let closed = 0;
    const closing: RequestListener = (request, response) => {
      if (seen.has(request.socket)) {
        closed += 1;
        return void request.socket.destroy();
      }
      seen.add(request.socket);
      response.end(vector('1'));
    };
    const { url, stop } = await backend(closing);
    const policy = { url, namespaces: ['*'], timeoutMs: 30_000 };
    const source = createPrometheus({ clock: realClock(), policy: () => policy });
    closers.push(stop, () => source.close());
    for (let round = 0; round < 3; round += 1) {
      const reading = await source.read({ namespace: 'shop', query: 'up' }, new AbortController().signal);
      expect(reading).toMatchObject({ kind: 'value' });
      // The connection is put back for the next request only after the answer was read.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(closed).toBe(2);
  });

  it('an answer that begins in time and drips: SourceTimeout', async () => {
    const drip: RequestListener = (_, response) => {
      response.write(' ');
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    };
    expect(await ask(drip, { timeoutMs: 200 })).toMatchObject({ kind: 'missing', reason: 'SourceTimeout' });
  });

  it.each(['NaN', '+Inf', '-Inf', ''])('Prometheus answering %s: InvalidValue', async (value) =>
    expect(await ask(answering(vector(value)))).toMatchObject({ kind: 'missing', reason: 'InvalidValue' }),
  );

  it('Prometheus answering a string: InvalidValue that shows it', async () => {
    const text = JSON.stringify({ status: 'success', data: { resultType: 'string', result: [1, 'hello'] } });
    const reading = await ask(answering(text));
    expect(reading).toMatchObject({ kind: 'missing', reason: 'InvalidValue' });
    expect(reading.evidence).toContain('hello');
  });

  it('a range: InvalidValue that says what to write', async () => {
    const text = JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: [] } });
    expect((await ask(answering(text))).evidence).toContain('rate()');
  });

  it('a native histogram: InvalidValue', async () => {
    const result = [{ metric: {}, histogram: [1, { count: '3', sum: '1' }] }];
    const text = JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });
    expect(await ask(answering(text))).toMatchObject({ kind: 'missing', reason: 'InvalidValue' });
  });

  it('three series: AmbiguousResult that says how many', async () => {
    const reading = await ask(answering(vector('1', '2', '3')));
    expect(reading).toMatchObject({ kind: 'missing', reason: 'AmbiguousResult' });
    expect(reading.evidence).toContain('3 series');
  });

  it('Prometheus answering 10,000 series: AmbiguousResult, and no more than about 1 MiB is read', async () => {
    let sent = 0;
    const flood: RequestListener = (_, response) => {
      const labels = 'x'.repeat(1000);
      response.write('{"status":"success","data":{"resultType":"vector","result":[');
      const more = (): void => {
        while (!response.closed && sent < 10_000) {
          sent += 1;
          const series = `{"metric":{"id":"${sent}","l":"${labels}"},"value":[1,"1"]}${sent < 10_000 ? ',' : ']}}'}`;
          if (!response.write(series)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    };
    const reading = await ask(flood);
    expect(reading).toMatchObject({ kind: 'missing', reason: 'AmbiguousResult' });
    expect(reading.evidence).toMatch(/\d{3,} series or more/);
    expect(sent).toBeLessThan(9000);
  });

  it('no series: NoData', async () =>
    expect(await ask(answering(vector()))).toMatchObject({ kind: 'missing', reason: 'NoData' }));

  it('a mistake in the PromQL: InvalidValue with the words of Prometheus, at most 300 characters', async () => {
    const error = `1:5: parse error: unexpected <by> ${'x'.repeat(1000)}`;
    const reading = await ask(answering(JSON.stringify({ status: 'error', errorType: 'bad_data', error }), 400));
    expect(reading).toMatchObject({ kind: 'missing', reason: 'InvalidValue' });
    expect(reading.evidence).toContain('parse error: unexpected <by>');
    expect(reading.evidence.length).toBe(300);
  });

  it.each([
    [503, 'timeout', 'SourceTimeout'],
    [422, 'execution', 'InvalidValue'],
    [500, 'internal', 'SourceUnavailable'],
    [503, 'unavailable', 'SourceUnavailable'],
  ])('an error %d %s: %s', (status, errorType, reason) =>
    expect(readingOfAnswer(status, JSON.stringify({ status: 'error', errorType, error: 'e' }), 1)).toMatchObject({
      reason,
    }),
  );

  it.each([
    [500, 'oops', 'SourceUnavailable'],
    [200, '<html>login</html>', 'SourceUnavailable'],
    [200, 'null', 'SourceUnavailable'],
    [200, '{"status":"success"}', 'SourceUnavailable'],
    [200, '{"status":"success","data":{"resultType":"vector","result":[null]}}', 'InvalidValue'],
    [404, '404 page not found', 'SourceUnavailable'],
    [401, 'Unauthorized', 'Forbidden'],
    [403, 'no', 'Forbidden'],
  ])('an answer %d %j: %s', (status, text, reason) =>
    expect(readingOfAnswer(status, text, 1)).toMatchObject({ kind: 'missing', reason }),
  );

  it('does not follow a redirect', async () => {
    let followed = false;
    const { url, stop } = await backend((_, response) => {
      followed = true;
      response.end(vector('1'));
    });
    closers.push(stop);
    const reading = await ask((_, response) => void response.writeHead(302, { location: url }).end());
    expect(reading).toMatchObject({ kind: 'missing', reason: 'SourceUnavailable' });
    expect(reading.evidence).toContain('redirect');
    expect(followed).toBe(false);
  });

  it('an address that is none: SourceUnavailable', async () => {
    const source = createPrometheus({
      clock: realClock(),
      policy: () => ({ url: 'nonsense', namespaces: ['*'], timeoutMs: 100 }),
    });
    closers.push(() => source.close());
    expect(await source.read({ namespace: 'a', query: 'up' }, new AbortController().signal)).toMatchObject({
      reason: 'SourceUnavailable',
    });
  });

  it('asks nobody without a policy, nor for a namespace that the policy does not name', async () => {
    let asked = 0;
    const handler: RequestListener = (_, response) => {
      asked += 1;
      response.end(vector('1'));
    };
    const { url, stop } = await backend(handler);
    let policy: PrometheusPolicy | undefined;
    const source = createPrometheus({ clock: realClock(), policy: () => policy });
    closers.push(stop, () => source.close());
    const read = () => source.read({ namespace: 'shop', query: 'up' }, new AbortController().signal);
    expect(await read()).toMatchObject({ reason: 'SourceNotConfigured' });
    policy = { url, namespaces: [], timeoutMs: 30_000 };
    expect(await read()).toMatchObject({ reason: 'NamespaceNotAllowed' });
    policy = { url, namespaces: ['shopping'], timeoutMs: 30_000 };
    expect(await read()).toMatchObject({ reason: 'NamespaceNotAllowed' });
    expect(asked).toBe(0);
    policy = { url, namespaces: ['shop'], timeoutMs: 30_000 };
    expect(await read()).toMatchObject({ kind: 'value' });
  });
});
