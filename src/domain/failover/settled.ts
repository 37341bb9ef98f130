import type { Reason } from '../../api/reasons.ts';
import { type FailoverFacts, type Obstacle, pause, withdrawal } from './facts.ts';
import { GRACE_MS, type Next, POLL_MS, restingState } from './next.ts';
import { other, type Side } from './rules.ts';
import { type FailoverCause, type FailoverState, type Moving, type Settled, standingOf } from './state.ts';
import { refusal, started, suspected } from './words.ts';

/** While traffic stays where it is: whether a move is due, and what is left to tidy. */
export function settle(state: Settled, facts: FailoverFacts, now: number): Next {
  const { rules, held } = facts;
  // What stands in the spec when traffic is there already is carried out.
  if (rules.desired !== state.ordered && (rules.desired === undefined || rules.desired === state.active)) {
    return { state: { ...state, ordered: rules.desired, retryAt: undefined } };
  }
  // What is suspended still goes back to what it had before a move that was undone.
  const waits = state.untidy === true ? held : pause(facts);
  if (waits) return { stay: { waits, lookAgainInMs: Infinity } };
  const { desired, fencedReplicas } = facts.sides[state.active];
  // What serves is not fenced: an act of a former leader came late, or the state that knew of the fence is lost.
  if (desired === 0 && fencedReplicas !== undefined && (facts.isGoing || !withdrawal(facts))) {
    const act = { type: 'Scale', side: state.active, from: 0, to: fencedReplicas, fences: undefined } as const;
    return { stay: { act, lookAgainInMs: POLL_MS } };
  }
  const wish = wishOf(state, facts, now);
  if (wish) return pursue(state, wish, facts, now);
  if (isDown(state, facts)) {
    if (state.name === 'Suspected') return { stay: { lookAgainInMs: dueIn(state, facts, now) } };
    return { state: { ...standingOf(state, now), name: 'Suspected' }, told: suspected(state, facts) };
  }
  if (state.name === 'Suspected' || state.name === 'Refused') return { state: restingState(state, now) };
  const cooled = coolsIn(state, facts, now);
  if (state.name === 'Completed' && cooled === 0) return { state: { ...standingOf(state, now), name: 'Idle' } };
  return (
    tidy(state, facts, now) ??
    cleaned(state, facts) ?? {
      stay: { lookAgainInMs: Math.min(cooled || Infinity, retryIn(state, facts, now) || Infinity) },
    }
  );
}

/** A service that follows another does so in this as well: it moves by nothing else. */
const isDown = (state: Settled, facts: FailoverFacts): boolean =>
  !isEnding(facts) &&
  facts.health === 'Down' &&
  facts.rules.follow === undefined &&
  (state.active === 'Primary' || facts.rules.failback === 'Automatic');

/** For one that is being deleted, or suspended, nothing is begun, nor said of what would be. */
const isEnding = ({ isGoing, isSuspended }: FailoverFacts): boolean => isGoing || isSuspended;

interface Wish {
  readonly to: Side;
  readonly cause: FailoverCause;
  readonly suspectedAt: number;
}

/** The move that is due, if one is. */
function wishOf(state: Settled, facts: FailoverFacts, now: number): Wish | undefined {
  const { rules, followed, health } = facts;
  if (isEnding(facts)) return undefined;
  const to = other(state.active);
  if (rules.desired !== undefined && rules.desired !== state.ordered) return { to, cause: 'Order', suspectedAt: now };
  if (rules.follow !== undefined) {
    return followed === undefined || followed === state.active ? undefined : { to, cause: 'Follow', suspectedAt: now };
  }
  if (isDown(state, facts) && dueIn(state, facts, now) === 0) {
    return { to, cause: 'Failure', suspectedAt: suspectedSince(state, now) ?? now };
  }
  const mayReturn = state.active === 'Standby' && rules.failback === 'Automatic' && health === 'Up';
  if (!mayReturn || coolsIn(state, facts, now) > 0 || retryIn(state, facts, now) > 0) return undefined;
  return { to, cause: 'Failback', suspectedAt: now };
}

/** A clock that was set back must not make it longer. */
function suspectedSince(state: Settled, now: number): number | undefined {
  if (state.name === 'Suspected') return Math.min(state.since, now);
  return state.name === 'Refused' && state.cause === 'Failure' ? Math.min(state.suspectedAt, now) : undefined;
}

function dueIn(state: Settled, { rules }: FailoverFacts, now: number): number {
  const since = suspectedSince(state, now);
  return since === undefined ? Infinity : Math.max(0, since + rules.after - now);
}

const coolsIn = ({ switchedAt }: FailoverState, { rules }: FailoverFacts, now: number): number =>
  switchedAt === undefined ? 0 : Math.max(0, Math.min(switchedAt, now) + rules.cooldown - now);

function retryIn({ retryAt }: FailoverState, { rules }: FailoverFacts, now: number): number {
  return retryAt === undefined ? 0 : Math.max(0, Math.min(retryAt, now + rules.cooldown) - now);
}

function pursue(state: Settled, wish: Wish, facts: FailoverFacts, now: number): Next {
  const obstacle = objectionTo(state, wish, facts, now);
  if (obstacle === undefined) {
    // What was down with others may come up with them: it has its time for that, and not all move at once.
    const isReleased = state.name === 'Refused' && wish.cause === 'Failure' && FAILURE_OF_OTHERS.has(state.reason);
    return isReleased ? { state: { ...standingOf(state, now), name: 'Suspected' } } : prepare(state, wish, facts, now);
  }
  // The way back can wait without a word: nothing is broken.
  if (wish.cause === 'Failback') return { stay: { waits: obstacle, lookAgainInMs: POLL_MS } };
  const isTold = state.name === 'Refused' && state.reason === obstacle.reason && state.cause === wish.cause;
  const lookAgainInMs = Math.max(coolsIn(state, facts, now), retryIn(state, facts, now)) || Infinity;
  if (isTold && state.message === obstacle.message)
    return tidy(state, facts, now) ?? { stay: { waits: obstacle, lookAgainInMs } };
  const since = state.name === 'Refused' ? state.since : now;
  const refused: Settled = { ...standingOf(state, since), name: 'Refused', ...wish, ...obstacle };
  return isTold ? { state: refused } : { state: refused, told: refusal(wish, obstacle) };
}

const FAILURE_OF_OTHERS: ReadonlySet<Reason> = new Set<Reason>(['MassFailure', 'DependencyUnhealthy']);

function objectionTo(state: Settled, wish: Wish, facts: FailoverFacts, now: number): Obstacle | undefined {
  const { mode, obstacle, freeze, elsewhere, sides } = facts;
  const isOrdered = wish.cause === 'Order';
  if (obstacle) return obstacle;
  const differs = selectorDiffers(state.active, wish.to, facts);
  if (differs) return differs;
  if (!isOrdered && freeze) return freeze;
  if (wish.cause === 'Failure' && elsewhere) return elsewhere;
  const { name, desired, ready } = sides[wish.to];
  if (desired === undefined) return { reason: 'StandbyNotFound', message: `${name} is not there` };
  if (desired > 0 && ready === 0) return { reason: 'StandbyNotReady', message: `${name} has no ready pod either` };
  if (wish.cause === 'Failure' && coolsIn(state, facts, now) > 0) {
    return { reason: 'FailoverCooldown', message: 'traffic was moved less than a cooldown ago' };
  }
  if (retryIn(state, facts, now) > 0) {
    if (state.name === 'Refused') return { reason: state.reason, message: state.message };
    return { reason: 'FailoverCooldown', message: 'the last attempt ended less than a cooldown ago' };
  }
  if (mode === 'Enforce') return undefined;
  return { reason: mode === 'Observe' ? 'ObserveOnly' : 'RecommendOnly', message: `would move traffic to ${name}` };
}

/** Somebody who has moved traffic to where it is to go was only faster. */
export function selectorDiffers(active: Side, to: Side, { selects, service }: FailoverFacts): Obstacle | undefined {
  if (selects === undefined || selects === active || selects === to) return undefined;
  const message = `Service ${service.name} selects ${service.selector}, and not what failover.selectors.${active.toLowerCase()} says`;
  return { reason: 'ServiceSelectorDiffers', message };
}

function prepare(state: Settled, wish: Wish, facts: FailoverFacts, now: number): Next {
  const { sides, rules } = facts;
  const served = sides[state.active].desired ?? 0;
  const asMany = Math.max(1, served, wish.to === 'Primary' ? (state.fenced ?? 0) : 0);
  const wanted = wish.to === 'Standby' ? (rules.standbyReplicas ?? asMany) : asMany;
  const own = sides[wish.to].desired;
  const resting = wish.to === 'Standby' ? (state.resting ?? own) : state.resting;
  const standing = { ...standingOf(state, now), retryAt: undefined, resting, untidy: undefined };
  const next: Moving = { ...standing, ...wish, name: 'Preparing', wanted, decidedAt: now };
  return { state: next, told: started(next, facts) };
}

/**
 * What serves has no count to come back to: a rollback brings back the annotations that a workload had at that revision, and the next who
 * scales it to zero on purpose would be taken for a fence.
 */
function cleaned({ active }: Settled, facts: FailoverFacts): Next | undefined {
  const { desired, fencedReplicas } = facts.sides[active];
  if (desired === undefined || fencedReplicas === undefined || withdrawal(facts)) return undefined;
  const act = { type: 'Scale', side: active, from: desired, to: desired, fences: undefined } as const;
  return { stay: { act, lookAgainInMs: POLL_MS } };
}

/** The side that does not serve goes back to the count that it has at rest. */
function tidy(state: Settled, facts: FailoverFacts, now: number): Next | undefined {
  if (state.untidy !== true) return undefined;
  const { sides, rules } = facts;
  const side = other(state.active);
  const { desired, ready, isGone } = sides[side];
  // What cannot be read just now still has another count than its own.
  if (desired === undefined && !isGone) return { stay: { lookAgainInMs: POLL_MS } };
  const rest =
    side === 'Standby'
      ? state.resting
      : rules.fencing === 'None'
        ? undefined
        : state.fenced === undefined
          ? undefined
          : 0;
  const isStarting = rest !== undefined && ready < rest && now - Math.min(state.since, now) < GRACE_MS;
  if (desired === rest && isStarting) return { stay: { lookAgainInMs: POLL_MS } };
  if (rest === undefined || desired === undefined || desired === rest) {
    return { state: { ...state, untidy: undefined, resting: side === 'Standby' ? undefined : state.resting } };
  }
  const fences = side === 'Primary' ? state.fenced : undefined;
  return { stay: { act: { type: 'Scale', side, from: desired, to: rest, fences }, lookAgainInMs: POLL_MS } };
}
