import type { OrchestrationSpec } from '../api/kinds.ts';
import { CapacitySolver } from '../annealer/solver.ts';
import type { AutoscalerSnapshot } from '../controllers/project/autoscaler.ts';
import { Capacity } from '../controllers/scaling/capacity.ts';
import { Predictor } from '../controllers/scaling/predictor.ts';
import type { LoadHistory } from '../controllers/scaling/ports.ts';
import { Scaler, type ScalerOptions } from '../controllers/scaling/scaler.ts';
import { BY_TARGET, type CachedService } from '../controllers/service/caches.ts';
import { scaledObjectOf } from '../kube/autoscalers.ts';
import type { ReplicasWriter } from '../kube/replicas.ts';
import type { RestClient } from '../kube/rest.ts';
import type { Clock } from '../runtime/clock.ts';
import { keyOf, type ReadonlyStore } from '../runtime/store.ts';
import { collectCapacity } from '../telemetry/capacity.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/registry.ts';
import { startThread } from './threads.ts';

export interface ScalingOptions extends Omit<ScalerOptions, 'autoscalers' | 'port' | 'capacity' | 'predictor'> {
  readonly rest: RestClient;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
  readonly policy: () => OrchestrationSpec;
  readonly autoscalers: ReadonlyStore<AutoscalerSnapshot>;
  readonly services: ReadonlyStore<CachedService>;
  readonly enqueue: (key: string) => void;
  readonly history: LoadHistory;
  readonly replicas: ReplicasWriter;
}

/** The scaler with the API server behind it. */
export function createScaler(options: ScalingOptions): Scaler {
  const { rest, services, enqueue, replicas } = options;
  options.autoscalers.subscribe(({ old, new: now }) => {
    for (const target of new Set([old?.target, now?.target])) {
      for (const service of target === undefined ? [] : services.byIndex(BY_TARGET, target)) enqueue(keyOf(service));
    }
  });
  return new Scaler({
    ...options,
    capacity: createCapacity(options),
    predictor: createPredictor(options),
    port: {
      owner: (reference, signal) => replicas.owner(reference, signal),
      scaledObject: (workload, signal) => scaledObjectOf(rest, workload, signal),
    },
  });
}

function createPredictor({ history, intervalMs, log, metrics }: ScalingOptions): Predictor {
  const predictor = new Predictor({
    history,
    intervalMs,
    onFault: (error) => log.error({ error }, 'a load could not be recalled: please report it'),
  });
  metrics.collect(['baton_metric_series', 'baton_metric_series_limit'], (emit) => {
    const { followed, limit } = predictor.series;
    emit('baton_metric_series', {}, followed);
    emit('baton_metric_series_limit', {}, limit);
  });
  return predictor;
}

/** Of the heap of the thread that anneals: a hundred services take a megabyte. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };

/** What services share under capacity budgets, with the thread that anneals, and their metrics. */
function createCapacity({ services, policy, enqueue, metrics, log, clock }: ScalingOptions): Capacity {
  const solver = new CapacitySolver({
    startThread: () => startThread('annealer', undefined, THREAD_LIMITS),
    onSolved: (method, seconds) => metrics.observe('baton_capacity_allotment_duration_seconds', { method }, seconds),
    onFailed: (error) => log.warn({ error }, 'capacity budgets are shared greedily: the annealing thread failed'),
  });
  const capacity = new Capacity({
    services,
    policy,
    enqueue,
    allot: (claims, budgets) => solver.allot(claims, budgets),
    later: (ms, run) => void clock.setTimeout(run, ms),
  });
  collectCapacity(metrics, () => capacity.figures());
  return capacity;
}
