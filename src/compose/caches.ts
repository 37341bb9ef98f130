import { DISCOVERED_BY, DISCOVERY_WROTE } from '../api/annotations.ts';
import { GROUP, type Orchestration, type OrchestratedService, VERSION } from '../api/kinds.ts';
import type { CachedOrchestration } from '../controllers/orchestration/reconciler.ts';
import { type CachedService, INDEXES } from '../controllers/service/caches.ts';
import { PodProjector, type RawPod } from '../controllers/project/pod.ts';
import { AUTOSCALER_INDEXES, type AutoscalerSnapshot, projectAutoscaler } from '../controllers/project/autoscaler.ts';
import { BUDGET_INDEXES, type BudgetSnapshot, projectBudget } from '../controllers/project/budget.ts';
import { projectDeployment, projectReplicaSet, projectStatefulSet } from '../controllers/project/workload.ts';
import type { PodSnapshot, WorkloadSnapshot } from '../domain/snapshot.ts';
import { protobufCodec } from '../kube/protobuf/codec.ts';
import { DEPLOYMENT, POD, POD_DISRUPTION_BUDGET, REPLICA_SET, STATEFUL_SET } from '../kube/protobuf/kinds.ts';
import type { Message } from '../kube/protobuf/message.ts';
import { Reflector, type ReflectorEvent } from '../kube/reflector.ts';
import type { Resource } from '../kube/resource.ts';
import type { RestClient } from '../kube/rest.ts';
import type { Indexes, Projected } from '../runtime/store.ts';

export const SERVICES = { group: GROUP, version: VERSION, plural: 'orchestratedservices', kind: 'OrchestratedService' };
export const ORCHESTRATIONS = { group: GROUP, version: VERSION, plural: 'orchestrations', kind: 'Orchestration' };
const AUTOSCALERS = { group: 'autoscaling', version: 'v2', plural: 'horizontalpodautoscalers' };
const BUDGETS = { group: 'policy', version: 'v1', plural: 'poddisruptionbudgets', message: POD_DISRUPTION_BUDGET };
const PODS = { group: '', version: 'v1', plural: 'pods', message: POD };
const apps = (plural: string, message: Message) => ({ group: 'apps', version: 'v1', plural, message });

export interface CacheOptions {
  readonly rest: RestClient;
  /** One namespace only; empty means all. */
  readonly namespace: string;
  readonly now: () => number;
  readonly onEvent: (resource: string, event: ReflectorEvent) => void;
  readonly onListenerError: (error: unknown) => void;
}

/** Every watch of the operator. */
export function createCaches({ rest, namespace, now, onEvent, onListenerError }: CacheOptions) {
  const reflector = <T extends Projected>(
    resource: Resource & { readonly message?: Message },
    project: (raw: never) => T,
    indexes: Indexes<T> = {},
  ) =>
    new Reflector<T>({
      rest,
      resource,
      ...(resource.message && { codec: protobufCodec(resource.message) }),
      ...(namespace !== '' && resource !== ORCHESTRATIONS && { namespace }),
      // The API server answers with objects of the kind that was asked for.
      project: (object) => project(object as never),
      indexes,
      onEvent: (event) => onEvent(resource.plural, event),
      onListenerError,
    });
  const projector = new PodProjector(now);
  return {
    projector,
    services: reflector(SERVICES, projectService, INDEXES.services),
    orchestrations: reflector(ORCHESTRATIONS, projectOrchestration),
    pods: reflector<PodSnapshot>(PODS, (raw: RawPod) => projector.project(raw), INDEXES.pods),
    replicaSets: reflector(apps('replicasets', REPLICA_SET), projectReplicaSet, INDEXES.replicaSets),
    deployments: reflector<WorkloadSnapshot>(apps('deployments', DEPLOYMENT), projectDeployment),
    statefulSets: reflector<WorkloadSnapshot>(apps('statefulsets', STATEFUL_SET), projectStatefulSet),
    budgets: reflector<BudgetSnapshot>(BUDGETS, projectBudget, BUDGET_INDEXES),
    autoscalers: reflector<AutoscalerSnapshot>(AUTOSCALERS, projectAutoscaler, AUTOSCALER_INDEXES),
  };
}

function projectService(raw: OrchestratedService): CachedService {
  const { apiVersion, kind, spec, status } = raw;
  const { labels, annotations } = raw.metadata;
  // Capacity budgets may choose services by their labels, and discovery must know what it made.
  const discovered = discoveryOf(annotations);
  const metadata = { ...lean(raw.metadata), ...(labels && { labels }), ...(discovered && { annotations: discovered }) };
  const { namespace, name, uid, resourceVersion } = metadata;
  return { apiVersion, kind, metadata, spec, ...(status && { status }), namespace, name, uid, resourceVersion };
}

function discoveryOf(annotations: Readonly<Record<string, string>> = {}): Record<string, string> | undefined {
  const { [DISCOVERED_BY]: rule, [DISCOVERY_WROTE]: wrote } = annotations;
  if (rule === undefined) return undefined;
  return { [DISCOVERED_BY]: rule, ...(wrote !== undefined && { [DISCOVERY_WROTE]: wrote }) };
}

function projectOrchestration(raw: Orchestration): CachedOrchestration {
  const { apiVersion, kind, spec, status } = raw;
  const metadata = lean(raw.metadata);
  const { name, uid, resourceVersion } = metadata;
  return { apiVersion, kind, metadata, ...(spec && { spec }), ...(status && { status }), name, uid, resourceVersion };
}

/** Metadata without managedFields, labels and annotations: more than half of a small object. */
function lean<M extends OrchestratedService['metadata'] | Orchestration['metadata']>(metadata: M): M {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp, finalizers } =
    metadata;
  return {
    name,
    namespace,
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    ...(deletionTimestamp && { deletionTimestamp }),
    ...(finalizers && { finalizers }),
  } as M;
}
