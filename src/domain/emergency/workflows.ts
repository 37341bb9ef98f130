import type { OrchestrationStatus } from '../../api/kinds.ts';

/** A workflow that has begun and not ended. */
export interface BegunWorkflow {
  /** `namespace/name` */
  readonly key: string;
  /** Its type is one that halts let go on. */
  readonly isExempt: boolean;
}

type WorkflowsStatus = Pick<NonNullable<OrchestrationStatus['halt']>, 'workflows'>;

const MOST_NAMED = 100;

/** What a halt means for workflows: all are counted, some are named. */
export function workflowsStatus(begun: Iterable<BegunWorkflow>): WorkflowsStatus {
  const all = [...begun].sort((a, b) => (a.key < b.key ? -1 : 1));
  if (all.length === 0) return {};
  const continuing = all.filter(({ isExempt }) => isExempt).length;
  const named = all
    .slice(0, MOST_NAMED)
    .map(({ key, isExempt }) => ({ workflow: key, effect: isExempt ? ('GoesOn' as const) : ('Pauses' as const) }));
  return { workflows: { pausing: all.length - continuing, continuing, named } };
}
