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
  readonly services: Readonly<Record<string, number>>;
}

const LEVELS = ['Healthy', 'Warning', 'Degraded', 'Critical', 'Failed', 'Unknown'];
const STATES = ['Initializing', 'Active', 'Degraded', 'Maintenance', 'ShuttingDown'];

/** Answers scrapes with the figures of every service; a replica that does not lead has none and says nothing about services. */
export function collectServices(metrics: Metrics, services: () => Iterable<Service>): void {
  const names = [
    'baton_service_health_score',
    'baton_service_health',
    'baton_service_health_confidence_ratio',
    'baton_service_ready_pods',
    'baton_service_desired_replicas',
    'baton_service_recommended_replicas',
    'baton_service_signal_score',
    'baton_service_availability_ratio',
    'baton_error_budget_remaining_ratio',
    'baton_error_budget_burn_rate',
  ] as const;
  metrics.collect(names, (emit) => {
    for (const { namespace, service, signals, objectives, ...figures } of services()) {
      const labels = { namespace, service };
      if (figures.score !== undefined) emit('baton_service_health_score', labels, figures.score);
      for (const level of LEVELS) emit('baton_service_health', { ...labels, level }, level === figures.health ? 1 : 0);
      emit('baton_service_health_confidence_ratio', labels, figures.confidence);
      emit('baton_service_ready_pods', labels, figures.ready);
      emit('baton_service_desired_replicas', labels, figures.desired);
      if (figures.recommended !== undefined) emit('baton_service_recommended_replicas', labels, figures.recommended);
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
  metrics.collect(['baton_orchestration_state', 'baton_orchestration_score', 'baton_services'], (emit) => {
    const now = system();
    if (!now) return;
    for (const state of STATES) emit('baton_orchestration_state', { state }, state === now.state ? 1 : 0);
    if (now.score !== undefined) emit('baton_orchestration_score', {}, now.score);
    for (const level of LEVELS) emit('baton_services', { level }, now.services[level.toLowerCase()] ?? 0);
  });
}
