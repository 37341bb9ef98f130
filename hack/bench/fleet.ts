// What both operators look at: Deployments whose pods KWOK plays, and one custom resource of each kind per Deployment.
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { type Api, ApiError, inParallel, type Json, until } from './api.ts';
import { LEASE_NAMESPACE, pathOf, SYSTEMS, type System, userOf } from './systems.ts';

export interface Scale {
  readonly services: number;
  readonly replicas: number;
}

export interface Fleet extends Scale {
  readonly namespace: string;
  /** Names of the services, each with one of its pods. */
  readonly pods: ReadonlyMap<string, string>;
}

const WIDTH = 32;
const CRDS = [
  'crds/orchestratedservices.baton.dev.yaml',
  'crds/orchestrations.baton.dev.yaml',
  'crds/workflows.baton.dev.yaml',
  'crds/workflowtemplates.baton.dev.yaml',
  'crds/scheduledworkflows.baton.dev.yaml',
  'hack/bench/peer/crd.yaml',
];

/** CRDs, the namespace of the leases, and each operator's user with the flow schemas that count its requests. */
export async function prepare(api: Api): Promise<void> {
  for (const file of CRDS) {
    await api.create(
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      parse(await readFile(file, 'utf8')) as Json,
    );
  }
  await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: LEASE_NAMESPACE } });
  for (const system of Object.values(SYSTEMS)) {
    await until(`${system.plural} are served`, 30_000, () =>
      served(api, `/apis/${system.group}/${system.version}/${system.plural}`),
    );
    await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: userOf(system) },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: userOf(system) }],
    });
    for (const schema of flowSchemas(system)) {
      await api.create('/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas', schema);
    }
  }
}

async function served(api: Api, path: string): Promise<boolean> {
  try {
    await api.get(`${path}?limit=1`);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}

/** The kinds of requests that are counted apart. */
export const REQUEST_CLASSES = ['lease', 'status', 'write', 'read'] as const;
export type RequestClass = (typeof REQUEST_CLASSES)[number];

export function flowSchemaName(system: System, requests: RequestClass): string {
  return `${userOf(system)}-${requests}`;
}

/**
 * The API server counts requests by flow schema, so that one schema per operator and class tells in the server's own metrics
 * what each of them asked for. They only count: all are exempt from any limit.
 */
function flowSchemas(system: System): Json[] {
  const writes = ['create', 'update', 'patch', 'delete', 'deletecollection'];
  const rules: Record<RequestClass, Json> = {
    lease: { verbs: ['*'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] },
    status: { verbs: writes, apiGroups: [system.group], resources: system.statuses },
    write: { verbs: writes, apiGroups: ['*'], resources: ['*'] },
    read: { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  };
  return REQUEST_CLASSES.map((requests, index) => ({
    metadata: { name: flowSchemaName(system, requests) },
    spec: {
      priorityLevelConfiguration: { name: 'exempt' },
      matchingPrecedence: 10 + index,
      rules: [
        {
          subjects: subjectsOf(system),
          resourceRules: [{ ...rules[requests], clusterScope: true, namespaces: ['*'] }],
          nonResourceRules: requests === 'read' ? [{ verbs: ['*'], nonResourceURLs: ['*'] }] : [],
        },
      ],
    },
  }));
}

/** The operator, and the accounts as which it does what workflows say. */
const subjectsOf = (system: System): Json[] => [
  { kind: 'User', user: { name: userOf(system) } },
  ...system.actsIn.map((namespace) => ({ kind: 'Group', group: { name: `system:serviceaccounts:${namespace}` } })),
];

/** Creates the fleet and waits until every pod is ready. */
export async function createFleet(api: Api, scale: Scale, log: (line: string) => void): Promise<Fleet> {
  const namespace = `bench-${scale.services}x${scale.replicas}`;
  const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const names = Array.from({ length: scale.services }, (_, index) => `svc-${String(index).padStart(4, '0')}`);
  await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await inParallel(names, WIDTH, async (name) => {
    await api.create(deployments, deployment(name, scale.replicas));
    for (const system of Object.values(SYSTEMS))
      await api.create(pathOf(system, namespace), system.customResource(name));
  });
  let told = 0;
  await until(
    `${scale.services * scale.replicas} pods are ready`,
    600_000,
    async () => {
      const { items } = await api.list(deployments);
      const ready = items.reduce(
        (sum, item) => sum + ((item['status'] as { readyReplicas?: number }).readyReplicas ?? 0),
        0,
      );
      if (ready !== told) log(`${ready} of ${scale.services * scale.replicas} pods ready`);
      told = ready;
      return ready === scale.services * scale.replicas;
    },
    3000,
  );
  const { items } = await api.list(`/api/v1/namespaces/${namespace}/pods`);
  const pods = new Map<string, string>();
  for (const item of items) {
    const metadata = item['metadata'] as { name: string; labels: { app: string } };
    pods.set(metadata.labels.app, metadata.name);
  }
  return { ...scale, namespace, pods };
}

/** Deletes the fleet and waits until nothing of it is left. */
export async function deleteFleet(api: Api, fleet: Fleet): Promise<void> {
  await deleteNamespace(api, fleet.namespace);
}

/** Deletes it and waits until nothing of it is left. */
export async function deleteNamespace(api: Api, name: string): Promise<void> {
  const path = `/api/v1/namespaces/${name}`;
  await api.delete(path);
  await until(`namespace ${name} is gone`, 600_000, async () => !(await served(api, path)), 2000);
}

/** A small web service as people write them. KWOK runs no probes; they are there for the size of the objects. */
export function deployment(name: string, replicas: number, cpu = '10m'): Json {
  const labels = { app: name, 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'bench', tier: 'web' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { type: 'kwok' },
          tolerations: [{ operator: 'Exists' }],
          containers: [
            {
              name: 'web',
              image: 'registry.example/shop/web:1.4.2',
              ports: [{ name: 'http', containerPort: 8080 }],
              env: [
                { name: 'LOG_LEVEL', value: 'info' },
                { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              ],
              resources: { requests: { cpu, memory: '16Mi' }, limits: { cpu: '100m', memory: '64Mi' } },
              readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
              livenessProbe: { httpGet: { path: '/live', port: 'http' }, periodSeconds: 10 },
            },
          ],
        },
      },
    },
  };
}

export async function clearStatuses(api: Api, system: System, fleet: Fleet): Promise<void> {
  await inParallel([...fleet.pods.keys()], WIDTH, async (name) => {
    await api.patch(`${pathOf(system, fleet.namespace, name)}/status`, 'merge', { status: null });
  });
}
