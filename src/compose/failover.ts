import { Failover, type FailoverOptions } from '../controllers/failover/failover.ts';
import { scaledObjectOf } from '../kube/autoscalers.ts';
import type { RestClient } from '../kube/rest.ts';
import { mayDo, readEndpoints, readPods, readTraffic, readWorkloadLabels } from '../kube/traffic.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/registry.ts';

interface Options extends Omit<FailoverOptions, 'port' | 'onMoved' | 'onUnanswered'> {
  readonly log: Logger;
  readonly rest: RestClient;
  readonly metrics: Metrics;
}

/** The part that moves traffic, with the API server behind it. */
export function createFailover({ rest, metrics, log, ...options }: Options): Failover {
  return new Failover({
    ...options,
    port: {
      traffic: (service, signal) => readTraffic(rest, service, signal),
      endpoints: (service, signal) => readEndpoints(rest, service, signal),
      pods: (of, signal) => readPods(rest, of, signal),
      labels: (workload, signal) => readWorkloadLabels(rest, workload, signal),
      scaledObject: (workload, signal) => scaledObjectOf(rest, workload, signal),
      mayDo: (ask, signal) => mayDo(rest, ask, signal),
    },
    onUnanswered: (key, error) =>
      log.warn(
        { key, error: error instanceof Error ? error.message : String(error) },
        'a question or an act of a failover had no answer',
      ),
    onMoved: (took) => {
      for (const [part, ms] of Object.entries(took)) {
        metrics.observe('baton_failover_duration_seconds', { part }, ms / 1_000);
      }
    },
  });
}
