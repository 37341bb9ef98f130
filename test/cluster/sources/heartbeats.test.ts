import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CertificateStore } from '../../../src/kube/certificate-store.ts';
import { Connection } from '../../../src/kube/connection.ts';
import { RestClient } from '../../../src/kube/rest.ts';
import { reviewToken } from '../../../src/kube/token-review.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { Certificates, HeartbeatServerOptions, Listener } from '../../../src/server/api.ts';
import { startHeartbeatServer } from '../../../src/server/heartbeat-server.ts';
import { sharedCertificates } from '../../../src/server/tls.ts';
import { createHeartbeats } from '../../../src/sources/heartbeats.ts';
import type { HeartbeatQuery } from '../../../src/sources/queries.ts';
import { describeSource } from '../../unit/sources/contract.ts';
import { post, SERVER_NAME } from '../../unit/server/fixtures.ts';
import { Api, unique } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';

const kubeconfig = process.env['KUBECONFIG'] || '.cluster/kubeconfig';

/** One replica of the operator, as far as heartbeats go, with the real API server behind it. */
class Replica {
  readonly heartbeats = createHeartbeats({ clock: systemClock });
  readonly certificates: Certificates;
  readonly #connection = new Connection({ kubeconfig, userAgent: 'baton-test' });
  readonly #life = new AbortController();
  #listener: Listener | undefined;

  constructor(namespace: string) {
    const rest = new RestClient({ connection: this.#connection });
    const store = new CertificateStore({ rest, namespace, secret: 'baton-tls', configMap: 'baton-ca' });
    this.certificates = sharedCertificates({ clock: systemClock, names: [SERVER_NAME], store });
    this.review = (token, signal) => reviewToken(rest, token, 'baton', signal);
  }

  readonly review: HeartbeatServerOptions['reviewToken'];

  get port(): number {
    return this.#listener?.address.port ?? 0;
  }

  async start(leader: HeartbeatServerOptions['leader']): Promise<void> {
    void this.certificates.run(this.#life.signal);
    await eventually(
      'a certificate',
      20,
      async () => this.certificates.problem(),
      (problem) => problem === undefined,
    );
    this.#listener = await startHeartbeatServer({
      address: '127.0.0.1:0',
      clock: systemClock,
      certificates: this.certificates,
      reviewToken: this.review,
      leader,
      known: (_, service) => service === 'cart',
      record: (beat) => this.heartbeats.record(beat),
    });
  }

  async stop(): Promise<void> {
    this.#life.abort();
    await this.#listener?.close(0);
    await this.#connection.close();
  }
}

const api = new Api();
type Namespace = Awaited<ReturnType<Api['namespace']>>;

/** A token of the namespace's default ServiceAccount, bound to the pod where one is named. */
async function tokenOf(namespace: string, spec: { audiences?: string[]; pod?: { name: string; uid: string } }) {
  const { pod, audiences = [] } = spec;
  const boundObjectRef = pod && { apiVersion: 'v1', kind: 'Pod', ...pod };
  const body = { spec: { audiences, expirationSeconds: 600, ...(boundObjectRef && { boundObjectRef }) } };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`;
  const look = () => api.call('POST', path, { body });
  // The controller makes the ServiceAccount a moment after the namespace.
  const answer = await eventually('a token', 20, look, ({ status }) => status === 201);
  return (answer.body['status'] as { token: string }).token;
}

async function createPod(namespace: string, name: string): Promise<{ name: string; uid: string }> {
  const containers = [{ name: 'main', image: 'none.invalid/none' }];
  const answer = await eventually(
    'a pod',
    20,
    () =>
      api.call('POST', `/api/v1/namespaces/${namespace}/pods`, { body: { metadata: { name }, spec: { containers } } }),
    ({ status }) => status === 201,
  );
  return { name, uid: (answer.body['metadata'] as { uid: string }).uid };
}

/** Sends as senders do: where the API server or the leader is slow, the answer is 503, to come again. */
const sent = (beat: Parameters<typeof post>[0]) =>
  eventually(
    'an answer',
    20,
    () => post(beat),
    ({ status }) => status !== 503,
  );

describe('heartbeats through the real TokenReview', () => {
  let shop: Namespace;
  let bank: Namespace;
  let leader: Replica;
  let follower: Replica;

  beforeAll(async () => {
    [shop, bank] = await Promise.all([api.namespace('heartbeats-shop'), api.namespace('heartbeats-bank')]);
    leader = new Replica(shop.name);
    follower = new Replica(shop.name);
    await Promise.all([
      leader.start(() => ({ self: true })),
      follower.start(() => ({ self: false, address: `127.0.0.1:${leader.port}` })),
    ]);
  });
  afterAll(async () => {
    await Promise.all([leader?.stop(), follower?.stop()]);
    await shop?.[Symbol.asyncDispose]();
    await bank?.[Symbol.asyncDispose]();
  });

  const send = (to: Replica, token: string, body: object = { cpu: 0.5 }, namespace = shop.name) =>
    sent({
      port: to.port,
      ca: leader.certificates.current()?.ca ?? '',
      path: `/v1/namespaces/${namespace}/services/cart/heartbeat`,
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
  const read = (metric: 'cpu' | 'memory' = 'cpu') =>
    leader.heartbeats.read(
      { namespace: shop.name, service: 'cart', metric, staleAfterMs: 60_000, worst: 'highest' },
      new AbortController().signal,
    );

  it('two replicas that start together share one certificate, and publish its authority', async () => {
    expect(follower.certificates.current()).toEqual(leader.certificates.current());
    const path = `/api/v1/namespaces/${shop.name}/configmaps/baton-ca`;
    const { body } = await api.call('GET', path);
    expect(body['data']).toEqual({ 'ca.crt': leader.certificates.current()?.ca });
  });

  it('a token for the audience baton is taken, and one for the API server; the sender is the pod', async () => {
    const pod = await createPod(shop.name, unique('cart'));
    const own = await tokenOf(shop.name, { audiences: ['baton'], pod });
    expect(await send(leader, own)).toMatchObject({ status: 202 });
    expect(await read()).toMatchObject({ kind: 'value', value: 0.5, evidence: `cpu 0.5 from ${pod.name}` });
    expect(await send(leader, await tokenOf(shop.name, {}), { memory: 0.25 })).toMatchObject({ status: 202 });
    expect((await read('memory')).evidence).toContain(`system:serviceaccount:${shop.name}:default`);
  });

  it('a replica that does not lead passes on', async () => {
    const token = await tokenOf(shop.name, {});
    expect(await send(follower, token, { cpu: 0.99, source: 'passed-on' })).toMatchObject({ status: 202 });
    expect(await read()).toMatchObject({ value: 0.99 });
  });

  it('a forged namespace: 403, from either replica', async () => {
    const foreign = await tokenOf(bank.name, {});
    expect(await send(leader, foreign)).toMatchObject({ status: 403 });
    expect(await send(follower, foreign)).toMatchObject({ status: 403 });
  });

  it('tokens for another audience, of a pod that is gone, or altered: 401', async () => {
    expect(await send(leader, await tokenOf(shop.name, { audiences: ['somebody-else'] }))).toMatchObject({
      status: 401,
    });
    const pod = await createPod(shop.name, unique('gone'));
    const bound = await tokenOf(shop.name, { pod });
    await api.call('DELETE', `/api/v1/namespaces/${shop.name}/pods/${pod.name}`, {
      query: { gracePeriodSeconds: '0' },
    });
    // The API server looks for the pod in a cache, which is a moment behind.
    const review = async () => (await leader.review(bound, new AbortController().signal)).authenticated;
    await eventually('the token is no good', 30, review, (authenticated) => !authenticated);
    expect(await send(leader, bound)).toMatchObject({ status: 401 });
    const [head, claims, signature = ''] = (await tokenOf(shop.name, {})).split('.');
    const altered = `${head}.${claims}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    expect(await send(leader, altered)).toMatchObject({ status: 401 });
  });
});

describeSource<HeartbeatQuery>('heartbeats, posted with a real token,', async () => {
  const namespace = await api.namespace('heartbeats-source');
  const replica = new Replica(namespace.name);
  await replica.start(() => ({ self: true }));
  const reply = await sent({
    port: replica.port,
    ca: replica.certificates.current()?.ca ?? '',
    path: `/v1/namespaces/${namespace.name}/services/cart/heartbeat`,
    headers: { authorization: `Bearer ${await tokenOf(namespace.name, {})}` },
  });
  if (reply.status !== 202) throw new Error(`${reply.status} ${reply.text}`);
  const good: HeartbeatQuery = {
    namespace: namespace.name,
    service: 'cart',
    metric: 'cpu',
    staleAfterMs: 600_000,
    worst: 'highest',
  };
  return {
    source: replica.heartbeats,
    good,
    none: { ...good, metric: 'memory' },
    breakBackend: () => replica.stop(),
    close: () => namespace[Symbol.asyncDispose](),
  };
});
