import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { Connection, ConnectionError } from '../../../src/kube/connection.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import { pathOf } from '../../../src/kube/resource.ts';
import { cutOff, FakeApiServer, json, status } from '../../support/fake-api-server.ts';

const CONFIG_MAPS = { group: '', version: 'v1', plural: 'configmaps', namespace: 'shop' };
const ONE = { ...CONFIG_MAPS, name: 'x' };

let server: FakeApiServer;
beforeEach(async () => (server = await new FakeApiServer().start()));
afterEach(() => server.stop());

const failure = async (request: Promise<unknown>): Promise<ApiError> => {
  const error = await request.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw error;
  return error;
};

describe('requests', () => {
  test('go where kind, namespace, name and subresource say, and names cannot leave their place', () => {
    expect(pathOf(ONE)).toBe('/api/v1/namespaces/shop/configmaps/x');
    expect(pathOf({ group: 'apps', version: 'v1', plural: 'deployments', name: '../x?y', subresource: 'scale' })).toBe(
      '/apis/apps/v1/deployments/..%2Fx%3Fy/scale',
    );
  });

  test('are made as somebody else over the same connections, with no group but those that the server adds', async () => {
    server.answers = [json({ ok: true })];
    const rest = server.client({}, { token: 'secret' });
    const other = rest.as('system:serviceaccount:shop:deployer');
    await rest.get(ONE);
    await other.patch(ONE, 'strategic', {});
    await rest.get(ONE);
    expect(server.seen.map(({ headers }) => headers['impersonate-user'])).toEqual([
      undefined,
      'system:serviceaccount:shop:deployer',
      undefined,
    ]);
    expect(server.seen[1]?.headers).toMatchObject({
      authorization: 'Bearer secret',
      'content-type': 'application/strategic-merge-patch+json',
    });
    expect(server.seen[1]?.headers).not.toHaveProperty('impersonate-group');
    expect(server.connections).toBe(1);
  });

  test('carry who we are, and what each kind of patch needs', async () => {
    server.answers = [json({ ok: true })];
    const rest = server.client({}, { token: 'secret' });
    await rest.patch(ONE, 'merge', { data: { a: null } });
    await rest.patch(ONE, 'json', [{ op: 'remove', path: '/data' }]);
    await rest.apply(ONE, { data: {} }, { fieldManager: 'baton', force: true });
    await rest.create(CONFIG_MAPS, { data: {} });
    expect(server.seen.map(({ headers }) => headers['content-type'])).toEqual([
      'application/merge-patch+json',
      'application/json-patch+json',
      'application/apply-patch+yaml',
      'application/json',
    ]);
    expect(server.seen[0]?.headers).toMatchObject({ authorization: 'Bearer secret', 'user-agent': 'baton/test' });
    expect(server.seen[0]?.body).toBe('{"data":{"a":null}}');
    expect(String(server.seen[2]?.query)).toBe('fieldManager=baton&force=true');
  });

  test('hand on the items of a list one by one, and say why there are none', async () => {
    const items = [{ name: 'a' }, { name: 'b' }];
    server.answers = [
      json({ items }),
      status(404, 'NotFound', 'no such API'),
      json({ kind: 'Status' }),
      json({ items: [] }),
    ];
    const rest = server.client();
    const list = async (): Promise<unknown[]> => {
      const found: unknown[] = [];
      const options = { signal: new AbortController().signal, stallMs: 60_000 };
      await rest.items('/apis/metrics.k8s.io/v1beta1/pods', (item) => found.push(item), options);
      return found;
    };
    expect(await list()).toEqual(items);
    expect((await failure(list())).status).toBe(404);
    await expect(list()).rejects.toThrow('no list');
    expect(await list()).toEqual([]);
  });

  test('share connections: one more, at most, than there are requests at a time', async () => {
    server.answers = [json({})];
    const rest = server.client();
    for (let count = 0; count < 20; count += 1) await rest.get(ONE);
    expect(server.connections).toBeLessThanOrEqual(2);
  });
});

describe('errors', () => {
  test('say what the server said', async () => {
    server.answers = [status(409, 'AlreadyExists', 'it is there')];
    const error = await failure(server.client().create(CONFIG_MAPS, {}));
    expect(error).toMatchObject({ status: 409, reason: 'AlreadyExists', retryable: false, conflict: true });
    expect(error.message).toBe('POST /api/v1/namespaces/shop/configmaps: it is there');
  });

  test('of something that is no API server are readable too', async () => {
    server.answers = [(response) => void response.writeHead(404).end('<html>nginx</html>')];
    expect(await failure(server.client().get(ONE))).toMatchObject({ status: 404, reason: 'NotFound' });
    server.answers = [(response) => void response.writeHead(200).end('<html>login</html>')];
    expect(await failure(server.client().get(ONE))).toMatchObject({ status: 0, reason: 'Unreadable' });
  });
});

describe('trying again', () => {
  test('as the server asks: 429 with Retry-After, any method', async () => {
    server.answers = [status(429, 'TooManyRequests', 'slow down', { 'retry-after': '1' }), json({ ok: true })];
    const began = performance.now();
    expect(await server.client().create(CONFIG_MAPS, {})).toEqual({ ok: true });
    expect(performance.now() - began).toBeGreaterThanOrEqual(990);
    expect(server.seen).toHaveLength(2);
  });

  test('what may be sent twice also after 503 and a cut connection', async () => {
    server.answers = [status(503, 'ServiceUnavailable', 'starting'), cutOff, json({ ok: true })];
    expect(await server.client().get(ONE)).toEqual({ ok: true });
    expect(server.seen).toHaveLength(3);
  });

  test('never what may not: a create whose answer was lost', async () => {
    server.answers = [cutOff, json({ ok: true })];
    expect(await failure(server.client().create(CONFIG_MAPS, {}))).toMatchObject({ status: 0, reason: 'Unreachable' });
    expect(server.seen).toHaveLength(1);
  });

  test('not for ever, and not when the wait would pass the deadline', async () => {
    const retries: string[] = [];
    server.answers = [status(503, 'ServiceUnavailable', 'down')];
    const metrics = {
      request: () => undefined,
      duration: () => undefined,
      retry: (code: string) => retries.push(code),
    };
    expect(await failure(server.client({ metrics }).get(ONE, { attempts: 3 }))).toMatchObject({
      status: 503,
      retryable: true,
    });
    expect(retries).toEqual(['503', '503']);
    server.answers = [status(429, 'TooManyRequests', 'later', { 'retry-after': '60' })];
    const began = performance.now();
    expect(await failure(server.client().get(ONE))).toMatchObject({ status: 429, retryAfterMs: 60_000 });
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test('not where one attempt was asked for: an eviction that a budget refuses', async () => {
    server.answers = [status(429, 'TooManyRequests', 'budget', { 'retry-after': '1' })];
    const eviction = { ...ONE, plural: 'pods', subresource: 'eviction' };
    expect(await failure(server.client().create(eviction, {}, { attempts: 1 }))).toMatchObject({ status: 429 });
    expect(server.seen).toHaveLength(1);
  });
});

describe('deadlines', () => {
  test('end a request that gets no answer', async () => {
    server.answers = [() => undefined];
    const error = await failure(server.client().get(ONE, { timeoutMs: 100 }));
    expect(error).toMatchObject({ reason: 'Aborted', message: expect.stringContaining('no answer within 100 ms') });
  });

  test('the caller’s signal ends it as well, also while it waits to try again', async () => {
    server.answers = [status(429, 'TooManyRequests', 'later', { 'retry-after': '60' })];
    const stop = new AbortController();
    const request = server.client().get(ONE, { signal: stop.signal, timeoutMs: 600_000 });
    setTimeout(() => stop.abort(new Error('stopping')), 50);
    const began = performance.now();
    expect(await failure(request)).toMatchObject({ reason: 'Aborted' });
    expect(performance.now() - began).toBeLessThan(30_000);
  });
});

describe('credentials', () => {
  test('a token that was replaced in its file is used at once after a 401', async () => {
    const tokenFile = path.join(server.dir, 'token');
    writeFileSync(tokenFile, 'old\n');
    server.answers = [
      (response, request) =>
        request.headers.authorization === 'Bearer new'
          ? json({ ok: true })(response, request)
          : status(401, 'Unauthorized', 'expired')(response, request),
    ];
    const rest = server.client({}, { tokenFile: 'token' });
    expect(await failure(rest.get(ONE))).toMatchObject({ status: 401 });
    writeFileSync(tokenFile, 'new\n');
    expect(await Promise.all([rest.get(ONE), rest.create(CONFIG_MAPS, {})])).toEqual([{ ok: true }, { ok: true }]);
  });

  test('a kubeconfig that changed is noticed without a 401, a broken one ignored', async () => {
    server.answers = [json({})];
    const kubeconfig = server.kubeconfig({ token: 'one' });
    const connection = new Connection({ kubeconfig, userAgent: 'baton/test', checkEveryMs: 0 });
    const first = await connection.session();
    writeFileSync(kubeconfig, 'users: [');
    expect(await connection.session()).toBe(first);
    server.kubeconfig({ token: 'second' });
    const second = await connection.session();
    expect(second.headers['authorization']).toBe('Bearer second');
    expect(second.agent).toBe(first.agent);
    expect(connection.namespace).toBe('home');
  });

  test('connections are kept while only the token changes and replaced when the CA does', async () => {
    const kubeconfig = server.kubeconfig({}, { 'certificate-authority-data': Buffer.from('one').toString('base64') });
    const connection = new Connection({ kubeconfig, userAgent: 'baton/test', checkEveryMs: 0 });
    const first = await connection.session();
    expect((await connection.session()).agent).toBe(first.agent);
    server.kubeconfig({}, { 'certificate-authority-data': Buffer.from('another').toString('base64') });
    expect((await connection.session()).agent).not.toBe(first.agent);
  });

  test('an exec plugin is asked once, and again after a 401', async () => {
    const script = path.join(server.dir, 'plugin.mjs');
    const counter = path.join(server.dir, 'count');
    writeFileSync(
      script,
      `import { appendFileSync, readFileSync } from 'node:fs';
       appendFileSync(${JSON.stringify(counter)}, 'x');
       const token = 'token-' + readFileSync(${JSON.stringify(counter)}, 'utf8').length;
       console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } }));`,
    );
    server.answers = [json({}), json({}), status(401, 'Unauthorized', 'expired'), json({})];
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: [script] };
    const rest = server.client({}, { exec });
    for (let count = 0; count < 3; count += 1) await rest.get(ONE);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-1',
      'Bearer token-1',
      'Bearer token-2',
    ]);
  });

  test('a context that does not exist is an error at once', () => {
    const options = { kubeconfig: server.kubeconfig(), context: 'nowhere', userAgent: 'baton/test' };
    expect(() => new Connection(options)).toThrow(ConnectionError);
    expect(() => new Connection(options)).toThrow('no context nowhere');
  });

  test.each([
    ['no current context', { 'current-context': '' }, 'no current-context; set one'],
    [
      'a context that is not there',
      { 'current-context': 'other' },
      'the context other of the kubeconfig names no cluster',
    ],
    ['a server that is no URL', { clusters: [{ name: 'c', cluster: { server: 'nowhere' } }] }, 'the context x of'],
  ])('a kubeconfig with %s is an error that says what to do', (_what, change, said) => {
    const file = server.kubeconfig();
    writeFileSync(file, stringify({ ...(parse(readFileSync(file, 'utf8')) as object), ...change }));
    const connect = () => new Connection({ kubeconfig: file, userAgent: 'baton/test' });
    expect(connect).toThrow(ConnectionError);
    expect(connect).toThrow(said);
  });

  test.each([
    ['that is not there', undefined],
    ['that is no YAML', '{['],
  ])('a kubeconfig %s is such an error too', (_what, content) => {
    const kubeconfig = path.join(server.dir, 'broken');
    if (content !== undefined) writeFileSync(kubeconfig, content);
    expect(() => new Connection({ kubeconfig, userAgent: 'baton/test' })).toThrow(ConnectionError);
  });

  test('a pod without a token is told so, and not sent to localhost', () => {
    vi.stubEnv('KUBECONFIG', undefined);
    vi.stubEnv('HOME', server.dir);
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '10.0.0.1');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(() => new Connection({ userAgent: 'baton/test' })).toThrow(/token of a ServiceAccount/);
  });
});
