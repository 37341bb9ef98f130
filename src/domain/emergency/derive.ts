import type { ConditionType } from '../../api/conditions.ts';
import type { Condition, OrchestrationSpec, OrchestrationStatus } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { parseDuration } from '../duration.ts';
import { emergencyOf } from '../orchestration/policy.ts';
import type { Transition } from '../status/transitions.ts';
import { type Halt, type HaltEvent, isInForce, stepHalt, type Trigger } from './halt.ts';
import { plannedId, plannedNamespace } from './hold.ts';
import { type Due, dueSteps, type Orders } from './next.ts';
import { planHalt, protectedNamespaces, type Subject } from './plan.ts';
import type { BegunWorkflow } from './workflows.ts';
import { type Asked, type HaltStatus, type Problem, readHalt, writeHalt, writeRehearsal } from './status.ts';

export interface EmergencyInput {
  readonly policy: OrchestrationSpec;
  /** The namespace that Baton runs in. */
  readonly ownNamespace: string;
  /** Every service, and every workload that is held though nobody looks after it. */
  readonly subjects: readonly Subject[];
  /** Rules that hold, by name, and why. */
  readonly rules: readonly { readonly name: RuleTrigger; readonly because: string }[];
  readonly workflows: Iterable<BegunWorkflow>;
  /** What could not be done so far. */
  readonly problems: readonly Problem[];
  readonly previous: OrchestrationStatus | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

type RuleTrigger = Exclude<Trigger, 'Manual' | 'Found'>;

/** What the status of the whole tells of halts and planned stops. */
export interface EmergencyFindings {
  readonly status: Pick<OrchestrationStatus, 'halt' | 'rehearsal' | 'stoppedNamespaces'>;
  readonly halted:
    | { readonly status: Condition['status']; readonly reason: Reason; readonly message: string }
    | undefined;
  readonly transitions: readonly Transition[];
  readonly lookAgainAt: number | undefined;
}

export interface Emergency extends EmergencyFindings {
  /** Something is to be done once the status is written. */
  readonly isDue: boolean;
}

/** What is in force: the policy with the halt of a status that was written. */
export function ordersOf(policy: OrchestrationSpec, ownNamespace: string, halt: Halt | undefined): Orders {
  const emergency = emergencyOf(policy);
  const shielded = protectedNamespaces(emergency, ownNamespace);
  const stopped = new Set(stoppedNamespacesOf(policy).filter((name) => !shielded.has(name)));
  // What was found is held by its annotations, and nothing else follows from it until a person resumes it.
  const isOrder = halt && (isInForce(halt) || PHASES[halt.state] === 'GivingBack');
  return {
    halt: isOrder ? { id: halt.id, phase: PHASES[halt.state] } : undefined,
    stopped,
    policy: emergency,
    shielded,
  };
}

/** Nobody asks for a halt, a rehearsal or a planned stop, and none lasts: then something follows only from what is held. */
export function isAtRest({ policy, rules, previous }: Pick<EmergencyInput, 'policy' | 'rules' | 'previous'>): boolean {
  const state = previous?.halt?.state;
  const isOver = state === undefined || state === 'Resumed';
  const isAsked = emergencyOf(policy).halt !== 'None' || rules.length > 0 || stoppedNamespacesOf(policy).length > 0;
  return isOver && !isAsked;
}

const stoppedNamespacesOf = (policy: OrchestrationSpec): readonly string[] =>
  (policy as Partial<OrchestrationSpec>).stoppedNamespaces ?? [];

const PHASES = { Halting: 'Stopping', Halted: 'Halted', Resuming: 'GivingBack', Resumed: 'GivingBack' } as const;

/**
 * Halts, rehearsals and planned stops: from the last status and what workloads say of themselves to the next status. Whatever is to be done
 * follows from the status once it is written (ordersOf, dueSteps), so that another process goes on where this one dies.
 */
export function deriveEmergency(input: EmergencyInput): Emergency {
  const { policy, ownNamespace, subjects, previous, now } = input;
  const emergency = emergencyOf(policy);
  const before = readHalt(previous?.halt);
  const heldBefore = before === undefined ? [] : heldBy(subjects, before.id);
  const { halt, events } = stepHalt(before, {
    order: emergency.halt,
    resume: emergency.resume,
    rule: input.rules.find(({ name }) => emergency.rules[name].action === 'Halt'),
    found: foundId(subjects, before?.id, emergency.resume),
    held: heldBefore.length,
    taking: before?.state === 'Halting' ? countTaking(subjects, ordersOf(policy, ownNamespace, before)) : 0,
    givingBack: heldBefore.filter(canBeGivenBack).length,
    remindAfterMs: parseDuration(emergency.remindAfter),
    now,
  });
  const begins = events.includes('Begun');
  const orders = ordersOf(policy, ownNamespace, halt);
  const asked = halt === undefined || halt.state === 'Resumed' || isFound(halt) ? askedOf(input, emergency) : undefined;
  const plan = begins || asked ? planHalt(subjects, emergency, orders.shielded) : undefined;
  const due = dueSteps(subjects, orders);
  const held = halt === undefined ? [] : heldBy(subjects, halt.id);
  const status: Mutable<EmergencyFindings['status']> = {};
  if (halt !== undefined) {
    const problems = [...input.problems, ...problemsOf(held)];
    const figures = { held, plan: begins ? plan : undefined, problems, workflows: input.workflows };
    status.halt = writeHalt(halt, figures, previous?.halt);
  }
  if (asked && plan) status.rehearsal = writeRehearsal(asked, plan, input.workflows, previous?.rehearsal, now);
  const stops = stopsOf(policy, orders, subjects, due);
  if (stops.length > 0) status.stoppedNamespaces = stops;
  return {
    status,
    halted: haltedCondition(halt, status.halt, held, emergency.resume),
    transitions: [
      ...haltTransitions(events, halt, status.halt, held),
      ...rehearsalTransitions(previous, status),
      ...stopTransitions(previous, stops),
    ],
    lookAgainAt: halt?.state === 'Halted' ? remindAt(halt, parseDuration(emergency.remindAfter)) : undefined,
    isDue: due.taking.length + due.givingBack.length > 0,
  };
}

const isFound = (halt: Halt): boolean => halt.by === 'Found' && halt.state === 'Halted';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const remindAt = ({ remindedAt, haltedAt, startedAt }: Halt, afterMs: number): number =>
  (remindedAt ?? haltedAt ?? startedAt) + afterMs;

const heldBy = (subjects: readonly Subject[], id: string): readonly Subject[] =>
  subjects.filter(({ workload }) => workload?.hold?.id === id);

/** Whoever keeps a workload from being deleted must not keep a halt from being over. */
const canBeGivenBack = ({ workload }: Subject): boolean =>
  workload?.hold?.original !== undefined && !workload.terminating;

const countTaking = (subjects: readonly Subject[], orders: Orders): number =>
  dueSteps(subjects, orders).taking.filter(({ step }) => step.id === orders.halt?.id).length;

/** The id of an emergency halt that the status does not know: the one that a person names, else the one that most workloads carry. */
function foundId(
  subjects: readonly Subject[],
  known: string | undefined,
  resume: string | undefined,
): string | undefined {
  const counts = new Map<string, number>();
  for (const { workload, isOrphan } of subjects) {
    const hold = workload?.hold;
    if (hold?.original === undefined || isOrphan || hold.id === known || workload?.replicas !== hold.to) continue;
    if (plannedNamespace(hold.id) === undefined) counts.set(hold.id, (counts.get(hold.id) ?? 0) + 1);
  }
  if (resume !== undefined && counts.has(resume)) return resume;
  const [first] = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return first?.[0];
}

/** Who asks what a halt would do. */
function askedOf(
  { rules }: EmergencyInput,
  { halt, rules: policies }: OrchestrationSpec['emergency'],
): Asked | undefined {
  if (halt === 'DryRun') return { by: 'Manual', because: 'spec.emergency.halt is DryRun' };
  const rule = rules.find(({ name }) => policies[name].action === 'DryRun');
  return rule && { by: rule.name, because: rule.because };
}

/** What is held and not as Baton left it. */
function problemsOf(held: readonly Subject[]): Problem[] {
  return held.flatMap(({ key: service, workload }): Problem[] => {
    const hold = workload?.hold;
    if (workload === undefined || hold === undefined) return [];
    const { original, to } = hold;
    if (original === undefined)
      return [
        {
          service,
          reason: 'HoldUnreadable',
          message:
            'the annotation baton.dev/halted-replicas is no number any more, so nobody knows what it had; correct it, or remove the annotations of the halt',
        },
      ];
    if (workload.replicas === to || (workload.isTwoWrites && workload.replicas === original)) return [];
    return [
      {
        service,
        reason: 'ChangedByHand',
        message: `somebody set its replicas to ${workload.replicas}; they stay so, and resume will not set them back to ${original}`,
      },
    ];
  });
}

type Stop = NonNullable<OrchestrationStatus['stoppedNamespaces']>[number];

function stopsOf(policy: OrchestrationSpec, { shielded }: Orders, subjects: readonly Subject[], due: Due): Stop[] {
  const ordered = stoppedNamespacesOf(policy);
  const held = new Map<string, number>();
  for (const { workload, namespace } of subjects) {
    // Whoever writes annotations by hand can name any namespace.
    if (workload?.hold?.id === plannedId(namespace)) held.set(namespace, (held.get(namespace) ?? 0) + 1);
  }
  const stopping = new Set(due.taking.map(({ step }) => step.id));
  const stops = ordered.map((namespace): Stop => {
    if (shielded.has(namespace)) return { namespace, state: 'Refused' };
    const state = stopping.has(plannedId(namespace)) ? 'Stopping' : 'Stopped';
    return { namespace, state, held: held.get(namespace) ?? 0 };
  });
  const starting = [...held].filter(([namespace]) => !ordered.includes(namespace)).sort(([a], [b]) => (a < b ? -1 : 1));
  return [...stops, ...starting.map(([namespace, count]): Stop => ({ namespace, state: 'Starting', held: count }))];
}

/** How a person ends the halt. */
export const wayBack = (id: string): string =>
  `to resume: kubectl patch orchestration default --type merge -p '{"spec":{"emergency":{"halt":"None","resume":"${id}"}}}'`;

function haltedCondition(
  halt: Halt | undefined,
  status: OrchestrationStatus['halt'],
  carriers: readonly Subject[],
  resume: string | undefined,
): EmergencyFindings['halted'] {
  if (halt === undefined || halt.state === 'Resumed') return undefined;
  if (isFound(halt)) {
    const message = `no halt lasts, but ${nameSome(carriers)} carry ${halt.id}, which nobody here knows of; they stay as they are, and nothing else follows; ${wayBack(halt.id)}`;
    return { status: 'False', reason: 'HaltFound', message };
  }
  const held = `${status?.held ?? 0} workloads are held`;
  if (halt.state === 'Resuming')
    return { status: 'True', reason: 'HaltResuming', message: `${halt.id} is being undone: ${held} still` };
  const unknown =
    resume === undefined || resume === halt.id ? '' : `; spec.emergency.resume names ${resume}, which is another halt`;
  const how = halt.state === 'Halting' ? 'services are being stopped' : held;
  return {
    status: 'True',
    reason: 'EmergencyHalt',
    message: `${halt.id} by ${halt.by}: ${halt.because}; ${how}${unknown}; ${wayBack(halt.id)}`,
  };
}

const SAID: Readonly<Record<HaltEvent, { readonly reason: Reason; readonly type: 'Normal' | 'Warning' }>> = {
  Begun: { reason: 'EmergencyHalt', type: 'Warning' },
  Found: { reason: 'HaltFound', type: 'Warning' },
  Halted: { reason: 'HaltComplete', type: 'Warning' },
  Reminded: { reason: 'HaltReminder', type: 'Warning' },
  Resuming: { reason: 'HaltResuming', type: 'Normal' },
  Resumed: { reason: 'HaltResumed', type: 'Normal' },
};

function haltTransitions(
  events: readonly HaltEvent[],
  halt: Halt | undefined,
  status: OrchestrationStatus['halt'],
  carriers: readonly Subject[],
): Transition[] {
  if (halt === undefined) return [];
  return events.map((event) => ({
    kind: HALTED,
    from: '',
    to: event,
    ...SAID[event],
    message: said(event, halt, status ?? { id: halt.id, state: halt.state }, carriers),
  }));
}

const HALTED: ConditionType = 'Halted';

const pausesOf = (workflows: HaltStatus['workflows']): string =>
  workflows === undefined || workflows.pausing === 0 ? '' : `; ${workflows.pausing} workflows pause`;

/** Enough to see whose they are. */
const MOST_NAMED = 3;

function nameSome(carriers: readonly Subject[]): string {
  const names = carriers.slice(0, MOST_NAMED).map(({ key }) => key);
  const more = carriers.length > MOST_NAMED ? ' and others' : '';
  return `${carriers.length} workloads (${names.join(', ')}${more})`;
}

function said(
  event: HaltEvent,
  { id, by, because }: Halt,
  {
    stopping = 0,
    raising = 0,
    keeping = 0,
    held = 0,
    restored = 0,
    problems = [],
    workflows,
  }: NonNullable<OrchestrationStatus['halt']>,
  carriers: readonly Subject[],
): string {
  const pauses = pausesOf(workflows);
  const trouble = problems.length === 0 ? '' : `; ${problems.length} with problems, see status.halt.problems`;
  switch (event) {
    case 'Begun':
      return `${id} by ${by}: ${because}; ${stopping} services stop, ${raising} rise, ${keeping} are kept${pauses}`;
    case 'Found':
      return `${id}: ${because}: ${nameSome(carriers)}; they stay as they are, and nothing else follows; ${wayBack(id)}`;
    case 'Halted':
      return `${id}: ${held} workloads are held${trouble}; ${wayBack(id)}`;
    case 'Reminded':
      return `${id} still lasts: ${held} workloads are held${trouble}; ${wayBack(id)}`;
    case 'Resuming':
      return `${id} is being undone: ${held} workloads get back what they had`;
    case 'Resumed':
      return `${id} is undone: ${restored} workloads have what they had, or what people gave them meanwhile`;
  }
}

function rehearsalTransitions(
  previous: OrchestrationStatus | undefined,
  { rehearsal }: EmergencyFindings['status'],
): Transition[] {
  if (rehearsal === undefined || previous?.rehearsal?.by === rehearsal.by) return [];
  const { by, because = '', stopping = 0, raising = 0, pods = 0 } = rehearsal;
  const message = `${by}: ${because}; a halt would stop ${stopping} services with ${pods} pods and raise ${raising}${pausesOf(rehearsal.workflows)}; status.rehearsal has the order`;
  return [
    {
      kind: HALTED,
      from: '',
      to: 'Rehearsed',
      reason: 'HaltRehearsed',
      message,
      type: by === 'Manual' ? 'Normal' : 'Warning',
    },
  ];
}

function stopTransitions(previous: OrchestrationStatus | undefined, stops: readonly Stop[]): Transition[] {
  const before = previous?.stoppedNamespaces ?? [];
  const gone = before.filter(
    ({ namespace, state }) => state === 'Starting' && !stops.some((stop) => stop.namespace === namespace),
  );
  const changed = stops.filter(
    ({ namespace, state }) => before.find((stop) => stop.namespace === namespace)?.state !== state,
  );
  return [
    ...changed.map(({ namespace, state, held = 0 }) => stopTransition(namespace, state, SENTENCES[state](held))),
    ...gone.map(({ namespace }) => stopTransition(namespace, 'Started', 'every service has what it had')),
  ];
}

const SENTENCES: Readonly<Record<Stop['state'], (held: number) => string>> = {
  Stopping: () => 'its services are being stopped, as spec.stoppedNamespaces says',
  Stopped: (held) => `${held} workloads are stopped until spec.stoppedNamespaces names it no longer`,
  Starting: (held) => `${held} workloads get back what they had`,
  Refused: () => 'nothing is ever stopped here; take it off spec.stoppedNamespaces',
};

const stopTransition = (namespace: string, to: string, what: string): Transition => ({
  kind: HALTED,
  from: '',
  to,
  reason:
    to === 'Refused'
      ? 'NamespaceProtected'
      : to === 'Started' || to === 'Starting'
        ? 'NamespaceStarted'
        : 'NamespaceStopped',
  message: `namespace ${namespace}: ${what}`,
  type: to === 'Refused' ? 'Warning' : 'Normal',
});
