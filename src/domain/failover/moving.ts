import { type FailoverFacts, type Obstacle, withdrawal } from './facts.ts';
import { GRACE_MS, type Next, POLL_MS, restingState } from './next.ts';
import { other, type Side } from './rules.ts';
import { selectorDiffers } from './settled.ts';
import { type Move, moveOf, type Moving, type Settled, standingOf } from './state.ts';
import { aborted, completion, fenced, unproven } from './words.ts';

/** How long the pods of a side may take to be ready before the move is given up: the default progress deadline of Deployments. */
export const PREPARE_MS = 600_000;
/** How long endpoints may take to follow the selector before the move is told as done but not proven. */
const VERIFY_MS = 60_000;
const QUICK_MS = 100;

/** While traffic moves: one state after the other. */
export function move(state: Moving, facts: FailoverFacts, now: number): Next {
  if (facts.held) return { stay: { waits: facts.held } };
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

function isOrderedBack({ cause, to, active, ordered }: Moving, facts: FailoverFacts): Obstacle | undefined {
  const { desired } = facts.rules;
  const withdrawn = withdrawal(facts);
  if (withdrawn) return withdrawn;
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
    const standsStill = isOrderedBack(state, facts) && cause !== 'Order' && !withdrawal(facts);
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
  const withdrawn = withdrawal(facts);
  if (withdrawn) return giveUp(state, facts, withdrawn, now);
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
