import { readdir, readFile } from 'node:fs/promises';
import { parseAllDocuments, stringify } from 'yaml';

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}

const NAMESPACE = 'baton-system';

/** Arguments of Helm that render what deploy/ is made of: the defaults, without the CRDs, which are copied as they are. */
export const TEMPLATE_ARGUMENTS =
  `template baton charts/baton --namespace ${NAMESPACE} --kube-version 1.36 --set crds.install=false`.split(' ');

/**
 * The files of deploy/, by path, from what Helm rendered: the chart is the one source, and people without Helm get the same
 * objects from `kubectl apply -k`. What only Helm understands is left out.
 */
export async function deployFiles(rendered: string): Promise<Map<string, string>> {
  const objects = parseObjects(rendered).map(withoutHelm);
  const files = new Map<string, string>();
  const crds = (await readdir('crds')).sort();
  for (const file of crds) files.set(`deploy/crds/${file}`, await readFile(`crds/${file}`, 'utf8'));
  const settings = objects.find((object) => object.kind === 'ConfigMap') as unknown as { data: Record<string, string> };
  files.set('deploy/config.yaml', settings.data['config.yaml'] ?? '');
  const roles = objects.filter((object) => object.apiVersion.startsWith('rbac.'));
  const rest = objects.filter((object) => object.kind !== 'ConfigMap' && !roles.includes(object));
  files.set('deploy/rbac.yaml', text(roles));
  files.set('deploy/operator.yaml', text([namespace, ...rest]));
  files.set('deploy/kustomization.yaml', `${HEADER}${stringify(kustomization(crds), { lineWidth: 0 })}`);
  return files;
}

export function parseObjects(yaml: string): KubernetesObject[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
}

const HEADER = `# kubectl apply -k deploy/ installs Baton as charts/baton does with its defaults; npm run generate makes these files from it.
# Your own image, namespace or settings: a kustomization of yours with this folder (or its address in git) under resources.
# kubectl delete -k removes the CRDs too, and with them every OrchestratedService.
`;

const text = (objects: KubernetesObject[]): string =>
  `# Made from charts/baton by npm run generate; edit that instead.\n${objects.map((object) => stringify(object, { lineWidth: 0 })).join('---\n')}`;

const namespace: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: NAMESPACE,
    labels: {
      'app.kubernetes.io/name': 'baton',
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/warn': 'restricted',
    },
  },
};

const kustomization = (crds: readonly string[]) => ({
  apiVersion: 'kustomize.config.k8s.io/v1beta1',
  kind: 'Kustomization',
  resources: [...crds.map((file) => `crds/${file}`), 'rbac.yaml', 'operator.yaml'],
  // Its name carries a hash of its content, so that a change restarts the pods.
  configMapGenerator: [{ name: 'baton-config', namespace: NAMESPACE, files: ['config.yaml'] }],
});

const HELM_ONLY = /^(helm\.sh\/|app\.kubernetes\.io\/(managed-by|instance)$|checksum\/)/;

/** Labels and annotations by which Helm knows its own go, at any depth; selectors keep working, as they lose the same ones. */
function withoutHelm<T>(node: T): T {
  if (Array.isArray(node)) return node.map(withoutHelm) as T;
  if (typeof node !== 'object' || node === null) return node;
  const kept = Object.entries(node).filter(([key]) => !HELM_ONLY.test(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutHelm(value as unknown)])) as T;
}
