import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { apiServer, kubectl, writeTokenKubeconfig } from '../packaging/cluster.ts';
import { accountOf, inForce } from '../support/access.ts';
import { unique } from '../support/api.ts';
import { accept, Bed, conditionOf } from './support/bed.ts';
import { osvc, workload } from './support/objects.ts';
import { Operator } from './support/process.ts';
import { Widgets } from './support/widgets.ts';

let bed: Bed;
let dir: string;
let kubeconfig: string;

const RULES = [
  { apiGroups: [''], resources: ['pods', 'services'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['apps'], resources: ['deployments', 'replicasets'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['baton.dev'], resources: ['orchestratedservices'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['baton.dev'], resources: ['orchestratedservices/status'], verbs: ['update'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'list', 'watch', 'create', 'update'] },
];
const statefulSets = (verbs: string[]) => ({ apiGroups: ['apps'], resources: ['statefulsets'], verbs });

const ROLES = () => `/apis/rbac.authorization.k8s.io/v1/namespaces/${bed.namespace}`;
/** What some of these tests take away. */
const TAKEN = ['statefulsets', 'replicasets'];
const grant = async (rules: { resources: string[] }[]): Promise<void> => {
  accept(await bed.api.call('PATCH', `${ROLES()}/roles/baton`, { body: { rules } }));
  for (const resource of TAKEN) {
    const access = { namespace: bed.namespace, verb: 'list', group: 'apps', resource };
    const isGranted = rules.some(({ resources }) => resources.includes(resource));
    await inForce(bed.api, accountOf(bed.namespace, 'baton'), access, isGranted);
  }
};

beforeAll(async () => {
  bed = await Bed.make('op-rbac');
  dir = await mkdtemp(join(tmpdir(), 'op-rbac-'));
  const { namespace, api } = bed;
  const metadata = { name: 'baton' };
  accept(await api.call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { body: { metadata } }));
  accept(await api.call('POST', `${ROLES()}/roles`, { body: { metadata, rules: RULES } }));
  const subjects = [{ kind: 'ServiceAccount', name: 'baton', namespace }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'baton' };
  accept(await api.call('POST', `${ROLES()}/rolebindings`, { body: { metadata, subjects, roleRef } }));
  // The policy concerns all namespaces: reading it needs a cluster-wide grant.
  const rules = [{ apiGroups: ['baton.dev'], resources: ['orchestrations'], verbs: ['get', 'list', 'watch'] }];
  const cluster = '/apis/rbac.authorization.k8s.io/v1';
  accept(await api.call('POST', `${cluster}/clusterroles`, { body: { metadata: { name: namespace }, rules } }));
  const binding = {
    metadata: { name: namespace },
    subjects,
    roleRef: { ...roleRef, kind: 'ClusterRole', name: namespace },
  };
  accept(await api.call('POST', `${cluster}/clusterrolebindings`, { body: binding }));
  const account = accountOf(namespace, 'baton');
  await inForce(api, account, { namespace, verb: 'list', group: '', resource: 'pods' });
  await inForce(api, account, { namespace: '', verb: 'list', group: 'baton.dev', resource: 'orchestrations' });
  const token = (await kubectl('create', 'token', 'baton', '--namespace', namespace)).trim();
  kubeconfig = join(dir, 'kubeconfig');
  await writeTokenKubeconfig(kubeconfig, (await apiServer()).server, token);
});
afterAll(async () => {
  for (const kind of ['clusterroles', 'clusterrolebindings']) {
    await bed.api.call('DELETE', `/apis/rbac.authorization.k8s.io/v1/${kind}/${bed.namespace}`);
  }
  await bed.close();
  await rm(dir, { recursive: true, force: true });
});

describe('without a permission', () => {
  it('the condition says which verb on what, the rest works, and granting it heals without a restart', async () => {
    const operator = bed.own(await Operator.start(bed.flags, 'leading', kubeconfig));
    const targetRef = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' };
    await bed.create(workload('Deployment', 'web'));
    await bed.create(workload('StatefulSet', 'db'));
    await bed.create(osvc('db', { targetRef }));
    await bed.create(osvc('web'));
    await bed.condition(
      'db',
      'Stalled',
      'True',
      'Forbidden',
      /^Baton may not (list|watch) statefulsets\.apps, so nothing is known of StatefulSet db; grant \1 on statefulsets\.apps to the ServiceAccount of Baton$/,
    );
    const db = await bed.service('db');
    expect(conditionOf(db, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'Forbidden' });
    expect(conditionOf(db, 'MetricsAvailable')).toMatchObject({ status: 'False', reason: 'Forbidden' });
    expect(db.status?.health).toBe('Unknown');
    await bed.level('web', 'Healthy');
    expect((await operator.page('probes', '/readyz')).status).toBe(200);
    // What may not be read is not missed.
    expect((await bed.service('web')).status?.recommendations).toBeUndefined();
    const budgets = { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['list', 'watch'] };

    await grant([...RULES, budgets, statefulSets(['get', 'list', 'watch'])]);
    await bed.until('web', 'a recommendation', ({ status }) => status?.recommendations?.length === 1);
    expect(conditionOf(await bed.level('db', 'Healthy'), 'Stalled')).toBeUndefined();
    await bed.told('db', /^Forbidden$/, ['Warning Forbidden', 'Normal Forbidden']);
    await operator.end();
  });

  it('to read ReplicaSets nothing is known of a Deployment, and its last level stands', async () => {
    const [pods, apps, ...others] = RULES;
    const withoutReplicaSets = { ...apps, resources: ['deployments', 'statefulsets'] };
    await grant([pods, withoutReplicaSets, ...others].filter((rule) => rule !== undefined));
    const flags = [...bed.flags, '--lease-name', 'no-replicasets'];
    const operator = bed.own(await Operator.start(flags, 'leading', kubeconfig));
    const words = /^Baton may not (list|watch) replicasets\.apps, so nothing is known of Deployment web/;
    await bed.condition('web', 'Stalled', 'True', 'Forbidden', words);
    expect((await bed.service('web')).status).toMatchObject({
      health: 'Healthy',
      uptime: { state: 'Unknown', down: '0s' },
    });
    await bed.until('db', 'not stalled', (seen) => conditionOf(seen, 'Stalled') === undefined);
    await operator.end();
  });

  it('taken away while it runs the last level stands, and comes back', async () => {
    await grant(RULES);
    // The watch that is open goes on; only a new one is refused. So the operator starts again.
    const again = [...bed.flags, '--lease-name', 'second'];
    const operator = bed.own(await Operator.start(again, 'leading', kubeconfig));
    await bed.condition('db', 'Stalled', 'True', 'Forbidden');
    const { status } = await bed.service('db');
    expect(status).toMatchObject({ health: 'Healthy', confidence: '0%', replicas: { ready: 2, desired: 2 } });
    await grant([...RULES, statefulSets(['get', 'list', 'watch'])]);
    await bed.until('db', 'not stalled', (seen) => conditionOf(seen, 'Stalled') === undefined);
    await operator.end();
  });

  it('to read a kind or its scale, the condition says so, and granting it heals without a restart', async () => {
    const widgets = new Widgets(bed, `${unique('w')}.example.dev`);
    onTestFinished(() => widgets.uninstall());
    await widgets.install(true);
    await widgets.create('gear', 1);
    await bed.create(widgets.pod('gear-0', 'gear'));
    const may = (resource: string, verbs: string[]) => ({ apiGroups: [widgets.group], resources: [resource], verbs });
    const read = may('widgets', ['get', 'list', 'watch']);
    await grant(RULES);
    const operator = bed.own(await Operator.start([...bed.flags, '--lease-name', 'third'], 'leading', kubeconfig));
    await bed.createAll(widgets.osvc('gear'), widgets.osvc('none'));
    await bed.condition(
      'none',
      'Stalled',
      'True',
      'Forbidden',
      new RegExp(`^Baton may not (list|watch) widgets.${widgets.group},`),
    );
    await grant([...RULES, read]);
    await bed.condition('none', 'Stalled', 'True', 'TargetNotFound');
    await bed.until('gear', 'the scale may not be read', (seen) =>
      conditionOf(seen, 'Stalled')?.message?.includes(`Baton may not get widgets.${widgets.group}/scale`),
    );
    await grant([...RULES, read, may('widgets/scale', ['get'])]);
    await bed.healthy('gear');
    await operator.end();
  });
});
