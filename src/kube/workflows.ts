import type { Workflow } from '../api/kinds.ts';
import { ApiError } from './errors.ts';
import { outcomeOf, type WriteOutcome } from './outcome.ts';
import type { KubeObject, Resource } from './resource.ts';
import type { RestClient } from './rest.ts';

interface Reference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

const QUERY = { fieldManager: 'baton' };

/** What Baton itself does with Workflows beside their status. All reject with ApiError where trying again may help. */
export class WorkflowObjects {
  readonly #rest: RestClient;
  readonly #resource: Resource;

  constructor(rest: RestClient, resource: Resource) {
    this.#rest = rest;
    this.#resource = resource;
  }

  /** As the API server has it now; undefined when it is gone. */
  async get(
    { namespace, name }: Pick<Reference, 'namespace' | 'name'>,
    signal: AbortSignal,
  ): Promise<Workflow | undefined> {
    try {
      return await this.#rest.get<Workflow>({ ...this.#resource, namespace, name }, { signal });
    } catch (error) {
      if (error instanceof ApiError && error.notFound) return undefined;
      throw error;
    }
  }

  /** Creates one with an owner; `exists` where there is one of that name that belongs to somebody else. */
  async create(
    body: {
      readonly metadata: {
        readonly namespace: string;
        readonly name: string;
        readonly ownerReferences: readonly { readonly uid: string }[];
      };
    },
    signal: AbortSignal,
  ): Promise<'created' | 'exists'> {
    const { namespace, name, ownerReferences } = body.metadata;
    try {
      await this.#rest.create({ ...this.#resource, namespace }, body, { signal, query: QUERY });
      return 'created';
    } catch (error) {
      if (!(error instanceof ApiError && error.conflict)) throw error;
    }
    // It may be ours: of a leader before, or of a first attempt that had no answer.
    const { metadata } = await this.#rest.get<KubeObject>({ ...this.#resource, namespace, name }, { signal });
    const isOurs = metadata.ownerReferences?.some(({ uid }) => uid === ownerReferences[0]?.uid) === true;
    return isOurs ? 'created' : 'exists';
  }

  /** Writes fields of the spec, on condition of uid and resourceVersion. False: somebody was faster, or it is gone. */
  async patch(
    { namespace, name, uid, resourceVersion }: Reference,
    { spec, annotations }: { readonly spec: object; readonly annotations?: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<boolean> {
    const body = { metadata: { uid, resourceVersion, ...(annotations && { annotations }) }, spec };
    return settled(this.#rest.patch({ ...this.#resource, namespace, name }, 'merge', body, { signal, query: QUERY }));
  }

  /** Deletes this very one, and in the background what belongs to it. */
  async delete({ namespace, name, uid }: Reference, signal: AbortSignal): Promise<void> {
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background', preconditions: { uid } };
    await settled(this.#rest.delete({ ...this.#resource, namespace, name }, body, { signal }));
  }
}

interface Stamped {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly annotations: Readonly<Record<string, string>>;
  };
}

/** Creates a Workflow that nobody owns; `already` where there is one with the same annotation `stamp`. */
export async function startWorkflow(
  rest: RestClient,
  resource: Resource,
  body: Stamped,
  stamp: string,
  signal: AbortSignal,
): Promise<WriteOutcome | { readonly kind: 'already' }> {
  const { namespace, name, annotations } = body.metadata;
  const target = { ...resource, namespace };
  try {
    const { metadata } = await rest.create<KubeObject>(target, body, { signal, query: QUERY });
    return { kind: 'written', resourceVersion: metadata.resourceVersion };
  } catch (error) {
    const outcome = outcomeOf(error, 'create', target);
    if (outcome.kind !== 'conflict') return outcome;
  }
  const there = await new WorkflowObjects(rest, resource).get({ namespace, name }, signal);
  if (there === undefined) return { kind: 'conflict' };
  return there.metadata.annotations?.[stamp] === annotations[stamp]
    ? { kind: 'already' }
    : { kind: 'refused', message: `there is a Workflow ${name} of somebody else` };
}

async function settled(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    if (error instanceof ApiError && (error.conflict || error.notFound)) return false;
    throw error;
  }
}
