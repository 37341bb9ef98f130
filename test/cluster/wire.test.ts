import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectBudget } from '../../src/controllers/project/budget.ts';
import { PodProjector, type RawPod } from '../../src/controllers/project/pod.ts';
import { projectDeployment, projectReplicaSet, projectStatefulSet } from '../../src/controllers/project/workload.ts';
import { type Codec, JSON_CODEC } from '../../src/kube/codec.ts';
import { Connection } from '../../src/kube/connection.ts';
import { protobufCodec } from '../../src/kube/protobuf/codec.ts';
import { DEPLOYMENT, POD, POD_DISRUPTION_BUDGET, REPLICA_SET, STATEFUL_SET } from '../../src/kube/protobuf/kinds.ts';
import type { Message } from '../../src/kube/protobuf/message.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import type { KubeObject } from '../../src/kube/resource.ts';
import { RestClient } from '../../src/kube/rest.ts';
import type { Projected } from '../../src/runtime/store.ts';
import { Api } from './support/api.ts';
import { eventually } from './support/eventually.ts';

// What is kept of an object must not depend on how it came over the wire: the same list and the same watch, once in JSON and once in
// protobuf, against the real API server.

const rest = new RestClient({
  connection: new Connection({
    kubeconfig: process.env['KUBECONFIG'] || '.cluster/kubeconfig',
    userAgent: 'baton-test',
  }),
});
const api = new Api();
let shop: Awaited<ReturnType<Api['namespace']>>;

const labels = { app: 'cart', 'example.dev/tier': 'front' };
const container = {
  name: 'app',
  image: 'example.dev/cart:1',
  ports: [{ name: 'http', containerPort: 8080 }, { containerPort: 9090 }],
  resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1', memory: '0.5Gi' } },
};
const template = {
  metadata: { labels, annotations: { note: 'größer' } },
  spec: {
    hostNetwork: false,
    initContainers: [
      { name: 'first', image: 'example.dev/first:1', resources: { limits: { cpu: '2' } } },
      {
        name: 'sidecar',
        image: 'example.dev/proxy:1',
        restartPolicy: 'Always',
        ports: [{ name: 'proxy', containerPort: 15001 }],
        resources: { requests: { cpu: '50m', memory: '16Mi' }, limits: { cpu: '250m', memory: '32Mi' } },
      },
    ],
    containers: [
      container,
      { name: 'helper', image: 'example.dev/helper:1', resources: { limits: { cpu: '500m', memory: '32Mi' } } },
    ],
  },
};
const selector = {
  matchLabels: { app: 'cart' },
  matchExpressions: [{ key: 'example.dev/tier', operator: 'In', values: ['front', 'back'] }],
};
const workload = (kind: string, name: string, spec: object) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: { selector, template, ...spec },
});

const projector = new PodProjector(() => Date.now());
const KINDS: readonly [string, string, Message, (raw: never) => Projected, number][] = [
  ['', 'pods', POD, (raw: RawPod) => projector.project(raw), 7],
  ['apps', 'deployments', DEPLOYMENT, projectDeployment, 3],
  ['apps', 'replicasets', REPLICA_SET, projectReplicaSet, 4],
  ['apps', 'statefulsets', STATEFUL_SET, projectStatefulSet, 1],
  ['policy', 'poddisruptionbudgets', POD_DISRUPTION_BUDGET, projectBudget, 3],
];

beforeAll(async () => {
  shop = await api.namespace('wire');
  const create = async (plural: string, body: object) => {
    const answer = await api.call('POST', `/apis/apps/v1/namespaces/${shop.name}/${plural}`, { body });
    expect(answer).toMatchObject({ status: 201 });
  };
  await create('deployments', workload('Deployment', 'cart', { replicas: 2 }));
  await create('deployments', workload('Deployment', 'nothing', { replicas: 0 }));
  const whole = { ...template, spec: { ...template.spec, resources: { requests: { cpu: '3' } } } };
  await create('deployments', workload('Deployment', 'whole', { replicas: 1, template: whole }));
  await create('replicasets', workload('ReplicaSet', 'alone', { replicas: 2 }));
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 1 } };
  await create('statefulsets', workload('StatefulSet', 'ordered', { replicas: 2, updateStrategy, serviceName: 'x' }));
  const budget = async (name: string, spec: object) => {
    const path = `/apis/policy/v1/namespaces/${shop.name}/poddisruptionbudgets`;
    expect(await api.call('POST', path, { body: { metadata: { name }, spec } })).toMatchObject({ status: 201 });
  };
  await budget('all', { selector: {}, minAvailable: '50%' });
  await budget('none', { maxUnavailable: 1 });
  await budget('some', { selector, maxUnavailable: 1 });
  await eventually(
    'seven ready pods',
    60,
    async () =>
      rest.list<RawPod & KubeObject>({ group: '', version: 'v1', plural: 'pods', namespace: shop.name }, JSON_CODEC),
    ({ items }) => items.filter((pod) => projector.project(pod).ready).length === 7,
  );
});

afterAll(async () => {
  await shop?.[Symbol.asyncDispose]();
});

it('tells when a pod began and when it became ready, which scaling goes by', async () => {
  const target = { group: '', version: 'v1', plural: 'pods', namespace: shop.name };
  const { items } = await rest.list(target, protobufCodec(POD));
  for (const pod of items.map((item) => projector.project(item as RawPod))) {
    expect(pod.startedAt).toBeGreaterThanOrEqual(pod.createdAt);
    expect(pod.readyChangedAt).toBeGreaterThanOrEqual(pod.createdAt);
  }
});

it.each(KINDS)('%s/%s is the same in a list', async (group, plural, message, project, objects) => {
  const target = { group, version: 'v1', plural, namespace: shop.name };
  const read = async (codec: Codec<KubeObject>) =>
    (await rest.list(target, codec)).items.map((item) => project(item as never));
  await eventually(
    'two equal lists',
    20,
    async () => [await read(JSON_CODEC), await read(protobufCodec(message))] as const,
    ([json, protobuf]) => {
      // What Deployments without pods make may come last.
      if (protobuf.length !== objects) return false;
      // Another version between the two lists is another object.
      if (JSON.stringify(versions(json)) !== JSON.stringify(versions(protobuf))) return false;
      expect(protobuf).toEqual(json);
      return true;
    },
  );
});

it.each(KINDS)('%s/%s is the same in a watch, with what changes later', async (group, plural, message, project) => {
  const stop = new AbortController();
  const watch = (codec: Codec<KubeObject>) => {
    const reflector = new Reflector({
      rest,
      resource: { group, version: 'v1', plural },
      namespace: shop.name,
      codec,
      project: (raw) => project(raw as never),
      onListenerError: (error) => {
        throw error;
      },
    });
    return { reflector, run: reflector.run(stop.signal) };
  };
  const watches = [watch(JSON_CODEC), watch(protobufCodec(message))] as const;
  await Promise.all(watches.map(({ reflector }) => reflector.whenSettled(AbortSignal.timeout(180_000))));
  const [first] = watches[0].reflector.store.list();
  const body = { metadata: { labels: { changed: 'yes' } } };
  const path = `${group ? `/apis/${group}` : '/api'}/v1/namespaces/${shop.name}/${plural}/${first?.name}`;
  const { status, body: changed } = await api.call('PATCH', path, { body });
  expect(status).toBe(200);
  const { resourceVersion } = changed['metadata'] as { resourceVersion: string };
  await eventually(
    'the change in both',
    20,
    async () => watches.map(({ reflector }) => [...reflector.store.list()]),
    // A controller may have written another version by then.
    ([json = [], protobuf = []]) =>
      JSON.stringify(versions(json)) === JSON.stringify(versions(protobuf)) &&
      protobuf.some((one) => one.name === first?.name && Number(one.resourceVersion) >= Number(resourceVersion)),
  );
  const [json, protobuf] = watches.map(({ reflector }) => sorted([...reflector.store.list()]));
  expect(protobuf).toEqual(json);
  stop.abort();
  await Promise.all(watches.map(({ run }) => run));
});

it('ports and resources of a sidecar and of the pod as a whole come over the wire, of another init container not', async () => {
  const target = { group: '', version: 'v1', plural: 'pods', namespace: shop.name };
  const { items } = await rest.list(target, protobufCodec(POD));
  const facts = items.map((item) => projector.project(item as RawPod).template);
  expect(facts.find(({ podLevel }) => podLevel !== undefined)).toMatchObject({
    podLevel: { requests: { cpu: 3 } },
    requests: { cpu: 3, memory: (64 + 32 + 16) * 2 ** 20 },
  });
  expect(facts.find(({ podLevel }) => podLevel === undefined)).toMatchObject({
    ports: { http: 8080, proxy: 15001 },
    limits: { cpu: 1.75, memory: (512 + 32 + 32) * 2 ** 20 },
    requests: { cpu: 0.65, memory: (64 + 32 + 16) * 2 ** 20 },
  });
});

it('a refusal is told in words also where protobuf was asked for', async () => {
  const target = { group: '', version: 'v1', plural: 'pods', namespace: shop.name };
  const refused = rest.list(target, protobufCodec(POD), { query: { labelSelector: '!!' } });
  await expect(refused).rejects.toMatchObject({
    status: 400,
    reason: 'BadRequest',
    message: expect.stringMatching(/unable to parse/),
  });
});

const sorted = (items: Projected[]): Projected[] => items.toSorted((a, b) => (a.name < b.name ? -1 : 1));
const versions = (items: Projected[]): string[] =>
  sorted(items).map(({ name, resourceVersion }) => `${name}@${resourceVersion}`);
