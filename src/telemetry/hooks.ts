import type { Metrics } from './registry.ts';

/** What src/runtime's queues and controllers count, under the names of this controller. */
export function controllerHooks(metrics: Metrics, controller: string) {
  const name = { name: controller };
  return {
    queueMetrics: {
      depth: (waiting: number) => metrics.set('workqueue_depth', name, waiting),
      added: () => metrics.increment('workqueue_adds_total', name),
      retried: () => metrics.increment('workqueue_retries_total', name),
      waited: (seconds: number) => metrics.observe('workqueue_queue_duration_seconds', name, seconds),
      worked: (seconds: number) => metrics.observe('workqueue_work_duration_seconds', name, seconds),
    },
    metrics: {
      reconciled: (result: string, seconds: number) => {
        metrics.increment('baton_reconcile_total', { controller, result });
        metrics.observe('baton_reconcile_duration_seconds', { controller }, seconds);
      },
      active: (workers: number) => metrics.set('baton_reconcile_active_workers', { controller }, workers),
    },
  };
}

/** What src/kube's client counts. */
export function restHooks(metrics: Metrics) {
  return {
    request: (code: string, method: string) => metrics.increment('rest_client_requests_total', { code, method }),
    duration: (verb: string, seconds: number) =>
      metrics.observe('rest_client_request_duration_seconds', { verb }, seconds),
    retry: (code: string, verb: string) => metrics.increment('rest_client_request_retries_total', { code, verb }),
  };
}

/** What the controllers count. */
export function decisionHooks(metrics: Metrics) {
  return {
    decision: (kind: string, verdict: string) => metrics.increment('baton_decisions_total', { kind, verdict }),
    statusWrite: (kind: string, outcome: string) => metrics.increment('baton_status_writes_total', { kind, outcome }),
  };
}
