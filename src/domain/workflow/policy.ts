import type { OrchestrationSpec } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';
import { DEFAULT_POLICY } from '../orchestration/policy.ts';
import type { Limits } from './schedule.ts';

/** What Orchestration/default says of workflows. */
export interface WorkflowPolicy extends Limits {
  /** Workflows that start one another, at most. */
  readonly maxDepth: number;
  readonly maxDurationMs: number;
  /** Types that an emergency halt lets go on. */
  readonly haltExempt: readonly string[];
}

export function workflowPolicy(spec: OrchestrationSpec): WorkflowPolicy {
  // A policy of an older release, which a status may remember, does not tell.
  const { limits = DEFAULT_POLICY.limits, workflows = DEFAULT_POLICY.workflows } = spec as Partial<OrchestrationSpec>;
  return {
    maxConcurrent: limits.maxConcurrentWorkflows,
    maxDepth: limits.maxWorkflowDepth,
    maxDurationMs: parseDuration(limits.maxWorkflowDuration),
    ageing: workflows.ageing,
    slots: new Map(workflows.slots.map(({ name, capacity }) => [name, capacity])),
    haltExempt: workflows.haltExempt,
  };
}
