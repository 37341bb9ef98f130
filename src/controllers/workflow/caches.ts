import type { ScheduledWorkflow, Workflow, WorkflowTemplate } from '../../api/kinds.ts';
import type { WatchedCache } from '../ports.ts';
import { awaitedBy } from './steps/awaited.ts';

interface Named {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface Owner {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** A Workflow as caches keep it. */
export type CachedWorkflow = Workflow &
  Named & {
    /** The object that it belongs to: the workflow or the schedule that started it. */
    readonly owner: Owner | undefined;
  };
export type CachedTemplate = WorkflowTemplate & Named;
export type CachedSchedule = ScheduledWorkflow & Named;

export interface WorkflowCaches {
  readonly workflows: WatchedCache<CachedWorkflow>;
  readonly templates: WatchedCache<CachedTemplate>;
  readonly schedules: WatchedCache<CachedSchedule>;
}

/** Workflows by the uid of their owner. */
export const BY_OWNER = 'owner';
/** Workflows by those that have to end first, `namespace/name`. */
export const BY_DEPENDENCY = 'dependency';
/** Workflows that wait for the end of others which their steps started: `true`. */
export const AWAITS = 'awaits';
/** Workflows and schedules by their template, `namespace/name`. */
export const BY_TEMPLATE = 'template';

export const WORKFLOW_INDEXES = {
  workflows: {
    [BY_OWNER]: ({ owner }: CachedWorkflow) => owner?.uid,
    [BY_DEPENDENCY]: ({ namespace, spec }: CachedWorkflow) => spec.dependsOn?.map(({ name }) => `${namespace}/${name}`),
    [AWAITS]: (workflow: CachedWorkflow) => (awaitedBy(workflow).length > 0 ? 'true' : undefined),
    [BY_TEMPLATE]: ({ namespace, spec }: CachedWorkflow) => spec.templateRef && `${namespace}/${spec.templateRef.name}`,
  },
  schedules: {
    [BY_TEMPLATE]: ({ namespace, spec }: CachedSchedule) => `${namespace}/${spec.template}`,
  },
} as const;

/** More than may start one another. */
const DEEPEST = 50;

/** The workflows that started a workflow and wait for it, the nearest first. */
export function ancestorsOf(
  { namespace, owner }: Pick<CachedWorkflow, 'namespace' | 'owner'>,
  workflows: Pick<WorkflowCaches['workflows'], 'get'>,
): string[] {
  const ancestors: string[] = [];
  for (let above = owner; above?.kind === 'Workflow' && ancestors.length < DEEPEST; ) {
    const key = `${namespace}/${above.name}`;
    const found = workflows.get(key);
    if (found === undefined || found.uid !== above.uid) break;
    ancestors.push(key);
    above = found.owner;
  }
  return ancestors;
}
