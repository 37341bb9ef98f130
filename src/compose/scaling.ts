import type { AutoscalerSnapshot } from '../controllers/project/autoscaler.ts';
import { Scaler, type ScalerOptions } from '../controllers/scaling/scaler.ts';
import { BY_TARGET, type CachedService } from '../controllers/service/caches.ts';
import { moveBounds, scaledObjectOf } from '../kube/autoscalers.ts';
import { Discovery } from '../kube/discovery.ts';
import { ReplicasWriter } from '../kube/replicas.ts';
import type { RestClient } from '../kube/rest.ts';
import { keyOf, type ReadonlyStore } from '../runtime/store.ts';
import type { Metrics } from '../telemetry/registry.ts';

export interface ScalingOptions extends Omit<ScalerOptions, 'autoscalers' | 'port' | 'countWrite'> {
  readonly rest: RestClient;
  readonly metrics: Metrics;
  readonly autoscalers: ReadonlyStore<AutoscalerSnapshot>;
  readonly services: ReadonlyStore<CachedService>;
  readonly enqueue: (key: string) => void;
  /** Throws when this replica does not lead any more. */
  readonly assertLeads: () => void;
}

/** The scaler with the API server behind it. */
export function createScaler({ rest, metrics, services, enqueue, assertLeads, ...options }: ScalingOptions): Scaler {
  const replicas = new ReplicasWriter(rest, new Discovery(rest), assertLeads);
  options.autoscalers.subscribe(({ old, new: now }) => {
    for (const target of new Set([old?.target, now?.target])) {
      for (const service of target === undefined ? [] : services.byIndex(BY_TARGET, target)) enqueue(keyOf(service));
    }
  });
  return new Scaler({
    ...options,
    countWrite: (outcome) => metrics.increment('baton_scaling_writes_total', { outcome }),
    port: {
      write: (reference, change, signal) => replicas.write(reference, change, signal),
      moveBounds: async (reference, bounds, signal) => {
        assertLeads();
        return moveBounds(rest, reference, bounds, signal);
      },
      owner: (reference, signal) => replicas.owner(reference, signal),
      scaledObject: (workload, signal) => scaledObjectOf(rest, workload, signal),
    },
  });
}
