import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadExpressions } from '../../../src/domain/workflow/expression.ts';
import type { Health } from '../../../src/api/kinds.ts';
import type { WorkflowAsker } from '../../../src/domain/guard/step.ts';
import type { Action } from '../../../src/domain/workflow/action.ts';
import type { Answer, Before, Operation, Want } from '../../../src/domain/workflow/operation.ts';
import { StepActor } from '../../../src/controllers/workflow/steps/actor.ts';
import type { StepContext, WorkflowIdentity } from '../../../src/controllers/workflow/steps/contract.ts';
import { Steps } from '../../../src/controllers/workflow/steps/steps.ts';
import { Waiters } from '../../../src/controllers/workflow/steps/waiters.ts';
import { Connection } from '../../../src/kube/connection.ts';
import { Discovery } from '../../../src/kube/discovery.ts';
import { RestClient } from '../../../src/kube/rest.ts';
import { StepObjects } from '../../../src/kube/step-objects.ts';
import { createHttpRequests } from '../../../src/sources/http-request.ts';
import { accept } from '../operator/support/bed.ts';
import { apiServer, writeTokenKubeconfig } from '../packaging/cluster.ts';
import { accountOf, inForce } from '../support/access.ts';
import { Api, unique } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';

await loadExpressions();

/** An account that may do all that steps do, and one that may do nothing. */
const RUNNER = 'runner';
export const NOBODY = 'nobody';
/** One that may run Jobs, and see no pods. */
export const BLIND = 'blind';

/** A group of this run's own, with a kind Widget. */
export const WIDGET_GROUP = `${unique('widgets')}.example.dev`;
const WIDGET_CRD = `widgets.${WIDGET_GROUP}`;
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

const RULES = [
  { apiGroups: ['apps', 'batch', 'baton.dev', WIDGET_GROUP], resources: ['*'], verbs: ['*'] },
  { apiGroups: [''], resources: ['configmaps', 'pods'], verbs: ['*'] },
];

/** A namespace of a test's own, and steps that are done in it against the real API server. */
export class StepBed {
  readonly api = new Api();
  readonly namespace: string;
  readonly #connection: Connection;
  readonly #rest: RestClient;
  readonly #discovery: Discovery;
  readonly #objects: StepObjects;
  /** What steps wrote: what came of each, in its order. */
  readonly outcomes: string[] = [];
  /** Keys of workflows that were woken. */
  readonly woken: string[] = [];
  readonly waiters = new Waiters(({ name }) => this.woken.push(name));
  /** The Workflow as the guard finds it. */
  asker: WorkflowAsker | undefined;
  halt: string | undefined;
  holdsLocks = true;
  workflow: WorkflowIdentity;
  /** Of OrchestratedServices, by name. */
  readonly health = new Map<string, Health>();
  readonly #errors: unknown[] = [];
  #dir: string | undefined;

  private constructor(namespace: string, kubeconfig?: string) {
    this.namespace = namespace;
    this.#connection = new Connection({ userAgent: 'baton-test', kubeconfig });
    this.#rest = new RestClient({ connection: this.#connection });
    this.#discovery = new Discovery(this.#rest);
    this.#objects = new StepObjects(this.#rest, this.#discovery);
    const uid = randomBytes(8).toString('hex');
    this.workflow = {
      namespace,
      name: 'deploy',
      uid,
      type: 'Maintenance',
      serviceAccountName: RUNNER,
      requestedBy: 'somebody',
    };
    this.asker = { uid, terminating: false, suspended: false, cancelled: false, finished: false };
  }

  static async make(prefix: string): Promise<StepBed> {
    const bed = new StepBed(unique(prefix));
    const { namespace: name } = bed;
    accept(await bed.api.call('POST', '/api/v1/namespaces', { body: { metadata: { name } } }));
    await bed.account(RUNNER, RULES);
    await bed.account(BLIND, [{ apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'delete'] }]);
    await bed.account(NOBODY, []);
    const runs = { namespace: name, verb: 'get', group: '', resource: 'configmaps' };
    await inForce(bed.api, accountOf(name, RUNNER), runs);
    const looks = { namespace: name, verb: 'get', group: 'batch', resource: 'jobs' };
    await inForce(bed.api, accountOf(name, BLIND), looks);
    return bed;
  }

  /** Steps in the namespace of that bed, by an operator that is one of its accounts. */
  static async as(bed: StepBed, account: string): Promise<StepBed> {
    const dir = await mkdtemp(join(tmpdir(), 'baton-steps-'));
    const kubeconfig = join(dir, 'kubeconfig');
    await writeTokenKubeconfig(kubeconfig, (await apiServer()).server, await bed.tokenOf(account));
    const weak = new StepBed(bed.namespace, kubeconfig);
    weak.#dir = dir;
    return weak;
  }

  /**
   * Waits until it has read that the API server serves these kinds. A step waits one second for that, so on a busy machine it would be tried
   * again, which is no answer; what was read once is good from then on.
   */
  async knows(...kinds: readonly (readonly [apiVersion: string, kind: string])[]): Promise<void> {
    for (const [apiVersion, kind] of kinds) {
      const look = () => this.#discovery.resolveScaleTarget(apiVersion, kind).catch((error: Error) => error.message);
      await eventually(`${kind} of ${apiVersion} is known`, 60, look, (seen) => typeof seen === 'object');
    }
  }

  async disconnect(): Promise<void> {
    await this.#connection.close();
    if (this.#dir !== undefined) await rm(this.#dir, { recursive: true, force: true });
  }

  async account(name: string, rules: readonly object[]): Promise<void> {
    await this.create('/api/v1', 'serviceaccounts', { metadata: { name } });
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    await this.create(rbac, 'roles', { metadata: { name }, rules });
    await this.create(rbac, 'rolebindings', {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: this.namespace }],
    });
  }

  /** A Workflow that is there: what has an owner that is not goes at once. */
  async makeWorkflow(name: string, spec: object = {}): Promise<WorkflowIdentity> {
    const steps = [{ name: 'it', wait: { duration: '1h' } }];
    const body = { apiVersion: 'baton.dev/v1alpha1', kind: 'Workflow', metadata: { name }, spec: { steps, ...spec } };
    const { metadata } = await this.create('/apis/baton.dev/v1alpha1', 'workflows', body);
    return { ...this.workflow, name, uid: metadata.uid as string };
  }

  /** Acts for that workflow from now on. */
  actFor(workflow: WorkflowIdentity): void {
    this.workflow = workflow;
    this.asker = { uid: workflow.uid, terminating: false, suspended: false, cancelled: false, finished: false };
  }

  async uninstallWidgets(): Promise<void> {
    await this.api.call('DELETE', `${CRDS}/${WIDGET_CRD}`);
  }

  /** A kind of its own with a scale subresource: nobody looks after its objects. */
  async installWidgets(): Promise<void> {
    const paths = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const version = { name: 'v1', served: true, storage: true, schema, subresources: { status: {}, scale: paths } };
    const names = { kind: 'Widget', plural: 'widgets' };
    const body = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: WIDGET_CRD },
      spec: { group: WIDGET_GROUP, scope: 'Namespaced', names, versions: [version] },
    };
    accept(await this.api.call('POST', CRDS, { body }));
    const path = this.path(`/apis/${WIDGET_GROUP}/v1`, 'widgets');
    await eventually(
      'widgets are served',
      30,
      () => this.api.call('GET', path),
      ({ status }) => status === 200,
    );
  }

  async close(): Promise<void> {
    await this.api.call('DELETE', `/api/v1/namespaces/${this.namespace}`);
    await this.#connection.close();
  }

  path(group: string, plural: string, name = ''): string {
    return `${group}/namespaces/${this.namespace}/${plural}${name === '' ? '' : `/${name}`}`;
  }

  async create(group: string, plural: string, body: object): Promise<Fields> {
    return accept(await this.api.call('POST', this.path(group, plural), { body })).body;
  }

  async get(group: string, plural: string, name: string): Promise<Fields> {
    return accept(await this.api.call('GET', this.path(group, plural, name))).body;
  }

  /** Somebody else writes. */
  async patch(group: string, plural: string, name: string, body: object): Promise<void> {
    accept(await this.api.call('PATCH', this.path(group, plural, name), { body }));
  }

  /** A token by which somebody is that account of this namespace. */
  async tokenOf(account: string): Promise<string> {
    const path = `${this.path('/api/v1', 'serviceaccounts', account)}/token`;
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    return String((accept(await this.api.call('POST', path, { body })).body as Fields)['status'].token);
  }

  /** A process of Baton: one more is what comes after a crash. Where `writes` are so many, it dies at the next. */
  process(writes = Infinity): Steps {
    let left = writes;
    return new Steps({
      objects: {
        read: (address, account, signal) => this.#objects.read(address, account, signal),
        scale: (address, account, signal) => this.#objects.scale(address, account, signal),
        pods: (namespace, selector, account, signal) => this.#objects.pods(namespace, selector, account, signal),
        rehearse: (act, account, signal) => this.#objects.write(act, account, true, signal),
      },
      actor: new StepActor({
        asker: { workflow: () => Promise.resolve(this.asker) },
        writes: {
          write: ({ act }, account, signal) => {
            left -= 1;
            if (left < 0) throw new Error('this process is no more');
            return this.#objects.write(act, account, false, signal);
          },
        },
        leads: () => true,
        halt: () => this.halt,
        isExempt: (type) => type === 'Recovery',
        holdsLock: () => this.holdsLocks,
        onOutcome: (type, purpose, outcome) => this.outcomes.push(`${type} ${purpose} ${outcome}`),
      }),
      waiters: this.waiters,
      requests: createHttpRequests({
        destinations: () => ({ allowed: ['Loopback'], apiServer: [] }),
        version: 'test',
      }),
      healthOf: (_, name) => this.health.get(name),
      maxDepth: () => 3,
      now: () => Date.now(),
      onError: (_, error) => this.#errors.push(error),
    });
  }

  /** What came of writes since it was last asked. */
  written(): string[] {
    return this.outcomes.splice(0).filter((outcome) => outcome.endsWith('written'));
  }

  context(over: Partial<StepContext> = {}): StepContext {
    const { workflow } = this;
    const signal = AbortSignal.timeout(60_000);
    return { workflow, dryRun: false, undo: 'Auto', scope: {}, signal, ...over };
  }

  /** A context whose account may do nothing, or that other one. */
  as(serviceAccountName: string, over: Partial<StepContext> = {}): StepContext {
    return this.context({ workflow: { ...this.workflow, serviceAccountName }, ...over });
  }

  powerless(over: Partial<StepContext> = {}): StepContext {
    return this.as(NOBODY, over);
  }

  run(want: Want, operation: Operation, context = this.context(), process = this.process()): Promise<Answer> {
    return process.run({ want, operation, ...context }, context);
  }

  async prepared(operation: Operation): Promise<Operation & { before: Before }> {
    const answer = await this.run('Prepare', operation);
    if (answer.kind !== 'prepared') throw new Error(`not prepared: ${JSON.stringify(answer)}`);
    // As it comes back from the status.
    return { ...operation, before: JSON.parse(JSON.stringify(answer.before)) as Before };
  }

  async applied(operation: Operation): Promise<Operation & { before: Before }> {
    const ready = await this.prepared(operation);
    const applied = await this.run('Apply', ready);
    if (applied.kind !== 'applied') throw new Error(`not applied: ${JSON.stringify(applied)}`);
    return ready;
  }

  async verified(operation: Operation): Promise<Answer> {
    const look = () => this.run('Verify', operation);
    return eventually(`${operation.action.kind} is verified`, 60, look, ({ kind }) => kind === 'done');
  }
}

// Whatever the API has.
// oxlint-disable-next-line typescript/no-explicit-any
export type Fields = Record<string, any>;

/** The first attempt of a step of its own. */
export const operationOf = <A extends Action>(action: A, over: Partial<Operation<A>> = {}): Operation<A> => ({
  step: 'it',
  direction: 'Forward',
  attempt: 1,
  opId: randomBytes(16).toString('hex'),
  action,
  before: undefined,
  undoes: undefined,
  own: [],
  attemptedAt: Date.now(),
  ...over,
});

export const undoingOf = (done: Operation & { before: Before }): Operation =>
  operationOf(done.action, {
    direction: 'Backward',
    undoes: { opId: done.opId, action: done.action, before: done.before },
  });
