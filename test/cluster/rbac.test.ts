import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type KubernetesObject, parseObjects } from '../../hack/generate/deploy.ts';
import type { OrchestratedService } from '../../src/api/kinds.ts';
import {
  apiServer,
  apply,
  applyCrds,
  get,
  helm,
  known,
  kubectl,
  unique,
  writeTokenKubeconfig,
} from './packaging/cluster.ts';
import { Operator } from './packaging/operator.ts';
import { Witness } from './packaging/witness.ts';
import { accountOf, type Access, inForce } from './support/access.ts';
import { Api } from './support/api.ts';
import { eventually } from './support/eventually.ts';

// The operator as its own ServiceAccount, with nothing but what the chart grants it.

const api = new Api();
let id: string;
let home: string;
let shop: string;
let dir: string;
let operator: Operator | undefined;
let witness: Witness;
let granted: KubernetesObject[];

const name = () => `baton-${id}`;
const plural = () => `widgets.w${id}.example.dev`;

beforeAll(applyCrds);

beforeEach(async () => {
  id = unique();
  home = `rbac-${id}`;
  shop = `rbac-${id}-shop`;
  granted = [];
  dir = await mkdtemp(join(tmpdir(), 'rbac-'));
  const { server, ca } = await apiServer();
  witness = await Witness.before(server, ca);
  for (const namespace of [home, shop]) await kubectl('create', 'namespace', namespace);
});

afterEach(async () => {
  await operator?.stop();
  operator = undefined;
  await witness.close();
  for (const object of granted.filter(({ kind }) => /^(ClusterRole|ValidatingAdmissionPolicy)/.test(kind))) {
    await kubectl('delete', object.kind, object.metadata.name, '--ignore-not-found');
  }
  await kubectl('delete', 'clusterrole', `${name()}-widgets`, '--ignore-not-found');
  await kubectl('delete', 'crd', plural(), '--ignore-not-found');
  await kubectl('delete', 'namespace', home, shop, '--wait=false');
  await rm(dir, { recursive: true, force: true });
});

/** Applies what the chart grants and starts the operator with a token of its ServiceAccount and the chart's settings. */
async function start(...values: string[]): Promise<Operator> {
  // Held in these namespaces only: others make workflows beside this test.
  const held = `admissionPolicies.namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name=${shop}`;
  const set = [`fullnameOverride=${name()}`, 'crds.install=false', held, ...values].flatMap((value) => [
    '--set',
    value,
  ]);
  granted = parseObjects(
    await helm('template', name(), 'charts/baton', '--namespace', home, '--kube-version', '1.36', ...set),
  );
  await apply(...granted.filter(({ kind }) => kind !== 'Deployment'));
  for (const access of rightsIn(granted)) await inForce(api, accountOf(home, name()), access);
  return run();
}

interface Bound extends KubernetesObject {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly name: string }[];
}
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** One of the rights by each binding of the operator: the API server hears of roles and bindings one by one, and of each as a whole. */
const rightsIn = (objects: readonly KubernetesObject[]): Access[] =>
  objects
    .filter(({ kind }) => /^(Cluster)?RoleBinding$/.test(kind))
    .map((binding) => binding as Bound)
    .filter(({ subjects }) => subjects.some((subject) => subject.name === name()))
    .flatMap(({ metadata, roleRef }) => {
      const role = objects.find((object) => object.kind === roleRef.kind && object.metadata.name === roleRef.name);
      // Where others fill in the rules, there are none yet.
      const rules = (role?.['rules'] ?? []) as readonly Rule[];
      const rule = rules.find(({ resourceNames }) => resourceNames === undefined);
      if (rule === undefined) return [];
      const { apiGroups, resources, verbs } = rule;
      return [
        {
          namespace: metadata.namespace ?? '',
          verb: verbs[0] ?? '',
          group: apiGroups[0] ?? '',
          resource: resources[0] ?? '',
        },
      ];
    });

const may = (verb: string, resource: string, namespace: string): Promise<boolean> =>
  kubectl('auth', 'can-i', verb, resource, '--namespace', namespace, '--as', accountOf(home, name())).then(
    () => true,
    () => false,
  );

async function run(): Promise<Operator> {
  const kubeconfig = join(dir, 'kubeconfig');
  const token = (await kubectl('create', 'token', name(), '--namespace', home)).trim();
  await writeTokenKubeconfig(kubeconfig, witness.url, token);
  const settings = granted.find(({ kind }) => kind === 'ConfigMap') as unknown as { data: Record<string, string> };
  await writeFile(join(dir, 'config.yaml'), settings.data['config.yaml'] ?? '');
  operator = await Operator.start(kubeconfig, join(dir, 'config.yaml'), home);
  return operator;
}

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: {
    // Only a node that is played takes it, where there is a real one too.
    tolerations: [{ operator: 'Exists' }],
    containers: [{ name: 'main', image: 'example/none', resources: { limits: { cpu: '1', memory: '64Mi' } } }],
  },
});
const workload = (kind: string, app: string) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: app, namespace: shop },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app } },
    template: template(app),
    ...(kind === 'StatefulSet' && { serviceName: app }),
  },
});
const osvc = (apiVersion: string, kind: string, app: string, more: object = {}) => ({
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'OrchestratedService',
  metadata: { name: app, namespace: shop },
  spec: { targetRef: { apiVersion, kind, name: app }, ...more },
});
const status = (app: string) => get<OrchestratedService>('osvc', app, '--namespace', shop);
const settled = (app: string, health: string) =>
  eventually(
    `${app} ${health}`,
    60,
    () => status(app),
    (seen) => seen.status?.health === health,
  );

const services = () => [
  workload('Deployment', 'web'),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: shop },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  },
  osvc('apps/v1', 'Deployment', 'web', {
    dependsOn: [{ name: 'db' }],
    health: {
      checks: [
        { name: 'port', tcp: { target: 'Service', port: 80, timeout: '100ms' }, weight: 1 },
        { name: 'memory', resource: { name: 'memory' }, thresholds: { warning: 0.7, degraded: 0.8, critical: 0.9 } },
        { name: 'beat', heartbeat: { metric: 'cpu' }, thresholds: { warning: 0.7, degraded: 0.8, critical: 0.9 } },
      ],
    },
  }),
  workload('StatefulSet', 'db'),
  osvc('apps/v1', 'StatefulSet', 'db'),
];

const widgets = () => [
  {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: plural() },
    spec: {
      group: `w${id}.example.dev`,
      scope: 'Namespaced',
      names: { kind: 'Widget', plural: 'widgets' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          subresources: {
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
        },
      ],
    },
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: `${name()}-widgets`, labels: { 'baton.dev/aggregate-to-operator': 'true' } },
    rules: [
      { apiGroups: [`w${id}.example.dev`], resources: ['widgets'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [`w${id}.example.dev`], resources: ['widgets/scale'], verbs: ['get', 'update'] },
    ],
  },
];

/** A heartbeat for web, as its namespace's default ServiceAccount, over TLS with the published authority. */
async function beat(by: Operator): Promise<number | undefined> {
  const token = (await kubectl('create', 'token', 'default', '--namespace', shop)).trim();
  const ca = (await get<{ data: Record<string, string> }>('configmap', `${name()}-ca`, '-n', home)).data['ca.crt'];
  const path = `/v1/namespaces/${shop}/services/web/heartbeat`;
  const target = {
    host: '127.0.0.1',
    port: by.heartbeatPort,
    servername: `${name()}.${home}.svc`,
    ca,
    path,
    method: 'POST',
  };
  return new Promise((resolve, reject) => {
    const sent = request({ ...target, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on('error', reject).end('{"cpu": 0.3}');
  });
}

const accepts = (by: Operator) =>
  eventually(
    'a heartbeat is accepted',
    60,
    () => beat(by).catch((error: Error) => error.message),
    (code) => code === 202,
  );

/** What is below minReplicas is raised without a metric: each kind of writer, and a Widget through its scale. */
async function scales(widget: { apiVersion: string; kind: string }): Promise<void> {
  const metrics = [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
  ];
  const scaling = { minReplicas: 2, maxReplicas: 3, metrics };
  const writer = { type: 'HorizontalPodAutoscaler', name: 'moved' };
  const autoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'moved', namespace: shop },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'moved' }, maxReplicas: 9 },
  };
  const large = {
    ...widget,
    metadata: { name: 'large', namespace: shop },
    spec: { replicas: 5 },
    status: { selector: 'app=large' },
  };
  await apply(
    large,
    osvc(widget.apiVersion, widget.kind, 'large', { scaling }),
    workload('Deployment', 'grown'),
    osvc('apps/v1', 'Deployment', 'grown', { scaling }),
    workload('Deployment', 'moved'),
    autoscaler,
    osvc('apps/v1', 'Deployment', 'moved', { scaling: { ...scaling, writer } }),
  );
  const reaches = (kind: string, app: string, replicas: number) =>
    eventually(
      `${kind} ${app} at ${replicas}`,
      60,
      () => get<{ spec: { replicas?: number; maxReplicas?: number } }>(kind, app, '--namespace', shop),
      ({ spec }) => (spec.replicas ?? spec.maxReplicas) === replicas,
    );
  await reaches('deployment', 'grown', 2);
  await reaches('horizontalpodautoscaler', 'moved', 3);
  await reaches(plural(), 'large', 3);
}

/** A service that nobody wrote comes with the label, is changed with the template, and goes with the label. */
async function discovers(): Promise<void> {
  const rule = (priority: string) => ({ name: 'labelled', template: { spec: { priority } } });
  const policy = (rules: object[] | null) =>
    kubectl(
      'patch',
      'orchestration',
      'default',
      '--type=merge',
      '--patch',
      JSON.stringify({ spec: { discovery: rules && { rules } } }),
    );
  const found = async () =>
    (await get<{ items: OrchestratedService[] }>('osvc', '--namespace', shop)).items.find(
      ({ metadata }) => metadata.name === 'found',
    );
  await policy([rule('Low')]);
  await apply(workload('Deployment', 'found'));
  await kubectl('label', 'deployment/found', 'baton.dev/discover=true', '--namespace', shop);
  await eventually('it is discovered', 60, found, (seen) => seen?.spec.priority === 'Low');
  await policy([rule('High')]);
  await eventually('it is revised', 60, found, (seen) => seen?.spec.priority === 'High');
  await kubectl('label', 'deployment/found', 'baton.dev/discover-', '--namespace', shop);
  await eventually('it is gone', 60, found, (seen) => seen === undefined);
  await policy(null);
}

describe('the permissions of the chart', () => {
  it('are enough for everything that the operator does', async () => {
    await kubectl('delete', 'orchestration', 'default', '--ignore-not-found');
    await apply(...widgets());
    const first = await start();
    const aggregated = () => get<{ rules?: { apiGroups: string[] }[] }>('clusterrole', `${name()}-other-kinds`);
    await eventually('the aggregated rules', 30, aggregated, ({ rules }) =>
      Boolean(rules?.some(({ apiGroups }) => apiGroups.includes(`w${id}.example.dev`))),
    );
    await kubectl('wait', '--for=create', 'orchestration/default', '--timeout=180s');
    const widget = {
      apiVersion: `w${id}.example.dev/v1`,
      kind: 'Widget',
      metadata: { name: 'gear', namespace: shop },
      spec: { replicas: 0 },
      status: { replicas: 0, selector: 'app=gear' },
    };
    const widgetsHere = { namespace: shop, verb: 'list', group: `w${id}.example.dev`, resource: 'widgets' };
    await inForce(api, accountOf(home, name()), widgetsHere);
    await known(plural());
    await apply(...services(), widget, osvc(`w${id}.example.dev/v1`, 'Widget', 'gear'));
    await Promise.all([settled('web', 'Healthy'), settled('db', 'Healthy'), settled('gear', 'Healthy')]);
    await scales(widget);
    await discovers();
    await accepts(first);
    await kubectl(
      'patch',
      'orchestration',
      'default',
      '--type=merge',
      '--patch',
      '{"spec":{"metricSources":{"resourceMetrics":{"interval":"31s"}}}}',
    );
    await events('default', 'involvedObject.name=default,reason=PolicyChanged');
    await kubectl('scale', 'deployment/web', '--replicas=0', '--namespace', shop);
    await eventually(
      'no replicas',
      60,
      () => status('web'),
      (seen) => seen.status?.replicas?.desired === 0,
    );
    await events(shop, 'involvedObject.name=web');
    expect(witness.denied).toEqual([]);
    await first.stop();
    // The next one finds a lease, a certificate that is no good and an authority that is not the one: all must be replaced.
    await kubectl(
      'patch',
      'secret',
      `${name()}-tls`,
      '-n',
      home,
      '--type=merge',
      '--patch',
      '{"data":{"tls.crt":"eA=="}}',
    );
    await kubectl(
      'patch',
      'configmap',
      `${name()}-ca`,
      '-n',
      home,
      '--type=merge',
      '--patch',
      '{"data":{"ca.crt":"x"}}',
    );
    const second = await run();
    await accepts(second);
    expect(witness.denied).toEqual([]);
  });

  it('are enough in one namespace when only that is watched', async () => {
    await start(`config.namespace=${shop}`);
    await apply(...services());
    await Promise.all([settled('web', 'Healthy'), settled('db', 'Healthy')]);
    expect(witness.denied).toEqual([]);
  });

  it('are each needed: without one, requests are forbidden and the condition says which', async () => {
    const watching = await start();
    expect(witness.denied).toEqual([]);
    await watching.stop();
    const role = granted.find(
      (object) => object.kind === 'ClusterRole' && object.metadata.name === `${name()}-workloads`,
    );
    const rules = (role?.['rules'] as { resources: string[] }[] | undefined)?.map((rule) => ({
      ...rule,
      resources: rule.resources.filter((resource) => resource !== 'statefulsets'),
    }));
    await apply({ ...role, rules });
    const taken = { namespace: shop, verb: 'list', group: 'apps', resource: 'statefulsets' };
    await inForce(api, accountOf(home, name()), taken, false);
    await run();
    await apply(...services());
    const seen = await eventually(
      'Forbidden on db',
      60,
      () => status('db'),
      ({ status: s }) => s?.conditions?.some(({ reason }) => reason === 'Forbidden') ?? false,
    );
    expect(seen.status?.conditions?.find(({ reason }) => reason === 'Forbidden')?.message).toMatch(
      /list|get|watch.*statefulsets/,
    );
    expect(witness.denied.filter((refused) => !refused.includes('statefulsets'))).toEqual([]);
    expect(witness.denied.length).toBeGreaterThan(0);
    await eventually(
      'web has a level',
      60,
      () => status('web'),
      ({ status: s }) => s?.health !== undefined && s.health !== 'Unknown',
    );
  });

  it('allow nothing beyond', async () => {
    await start();
    expect(await may('list', 'pods', shop)).toBe(true);
    const beyond: [string, string, string][] = [
      ['get', 'secrets', shop],
      ['list', 'secrets', home],
      ['get', 'secret/other', home],
      ['create', 'deployments', shop],
      ['update', 'deployments', shop],
      ['delete', 'deployments', shop],
      ['create', 'horizontalpodautoscalers', shop],
      ['delete', 'horizontalpodautoscalers', shop],
      ['update', 'deployments.apps/scale', shop],
      ['delete', 'pods', shop],
      ['create', 'pods/exec', shop],
      ['update', 'orchestratedservices.baton.dev', shop],
      ['patch', 'orchestrations.baton.dev', shop],
      ['update', 'lease/other', home],
      ['impersonate', 'users', home],
    ];
    for (const [verb, resource, namespace] of beyond) {
      expect([verb, resource, await may(verb, resource, namespace)]).toEqual([verb, resource, false]);
    }
  });
});

const events = (namespace: string, selector: string) =>
  eventually(
    `an Event ${selector}`,
    30,
    () => get<{ items: object[] }>('events', '--namespace', namespace, '--field-selector', selector),
    ({ items }) => items.length > 0,
  );
