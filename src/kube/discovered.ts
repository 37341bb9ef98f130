import type { OrchestratedService } from '../api/kinds.ts';
import { ApiError } from './errors.ts';
import { type Forbidden, outcomeOf, unread, type WriteOutcome } from './outcome.ts';
import type { KubeObject, Resource, Target } from './resource.ts';
import type { RestClient } from './rest.ts';

const TIMEOUT_MS = 5_000;
/** A misspelt field is a mistake to be told, and not to be dropped. */
const QUERY = { fieldManager: 'baton-discovery', fieldValidation: 'Strict' };
const GONE: WriteOutcome = { kind: 'gone' };

type Kind = Resource & { readonly kind: string };
type Labels = Readonly<Record<string, string>>;

const typeOf = ({ group, version, kind }: Kind) => ({ apiVersion: `${group}/${version}`, kind });

/** What the API server would make of a service with this spec; nothing is kept. Rejects where trying again may help. */
export async function previewService(
  rest: RestClient,
  resource: Kind,
  namespace: string,
  spec: object,
  signal: AbortSignal,
): Promise<
  | { readonly kind: 'accepted'; readonly spec: OrchestratedService['spec'] }
  | { readonly kind: 'refused'; readonly message: string }
  | Forbidden
> {
  const target = { ...resource, namespace };
  const body = { ...typeOf(resource), metadata: { generateName: 'discovery-' }, spec };
  try {
    const options = { signal, timeoutMs: TIMEOUT_MS, query: { ...QUERY, dryRun: 'All' } };
    return { kind: 'accepted', spec: (await rest.create<OrchestratedService>(target, body, options)).spec };
  } catch (error) {
    const outcome = outcomeOf(error, 'create', target);
    if (outcome.kind === 'refused') return { kind: 'refused', message: plain(outcome.message) };
    if (outcome.kind === 'forbidden') return outcome;
    if (outcome.kind === 'gone') return { kind: 'refused', message: `there is no namespace ${namespace} to try it in` };
    throw error;
  }
}

/** `conflict` where a service of that name is there, by whoever. */
export async function createService(
  rest: RestClient,
  resource: Kind,
  { namespace, name, labels, annotations, spec }: NewObject,
  signal: AbortSignal,
): Promise<
  Exclude<WriteOutcome, { kind: 'written' }> | { readonly kind: 'created'; readonly service: OrchestratedService }
> {
  const target = { ...resource, namespace };
  const body = { ...typeOf(resource), metadata: { namespace, name, labels, annotations }, spec };
  try {
    const options = { signal, timeoutMs: TIMEOUT_MS, query: QUERY };
    return { kind: 'created', service: await rest.create<OrchestratedService>(target, body, options) };
  } catch (error) {
    return outcomeIn(error, 'create', target);
  }
}

interface NewObject {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly spec: object;
}

/** Replaces labels, annotations and spec, on condition that it is the version that was read. */
export async function reviseService(
  rest: RestClient,
  resource: Kind,
  { metadata }: OrchestratedService,
  to: { readonly labels: Labels; readonly annotations: Labels; readonly spec: object },
  signal: AbortSignal,
): Promise<WriteOutcome> {
  const { namespace, name, uid, resourceVersion } = metadata;
  const target = { ...resource, namespace, name };
  const patch = [
    { op: 'add', path: '/metadata/uid', value: uid },
    { op: 'add', path: '/metadata/resourceVersion', value: resourceVersion },
    { op: 'add', path: '/metadata/labels', value: to.labels },
    { op: 'add', path: '/metadata/annotations', value: to.annotations },
    { op: 'add', path: '/spec', value: to.spec },
  ];
  try {
    const written = await rest.patch<KubeObject>(target, 'json', patch, {
      signal,
      timeoutMs: TIMEOUT_MS,
      query: QUERY,
    });
    return { kind: 'written', resourceVersion: written.metadata.resourceVersion };
  } catch (error) {
    return outcomeIn(error, 'patch', target);
  }
}

/** Deletes it, on condition that it is the version that was read. */
export async function deleteService(
  rest: RestClient,
  resource: Kind,
  { metadata }: OrchestratedService,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  const { namespace, name, uid, resourceVersion } = metadata;
  const target = { ...resource, namespace, name };
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } };
  try {
    await rest.delete(target, body, { signal, timeoutMs: TIMEOUT_MS });
    return { kind: 'written', resourceVersion };
  } catch (error) {
    return outcomeIn(error, 'delete', target);
  }
}

/** Metadata of a Deployment or StatefulSet as the API server has it now; undefined when it is gone. Rejects where it cannot be told. */
export async function readMetadata(
  rest: RestClient,
  { kind, namespace, name }: { readonly kind: string; readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<KubeObject['metadata'] | undefined> {
  const plural = kind === 'Deployment' ? 'deployments' : 'statefulsets';
  const target = { group: 'apps', version: 'v1', plural, namespace, name };
  try {
    return (await rest.get<KubeObject>(target, { signal, timeoutMs: TIMEOUT_MS })).metadata;
  } catch (error) {
    if (unread(error, target) === undefined) return undefined;
    throw error;
  }
}

function outcomeIn(error: unknown, verb: string, target: Target): Exclude<WriteOutcome, { kind: 'written' }> {
  // Into a namespace that is being deleted nothing is created: 403, and nobody's permissions are at fault.
  const causes = error instanceof ApiError ? (error.details?.causes ?? []) : [];
  if (causes.some(({ reason }) => reason === 'NamespaceTerminating')) return GONE as { kind: 'gone' };
  const outcome = outcomeOf(error, verb, target);
  return outcome.kind === 'refused' ? { kind: 'refused', message: plain(outcome.message) } : outcome;
}

/** Without the request and the made-up name in front: `spec.mode: Unsupported value ...`. */
const plain = (message: string): string => message.replace(/^.*? is invalid: /, '').replace(/^[A-Z]+ \S+: /, '');
