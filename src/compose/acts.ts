import type { OrchestratedService } from '../api/kinds.ts';
import { Actor, askerOf } from '../controllers/acts/actor.ts';
import { moveBounds, readBounds } from '../kube/autoscalers.ts';
import { readService } from '../kube/services.ts';
import type { ReplicasWriter } from '../kube/replicas.ts';
import type { RestClient } from '../kube/rest.ts';
import type { Metrics } from '../telemetry/registry.ts';
import { SERVICES } from './caches.ts';

interface ActsOptions {
  readonly rest: RestClient;
  readonly metrics: Metrics;
  readonly replicas: ReplicasWriter;
  readonly leads: () => boolean;
}

/** The one that acts, with the API server behind it. */
export function createActor({ rest, metrics, replicas, leads }: ActsOptions): Actor {
  return new Actor({
    leads,
    live: {
      asker: async (reference, signal) => {
        const service: OrchestratedService | undefined = await readService(rest, SERVICES, reference, signal);
        return service && askerOf(service);
      },
      workload: (reference, signal) => replicas.read(reference, signal),
      autoscaler: (reference, signal) => readBounds(rest, reference, signal),
    },
    port: {
      scale: ({ act, live }, signal) => replicas.write(act.target, live, act, signal),
      moveBounds: ({ act, live }, signal) =>
        moveBounds(rest, { ...act.target, resourceVersion: live.resourceVersion }, act.to, signal),
    },
    onOutcome: ({ act, cause }, { kind }) =>
      metrics.increment('baton_acts_total', { act: act.type, cause, outcome: kind }),
  });
}
