/**
 * Every reason that a condition or an Event can carry: closed, so that people can alert on them. `means` says what happened, `todo` what to
 * do about it. docs/reference/reasons.md is generated from here.
 */
export const REASONS = {
  // Ready and Healthy
  Healthy: { means: 'All evidence is good.', todo: 'Nothing.' },
  Warning: {
    means: 'The score is below 90.',
    todo: 'Look at status.signals: the lowest score times weight weighs most.',
  },
  Degraded: { means: 'The score is below 70.', todo: 'Look at status.signals.' },
  Critical: { means: 'The score is below 40, or a critical check fails.', todo: 'Look at status.signals.' },
  Failed: { means: 'No pod is ready, or the score is 0.', todo: 'Look at the pods: kubectl describe pod.' },
  NoEvidence: {
    means: 'Nothing is known of the service yet.',
    todo: 'Wait for the first evidence; see MetricsAvailable.',
  },
  ScaledToZero: { means: 'The workload asks for no pods.', todo: 'Nothing; scale it up when it is needed.' },
  NeverAvailable: {
    means: 'The workload was never available and its progress deadline has not passed.',
    todo: 'Wait, or look at the pods.',
  },
  Starting: {
    means: 'The workload was scaled up from zero and its pods start.',
    todo: 'Wait, or look at the pods.',
  },
  PodsNotReady: {
    means: 'Fewer pods are ready than the workload asks for.',
    todo: 'kubectl describe the pods that are not ready.',
  },
  PodsCrashing: {
    means: 'Containers restart, crash or run out of memory.',
    todo: 'kubectl logs --previous of those pods.',
  },
  ImagePullFailing: {
    means: 'An image cannot be pulled.',
    todo: 'Check the image name, the registry and the pull secret.',
  },
  PodsUnschedulable: {
    means: 'The scheduler finds no node for a pod.',
    todo: 'Add nodes, or lower requests and constraints.',
  },
  RolloutStuck: { means: 'The rollout passed its progress deadline.', todo: 'kubectl rollout status and undo.' },
  CheckFailing: { means: 'A check of spec.health.checks is bad.', todo: 'See the evidence of that signal.' },
  ResourcesExhausted: { means: 'CPU or memory use is near the limit.', todo: 'Raise limits or add replicas.' },
  DependencyUnhealthy: {
    means: 'A service that this one needs is below its minimumHealth.',
    todo: 'Mend the dependency first.',
  },
  BelowMinimum: {
    means: 'Fewer pods are ready than scaling.minReplicas.',
    todo: 'Raise the replicas or look at the pods.',
  },
  RisePending: { means: 'The evidence is better, the level follows after the rise time.', todo: 'Wait.' },
  FallPending: {
    means: 'The evidence is worse, the level follows after the fall time.',
    todo: 'Look at status.signals.',
  },
  // Stalled and Reconciling
  TargetNotFound: { means: 'The workload of targetRef does not exist.', todo: 'Create it, or correct targetRef.' },
  TargetKindUnknown: {
    means: 'The API server knows no such apiVersion and kind.',
    todo: 'Correct targetRef, or install the CRD.',
  },
  TargetNotScalable: { means: 'The kind has no scale subresource.', todo: 'Name a workload that has one.' },
  TargetAlreadyManaged: {
    means: 'An older OrchestratedService looks after the same workload.',
    todo: 'Delete one of the two.',
  },
  TargetUnavailable: {
    means: 'The API server does not say how the workload is; the last level stands.',
    todo: 'Look at the API server, and at the conversion webhook or the API service of that kind.',
  },
  TargetTerminating: { means: 'The workload is being deleted.', todo: 'Nothing, or create it again.' },
  Progressing: { means: 'A rollout is under way.', todo: 'Wait.' },
  NotObserved: { means: 'The workload controller has not seen the last change yet.', todo: 'Wait.' },
  InvalidSpec: {
    means: 'The spec holds something that only the operator can see is wrong.',
    todo: 'Correct what the message names.',
  },
  Forbidden: {
    means: 'Baton lacks a permission.',
    todo: 'Grant the verb on the resource that the message names to the ServiceAccount of Baton.',
  },
  // MetricsAvailable
  AllSourcesAnswer: { means: 'Every signal has fresh evidence.', todo: 'Nothing.' },
  NotAskedYet: { means: 'The source was not asked yet.', todo: 'Wait.' },
  SourceNotConfigured: {
    means: 'The policy names no such source.',
    todo: 'Set metricSources in Orchestration/default.',
  },
  SourceUnavailable: { means: 'The source does not answer or answers with an error.', todo: 'Look at the source.' },
  SourceTimeout: { means: 'The source did not answer in time.', todo: 'Raise the timeout or make the query cheaper.' },
  NoData: { means: 'The source has no figure for this.', todo: 'Check the query, or that the component reports.' },
  AmbiguousResult: { means: 'The query gave more than one series.', todo: 'Aggregate it to one, e.g. sum(...).' },
  InvalidValue: {
    means: 'The source answered with something that is not a finite number.',
    todo: 'Check the query; guard divisions by zero.',
  },
  StaleData: { means: 'The last figure is too old.', todo: 'Look at what reports it.' },
  NamespaceNotAllowed: {
    means: 'The policy does not let this namespace run PromQL.',
    todo: 'Add it to metricSources.prometheus.namespaces.',
  },
  DestinationNotAllowed: {
    means: 'The check points to an address that checks may not reach.',
    todo: 'Correct it, or allow it in httpChecks.allowedDestinations.',
  },
  PortNotFound: { means: 'The named port does not exist.', todo: 'Name a port of the container or the Service.' },
  NoTargets: { means: 'There is no ready pod or Service to ask.', todo: 'See the other signals.' },
  // DependenciesReady
  DependenciesHealthy: { means: 'Every dependency is at its minimumHealth or above.', todo: 'Nothing.' },
  DependencyNotFound: {
    means: 'A dependency is not an OrchestratedService that exists.',
    todo: 'Create it, or correct dependsOn.',
  },
  DependencyUnknown: { means: 'Nothing is known of a dependency yet.', todo: 'Wait, or look at it.' },
  DependencyCycle: {
    means: 'The services depend on each other in a circle; the circle is not followed.',
    todo: 'Remove one of the dependencies the message names.',
  },
  // ObjectivesMet
  ObjectivesMet: { means: 'Every objective is met over its window.', todo: 'Nothing.' },
  BudgetExhausted: {
    means: 'The error budget of an objective is spent.',
    todo: 'Stop risky changes; see uptime.segments for when it was spent.',
  },
  // InMaintenance
  MaintenanceWindow: { means: 'A maintenance window is open.', todo: 'Nothing.' },
  // ScalingActive
  ValidMetricFound: { means: 'The replicas follow the metrics.', todo: 'Nothing.' },
  ScalingDisabled: {
    means: 'The workload was scaled to 0 by hand, and minReplicas is not 0: that switches scaling off.',
    todo: 'Scale the workload up to switch scaling on.',
  },
  FallbackInForce: {
    means: 'The metrics could not be read too often; at least the replicas of scaling.fallback hold.',
    todo: 'Look at the source that the message names.',
  },
  RequestMissing: {
    means: 'A utilization is a percentage of what pods request, and a container requests none.',
    todo: 'Set resources.requests in the pod template, or use a target of type AverageValue.',
  },
  NoPodMetrics: {
    means: 'No pod that counts has a fresh figure.',
    todo: 'Wait until the pods are ready and measured; look at metrics-server when it lasts.',
  },
  HPAPresent: {
    means: 'A HorizontalPodAutoscaler or a KEDA ScaledObject scales the workload, and two would fight.',
    todo: 'Delete the other one, or write scaling.writer with type HorizontalPodAutoscaler and its name.',
  },
  HPANotFound: {
    means: 'The HorizontalPodAutoscaler of scaling.writer does not exist, or scales another workload.',
    todo: 'Create it for the same workload, or correct scaling.writer.name.',
  },
  ReplicasContested: {
    means: 'Somebody else keeps changing the replicas; Baton has stopped until that ends.',
    todo: 'Let one of the two own spec.replicas; Baton goes on when there was no other change for 10 minutes.',
  },
  RecommendOnly: {
    means: 'Nothing is changed because spec.mode is Recommend; the message says what would be.',
    todo: 'Write mode Enforce when you agree.',
  },
  ObserveOnly: {
    means: 'Nothing is changed because spec.mode is Observe; the message says what would be.',
    todo: 'Write mode Enforce when you agree.',
  },
  ScalingRefused: {
    means: 'The API server refused to change the replicas.',
    todo: 'Change what refuses, often an admission policy or webhook, or the bounds of spec.scaling.',
  },
  NotLeading: {
    means: 'This replica of Baton may not lead any more, so it changed nothing.',
    todo: 'Nothing; the one that leads decides again.',
  },
  // Healing
  NothingToHeal: { means: 'Neither the service nor one of its pods is ill.', todo: 'Nothing.' },
  HealingActs: { means: 'An act of healing is being done; the message says which.', todo: 'Wait.' },
  HealingWaits: {
    means: 'The service is ill, and the next act of healing is due at the time that the message says.',
    todo: 'Wait, or look at the pods.',
  },
  HealingDone: {
    means: 'Healing did something; the message says what and why.',
    todo: 'Nothing; see whether it helps.',
  },
  HealingRefused: {
    means: 'The API server refused an act of healing.',
    todo: 'See what it says in the message: often an admission policy, or a revision that is not kept.',
  },
  EvictionBlocked: {
    means: 'A PodDisruptionBudget allows no eviction now; the pod was left alone.',
    todo: 'Look at the PodDisruptionBudget; it is asked again later.',
  },
  Healed: { means: 'The service is well again after acts of healing.', todo: 'Nothing.' },
  HealingExhausted: {
    means: 'Every attempt was made, and the service is ill still.',
    todo: 'Look at the pods yourself; healing begins again when the service was well, or when its spec changes.',
  },
  CircuitOpen: {
    means: 'Several acts of healing in a row did not help, so none is done for a time.',
    todo: 'Look at the pods; the message says when one is tried.',
  },
  NoActFits: {
    means: 'None of the acts in spec.healing.actions is for what is wrong.',
    todo: 'Look at the pods, or add another act.',
  },
  MassFailure: {
    means: 'Many services failed at once, so that each by itself is hardly to blame.',
    todo: 'Look at nodes, network and monitoring; Orchestration spec.guard.massFailure sets what counts as many.',
  },
  DisruptionBudget: {
    means: 'Healing has disrupted as much as Orchestration spec.guard.disruptions allows for now.',
    todo: 'Wait, or raise the budget.',
  },
  // ScalingLimited
  DesiredWithinRange: { means: 'The replicas are what the metrics ask for.', todo: 'Nothing.' },
  TooManyReplicas: {
    means: 'The metrics ask for more than maxReplicas.',
    todo: 'Raise maxReplicas if more pods may run.',
  },
  TooFewReplicas: { means: 'The metrics ask for fewer than minReplicas.', todo: 'Nothing; lower minReplicas to save.' },
  ScaleUpLimit: {
    means: 'No more pods may start at once, says behavior.scaleUp.',
    todo: 'Wait, or change its policies.',
  },
  ScaleDownLimit: {
    means: 'No more pods may end at once, says behavior.scaleDown.',
    todo: 'Wait, or change its policies.',
  },
  ScaleUpStabilized: { means: 'Fewer pods were enough a moment ago.', todo: 'Wait until its window has passed.' },
  ScaleDownStabilized: { means: 'More pods were needed a moment ago.', todo: 'Wait until its window has passed.' },
  ScaledByHand: {
    means: 'Somebody else set the replicas; that stands for one stabilisation window.',
    todo: 'Nothing; change minReplicas or maxReplicas to make it last.',
  },
  RolloutInProgress: { means: 'A rollout is in progress; nothing is taken away meanwhile.', todo: 'Wait.' },
  QuotaExceeded: {
    means: 'A quota of the namespace is used up, so no more pods can start.',
    todo: 'Raise the quota, or lower maxReplicas.',
  },
  CapacityBudget: { means: 'The capacity budget allots no more to this service.', todo: 'Raise the budget.' },
  // PredictionTrusted
  BetterThanNaive: { means: 'The forecast of the load is better than simpler methods, and is used.', todo: 'Nothing.' },
  NoSeason: {
    means: 'The load was not seen to repeat itself, so the replicas follow the metrics alone.',
    todo: 'Nothing; write prediction.season where you know it.',
  },
  Learning: {
    means: 'Too little of the load was seen to judge the forecast; the replicas follow the metrics alone.',
    todo: 'Wait: a daily load is known on the second day.',
  },
  NoBetterThanNaive: {
    means: 'The forecast is no better than simpler methods, so the replicas follow the metrics alone.',
    todo: 'Nothing; it is tried again all the time.',
  },
  NothingToPredict: {
    means: 'None of the metrics is a load: memory, and figures that are compared as they are, cannot be predicted.',
    todo: 'Add a metric of cpu, or a query with an averageValue.',
  },
  TooManySeries: {
    means: 'Baton follows as many metric series as it has memory for; this one is beyond them.',
    todo: 'Nothing; switch prediction off where it is not needed.',
  },
  // FailoverReady
  StandbyReady: { means: 'The standby could take over now.', todo: 'Nothing.' },
  StandbyCold: {
    means: 'The side that does not serve has no ready pods; a failover starts them first, which takes its time.',
    todo: 'Nothing; scale it up to make a failover faster.',
  },
  FailoverInProgress: { means: 'Traffic moves to the other side.', todo: 'Nothing.' },
  FailoverCooldown: {
    means: 'Traffic was moved, or a move was given up, less than failover.cooldown ago.',
    todo: 'Wait, or write failover.desired to move it by hand.',
  },
  FailbackManual: {
    means: 'Traffic goes to the standby, and the way back is left to a person.',
    todo: 'Nothing, or what the message says when the primary is mended.',
  },
  StandbyNotFound: {
    means: 'The workload that is to take over does not exist, or cannot be scaled.',
    todo: 'Create it, or correct failover.standbyRef.',
  },
  StandbyManaged: {
    means: 'Another OrchestratedService looks after the standby, or has the same one.',
    todo: 'Delete the other one, or write a standby of its own.',
  },
  StandbyNotReady: {
    means: 'The pods of the side that is to take over are not ready, so it is no better.',
    todo: 'kubectl describe its pods.',
  },
  FailoverCircle: {
    means: 'Two services fail over to each other, or follow each other.',
    todo: 'Keep one of the two, and let it look after both workloads.',
  },
  ServiceNotFound: {
    means: 'The Service whose traffic is to be moved does not exist.',
    todo: 'Create it, or correct failover.serviceName.',
  },
  ServiceShared: {
    means: 'The Service, or a selector that it is to have, is shared with others whose traffic would be moved too.',
    todo: 'Give this service a Service and labels of its own.',
  },
  ServiceSelectorDiffers: {
    means: 'The selector of the Service is not what failover.selectors says, so somebody else changes it.',
    todo: 'Correct the selector of the Service or failover.selectors; let GitOps leave that selector alone.',
  },
  SelectorMismatch: {
    means: 'A selector matches no pod of its side, or pods of both.',
    todo: 'Correct failover.selectors, or the labels in the pod template.',
  },
  FencingImpossible: {
    means: 'The side that is left could not be kept without pods.',
    todo: 'Take away what the message names, or write fencing: None where two sides may run at once.',
  },
  FencingWaits: {
    means: 'Pods of the side that is left have not ended, and nothing ends them by force.',
    todo: 'Wait; where their node is lost, make sure that it is off and delete the pods by hand.',
  },
  EndpointsBehind: {
    means: 'The selector of the Service was changed, and its endpoints do not follow.',
    todo: 'Look at the pods of the new side, and at the EndpointSlices of the Service.',
  },
  FollowedNotFound: {
    means: 'The service in failover.follow does not exist, or has no failover.',
    todo: 'Create it, or correct failover.follow.',
  },
  // Started
  Started: { means: 'The service was up once since it was to start.', todo: 'Nothing.' },
  StartupWaits: {
    means: 'The service was never available and is at zero until what it waits for is up, or it has no workload yet.',
    todo: 'Wait, or look at what it waits for.',
  },
  StartupBlocked: {
    means: 'A critical service failed to start, so that this one does not start by itself.',
    todo: 'Mend the one that failed; when it is up, or its spec changes, it goes on.',
  },
  StartupFailed: {
    means: 'The service did not get up within the timeout, nor in any of the retries.',
    todo: 'Look at its pods; it counts as started when it is up, and begins anew when its spec changes.',
  },
  StartupRolledBack: {
    means: 'A critical service failed to start, and what was raised before went down again.',
    todo: 'Mend the one that failed and change its spec, or the spec of this one.',
  },
  StartupRefused: {
    means: 'The workload could not be taken down or raised for its start.',
    todo: 'Look at what refused: the message says it.',
  },
  // Selector
  SelectorOverlap: {
    means: 'The selector of the workload matches pods of others; they do not count.',
    todo: 'Make the selectors distinct.',
  },
  // Orchestration
  Initializing: { means: 'Not every service was looked at yet.', todo: 'Wait.' },
  PolicyInForce: { means: 'The policy was read and is in force.', todo: 'Nothing.' },
  PolicyChanged: { means: 'The policy changed; the message says what.', todo: 'Nothing.' },
  PolicyInvalid: {
    means: 'The policy holds something that only the operator can see is wrong; the one before stays in force.',
    todo: 'Correct what the message names.',
  },
  StateChanged: { means: 'The state of the whole system changed.', todo: 'See status.worst.' },
  ShuttingDown: { means: 'The operator ends.', todo: 'Nothing; the next replica takes over.' },
  // Halted
  EmergencyHalt: {
    means: 'An emergency halt lasts; it never ends by itself.',
    todo: 'Resume it by its id when the emergency is over; the message has the command.',
  },
  HaltFound: {
    means:
      'Workloads carry the id of a halt that the status did not know. They stay as they are; nothing else is kept from anything.',
    todo: 'Resume it by its id, the message has the command; or take the annotations off what somebody annotated by hand.',
  },
  HaltComplete: { means: 'Nothing is left to stop.', todo: 'Resume it by its id when the emergency is over.' },
  HaltReminder: {
    means: 'The halt still lasts, and people are asked whether it is to go on.',
    todo: 'Resume it by its id, or leave it.',
  },
  HaltResuming: { means: 'The halt is being undone, what others need first.', todo: 'Wait.' },
  HaltResumed: { means: 'Every workload has what it had before the halt.', todo: 'Nothing.' },
  HaltRehearsed: {
    means: 'A halt would begin now, if it were not a rehearsal.',
    todo: 'See status.rehearsal for what would stop; write Halt for the rule, or for spec.emergency.halt, to mean it.',
  },
  HoldUnreadable: {
    means: 'Somebody changed the annotations in which a halt keeps what a workload had.',
    todo: 'Correct them, or remove them and set the replicas yourself.',
  },
  ChangedByHand: {
    means: 'Somebody changed the replicas of a workload that a halt holds; what people do stands.',
    todo: 'Nothing; set the replicas yourself where you want others.',
  },
  HeldByHalt: {
    means: 'An emergency halt has stopped or raised this service.',
    todo: 'Resume the halt; Orchestration/default tells how.',
  },
  NamespaceStopped: {
    means: 'The namespace is stopped on purpose.',
    todo: 'Take it off spec.stoppedNamespaces of Orchestration/default to start it again.',
  },
  NamespaceStarted: { means: 'The namespace starts again, what others need first.', todo: 'Nothing.' },
  NamespaceProtected: {
    means: 'In this namespace nothing is ever stopped.',
    todo: 'Take it off spec.stoppedNamespaces, or off spec.emergency.protectedNamespaces.',
  },
  HaltReleased: { means: 'The service has what it had before it was halted.', todo: 'Nothing.' },
  // DiscoveryReady
  Discovering: { means: 'Every workload that a rule of discovery fits has its service.', todo: 'Nothing.' },
  TemplateInvalid: {
    means:
      'The template of a rule makes no valid OrchestratedService; its services stay as they are, and it makes no more.',
    todo: 'Correct spec.discovery.rules[].template; the message says what the API server refuses.',
  },
  DiscoveryRefused: {
    means: 'The API server refused a service that discovery was to make or to change.',
    todo: 'See the message: a quota, an admission policy, or a field that people changed and that does not fit the template.',
  },
  DiscoveryLimit: {
    means: 'There are as many discovered services as spec.discovery.maxServices allows.',
    todo: 'Raise spec.discovery.maxServices, or narrow the selectors.',
  },
  NameTaken: {
    means: 'Objects of somebody else have the names that discovery, or a step of a workflow, would give.',
    todo: 'Delete or rename that object; or write an OrchestratedService for the workload yourself.',
  },
  DiscoveryHeld: {
    means: 'A discovered service is to be given up, and a halt, a failover or a start holds something of its workload.',
    todo: 'Nothing; it is given up when that is over.',
  },
  OptedOut: {
    means: 'The workload or its namespace is labelled baton.dev/discover=false.',
    todo: 'Nothing; remove the label where discovery is wanted.',
  },
  // Suspended
  Suspended: {
    means: 'Nothing is done to the workload, and no step begins, because spec.suspend is true.',
    todo: 'Write suspend: false when Baton may act again.',
  },
  // Workflows
  CycleFound: { means: 'What is wanted leads back to itself.', todo: 'Break the circle that the message names.' },
  WorkflowsHalted: {
    means: 'An emergency halt lets no workflow of this type go on.',
    todo: 'Resume the halt; Orchestration/default tells how.',
  },
  StepsRunning: { means: 'The steps are carried out.', todo: 'See status.current and status.steps.' },
  ApprovalNeeded: {
    means: 'A step waits until people agree.',
    todo: 'Append yourself to spec.approvals, with decision Approve or Reject.',
  },
  CriteriaPending: {
    means: 'All steps are over, and the success criteria have to hold for their time.',
    todo: 'Wait; see status.criteria.',
  },
  WorkflowEnding: {
    means: 'No further step begins, and what runs comes to its end or is stopped.',
    todo: 'Wait; status.because says why.',
  },
  WorkflowSucceeded: { means: 'All steps are over and every success criterion held.', todo: 'Nothing.' },
  WorkflowFailed: {
    means: 'A step failed, and what was done before it stays as it is.',
    todo: 'See status.steps for what was done; rollback.after says when it is undone.',
  },
  CriteriaFailed: {
    means: 'A success criterion did not hold for its time, and what was done stays as it is.',
    todo: 'See status.criteria.',
  },
  WorkflowTimedOut: {
    means:
      'The workflow took longer than spec.timeout or the limit of Orchestration/default, and what was done stays as it is.',
    todo: 'See status.steps for what it waited for.',
  },
  WorkflowCancelled: {
    means: 'The workflow was cancelled or deleted, and what was done stays as it is.',
    todo: 'Nothing; see status.steps for what was done.',
  },
  WorkflowPlanned: { means: 'Every step was tried as a dry run; nothing was changed.', todo: 'See status.plan.' },
  PlanRefused: {
    means: 'A step could not be carried out; nothing was changed.',
    todo: 'See status.plan for which and why.',
  },
  RollbackStarted: { means: 'What was done is being undone.', todo: 'Wait; status.because says why.' },
  WorkflowRolledBack: { means: 'Everything that was done is undone.', todo: 'See status.because for why.' },
  PartlyRolledBack: {
    means: 'What was done is undone but for steps that cannot be.',
    todo: 'Look at the steps that the message names, and undo them by hand where that is needed.',
  },
  RollbackFailed: {
    means: 'Something that was done could not be undone.',
    todo: 'See status.steps for which steps and why, and undo them by hand.',
  },
  WhenFalse: { means: 'The step was left out because its when is false.', todo: 'Nothing.' },
  Retrying: { means: 'An attempt of the step failed and another one follows.', todo: 'Wait; retryAt says until when.' },
  TimedOut: { means: 'An attempt of the step took longer than its timeout.', todo: 'See its message.' },
  Stopping: { means: 'What runs of the step is being ended, because the workflow ends.', todo: 'Wait.' },
  Stopped: { means: 'The step was ended, because the workflow ended.', todo: 'See status.because.' },
  Rejected: { means: 'Somebody who was asked refused.', todo: 'See who in the message.' },
  Unresolvable: {
    means: 'An expression or a template of the step has no value that will do.',
    todo: 'Correct it in a new workflow; mode: Plan tells before anything is changed.',
  },
  StateTooLarge: {
    means: 'What is there before the step is too large to be kept for undoing it, so that it was not begun.',
    todo: 'Change less in one step, or fewer steps in one workflow.',
  },
  OutputsLeftOut: {
    means: 'The step succeeded, but what it found is too large to be kept for later steps.',
    todo: 'Have it give less: 4 KiB for each step.',
  },
  OutcomeUnknown: {
    means: 'Nobody can know whether the step was carried out, so that it is neither repeated nor taken as done.',
    todo: 'Look at its target; continueOn: [Unknown] goes on all the same.',
  },
  // Steps of workflows
  AccountForbidden: {
    means: 'The ServiceAccount of the workflow lacks a permission.',
    todo: 'Grant the verb on the resource that the message names to spec.serviceAccountName, by a Role and a RoleBinding.',
  },
  ImpersonationForbidden: {
    means: 'Baton may not act as the ServiceAccount of the workflow.',
    todo: 'Bind the ClusterRole that lets Baton impersonate ServiceAccounts in this namespace; see docs/workflows.md.',
  },
  StepRefused: {
    means: 'The API server, or an admission policy or webhook, refused what the step wanted.',
    todo: 'See what it says in the message.',
  },
  Drifted: {
    means: 'Somebody changed the target since the step did, so that it is not put back.',
    todo: 'Put it back by hand if that is what is wanted; status.steps has what was before.',
  },
  TargetLocked: {
    means: 'A workflow has the workload to itself: nothing else is done to it meanwhile.',
    todo: 'Wait for the workflow that the message names, or cancel it.',
  },
  LockNotHeld: { means: 'The workflow has not the lock of what the step would change.', todo: 'Wait.' },
  JobFailed: { means: 'The Job of a step failed.', todo: 'kubectl logs of its pods; the message has their reason.' },
  RequestFailed: {
    means: 'The request of a step could not be sent, or had no answer.',
    todo: 'Look at the other end; the message says what happened.',
  },
  ResponseUnexpected: {
    means: 'The answer to the request of a step is not what expect asks for.',
    todo: 'Look at the other end, or correct expect.',
  },
  ChildFailed: { means: 'The workflow that a step waits for did not succeed.', todo: 'Look at that workflow.' },
  DepthExceeded: {
    means: 'Workflows start workflows too deeply.',
    todo: 'Start fewer from one another; the message has the limit.',
  },
  // Events only
  HealthChanged: {
    means: 'The level changed; the message says from what to what and why.',
    todo: 'See status.signals.',
  },
  StartupHeld: {
    means: 'Baton took the workload to zero until it is its turn to start, and keeps its replicas.',
    todo: 'Nothing.',
  },
  StartupRaised: {
    means: 'Baton gave the workload its replicas: it is its turn to start, or it is not to wait any more.',
    todo: 'Nothing.',
  },
  StartupRetries: {
    means: 'The service did not get up in time, and goes down and up again.',
    todo: 'Look at its pods if that does not help.',
  },
  StartupOverridden: {
    means: 'Somebody scaled the workload while Baton held it at zero, and is obeyed.',
    todo: 'Nothing.',
  },
  Scaled: { means: 'Baton changed the replicas; the message says from what to what and why.', todo: 'Nothing.' },
  WouldScale: {
    means: 'Baton would change the replicas if spec.mode were Enforce.',
    todo: 'Write mode Enforce when you agree.',
  },
  MetricUnusual: {
    means: 'A metric is far from what it is at that time of the day; the message says which and by how much.',
    todo: 'Look at what changed at that time: a release, a caller, a dependency.',
  },
  Recommended: {
    means: 'Baton found something that would do the service good, or what it found is no longer so.',
    todo: 'See status.recommendations and docs/recommendations.md; Baton carries none of it out.',
  },
  FailoverSuspected: {
    means: 'The active side is down; traffic moves when that lasts failover.after.',
    todo: 'Look at status.signals.',
  },
  FailoverNotReady: {
    means: 'Traffic could not be moved if the active side went down, or could be again.',
    todo: 'See the condition FailoverReady.',
  },
  WouldFailOver: {
    means: 'Baton would move traffic to the other side if spec.mode were Enforce.',
    todo: 'Write mode Enforce when you agree.',
  },
  FailoverStarted: { means: 'Traffic moves to the other side; the message says why.', todo: 'Nothing.' },
  Fenced: {
    means: 'The side that is left has no pod any more; its replicas are kept in its annotation.',
    todo: 'Nothing.',
  },
  FailedOver: { means: 'Traffic goes to the other side; the message says how long each part took.', todo: 'Nothing.' },
  FailoverRefused: {
    means: 'Traffic was to be moved, and is not; the message says why.',
    todo: 'See the condition FailoverReady.',
  },
  FailoverAborted: { means: 'A move was given up before traffic was moved.', todo: 'See the message.' },
  WorkflowStarted: { means: 'The workflow began its steps.', todo: 'Nothing.' },
  WorkflowPaused: { means: 'No step begins for now; the message says why.', todo: 'See the message.' },
  WorkflowResumed: { means: 'Steps begin again.', todo: 'Nothing.' },
  StepFailed: { means: 'A step failed, after all its attempts.', todo: 'See the message and status.steps.' },
  Discovered: { means: 'Discovery made this service; the message says by which rule.', todo: 'Nothing.' },
  DiscoveryRevised: {
    means: 'Discovery brought the service up to its template; what people changed in it stays.',
    todo: 'Nothing.',
  },
  DiscoveryDeleted: {
    means: 'Discovery deleted a service that it had made and that nobody had edited; the message says why.',
    todo: 'Nothing; write one of your own where you want to keep it.',
  },
  DiscoveryHandedOver: {
    means: 'Discovery would delete a service that people have edited; it is theirs from now on.',
    todo: 'Keep it, or delete it.',
  },
  DiscoveryNotReady: {
    means: 'Discovery cannot do for every workload what the rules ask for, or can again.',
    todo: 'See the condition DiscoveryReady of Orchestration/default.',
  },
  Created: { means: 'Baton created Orchestration/default because it was absent.', todo: 'Nothing.' },
  // Whose turn it is among workflows, and schedules
  WaitingForSlot: {
    means: 'As many workflows run as may, or all units of a slot that it wants are taken.',
    todo: 'Wait; or raise the limit or the slot in Orchestration/default.',
  },
  WaitingForLock: {
    means: 'Another workflow has a target of this one, or is to have it first.',
    todo: 'Wait; the message names that workflow.',
  },
  WaitingForWorkflow: { means: 'A workflow of dependsOn has not ended.', todo: 'Wait, or start that workflow.' },
  UnknownSlot: {
    means: 'It wants more of a slot than there is.',
    todo: 'Correct spec.slots, or spec.workflows.slots of Orchestration/default.',
  },
  Deadlock: {
    means: 'This workflow and others would wait for each other until a timeout; the message says who for what.',
    todo: 'List in spec.targets and spec.slots of the workflow that starts others what these need, or let one run after the other; then start this one again under another name.',
  },
  DependencyFailed: {
    means: 'A workflow of dependsOn did not end as it should have.',
    todo: 'Mend and start that one again under another name, and this one too.',
  },
  TemplateNotFound: { means: 'There is no WorkflowTemplate of that name.', todo: 'Create it in the same namespace.' },
  InvalidParameters: {
    means: 'The parameters are not what the template wants.',
    todo: 'Correct them in a new workflow; the message says which.',
  },
  Scheduled: { means: 'Workflows are started on schedule.', todo: 'Nothing.' },
  InvalidSchedule: {
    means: 'The schedule or its time zone cannot be read.',
    todo: 'Correct spec.schedule or spec.timeZone.',
  },
  ScheduleStarted: { means: 'A workflow was started because it was due.', todo: 'Nothing.' },
  ScheduleMissed: {
    means: 'A workflow that was due was left out; the message says why.',
    todo: 'See concurrencyPolicy and startingDeadline, and how long its workflows take.',
  },
  TemplateValid: { means: 'Workflows can be started from the template.', todo: 'Nothing.' },
} as const satisfies Record<string, { means: string; todo: string }>;

export type Reason = keyof typeof REASONS;
