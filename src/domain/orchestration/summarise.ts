import type { OrchestrationSpec, OrchestrationStatus } from '../../api/kinds.ts';
import { deepEqual } from '../equal.ts';
import { wholeScore } from '../health/score.ts';
import { openWindow, type WindowState } from '../maintenance/windows.ts';
import { scoresShown } from '../scores/total.ts';
import { Conditions, timestamp } from '../status/conditions.ts';
import type { Transition } from '../status/transitions.ts';
import { step, type SystemState } from './state.ts';
import { type ServiceSummary, tally, type Tally } from './tally.ts';

export type { ServiceSummary } from './tally.ts';

export interface SummaryInput {
  readonly services: Iterable<ServiceSummary>;
  /** The policy in force, and the generation of Orchestration/default that it came with. */
  readonly policy: OrchestrationSpec;
  readonly generation: number;
  /** What is wrong with a newer policy, which is not in force (validatePolicy). */
  readonly problems: readonly string[];
  readonly shuttingDown: boolean;
  readonly previous: OrchestrationStatus | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

interface Summary {
  /** The very object of the input when nothing changed. */
  readonly status: OrchestrationStatus;
  readonly transitions: readonly Transition[];
  /** When a window of the policy opens or may end, ms since the epoch. */
  readonly lookAgainAt: number | undefined;
}

/** A whole point by which the score must move before the status tells. */
const NOTICEABLE = 1;

/** The state of the whole system, from the statuses of its services. */
export function summarise(input: SummaryInput): Summary {
  const { previous, generation, policy, now } = input;
  const window = openWindow(policy.maintenanceWindows, now);
  const all = tally(input.services);
  const state = step(previous?.state, {
    waitingFor: all.waitingFor,
    down: all.down,
    maintenanceUntil: window.state === 'Open' ? window.until : undefined,
    shuttingDown: input.shuttingDown,
  });
  const since = previous?.state === state.name ? previous.since : undefined;
  const next: OrchestrationStatus = {
    observedGeneration: generation,
    state: state.name,
    since: since ?? timestamp(now),
    ...scoreStatus(all, previous),
    ...scoresShown(all.scores, previous?.scores),
    services: all.counts,
    ...(all.worst.length > 0 ? { worst: all.worst } : {}),
    policy: { ...policy },
    conditions: conditionsOf(input, state, all, window),
  };
  return {
    status: previous !== undefined && deepEqual(previous, next) ? previous : next,
    transitions: transitionsOf(previous, state, all),
    lookAgainAt: nextMoment(window),
  };
}

function scoreStatus({ score }: Tally, previous: OrchestrationStatus | undefined): Pick<OrchestrationStatus, 'score'> {
  if (score === undefined) return {};
  const shown = previous?.score;
  return { score: shown !== undefined && Math.abs(shown - score) < NOTICEABLE ? shown : wholeScore(score) };
}

function nextMoment(window: WindowState): number | undefined {
  if (window.state === 'Open') return window.askAgainAt;
  return window.state === 'Closed' ? window.nextOpens : undefined;
}

function conditionsOf(
  { previous, generation, problems, now }: SummaryInput,
  state: SystemState,
  all: Tally,
  window: WindowState,
): NonNullable<OrchestrationStatus['conditions']> {
  const conditions = new Conditions(previous?.conditions, generation, now);
  const sentence = describe(state, all);
  if (problems.length > 0) {
    const message = `${problems.join('; ')}; the policy before stays in force`;
    conditions.set('Ready', 'False', 'PolicyInvalid', message);
    conditions.set('Stalled', 'True', 'PolicyInvalid', message);
  } else if (state.name === 'Initializing' || state.name === 'ShuttingDown') {
    conditions.set('Ready', 'False', state.name, sentence);
  } else conditions.set('Ready', 'True', 'PolicyInForce', sentence);
  if (state.name === 'Initializing') conditions.set('Reconciling', 'True', 'Initializing', sentence);
  if (window.state === 'Open') {
    const until = window.until === Infinity ? 'without an end' : `until ${timestamp(window.until)}`;
    conditions.set('InMaintenance', 'True', 'MaintenanceWindow', `a window of the policy is open ${until}`);
  }
  return conditions.list;
}

/** Without figures that move while the state stands; those are in the status. */
function describe(state: SystemState, { worst }: Tally): string {
  const [first] = worst;
  switch (state.name) {
    case 'Initializing':
      return 'not every service was looked at yet';
    case 'ShuttingDown':
      return 'the operator ends; the next replica takes over';
    case 'Maintenance':
      return 'a maintenance window of the policy is open';
    case 'Degraded':
      return describeDown(worst.find(({ health }) => health === 'Failed' || health === 'Critical'));
    case 'Active':
      return first === undefined
        ? 'no service is below Healthy'
        : `no service is down; the worst is ${first.namespace}/${first.name}`;
  }
}

function describeDown(first: Tally['worst'][number] | undefined): string {
  if (first === undefined) return 'services are Failed or Critical';
  return `services are Failed or Critical, first of all ${first.namespace}/${first.name}`;
}

function transitionsOf(previous: OrchestrationStatus | undefined, state: SystemState, all: Tally): Transition[] {
  const from = previous?.state;
  if (from === state.name) return [];
  const message = `${from ?? 'new'} → ${state.name}: ${describe(state, all)}`;
  const type = state.name === 'Degraded' ? 'Warning' : 'Normal';
  return [
    {
      kind: 'State',
      from: from ?? 'new',
      to: state.name,
      reason: 'StateChanged',
      message,
      type,
    },
  ];
}
