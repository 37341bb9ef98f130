import type { ApprovalAction } from '../../../domain/workflow/action.ts';
import type { Answer, Operation } from '../../../domain/workflow/operation.ts';
import { NOTHING_TO_STOP, type StepKind } from './contract.ts';

/** What people say is in the spec of the workflow, so that the engine decides it (src/domain/workflow/approval.ts) and asks nobody. */
const decidedByTheEngine = (): Promise<never> => Promise.reject(new Error('the engine decides about approvals'));

/** Waits until people agree. */
export const APPROVAL_STEP: StepKind<ApprovalAction> = {
  prepare: ({ action }: Operation<ApprovalAction>): Promise<Answer> => {
    const { users, groups, required } = action;
    const who = [...users, ...groups.map((group) => `members of ${group}`)].join(', ');
    const message = `waits until ${required} of ${who === '' ? 'those who may change the workflow' : who} approve`;
    return Promise.resolve({ kind: 'prepared', before: {}, rehearsal: { message } });
  },
  apply: decidedByTheEngine,
  verify: decidedByTheEngine,
  stop: NOTHING_TO_STOP,
  watches: () => [],
};
