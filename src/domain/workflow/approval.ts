import type { WorkflowSpec } from '../../api/kinds.ts';
import { nameSome } from '../health/names.ts';
import type { ApprovalAction } from './action.ts';

type Entry = NonNullable<WorkflowSpec['approvals']>[number];

export type Decision = { readonly kind: 'approved' | 'rejected' | 'open'; readonly message: string };

/**
 * What people have decided about a step. The API server holds `user` and `groups` of an entry to who wrote it. From two people on, who asked for
 * the workflow is none of those who agree, but may still refuse.
 */
export function decide(
  step: string,
  { users, groups, required, message }: ApprovalAction,
  { approvals, requestedBy }: Pick<WorkflowSpec, 'approvals' | 'requestedBy'>,
): Decision {
  const isAsked = (entry: Entry): boolean =>
    (users.length === 0 && groups.length === 0) ||
    users.includes(entry.user) ||
    (entry.groups ?? []).some((group) => groups.includes(group));
  const entries = approvals.filter((entry) => entry.step === step && isAsked(entry));
  const refusal = entries.find(({ decision }) => decision === 'Reject');
  if (refusal !== undefined) {
    const { user, comment } = refusal;
    return { kind: 'rejected', message: `rejected by ${user}${comment === undefined ? '' : `: ${comment}`}` };
  }
  const counts = ({ user }: Entry): boolean => required < 2 || user !== requestedBy;
  const agreed = [...new Set(entries.filter(counts).map(({ user }) => user))];
  if (agreed.length >= required) return { kind: 'approved', message: `approved by ${nameSome(agreed)}` };
  const missing = required - agreed.length;
  const who = [...users, ...groups.map((group) => `group ${group}`)];
  const of = who.length === 0 ? '' : ` of ${nameSome(who)}`;
  const so = agreed.length === 0 ? '' : `; ${nameSome(agreed)} agreed`;
  const what = message === '' ? '' : `: ${message}`;
  return { kind: 'open', message: `waits for ${missing} approval${missing === 1 ? '' : 's'}${of}${so}${what}` };
}
