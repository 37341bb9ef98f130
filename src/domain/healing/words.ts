import type { Condition } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { formatDuration } from '../duration.ts';
import { advise, timestamp } from '../status/conditions.ts';
import type { Held } from '../status/part.ts';
import type { Transition } from '../status/transitions.ts';
import type { HealingState, Intent } from './state.ts';
import { choose, type HealingFacts, isIll } from './step.ts';

/** What came of the acts of one intent. */
export interface Done {
  readonly intent: Intent;
  /** Pods that are gone, or 1 for a rollout that was begun. */
  disruptions: number;
  /** Names of the pods that were evicted here. */
  readonly pods: string[];
  /** The name of the workflow that was started. */
  workflow?: string;
  /** The first refusal; there may be both. */
  refusal:
    | { readonly kind: string; readonly message?: string; readonly verb?: string; readonly resource?: string }
    | undefined;
}

interface Verdict {
  readonly status: Condition['status'];
  readonly reason: Reason;
  readonly message: string;
}

const because = ({ level, sick }: HealingFacts): string => {
  const [first] = sick;
  if (first === undefined) return `the service is ${level}`;
  const others = sick.length > 1 ? ` and ${sick.length - 1} more pods are` : ' is';
  return `pod ${first.name}${others} not ready`;
};

/** What the condition Healing says. */
export function conditionOf(state: HealingState, facts: HealingFacts, held: Held | undefined): Verdict {
  const { rules } = facts;
  const { episode, intent, nextAttemptAt } = state;
  if (episode === undefined || episode.recoveredAt !== undefined || !isIll(facts)) {
    if (facts.missingTemplate === undefined)
      return { status: 'False', reason: 'NothingToHeal', message: 'nothing is ill' };
    const message = `nothing is ill, but ${missing(facts.missingTemplate)}`;
    return { status: 'False', reason: 'TemplateNotFound', message: advise(message, 'TemplateNotFound') };
  }
  const made = `${episode.attempts} of ${rules.maxAttempts} attempts were made since ${timestamp(episode.since)}`;
  if (state.exhaustedAt === facts.generation) {
    return {
      status: 'False',
      reason: 'HealingExhausted',
      message: advise(`${because(facts)}, and ${made} without success`, 'HealingExhausted'),
    };
  }
  if (held !== undefined) return heldBack(state, facts, held);
  if (state.circuit === 'Open') {
    const until = nextAttemptAt === undefined ? '' : `; one is tried at ${timestamp(nextAttemptAt)}`;
    return { status: 'False', reason: 'CircuitOpen', message: `${state.failures} acts in a row did not help${until}` };
  }
  if (intent !== undefined)
    return { status: 'True', reason: 'HealingActs', message: `${plan(intent)}: ${because(facts)}` };
  if (state.workflow !== undefined)
    return { status: 'True', reason: 'HealingWaits', message: `${because(facts)}; ${awaited(state.workflow, facts)}` };
  const type = choose(episode.attempts, facts);
  if (type === undefined && !state.awaits) {
    const also = facts.missingTemplate === undefined ? '' : `; ${missing(facts.missingTemplate)}`;
    const message = `${because(facts)}, and none of ${rules.actions.join(', ')} is for that${also}`;
    return { status: 'False', reason: 'NoActFits', message: advise(message, 'NoActFits') };
  }
  const next =
    nextAttemptAt === undefined
      ? ''
      : `; the next is due at ${timestamp(nextAttemptAt)} (${type ?? 'none fits at present'})`;
  return { status: 'True', reason: 'HealingWaits', message: `${because(facts)}; ${made}${next}` };
}

const missing = (template: string): string => `there is no WorkflowTemplate ${template} for the act Workflow to start`;

const awaited = (name: string, { workflow }: HealingFacts): string =>
  workflow === 'Waiting' ? `workflow ${name} has not begun yet, and its status says why` : `workflow ${name} runs`;

function heldBack({ episode }: HealingState, facts: HealingFacts, { reason, message }: Held): Verdict {
  const type = choose(episode?.attempts ?? 0, facts);
  const isRehearsed = reason === 'RecommendOnly' || reason === 'ObserveOnly';
  if (!isRehearsed)
    return { status: 'False', reason, message: advise(`${because(facts)}, and nothing is done: ${message}`, reason) };
  const would = type === undefined ? 'nothing would be done' : `${type} would be done`;
  return { status: 'False', reason, message: `${message}: ${because(facts)}, ${would}` };
}

function plan({ type, pods, revision }: Intent): string {
  switch (type) {
    case 'DeletePod':
      return `evicts ${pods.map(({ name }) => name).join(', ')}`;
    case 'Restart':
      return 'restarts all pods';
    case 'RollbackRevision':
      return `goes back to revision ${revision}`;
    case 'Workflow':
      return 'starts a workflow';
  }
}

/** What people are told of what was done, and of what changed by it. */
export function toldOf(
  before: HealingState,
  after: HealingState,
  facts: HealingFacts,
  done: Done | undefined,
): Transition[] {
  const told: Transition[] = [];
  const tell = (
    to: string,
    reason: Reason,
    type: Transition['type'],
    message: string,
    outcome: 'Done' | 'Refused',
  ): void => void told.push({ kind: 'Healing', from: '', to, reason, message, type, outcome });
  if (done !== undefined) tellDone(done, before, facts, tell);
  const { attempts = 0, since = facts.now } = after.episode ?? {};
  const recovered = after.episode?.recoveredAt !== undefined && before.episode?.recoveredAt === undefined;
  if (recovered && attempts > 0) {
    const took = formatDuration(Math.round((facts.now - since) / 1_000) * 1_000);
    tell(
      'Healed',
      'Healed',
      'Normal',
      `well again after ${took} and ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`,
      'Done',
    );
  }
  if (after.circuit === 'Open' && before.circuit !== 'Open')
    tell('CircuitOpened', 'CircuitOpen', 'Warning', conditionOf(after, facts, undefined).message, 'Refused');
  if (after.exhaustedAt !== undefined && before.exhaustedAt !== after.exhaustedAt)
    tell('Exhausted', 'HealingExhausted', 'Warning', conditionOf(after, facts, undefined).message, 'Refused');
  return told;
}

const VERDICTS = {
  DeletePod: 'PodEvicted',
  Restart: 'Restarted',
  RollbackRevision: 'RolledBack',
  Workflow: 'WorkflowStarted',
} as const;

function tellDone(
  { intent, disruptions, pods, workflow, refusal }: Done,
  { episode }: HealingState,
  facts: HealingFacts,
  tell: (to: string, reason: Reason, type: Transition['type'], message: string, outcome: 'Done' | 'Refused') => void,
): void {
  const attempt = `attempt ${(episode?.attempts ?? 0) + 1} of ${facts.rules.maxAttempts}`;
  if (disruptions > 0) {
    const what = {
      DeletePod: `evicted ${pods.length > 0 ? pods.join(', ') : 'pods that are gone'}`,
      Restart: 'restarted all pods',
      RollbackRevision: `went back to revision ${intent.revision}`,
      Workflow: `started workflow ${workflow}`,
    }[intent.type];
    tell(VERDICTS[intent.type], 'HealingDone', 'Normal', `${what} (${attempt}): ${because(facts)}`, 'Done');
  }
  if (refusal === undefined) return;
  const { kind, message = '', verb, resource } = refusal;
  const reason: Reason = kind === 'blocked' ? 'EvictionBlocked' : kind === 'forbidden' ? 'Forbidden' : 'HealingRefused';
  const why = kind === 'forbidden' ? `Baton may not ${verb} ${resource}` : message;
  tell(
    'Refused',
    reason,
    'Warning',
    advise(
      `${plan(intent).replace(/^\w+/, (word) => `did not ${word.replace(/s$/, '').replace(/^goe$/, 'go')}`)}: ${why}`,
      reason,
    ),
    'Refused',
  );
}
