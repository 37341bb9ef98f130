import type { Condition, OrchestrationSpec, OrchestrationStatus, WorkflowPhase } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import type { DiscoveryFindings } from '../discovery/findings.ts';
import { deepEqual } from '../equal.ts';
import { wholeScore } from '../health/score.ts';
import { openWindow, type WindowState } from '../maintenance/windows.ts';
import { scoresShown } from '../scores/total.ts';
import type { EmergencyFindings } from '../emergency/derive.ts';
import { isInForce } from '../emergency/halt.ts';
import { cut } from '../health/names.ts';
import { Conditions, findCondition, timestamp } from '../status/conditions.ts';
import { conditionTransitions, type Transition } from '../status/transitions.ts';
import { SHORTEST_MS, step, type SystemState } from './state.ts';
import { type ServiceSummary, tally, type Tally, tallyWorkflows } from './tally.ts';

import type { Trend } from './trend.ts';

export type { ServiceSummary } from './tally.ts';

export interface SummaryInput {
  readonly services: Iterable<ServiceSummary>;
  /** Phases of workflows. */
  readonly workflows?: Iterable<WorkflowPhase>;
  /** The policy in force, and the generation of Orchestration/default that it came with. */
  readonly policy: OrchestrationSpec;
  readonly generation: number;
  /** What is wrong with a newer policy, which is not in force (validatePolicy). */
  readonly problems: readonly string[];
  readonly shuttingDown: boolean;
  /** Halts and planned stops; undefined where nobody looks after them. */
  readonly emergency?: EmergencyFindings | undefined;
  /** Undefined where nobody discovers; Unsettled until every workload was looked at: then what was said before stands. */
  readonly discovery?: DiscoveryFindings | 'Unsettled' | undefined;
  /** How the score moves; given what was said before. */
  readonly trend?: (score: number | undefined, before: Trend | undefined) => Trend | undefined;
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
  const { previous, generation, policy, emergency, now } = input;
  const window = openWindow(policy.maintenanceWindows, now);
  const all = tally(input.services);
  const workflows = tallyWorkflows(input.workflows ?? []);
  const state = step(previous?.state, {
    waitingFor: all.waitingFor,
    down: all.down,
    maintenanceUntil: window.state === 'Open' ? window.until : undefined,
    shuttingDown: input.shuttingDown,
    halt: haltOf(emergency),
    moving: all.moving,
    scaling: all.scaling,
    limited: all.limited,
    workflows: (workflows?.running ?? 0) + (workflows?.rollingBack ?? 0),
    sinceMs: previous?.since === undefined ? 0 : now - Date.parse(previous.since),
  });
  const trend = input.trend?.(all.score, previous?.trend) ?? previous?.trend;
  const history = historyOf(previous, state, all, now);
  const discovery = input.discovery === 'Unsettled' ? previous?.discovery : input.discovery?.status;
  const since = previous?.state === state.name ? previous.since : undefined;
  const next: OrchestrationStatus = {
    observedGeneration: generation,
    state: state.name,
    since: since ?? timestamp(now),
    ...scoreStatus(all, previous),
    ...scoresShown(all.scores, previous?.scores),
    services: all.counts,
    ...(workflows && { workflows }),
    ...(all.worst.length > 0 ? { worst: all.worst } : {}),
    ...emergency?.status,
    ...(discovery && { discovery }),
    ...(history.length > 0 ? { history } : {}),
    ...(trend === undefined ? {} : { trend }),
    ...(all.objectives.total > 0 ? { objectives: all.objectives } : {}),
    ...(all.recommendations.length > 0 ? { recommendations: all.recommendations } : {}),
    policy: { ...policy },
    conditions: conditionsOf(input, state, all, window),
  };
  return {
    status: previous !== undefined && deepEqual(previous, next) ? previous : next,
    transitions: [
      ...(emergency?.transitions ?? []),
      ...transitionsOf(previous, state, all),
      ...conditionTransitions(conditionsOfDiscovery(previous?.conditions), conditionsOfDiscovery(next.conditions)),
    ],
    lookAgainAt: earliest(
      nextMoment(window),
      emergency?.lookAgainAt,
      LINGERS.has(state.name) ? calmAt(next.since, now) : undefined,
    ),
  };
}

function scoreStatus({ score }: Tally, previous: OrchestrationStatus | undefined): Pick<OrchestrationStatus, 'score'> {
  if (score === undefined) return {};
  const shown = previous?.score;
  return { score: shown !== undefined && Math.abs(shown - score) < NOTICEABLE ? shown : wholeScore(score) };
}

/** When the state may be calm again, though nothing tells; undefined once it was long enough. */
function calmAt(since: string | undefined, now: number): number | undefined {
  const at = since === undefined ? now : Date.parse(since) + SHORTEST_MS;
  return at > now ? at : undefined;
}

const earliest = (...moments: readonly (number | undefined)[]): number | undefined => {
  const known = moments.filter((moment) => moment !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

function haltOf(emergency: EmergencyFindings | undefined): string | undefined {
  const halt = emergency?.status.halt;
  return halt && (isInForce(halt) || halt.state === 'Resuming') ? halt.id : undefined;
}

const LONGEST_HISTORY = 20;

function historyOf(
  previous: OrchestrationStatus | undefined,
  state: SystemState,
  all: Tally,
  now: number,
): NonNullable<OrchestrationStatus['history']> {
  const history = previous?.history ?? [];
  if (previous?.state === state.name) return history;
  const because = cut(describe(state, all), 512);
  const change = { from: previous?.state ?? 'new', to: state.name, at: timestamp(now), because };
  return [...history, change].slice(-LONGEST_HISTORY);
}

function nextMoment(window: WindowState): number | undefined {
  if (window.state === 'Open') return window.askAgainAt;
  return window.state === 'Closed' ? window.nextOpens : undefined;
}

function conditionsOf(
  { previous, generation, problems, emergency, discovery, now }: SummaryInput,
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
  const halted = emergency?.halted;
  if (halted !== undefined) conditions.set('Halted', halted.status, halted.reason, halted.message);
  if (window.state === 'Open') {
    const until = window.until === Infinity ? 'without an end' : `until ${timestamp(window.until)}`;
    conditions.set('InMaintenance', 'True', 'MaintenanceWindow', `a window of the policy is open ${until}`);
  }
  const discovering = discovery === 'Unsettled' ? conditionOfDiscovery(previous?.conditions) : discovery?.condition;
  if (discovering) {
    conditions.set('DiscoveryReady', discovering.status, discovering.reason as Reason, discovering.message);
  }
  return conditions.list;
}

const conditionOfDiscovery = (conditions: readonly Condition[] | undefined): Condition | undefined =>
  findCondition(conditions, 'DiscoveryReady');

const conditionsOfDiscovery = (conditions: readonly Condition[] | undefined): readonly Condition[] =>
  [conditionOfDiscovery(conditions)].filter((one) => one !== undefined);

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
    case 'EmergencyHalt':
      return `emergency halt ${state.id} is not undone yet`;
    case 'Failover':
      return 'a service moves to its standby, or back';
    case 'Coordinating':
      return 'workflows run';
    case 'Scaling':
      return 'pods start or end because Baton scales services';
    case 'Optimizing':
      return 'a capacity budget decides how many pods services get';
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
  // Replicas follow the load all day, and workflows are told by themselves; that is in the history of the status and no news.
  if (from === state.name || (from !== undefined && CALM.has(from) && CALM.has(state.name))) return [];
  const message = `${from ?? 'new'} → ${state.name}: ${describe(state, all)}`;
  const type = SERIOUS.has(state.name) ? 'Warning' : 'Normal';
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

const CALM: ReadonlySet<string> = new Set<SystemState['name']>(['Active', 'Scaling', 'Coordinating', 'Optimizing']);
const LINGERS: ReadonlySet<string> = new Set<SystemState['name']>(['Scaling', 'Coordinating']);
const SERIOUS: ReadonlySet<string> = new Set<SystemState['name']>(['Degraded', 'Failover', 'EmergencyHalt']);
