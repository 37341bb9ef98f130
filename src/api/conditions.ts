/** Condition types after kstatus: Ready is always there; Reconciling and Stalled only while they are True. */
export const CONDITIONS = {
  Ready: 'Observed, and the level is Healthy or Warning.',
  Healthy: 'The level is Healthy.',
  Reconciling: 'Baton or the workload controller is still working on the last change.',
  Stalled: 'Baton cannot go on without a person; the reason says why.',
  MetricsAvailable: 'Every signal has fresh evidence.',
  DependenciesReady: 'Every service in dependsOn is at its minimumHealth or above.',
  ObjectivesMet: 'Every objective is met over its window.',
  InMaintenance: 'A maintenance window is open.',
  ScalingActive: 'The replicas follow what spec.scaling says; the reason says why they do not.',
  ScalingLimited: 'Something keeps the replicas from what the metrics ask for.',
  PredictionTrusted: 'The forecast of the load is good enough to start pods by; there only where prediction is on.',
  Healing: 'Healing is at work; the reason says why it is not. There only where spec.healing is.',
  FailoverReady:
    'Traffic could be moved to the other side now; the reason says why not. There only where failover is on.',
  Halted: 'An emergency halt lasts, or holds this service; or its namespace is stopped on purpose.',
  DiscoveryReady:
    'Every workload that a rule of spec.discovery fits has its service, or people want it otherwise; there only where there are rules.',
  Suspended: 'spec.suspend is true: Baton does nothing to the workload.',
  Started:
    'The service was up once since it was to start; the reason says what it waits for. There only where spec.startup is.',
  Queued: 'The workflow waits to begin; the reason says for what. There only while it does.',
  Running: 'The workflow is at work; the reason says why it is not. There from its beginning on.',
  Succeeded: 'The workflow reached its end and every success criterion held; Unknown until it has ended.',
  RolledBack:
    'What the workflow did is undone as far as it can be; Unknown while it is. There only where it is rolled back.',
  SelectorUnique: 'False while the selector of the workload matches pods of others.',
} as const satisfies Record<string, string>;

export type ConditionType = keyof typeof CONDITIONS;
