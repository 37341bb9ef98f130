/** Every metric there is, so that docs/reference/metrics.md can be generated and nothing is registered that is not in it. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, in the unit of the name. */
  readonly buckets?: readonly number[];
}

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SERVICE = ['namespace', 'service'];

export const METRICS = [
  {
    name: 'baton_build_info',
    type: 'gauge',
    help: 'Always 1; the labels say which version runs.',
    labels: ['version', 'node_version'],
  },
  {
    name: 'baton_service_health_score',
    type: 'gauge',
    help: 'Health score of a service, 0 to 100; absent before the first evidence.',
    labels: SERVICE,
  },
  {
    name: 'baton_service_health',
    type: 'gauge',
    help: '1 for the level that a service has, 0 for the others.',
    labels: [...SERVICE, 'level'],
  },
  {
    name: 'baton_service_health_confidence_ratio',
    type: 'gauge',
    help: 'Share of the evidence, by weight, that is fresh.',
    labels: SERVICE,
  },
  { name: 'baton_service_ready_pods', type: 'gauge', help: 'Pods of a service that are ready.', labels: SERVICE },
  {
    name: 'baton_service_desired_replicas',
    type: 'gauge',
    help: 'Pods that the workload of a service asks for.',
    labels: SERVICE,
  },
  {
    name: 'baton_service_recommended_replicas',
    type: 'gauge',
    help: 'Pods that Baton wants of a service, whether or not it may change them; absent where it does not scale.',
    labels: SERVICE,
  },
  {
    name: 'baton_service_predicted_replicas',
    type: 'gauge',
    help: 'Pods that the predicted load of a service needs, before any bounds; absent while the prediction is not trusted.',
    labels: SERVICE,
  },
  {
    name: 'baton_service_recommendations',
    type: 'gauge',
    help: 'Recommendations in the status of a service.',
    labels: SERVICE,
  },
  {
    name: 'baton_service_anomalies',
    type: 'gauge',
    help: 'Metrics of a service that are unusual now; absent where it is not scaled by metrics.',
    labels: SERVICE,
  },
  {
    name: 'baton_service_optimization_score',
    type: 'gauge',
    help: 'How near a service is to its objectives, less what it has more than it needs, 0 to 100 (docs/scores.md).',
    labels: SERVICE,
  },
  {
    name: 'baton_service_cost_efficiency_ratio',
    type: 'gauge',
    help: 'Share of the cost of a service that pays for pods that are needed; absent without scaling.costPerReplicaHour.',
    labels: SERVICE,
  },
  {
    name: 'baton_service_cost_per_hour',
    type: 'gauge',
    help: 'What the replicas of a service cost in an hour, in the currency of scaling.costPerReplicaHour.',
    labels: SERVICE,
  },
  {
    name: 'baton_service_signal_score',
    type: 'gauge',
    help: 'Score of one signal of a service, 0 to 100; absent while it has no fresh evidence.',
    labels: [...SERVICE, 'signal'],
  },
  {
    name: 'baton_service_availability_ratio',
    type: 'gauge',
    help: 'Availability over the window of an objective.',
    labels: [...SERVICE, 'objective'],
  },
  {
    name: 'baton_error_budget_remaining_ratio',
    type: 'gauge',
    help: 'What is left of the error budget of an objective; below 0 when it is overspent.',
    labels: [...SERVICE, 'objective'],
  },
  {
    name: 'baton_error_budget_burn_rate',
    type: 'gauge',
    help: 'How fast the budget was spent over the last hour; 1 spends it exactly over the window.',
    labels: [...SERVICE, 'objective'],
  },
  {
    name: 'baton_orchestration_state',
    type: 'gauge',
    help: '1 for the state that the whole system is in, 0 for the others.',
    labels: ['state'],
  },
  {
    name: 'baton_emergency_halts_total',
    type: 'counter',
    help: 'Emergency halts that began, by trigger (Manual, or the rule).',
    labels: ['trigger'],
  },
  {
    name: 'baton_orchestration_score',
    type: 'gauge',
    help: 'Mean score of the services, weighted by priority.',
    labels: [],
  },
  {
    name: 'baton_orchestration_optimization_score',
    type: 'gauge',
    help: 'Mean optimization score of the services, weighted by priority.',
    labels: [],
  },
  {
    name: 'baton_orchestration_cost_efficiency_ratio',
    type: 'gauge',
    help: 'Share of the cost of all services that pays for pods that are needed.',
    labels: [],
  },
  { name: 'baton_services', type: 'gauge', help: 'Services by level.', labels: ['level'] },
  {
    name: 'baton_discovered_services',
    type: 'gauge',
    help: 'Services that discovery made and looks after; absent while it has no rules.',
    labels: [],
  },
  {
    name: 'baton_discovery_skipped_workloads',
    type: 'gauge',
    help: 'Workloads that a rule of discovery fits and that have no service by it, and services that it cannot take back yet.',
    labels: ['reason'],
  },
  {
    name: 'baton_decisions_total',
    type: 'counter',
    help: 'Conclusions that changed something, by kind and verdict.',
    labels: ['kind', 'verdict'],
  },
  {
    name: 'baton_acts_total',
    type: 'counter',
    help: 'What was done, or was to be, by act (Scale, MoveBounds, Evict, Restart, RollBack), cause (Scaling, Healing) and outcome (written, already, conflict, gone; refused, blocked or forbidden by the API server; objected by the guard).',
    labels: ['act', 'cause', 'outcome'],
  },
  {
    name: 'baton_healing_actions_total',
    type: 'counter',
    help: 'Acts of healing, by action (DeletePod for each pod, Restart, RollbackRevision, Workflow) and outcome as in baton_acts_total.',
    labels: ['action', 'outcome'],
  },
  {
    name: 'baton_circuit_state',
    type: 'gauge',
    help: 'Circuit of healing of a service: 0 closed, 1 half open, 2 open. Only where spec.healing is.',
    labels: ['namespace', 'service'],
  },
  {
    name: 'baton_status_writes_total',
    type: 'counter',
    help: 'Writes of a status, by kind and outcome (written, conflict, deferred, failed).',
    labels: ['kind', 'outcome'],
  },
  {
    name: 'baton_events_total',
    type: 'counter',
    help: 'Kubernetes Events, by outcome (recorded, dropped, failed).',
    labels: ['outcome'],
  },
  {
    name: 'baton_source_readings_total',
    type: 'counter',
    help: 'Readings of metric sources, by outcome (value, verdict, or the reason why there is none).',
    labels: ['source', 'outcome'],
  },
  {
    name: 'baton_failover_duration_seconds',
    type: 'histogram',
    help: 'Time that each part of a failover took: detection, preparation, fencing and switch.',
    labels: ['part'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
  },
  {
    name: 'baton_source_read_duration_seconds',
    type: 'histogram',
    help: 'Time that a metric source took to answer.',
    labels: ['source'],
    buckets: REQUEST_SECONDS,
  },
  {
    name: 'baton_heartbeats_total',
    type: 'counter',
    help: 'Heartbeats that were posted, by HTTP status of the answer.',
    labels: ['code'],
  },
  {
    name: 'baton_reconcile_total',
    type: 'counter',
    help: 'Reconciles, by result (done, requeueAfter, error, terminal).',
    labels: ['controller', 'result'],
  },
  {
    name: 'baton_reconcile_duration_seconds',
    type: 'histogram',
    help: 'Time that one reconcile took.',
    labels: ['controller'],
    buckets: [0.0005, ...REQUEST_SECONDS],
  },
  { name: 'baton_reconcile_active_workers', type: 'gauge', help: 'Reconciles under way.', labels: ['controller'] },
  { name: 'workqueue_depth', type: 'gauge', help: 'Keys that wait.', labels: ['name'] },
  { name: 'workqueue_adds_total', type: 'counter', help: 'Keys that were added.', labels: ['name'] },
  {
    name: 'workqueue_retries_total',
    type: 'counter',
    help: 'Keys that were added again after an error.',
    labels: ['name'],
  },
  {
    name: 'workqueue_queue_duration_seconds',
    type: 'histogram',
    help: 'How long a key waited.',
    labels: ['name'],
    buckets: REQUEST_SECONDS,
  },
  {
    name: 'workqueue_work_duration_seconds',
    type: 'histogram',
    help: 'How long a key was worked on.',
    labels: ['name'],
    buckets: REQUEST_SECONDS,
  },
  {
    name: 'rest_client_requests_total',
    type: 'counter',
    help: 'Requests to the API server, by method and status code (<error> when there was no answer).',
    labels: ['method', 'code'],
  },
  {
    name: 'rest_client_request_retries_total',
    type: 'counter',
    help: 'Requests that were sent again, by the status code that caused it.',
    labels: ['code', 'verb'],
  },
  {
    name: 'rest_client_request_duration_seconds',
    type: 'histogram',
    help: 'Time to the answer of the API server, without watches.',
    labels: ['verb'],
    buckets: REQUEST_SECONDS,
  },
  {
    name: 'baton_watch_restarts_total',
    type: 'counter',
    help: 'Watches that were begun again, by resource and cause.',
    labels: ['resource', 'cause'],
  },
  {
    name: 'baton_metric_series',
    type: 'gauge',
    help: 'Metric series of services that are kept in memory, to predict them and to find what is unusual.',
    labels: [],
  },
  {
    name: 'baton_metric_series_limit',
    type: 'gauge',
    help: 'How many metric series are kept at most; those beyond are neither predicted nor watched.',
    labels: [],
  },
  {
    name: 'baton_history_size_bytes',
    type: 'gauge',
    help: 'What the history takes on the disk; absent where it is off.',
    labels: [],
  },
  {
    name: 'baton_history_rows_written_total',
    type: 'counter',
    help: 'Rows of history that are safe on the disk, by table (points, decisions).',
    labels: ['table'],
  },
  {
    name: 'baton_history_rows_dropped_total',
    type: 'counter',
    help: 'Rows of history that were given up because the disk was full, slow or away for too long, by table.',
    labels: ['table'],
  },
  {
    name: 'baton_history_last_error_timestamp_seconds',
    type: 'gauge',
    help: 'When the history last could not be read or written; absent while it never happened.',
    labels: [],
  },
  {
    name: 'baton_capacity_budget_limit',
    type: 'gauge',
    help: 'What a capacity budget holds, by resource (replicas, cpu in cores, memory in bytes).',
    labels: ['budget', 'resource'],
  },
  {
    name: 'baton_capacity_budget_wanted',
    type: 'gauge',
    help: 'What the services that Baton scales under a capacity budget want together, by resource.',
    labels: ['budget', 'resource'],
  },
  {
    name: 'baton_capacity_budget_allotted',
    type: 'gauge',
    help: 'What these services may have together, by resource.',
    labels: ['budget', 'resource'],
  },
  {
    name: 'baton_capacity_allotment_duration_seconds',
    type: 'histogram',
    help: 'Time that it took to share the capacity budgets, by method (None: all fits, Greedy, Annealed in a thread).',
    labels: ['method'],
    buckets: [0.0001, 0.001, 0.005, 0.025, 0.1, 0.2, 0.5, 1, 5],
  },
  {
    name: 'baton_workflows',
    type: 'gauge',
    help: 'Workflows there are, by phase.',
    labels: ['phase'],
  },
  {
    name: 'baton_workflow_queue_depth',
    type: 'gauge',
    help: 'Workflows that wait for their turn, by the hundred that their priority is in.',
    labels: ['priority'],
  },
  {
    name: 'baton_workflow_duration_seconds',
    type: 'histogram',
    help: 'Time from the first step of a workflow to its end, by type and the phase in which it ended.',
    labels: ['type', 'phase'],
    buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400],
  },
  {
    name: 'baton_workflow_acts_total',
    type: 'counter',
    help: 'What steps of workflows did: what it was, whether forward, to undo or to stop, and what came of it.',
    labels: ['act', 'purpose', 'outcome'],
  },
  { name: 'leader_election_master_status', type: 'gauge', help: '1 while this replica leads.', labels: ['name'] },
] as const satisfies readonly MetricDefinition[];

export type MetricName = (typeof METRICS)[number]['name'];
