import { beforeAll, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../hack/generate/deploy.ts';
import { helmBinary } from '../../../hack/generate/helm.ts';
import { EVERYTHING, find, podSpec, render, type Rule } from './rendered.ts';

let defaults: KubernetesObject[];
let everything: KubernetesObject[];
let oneNamespace: KubernetesObject[];

beforeAll(async () => {
  await helmBinary();
  defaults = await render();
  everything = await render(EVERYTHING);
  oneNamespace = await render(['config.namespace="shop"']);
}, 300_000);

const rulesOf = (role: KubernetesObject) => (role['rules'] ?? []) as Rule[];
const roles = (objects: KubernetesObject[]) => objects.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole');
const forPeople = ['baton-view', 'baton-edit', 'baton-approve', 'baton-policy'];
const operatorRules = (objects: KubernetesObject[], kind: string) =>
  roles(objects)
    .filter((role) => role.kind === kind && !forPeople.includes(role.metadata.name))
    .flatMap(rulesOf);
const bindings = (objects: KubernetesObject[]) => objects.filter(({ kind }) => kind.endsWith('RoleBinding'));

describe('the permissions', () => {
  it('hold no wildcard, whatever the options', () => {
    for (const objects of [defaults, everything, oneNamespace]) {
      for (const rule of roles(objects).flatMap(rulesOf)) {
        expect([...rule.apiGroups, ...rule.resources, ...rule.verbs].join()).not.toContain('*');
      }
    }
  });

  it('reach no Secret and no ConfigMap beyond the namespace of the release, and there only by name', () => {
    const core = (rules: Rule[]) => rules.filter(({ resources }) => /secrets|configmaps/.test(resources.join()));
    expect(core(operatorRules(defaults, 'ClusterRole'))).toEqual([]);
    const nameless = core(operatorRules(defaults, 'Role')).filter(({ resourceNames }) => resourceNames?.length !== 1);
    expect(nameless).toEqual([{ apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['create'] }]);
  });

  it('let the operator write nothing of a workload but by the patch that scales or rolls it, and take pods by eviction alone', () => {
    const writes = operatorRules(defaults, 'ClusterRole').flatMap(({ resources, verbs }) =>
      verbs.filter((verb) => !['get', 'list', 'watch'].includes(verb)).map((verb) => `${verb} ${resources.join()}`),
    );
    expect(writes.sort()).toEqual([
      'create events',
      'create orchestratedservices', // by discovery
      'create orchestrations',
      'create pods/eviction',
      'create tokenreviews',
      'create workflows',
      'delete orchestratedservices', // what discovery made
      'delete workflows',
      'impersonate serviceaccounts',
      'patch deployments,statefulsets,replicasets',
      'patch events',
      'patch horizontalpodautoscalers',
      'patch orchestratedservices',
      'patch services',
      'patch workflows',
      'update orchestratedservices/status',
      'update orchestrations/status',
      'update workflows/status,workflowtemplates/status,scheduledworkflows/status',
    ]);
  });

  it('belong to the ServiceAccount that the pod runs as', () => {
    const account = { kind: 'ServiceAccount', name: 'baton', namespace: 'baton-system' };
    expect(podSpec(defaults)['serviceAccountName']).toBe(account.name);
    const publicCa = find(defaults, 'RoleBinding', 'baton-ca');
    for (const binding of bindings(defaults)) {
      expect(binding === publicCa ? [account] : binding['subjects']).toEqual([account]);
      const role = binding['roleRef'] as { kind: string; name: string };
      expect(find(defaults, role.kind, role.name)).toBeDefined();
    }
  });

  it('on workloads end at the namespace when only one is watched', () => {
    const wide = bindings(oneNamespace).filter(({ kind }) => kind === 'ClusterRoleBinding');
    expect(wide.map(({ metadata }) => metadata.name)).toEqual(['baton-cluster']);
    expect(find(oneNamespace, 'RoleBinding', 'baton-workloads').metadata.namespace).toBe('shop');
    expect(oneNamespace.filter(({ metadata }) => metadata.namespace === 'default')).toEqual([]);
  });

  it('on the policy are to read it when only one namespace is watched: the whole is not summed up from a part', () => {
    expect(rulesOf(find(oneNamespace, 'ClusterRole', 'baton-cluster'))).toEqual([
      { apiGroups: ['baton.dev'], resources: ['orchestrations'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    ]);
  });

  it('to act as ServiceAccounts are bound in the namespaces that were named, and nowhere else', async () => {
    const role = (binding: KubernetesObject) => (binding['roleRef'] as { name: string }).name;
    const where = (objects: KubernetesObject[]) =>
      bindings(objects).filter((binding) => role(binding) === 'baton-impersonator');
    expect(where(defaults)).toEqual([]);
    const bound = where(await render(['workflows.impersonate.namespaces=["shop","billing"]']));
    expect(bound.map(({ kind, metadata }) => `${kind} ${metadata.namespace}`)).toEqual([
      'RoleBinding shop',
      'RoleBinding billing',
    ]);
    const others = roles(defaults).filter(({ metadata }) => metadata.name !== 'baton-impersonator');
    expect(JSON.stringify(others)).not.toContain('impersonate');
  });

  it('of an approver are to read workflows and to patch them, which the admission policy holds to decisions', () => {
    expect(rulesOf(find(defaults, 'ClusterRole', 'baton-approve'))).toEqual([
      { apiGroups: ['baton.dev'], resources: ['workflows'], verbs: ['get', 'list', 'watch', 'patch'] },
    ]);
  });

  it('on Secrets and TokenReviews go when nothing needs them', async () => {
    const text = (objects: KubernetesObject[]) => JSON.stringify(roles(objects));
    expect(text(everything)).not.toContain('secrets');
    const off = await render(['heartbeats.enabled=false']);
    expect(text(off)).not.toMatch(/secrets|configmaps|tokenreviews/);
  });

  it('for other kinds come by aggregation, and the rules are left to the API server', () => {
    const role = find(defaults, 'ClusterRole', 'baton-other-kinds');
    expect(role['rules']).toBeUndefined();
    expect(role['aggregationRule']).toEqual({
      clusterRoleSelectors: [{ matchLabels: { 'baton.dev/aggregate-to-operator': 'true' } }],
    });
  });

  it('for people are added to view and edit, never the policy and never a status', async () => {
    const label = (name: string, to: string) =>
      find(defaults, 'ClusterRole', name).metadata.labels?.[`rbac.authorization.k8s.io/aggregate-to-${to}`];
    expect(['view', 'edit', 'admin'].map((to) => label('baton-view', to))).toEqual(['true', 'true', 'true']);
    expect(['view', 'edit', 'admin'].map((to) => label('baton-edit', to))).toEqual([undefined, 'true', 'true']);
    expect(['view', 'edit', 'admin'].map((to) => label('baton-approve', to))).toEqual([undefined, 'true', 'true']);
    expect(['view', 'edit', 'admin'].map((to) => label('baton-policy', to))).toEqual([undefined, undefined, undefined]);
    for (const name of forPeople) {
      expect(JSON.stringify(rulesOf(find(defaults, 'ClusterRole', name)))).not.toContain('status');
    }
    const apart = await render(['rbac.aggregateToDefaultRoles=false']);
    expect(JSON.stringify(roles(apart))).not.toContain('aggregate-to-view');
  });
});
