import type { WorkflowPhase } from '../../api/kinds.ts';
import type { WorkflowEvidence } from '../../domain/emergency/rules.ts';
import type { WorkflowStanding } from '../../domain/healing/step.ts';
import { readLock } from '../../domain/workflow/locks.ts';
import { isOver, isUnderWay } from '../../domain/workflow/phase.ts';
import type { Demand } from '../../domain/workflow/schedule.ts';
import { readStamp } from '../../domain/workflow/times.ts';
import { ancestorsOf, BY_TEMPLATE, type CachedWorkflow, type WorkflowCaches } from './caches.ts';

type Workflows = WorkflowCaches['workflows'];

/** How it stands with one in that phase, for who waits for its end. */
export function standingIn(phase: WorkflowPhase | undefined): WorkflowStanding {
  if (phase === 'Succeeded') return 'Succeeded';
  if (isOver(phase)) return 'Failed';
  return isUnderWay(phase) ? 'Running' : 'Waiting';
}

export function* phasesOf(workflows: Workflows): Generator<WorkflowPhase> {
  for (const { status } of workflows.list()) yield status?.phase ?? 'Pending';
}

const FAILURES: ReadonlySet<string> = new Set(['Failed', 'CriteriaFailed', 'TimedOut']);

/** What rules of emergency halts go by. A workflow that somebody cancelled did not fail, unless it could not be undone. */
export function* evidenceOf(workflows: Workflows, now: number): Generator<WorkflowEvidence> {
  for (const { status = {} } of workflows.list()) {
    const { phase, outcome, pausedAt, pausedSeconds = 0 } = status;
    const pausedNow = Math.max(0, now - (readStamp(pausedAt) ?? now));
    yield {
      phase,
      failed: phase === 'RollbackFailed' || FAILURES.has(outcome ?? ''),
      startedAt: readStamp(status.startedAt),
      finishedAt: readStamp(status.finishedAt),
      pausedMs: pausedSeconds * 1_000 + pausedNow,
    };
  }
}

/** What one that runs has taken, as its status tells. */
export const demandOf = (workflow: CachedWorkflow, workflows: Workflows): Demand => ({
  key: `${workflow.namespace}/${workflow.name}`,
  locks: (workflow.status?.locks ?? []).map(readLock),
  slots: workflow.spec.slots ?? [],
  ancestors: ancestorsOf(workflow, workflows),
});

/** How many earlier runs say how long the next will take. */
const MOST_DURATIONS = 20;

/** How long those took that came from the same template and succeeded, ms. */
export function durationsOf({ spec, namespace }: CachedWorkflow, workflows: Workflows): number[] {
  if (spec.templateRef === undefined) return [];
  const durations: number[] = [];
  for (const { status } of workflows.byIndex(BY_TEMPLATE, `${namespace}/${spec.templateRef.name}`)) {
    if (status?.phase !== 'Succeeded' || status.startedAt === undefined || status.finishedAt === undefined) continue;
    durations.push(Date.parse(status.finishedAt) - Date.parse(status.startedAt));
  }
  return durations.slice(-MOST_DURATIONS);
}
