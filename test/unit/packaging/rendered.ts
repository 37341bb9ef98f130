import { parse } from 'yaml';
import { type Settings, settingsSchema } from '../../../src/config/schema.ts';
import { helm } from '../../../hack/generate/helm.ts';
import { type KubernetesObject, parseObjects } from '../../../hack/generate/deploy.ts';

export interface PodSpec {
  securityContext: Record<string, unknown>;
  volumes: { name: string }[];
  containers: {
    name: string;
    image: string;
    args: string[];
    env: { name: string }[];
    ports: { name: string; containerPort: number }[];
    securityContext: Record<string, unknown>;
    resources: { requests: Record<string, string>; limits: Record<string, string> };
    [probe: string]: unknown;
  }[];
  [field: string]: unknown;
}

export interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

/** What the chart makes of these values, as `--set-json` takes them (`path=json`). */
export async function render(values: readonly string[] = []): Promise<KubernetesObject[]> {
  const set = values.flatMap((value) => ['--set-json', value]);
  const common = ['template', 'baton', 'charts/baton', '--namespace', 'baton-system', '--kube-version', '1.36'];
  return parseObjects(await helm(...common, ...set));
}

export function find(objects: readonly KubernetesObject[], kind: string, name = 'baton'): KubernetesObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name} in what was rendered`);
  return found;
}

export const podSpec = (objects: readonly KubernetesObject[]): PodSpec =>
  (find(objects, 'Deployment') as unknown as { spec: { template: { spec: PodSpec } } }).spec.template.spec;

/** Every option that is off by default, on. */
export const EVERYTHING = [
  'replicas=2',
  'serviceMonitor={"enabled":true,"labels":{"release":"prometheus"}}',
  'prometheusRule={"enabled":true,"alertLabels":{"team":"platform"}}',
  'networkPolicy={"enabled":true,"metricsFrom":[{"namespaceSelector":{}}],"heartbeatsFrom":[{"namespaceSelector":{}}],"egress":[{}]}',
  'workflows={"impersonate":{"namespaces":["shop"]}}',
  'admissionPolicies={"namespaceSelector":{"matchLabels":{"team":"shop"}}}',
  'podDisruptionBudget={"enabled":true,"minAvailable":1}',
  'heartbeats.existingSecret="own-tls"',
  'image={"digest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}',
  'imagePullSecrets=[{"name":"registry"}]',
  'config={"logLevel":"debug","workers":8}',
  'extraEnv=[{"name":"NODE_EXTRA_CA_CERTS","value":"/ca/ca.crt"}]',
  'extraVolumes=[{"name":"ca","configMap":{"name":"ca"}}]',
  'extraVolumeMounts=[{"name":"ca","mountPath":"/ca"}]',
  'serviceAccount.annotations={"a":"b"}',
  'service.annotations={"c":"d"}',
  'podAnnotations={"e":"f"}',
  'podLabels={"g":"h"}',
  'commonLabels={"i":"j"}',
  'priorityClassName="system-cluster-critical"',
  'nodeSelector={"kubernetes.io/os":"linux"}',
  'tolerations=[{"operator":"Exists"}]',
  'affinity={"podAntiAffinity":{}}',
  'topologySpreadConstraints=[{"maxSkew":2,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}]',
];

/** The settings that the operator reads from the file that the chart makes. */
export function settingsOf(objects: readonly KubernetesObject[], name = 'baton-config'): Settings {
  const data = find(objects, 'ConfigMap', name)['data'] as Record<string, string>;
  return settingsSchema.parse(parse(data['config.yaml'] ?? ''));
}
