import type { Condition } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { timestamp } from '../status/conditions.ts';
import { type FailoverFacts, type Obstacle, pause } from './facts.ts';
import { other } from './rules.ts';
import { type FailoverState, isMoving, type Settled } from './state.ts';
import { selectorDiffers } from './settled.ts';

export interface Readiness {
  readonly status: Condition['status'];
  readonly reason: Reason;
  readonly message: string;
}

/** Whether traffic could be moved now, should the active side go down: told before anything breaks. */
export function readiness(state: FailoverState, facts: FailoverFacts, waits: Obstacle | undefined): Readiness {
  const obstacle = isMoving(state) ? (waits ?? underway(state.to, facts)) : standsInTheWay(state, facts);
  if (obstacle) return { status: 'False', ...obstacle };
  const { name, desired = 0, ready } = facts.sides[other(state.active)];
  const follows = facts.rules.follow === undefined ? '' : ` and goes along with ${facts.rules.follow}`;
  // Without counts that move: those are the standby's own to tell.
  if (ready === 0 || desired === 0) {
    return {
      status: 'True',
      reason: 'StandbyCold',
      message: `${name} has no pods; a failover starts them first${follows}`,
    };
  }
  return { status: 'True', reason: 'StandbyReady', message: `${name} could take over now${follows}` };
}

const underway = (to: FailoverState['active'], { sides }: FailoverFacts): Obstacle => ({
  reason: 'FailoverInProgress',
  message: `traffic moves to ${sides[to].name}`,
});

/** What matters most first. */
function standsInTheWay(state: Settled, facts: FailoverFacts): Obstacle | undefined {
  const { obstacle, freeze, mode, sides } = facts;
  const paused = pause(facts);
  const to = other(state.active);
  const { name, desired, ready } = sides[to];
  if (state.untidy === true) return { reason: 'FailoverInProgress', message: `${name} goes back to its own replicas` };
  if (paused) return paused;
  if (state.name === 'Refused') return { reason: state.reason, message: state.message };
  const general = obstacle ?? selectorDiffers(state.active, state.active, facts);
  if (general) return general;
  if (desired === undefined) return { reason: 'StandbyNotFound', message: `${name} is not there` };
  if (state.active === 'Standby' && facts.rules.failback === 'Manual' && facts.rules.follow === undefined) {
    return { reason: 'FailbackManual', message: `traffic goes to ${sides.Standby.name}; ${wayBack(facts)}` };
  }
  if (desired > 0 && ready === 0) return { reason: 'StandbyNotReady', message: `${name} has no ready pod` };
  if (freeze) return freeze;
  const cooled = Math.max((state.switchedAt ?? -Infinity) + facts.rules.cooldown, state.retryAt ?? -Infinity);
  if (cooled > facts.now) {
    return { reason: 'FailoverCooldown', message: `traffic is not moved again by itself before ${timestamp(cooled)}` };
  }
  if (mode === 'Enforce') return undefined;
  return {
    reason: mode === 'Observe' ? 'ObserveOnly' : 'RecommendOnly',
    message: `a failover would move traffic to ${name}`,
  };
}

/** An order is carried out once, so one that stands in the spec already must be written anew. */
const wayBack = ({ rules }: FailoverFacts): string =>
  rules.desired === 'Primary'
    ? 'to move it back write failover.desired: Standby, and then Primary'
    : 'to move it back write failover.desired: Primary';
