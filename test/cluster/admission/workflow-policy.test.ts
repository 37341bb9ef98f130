import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KubernetesObject, parseObjects } from '../../../hack/generate/deploy.ts';
import { type Answer, Api, unique } from '../support/api.ts';
import { installCrds } from '../support/crds.ts';
import { eventually } from '../support/eventually.ts';
import { grow, pause, schedule, schedulesOf, workflow, workflowsOf } from './workflows.ts';

// The policies that the chart brings, in this test's namespace only. Alice and Bob may write workflows; Alice may act as the ServiceAccount ops,
// and nobody here may act as root. Carol and Dave hold the role of approvers and no other.

const id = unique('owf-policy');
const POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const BINDINGS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const admin = new Api();
const alice = Api.as('alice', 'devs');
const bob = Api.as('bob', 'devs');
const carol = Api.as('carol', 'sre', 'oncall');
const dave = Api.as('dave', 'sre');
const robot = Api.as('system:serviceaccount:shop:robot', 'system:serviceaccounts');
const operator = Api.as('system:serviceaccount:baton-system:baton');
const made: string[] = [];
let namespace: Awaited<ReturnType<Api['namespace']>>;
let workflows: string;
let schedules: string;
let services: string;

async function create(path: string, body: object): Promise<void> {
  const { status, message } = await admin.call('POST', path, { body });
  if (status !== 201) throw new Error(`${path}: ${message}`);
}

async function createInCluster(path: string, body: KubernetesObject): Promise<void> {
  await create(path, body);
  made.push(`${path}/${body.metadata.name}`);
}

/** Grants it in the namespace of this test. */
async function grant(name: string, users: string[], rules: object[]): Promise<void> {
  const roles = `${RBAC}/namespaces/${namespace.name}`;
  const subjects = users.map((user) => ({ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }));
  await create(`${roles}/roles`, { metadata: { name }, rules });
  const roleRef = { kind: 'Role', name, apiGroup: 'rbac.authorization.k8s.io' };
  await create(`${roles}/rolebindings`, { metadata: { name }, subjects, roleRef });
}

beforeAll(async () => {
  await installCrds(admin);
  namespace = await admin.namespace('owf-policy');
  workflows = workflowsOf(namespace.name);
  schedules = schedulesOf(namespace.name);
  services = schedules.replace('scheduledworkflows', 'orchestratedservices');
  const shipped = parseObjects(await readFile('deploy/operator.yaml', 'utf8'));
  for (const name of ['baton-workflows', 'baton-schedules', 'baton-healing']) {
    const policy = shipped.find(({ kind, metadata }) => kind === 'ValidatingAdmissionPolicy' && metadata.name === name);
    const binding = shipped.find(
      ({ kind, metadata }) => kind === 'ValidatingAdmissionPolicyBinding' && metadata.name === name,
    );
    const metadata = { name: `${id}-${name}` };
    await createInCluster(POLICIES, { ...(policy as KubernetesObject), metadata });
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace.name } };
    const spec = { ...(binding?.['spec'] as object), policyName: metadata.name, matchResources: { namespaceSelector } };
    await createInCluster(BINDINGS, { ...(binding as KubernetesObject), metadata, spec });
  }
  const roles = parseObjects(await readFile('deploy/rbac.yaml', 'utf8'));
  const approve = roles.find(({ metadata }) => metadata.name === 'baton-approve') as unknown as { rules: object[] };
  await grant('approve', ['carol', 'dave'], approve.rules);
  const kinds = ['workflows', 'scheduledworkflows', 'orchestratedservices'];
  const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete'];
  const writers = ['alice', 'bob', 'system:serviceaccount:shop:robot', 'system:serviceaccount:baton-system:baton'];
  await grant('write', writers, [{ apiGroups: ['baton.dev'], resources: kinds, verbs }]);
  await grant(
    'ops',
    ['alice'],
    [{ apiGroups: [''], resources: ['serviceaccounts'], resourceNames: ['ops'], verbs: ['impersonate'] }],
  );
  const inForce = async () => {
    const refused = [
      await tried(bob, workflows, workflow({ steps: [pause], requestedBy: 'alice', serviceAccountName: undefined })),
      await tried(bob, schedules, schedule({ requestedBy: 'alice' })),
      await tried(bob, services, healing('ops')),
    ];
    // Carol and Alice have their roles by now.
    const granted = [
      await tried(alice, workflows, workflow({ steps: [grow] })),
      await carol.call('PATCH', `${workflows}/none`, { body: {} }),
    ];
    // As long as Bob may write nothing, that is why he is refused.
    const byPolicy = /requestedBy must be who|bob may not act as/;
    return [
      ...refused.map(({ status, message }) => (byPolicy.test(message) ? 'by policy' : status)),
      ...granted.map(({ status }) => status),
    ];
  };
  await eventually(
    'policies and roles are in force',
    60,
    inForce,
    (seen) => seen.join() === 'by policy,by policy,by policy,201,404',
  );
});

afterAll(async () => {
  for (const path of made.toReversed()) await admin.call('DELETE', path);
  await namespace[Symbol.asyncDispose]();
});

const healing = (serviceAccountName: string, more: object = {}) => ({
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'OrchestratedService',
  metadata: { name: unique('checkout') },
  spec: {
    targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' },
    healing: { actions: [{ type: 'Workflow', workflow: { template: 'fix', serviceAccountName } }] },
    ...more,
  },
});

const tried = (as: Api, path: string, body: object): Promise<Answer> =>
  as.call('POST', path, { body, query: { dryRun: 'All' } });
const expectAccepted = (answer: Answer) => expect(answer.message).toBe('');
function expectRefused({ status, message }: Answer, says: string): void {
  expect(message).toContain(says);
  expect(status).toBe(403);
  expect(message).not.toMatch(/evaluation|no such key|expression '/i);
}

/** A workflow of Alice's that is there, in a phase. */
async function there(spec: object, phase?: string): Promise<string> {
  const name = unique('w');
  expectAccepted(await alice.call('POST', workflows, { body: workflow({ requestedBy: 'alice', ...spec }, name) }));
  if (phase !== undefined) {
    expectAccepted(await admin.call('PATCH', `${workflows}/${name}/status`, { body: { status: { phase } } }));
  }
  return name;
}

const change = (as: Api, name: string, body: object): Promise<Answer> =>
  as.call('PATCH', `${workflows}/${name}`, { body });
const decide = (as: Api, name: string, user: string, more: object = {}, step = 'ask'): Promise<Answer> =>
  as.call('PATCH', `${workflows}/${name}`, {
    body: [{ op: 'add', path: '/spec/approvals/-', value: { step, user, decision: 'Approve', ...more } }],
    contentType: 'application/json-patch+json',
  });
const asking = (approval: object = {}) => ({ steps: [{ name: 'ask', approval }, pause] });

describe('who creates a workflow', () => {
  const plain = { steps: [pause], serviceAccountName: undefined };

  it('writes nobody else’s name into it', async () => {
    expectAccepted(await tried(bob, workflows, workflow({ ...plain, requestedBy: 'bob' })));
    expectAccepted(await tried(bob, workflows, workflow(plain)));
    expectRefused(
      await tried(bob, workflows, workflow({ ...plain, requestedBy: 'alice' })),
      'requestedBy must be who creates the workflow: write bob, or leave it out',
    );
    expectRefused(
      await tried(admin, workflows, workflow({ ...plain, requestedBy: 'alice' })),
      'requestedBy must be who',
    );
  });

  it('does not get around it by a generated name, nor without a dry run', async () => {
    const { metadata: _, ...nameless } = workflow({ ...plain, requestedBy: 'alice' });
    const generated = { ...nameless, metadata: { generateName: 'sale-' } };
    expectRefused(await tried(bob, workflows, generated), 'requestedBy must be who');
    expectRefused(await bob.call('POST', workflows, { body: generated }), 'requestedBy must be who');
  });

  it('names an account only that he may act as', async () => {
    expectAccepted(await tried(alice, workflows, workflow({ steps: [grow] })));
    expectRefused(
      await tried(alice, workflows, workflow({ steps: [grow], serviceAccountName: 'root' })),
      'alice may not act as ServiceAccount root: that needs the verb impersonate on serviceaccounts in namespace',
    );
    expectRefused(await tried(bob, workflows, workflow({ steps: [grow] })), 'bob may not act as ServiceAccount ops');
    expectRefused(await tried(bob, workflows, workflow({ templateRef: { name: 'sale' } })), 'bob may not act as');
    expectAccepted(await tried(admin, workflows, workflow({ steps: [grow], serviceAccountName: 'root' })));
  });

  it('makes no child of another workflow, or of a schedule, out of it', async () => {
    const uid = '6b6ba5c2-6c5c-4b0f-9a51-3f7c1a0d7b11';
    const owned = (kind: string, apiVersion = 'baton.dev/v1alpha1') => {
      const body = workflow(plain);
      const ownerReferences = [{ apiVersion, kind, name: 'sale', uid, controller: true }];
      return { ...body, metadata: { ...body.metadata, ownerReferences } };
    };
    const says = 'workflows of other workflows and of schedules are created by Baton and by nobody else';
    expectRefused(await tried(bob, workflows, owned('Workflow')), says);
    expectRefused(await tried(admin, workflows, owned('ScheduledWorkflow')), says);
    expectAccepted(await tried(bob, workflows, owned('ConfigMap', 'v1')));
    const name = await there(plain);
    // One that exists: the garbage collector deletes what an owner is missing of.
    const parent = await alice.call('GET', `${workflows}/${await there(plain)}`);
    const { metadata } = parent.body as unknown as KubernetesObject & { metadata: { uid: string } };
    const owner = { apiVersion: 'baton.dev/v1alpha1', kind: 'Workflow', name: metadata.name, uid: metadata.uid };
    const ownerReferences = [{ ...owner, controller: true }];
    expectRefused(await change(alice, name, { metadata: { ownerReferences } }), says);
    expectAccepted(await change(operator, name, { metadata: { ownerReferences } }));
    expectAccepted(await change(alice, name, { metadata: { labels: { mine: 'yes' } } }));
  });

  it('writes no label or annotation that Baton goes by', async () => {
    const body = workflow(plain);
    const says =
      'labels and annotations of workflows that begin with baton.dev/ are written by Baton and by nobody else';
    for (const part of ['labels', 'annotations']) {
      const marked = { ...body, metadata: { ...body.metadata, [part]: { 'baton.dev/depth': '0' } } };
      expectRefused(await tried(bob, workflows, marked), says);
      const name = await there(plain);
      expectAccepted(await change(operator, name, { metadata: { [part]: { 'baton.dev/depth': '3' } } }));
      expectRefused(await change(alice, name, { metadata: { [part]: { 'baton.dev/depth': '0' } } }), says);
      expectRefused(await change(alice, name, { metadata: { [part]: { 'baton.dev/depth': null } } }), says);
      expectAccepted(await change(alice, name, { metadata: { [part]: { team: 'shop' } } }));
    }
  });

  it('may be Baton itself, for another and as an account that was checked before', async () => {
    const child = workflow({ steps: [grow], requestedBy: 'alice', serviceAccountName: 'root' });
    expectAccepted(await tried(operator, workflows, child));
    expectRefused(await tried(Api.as('system:serviceaccount:shop:baton'), workflows, child), 'forbidden');
  });
});

describe('who changes a workflow that waits', () => {
  it('is who asked for it, and still may act as its account', async () => {
    const name = await there({ steps: [pause] }, 'Queued');
    expectAccepted(await change(alice, name, { spec: { steps: [grow] } }));
    const steps = [{ ...grow, scale: { ...grow.scale, replicas: 0 } }];
    expectRefused(await change(bob, name, { spec: { steps } }), 'bob may not act as ServiceAccount ops');
    expectRefused(await change(admin, name, { spec: { steps } }), 'this workflow is what alice asked for');
    expectAccepted(await change(bob, name, { spec: { suspend: true, cancel: 'Stop', priority: 1 } }));
  });

  it('is not somebody who replaces it whole', async () => {
    const name = await there({ steps: [pause], serviceAccountName: undefined }, 'Pending');
    const { body } = await bob.call('GET', `${workflows}/${name}`);
    const replaced = { ...body, spec: { ...(body['spec'] as object), timeout: '2h' } };
    const put = await bob.call('PUT', `${workflows}/${name}`, { body: replaced });
    expectRefused(put, 'this workflow is what alice asked for; cancel it and create one of your own');
  });

  it('is not somebody who writes by the way of its status', async () => {
    const name = await there({ steps: [pause] }, 'Pending');
    const metadata = { labels: { 'baton.dev/depth': '0' } };
    const body = { metadata, spec: { suspend: true, serviceAccountName: 'root' } };
    expectAccepted(await admin.call('PATCH', `${workflows}/${name}/status`, { body }));
    const seen = await admin.call('GET', `${workflows}/${name}`);
    expect(seen.body['spec']).toMatchObject({ suspend: false, serviceAccountName: 'ops' });
    expect(seen.body['metadata']).not.toHaveProperty('labels');
    expectRefused(await change(alice, `${name}/status`, { status: { phase: 'Running' } }), 'forbidden');
  });

  it('copies no template into it, which Baton does', async () => {
    const name = await there({ templateRef: { name: 'sale' } }, 'Pending');
    const says = 'what comes from the template is copied by Baton and by nobody else';
    expectRefused(await change(alice, name, { spec: { steps: [grow], timeout: '2h' } }), says);
    expectAccepted(await change(operator, name, { spec: { steps: [grow], timeout: '2h' } }));
  });
});

describe('who decides', () => {
  it('decides as himself', async () => {
    const name = await there(asking(), 'Running');
    expectRefused(await decide(carol, name, 'dave'), 'nobody can decide for another: append an entry with user: carol');
    expectRefused(await decide(admin, name, 'dave'), 'nobody can decide for another');
    expectAccepted(await decide(carol, name, 'carol'));
    expectAccepted(await decide(dave, name, 'dave', { decision: 'Reject' }));
  });

  it('names no group that he is not in', async () => {
    const name = await there(asking({ groups: ['sre', 'managers'] }), 'Running');
    expectRefused(
      await decide(carol, name, 'carol', { groups: ['managers'] }),
      'carol is in groups system:authenticated, sre, oncall; remove others from groups',
    );
    expectRefused(await decide(carol, name, 'carol', { groups: ['sre', 'managers'] }), 'remove others from groups');
    expectAccepted(await decide(carol, name, 'carol', { groups: ['sre'] }));
  });

  it('is one of those who may', async () => {
    const says =
      'this step is for others to decide: it names users and groups (write those of yours that may into groups)';
    const name = await there(asking({ users: ['carol'], groups: ['devs'] }), 'Running');
    expectRefused(await decide(dave, name, 'dave', { groups: ['sre'] }), says);
    expectRefused(await decide(bob, name, 'bob'), says);
    expectRefused(await decide(dave, name, 'dave', { decision: 'Reject' }), says);
    expectAccepted(await decide(bob, name, 'bob', { groups: ['devs'] }));
    expectAccepted(await decide(carol, name, 'carol'));
  });

  it('is not who asked for it, where two people are asked for', async () => {
    const name = await there(asking({ required: 2 }), 'Running');
    const own = await decide(alice, name, 'alice');
    expect(own.message).toContain('who asked for the workflow is none of them; let somebody else approve');
    expect(own.status).toBe(422);
    for (const [as, user] of [
      [carol, 'carol'],
      [dave, 'dave'],
    ] as const) {
      expectAccepted(await decide(as, name, user));
    }
    expectAccepted(await decide(alice, await there(asking(), 'Running'), 'alice'));
  });

  it('is a person, unless a ServiceAccount is named', async () => {
    const user = 'system:serviceaccount:shop:robot';
    const says = 'a ServiceAccount decides only where users names it';
    expectRefused(await decide(robot, await there(asking({ required: 2 }), 'Running'), user), says);
    const groups = ['system:serviceaccounts'];
    expectRefused(await decide(robot, await there(asking({ groups }), 'Running'), user, { groups }), says);
    expectAccepted(await decide(robot, await there(asking({ users: [user] }), 'Running'), user));
  });

  it('adds to what others decided, one at a time, also in one list', async () => {
    const name = await there(asking({ required: 2 }), 'Running');
    expectAccepted(await decide(carol, name, 'carol'));
    const list = (users: string[]) => ({
      spec: { approvals: users.map((user) => ({ step: 'ask', user, decision: 'Approve' })) },
    });
    expectRefused(await change(dave, name, list(['carol', 'dave', 'bob'])), 'nobody can decide for another');
    expectAccepted(await change(dave, name, list(['carol', 'dave'])));
  });
});

describe('an approver, who holds that role alone', () => {
  const says = 'carol may append to spec.approvals, and change nothing else: that needs the verb update on workflows';

  it.each<[string, object]>([
    ['steps', { spec: { steps: [...asking().steps, grow] } }],
    ['a parameter', { spec: { parameters: [{ name: 'a', value: 'b' }] } }],
    ['suspend', { spec: { suspend: true } }],
    ['cancel', { spec: { cancel: 'Stop' } }],
    ['priority', { spec: { priority: 1000 } }],
    ['a label', { metadata: { labels: { a: 'b' } } }],
    ['an annotation', { metadata: { annotations: { a: 'b' } } }],
    ['a finalizer', { metadata: { finalizers: ['example.dev/keep'] } }],
    [
      'an owner, with which it would go',
      { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'b' }] } },
    ],
  ])('does not change %s', async (_, body) => {
    const name = await there(asking(), 'Queued');
    expectRefused(await change(carol, name, body), says);
    const approvals = [{ step: 'ask', user: 'carol', decision: 'Approve' }];
    const both = { ...body, spec: { ...('spec' in body && (body.spec as object)), approvals } };
    expectRefused(await change(carol, name, both), says);
  });

  it('creates, replaces and deletes none, and writes no status', async () => {
    const name = await there(asking(), 'Running');
    const { body } = await carol.call('GET', `${workflows}/${name}`);
    expectRefused(await tried(carol, workflows, workflow({ steps: [pause] })), 'cannot create resource "workflows"');
    expectRefused(await carol.call('PUT', `${workflows}/${name}`, { body }), 'cannot update resource "workflows"');
    expectRefused(await carol.call('DELETE', `${workflows}/${name}`), 'cannot delete resource "workflows"');
    expectRefused(await change(carol, `${name}/status`, { status: {} }), 'cannot patch resource "workflows/status"');
  });
});

describe('who writes a schedule', () => {
  const nightly = (spec: object = {}) =>
    schedule({ requestedBy: 'alice', serviceAccountName: 'ops', ...spec }, unique('nightly'));

  it('writes nobody else’s name into it, and an account only that he may act as', async () => {
    expectAccepted(await tried(alice, schedules, nightly()));
    expectRefused(await tried(bob, schedules, nightly()), 'requestedBy must be who creates the schedule: write bob');
    expectRefused(
      await tried(bob, schedules, nightly({ requestedBy: 'bob' })),
      'bob may not act as ServiceAccount ops',
    );
    expectRefused(
      await tried(alice, schedules, nightly({ serviceAccountName: 'root' })),
      'may not act as ServiceAccount root',
    );
  });

  it('changes what it starts only as who asked for it', async () => {
    const body = nightly();
    expectAccepted(await alice.call('POST', schedules, { body }));
    const changed = (as: Api, spec: object) =>
      as.call('PATCH', `${schedules}/${body.metadata.name}`, { body: { spec } });
    for (const spec of [
      { template: 'other' },
      { schedule: '* * * * *' },
      { parameters: [{ name: 'a', value: 'b' }] },
    ]) {
      expectRefused(await changed(bob, spec), 'bob may not act as ServiceAccount ops');
      expectRefused(await changed(admin, spec), 'this schedule is what alice asked for');
      expectAccepted(await changed(alice, spec));
    }
    expectAccepted(await changed(bob, { suspend: true, successfulHistoryLimit: 9 }));
    const other = await changed(alice, { serviceAccountName: 'root' });
    expect(other.message).toContain('requestedBy and serviceAccountName stay as they were at creation');
  });
});

describe('who writes how a service is healed', () => {
  it('names an account for workflows only that he may act as', async () => {
    expectAccepted(await tried(alice, services, healing('ops')));
    expectRefused(await tried(alice, services, healing('root')), 'alice may not act as ServiceAccount root');
    expectRefused(await tried(bob, services, healing('ops')), 'bob may not act as ServiceAccount ops');
    expectAccepted(await tried(operator, services, healing('root')));
  });

  it('changes what it does with it only then, and all else of the service as he may', async () => {
    const body = healing('ops');
    expectAccepted(await alice.call('POST', services, { body }));
    const changed = (as: Api, spec: object) =>
      as.call('PATCH', `${services}/${body.metadata.name}`, { body: { spec } });
    expectAccepted(await changed(bob, { priority: 'High' }));
    expectAccepted(await changed(bob, { healing: { after: '1m' } }));
    const other = { actions: [{ type: 'Workflow', workflow: { template: 'other', serviceAccountName: 'ops' } }] };
    expectRefused(await changed(bob, { healing: other }), 'bob may not act as ServiceAccount ops');
    expectAccepted(await changed(alice, { healing: other }));
    expectAccepted(await changed(bob, { healing: { actions: [{ type: 'Restart' }] } }));
  });
});
