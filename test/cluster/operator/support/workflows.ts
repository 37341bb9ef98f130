import type { Workflow, WorkflowPhase } from '../../../../src/api/kinds.ts';
import { accountOf, inForce } from '../../support/access.ts';
import { eventually } from '../../support/eventually.ts';
import type { Bed } from './bed.ts';
import type { Obj } from './objects.ts';

export const V = 'baton.dev/v1alpha1';
const RBAC = 'rbac.authorization.k8s.io';

/** An account of the bed's namespace that may do what people with the role edit may, where Baton's own roles are installed as well. */
export async function makeRunner(bed: Bed): Promise<void> {
  const { namespace } = bed;
  await bed.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'runner' } });
  await bed.create({
    apiVersion: `${RBAC}/v1`,
    kind: 'Role',
    metadata: { name: 'runner' },
    rules: [{ apiGroups: ['baton.dev'], resources: ['workflows'], verbs: ['get', 'patch'] }],
  });
  for (const [kind, name] of [
    ['ClusterRole', 'edit'],
    ['Role', 'runner'],
  ] as const) {
    await bed.create({
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind, name },
      subjects: [{ kind: 'ServiceAccount', name: 'runner', namespace }],
    });
  }
  const runner = accountOf(namespace, 'runner');
  await inForce(bed.api, runner, { namespace, verb: 'patch', group: 'apps', resource: 'deployments' });
  await inForce(bed.api, runner, { namespace, verb: 'patch', group: 'baton.dev', resource: 'workflows' });
}

export const object = (kind: string, name: string, spec: object): Obj => ({
  apiVersion: V,
  kind,
  metadata: { name },
  spec,
});

export const target = (name: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', name });

export const exclusively = (name: string) => [{ ...target(name), access: 'Exclusive' }];

export const states = ({ status }: Workflow): Record<string, string> =>
  Object.fromEntries((status?.steps ?? []).map(({ name, state }) => [name, state]));

/** Workflows of a bed's namespace, as its account `runner`. */
export class Workflows {
  readonly #bed: Bed;

  constructor(bed: Bed) {
    this.#bed = bed;
  }

  start(name: string, spec: object): Promise<Obj> {
    return this.#bed.create(object('Workflow', name, { serviceAccountName: 'runner', ...spec }));
  }

  get(name: string): Promise<Workflow> {
    return this.#bed.get<Workflow>('Workflow', name, V);
  }

  until(name: string, what: string, holds: (workflow: Workflow) => boolean | undefined): Promise<Workflow> {
    return eventually(
      `workflow ${name}: ${what}`,
      60,
      () => this.get(name),
      (seen) => holds(seen) === true,
    );
  }

  phase(name: string, wanted: WorkflowPhase): Promise<Workflow> {
    return this.until(name, wanted, ({ status }) => status?.phase === wanted);
  }

  waitsFor(name: string, message: string): Promise<Workflow> {
    return this.until(
      name,
      `waits: ${message}`,
      ({ status }) => status?.phase === 'Queued' && status.reason === 'WaitingForLock' && status.message === message,
    );
  }

  patch(name: string, spec: object): Promise<void> {
    return this.#bed.patch('Workflow', name, { spec }, V);
  }

  approve(name: string, step: string): Promise<void> {
    return this.patch(name, { approvals: [{ step, user: 'somebody', decision: 'Approve' }] });
  }
}
