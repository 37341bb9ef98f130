import type { StartupRules } from './rules.ts';
import { type Cause, enter, type StartupState } from './state.ts';

/** What one step goes by. */
export interface StartupFacts {
  readonly rules: StartupRules;
  /** Of the spec. */
  readonly generation: number;
  /** ms since the epoch */
  readonly now: number;
  /** A status was written before: whether the workload was ever available is known. */
  readonly isKnown: boolean;
  readonly everAvailable: boolean;
  /** Healthy or Warning with pods, in the written status. */
  readonly isUp: boolean;
  /** Undefined where there is none. */
  readonly workload: WorkloadFacts | undefined;
  /** Something that must be up before is not. */
  readonly waits: boolean;
  /** Nothing else has the workload, and mode, maintenance and workflows let it be changed. */
  readonly mayAct: boolean;
  /** Time counts: not in maintenance, and not while a workflow has the workload to itself. */
  readonly isTimed: boolean;
  /** What was raised before is to go down again. */
  readonly rollback: Rollback | undefined;
}

export interface WorkloadFacts {
  /** Replicas that it asks for. */
  readonly desired: number;
  /** What its annotation says it had. */
  readonly kept: number | undefined;
  /** Whether it can have that annotation. */
  readonly carries: boolean;
  /** Pods that there are, whatever they do. */
  readonly pods: number;
  /** It served before, though nobody wrote that down: pods are ready, or its rollout was complete. */
  readonly wasAvailable: boolean;
}

export interface Rollback extends Cause {
  /** Only what was raised until then goes down. */
  readonly since: number;
  /** Whoever comes first in reverse order is down. */
  readonly isTurn: boolean;
  /** This service is the one that failed. */
  readonly isOwn: boolean;
}

/**
 * What time and the state of the world make of a start; undefined where there is nothing to start. What the result asks of the workload is to be
 * written before it is done: isToBeDown and isToBeRaised say what.
 */
export function step(before: StartupState | undefined, facts: StartupFacts): StartupState | undefined {
  if (before === undefined) return begin(facts);
  const { workload, now } = facts;
  if (workload === undefined) return lost(before, facts);
  if (before.replicas !== undefined) {
    const isOnPurpose = workload.desired === 0 && workload.carries && workload.kept === undefined;
    if (isOnPurpose) return undefined;
    if (isScaledByHand(before, workload)) return enter('Starting', now, { attempts: before.attempts, byHand: true });
  }
  const seen = sawZero(before, workload, now);
  switch (seen.state) {
    case 'Waiting':
      return seen.replicas === undefined ? begin(facts) : wait(seen, workload, facts);
    case 'Starting':
      return seen.replicas === undefined ? start(seen, workload, facts) : raise(seen, workload, facts);
    case 'Started':
      return rolledBack(seen, workload, facts) ?? keptAtZero(workload, now) ?? seen;
    case 'Failed':
      return failed(seen, workload, facts);
    case 'RolledBack':
      return liftRollback(seen, workload, facts);
  }
}

function begin({ isKnown, everAvailable, workload, waits, mayAct, now }: StartupFacts): StartupState | undefined {
  if (!isKnown) return undefined;
  if (workload === undefined) return everAvailable ? undefined : enter('Waiting', now);
  const { desired, kept, wasAvailable } = workload;
  if (kept !== undefined && desired > 0) return enter('Starting', now, { byHand: true });
  if (desired === 0) return keptAtZero(workload, now);
  if (everAvailable) return enter('Started', now);
  if (wasAvailable || !mayAct) return enter('Starting', now);
  return waits ? enter('Waiting', now, { replicas: desired }) : byItself(now);
}

/** Nothing was in its way: it counts as raised, although it had its replicas already. */
const byItself = (now: number): StartupState => enter('Starting', now, { raisedAt: now, attempts: 1 });

/** Another service that was deleted, or its status, kept the replicas: they are not lost. */
const keptAtZero = ({ desired, kept }: WorkloadFacts, now: number): StartupState | undefined =>
  desired === 0 && kept !== undefined ? enter('Waiting', now, { replicas: kept, downAt: now }) : undefined;

function lost(before: StartupState, { now }: StartupFacts): StartupState {
  const { state, replicas } = before;
  if (replicas === undefined && state !== 'Starting') return before;
  return state === 'Failed' ? { ...before, replicas: undefined, downAt: undefined } : enter('Waiting', now);
}

/** The annotation goes with the replicas: with replicas and annotation it was somebody else. Other kinds were seen at zero before. */
function isScaledByHand(before: StartupState, { desired, kept, carries }: WorkloadFacts): boolean {
  if (desired === 0) return false;
  return carries ? kept !== undefined : before.downAt !== undefined && before.state !== 'Starting';
}

function sawZero(before: StartupState, { desired, kept }: WorkloadFacts, now: number): StartupState {
  if (before.replicas === undefined || desired > 0) return before;
  const replicas = kept ?? before.replicas;
  const isSame = before.downAt !== undefined && replicas === before.replicas;
  return isSame ? before : { ...before, replicas, downAt: before.downAt ?? now };
}

function wait(before: StartupState, { desired, pods, wasAvailable }: WorkloadFacts, facts: StartupFacts): StartupState {
  const { rules, now, waits, isUp, mayAct } = facts;
  const isRetry = before.attempts > 0;
  if (desired > 0) {
    if (isUp) return enter('Started', now, { attempts: before.attempts });
    if (isRetry) return before;
    // Not taken down yet, and need not be, or must not be, any more.
    if (wasAvailable) return enter('Starting', now);
    return waits ? before : byItself(now);
  }
  if (waits || !mayAct || isStopped(before, facts)) return before;
  const isGone = !isRetry || pods === 0 || now >= (before.downAt ?? now) + rules.timeout;
  return isGone ? { ...before, state: 'Starting', since: now } : before;
}

/** A rollback ends the sequence for those too that waited in it. */
export const isStopped = ({ since }: StartupState, { rollback }: Pick<StartupFacts, 'rollback'>): boolean =>
  rollback !== undefined && since <= rollback.since;

function raise(before: StartupState, { desired }: WorkloadFacts, facts: StartupFacts): StartupState {
  const { waits, now } = facts;
  if (desired === 0) return waits || isStopped(before, facts) ? { ...before, state: 'Waiting' } : before;
  return enter('Starting', now, { raisedAt: now, attempts: before.attempts + 1 });
}

function start(before: StartupState, workload: WorkloadFacts, facts: StartupFacts): StartupState | undefined {
  const { rules, now, isUp, isTimed, mayAct, waits, everAvailable } = facts;
  const { raisedAt, attempts, byHand, since } = before;
  if (workload.desired === 0) return keptAtZero(workload, now);
  if (isUp) return enter('Started', now, { attempts, raisedAt });
  const isUntouched = raisedAt === undefined && !byHand && attempts === 0;
  if (isUntouched && mayAct && !everAvailable && !workload.wasAvailable)
    return waits ? enter('Waiting', now, { replicas: workload.desired }) : byItself(now);
  if (goesDown(before, facts)) return rolledBack(before, workload, facts) ?? before;
  if (!isTimed || now < (raisedAt ?? since) + rules.timeout) return before;
  if (raisedAt !== undefined && attempts <= rules.retries && mayAct)
    return enter('Waiting', now, { replicas: workload.desired, attempts });
  return enter('Failed', now, { attempts, raisedAt, byHand, generation: facts.generation });
}

function failed(before: StartupState, workload: WorkloadFacts, facts: StartupFacts): StartupState {
  const { now, generation, isUp, rollback } = facts;
  const { attempts, raisedAt, replicas, downAt, byHand } = before;
  if (replicas === undefined && isUp) return enter('Started', now, { attempts, raisedAt });
  if (generation !== before.generation) {
    if (replicas !== undefined && downAt !== undefined) return enter('Waiting', now, { replicas, downAt });
    return raisedAt === undefined ? enter('Starting', now, { byHand, attempts }) : byItself(now);
  }
  if (rollback?.isOwn !== true) return rolledBack(before, workload, facts) ?? before;
  const isTaken = replicas !== undefined || !goesDown(before, facts) || !rollback.isTurn || workload.desired === 0;
  return isTaken ? before : { ...before, replicas: workload.desired };
}

const goesDown = ({ raisedAt }: StartupState, { rollback, mayAct }: StartupFacts): boolean =>
  mayAct && rollback !== undefined && raisedAt !== undefined && raisedAt <= rollback.since;

function rolledBack(before: StartupState, { desired }: WorkloadFacts, facts: StartupFacts): StartupState | undefined {
  const { rollback, now, generation } = facts;
  if (rollback?.isTurn !== true || desired === 0 || !goesDown(before, facts)) return undefined;
  const cause = { key: rollback.key, generation: rollback.generation };
  return enter('RolledBack', now, { replicas: desired, raisedAt: before.raisedAt, generation, cause });
}

/** Until somebody changes this spec, or that of the one that failed. */
function liftRollback(before: StartupState, { desired }: WorkloadFacts, facts: StartupFacts): StartupState {
  const { rollback, now, generation } = facts;
  const { cause, replicas, downAt } = before;
  const isInForce = rollback?.key === cause?.key && rollback?.generation === cause?.generation;
  if (isInForce && generation === before.generation) return before;
  return desired === 0 ? enter('Waiting', now, { replicas, downAt }) : byItself(now);
}
