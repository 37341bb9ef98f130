import type { OrchestratedService } from '../../../../src/api/kinds.ts';
import type { Condition } from '../../../../src/api/kinds.ts';
import { Api, type Answer, unique } from '../../support/api.ts';
import { installCrds } from '../../support/crds.ts';
import { eventually } from '../../support/eventually.ts';
import type { Obj } from './objects.ts';
import { History } from './history.ts';
import { Operator } from './process.ts';

export interface Pod extends Obj {
  spec: { nodeName?: string };
  status: {
    phase: string;
    conditions?: { type: string; status: string; reason?: string; [other: string]: unknown }[];
    containerStatuses?: Record<string, unknown>[];
  };
}

export interface EventObj {
  readonly reason: string;
  readonly type: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid: string };
  readonly series?: { readonly count: number };
}

const PLURALS: Readonly<Record<string, string>> = { Ingress: 'ingresses' };

function pathOf(apiVersion: string, kind: string, namespace: string | undefined, name = ''): string {
  const base = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const plural = PLURALS[kind] ?? `${kind.toLowerCase()}s`;
  return `${base}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}${name === '' ? '' : `/${name}`}`;
}

/** A namespace of one test file's own, and an operator that looks after nothing else. */
export class Bed {
  readonly namespace: string;
  readonly api: Api;
  readonly #operators: Operator[] = [];
  readonly #namespaces: string[] = [];

  private constructor(namespace: string, api: Api) {
    this.namespace = namespace;
    this.api = api;
  }

  static async make(prefix: string): Promise<Bed> {
    const api = new Api();
    await installCrds(api);
    return Bed.on(api, prefix);
  }

  /** Where the CRDs are installed already. */
  static async on(api: Api, prefix: string): Promise<Bed> {
    const bed = new Bed(unique(prefix), api);
    await bed.addNamespace(bed.namespace);
    return bed;
  }

  async addNamespace(name: string): Promise<void> {
    accept(await this.api.call('POST', '/api/v1/namespaces', { body: { metadata: { name } } }));
    this.#namespaces.push(name);
  }

  /** Flags by which an operator looks after this namespace only and takes its lease here. */
  get flags(): readonly string[] {
    return ['--namespace', this.namespace, '--lease-namespace', this.namespace, '--heartbeat-address', ''];
  }

  async start(...more: readonly string[]): Promise<Operator> {
    return this.own(await Operator.start([...this.flags, ...more]));
  }

  /** Ended with the bed. */
  own(operator: Operator): Operator {
    this.#operators.push(operator);
    return operator;
  }

  async close(): Promise<void> {
    await Promise.all(this.#operators.map((operator) => operator.end()));
    await Promise.all(this.#namespaces.map((name) => this.api.call('DELETE', `/api/v1/namespaces/${name}`)));
  }

  async create(object: Obj, namespace: string | undefined = this.namespace): Promise<Obj> {
    const path = pathOf(object.apiVersion, object.kind, namespace);
    if (object.kind === 'Pod') await this.#account(namespace);
    return accept(await this.api.call('POST', path, { body: object })).body as unknown as Obj;
  }

  /** Nobody may make a pod before the namespace has the account that is made after it; who makes pods for a workload tries again. */
  async #account(namespace = this.namespace): Promise<void> {
    const look = () => this.api.call('GET', pathOf('v1', 'ServiceAccount', namespace, 'default'));
    await eventually(`the account of ${namespace}`, 30, look, ({ status }) => status === 200);
  }

  async createAll(...objects: readonly Obj[]): Promise<void> {
    await Promise.all(objects.map((object) => this.create(object)));
  }

  async get<T = Obj>(kind: string, name: string, apiVersion = 'apps/v1'): Promise<T> {
    return accept(await this.api.call('GET', pathOf(apiVersion, kind, this.namespace, name))).body as T;
  }

  async patch(kind: string, name: string, body: object, apiVersion = 'apps/v1'): Promise<void> {
    accept(await this.api.call('PATCH', pathOf(apiVersion, kind, this.namespace, name), { body }));
  }

  async remove(kind: string, name: string, apiVersion = 'apps/v1', propagation = 'Background'): Promise<void> {
    const query = { propagationPolicy: propagation };
    accept(await this.api.call('DELETE', pathOf(apiVersion, kind, this.namespace, name), { query }));
  }

  patchService(name: string, body: object): Promise<void> {
    return this.patch('OrchestratedService', name, body, 'baton.dev/v1alpha1');
  }

  removeService(name: string): Promise<void> {
    return this.remove('OrchestratedService', name, 'baton.dev/v1alpha1');
  }

  scale(name: string, replicas: number): Promise<void> {
    return this.patch('Deployment', name, { spec: { replicas } });
  }

  async service(name: string, namespace = this.namespace): Promise<OrchestratedService> {
    const path = pathOf('baton.dev/v1alpha1', 'OrchestratedService', namespace, name);
    return accept(await this.api.call('GET', path)).body as unknown as OrchestratedService;
  }

  async services(): Promise<OrchestratedService[]> {
    const path = pathOf('baton.dev/v1alpha1', 'OrchestratedService', this.namespace);
    return accept(await this.api.call('GET', path)).body['items'] as OrchestratedService[];
  }

  /** Waits for a status; gives it back. */
  async until(
    name: string,
    what: string,
    holds: (service: OrchestratedService) => boolean | undefined,
    seconds = 60,
  ): Promise<OrchestratedService> {
    return eventually(
      `${name}: ${what}`,
      seconds,
      () => this.service(name),
      (seen) => holds(seen) === true,
    );
  }

  /** All that the status of a service goes through from now on; see History. */
  async follow(name: string): Promise<History> {
    const path = pathOf('baton.dev/v1alpha1', 'OrchestratedService', this.namespace);
    const { resourceVersion } = (await this.service(name)).metadata;
    return new History(this.api, path, name, resourceVersion);
  }

  healthy(name: string): Promise<OrchestratedService> {
    return this.until(name, 'Healthy', ({ status }) => status?.health === 'Healthy' && status.score === 100);
  }

  level(name: string, health: string): Promise<OrchestratedService> {
    return this.until(name, health, ({ status }) => status?.health === health);
  }

  /** Waits until a condition has this status and, where given, this reason and message: a message may change after the reason. */
  async condition(
    name: string,
    type: string,
    status: string,
    reason?: string,
    says: string | RegExp = '',
  ): Promise<Condition> {
    const wanted = [`${type}=${status}`, reason, String(says)].filter(Boolean).join(' ');
    const isWanted = (condition: Condition | undefined): condition is Condition =>
      condition?.status === status &&
      (reason === undefined || condition.reason === reason) &&
      (typeof says === 'string' ? condition.message.includes(says) : says.test(condition.message));
    const seen = await this.until(name, wanted, (service) => isWanted(conditionOf(service, type)));
    return conditionOf(seen, type) as Condition;
  }

  /** Creation times are whole seconds, and of two services of the same second the uid says which is older: waits until what is created next is younger. */
  async untilYounger(name: string): Promise<void> {
    const { metadata } = await this.service(name);
    const nextSecond = Date.parse(metadata.creationTimestamp) + 1_000;
    await this.until(name, 'a later second', () => Date.now() > nextSecond);
  }

  async pods(app: string): Promise<Pod[]> {
    const path = pathOf('v1', 'Pod', this.namespace);
    const answer = await this.api.call('GET', path, { query: { labelSelector: `app=${app}` } });
    const items = accept(answer).body['items'] as Pod[];
    return items
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  async patchPodStatus(pod: Pod, status: object): Promise<void> {
    const path = `${pathOf('v1', 'Pod', this.namespace, pod.metadata.name)}/status`;
    accept(await this.api.call('PATCH', path, { body: { status } }));
  }

  /** As a kubelet tells it whose readiness probe fails, or passes again. */
  setReady(pod: Pod, ready: boolean, more: object = {}): Promise<void> {
    const conditions = (pod.status.conditions ?? []).map((condition) =>
      condition.type === 'Ready' || condition.type === 'ContainersReady'
        ? { ...condition, status: ready ? 'True' : 'False' }
        : condition,
    );
    return this.patchPodStatus(pod, { conditions, ...more });
  }

  /** The state of the container main and how often it restarted. */
  setContainer(pod: Pod, restartCount: number, state: object, lastState: object = {}): Promise<void> {
    const main = { name: 'main', image: 'example/none', imageID: '', ready: true, restartCount, state, lastState };
    return this.patchPodStatus(pod, { containerStatuses: [main] });
  }

  /** Where http and tcp checks find the pod. */
  setAddress(pod: Pod, ip: string): Promise<void> {
    return this.patchPodStatus(pod, addressed(ip));
  }

  /**
   * Gives the one pod of a service that is Healthy another address, and waits until the operator knows it: it hears of pods and of services apart,
   * so a check that is written next would ask the address that the played node gave, where anybody may answer. The pod is unready with
   * it for as long as it takes the status to tell.
   */
  async moveTo(ip: string, name: string): Promise<Pod> {
    const [pod] = (await this.pods(name)) as [Pod];
    await this.setReady(pod, false, addressed(ip));
    await this.until(name, 'its pod has moved', ({ status }) => status?.replicas?.ready === 0);
    await this.setReady(pod, true);
    await this.healthy(name);
    return pod;
  }

  /** Events of events.k8s.io about an object of this name, oldest first. */
  async events(name: string, namespace = this.namespace): Promise<EventObj[]> {
    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
    const items = accept(await this.api.call('GET', path)).body['items'] as (EventObj & { eventTime: string })[];
    return items
      .filter(({ regarding }) => regarding.name === name && /^(Orch|Workflow)/.test(regarding.kind))
      .sort((a, b) => (a.eventTime < b.eventTime ? -1 : 1));
  }

  /** Waits until the Events with these reasons about `name` are exactly these, as 'Warning TargetNotFound'. */
  async told(name: string, reasons: RegExp, expected: readonly string[]): Promise<void> {
    const look = async () =>
      (await this.events(name))
        .filter(({ reason }) => reasons.test(reason))
        .map(({ type, reason }) => `${type} ${reason}`);
    await eventually(`Events about ${name}`, 30, look, (seen) => JSON.stringify(seen) === JSON.stringify(expected));
  }
}

const addressed = (ip: string): object => ({ podIP: ip, podIPs: [{ ip }] });

export const conditionOf = (service: { status?: { conditions?: Condition[] } }, type: string): Condition | undefined =>
  service.status?.conditions?.find((condition) => condition.type === type);

export const signalOf = (service: OrchestratedService, name: string) =>
  service.status?.signals?.find((signal) => signal.name === name);

export function accept(answer: Answer): Answer {
  if (answer.status >= 300) throw new Error(`the API server answered ${answer.status}: ${answer.message}`);
  return answer;
}
