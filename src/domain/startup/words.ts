import type { Condition } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { formatDuration } from '../duration.ts';
import { advise, timestamp } from '../status/conditions.ts';
import type { Held } from '../status/part.ts';
import type { Transition } from '../status/transitions.ts';
import { isToBeDown, isToBeRaised, type StartupState } from './state.ts';
import { isStopped, type StartupFacts } from './step.ts';
import type { Wait, Waits } from './waits.ts';

interface Verdict {
  readonly status: Condition['status'];
  readonly reason: Reason;
  readonly message: string;
}

/** A phase names those that it lacks only when they are few: else each that comes up would be another message for all that wait. */
const MOST_NAMED = 3;

function sentence(wait: Wait): string {
  if (wait.kind === 'Phase') {
    const { phase, blockers, failed } = wait;
    if (failed !== undefined)
      return `phase ${phase} does not come up, because ${failed.key}, which is critical, failed`;
    const names = blockers.length <= MOST_NAMED ? ` (${blockers.map(({ key }) => key).join(', ')})` : '';
    return `phase ${phase} is not up${names}`;
  }
  const { dependency } = wait;
  switch (dependency.state) {
    case 'Below':
      return `${dependency.key} is ${dependency.health}, at least ${dependency.minimumHealth} is needed`;
    case 'NotFound':
      return `there is no OrchestratedService ${dependency.key}`;
    case 'Ready':
    case 'Unknown':
    case 'Cycle':
      return `${dependency.key} is not up`;
  }
}

function waitsFor({ waits, unfollowed }: Waits): string {
  const named = waits.slice(0, MOST_NAMED).map(sentence).join('; ');
  const more = waits.length > MOST_NAMED ? ` and ${waits.length - MOST_NAMED} more` : '';
  return `${named}${more}${ring(unfollowed)}`;
}

const ring = (unfollowed: readonly string[]): string =>
  unfollowed.length === 0
    ? ''
    : `; not waited for, because they wait for this one in turn: ${unfollowed.slice(0, MOST_NAMED).join(', ')}`;

const replicas = (count: number): string => `${count} ${count === 1 ? 'replica' : 'replicas'}`;

/** Why it is, or would be, at zero. */
function whyDown(state: StartupState, facts: StartupFacts, waits: Waits): { reason: Reason; why: string } {
  const { rollback } = facts;
  if (state.state === 'Failed') return { reason: 'StartupFailed', why: 'it is critical and did not start' };
  if (state.state !== 'Waiting') {
    const by = state.cause?.key ?? 'it';
    return { reason: 'StartupRolledBack', why: `${by}, which is critical, failed to start` };
  }
  if (rollback !== undefined && isStopped(state, facts))
    return { reason: 'StartupBlocked', why: `${rollback.key}, which is critical, failed to start` };
  const isBlocked = waits.waits.some((wait) => wait.kind === 'Phase' && wait.failed !== undefined);
  if (waits.waits.length > 0) return { reason: isBlocked ? 'StartupBlocked' : 'StartupWaits', why: waitsFor(waits) };
  const why = state.attempts > 0 ? 'its pods go before it is tried again' : 'it is raised next';
  return { reason: 'StartupWaits', why };
}

/** What the condition Started says; undefined where nothing can be said. `held` is why nothing is done at present. */
export function conditionOf(
  state: StartupState | undefined,
  facts: StartupFacts,
  waits: Waits,
  held: Held | undefined,
): Verdict | undefined {
  const { rules, workload } = facts;
  if (state === undefined) {
    const isAtZero = workload?.desired === 0 && workload.kept === undefined;
    return isAtZero
      ? { status: 'False', reason: 'ScaledToZero', message: advise('the workload asks for no pods', 'ScaledToZero') }
      : undefined;
  }
  const { attempts, raisedAt, since } = state;
  if (isToBeDown(state)) {
    const { reason, why } = whyDown(state, facts, waits);
    const kept = `${replicas(state.replicas ?? 0)} are kept`.replace('replica are', 'replica is');
    if (state.downAt !== undefined && held !== undefined)
      return {
        status: 'False',
        reason: held.reason,
        message: `at zero and left there, because ${held.message}: ${why}`,
      };
    const what = state.downAt === undefined ? 'goes to zero' : `at zero, ${kept}`;
    if (held !== undefined)
      return { status: 'False', reason: held.reason, message: `${held.message}: ${why}; it would go to zero` };
    return { status: 'False', reason, message: advise(`${what}: ${why}`, reason) };
  }
  if (state.state === 'Started')
    return { status: 'True', reason: 'Started', message: `up since ${timestamp(since)}${ring(waits.unfollowed)}` };
  if (state.state === 'Failed') {
    const tries = attempts > 1 ? ` after any of ${attempts} attempts` : '';
    const message = `not Healthy or Warning within ${formatDuration(rules.timeout)}${tries}`;
    return { status: 'False', reason: 'StartupFailed', message: advise(message, 'StartupFailed') };
  }
  if (workload === undefined)
    return { status: 'False', reason: 'StartupWaits', message: 'there is no workload to start yet' };
  if (isToBeRaised(state))
    return { status: 'False', reason: 'Starting', message: `is raised to ${replicas(state.replicas ?? 0)}` };
  if (held !== undefined && waits.waits.length > 0) {
    return {
      status: 'False',
      reason: held.reason,
      message: `${held.message}: ${waitsFor(waits)}; it would be held at zero`,
    };
  }
  const attempt = attempts > 1 ? ` (attempt ${attempts} of ${rules.retries + 1})` : '';
  const message = `not Healthy or Warning yet, started ${timestamp(raisedAt ?? since)}${attempt}${ring(waits.unfollowed)}`;
  return { status: 'False', reason: 'Starting', message };
}

/** What people are told of what became of a start since the last written status. */
export function toldOf(
  before: StartupState | undefined,
  after: StartupState | undefined,
  facts: StartupFacts,
  waits: Waits,
): Transition[] {
  const told: Transition[] = [];
  const { rules, now } = facts;
  const tell = (to: string, reason: Reason, type: Transition['type'], message: string): void =>
    void told.push({ kind: 'Started', from: before?.state ?? '', to, reason, message, type, outcome: 'Done' });
  if (after === undefined) {
    if (before?.replicas !== undefined)
      tell('Overridden', 'StartupOverridden', 'Normal', 'somebody scaled it to zero on purpose; it is left alone');
    return told;
  }
  if (after.byHand && before?.byHand !== true) {
    const desired = replicas(facts.workload?.desired ?? 0);
    tell(
      'Overridden',
      'StartupOverridden',
      'Normal',
      `somebody scaled it to ${desired} while it was held; it is left alone`,
    );
  }
  if (after.downAt !== undefined && before?.downAt === undefined && after.attempts === 0) {
    const { why } = whyDown(after, facts, waits);
    const isBack = after.state !== 'Waiting';
    const text = `at zero, ${replicas(after.replicas ?? 0)} kept: ${why}`;
    tell(
      isBack ? 'RolledBack' : 'Held',
      isBack ? 'StartupRolledBack' : 'StartupHeld',
      isBack ? 'Warning' : 'Normal',
      text,
    );
  }
  const limit = formatDuration(rules.timeout);
  if (after.state === 'Waiting' && before?.state === 'Starting' && after.attempts > 0 && after.replicas !== undefined) {
    const retry = `retry ${after.attempts} of ${rules.retries}`;
    tell('Retried', 'StartupRetries', 'Warning', `not up within ${limit}; it goes down and up again (${retry})`);
  }
  if (before !== undefined && isToBeRaised(before) && after.raisedAt !== undefined)
    tell(
      'Raised',
      'StartupRaised',
      'Normal',
      `raised to ${replicas(before.replicas ?? 0)}: nothing is in its way any more`,
    );
  if (after.state === 'Started' && before !== undefined && before.state !== 'Started') {
    const took = formatDuration(Math.max(0, Math.round((now - (before.raisedAt ?? before.since)) / 1_000) * 1_000));
    tell('Started', 'Started', 'Normal', `up after ${took}`);
  }
  if (after.state === 'Failed' && before?.state !== 'Failed') {
    const then = rules.critical ? CRITICAL[rules.onFailure] : '';
    tell(
      'Failed',
      'StartupFailed',
      'Warning',
      `not up within ${limit}${after.attempts > 1 ? ` in any of ${after.attempts} attempts` : ''}${then}`,
    );
  }
  return told;
}

const CRITICAL = {
  Hold: '; it is critical: later phases stay held',
  Rollback: '; it is critical: what was raised before goes down again',
} as const;
