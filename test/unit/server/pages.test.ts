import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Listener } from '../../../src/server/api.ts';
import { parseAddress } from '../../../src/server/listener.ts';
import { startMetrics, startProbes } from '../../../src/server/pages.ts';

const open: Listener[] = [];
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close(0);
});

async function started(starting: Promise<Listener>): Promise<string> {
  const listener = await starting;
  open.push(listener);
  return `http://127.0.0.1:${listener.address.port}`;
}

async function read(url: string, method = 'GET') {
  const response = await fetch(url, { method });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

describe('addresses to listen on', () => {
  it.each([
    [':8080', { host: undefined, port: 8080 }],
    ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
    ['localhost:1', { host: 'localhost', port: 1 }],
    ['[::1]:8443', { host: '::1', port: 8443 }],
  ])('%s', (address, parsed) => expect(parseAddress(address)).toEqual(parsed));

  it.each(['', '8080', 'host', ':', ':65536', ':-1', '::1:80', '[no]:80', 'a:b', 'http://a:80'])('not %j', (address) =>
    expect(() => parseAddress(address)).toThrow(`${JSON.stringify(address)} is no address to listen on; write :8080`),
  );

  it('not one that is taken', async () => {
    const url = await started(startMetrics({ address: '127.0.0.1:0', contentType: 't', text: async () => '' }));
    const second = startMetrics({ address: url.slice('http://'.length), contentType: 't', text: async () => '' });
    await expect(second).rejects.toThrow('EADDRINUSE');
  });
});

describe('probes', () => {
  it('are 200 while all is well', async () => {
    const url = await started(startProbes({ address: '127.0.0.1:0', alive: () => [], ready: () => [] }));
    expect(await read(`${url}/healthz`)).toMatchObject({ status: 200, text: 'ok\n' });
    expect(await read(`${url}/readyz?verbose=1`)).toMatchObject({ status: 200 });
  });

  it('say what is not ready, line by line', async () => {
    const ready = () => ['the CRD orchestratedservices.baton.dev is missing', 'pods were not listed yet'];
    const url = await started(startProbes({ address: '127.0.0.1:0', alive: () => [], ready }));
    const text = 'the CRD orchestratedservices.baton.dev is missing\npods were not listed yet\n';
    expect(await read(`${url}/readyz`)).toMatchObject({ status: 503, text });
    expect(await read(`${url}/healthz`)).toMatchObject({ status: 200 });
  });

  it('do not know other paths and methods', async () => {
    const url = await started(startProbes({ address: '127.0.0.1:0', alive: () => [], ready: () => [] }));
    expect(await read(`${url}/`)).toMatchObject({ status: 404 });
    expect(await read(`${url}/constructor`)).toMatchObject({ status: 404 });
    expect(await read(`${url}/healthz`, 'POST')).toMatchObject({ status: 405 });
  });
});

describe('metrics', () => {
  const contentType = 'text/plain; version=0.0.4; charset=utf-8';

  it('are the text with its content type', async () => {
    const url = await started(startMetrics({ address: '127.0.0.1:0', contentType, text: async () => 'up 1\n' }));
    expect(await read(`${url}/metrics`)).toEqual({ status: 200, type: contentType, text: 'up 1\n' });
    expect(await read(`${url}/metrics`, 'HEAD')).toEqual({ status: 200, type: contentType, text: '' });
  });

  it('are 500 when they cannot be made', async () => {
    const text = () => Promise.reject(new Error('no registry'));
    const url = await started(startMetrics({ address: '127.0.0.1:0', contentType, text }));
    expect(await read(`${url}/metrics`)).toMatchObject({ status: 500, text: 'no registry\n' });
  });
});

describe('a listener that closes', () => {
  it('does not wait for connections that are kept alive', async () => {
    const url = await started(startProbes({ address: '127.0.0.1:0', alive: () => [], ready: () => [] }));
    const agent = new Agent({ keepAlive: true });
    await new Promise<void>((resolve) => {
      get(`${url}/healthz`, { agent }, (response) => response.resume().on('end', resolve));
    });
    const began = performance.now();
    await open.pop()?.close(60_000);
    expect(performance.now() - began).toBeLessThan(30_000);
    agent.destroy();
  });

  it('lets a request under way finish, but not for ever', async () => {
    let finish: (text: string) => void = () => {};
    const text = () => new Promise<string>((resolve) => (finish = resolve));
    const url = await started(startMetrics({ address: '127.0.0.1:0', contentType: 't', text }));
    const reading = read(`${url}/metrics`);
    await expect.poll(() => finish.length).toBe(1);
    const closing = open.pop()?.close(60_000);
    finish('late');
    expect(await reading).toMatchObject({ text: 'late' });
    await closing;
  });

  it('ends senders that never finish', async () => {
    const url = await started(startProbes({ address: '127.0.0.1:0', alive: () => [], ready: () => [] }));
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    socket.write('GET /healthz HTTP/1.1\r\n');
    const gone = new Promise((resolve) => socket.once('close', resolve));
    await open.pop()?.close(50);
    await gone;
    expect(socket.destroyed).toBe(true);
  });
});
