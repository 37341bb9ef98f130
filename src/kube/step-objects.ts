import type { Discovery } from './discovery.ts';
import { ApiError } from './errors.ts';
import { resourceName, type Target } from './resource.ts';
import type { RequestOptions, RestClient } from './rest.ts';

/** An object of a namespace, of any kind. */
interface ObjectAddress {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A ServiceAccount of that object's namespace, as which a request is made; undefined: Baton itself. */
type Account = { readonly namespace: string; readonly name: string } | undefined;

/** Any object, whole. */
export interface LiveObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
      readonly controller?: boolean;
    }[];
  };
  readonly [field: string]: unknown;
}

/** RBAC has no such rule; in its words. */
export interface Denied {
  readonly kind: 'forbidden';
  readonly verb: string;
  readonly resource: string;
  /** It is Baton that may not impersonate the account. */
  readonly impersonation: boolean;
}

export type ObjectRead =
  | { readonly kind: 'found'; readonly object: LiveObject; readonly hasScale: boolean }
  | { readonly kind: 'absent' | 'unknownKind' | 'clusterScoped' }
  | Denied;

export type ObjectWritten =
  | { readonly kind: 'written'; readonly object: LiveObject }
  /** Somebody wrote in between. */
  | { readonly kind: 'conflict' }
  /** Of a creation: there is one of that name. */
  | { readonly kind: 'exists' }
  | { readonly kind: 'gone' }
  /** The API server, or an admission policy or webhook, refused. */
  | { readonly kind: 'refused'; readonly message: string }
  | Denied;

type WriteAct = {
  readonly target: ObjectAddress;
} & (
  | {
      readonly type: 'Patch';
      readonly uid: string;
      readonly resourceVersion: string;
      readonly patch: 'merge' | 'strategic' | 'json';
      readonly body: unknown;
    }
  | { readonly type: 'Scale'; readonly uid: string; readonly resourceVersion: string; readonly replicas: number }
  | { readonly type: 'Create'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly type: 'Delete'; readonly uid: string }
);

const TIMEOUT_MS = 10_000;
const MANAGER = 'baton';
const PODS = 500;

/** Objects of any kind, read and written as the ServiceAccounts of workflows. All reject with ApiError where trying again may help. */
export class StepObjects {
  readonly #rest: RestClient;
  readonly #discovery: Pick<Discovery, 'resolveScaleTarget'>;

  constructor(rest: RestClient, discovery: Pick<Discovery, 'resolveScaleTarget'>) {
    this.#rest = rest;
    this.#discovery = discovery;
  }

  async read(address: ObjectAddress, account: Account, signal: AbortSignal): Promise<ObjectRead> {
    const found = await this.#targetOf(address);
    if (typeof found === 'string') return { kind: found };
    try {
      const object = await this.#as(account).get<LiveObject>(found.target, { signal, timeoutMs: TIMEOUT_MS });
      return { kind: 'found', object, hasScale: found.hasScale };
    } catch (error) {
      if (error instanceof ApiError && error.notFound) return { kind: 'absent' };
      if (error instanceof ApiError && error.status === 403) return denied(error, 'get', found.target);
      throw error;
    }
  }

  /** The scale of an object (autoscaling/v1). */
  async scale(address: ObjectAddress, account: Account, signal: AbortSignal): Promise<ObjectRead> {
    const found = await this.#targetOf(address);
    if (typeof found === 'string') return { kind: found };
    const target = { ...found.target, subresource: 'scale' };
    try {
      const object = await this.#as(account).get<LiveObject>(target, { signal, timeoutMs: TIMEOUT_MS });
      return { kind: 'found', object, hasScale: true };
    } catch (error) {
      if (error instanceof ApiError && error.notFound) return { kind: 'absent' };
      if (error instanceof ApiError && error.status === 403) return denied(error, 'get', target);
      throw error;
    }
  }

  /** Pods that match a selector: those of one Job, which are few. */
  async pods(
    namespace: string,
    labelSelector: string,
    account: Account,
    signal: AbortSignal,
  ): Promise<readonly LiveObject[] | Denied> {
    const target: Target = { group: '', version: 'v1', plural: 'pods', namespace };
    const options = { signal, timeoutMs: TIMEOUT_MS, query: { labelSelector, limit: String(PODS) } };
    try {
      const { items } = await this.#as(account).get<{ items: readonly LiveObject[] }>(target, options);
      return items;
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return denied(error, 'list', target);
      throw error;
    }
  }

  /** Does it; or, as a dry run, has the API server say what would come of it, and changes nothing. */
  async write(act: WriteAct, account: Account, dryRun: boolean, signal: AbortSignal): Promise<ObjectWritten> {
    const found = await this.#targetOf(act.target);
    if (typeof found === 'string') return { kind: 'gone' };
    const target = act.type === 'Scale' ? { ...found.target, subresource: 'scale' } : found.target;
    const query = { fieldManager: act.type === 'Delete' ? undefined : MANAGER, dryRun: dryRun ? 'All' : undefined };
    try {
      const object = await this.#send(act, target, this.#as(account), { signal, timeoutMs: TIMEOUT_MS, query });
      return { kind: 'written', object };
    } catch (error) {
      return outcomeOf(error, act.type, target);
    }
  }

  #send(act: WriteAct, target: Target, rest: RestClient, options: RequestOptions): Promise<LiveObject> {
    switch (act.type) {
      case 'Patch':
        return rest.patch(target, act.patch, conditional(act), options);
      case 'Scale': {
        const { uid, resourceVersion, replicas } = act;
        const { namespace, name } = act.target;
        const metadata = { namespace, name, uid, resourceVersion };
        const body = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata, spec: { replicas } };
        return rest.update(target, body, options);
      }
      case 'Create':
        return rest.create({ ...target, name: undefined }, act.body, options);
      case 'Delete': {
        const body = { preconditions: { uid: act.uid }, propagationPolicy: 'Background' };
        return rest.delete(target, body, options);
      }
    }
  }

  #as(account: Account): RestClient {
    return account ? this.#rest.as(`system:serviceaccount:${account.namespace}:${account.name}`) : this.#rest;
  }

  async #targetOf({ apiVersion, kind, namespace, name }: ObjectAddress) {
    // What lies between would resolve them, and no object is called that.
    if (/^\.*$/.test(name)) return 'absent';
    const found = await this.#discovery.resolveScaleTarget(apiVersion, kind);
    if (!found) return 'unknownKind';
    if (!found.namespaced) return 'clusterScoped';
    const { group, version, plural, hasScale } = found;
    const target: Target = { group, version, plural, namespace, name };
    return { target, hasScale };
  }
}

/** The patch, for that version of the object only. */
function conditional({ patch, body, uid, resourceVersion }: WriteAct & { readonly type: 'Patch' }): unknown {
  if (patch === 'json') {
    // As in other writes a version that is no longer the live one is a conflict, where `test` would be a refusal.
    return [{ op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion }, ...(body as object[])];
  }
  const { metadata, ...fields } = body as { metadata?: object };
  return { ...fields, metadata: { ...metadata, uid, resourceVersion } };
}

const VERBS = { Patch: 'patch', Scale: 'update', Create: 'create', Delete: 'delete' } as const;

function outcomeOf(error: unknown, type: WriteAct['type'], target: Target): ObjectWritten {
  if (!(error instanceof ApiError)) throw error;
  if (error.reason === 'AlreadyExists') return { kind: 'exists' };
  if (error.conflict) return { kind: 'conflict' };
  // A creation is told so where the namespace is gone.
  if (error.notFound) return { kind: 'gone' };
  // An admission policy or webhook may answer 403 too; RBAC's refusal names what the user cannot do.
  if (error.status === 403 && /cannot \S+ resource/.test(error.message)) return denied(error, VERBS[type], target);
  if (error.status >= 400 && error.status < 500 && error.status !== 429) {
    return { kind: 'refused', message: messageOf(error) };
  }
  throw error;
}

/** What the server itself said, without the request before it. */
const messageOf = ({ message }: ApiError): string =>
  message
    .replace(/^[A-Z]+ \S+: /, '')
    .slice(0, 512)
    .toWellFormed();

function denied({ message }: ApiError, verb: string, target: Target): Denied {
  // From 1.36 on the verb may be one of constrained impersonation: `impersonate-on:serviceaccount:get`.
  const impersonation = /cannot impersonate\S* resource/.test(message);
  const resource = `${resourceName(target)}${target.subresource ? `/${target.subresource}` : ''}`;
  return { kind: 'forbidden', verb, resource, impersonation };
}
