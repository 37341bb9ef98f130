import type { Metrics } from './registry.ts';

/** The exact figures of one service. */
interface Service {
  readonly namespace: string;
  readonly service: string;
  readonly health: string;
  readonly score: number | undefined;
  readonly confidence: number;
  readonly ready: number;
  readonly desired: number;
  readonly recommended?: number;
  readonly predicted?: number;
  readonly recommendations: number;
  readonly anomalies?: number;
  /** Where spec.healing is. */
  readonly circuit?: 'Closed' | 'HalfOpen' | 'Open';
  readonly scores: {
    readonly optimization?: number;
    readonly costEfficiency?: number;
    readonly costPerHour?: number;
  };
  readonly signals: readonly { readonly name: string; readonly score: number | undefined }[];
  readonly objectives: readonly {
    readonly name: string;
    readonly availability: number;
    readonly budgetRemaining: number;
    readonly burnRate: number;
  }[];
}

interface System {
  readonly state: string | undefined;
  readonly score: number | undefined;
  /** Both 0 to 100. */
  readonly scores: { readonly optimization?: number; readonly costEfficiency?: number } | undefined;
  readonly services: Readonly<Record<string, number>>;
  readonly discovery?: {
    readonly discovered?: number;
    readonly skipped?: readonly { readonly reason: string; readonly workloads: number }[];
  };
}

const LEVELS = ['Healthy', 'Warning', 'Degraded', 'Critical', 'Failed', 'Unknown'];
const STATES = [
  'Initializing',
  'Active',
  'Optimizing',
  'Coordinating',
  'Scaling',
  'Degraded',
  'Failover',
  'Maintenance',
  'EmergencyHalt',
  'ShuttingDown',
];

const CIRCUITS = { Closed: 0, HalfOpen: 1, Open: 2 } as const;

/** Answers scrapes with the figures of every service; a replica that does not lead has none and says nothing about services. */
export function collectServices(metrics: Metrics, services: () => Iterable<Service>): void {
  const names = [
    'baton_service_health_score',
    'baton_service_health',
    'baton_service_health_confidence_ratio',
    'baton_service_ready_pods',
    'baton_service_desired_replicas',
    'baton_service_recommended_replicas',
    'baton_service_predicted_replicas',
    'baton_service_recommendations',
    'baton_service_anomalies',
    'baton_service_optimization_score',
    'baton_service_cost_efficiency_ratio',
    'baton_service_cost_per_hour',
    'baton_service_signal_score',
    'baton_service_availability_ratio',
    'baton_error_budget_remaining_ratio',
    'baton_error_budget_burn_rate',
    'baton_circuit_state',
  ] as const;
  metrics.collect(names, (emit) => {
    for (const { namespace, service, signals, objectives, scores, ...figures } of services()) {
      const labels = { namespace, service };
      if (figures.score !== undefined) emit('baton_service_health_score', labels, figures.score);
      for (const level of LEVELS) emit('baton_service_health', { ...labels, level }, level === figures.health ? 1 : 0);
      emit('baton_service_health_confidence_ratio', labels, figures.confidence);
      emit('baton_service_ready_pods', labels, figures.ready);
      emit('baton_service_desired_replicas', labels, figures.desired);
      if (figures.circuit !== undefined) emit('baton_circuit_state', labels, CIRCUITS[figures.circuit]);
      if (figures.recommended !== undefined) emit('baton_service_recommended_replicas', labels, figures.recommended);
      if (figures.predicted !== undefined) emit('baton_service_predicted_replicas', labels, figures.predicted);
      emit('baton_service_recommendations', labels, figures.recommendations);
      if (figures.anomalies !== undefined) emit('baton_service_anomalies', labels, figures.anomalies);
      const { optimization, costEfficiency, costPerHour } = scores;
      if (optimization !== undefined) emit('baton_service_optimization_score', labels, optimization);
      if (costEfficiency !== undefined) emit('baton_service_cost_efficiency_ratio', labels, costEfficiency);
      if (costPerHour !== undefined) emit('baton_service_cost_per_hour', labels, costPerHour);
      for (const { name: signal, score } of signals) {
        if (score !== undefined) emit('baton_service_signal_score', { ...labels, signal }, score);
      }
      for (const { name: objective, availability, budgetRemaining, burnRate } of objectives) {
        emit('baton_service_availability_ratio', { ...labels, objective }, availability);
        emit('baton_error_budget_remaining_ratio', { ...labels, objective }, budgetRemaining);
        emit('baton_error_budget_burn_rate', { ...labels, objective }, burnRate);
      }
    }
  });
}

/** Answers scrapes with the state of the whole; undefined on a replica that does not lead. */
export function collectSystem(metrics: Metrics, system: () => System | undefined): void {
  const names = [
    'baton_orchestration_state',
    'baton_orchestration_score',
    'baton_orchestration_optimization_score',
    'baton_orchestration_cost_efficiency_ratio',
    'baton_services',
    'baton_discovered_services',
    'baton_discovery_skipped_workloads',
  ] as const;
  metrics.collect(names, (emit) => {
    const now = system();
    if (!now) return;
    for (const state of STATES) emit('baton_orchestration_state', { state }, state === now.state ? 1 : 0);
    if (now.score !== undefined) emit('baton_orchestration_score', {}, now.score);
    const { optimization, costEfficiency } = now.scores ?? {};
    if (optimization !== undefined) emit('baton_orchestration_optimization_score', {}, optimization);
    if (costEfficiency !== undefined) emit('baton_orchestration_cost_efficiency_ratio', {}, costEfficiency / 100);
    for (const level of LEVELS) emit('baton_services', { level }, now.services[level.toLowerCase()] ?? 0);
    const { discovered, skipped = [] } = now.discovery ?? {};
    if (discovered !== undefined) emit('baton_discovered_services', {}, discovered);
    for (const { reason, workloads } of skipped) emit('baton_discovery_skipped_workloads', { reason }, workloads);
  });
}

const PHASES = [
  'Pending',
  'Queued',
  'Running',
  'Paused',
  'Verifying',
  'RollingBack',
  'Succeeded',
  'RolledBack',
  'RollbackFailed',
  'Failed',
  'Cancelled',
  'Planned',
];
const PRIORITIES = Array.from({ length: 11 }, (_, n) => n * 100);

interface Workflows {
  readonly phases: Iterable<string>;
  /** Priorities of those that wait, 0 to 1000. */
  readonly waiting: Iterable<number>;
}

/** Answers scrapes with the workflows there are; undefined from a replica that does not lead. */
export function collectWorkflows(metrics: Metrics, workflows: () => Workflows | undefined): void {
  metrics.collect(['baton_workflows', 'baton_workflow_queue_depth'], (set) => {
    const found = workflows();
    if (found === undefined) return;
    const phases = new Map(PHASES.map((phase) => [phase, 0]));
    for (const phase of found.phases) phases.set(phase, (phases.get(phase) ?? 0) + 1);
    for (const [phase, count] of phases) set('baton_workflows', { phase }, count);
    const depths = new Map(PRIORITIES.map((priority) => [priority, 0]));
    for (const one of found.waiting) {
      const hundred = Math.floor(one / 100) * 100;
      depths.set(hundred, (depths.get(hundred) ?? 0) + 1);
    }
    for (const [priority, depth] of depths) set('baton_workflow_queue_depth', { priority: String(priority) }, depth);
  });
}
