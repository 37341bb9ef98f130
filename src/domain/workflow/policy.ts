import type { OrchestrationSpec } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';
import type { Limits } from './schedule.ts';

/** What Orchestration/default says of workflows. */
export interface WorkflowPolicy extends Limits {
  /** Workflows that start one another, at most. */
  readonly maxDepth: number;
  readonly maxDurationMs: number;
  /** Types that an emergency halt lets go on. */
  readonly haltExempt: readonly string[];
}

interface Written {
  readonly limits?: {
    readonly maxConcurrentWorkflows?: number;
    readonly maxWorkflowDuration?: string;
    readonly maxWorkflowDepth?: number;
  };
  readonly workflows?: {
    readonly slots?: readonly { readonly name: string; readonly capacity: number }[];
    readonly ageing?: number;
    readonly haltExempt?: readonly string[];
  };
}

export function workflowPolicy(spec: OrchestrationSpec): WorkflowPolicy {
  const { limits = {}, workflows = {} } = spec as Written;
  return {
    maxConcurrent: limits.maxConcurrentWorkflows ?? 10,
    maxDepth: limits.maxWorkflowDepth ?? 5,
    maxDurationMs: parseDuration(limits.maxWorkflowDuration ?? '24h'),
    ageing: workflows.ageing ?? 10,
    slots: new Map((workflows.slots ?? []).map(({ name, capacity }) => [name, capacity])),
    haltExempt: workflows.haltExempt ?? [],
  };
}
