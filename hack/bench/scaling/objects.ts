// The same wish said twice: to Baton and to the HorizontalPodAutoscaler.
import type { Json } from '../api.ts';

export type Metric = 'cpu' | 'query';

export interface Wish {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly metric: Metric;
  /** Percent of the requests for cpu, a figure per pod for a query. */
  readonly target: number;
  /** Of the query. */
  readonly figure?: string;
  /** Replicas change at once, as far as the metric asks for. */
  readonly atOnce?: boolean;
}

const AT_ONCE = {
  stabilizationWindowSeconds: 0,
  policies: [{ type: 'Pods', value: 100, periodSeconds: 1 }],
};

const shared = ({ minReplicas, maxReplicas, atOnce }: Wish): Json => ({
  minReplicas,
  maxReplicas,
  ...(atOnce && { behavior: { scaleUp: AT_ONCE, scaleDown: AT_ONCE } }),
});

const cpu = ({ target }: Wish): Json => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } },
});

/** `spec.scaling` of an OrchestratedService. */
export function scalingOf(wish: Wish): Json {
  const { metric, target, figure } = wish;
  const query = {
    type: 'Prometheus',
    prometheus: { query: figure, target: { type: 'AverageValue', averageValue: String(target) } },
  };
  return { ...shared(wish), metrics: [metric === 'cpu' ? cpu(wish) : query] };
}

export function autoscalerOf(deployment: string, wish: Wish): Json {
  const { metric, target, figure } = wish;
  const external = {
    type: 'External',
    external: { metric: { name: figure }, target: { type: 'AverageValue', averageValue: String(target) } },
  };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: deployment },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment },
      ...shared(wish),
      metrics: [metric === 'cpu' ? cpu(wish) : external],
    },
  };
}

export const autoscalersIn = (namespace: string): string =>
  `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`;
