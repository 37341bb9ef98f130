import type { Reason } from './reasons.ts';

/** One reason that appears as an Event (events.k8s.io/v1) on the object it is about. */
export interface EventDefinition {
  readonly about: readonly ('OrchestratedService' | 'Orchestration' | 'Workflow' | 'ScheduledWorkflow')[];
  /** Warning for the turn to the worse, Normal for the turn back. */
  readonly types: readonly ('Normal' | 'Warning')[];
  readonly when: string;
  /** Shape of the note, with what varies in angle brackets. */
  readonly note: string;
}

const SERVICE = ['OrchestratedService'] as const;
/** About Orchestration/default where it befalls many services at once. */
const SERVICE_OR_ALL = ['OrchestratedService', 'Orchestration'] as const;
const POLICY = ['Orchestration'] as const;
const WORKFLOW = ['Workflow'] as const;
const SCHEDULE = ['ScheduledWorkflow'] as const;
const BOTH_TYPES = ['Warning', 'Normal'] as const;

/**
 * Every Event there is: a closed part of the reasons, so that people can alert on them. An Event tells a transition, never that Baton
 * looked again; where a condition ends, the same reason comes as Normal with a note that begins with "no longer". docs/reference/events.md
 * is generated from here.
 */
export const EVENTS = {
  HealthChanged: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'The level changed: Warning when it fell, Normal when it rose.',
    note: '<level before> → <level now>: <why>',
  },
  TargetNotFound: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'The workload of targetRef does not exist, or exists again.',
    note: '<evidence>; <what to do>',
  },
  TargetKindUnknown: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'The API server does not know the apiVersion and kind of targetRef, or knows them now.',
    note: '<evidence>; <what to do>',
  },
  TargetNotScalable: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'The kind of targetRef has no scale subresource, or has one now.',
    note: '<evidence>; <what to do>',
  },
  TargetAlreadyManaged: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'An older OrchestratedService looks after the same workload, or does no longer.',
    note: '<the other OrchestratedService>; <what to do>',
  },
  InvalidSpec: {
    about: ['OrchestratedService', 'Workflow'],
    types: BOTH_TYPES,
    when: 'The spec holds something that only the operator can see is wrong, such as a time zone that does not exist.',
    note: '<field>: <what is wrong>; <what to do>',
  },
  Forbidden: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'Baton lacks a permission that this service needs, or has it again.',
    note: '<verb> on <resource>; <what to do>',
  },
  HealingDone: {
    about: SERVICE,
    types: ['Normal'],
    when: 'Healing evicted pods, restarted all of them or went back to an earlier revision.',
    note: '<what was done> (attempt <number> of <most>): <why>',
  },
  HealingRefused: {
    about: SERVICE,
    types: ['Warning'],
    when: 'The API server refused an act of healing.',
    note: '<what was not done>: <its answer>; <what to do>',
  },
  EvictionBlocked: {
    about: SERVICE,
    types: ['Warning'],
    when: 'A PodDisruptionBudget refused an eviction.',
    note: '<what was not done>: <its answer>; <what to do>',
  },
  Healed: {
    about: SERVICE,
    types: ['Normal'],
    when: 'The service is well again after acts of healing.',
    note: 'well again after <time> and <number> attempts',
  },
  HealingExhausted: {
    about: SERVICE,
    types: ['Warning'],
    when: 'Every attempt to heal was made.',
    note: '<what is wrong>, and <number> attempts were made without success; <what to do>',
  },
  CircuitOpen: {
    about: SERVICE,
    types: ['Warning'],
    when: 'Acts of healing in a row did not help, and none is done for a time.',
    note: '<number> acts in a row did not help; one is tried at <time>',
  },
  DependencyUnhealthy: {
    about: SERVICE,
    types: ['Warning'],
    when: 'A dependency fell below its minimumHealth.',
    note: '<namespace>/<name> is <level>, at least <level> is needed; <what to do>',
  },
  DependencyNotFound: {
    about: SERVICE,
    types: ['Warning'],
    when: 'A dependency is not an OrchestratedService that exists.',
    note: 'there is no OrchestratedService <namespace>/<name>; <what to do>',
  },
  DependencyCycle: {
    about: SERVICE,
    types: ['Warning'],
    when: 'The service depends on itself through others.',
    note: 'the services depend on each other in a circle: <name> → <name> → …; <what to do>',
  },
  DependenciesHealthy: {
    about: SERVICE,
    types: ['Normal'],
    when: 'Every dependency is at its minimumHealth again.',
    note: 'every dependency is at its minimumHealth or above',
  },
  BudgetExhausted: {
    about: SERVICE,
    types: ['Warning'],
    when: 'The error budget of an objective is spent.',
    note: 'the error budget for <objective> of <target>% over <window> is spent; <what to do>',
  },
  ObjectivesMet: {
    about: SERVICE,
    types: ['Normal'],
    when: 'Every objective is met again.',
    note: '<objective> of <target>% over <window> is kept',
  },
  MaintenanceWindow: {
    about: SERVICE,
    types: ['Normal'],
    when: 'A maintenance window opened or ended.',
    note: 'a maintenance window is open until <time>',
  },
  SelectorOverlap: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: "The selector of the workload began to match other people's pods, or stopped.",
    note: '<selector>; <what to do>',
  },
  Scaled: {
    about: SERVICE,
    types: ['Normal'],
    when: 'Baton changed the replicas of the workload, or the bounds of the HorizontalPodAutoscaler in scaling.writer.',
    note: '<replicas before> → <replicas now>: <why>',
  },
  WouldScale: {
    about: SERVICE,
    types: ['Normal'],
    when: 'spec.mode is Recommend, and Baton would have changed the replicas.',
    note: 'would go from <replicas> to <replicas>: <why>',
  },
  ScalingRefused: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'The API server refused to change the replicas, or does no longer.',
    note: '<what it said>; <what to do>',
  },
  HPAPresent: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'A HorizontalPodAutoscaler or a KEDA ScaledObject scales the workload too, or does no longer.',
    note: '<kind and name> scales <workload>; <what to do>',
  },
  HPANotFound: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'The HorizontalPodAutoscaler of scaling.writer does not exist or scales another workload, or is right again.',
    note: '<what is wrong>; <what to do>',
  },
  ReplicasContested: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'Somebody else keeps changing the replicas, or stopped doing so.',
    note: '<who> changed the replicas <count> times within 10m; <what to do>',
  },
  FallbackInForce: {
    about: SERVICE_OR_ALL,
    types: BOTH_TYPES,
    when: 'The metrics could not be read too often, or can be read again.',
    note: '<evidence>; <what holds>',
  },
  ScalingDisabled: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'The workload was scaled to 0 by hand, or up again.',
    note: '<evidence>',
  },
  StartupHeld: {
    about: SERVICE,
    types: ['Normal'],
    when: 'A workload that was never available went to zero until it is its turn to start.',
    note: 'at zero, <count> replicas kept: <what it waits for>',
  },
  StartupRaised: {
    about: SERVICE,
    types: ['Normal'],
    when: 'What a service waited for is up, or it is not to wait any more, and its workload has its replicas again.',
    note: 'raised to <count> replicas: <why>',
  },
  Started: {
    about: SERVICE,
    types: ['Normal'],
    when: 'A service that is started in order is Healthy or Warning.',
    note: 'up after <time>',
  },
  StartupRetries: {
    about: SERVICE,
    types: ['Warning'],
    when: 'A service did not get up within its timeout, and goes down and up again.',
    note: 'not up within <timeout>; it goes down and up again (retry <number> of <retries>)',
  },
  StartupFailed: {
    about: SERVICE,
    types: ['Warning'],
    when: 'A service did not get up within its timeout, and was raised as often as spec.startup.retries allows.',
    note: 'not up within <timeout> in any of <count> attempts; <what follows for others>',
  },
  StartupRolledBack: {
    about: SERVICE,
    types: ['Warning'],
    when: 'A critical service with onFailure: Rollback failed, and this one went down for it.',
    note: 'at zero, <count> replicas kept: <who failed>',
  },
  StartupOverridden: {
    about: SERVICE,
    types: ['Normal'],
    when: 'Somebody scaled a workload while it was held at zero.',
    note: 'somebody scaled it to <count> replicas while it was held; it is left alone',
  },
  StartupRefused: {
    about: SERVICE,
    types: ['Warning'],
    when: 'The API server refused to take a workload down, or to raise it, for its start.',
    note: '<why>',
  },
  MetricUnusual: {
    about: SERVICE_OR_ALL,
    types: ['Normal'],
    when: 'Metrics that scaling reads became unusual, or are no longer.',
    note: '<metric> is unusually <high or low> since <time>: <figure>, where <figure> was expected; <what to do>',
  },
  Recommended: {
    about: SERVICE_OR_ALL,
    types: ['Normal'],
    when: 'A recommendation is new, is another one, or is withdrawn; not while nothing is known of the health of the service yet.',
    note: '<what to do>: <evidence>',
  },
  FailoverNotReady: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'The condition FailoverReady became False, or True again: Warning where somebody should see to it.',
    note: '<why>; <what to do>',
  },
  WouldFailOver: {
    about: SERVICE,
    types: ['Normal'],
    when: 'spec.mode is Recommend, and Baton would have moved traffic.',
    note: 'would move traffic to <workload> (<cause>)',
  },
  FailoverStarted: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'Traffic begins to move to the other side: Warning because the active side is down, Normal on order.',
    note: 'traffic moves from <workload> to <workload> <why>; <count> pods must be ready there first',
  },
  Fenced: {
    about: SERVICE,
    types: ['Normal'],
    when: 'The side that is left has no pod any more.',
    note: '<workload> has no pod any more; its <count> replicas are kept in its annotation',
  },
  FailedOver: {
    about: SERVICE,
    types: ['Normal'],
    when: 'Traffic was moved, and the endpoints of the Service have followed.',
    note: 'traffic goes to <workload> (epoch <count>): detection <time>, preparation <time>, fencing <time>, switch <time>',
  },
  EndpointsBehind: {
    about: SERVICE,
    types: ['Warning'],
    when: 'Traffic was moved, and the endpoints of the Service have not followed within a minute.',
    note: 'traffic was moved to <workload> (epoch <count>), but <what is seen>',
  },
  FailoverRefused: {
    about: SERVICE,
    types: ['Warning'],
    when: 'Traffic was to be moved, and something stands in the way.',
    note: 'traffic does not move (<cause>): <why>',
  },
  FailoverAborted: {
    about: SERVICE,
    types: BOTH_TYPES,
    when: 'A move was given up: Warning where it could not be carried on, Normal where it was no longer wanted.',
    note: 'traffic stays at <workload> and does not move to <workload>: <why>',
  },
  Created: {
    about: POLICY,
    types: ['Normal'],
    when: 'Baton created Orchestration/default because it was absent.',
    note: '<what was created>',
  },
  PolicyChanged: {
    about: POLICY,
    types: ['Normal'],
    when: 'The policy changed and is in force.',
    note: '<field> <value before> → <value now>, <field> …',
  },
  PolicyInvalid: {
    about: POLICY,
    types: ['Warning'],
    when: 'The policy holds something that only the operator can see is wrong; the one before stays in force.',
    note: '<field>: <what is wrong>; the policy before stays in force',
  },
  StateChanged: {
    about: POLICY,
    types: BOTH_TYPES,
    when: 'The state of the whole system changed: Warning when it became Degraded.',
    note: '<state before> → <state now>: <why>',
  },
  EmergencyHalt: {
    about: POLICY,
    types: ['Warning'],
    when: 'An emergency halt began.',
    note: '<id> by <who>: <why>; <n> services stop, <n> rise, <n> are kept',
  },
  HaltFound: {
    about: POLICY,
    types: ['Warning'],
    when: 'Workloads were found that an unknown halt holds.',
    note: '<id>: <why>: <n> workloads (<some>); they stay as they are, and nothing else follows; <how to resume>',
  },
  HaltComplete: {
    about: POLICY,
    types: ['Warning'],
    when: 'Nothing is left to stop.',
    note: '<id>: <n> workloads are held; <how to resume>',
  },
  HaltReminder: {
    about: POLICY,
    types: ['Warning'],
    when: 'A halt lasts; again and again after emergency.remindAfter.',
    note: '<id> still lasts: <n> workloads are held; <how to resume>',
  },
  HaltResuming: {
    about: POLICY,
    types: ['Normal'],
    when: 'A person resumed a halt.',
    note: '<id> is being undone: <n> workloads get back what they had',
  },
  HaltResumed: {
    about: POLICY,
    types: ['Normal'],
    when: 'The last workload came back.',
    note: '<id> is undone: <n> workloads have what they had, or what people gave them meanwhile',
  },
  HaltRehearsed: {
    about: POLICY,
    types: BOTH_TYPES,
    when: 'A person (Normal) or a rule (Warning) asks what a halt would do.',
    note: '<who>: <why>; a halt would stop <n> services with <n> pods and raise <n>; status.rehearsal has the order',
  },
  NamespaceStopped: {
    about: ['OrchestratedService', 'Orchestration'],
    types: ['Normal'],
    when: 'A namespace, or a service in it, is stopped on purpose.',
    note: 'namespace <name>: <what is done>',
  },
  NamespaceStarted: {
    about: POLICY,
    types: ['Normal'],
    when: 'A namespace that was stopped on purpose starts, or has started.',
    note: 'namespace <name>: <what is done>',
  },
  NamespaceProtected: {
    about: POLICY,
    types: ['Warning'],
    when: 'A namespace is to be stopped in which nothing is ever stopped.',
    note: 'namespace <name>: nothing is ever stopped here; take it off spec.stoppedNamespaces',
  },
  HeldByHalt: {
    about: SERVICE,
    types: ['Warning'],
    when: 'An emergency halt stopped or raised the service.',
    note: '<replicas before> → <replicas now>: <id>',
  },
  HaltReleased: {
    about: SERVICE,
    types: ['Normal'],
    when: 'The service has back what it had before a halt or a planned stop.',
    note: '<replicas before> → <replicas now>: <id> is over',
  },
  ChangedByHand: {
    about: SERVICE,
    types: ['Normal'],
    when: 'A halt is over for a service whose replicas somebody changed meanwhile; these stay.',
    note: '<replicas> stay, and not <replicas before the halt>: <id> is over',
  },
  Suspended: {
    about: SERVICE,
    types: ['Normal'],
    when: 'spec.suspend became true, or false again.',
    note: 'nothing is done to the workload because spec.suspend is true',
  },
  WorkflowStarted: {
    about: WORKFLOW,
    types: ['Normal'],
    when: 'It began its steps, and was not over at once.',
    note: '<how many steps>',
  },
  ApprovalNeeded: {
    about: WORKFLOW,
    types: ['Normal'],
    when: 'A step waits for people.',
    note: '<step>: <how many are asked, and who>: <what they are asked>',
  },
  StepFailed: {
    about: WORKFLOW,
    types: ['Warning'],
    when: 'A step failed after all its attempts; of many at once three are told.',
    note: '<step>: <why>',
  },
  OutcomeUnknown: {
    about: WORKFLOW,
    types: ['Warning'],
    when: 'Nobody can know what came of a step.',
    note: '<step>: <what is known>',
  },
  WorkflowPaused: {
    about: WORKFLOW,
    types: ['Normal'],
    when: 'No step begins any more for now.',
    note: '<why>',
  },
  WorkflowResumed: {
    about: WORKFLOW,
    types: ['Normal'],
    when: 'Steps begin again.',
    note: '<what it does now>',
  },
  WorkflowSucceeded: {
    about: WORKFLOW,
    types: ['Normal'],
    when: 'It is done.',
    note: '<how many steps, and how they ended>',
  },
  WorkflowFailed: {
    about: WORKFLOW,
    types: ['Warning'],
    when: 'A step failed and nothing is undone.',
    note: '<why>',
  },
  CriteriaFailed: {
    about: WORKFLOW,
    types: ['Warning'],
    when: 'A success criterion did not hold and nothing is undone.',
    note: '<which and why>',
  },
  WorkflowTimedOut: {
    about: WORKFLOW,
    types: ['Warning'],
    when: 'It took too long and nothing is undone.',
    note: '<after how long>',
  },
  CycleFound: {
    about: WORKFLOW,
    types: ['Warning'],
    when: 'Its steps wait for each other.',
    note: '<the circle>',
  },
  Deadlock: {
    about: WORKFLOW,
    types: ['Warning'],
    when: 'It and others would wait for each other until a timeout, and it had not begun.',
    note: '<who waits for what>; <what to do>',
  },
  WorkflowCancelled: {
    about: WORKFLOW,
    types: ['Normal'],
    when: 'It was cancelled, or deleted while it ran, and nothing is undone.',
    note: '<how; where it was deleted, which steps had done something>',
  },
  RollbackStarted: {
    about: WORKFLOW,
    types: ['Warning'],
    when: 'What it did is being undone.',
    note: '<why>',
  },
  WorkflowRolledBack: {
    about: WORKFLOW,
    types: ['Warning'],
    when: 'All that it did is undone.',
    note: '<why>; <what is undone>',
  },
  PartlyRolledBack: {
    about: WORKFLOW,
    types: ['Warning'],
    when: 'What it did is undone but for what cannot be.',
    note: '<why>; <what is not>',
  },
  RollbackFailed: {
    about: WORKFLOW,
    types: ['Warning'],
    when: 'Something could not be undone.',
    note: '<why>; <what is not>',
  },
  WorkflowPlanned: {
    about: WORKFLOW,
    types: ['Normal'],
    when: 'Mode Plan: it could be carried out.',
    note: '<how far that can be known>',
  },
  PlanRefused: {
    about: WORKFLOW,
    types: ['Warning'],
    when: 'Mode Plan: a step could not be carried out.',
    note: '<which step and why>',
  },
  ScheduleStarted: {
    about: SCHEDULE,
    types: ['Normal'],
    when: 'A workflow was started because it was due.',
    note: 'started workflow <name> for <time>',
  },
  ScheduleMissed: {
    about: SCHEDULE,
    types: ['Warning'],
    when: 'A workflow that was due was left out.',
    note: '<time> is left out: <why>',
  },
  Discovered: {
    about: SERVICE,
    types: ['Normal'],
    when: 'Discovery made the service.',
    note: 'made by rule <rule> of discovery for <Kind> <name>',
  },
  DiscoveryRevised: {
    about: SERVICE,
    types: ['Normal'],
    when: 'The template changed, or another rule fits now.',
    note: 'brought up to rule <rule> of discovery; <what people changed stays>',
  },
  DiscoveryDeleted: {
    about: SERVICE,
    types: ['Normal'],
    when: 'The service was deleted because discovery has no reason for it any more.',
    note: 'deleted: <why>',
  },
  DiscoveryHandedOver: {
    about: SERVICE,
    types: ['Normal'],
    when: 'Discovery has no reason for the service any more, and people have edited it.',
    note: '<why>; people have edited this service, so it stays and is theirs',
  },
  DiscoveryNotReady: {
    about: POLICY,
    types: BOTH_TYPES,
    when: 'The condition DiscoveryReady became False, or True again.',
    note: '<evidence>; <what to do>',
  },
} as const satisfies Partial<Record<Reason, EventDefinition>>;

export type EventReason = keyof typeof EVENTS;
