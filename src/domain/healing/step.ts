import type { Health } from '../../api/kinds.ts';
import { isWorse } from '../health/level.ts';
import { type HealingAction, type HealingRules, waitAfter } from './rules.ts';
import type { SickPod } from './sick.ts';
import type { Episode, HealingState, Intent } from './state.ts';

/** `Waiting`: it has not begun. */
export type WorkflowStanding = 'Waiting' | 'Running' | 'Succeeded' | 'Failed';

/** What one step goes by; nothing of it may be a guess from data that is missing. */
export interface HealingFacts {
  readonly rules: HealingRules;
  /** Of the spec. */
  readonly generation: number;
  /** `namespace/name`, for the id of an act. */
  readonly key: string;
  /** The level that was last written. */
  readonly level: Health;
  /** Pods that were sick for long enough. */
  readonly sick: readonly SickPod[];
  /** When another pod will have been; Infinity when none is on the way. */
  readonly nextSickAt: number;
  /** At most so many pods are evicted in one act. */
  readonly mostPods: number;
  /** The kind has a template, and no rollout is on its way. */
  readonly canRestart: boolean;
  /** The revision of the pods, where the rollout is complete. */
  readonly revision: string | undefined;
  /** The last healthy revision, where the pods are of another one now and it can be gone back to. */
  readonly rollbackTo: string | undefined;
  /** The template from which the act Workflow starts one, where there is none of that name: what it starts would wait for it, and healing for that. */
  readonly missingTemplate?: string | undefined;
  /** How it stands with the workflow that was started; undefined where there is none, or nobody answers. */
  readonly workflow?: WorkflowStanding | undefined;
  /** Nothing may be begun at present. */
  readonly isHeld: boolean;
  /** Until a moment ago it was held back because others failed, and many with it. */
  readonly isReleased: boolean;
  /** ms since the epoch */
  readonly now: number;
  /** 0 to 1, another one at each step. */
  readonly random: number;
}

/** How long a disruption counts for a budget at most, ms: the longest window there is. */
const REMEMBERED_MS = 86_400_000;
const MOST_REMEMBERED = 50;

/** What time and the state of the service make of healing; an intent in the result is to be written before it is carried out. */
export function step(before: HealingState, facts: HealingFacts): HealingState {
  const state = outcomeOf(remember(caughtUp(before, facts), facts), facts);
  if (!isIll(facts)) return recover(state, facts);
  const ill = spread(fallIll(renewed(state, facts), facts), facts);
  if (ill.intent !== undefined) return facts.isHeld ? { ...ill, intent: undefined } : ill;
  // An act that is not over yet has not failed, and nothing else is done meanwhile.
  if (ill.exhaustedAt === facts.generation || ill.workflow !== undefined) return ill;
  if (facts.now < (ill.nextAttemptAt ?? 0)) return ill;
  const judged = facts.isHeld && ill.circuit === 'Open' ? ill : judge(ill, facts);
  if (judged.circuit === 'Open') return judged;
  if ((judged.episode?.attempts ?? 0) >= facts.rules.maxAttempts)
    return { ...judged, exhaustedAt: facts.generation, nextAttemptAt: undefined };
  return facts.isHeld ? judged : attempt(judged, facts);
}

/** After a clock was set back nothing is longer away than it can have been: else the next attempt would wait until the clock has caught up. */
function caughtUp(state: HealingState, { rules, now }: HealingFacts): HealingState {
  const { after, backoff, circuitBreaker } = rules;
  const latest = now + Math.max(after, backoff.initial, backoff.max, circuitBreaker.recovery);
  return (state.nextAttemptAt ?? now) > latest ? { ...state, nextAttemptAt: latest } : state;
}

/** The act of the intent was done: `disruptions` pods were taken, or a rollout or a workflow begun. */
export function acted(
  state: HealingState,
  { rules, now, random }: HealingFacts,
  disruptions: number,
  workflow?: string,
): HealingState {
  const { episode = { since: now, recoveredAt: undefined, attempts: 0 } } = state;
  const attempts = episode.attempts + 1;
  return {
    ...state,
    intent: undefined,
    awaits: true,
    workflow,
    episode: { ...episode, attempts },
    nextAttemptAt: now + waitAfter(attempts, rules.backoff, random),
    disruptions: [...state.disruptions, ...Array<number>(disruptions).fill(now)].slice(-MOST_REMEMBERED),
  };
}

/** The act was refused, or is no longer right: no attempt was made, and the next may be after the initial backoff. */
export const refused = (state: HealingState, { rules, now }: HealingFacts): HealingState => ({
  ...state,
  intent: undefined,
  nextAttemptAt: now + rules.backoff.initial,
});

/** A workflow that ended: what it did may show for a while, or it did nothing and the next act is due when it would be. */
function outcomeOf(state: HealingState, { workflow, rules, now }: HealingFacts): HealingState {
  const isOver = workflow === 'Succeeded' || workflow === 'Failed';
  if (state.workflow === undefined || !isOver) return state;
  const ended = { ...state, workflow: undefined };
  if (workflow === 'Failed' || !state.awaits) return ended;
  return { ...ended, nextAttemptAt: Math.max(state.nextAttemptAt ?? 0, now + rules.backoff.initial) };
}

/** The service as a whole is bad, or pods of it are. */
export const isIll = ({ level, rules, sick }: HealingFacts): boolean => isDue(level, rules) || sick.length > 0;

const isDue = (level: Health, { when }: HealingRules): boolean =>
  level !== 'Unknown' && (level === when || isWorse(level, when));

/** The revision to go back to, and the disruptions that still count. */
function remember(state: HealingState, { level, revision, now }: HealingFacts): HealingState {
  const disruptions = state.disruptions.filter((at) => at > now - REMEMBERED_MS);
  const isKnown = level === 'Healthy' && revision !== undefined && revision !== state.healthyRevision;
  const isSame = disruptions.length === state.disruptions.length;
  if (!isKnown && isSame) return state;
  return {
    ...state,
    disruptions: isSame ? state.disruptions : disruptions,
    ...(isKnown && { healthyRevision: revision }),
  };
}

/** Well for as long as the longest backoff, and the episode is over; a relapse before that goes on where it was. */
function recover(state: HealingState, { level, rules, now }: HealingFacts): HealingState {
  const { episode } = state;
  // What is not known is not well.
  if (episode === undefined || level === 'Unknown') return { ...state, intent: undefined };
  const well: HealingState = {
    ...state,
    circuit: 'Closed',
    failures: 0,
    awaits: false,
    intent: undefined,
    exhaustedAt: undefined,
    nextAttemptAt: undefined,
  };
  if (episode.recoveredAt === undefined) return { ...well, episode: { ...episode, recoveredAt: now } };
  return now - episode.recoveredAt < rules.backoff.max ? well : { ...well, episode: undefined };
}

/** Somebody wrote another spec after every attempt was made: it begins anew. */
function renewed(state: HealingState, { generation, now }: HealingFacts): HealingState {
  const { exhaustedAt, episode } = state;
  if (exhaustedAt === undefined || exhaustedAt === generation) return state;
  const again = episode && { ...episode, attempts: 0 };
  return {
    ...state,
    circuit: 'Closed',
    failures: 0,
    awaits: false,
    exhaustedAt: undefined,
    nextAttemptAt: now,
    episode: again,
  };
}

function fallIll(state: HealingState, { rules, sick, now }: HealingFacts): HealingState {
  const { episode } = state;
  if (episode !== undefined && episode.recoveredAt === undefined) return state;
  const again: Episode = { since: now, recoveredAt: undefined, attempts: episode?.attempts ?? 0 };
  // Pods that are sick were so for that long already.
  const due = sick.length > 0 ? now : now + rules.after;
  return { ...state, episode: again, nextAttemptAt: Math.max(due, state.nextAttemptAt ?? 0) };
}

/** What failed with others may come up with them, and what does not is not acted on all at once. */
function spread(state: HealingState, { isReleased, isHeld, rules, now, random }: HealingFacts): HealingState {
  if (!isReleased || isHeld) return state;
  const nextAttemptAt = Math.max(state.nextAttemptAt ?? 0, now + waitAfter(2, rules.backoff, random));
  return { ...state, intent: undefined, nextAttemptAt };
}

/** The time that an act had to help is over, and it did not. */
function judge(state: HealingState, { rules, now }: HealingFacts): HealingState {
  const { circuit } = state;
  if (circuit === 'Open') return { ...state, circuit: 'HalfOpen', awaits: false };
  if (!state.awaits) return state;
  const failures = state.failures + 1;
  const isBroken = circuit === 'HalfOpen' || failures >= rules.circuitBreaker.failures;
  const judged: HealingState = { ...state, failures, awaits: false };
  return isBroken ? { ...judged, circuit: 'Open', nextAttemptAt: now + rules.circuitBreaker.recovery } : judged;
}

function attempt(state: HealingState, facts: HealingFacts): HealingState {
  const { now } = facts;
  const attempts = state.episode?.attempts ?? 0;
  const type = choose(attempts, facts);
  if (type === undefined) return state;
  const pods = type === 'DeletePod' ? facts.sick.slice(0, facts.mostPods).map(({ name, uid }) => ({ name, uid })) : [];
  const revision = type === 'RollbackRevision' ? facts.rollbackTo : undefined;
  const id = `${facts.key} healing ${attempts + 1} at ${new Date(now).toISOString()}`;
  const intent: Intent = { id, type, pods, revision };
  return { ...state, intent };
}

/** Each attempt begins one rung higher; a rung that does nothing for what is wrong is passed over, upwards first. */
export function choose(attempts: number, facts: HealingFacts): HealingAction | undefined {
  const { actions } = facts.rules;
  const from = Math.min(attempts, actions.length - 1);
  const fits = (action: HealingAction): boolean => applies(action, facts);
  return actions.slice(from).find(fits) ?? actions.slice(0, from).findLast(fits);
}

function applies(action: HealingAction, facts: HealingFacts): boolean {
  switch (action) {
    case 'DeletePod':
      return facts.sick.length > 0 && facts.mostPods > 0;
    case 'Restart':
      return facts.canRestart && isDue(facts.level, facts.rules);
    case 'Workflow':
      return facts.missingTemplate === undefined && isDue(facts.level, facts.rules);
    case 'RollbackRevision':
      return facts.rollbackTo !== undefined && isDue(facts.level, facts.rules);
  }
}
