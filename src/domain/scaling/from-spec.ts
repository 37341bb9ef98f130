import type { OrchestratedServiceSpec } from '../../api/kinds.ts';
import { parseQuantity } from '../../api/quantity.ts';
import type { Reading } from '../reading.ts';
import type { Usage } from '../status/input.ts';
import type { ScaleMetric } from './metrics.ts';
import { type Behavior, directionsOf, type ScaleRules } from './rules.ts';

type Scaling = NonNullable<OrchestratedServiceSpec['scaling']>;
type MetricSpec = NonNullable<Scaling['metrics']>[number];

/** spec.scaling where it says how replicas are to be changed, and not only what is too few. */
export type ActiveScaling = Scaling & {
  readonly maxReplicas: number;
  readonly metrics: NonNullable<Scaling['metrics']>;
};

export function activeScaling(scaling: Scaling | undefined): ActiveScaling | undefined {
  return scaling?.maxReplicas === undefined || scaling.metrics === undefined ? undefined : (scaling as ActiveScaling);
}

export function rulesOf({ minReplicas, maxReplicas, behavior, fallback }: ActiveScaling): ScaleRules {
  return {
    minReplicas,
    maxReplicas,
    ...directionsOf(behavior && numbersIn(behavior)),
    ...(fallback && { fallback: { replicas: fallback.replicas, afterFailures: fallback.afterFailures } }),
  };
}

/** The schema lets a tolerance be any number or quantity, and cannot keep out a boolean. */
function numbersIn({ scaleUp, scaleDown }: NonNullable<Scaling['behavior']>): Behavior {
  const direction = (given: typeof scaleUp) => {
    if (given === undefined) return undefined;
    const { tolerance, ...rest } = given;
    const figure = tolerance === undefined ? Number.NaN : quantity(tolerance);
    return Number.isNaN(figure) ? rest : { ...rest, tolerance: figure };
  };
  const [up, down] = [direction(scaleUp), direction(scaleDown)];
  return { ...(up && { scaleUp: up }), ...(down && { scaleDown: down }) };
}

/** The name under which the answer to the metric at that place is kept; no check can have it. */
export const readingName = (index: number): string => `scaling/${index}`;

/** The metrics with what is known of them. */
export function metricsOf(
  { metrics }: ActiveScaling,
  usage: Usage,
  readings: ReadonlyMap<string, Reading>,
): readonly ScaleMetric[] {
  return metrics.flatMap((metric, index) => metricOf(metric, usage, readings.get(readingName(index))) ?? []);
}

function metricOf(
  { resource, containerResource, prometheus }: MetricSpec,
  usage: Usage,
  reading: Reading | undefined,
): ScaleMetric | undefined {
  const measured = resource ?? containerResource;
  if (measured) {
    const { averageUtilization, averageValue = 0 } = measured.target;
    const target =
      averageUtilization === undefined ? { average: quantity(averageValue) } : { utilization: averageUtilization };
    const metric = { type: 'Resource', resource: measured.name, target, usage } as const;
    return containerResource === undefined ? metric : { ...metric, container: containerResource.container };
  }
  if (!prometheus) return undefined;
  const { averageValue, value = 0 } = prometheus.target;
  const target = averageValue === undefined ? { value: quantity(value) } : { average: quantity(averageValue) };
  return { type: 'Total', name: nameOf(prometheus.query), target, reading };
}

/** Enough of a query to tell it from others. */
const nameOf = (query: string): string => {
  const line = query.trim().replaceAll(/\s+/g, ' ');
  return `query ${line.length > 80 ? `${line.slice(0, 79).toWellFormed()}…` : line}`;
};

/** The schema has refused what is none. */
const quantity = (value: number | string): number => parseQuantity(String(value)) ?? Number.NaN;
