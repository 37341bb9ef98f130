import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../../hack/cluster/ports.ts';
import type { DestinationPolicy } from '../../../src/sources/api.ts';
import type { Target } from '../../../src/sources/contract.ts';
import { createHttpCheck } from '../../../src/sources/http-check.ts';
import type { HttpQuery } from '../../../src/sources/queries.ts';
import { makeCertificate } from '../../../src/server/x509.ts';
import { createTcpCheck } from '../../../src/sources/tcp-check.ts';
import { realClock } from './clock.ts';
import { describeSource } from './contract.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const loopback: DestinationPolicy = { allowed: ['Loopback'], apiServer: [] };

async function listening(server: Server): Promise<{ port: number; stop: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  closers.push(stop);
  return { port: (server.address() as AddressInfo).port, stop };
}

const web = (handler: RequestListener) => listening(createServer(handler));
const pod = (port: number | undefined, name = 'pod a'): Target => ({ name, host: '127.0.0.1', port });
const http = createHttpCheck({ clock: realClock(), destinations: () => loopback, version: '1.2.3' });

function get(targets: readonly Target[], more: Partial<HttpQuery> = {}, source = http) {
  const query: HttpQuery = { targets, port: 'http', scheme: 'HTTP', path: '/', timeoutMs: 30_000, ...more };
  return source.read(query, new AbortController().signal);
}

/** A port that nobody listens on. */
const closedPort = async (): Promise<number> => (await freePorts(1))[0] as number;

describeSource('http-check', async () => {
  const clock = realClock();
  const server = createServer((request, response) => (request.url === '/slow' ? undefined : void response.end('ok')));
  const { port, stop } = await listening(server);
  closers.splice(0);
  const query: HttpQuery = { targets: [pod(port)], port, scheme: 'HTTP', path: '/', timeoutMs: 60_000 };
  return {
    source: createHttpCheck({ clock, destinations: () => loopback, version: '0' }),
    good: query,
    none: { ...query, targets: [] },
    slow: { ...query, path: '/slow' },
    timers: () => clock.pending(),
    breakBackend: stop,
    close: async () => {},
  };
});

describeSource('tcp-check', async () => {
  const clock = realClock();
  const { port, stop } = await listening(createTcpServer());
  closers.splice(0);
  return {
    source: createTcpCheck({ clock, destinations: () => loopback }),
    good: { targets: [pod(port)], port, timeoutMs: 30_000 },
    none: { targets: [pod(undefined)], port: 'http', timeoutMs: 30_000 },
    timers: () => clock.pending(),
    breakBackend: stop,
    close: async () => {},
  };
});

describe('http check', () => {
  it.each([200, 204, 301, 302, 304, 399])('a status %d passes', async (status) => {
    const { port } = await web((_, response) => void response.writeHead(status).end());
    expect(await get([pod(port)])).toMatchObject({ kind: 'verdict', passed: true });
  });

  it.each([400, 404, 418, 500, 503])('a status %d fails and is named', async (status) => {
    const { port } = await web((_, response) => void response.writeHead(status).end());
    expect(await get([pod(port)])).toMatchObject({ kind: 'verdict', passed: false, evidence: `pod a: ${status}` });
  });

  it('says who asks, for what, and closes the connection', async () => {
    let seen: unknown;
    const { port } = await web(({ method, url, headers }, response) => {
      seen = { method, url, host: headers.host, agent: headers['user-agent'], connection: headers.connection };
      response.end();
    });
    await get([pod(port)], { path: '/healthz?a=1&b=%20' });
    const host = `127.0.0.1:${port}`;
    expect(seen).toEqual({
      method: 'GET',
      url: '/healthz?a=1&b=%20',
      host,
      agent: 'baton-check/1.2.3',
      connection: 'close',
    });
  });

  it('a port where nobody listens fails', async () => {
    const reading = await get([pod(await closedPort())]);
    expect(reading).toMatchObject({ kind: 'verdict', passed: false });
    expect(reading.evidence).toContain('ECONNREFUSED');
  });

  it('a named port that the pod does not have: PortNotFound', async () => {
    const reading = await get([pod(undefined)], { port: 'web' });
    expect(reading).toMatchObject({ kind: 'missing', reason: 'PortNotFound', evidence: 'pod a has no port web' });
  });

  it('an answer that never comes fails at the timeout', async () => {
    const { port } = await web(() => {});
    const reading = await get([pod(port)], { timeoutMs: 150 });
    expect(reading).toMatchObject({ passed: false, evidence: 'pod a: no complete answer within 150 ms' });
  });

  it('an answer that drips without end fails at the timeout', async () => {
    const { port } = await web((_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('.'), 10);
      response.on('close', () => clearInterval(timer));
    });
    expect(await get([pod(port)], { timeoutMs: 200 })).toMatchObject({ passed: false });
  });

  it('headers that drip without end fail at the timeout', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      const timer = setInterval(() => socket.write('H'), 10);
      socket.on('close', () => clearInterval(timer));
    });
    const { port } = await listening(server);
    expect(await get([pod(port)], { timeoutMs: 200 })).toMatchObject({ passed: false });
  });

  it('a fast answer without end is cut after 10 KiB, passes, and the connection is closed', async () => {
    let isClosed = false;
    let sent = 0;
    const { port } = await web((_, response) => {
      response.on('close', () => (isClosed = true));
      const more = (): void => {
        while (!response.closed) {
          sent += 4096;
          if (!response.write('x'.repeat(4096))) return void response.once('drain', more);
        }
      };
      more();
    });
    expect(await get([pod(port)])).toMatchObject({ passed: true });
    await expect.poll(() => isClosed).toBe(true);
    expect(sent).toBeLessThan(20 * 1024 * 1024);
  });

  it('headers of more than 16 KiB fail', async () => {
    const { port } = await web((_, response) => void response.writeHead(200, { big: 'x'.repeat(20_000) }).end());
    expect(await get([pod(port)])).toMatchObject({ passed: false });
  });

  it('something that speaks no HTTP fails', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.end('SSH-2.0-OpenSSH\r\n');
    });
    const { port } = await listening(server);
    expect(await get([pod(port)])).toMatchObject({ kind: 'verdict', passed: false });
  });

  it('a connection that closes without an answer fails', async () => {
    const server = createTcpServer((socket) => void socket.destroy());
    const { port } = await listening(server);
    expect(await get([pod(port)])).toMatchObject({ kind: 'verdict', passed: false });
  });

  it('an answer 101 that nobody asked for fails', async () => {
    const { port } = await listening(
      createTcpServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => socket.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'));
      }),
    );
    expect(await get([pod(port)])).toMatchObject({ kind: 'verdict', passed: false });
  });

  it('HTTPS is not verified', async () => {
    const [notBefore, notAfter] = [Date.now() - 60_000, Date.now() + 60_000];
    const own = makeCertificate({ commonName: 'other', names: [], notBefore, notAfter, issuer: undefined });
    const server = createTlsServer({ key: own.key, cert: own.certificate }, (_, response) => void response.end());
    const { port } = await listening(server);
    expect(await get([pod(port)], { scheme: 'HTTPS' })).toMatchObject({ passed: true });
  });

  describe('redirects', () => {
    it('to the same host are followed, also to another port', async () => {
      const { port: end } = await web((_, response) => void response.writeHead(500).end());
      const { port } = await web((_, response) => {
        response.writeHead(302, { location: `http://127.0.0.1:${end}/there` }).end();
      });
      expect(await get([pod(port)])).toMatchObject({ passed: false, evidence: 'pod a: 500' });
    });

    it('to another host are not followed and pass', async () => {
      const { port } = await web((_, response) => {
        response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
      });
      const reading = await get([pod(port)]);
      expect(reading).toMatchObject({ kind: 'verdict', passed: true });
      expect(reading.evidence).toContain('a redirect to 169.254.169.254 that is not followed');
    });

    it('in a circle fail after five', async () => {
      let asked = 0;
      const { port } = await web((_, response) => {
        asked += 1;
        response.writeHead(302, { location: '/again' }).end();
      });
      expect(await get([pod(port)])).toMatchObject({ passed: false, evidence: 'pod a: more than 5 redirects' });
      expect(asked).toBe(6);
    });

    it('to the API server on the same host are not followed: DestinationNotAllowed', async () => {
      let reached = false;
      const { port: barred } = await web((_, response) => {
        reached = true;
        response.end();
      });
      const { port } = await web((_, response) => {
        response.writeHead(307, { location: `http://127.0.0.1:${barred}/` }).end();
      });
      const destinations = (): DestinationPolicy => ({ ...loopback, apiServer: [{ host: '127.0.0.1', port: barred }] });
      const source = createHttpCheck({ clock: realClock(), destinations, version: '0' });
      expect(await get([pod(port)], {}, source)).toMatchObject({ kind: 'missing', reason: 'DestinationNotAllowed' });
      expect(reached).toBe(false);
    });

    it('to something that is no http address pass unfollowed', async () => {
      const { port } = await web(
        (_, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      );
      expect(await get([pod(port)])).toMatchObject({ passed: true });
    });

    it('share one timeout', async () => {
      const { port } = await web((_, response) => {
        setTimeout(() => response.writeHead(302, { location: '/again' }).end(), 150);
      });
      expect(await get([pod(port)], { timeoutMs: 200 })).toMatchObject({
        evidence: 'pod a: no complete answer within 200 ms',
      });
    });
  });

  describe('several targets', () => {
    it('pass when all pass; at most ten are asked at once', async () => {
      const targetCount = 35;
      const open: ServerResponse[] = [];
      let answered = 0;
      let most = 0;
      const answerAll = (): void => {
        most = Math.max(most, open.length);
        answered += open.length;
        for (const response of open.splice(0)) response.end();
      };
      const { port } = await web((_, response) => {
        open.push(response);
        // None is answered before ten are asked, and then there is time for one more.
        if (open.length === Math.min(10, targetCount - answered)) setTimeout(answerAll, 10);
      });
      const targets = Array.from({ length: targetCount }, (_, index) => pod(port, `pod ${index}`));
      const reading = await get(targets);
      expect(reading).toMatchObject({ passed: true });
      expect(reading.evidence).toContain('all 35 pass');
      expect(most).toBe(10);
    });

    it('fail when one fails, and it is named', async () => {
      const { port: good } = await web((_, response) => void response.end());
      const { port: bad } = await web((_, response) => void response.writeHead(503).end());
      const reading = await get([pod(good, 'pod a'), pod(bad, 'pod b'), pod(undefined, 'pod c')]);
      expect(reading).toMatchObject({ kind: 'verdict', passed: false, evidence: '1 of 3 fail; pod b: 503' });
    });

    it('are missing when one could not be asked and the others pass', async () => {
      const { port } = await web((_, response) => void response.end());
      expect(await get([pod(port), pod(undefined)])).toMatchObject({ kind: 'missing', reason: 'PortNotFound' });
    });

    it('none: NoTargets', async () => expect(await get([])).toMatchObject({ kind: 'missing', reason: 'NoTargets' }));
  });

  it('does not reach what the policy bars, and does after the policy changed', async () => {
    let asked = 0;
    const { port } = await web((_, response) => {
      asked += 1;
      response.end();
    });
    let policy: DestinationPolicy = { allowed: [], apiServer: [] };
    const source = createHttpCheck({ clock: realClock(), destinations: () => policy, version: '0' });
    const reading = await get([pod(port)], {}, source);
    expect(reading).toMatchObject({ reason: 'DestinationNotAllowed', evidence: 'pod a: 127.0.0.1 is loopback' });
    expect(asked).toBe(0);
    policy = loopback;
    expect(await get([pod(port)], {}, source)).toMatchObject({ passed: true });
  });

  it('a host that does not resolve fails', async () => {
    const reading = await get([{ name: 'Service a', host: 'nowhere.invalid', port: 80 }]);
    expect(reading).toMatchObject({ kind: 'verdict', passed: false });
  });
});

describe('tcp check', () => {
  const tcp = createTcpCheck({ clock: realClock(), destinations: () => loopback });
  const open = (targets: readonly Target[], timeoutMs = 30_000) =>
    tcp.read({ targets, port: 'db', timeoutMs }, new AbortController().signal);

  it('passes when the connection opens', async () => {
    const { port } = await listening(createTcpServer());
    expect(await open([pod(port)])).toMatchObject({ kind: 'verdict', passed: true });
  });

  it('fails where nobody listens', async () =>
    expect(await open([pod(await closedPort())])).toMatchObject({ kind: 'verdict', passed: false }));

  it('fails at the timeout where nothing answers', async () => {
    // 192.0.2.0/24 is TEST-NET-1: no such host; some networks refuse at once, which fails too.
    const reading = await open([{ name: 'pod a', host: '192.0.2.1', port: 9 }], 200);
    expect(reading).toMatchObject({ kind: 'verdict', passed: false });
  });

  it('does not reach link-local addresses', async () =>
    expect(await open([{ name: 'pod a', host: '169.254.169.254', port: 80 }])).toMatchObject({
      kind: 'missing',
      reason: 'DestinationNotAllowed',
    }));
});
