import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../../hack/cluster/ports.ts';
import { createHttpRequests } from '../../../src/sources/http-request.ts';

let seen: IncomingMessage[];
let handle: (request: IncomingMessage, response: ServerResponse) => void;
let base: string;
const server = createServer((request, response) => {
  seen.push(request);
  handle(request, response);
});
beforeEach(async () => {
  seen = [];
  handle = (_, response) => response.end('ok');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));

const requests = createHttpRequests({
  version: '1.2.3',
  destinations: () => ({ allowed: ['Loopback'], apiServer: [] }),
});
const guarded = createHttpRequests({ version: '1.2.3', destinations: () => ({ allowed: [], apiServer: [] }) });
const NEVER = new AbortController().signal;
const get = { method: 'GET', headers: {}, body: undefined };

describe('a request', () => {
  it('is sent as it is said, and its answer given back', async () => {
    let body = '';
    handle = (request, response) => {
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => response.writeHead(201, { 'X-Id': '9' }).end('{"a":1}'));
    };
    const reply = await requests.send(
      { url: `${base}/a?b=c`, method: 'POST', headers: { 'X-Team': 'shop', 'User-Agent': 'me' }, body: 'héllo' },
      NEVER,
    );
    expect(reply).toMatchObject({ kind: 'answered', status: 201, headers: { 'x-id': '9' }, body: '{"a":1}' });
    expect(body).toBe('héllo');
    expect(seen[0]).toMatchObject({ url: '/a?b=c', method: 'POST' });
    expect(seen[0]?.headers).toMatchObject({ 'x-team': 'shop', 'user-agent': 'me', 'content-length': '6' });
  });

  it('follows no redirect', async () => {
    handle = (_, response) => response.writeHead(302, { location: '/elsewhere' }).end();
    expect(await requests.send({ ...get, url: base }, NEVER)).toMatchObject({ kind: 'answered', status: 302 });
    expect(seen).toHaveLength(1);
  });

  it('reads no more than 64 KiB, also where more never ends', async () => {
    handle = (_, response) => {
      const pour = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
        response.once('drain', pour);
      };
      pour();
    };
    const reply = await requests.send({ ...get, url: base }, NEVER);
    expect(reply).toMatchObject({ kind: 'answered', status: 200 });
    expect(reply.kind === 'answered' && reply.body.length).toBe(65_536);
  });

  it('is not sent where none may go', async () => {
    expect(await guarded.barred(base)).toMatch(/loopback/);
    expect(await requests.barred(base)).toBeUndefined();
    expect(await guarded.send({ ...get, url: base }, NEVER)).toMatchObject({ kind: 'barred' });
    expect(seen).toHaveLength(0);
  });

  it('is known not to be sent where nobody listens, and where TLS cannot be trusted', async () => {
    const [port] = await freePorts(1);
    const closed = await requests.send({ ...get, url: `http://127.0.0.1:${port}` }, NEVER);
    expect(closed).toMatchObject({ kind: 'unsent', because: expect.stringContaining('ECONNREFUSED') });
    const plain = await requests.send({ ...get, url: base.replace('http:', 'https:') }, NEVER);
    expect(plain).toMatchObject({ kind: 'unsent' });
    const nowhere = await requests.send({ ...get, url: 'http://nowhere.invalid' }, NEVER);
    expect(nowhere).toMatchObject({ kind: 'unsent' });
    expect(seen).toHaveLength(0);
  });

  it('is perhaps sent where no answer came', async () => {
    handle = (request) => request.socket.destroy();
    expect(await requests.send({ ...get, url: base }, NEVER)).toMatchObject({ kind: 'unanswered' });
    handle = (request, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('half');
      setTimeout(() => request.socket.destroy(), 5);
    };
    expect(await requests.send({ ...get, url: base }, NEVER)).toMatchObject({ kind: 'unanswered' });
  });

  it('ends when it is told to', async () => {
    const end = new AbortController();
    handle = () => end.abort(new Error('the step was ended'));
    const reply = await requests.send({ ...get, url: base }, end.signal);
    expect(reply).toEqual({ kind: 'unanswered', because: 'the step was ended' });
    expect(await requests.send({ ...get, url: base }, end.signal)).toMatchObject({ kind: 'unsent' });
  });
});
