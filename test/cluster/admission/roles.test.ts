import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseObjects } from '../../../hack/generate/deploy.ts';
import { type Access, inForce } from '../support/access.ts';
import { Api, unique } from '../support/api.ts';
import { installCrds } from '../support/crds.ts';
import { pause, schedule, schedulesOf, workflow, workflowsOf } from './workflows.ts';

// People get view, edit or admin of Kubernetes itself, in a namespace or everywhere; Baton's roles are aggregated into those.

const api = new Api();
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ORCHESTRATION = '/apis/baton.dev/v1alpha1/orchestrations/default';
const id = unique('roles');
const roles: string[] = [];
let namespace: Awaited<ReturnType<Api['namespace']>>;
let services: string;
let workflows: string;
let schedules: string;

const create = async (path: string, body: object): Promise<void> => {
  const { status, message } = await api.call('POST', path, { body });
  if (status !== 201) throw new Error(`${path}: ${message}`);
};

const user = (role: string) => `${id}-${role}`;
const subjects = (role: string) => [{ kind: 'User', name: user(role), apiGroup: 'rbac.authorization.k8s.io' }];
const roleRef = (name: string) => ({ kind: 'ClusterRole', name, apiGroup: 'rbac.authorization.k8s.io' });

beforeAll(async () => {
  await installCrds(api);
  namespace = await api.namespace('roles');
  services = `/apis/baton.dev/v1alpha1/namespaces/${namespace.name}/orchestratedservices`;
  workflows = workflowsOf(namespace.name);
  schedules = schedulesOf(namespace.name);
  const shipped = parseObjects(await readFile('deploy/rbac.yaml', 'utf8'));
  // Under names of this test's own, so that nothing of an installed Baton is touched.
  for (const role of shipped.filter(({ metadata }) => /^baton-(view|edit|approve|policy)$/.test(metadata.name))) {
    const metadata = { ...role.metadata, name: `${id}-${role.metadata.name}` };
    await create(`${RBAC}/clusterroles`, { ...role, metadata });
    roles.push(metadata.name);
  }
  for (const role of ['view', 'edit', 'admin']) {
    const body = { metadata: { name: role }, subjects: subjects(role), roleRef: roleRef(role) };
    await create(`${RBAC}/namespaces/${namespace.name}/rolebindings`, body);
    await create(`${RBAC}/clusterrolebindings`, {
      ...body,
      metadata: { name: user(role) },
      subjects: subjects(`all-${role}`),
    });
  }
  const policy = { metadata: { name: user('policy') }, subjects: subjects('policy') };
  await create(`${RBAC}/clusterrolebindings`, { ...policy, roleRef: roleRef(`${id}-baton-policy`) });
  const approvers = { metadata: { name: 'approve' }, subjects: subjects('approve') };
  const bindings = `${RBAC}/namespaces/${namespace.name}/rolebindings`;
  await create(bindings, { ...approvers, roleRef: roleRef(`${id}-baton-approve`) });
  await create(services, service('there'));
  await create(workflows, workflow({ steps: [pause] }, 'there'));
  // Something of each role and binding: the API server hears of them one by one, and of each as a whole.
  const here = { namespace: namespace.name, group: 'baton.dev' };
  const policies = { namespace: '', group: 'baton.dev', resource: 'orchestrations' };
  const granted: readonly [string, Access][] = [
    ...['view', 'edit', 'admin'].map((role): [string, Access] => [
      role,
      { ...here, verb: 'list', resource: 'orchestratedservices' },
    ]),
    ...['edit', 'admin'].map((role): [string, Access] => [
      role,
      { ...here, verb: 'create', resource: 'orchestratedservices' },
    ]),
    ['approve', { ...here, verb: 'patch', resource: 'workflows' }],
    ['all-view', { ...policies, verb: 'get' }],
    ['all-edit', { ...policies, verb: 'get' }],
    ['policy', { ...policies, verb: 'patch' }],
  ];
  for (const [role, access] of granted) await inForce(api, user(role), access);
});

afterAll(async () => {
  for (const role of roles) await api.call('DELETE', `${RBAC}/clusterroles/${role}`);
  for (const role of ['view', 'edit', 'admin', 'policy']) {
    await api.call('DELETE', `${RBAC}/clusterrolebindings/${user(role)}`);
  }
  await namespace[Symbol.asyncDispose]();
});

const service = (name: string) => ({
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'OrchestratedService',
  metadata: { name },
  spec: { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' } },
});

/** What each try comes to; `allowed` stands for any answer but a refusal by RBAC, so also for 404. */
async function verbs(as: Api): Promise<Record<string, boolean>> {
  const dryRun = { query: { dryRun: 'All' } };
  const spec = { body: { spec: {} }, ...dryRun };
  const tries = {
    read: as.call('GET', `${services}/there`),
    list: as.call('GET', services),
    create: as.call('POST', services, { body: service('new'), ...dryRun }),
    patch: as.call('PATCH', `${services}/there`, { body: { spec: { priority: 'High' } }, ...dryRun }),
    delete: as.call('DELETE', `${services}/there`, dryRun),
    writeStatus: as.call('PATCH', `${services}/there/status`, { body: { status: { score: 1 } }, ...dryRun }),
    readWorkflow: as.call('GET', `${workflows}/there`),
    createWorkflow: as.call('POST', workflows, { body: workflow({ steps: [pause] }, 'new'), ...dryRun }),
    patchWorkflow: as.call('PATCH', `${workflows}/there`, { body: { spec: { priority: 1 } }, ...dryRun }),
    deleteWorkflow: as.call('DELETE', `${workflows}/there`, dryRun),
    writeWorkflowStatus: as.call('PATCH', `${workflows}/there/status`, { body: { status: {} }, ...dryRun }),
    createSchedule: as.call('POST', schedules, { body: schedule({}), ...dryRun }),
    readPolicy: as.call('GET', ORCHESTRATION),
    writePolicy: as.call('PATCH', ORCHESTRATION, spec),
  };
  const answers = Object.entries(tries).map(async ([verb, answer]) => [verb, (await answer).status !== 403] as const);
  return Object.fromEntries(await Promise.all(answers));
}

const nothing = {
  read: false,
  list: false,
  create: false,
  patch: false,
  delete: false,
  writeStatus: false,
  readWorkflow: false,
  createWorkflow: false,
  patchWorkflow: false,
  deleteWorkflow: false,
  writeWorkflowStatus: false,
  createSchedule: false,
  readPolicy: false,
  writePolicy: false,
};
const reading = { read: true, list: true, readWorkflow: true };
const writing = {
  create: true,
  patch: true,
  delete: true,
  createWorkflow: true,
  patchWorkflow: true,
  deleteWorkflow: true,
  createSchedule: true,
};

describe('a person with', () => {
  it.each([
    ['no role', 'nobody', nothing],
    ['view in the namespace', 'view', { ...nothing, ...reading }],
    ['edit in the namespace', 'edit', { ...nothing, ...reading, ...writing }],
    ['admin in the namespace', 'admin', { ...nothing, ...reading, ...writing }],
    ['baton-approve in the namespace', 'approve', { ...nothing, readWorkflow: true, patchWorkflow: true }],
    ['view everywhere', 'all-view', { ...nothing, ...reading, readPolicy: true }],
    ['edit everywhere', 'all-edit', { ...nothing, ...reading, ...writing, readPolicy: true }],
    ['baton-policy', 'policy', { ...nothing, readPolicy: true, writePolicy: true }],
  ])('%s may do just that', async (_, role, expected) => {
    expect(await verbs(Api.as(user(role)))).toEqual(expected);
  });
});
