import { Agent } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { HeartbeatInput, HeartbeatServerOptions, Listener, TokenVerdict } from '../../../src/server/api.ts';
import { startHeartbeatServer } from '../../../src/server/heartbeat-server.ts';
import { realClock } from '../sources/clock.ts';
import { handOut, makePair, post, SERVER_NAME, token, type Post, type Reply } from './fixtures.ts';

const open: Listener[] = [];
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close(0);
});

/** Knows the tokens of two namespaces; the one called broken breaks the review. */
async function review(given: string): Promise<TokenVerdict> {
  const name = Buffer.from(given.split('.')[1] ?? '', 'base64url').toString();
  if (name === 'broken') throw new Error('connection refused');
  if (name === 'alice') return { authenticated: true, username: 'alice' };
  if (name !== 'shop' && name !== 'bank') return { authenticated: false, error: 'token expired' };
  const extra = { 'authentication.kubernetes.io/pod-name': [`${name}-pod`] };
  return { authenticated: true, username: `system:serviceaccount:${name}:default`, extra };
}

async function start(more: Partial<HeartbeatServerOptions> = {}) {
  const pair = makePair();
  const beats: HeartbeatInput[] = [];
  const answers: number[] = [];
  const listener = await startHeartbeatServer({
    address: '127.0.0.1:0',
    clock: realClock(),
    certificates: handOut(pair),
    reviewToken: review,
    leader: () => ({ self: true }),
    known: (namespace, service) => `${namespace}/${service}` === 'shop/cart',
    record: (beat) => beats.push(beat),
    onAnswer: ({ status }) => answers.push(status),
    ...more,
  });
  open.push(listener);
  const { port } = listener.address;
  const ca = more.certificates?.current()?.ca ?? pair.ca;
  const send = (how: Partial<Post> = {}): Promise<Reply> => post({ port, ca, ...how });
  return { port, ca, beats, answers, listener, send };
}

const bearer = (name: string) => ({ authorization: `Bearer ${token(name)}` });

describe('heartbeat endpoint', () => {
  it('accepts a heartbeat of the own namespace; the sender is the pod that the API server names', async () => {
    const { send, beats, answers } = await start();
    expect(await send({ body: '{"cpu":0.5,"error_rate":0.01}' })).toMatchObject({ status: 202 });
    expect(beats).toEqual([
      { namespace: 'shop', service: 'cart', sender: 'shop-pod', values: { cpu: 0.5, error_rate: 0.01 } },
    ]);
    expect(answers).toEqual([202]);
  });

  it('takes the sender and the moment from the body', async () => {
    const { send, beats } = await start();
    const timestamp = new Date().toISOString();
    await send({ body: JSON.stringify({ memory: 0.5, source: 'main', timestamp }) });
    expect(beats).toMatchObject([{ sender: 'main', timestamp: Date.parse(timestamp) }]);
  });

  it('a forged namespace: 403 that names both', async () => {
    const { send, beats } = await start();
    const reply = await send({ headers: bearer('bank') });
    expect(reply.status).toBe(403);
    expect(reply.text).toBe(
      'system:serviceaccount:bank:default may send heartbeats for its own namespace only, not for shop\n',
    );
    expect((await send({ headers: bearer('alice') })).status).toBe(403);
    expect(beats).toEqual([]);
  });

  it('no token, a bad one, or another scheme: 401', async () => {
    const { send } = await start();
    for (const authorization of ['', 'Basic YTpi', 'Bearer', 'Bearer nonsense', `Bearer ${token('stranger')}`]) {
      const reply = await send({ headers: { authorization } });
      expect(reply.status).toBe(401);
      expect(reply.headers['www-authenticate']).toBe('Bearer');
    }
  });

  it('a namespace that is the beginning of another one is not that one', async () => {
    const { send } = await start();
    expect((await send({ path: '/v1/namespaces/sho/services/cart/heartbeat' })).status).toBe(403);
    expect((await send({ path: '/v1/namespaces/shop:x/services/cart/heartbeat' })).status).toBe(404);
    expect((await send({ path: '/v1/namespaces/shop%2f/services/cart/heartbeat' })).status).toBe(404);
    expect((await send({ path: '/v1/namespaces/shop/../bank/services/cart/heartbeat' })).status).toBe(404);
  });

  it('the API server down: 503 with Retry-After, and nothing is accepted', async () => {
    const { send, beats } = await start();
    const reply = await send({ headers: bearer('broken') });
    expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(reply.text).toContain('connection refused');
    expect(beats).toEqual([]);
  });

  it('future timestamps: 400 that names the key, what was given and what is allowed', async () => {
    const { send } = await start();
    const timestamp = new Date(Date.now() + 3_600_000).toISOString();
    const reply = await send({ body: JSON.stringify({ cpu: 0.5, timestamp }) });
    expect(reply.status).toBe(400);
    expect(reply.text).toContain(`timestamp: "${timestamp}" is not allowed here`);
    expect(reply.text).toContain('30 s ahead');
  });

  it.each(['', 'null', '{"cpu":"high"}', '{"cpu":'])('the body %j: 400', async (body) => {
    const { send } = await start();
    expect((await send({ body })).status).toBe(400);
  });

  it('a 1 MB body: 413, without keeping it, and the next request is served', async () => {
    const { send, beats } = await start();
    const reply = await send({ body: `{"cpu":0.5,"source":"${'x'.repeat(1024 * 1024)}"}` });
    expect(reply).toMatchObject({ status: 413, text: 'a heartbeat has at most 65536 bytes\n' });
    expect(beats).toEqual([]);
    expect((await send()).status).toBe(202);
  });

  it('a body that is announced as far too large is not read at all', async () => {
    const { port, ca } = await start();
    const socket = await opened(port, ca);
    socket.write(`${head('content-length: 99999999')}{"cpu"`);
    expect(await received(socket)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('a sender that asks before it sends is told 413 at once, or to go on', async () => {
    const { send } = await start();
    const expecting = { expect: '100-continue' };
    expect(await send({ headers: expecting, body: 'x'.repeat(200_000) })).toMatchObject({ status: 413 });
    expect(await send({ headers: expecting })).toMatchObject({ status: 202 });
  });

  it('a body without end in chunks: 413 and the connection is closed', async () => {
    const { port, ca } = await start();
    const socket = await opened(port, ca);
    socket.write(head('transfer-encoding: chunked'));
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const pump = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', pump);
    pump();
    expect(await received(socket)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('a service that nobody looks after: 404', async () => {
    const { send } = await start();
    const reply = await send({ path: '/v1/namespaces/shop/services/unknown/heartbeat' });
    expect(reply).toMatchObject({ status: 404, text: 'there is no OrchestratedService shop/unknown\n' });
  });

  it('other paths: 404, other methods: 405', async () => {
    const { send } = await start();
    expect((await send({ path: '/' })).status).toBe(404);
    expect((await send({ path: '/v1/namespaces/shop/services/cart/heartbeat/' })).status).toBe(404);
    expect((await send({ method: 'GET', body: '' })).status).toBe(405);
  });

  it('a sender that drips its headers or its body, or never begins TLS, is cut off', async () => {
    const { port, ca } = await start();
    const headers = await opened(port, ca);
    const body = await opened(port, ca);
    const silent = connectPlain(port, '127.0.0.1').resume();
    const silenced = new Promise((resolve) => silent.once('close', resolve));
    const whole = head('content-length: 5000');
    body.write(whole);
    let sent = 0;
    const drip = setInterval(() => {
      if (headers.writable) headers.write(whole.charAt((sent += 1) % 20));
      if (body.writable) body.write('x');
    }, 100);
    const [fromHeaders, fromBody] = await Promise.all([received(headers), received(body)]);
    clearInterval(drip);
    await silenced;
    expect(fromHeaders).toMatch(/^(HTTP\/1\.1 (408|400) |$)/);
    expect(fromBody).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  it('serves more senders that keep their connections than there may be connections, in each round', async () => {
    const { port, ca } = await start({ maxConnections: 8 });
    const agents = Array.from({ length: 12 }, () => new Agent({ keepAlive: true }));
    for (let round = 0; round < 3; round += 1) {
      for (const agent of agents) expect(await post({ port, ca, agent })).toMatchObject({ status: 202 });
    }
    const kept = agents.filter((agent) => Object.keys(agent.freeSockets).length > 0);
    expect(kept).toHaveLength(4);
    for (const agent of agents) agent.destroy();
  });

  it('closes with the grace although somebody connected and says nothing', async () => {
    const { port, listener } = await start();
    const silent = connectPlain(port, '127.0.0.1').resume();
    await new Promise((resolve) => silent.once('connect', resolve));
    const gone = new Promise((resolve) => silent.once('close', resolve));
    await expect(Promise.all([listener.close(100), gone])).resolves.toBeDefined();
  });

  it('does not speak plain text, nor with who does not trust it', async () => {
    const { port } = await start();
    await expect(post({ port, ca: makePair().ca })).rejects.toThrow(/certificate|unable to verify/i);
  });

  it('uses a new certificate without a restart; before the first one handshakes fail', async () => {
    const certificates = handOut(undefined);
    const { port } = await start({ certificates });
    const [first, second] = [makePair(), makePair()];
    await expect(post({ port, ca: first.ca })).rejects.toThrow(/handshake|alert|ECONNRESET/i);
    certificates.replace(first);
    expect(await post({ port, ca: first.ca })).toMatchObject({ status: 202 });
    certificates.replace(second);
    expect(await post({ port, ca: second.ca })).toMatchObject({ status: 202 });
    await expect(post({ port, ca: first.ca })).rejects.toThrow(/certificate|unable to verify/i);
  });
});

describe('replicas that do not lead', () => {
  it('pass heartbeats on to the leader, which checks again, and give its answer back', async () => {
    const certificates = handOut(makePair());
    let reviews = 0;
    const counted = (given: string) => {
      reviews += 1;
      return review(given);
    };
    const leader = await start({ certificates, reviewToken: counted });
    const follower = await start({
      certificates,
      leader: () => ({ self: false, address: `127.0.0.1:${leader.port}` }),
      known: () => false,
    });
    expect(await follower.send({ body: '{"cpu":0.7}' })).toMatchObject({ status: 202, text: 'accepted\n' });
    expect(leader.beats).toMatchObject([{ sender: 'shop-pod', values: { cpu: 0.7 } }]);
    expect(follower.beats).toEqual([]);
    expect(reviews).toBe(1);
    expect(await follower.send({ body: '{"cpu":7}' })).toMatchObject({ status: 400 });
    expect(await follower.send({ path: '/v1/namespaces/shop/services/other/heartbeat' })).toMatchObject({
      status: 404,
    });
  });

  it('refuse strangers themselves', async () => {
    const certificates = handOut(makePair());
    const leader = await start({ certificates });
    const follower = await start({
      certificates,
      leader: () => ({ self: false, address: `127.0.0.1:${leader.port}` }),
    });
    expect((await follower.send({ headers: bearer('stranger') })).status).toBe(401);
    expect(leader.answers).toEqual([]);
  });

  it('say 503 with Retry-After when nobody leads', async () => {
    const { send } = await start({ leader: () => undefined });
    expect(await send()).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      text: 'no replica leads just now\n',
    });
  });

  it('say 503 when the leader cannot be reached', async () => {
    const gone = await start();
    await open.pop()?.close(0);
    const { send } = await start({ leader: () => ({ self: false, address: `127.0.0.1:${gone.port}` }) });
    expect(await send()).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  });

  it('do not give a token to somebody who only holds the address of the leader', async () => {
    let seen = 0;
    const impostor = await start({
      reviewToken: async () => {
        seen += 1;
        return { authenticated: false };
      },
    });
    const { send } = await start({ leader: () => ({ self: false, address: `127.0.0.1:${impostor.port}` }) });
    const reply = await send();
    expect(reply.status).toBe(503);
    expect(reply.text).toContain('cannot be reached');
    expect(seen).toBe(0);
  });

  it('that take each other for the leader do not pass on for ever', async () => {
    const certificates = handOut(makePair());
    const ports: number[] = [];
    const one = await start({ certificates, leader: () => ({ self: false, address: `127.0.0.1:${ports[1]}` }) });
    const two = await start({ certificates, leader: () => ({ self: false, address: `127.0.0.1:${ports[0]}` }) });
    ports.push(one.port, two.port);
    expect(await one.send()).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(one.answers.length + two.answers.length).toBe(2);
  });

  it('verify the leader with the new authority after it was replaced', async () => {
    const certificates = handOut(makePair());
    const leader = await start({ certificates });
    const follower = await start({
      certificates,
      leader: () => ({ self: false, address: `127.0.0.1:${leader.port}` }),
    });
    const next = makePair();
    certificates.replace(next);
    expect(await follower.send({ ca: next.ca })).toMatchObject({ status: 202 });
  });
});

function opened(port: number, ca: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: SERVER_NAME }, () => resolve(socket));
    socket.on('error', reject);
  });
}

function head(header: string): string {
  const line = 'POST /v1/namespaces/shop/services/cart/heartbeat HTTP/1.1';
  return `${line}\r\nhost: baton\r\nauthorization: Bearer ${token('shop')}\r\n${header}\r\n\r\n`;
}

/** All that comes until the other end closes. */
function received(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (data: string) => (text += data));
    socket.on('close', () => resolve(text));
  });
}
