import type { FailoverFacts, Obstacle } from './facts.ts';
import type { Told } from './next.ts';
import type { FailoverCause, Moving, Settled } from './state.ts';

export const suspected = ({ active }: Settled, { sides, because, rules }: FailoverFacts): Told => ({
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

export const started = ({ active, to, cause, wanted }: Moving, { sides }: FailoverFacts): Told => ({
  reason: 'FailoverStarted',
  verdict: 'Preparing',
  message: `traffic moves from ${sides[active].name} to ${sides[to].name} ${CAUSES[cause]}; ${wanted} pods must be ready there first`,
  type: cause === 'Failure' ? 'Warning' : 'Normal',
});

export const fenced = ({ sides }: FailoverFacts, { active, leaving }: Moving): Told => ({
  reason: 'Fenced',
  verdict: 'Fenced',
  message: `${sides[active].name} has no pod any more; its ${leaving ?? 0} replicas are kept in its annotation`,
  type: 'Normal',
});

/** Observe says so in the status alone. */
export const refusal = ({ cause }: { readonly cause: FailoverCause }, { reason, message }: Obstacle): Told => {
  if (reason === 'RecommendOnly' || reason === 'ObserveOnly') {
    const told = reason === 'RecommendOnly' ? 'WouldFailOver' : reason;
    return { reason: told, verdict: 'WouldMove', message: `${message} (${cause})`, type: 'Normal' };
  }
  const sentence = `traffic does not move (${cause}): ${message}`;
  return { reason: 'FailoverRefused', verdict: 'Refused', message: sentence, type: 'Warning' };
};

export const aborted = ({ sides }: FailoverFacts, { active, to }: Moving, { message, reason }: Obstacle): Told => ({
  reason: 'FailoverAborted',
  verdict: 'Aborted',
  message: `traffic stays at ${sides[active].name} and does not move to ${sides[to].name}: ${message}`,
  type: reason === 'FailoverAborted' ? 'Normal' : 'Warning',
});

export const completion = (
  { sides }: FailoverFacts,
  { active, epoch }: Moving,
  took: { detection: number; preparation: number; fencing: number; switch: number },
): Told => ({
  reason: 'FailedOver',
  verdict: active,
  message: `traffic goes to ${sides[active].name} (epoch ${epoch}): detection ${took.detection}ms, preparation ${took.preparation}ms, fencing ${took.fencing}ms, switch ${took.switch}ms`,
  type: 'Normal',
});

export const unproven = ({ sides }: FailoverFacts, { active, epoch }: Moving, { reason, message }: Obstacle): Told => ({
  reason,
  verdict: active,
  message: `traffic was moved to ${sides[active].name} (epoch ${epoch}), but ${message}`,
  type: 'Warning',
});
