import { isOver } from '../domain/workflow/phase.ts';
import { COPIED_FROM, DISCOVERED_BY, DISCOVERY_WROTE, HEALS, SCHEDULED_AT, WORKFLOW } from '../api/annotations.ts';
import {
  GROUP,
  type Orchestration,
  type OrchestratedService,
  type ScheduledWorkflow,
  VERSION,
  type Workflow,
  type WorkflowTemplate,
} from '../api/kinds.ts';
import type { CachedOrchestration } from '../controllers/orchestration/reconciler.ts';
import { type CachedService, INDEXES } from '../controllers/service/caches.ts';
import { PodProjector, type RawPod } from '../controllers/project/pod.ts';
import { AUTOSCALER_INDEXES, type AutoscalerSnapshot, projectAutoscaler } from '../controllers/project/autoscaler.ts';
import { BUDGET_INDEXES, type BudgetSnapshot, projectBudget } from '../controllers/project/budget.ts';
import { projectDeployment, projectReplicaSet, projectStatefulSet } from '../controllers/project/workload.ts';
import {
  type CachedSchedule,
  type CachedTemplate,
  type CachedWorkflow,
  WORKFLOW_INDEXES,
} from '../controllers/workflow/caches.ts';
import type { PodSnapshot, WorkloadSnapshot } from '../domain/snapshot.ts';
import { protobufCodec } from '../kube/protobuf/codec.ts';
import { DEPLOYMENT, POD, POD_DISRUPTION_BUDGET, REPLICA_SET, STATEFUL_SET } from '../kube/protobuf/kinds.ts';
import type { Message } from '../kube/protobuf/message.ts';
import { Reflector, type ReflectorEvent } from '../kube/reflector.ts';
import type { KubeObject, Resource } from '../kube/resource.ts';
import type { RestClient } from '../kube/rest.ts';
import type { Indexes, Projected } from '../runtime/store.ts';

export const SERVICES = { group: GROUP, version: VERSION, plural: 'orchestratedservices', kind: 'OrchestratedService' };
export const ORCHESTRATIONS = { group: GROUP, version: VERSION, plural: 'orchestrations', kind: 'Orchestration' };
export const WORKFLOWS = { group: GROUP, version: VERSION, plural: 'workflows', kind: 'Workflow' };
const TEMPLATES = { group: GROUP, version: VERSION, plural: 'workflowtemplates', kind: 'WorkflowTemplate' };
const SCHEDULES = { group: GROUP, version: VERSION, plural: 'scheduledworkflows', kind: 'ScheduledWorkflow' };
/** Collections of Baton's own kinds. */
export const RESOURCES = {
  OrchestratedService: SERVICES,
  Orchestration: ORCHESTRATIONS,
  Workflow: WORKFLOWS,
  WorkflowTemplate: TEMPLATES,
  ScheduledWorkflow: SCHEDULES,
} as const;
const AUTOSCALERS = { group: 'autoscaling', version: 'v2', plural: 'horizontalpodautoscalers' };
const JOBS = { group: 'batch', version: 'v1', plural: 'jobs', labelSelector: WORKFLOW };
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
    resource: Resource & { readonly message?: Message; readonly labelSelector?: string },
    project: (raw: never) => T,
    indexes: Indexes<T> = {},
  ) =>
    new Reflector<T>({
      rest,
      resource,
      ...(resource.labelSelector && { labelSelector: resource.labelSelector }),
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
    workflows: reflector<CachedWorkflow>(WORKFLOWS, projectWorkflow, WORKFLOW_INDEXES.workflows),
    templates: reflector<CachedTemplate>(TEMPLATES, (raw: WorkflowTemplate) => named(raw)),
    schedules: reflector<CachedSchedule>(SCHEDULES, (raw: ScheduledWorkflow) => named(raw), WORKFLOW_INDEXES.schedules),
    // Those that steps of workflows run; that one changed is all that has to be known of it.
    jobs: reflector<Projected>(JOBS, ({ metadata }: KubeObject) => {
      const { namespace, name, uid, resourceVersion } = metadata;
      return { namespace, name, uid, resourceVersion };
    }),
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

interface Owned {
  readonly ownerReferences?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
  }[];
}

/** Annotations of workflows that somebody reads. */
const KEPT: ReadonlySet<string> = new Set([SCHEDULED_AT, HEALS, COPIED_FROM]);

function projectWorkflow(raw: Workflow): CachedWorkflow {
  const owner = (raw.metadata as Owned).ownerReferences?.find(({ controller }) => controller === true);
  const kept = Object.entries(raw.metadata.annotations ?? {}).filter(([key]) => KEPT.has(key));
  const { metadata, ...whole } = named(raw);
  return {
    ...whole,
    // Nobody carries out what is over, and its steps are most of it.
    ...(isOver(raw.status?.phase) && withoutSteps(raw)),
    metadata: kept.length === 0 ? metadata : { ...metadata, annotations: Object.fromEntries(kept) },
    owner: owner && { kind: owner.kind, name: owner.name, uid: owner.uid },
  };
}

function withoutSteps({ spec, status = {} }: Workflow): Pick<Workflow, 'spec' | 'status'> {
  const { steps: _steps, successCriteria: _criteria, ...orders } = spec;
  const { steps: _states, plan: _plan, ...found } = status;
  return { spec: orders, status: found };
}

function named<T extends { metadata: Workflow['metadata'] }>(
  raw: T,
): T & Pick<CachedTemplate, 'namespace' | 'name' | 'uid' | 'resourceVersion'> {
  const metadata = lean(raw.metadata);
  const { namespace, name, uid, resourceVersion } = metadata;
  return { ...raw, metadata, namespace, name, uid, resourceVersion };
}

/** Metadata without managedFields, labels and annotations: more than half of a small object. */
function lean<M extends Orchestration['metadata']>(metadata: M): M {
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
