import { unread, outcomeOf, type WriteOutcome } from './outcome.ts';
import type { KubeObject, Target } from './resource.ts';
import type { RestClient } from './rest.ts';

interface WorkloadReference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

interface Roll {
  readonly target: WorkloadReference;
  /** The version that it must still have. */
  readonly resourceVersion: string;
  /** Annotations of the workload as it was read, and those that say by which act. */
  readonly annotations: Readonly<Record<string, string>>;
}

const apps = (plural: string) => ({ group: 'apps', version: 'v1', plural });
const RESOURCES: Readonly<Record<string, string>> = { Deployment: 'deployments', StatefulSet: 'statefulsets' };
const TIMEOUT_MS = 5_000;

/** Of apps/v1; undefined for what has no pods of a template that are rolled. */
const targetOf = ({ kind, namespace, name }: WorkloadReference): Target | undefined => {
  const plural = RESOURCES[kind];
  return plural === undefined ? undefined : { ...apps(plural), namespace, name };
};

const refusedKind = ({ kind }: WorkloadReference): WriteOutcome => ({
  kind: 'refused',
  message: `a ${kind} has no pods of a template that could be rolled`,
});

/** Rolls all pods by the annotation that kubectl rollout restart writes. */
export async function restart(
  rest: RestClient,
  { target: reference, resourceVersion, annotations }: Roll,
  at: Date,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  const target = targetOf(reference);
  if (target === undefined) return refusedKind(reference);
  const restartedAt = { 'kubectl.kubernetes.io/restartedAt': at.toISOString() };
  const body = {
    metadata: { resourceVersion, annotations },
    spec: { template: { metadata: { annotations: restartedAt } } },
  };
  return patched(rest, target, 'merge', body, signal);
}

interface ReplicaSet extends KubeObject {
  readonly spec: {
    readonly template: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
  };
}

interface ControllerRevision extends KubeObject {
  readonly data?: { readonly spec?: { readonly template?: object } };
}

/** Goes back to the template of an earlier revision. `uid` is the workload's: a revision of another one of that name does not count. */
export async function rollBack(
  rest: RestClient,
  { target: reference, resourceVersion, annotations }: Roll,
  revision: { readonly hash: string; readonly uid: string },
  signal: AbortSignal,
): Promise<WriteOutcome> {
  const target = targetOf(reference);
  if (target === undefined) return refusedKind(reference);
  const template = await templateOf(rest, reference, revision, signal);
  if (template === undefined) {
    return {
      kind: 'refused',
      message: `revision ${revision.hash} of ${reference.kind} ${reference.name} is not kept any more`,
    };
  }
  // A version that is no longer the live one is a conflict. A merge could not take away what the newer template has.
  const body = [
    { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
    { op: 'add', path: '/metadata/annotations', value: annotations },
    { op: 'replace', path: '/spec/template', value: template },
  ];
  return patched(rest, target, 'json', body, signal);
}

/** As kubectl rollout undo finds it: in the ReplicaSet of a Deployment, in the ControllerRevision of a StatefulSet. */
async function templateOf(
  rest: RestClient,
  { kind, namespace, name }: WorkloadReference,
  { hash, uid }: { readonly hash: string; readonly uid: string },
  signal: AbortSignal,
): Promise<object | undefined> {
  const isDeployment = kind === 'Deployment';
  const target = isDeployment
    ? { ...apps('replicasets'), namespace, name: `${name}-${hash}` }
    : { ...apps('controllerrevisions'), namespace, name: hash };
  try {
    const found = await rest.get<ReplicaSet & ControllerRevision>(target, { signal, timeoutMs: TIMEOUT_MS });
    if (found.metadata.ownerReferences?.find(({ controller }) => controller)?.uid !== uid) return undefined;
    if (!isDeployment) return withoutDirective(found.data?.spec?.template);
    const { metadata = {}, ...others } = found.spec.template;
    const { 'pod-template-hash': _, ...labels } = metadata.labels ?? {};
    return { metadata: { ...metadata, labels }, ...others };
  } catch (error) {
    if (unread(error, target) === undefined) return undefined;
    throw error;
  }
}

/** The data is a patch; this line of it says that the template is to be replaced. */
function withoutDirective(template: object | undefined): object | undefined {
  if (template === undefined) return undefined;
  const { $patch: _, ...rest } = template as { $patch?: string };
  return rest;
}

async function patched(
  rest: RestClient,
  target: Target,
  type: 'merge' | 'json',
  body: object,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  try {
    const options = { signal, timeoutMs: TIMEOUT_MS, query: { fieldManager: 'baton' } };
    const written = await rest.patch<KubeObject>(target, type, body, options);
    return { kind: 'written', resourceVersion: written.metadata.resourceVersion };
  } catch (error) {
    return outcomeOf(error, 'patch', target);
  }
}
