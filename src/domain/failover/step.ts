import type { Reason } from '../../api/reasons.ts';
import type { FailoverFacts, Obstacle } from './facts.ts';
import { other, type Side } from './rules.ts';
import {
  type FailoverCause,
  type FailoverState,
  isMoving,
  type Move,
  moveOf,
  type Moving,
  type Settled,
  standingOf,
} from './state.ts';

/** What is to be done while a state lasts; doing it again changes nothing. */
export type FailoverAct =
  | {
      readonly type: 'Scale';
      readonly side: Side;
      readonly from: number;
      readonly to: number;
      readonly fences: number | undefined;
    }
  | { readonly type: 'Select'; readonly from: Side; readonly to: Side; readonly epoch: number };

/** Something that people are told. */
export interface Told {
  readonly reason: Reason;
  readonly verdict: string;
  readonly message: string;
  readonly type: 'Normal' | 'Warning';
}

export interface Step {
  readonly state: FailoverState;
  /** To be carried out only where `state` is the one that went in: what is not written yet would not survive. */
  readonly act: FailoverAct | undefined;
  readonly told: readonly Told[];
  /** Why a move does not go on. */
  readonly waits: Obstacle | undefined;
  /** When to look again although nothing changes, ms; Infinity: it follows events. */
  readonly lookAgainInMs: number;
}

type Next = { readonly state: FailoverState; readonly told?: Told } | Stay;
interface Stay {
  readonly stay: {
    readonly act?: FailoverAct | undefined;
    readonly waits?: Obstacle | undefined;
    readonly lookAgainInMs?: number;
  };
}

/** How long the pods of a side may take to be ready before the move is given up: the default progress deadline of Deployments. */
export const PREPARE_MS = 600_000;
/** How long endpoints may take to follow the selector before the move is told as done but not proven. */
const VERIFY_MS = 60_000;
/** The grace period that pods have where nothing is written. */
const GRACE_MS = 30_000;
const POLL_MS = 1_000;
const QUICK_MS = 100;

/**
 * The next state, as far as it follows from these facts, and what to do while it lasts. Nothing is remembered but the state, and every state
 * may be entered again by another process: what was done is seen in the facts, and is not done twice.
 */
export function step(before: FailoverState, facts: FailoverFacts, now: number): Step {
  let state = before;
  const told: Told[] = [];
  for (;;) {
    const next = isMoving(state) ? move(state, facts, now) : settle(state, facts, now);
    if ('stay' in next) {
      const { act, waits, lookAgainInMs = Infinity } = next.stay;
      // In a state that is not written yet nothing is done: the next look comes at once.
      const isWritten = state === before;
      return {
        state,
        act: isWritten ? act : undefined,
        told,
        waits,
        lookAgainInMs: isWritten || !act ? lookAgainInMs : 0,
      };
    }
    const isOver = next.state.active !== state.active || (isMoving(state) && !isMoving(next.state));
    state = next.state;
    if (next.told) told.push(next.told);
    // What follows then follows from facts about the other side, and from its health.
    if (isOver) return { state, act: undefined, told, waits: undefined, lookAgainInMs: 0 };
  }
}

function settle(state: Settled, facts: FailoverFacts, now: number): Next {
  const { rules, held } = facts;
  // What stands in the spec when traffic is there already is carried out.
  if (rules.desired !== state.ordered && (rules.desired === undefined || rules.desired === state.active)) {
    return { state: { ...state, ordered: rules.desired, retryAt: undefined } };
  }
  if (held) return { stay: { waits: held, lookAgainInMs: Infinity } };
  const { desired, fencedReplicas } = facts.sides[state.active];
  // What serves is not fenced: an act of a former leader came late, or the state that knew of the fence is lost.
  if (desired === 0 && fencedReplicas !== undefined && mayAct(facts)) {
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
    tidy(state, facts, now) ?? {
      stay: { lookAgainInMs: Math.min(cooled || Infinity, retryIn(state, facts, now) || Infinity) },
    }
  );
}

/** A service that follows another does so in this as well: it moves by nothing else. */
const isDown = (state: Settled, { health, rules, isGoing }: FailoverFacts): boolean =>
  // For one that is being deleted nothing is begun.
  !isGoing &&
  health === 'Down' &&
  rules.follow === undefined &&
  (state.active === 'Primary' || rules.failback === 'Automatic');

/** What is given back to somebody who goes is given back in every mode. */
const mayAct = ({ mode, isGoing }: FailoverFacts): boolean => mode === 'Enforce' || isGoing;

interface Wish {
  readonly to: Side;
  readonly cause: FailoverCause;
  readonly suspectedAt: number;
}

/** The move that is due, if one is. */
function wishOf(state: Settled, facts: FailoverFacts, now: number): Wish | undefined {
  const { rules, followed, health } = facts;
  if (facts.isGoing) return undefined;
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
  if (obstacle === undefined) return prepare(state, wish, facts, now);
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

function move(state: Moving, facts: FailoverFacts, now: number): Next {
  if (facts.held) return { stay: { waits: facts.held } };
  if (!mayAct(facts)) {
    const reason = facts.mode === 'Observe' ? 'ObserveOnly' : 'RecommendOnly';
    return { stay: { waits: { reason, message: `the move to ${facts.sides[state.to].name} waits` } } };
  }
  switch (state.name) {
    case 'Preparing':
      return preparing(state, facts, now);
    case 'Fencing':
      return fencing(state, facts, now);
    case 'Switching':
      return switching(state, facts, now);
    case 'Verifying':
      return verifying(state, facts, now);
  }
}

function preparing(state: Moving, facts: FailoverFacts, now: number): Next {
  const { to, wanted } = state;
  const { desired, ready, isGone } = facts.sides[to];
  const stop = to === state.active ? undefined : reasonToStop(state, facts, now);
  if (stop) return giveUp(state, facts, stop, now);
  if (desired === undefined && isGone && facts.isGoing) return { state: restingState({ ...state, untidy: true }, now) };
  if (desired === undefined) {
    return {
      stay: {
        waits: { reason: 'StandbyNotFound', message: `${facts.sides[to].name} is not there` },
        lookAgainInMs: POLL_MS,
      },
    };
  }
  if (desired < wanted) {
    return {
      stay: { act: { type: 'Scale', side: to, from: desired, to: wanted, fences: undefined }, lookAgainInMs: POLL_MS },
    };
  }
  // Turned round: traffic never left, and whether its pods are well is no longer a matter of this.
  if (to === state.active) return { state: restingState({ ...state, untidy: true }, now) };
  if (ready < wanted) return { stay: { lookAgainInMs: POLL_MS } };
  const move = { ...moveOf(state), preparedAt: state.preparedAt ?? now };
  if (facts.rules.fencing === 'None') return { state: switchTo({ ...state, ...move, fencedAt: now }, now) };
  return { state: { ...standingOf(state, now), ...move, name: 'Fencing' } };
}

function reasonToStop(state: Moving, facts: FailoverFacts, now: number): Obstacle | undefined {
  const { to, active } = state;
  const { name, desired } = facts.sides[to];
  const isGone: Obstacle = { reason: 'StandbyNotFound', message: `${name} is gone` };
  return (
    isTakenBack(state, facts) ??
    facts.obstacle ??
    selectorDiffers(active, to, facts) ??
    (desired === undefined ? isGone : isPast(state, now) ? tooSlow(facts, state) : undefined)
  );
}

const isPast = ({ since }: Moving, now: number): boolean => now - Math.min(since, now) >= PREPARE_MS;

const tooSlow = ({ sides }: FailoverFacts, { to, wanted }: Moving): Obstacle => ({
  reason: 'StandbyNotReady',
  message: `${sides[to].name} had ${sides[to].ready} of ${wanted} pods ready after 10m`,
});

/** Why a move is no longer wanted: a person's word holds at any time, the rest only while nothing was taken from the active side. */
function isTakenBack(state: Moving, facts: FailoverFacts): Obstacle | undefined {
  const { cause, active, leaving } = state;
  const { health, rules, followed, sides } = facts;
  const back = (message: string): Obstacle => ({ reason: 'FailoverAborted', message });
  const order = isOrderedBack(state, facts);
  if (order || leaving !== undefined) return order;
  if (cause === 'Failure' && health === 'Up') return back(`${sides[active].name} is well again`);
  if (cause === 'Follow' && followed === active) return back(`${rules.follow} went back`);
  return undefined;
}

const goingAway: Obstacle = { reason: 'FailoverAborted', message: 'the OrchestratedService is being deleted' };

function isOrderedBack(
  { cause, to, active, ordered }: Moving,
  { rules: { desired }, isGoing }: FailoverFacts,
): Obstacle | undefined {
  if (isGoing) return goingAway;
  const isTakenAway = cause === 'Order' && desired !== to;
  const isToStay = desired === active && desired !== ordered;
  if (!isTakenAway && !isToStay) return undefined;
  return {
    reason: 'FailoverAborted',
    message: desired === undefined ? 'failover.desired was taken away' : `failover.desired is ${desired}`,
  };
}

/** Before anything was taken from the active side; where something was, it is given back first. */
function giveUp(state: Moving, facts: FailoverFacts, why: Obstacle, now: number): Next {
  const { to, active, leaving, cause, suspectedAt, decidedAt } = state;
  if (leaving !== undefined && to !== active) {
    const back: Move = { to: active, cause, wanted: leaving, suspectedAt, decidedAt, leaving };
    return { state: { ...standingOf(state, now), ...back, name: 'Preparing' }, told: aborted(facts, state, why) };
  }
  const standing = { ...standingOf(state, now), untidy: true };
  const retryAt = now + facts.rules.cooldown;
  if (why.reason === 'FailoverAborted') {
    // Whoever says that traffic stays does not mean for some seconds.
    const standsStill = isOrderedBack(state, facts) && cause !== 'Order';
    return {
      state: { ...standing, retryAt: standsStill ? retryAt : undefined, name: 'Idle' },
      told: aborted(facts, state, why),
    };
  }
  return {
    state: { ...standing, retryAt, name: 'Refused', to, cause, suspectedAt, ...why },
    told: aborted(facts, state, why),
  };
}

function fencing(state: Moving, facts: FailoverFacts, now: number): Next {
  const { to, active, wanted, leaving } = state;
  const left = facts.sides[active];
  const back = isTakenBack(state, facts);
  if (back) return giveUp(state, facts, back, now);
  const { desired = 0, fencedReplicas } = left;
  // It was fenced, and the state that told how many there were is lost.
  if (desired === 0 && leaving === undefined && fencedReplicas !== undefined) {
    return { state: { ...state, leaving: fencedReplicas } };
  }
  const isReady = facts.sides[to].ready >= wanted;
  const prepareAgain = { ...standingOf(state, now), ...moveOf(state), name: 'Preparing' } as const;
  if (desired > 0) {
    // Nothing was taken yet.
    if (facts.obstacle) return giveUp({ ...state, leaving: undefined }, facts, facts.obstacle, now);
    if (!isReady) return { state: { ...prepareAgain, leaving: undefined } };
    // The count is written before it is taken away, so that status and annotation agree.
    if (leaving !== desired) return { state: { ...state, leaving: desired } };
    const act = { type: 'Scale', side: active, from: desired, to: 0, fences: leaving } as const;
    return { stay: { act, lookAgainInMs: POLL_MS } };
  }
  if (facts.podsGone !== true) {
    // Pods take their time to end; it is told when that is longer than they are usually given.
    const isLate = now - Math.min(state.since, now) >= GRACE_MS;
    const waits: Obstacle = { reason: 'FencingWaits', message: `pods of ${left.name} have not ended yet` };
    return { stay: { waits: isLate ? waits : undefined, lookAgainInMs: POLL_MS } };
  }
  if (!isReady) return { state: prepareAgain };
  return { state: switchTo({ ...state, fencedAt: now }, now), told: fenced(facts, state) };
}

const switchTo = (state: Moving, now: number): Moving => ({
  ...standingOf(state, now),
  ...moveOf(state),
  epoch: state.epoch + 1,
  name: 'Switching',
});

function switching(state: Moving, facts: FailoverFacts, now: number): Next {
  const { to, active, epoch } = state;
  const isFenced =
    facts.rules.fencing === 'None' || ((facts.sides[active].desired ?? 0) === 0 && facts.podsGone !== false);
  if (facts.selects === to) {
    const moved = { ...moveOf(state), movedAt: now };
    return { state: { ...standingOf(state, now), ...moved, active: to, switchedAt: now, name: 'Verifying' } };
  }
  if (facts.isGoing) return giveUp(state, facts, goingAway, now);
  if (!isFenced) return { state: { ...standingOf(state, now), ...moveOf(state), name: 'Fencing' } };
  if (facts.sides[to].ready === 0) return { state: { ...standingOf(state, now), ...moveOf(state), name: 'Preparing' } };
  if (facts.selects !== active) {
    const waits: Obstacle = facts.obstacle ?? {
      reason: 'ServiceSelectorDiffers',
      message: 'somebody changed the selector of the Service',
    };
    return { stay: { waits, lookAgainInMs: POLL_MS } };
  }
  // Somebody wrote a later one there, who is no leader: the selector has not moved.
  if (facts.epoch >= epoch) return { state: { ...state, epoch: facts.epoch + 1 } };
  // What is not known to be gone is not left behind.
  const act = facts.rules.fencing === 'None' || facts.podsGone === true;
  return { stay: { act: act ? { type: 'Select', from: active, to, epoch } : undefined, lookAgainInMs: QUICK_MS } };
}

function verifying(state: Moving, facts: FailoverFacts, now: number): Next {
  const { active, decidedAt, preparedAt = decidedAt, fencedAt = preparedAt, suspectedAt, movedAt = now } = state;
  const waits = unverified(active, facts);
  const isGivenUp = waits !== undefined && now - Math.min(movedAt, now) >= VERIFY_MS;
  if (waits && !isGivenUp) {
    // The controller of endpoints takes milliseconds; after a while it is worth telling, and no longer worth asking so often.
    const isLate = now - Math.min(movedAt, now) >= POLL_MS;
    return { stay: { waits: isLate ? waits : undefined, lookAgainInMs: isLate ? POLL_MS : QUICK_MS } };
  }
  const took = {
    detection: span(suspectedAt, decidedAt),
    preparation: span(decidedAt, preparedAt),
    fencing: span(preparedAt, fencedAt),
    switch: span(fencedAt, now),
  };
  const isFenced = facts.rules.fencing !== 'None' && active === 'Standby';
  const ordered = state.cause === 'Order' ? active : state.ordered;
  const standing = {
    ...standingOf(state, now),
    ordered,
    fenced: isFenced ? state.leaving : undefined,
    untidy: active === 'Primary' || undefined,
  };
  const completed: Settled = { ...standing, name: 'Completed', took };
  return { state: completed, told: waits ? unproven(facts, state, waits) : completion(facts, state, took) };
}

/** What the API server does not show yet of a switch. */
function unverified(active: Side, { selects, endpoints, sides }: FailoverFacts): Obstacle | undefined {
  const message =
    selects !== active
      ? 'somebody changed the selector of the Service after the switch'
      : endpoints === undefined
        ? 'the endpoints were not read yet'
        : endpoints.left > 0
          ? `endpoints of ${sides[other(active)].name} are still there`
          : endpoints.arrived === 0
            ? `no endpoint of ${sides[active].name} is ready yet`
            : undefined;
  return message === undefined ? undefined : { reason: 'EndpointsBehind', message };
}

/** The clock may have been set back in between. */
const span = (from: number, to: number): number => Math.max(0, to - from);

/** The side that does not serve goes back to the count that it has at rest. */
function tidy(state: Settled, facts: FailoverFacts, now: number): Next | undefined {
  if (state.untidy !== true || !mayAct(facts)) return undefined;
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

/** Idle, or Completed again where its cooldown still runs is not told apart: the cooldown follows from switchedAt. */
const restingState = (state: FailoverState, now: number): Settled => ({ ...standingOf(state, now), name: 'Idle' });

const suspected = ({ active }: Settled, { sides, because, rules }: FailoverFacts): Told => ({
  reason: 'FailoverSuspected',
  verdict: 'Suspected',
  message: `${sides[active].name} is down (${because}); traffic moves if that lasts ${rules.after / 1_000}s`,
  type: 'Warning',
});

const CAUSES: Readonly<Record<FailoverCause, string>> = {
  Failure: 'because it is down',
  Order: 'because failover.desired says so',
  Failback: 'back, as failover.failback says',
  Follow: 'along with the service that it follows',
};

const started = ({ active, to, cause, wanted }: Moving, { sides }: FailoverFacts): Told => ({
  reason: 'FailoverStarted',
  verdict: 'Preparing',
  message: `traffic moves from ${sides[active].name} to ${sides[to].name} ${CAUSES[cause]}; ${wanted} pods must be ready there first`,
  type: cause === 'Failure' ? 'Warning' : 'Normal',
});

const fenced = ({ sides }: FailoverFacts, { active, leaving }: Moving): Told => ({
  reason: 'Fenced',
  verdict: 'Fenced',
  message: `${sides[active].name} has no pod any more; its ${leaving ?? 0} replicas are kept in its annotation`,
  type: 'Normal',
});

/** Observe says so in the status alone. */
const refusal = ({ cause }: Wish, { reason, message }: Obstacle): Told => {
  if (reason === 'RecommendOnly' || reason === 'ObserveOnly') {
    const told = reason === 'RecommendOnly' ? 'WouldFailOver' : reason;
    return { reason: told, verdict: 'WouldMove', message: `${message} (${cause})`, type: 'Normal' };
  }
  const sentence = `traffic does not move (${cause}): ${message}`;
  return { reason: 'FailoverRefused', verdict: 'Refused', message: sentence, type: 'Warning' };
};

const aborted = ({ sides }: FailoverFacts, { active, to }: Moving, { message, reason }: Obstacle): Told => ({
  reason: 'FailoverAborted',
  verdict: 'Aborted',
  message: `traffic stays at ${sides[active].name} and does not move to ${sides[to].name}: ${message}`,
  type: reason === 'FailoverAborted' ? 'Normal' : 'Warning',
});

const completion = (
  { sides }: FailoverFacts,
  { active, epoch }: Moving,
  took: { detection: number; preparation: number; fencing: number; switch: number },
): Told => ({
  reason: 'FailedOver',
  verdict: active,
  message: `traffic goes to ${sides[active].name} (epoch ${epoch}): detection ${took.detection}ms, preparation ${took.preparation}ms, fencing ${took.fencing}ms, switch ${took.switch}ms`,
  type: 'Normal',
});

const unproven = ({ sides }: FailoverFacts, { active, epoch }: Moving, { reason, message }: Obstacle): Told => ({
  reason,
  verdict: active,
  message: `traffic was moved to ${sides[active].name} (epoch ${epoch}), but ${message}`,
  type: 'Warning',
});
