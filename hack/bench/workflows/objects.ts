// What is carried out: workflows that are over as soon as somebody looks, and workflows that scale.
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { type Api, inParallel, type Json, until } from '../api.ts';
import { deployment } from '../fleet.ts';
import { WORKFLOWS_NAMESPACE as NAMESPACE } from '../systems.ts';

const ACCOUNT = 'runner';
const GROUP = '/apis/baton.dev/v1alpha1';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const WIDTH = 16;

export const WORKFLOWS = `${GROUP}/namespaces/${NAMESPACE}/workflows`;
export const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
/** Steps of each workflow, one after the other. */
const STEPS = 5;

const workflow = (name: string, spec: Json, action: (step: number) => Json): Json => ({
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'Workflow',
  metadata: { name },
  spec: {
    ...spec,
    steps: Array.from({ length: STEPS }, (_, step) => ({
      name: `step-${step}`,
      ...(step > 0 && { dependsOn: [`step-${step - 1}`] }),
      ...action(step),
    })),
  },
});

/** Each step waits for no time at all. */
export const instant = (name: string): Json => workflow(name, {}, () => ({ wait: { duration: '0s' } }));

/** Each step gives a Deployment of the same name one pod more, or takes it away again. */
export const scaling = (name: string): Json =>
  workflow(name, { serviceAccountName: ACCOUNT }, (step) => ({
    scale: { target: { apiVersion: 'apps/v1', kind: 'Deployment', name }, replicas: step % 2 === 0 ? 2 : 1 },
  }));

/** The namespace, the account that scales in it, and the admission policies that the chart installs. */
export async function prepareGround(api: Api): Promise<void> {
  await api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  await api.create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name: ACCOUNT } });
  await api.create(`${RBAC}/namespaces/${NAMESPACE}/roles`, {
    metadata: { name: ACCOUNT },
    rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }],
  });
  await api.create(`${RBAC}/namespaces/${NAMESPACE}/rolebindings`, {
    metadata: { name: ACCOUNT },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: ACCOUNT },
    subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: NAMESPACE }],
  });
  for (const document of parseAllDocuments(await readFile('deploy/operator.yaml', 'utf8'))) {
    const object = document.toJS() as Json;
    const plural = POLICIES.get(String(object['kind']));
    if (plural !== undefined) await api.create(`/apis/admissionregistration.k8s.io/v1/${plural}`, object);
  }
}

const POLICIES = new Map([
  ['ValidatingAdmissionPolicy', 'validatingadmissionpolicies'],
  ['ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'],
]);

/** A Deployment of one pod for each. */
export async function createTargets(api: Api, names: readonly string[]): Promise<void> {
  await inParallel(names, WIDTH, (name) => api.create(DEPLOYMENTS, deployment(name, 1)));
  await until(
    `${names.length} pods are ready`,
    300_000,
    async () => {
      const { items } = await api.list(DEPLOYMENTS);
      return items.every((item) => (item['status'] as { readyReplicas?: number }).readyReplicas === 1);
    },
    1_000,
  );
}

export async function deleteAll(api: Api, path: string): Promise<void> {
  await api.delete(path);
  await until(`nothing is left in ${path}`, 60_000, async () => (await api.list(path)).items.length === 0);
}
