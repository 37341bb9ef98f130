import { busybox, image } from './bed.ts';

/** Real workloads for the real node: all of them meet the restricted profile that their namespace enforces. */

const POD_SECURITY = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  fsGroup: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
};
const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
};

interface Container {
  command: string[];
  image?: string;
  startupProbe?: object;
  readinessProbe?: object;
  livenessProbe?: object;
  resources?: object;
}

/** Where the file is not there it fails at once; no answer at all is that of a machine that stands still. */
const probe = (path: string, failureThreshold = 1) => ({
  httpGet: { path, port: 8080 },
  periodSeconds: 1,
  failureThreshold,
  timeoutSeconds: 30,
});

/** Serves /www; its probes ask for files there, which are made at each start and taken away by the tests. Nobody ends it before it listens. */
const server = (): Container => ({
  command: ['sh', '-c', 'touch /www/ready /www/alive; exec httpd -f -p 8080 -h /www'],
  startupProbe: probe('/alive', 120),
  readinessProbe: probe('/ready'),
  livenessProbe: probe('/alive'),
});

export const namespace = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
});

function podTemplate(name: string, container: Container) {
  return {
    metadata: { labels: { 'app.kubernetes.io/name': name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      securityContext: POD_SECURITY,
      containers: [
        {
          name: 'main',
          image: busybox,
          imagePullPolicy: 'IfNotPresent',
          securityContext: CONTAINER_SECURITY,
          volumeMounts: [{ name: 'www', mountPath: '/www' }],
          ...container,
        },
      ],
      volumes: [{ name: 'www', emptyDir: {} }],
    },
  };
}

const workload = (kind: string, name: string, replicas: number, container: Container, more: object = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace: 'shop' },
  spec: {
    replicas,
    selector: { matchLabels: { 'app.kubernetes.io/name': name } },
    template: podTemplate(name, container),
    ...more,
  },
});

const osvc = (kind: string, name: string, more: object = {}) => ({
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'OrchestratedService',
  metadata: { name, namespace: 'shop' },
  spec: { targetRef: { apiVersion: 'apps/v1', kind, name }, ...more },
});

// It waits for a file, then doubles a string until the kernel ends it.
const EAT =
  'httpd -p 8080 -h /www; touch /www/ready /www/alive; until [ -e /www/eat ]; do sleep 0.2; done; rm /www/eat; x=0123456789; while :; do x=$x$x; done';

const heartbeat = {
  name: 'latency',
  heartbeat: { metric: 'response_time_seconds' },
  thresholds: { warning: 1, degraded: 5, critical: 60 },
  staleAfter: '1h',
};

export const shop = [
  workload('Deployment', 'web', 2, server()),
  osvc('Deployment', 'web', {
    dependsOn: [{ name: 'db' }],
    health: {
      checks: [{ name: 'page', http: { port: 8080, path: '/alive', timeout: '1s' }, interval: '1s', critical: true }],
      hysteresis: { rise: '2s' },
    },
  }),
  workload('StatefulSet', 'db', 1, server(), { serviceName: 'db' }),
  osvc('StatefulSet', 'db', { priority: 'Critical', health: { hysteresis: { rise: '2s' } } }),
  workload('Deployment', 'cart', 1, server()),
  osvc('Deployment', 'cart', { health: { checks: [heartbeat], hysteresis: { rise: '1s' } } }),
  workload('Deployment', 'hungry', 1, {
    command: ['sh', '-c', EAT],
    readinessProbe: probe('/ready'),
    resources: { limits: { memory: '24Mi' } },
  }),
  osvc('Deployment', 'hungry'),
  // Without a probe it would be ready whenever the kubelet sees it before it ends.
  workload(
    'Deployment',
    'crashing',
    1,
    { command: ['sh', '-c', 'exit 3'], readinessProbe: probe('/ready') },
    { progressDeadlineSeconds: 15 },
  ),
  osvc('Deployment', 'crashing'),
  workload(
    'Deployment',
    'no-image',
    1,
    { ...server(), image: 'localhost:1/absent:1' },
    { progressDeadlineSeconds: 15 },
  ),
  osvc('Deployment', 'no-image'),
];

/** A pod that posts heartbeats when told to, with the token of its own ServiceAccount. */
export const poster = (inNamespace: string) => [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'poster', namespace: inNamespace } },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'poster', namespace: inNamespace },
    spec: {
      serviceAccountName: 'poster',
      terminationGracePeriodSeconds: 1,
      securityContext: POD_SECURITY,
      containers: [
        {
          name: 'main',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['/usr/local/bin/node', '-e', 'setInterval(() => {}, 1e6)'],
          securityContext: CONTAINER_SECURITY,
        },
      ],
    },
  },
];

/** The pod of a Job. */
export const jobTemplate = (shell: string) => {
  const { spec } = podTemplate('job', { command: ['sh', '-c', shell] });
  return { spec: { ...spec, restartPolicy: 'Never' } };
};

/** A ServiceAccount of the shop that may run Jobs and scale, and Baton's permission to act as it. */
export const account = (name: string) => {
  const rbac = 'rbac.authorization.k8s.io';
  const metadata = { name, namespace: 'shop' };
  const baton = { kind: 'ServiceAccount', name: 'baton', namespace: 'baton-system' };
  const bind = (to: object, binding: string, subject: object) => ({
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: { name: binding, namespace: 'shop' },
    roleRef: { apiGroup: rbac, ...to },
    subjects: [subject],
  });
  const rules = [
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'delete'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] },
  ];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules },
    bind({ kind: 'Role', name }, name, { kind: 'ServiceAccount', name, namespace: 'shop' }),
    bind({ kind: 'ClusterRole', name: 'baton-impersonator' }, 'baton-impersonator', baton),
  ];
};
