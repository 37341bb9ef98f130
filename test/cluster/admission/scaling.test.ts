import { afterAll, beforeAll, describe } from 'vitest';
import { type Answer, Api } from '../support/api.ts';
import { installCrds } from '../support/crds.ts';
import { attempt, refuses } from './refusals.ts';

const api = new Api();
let namespace: Awaited<ReturnType<Api['namespace']>>;

beforeAll(async () => {
  await installCrds(api);
  namespace = await api.namespace('admission-scaling');
});
afterAll(() => namespace[Symbol.asyncDispose]());

const tryIt = (object: object): Promise<Answer> =>
  attempt(api, `/apis/baton.dev/v1alpha1/namespaces/${namespace.name}/orchestratedservices`, object);

const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' };
const withScaling = (scaling: unknown) => ({
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'OrchestratedService',
  metadata: { name: 'checkout' },
  spec: { targetRef, scaling },
});

const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } };
const queue = {
  type: 'Prometheus',
  prometheus: { query: 'depth', target: { type: 'AverageValue', averageValue: '10' } },
};
const base = { minReplicas: 1, maxReplicas: 5, metrics: [cpu] };
const withPart = (part: unknown) => withScaling({ ...base, ...(part as object) });
const withMetric = (metric: unknown) => withScaling({ ...base, metrics: [metric] });
const withBehavior = (behavior: unknown) => withPart({ behavior });
const resource = (target: unknown) => ({ type: 'Resource', resource: { name: 'cpu', target } });
const ofContainer = (part: object) => ({
  type: 'ContainerResource',
  containerResource: { ...cpu.resource, ...part },
});
const prometheus = (target: unknown, query = 'up') => ({ type: 'Prometheus', prometheus: { query, target } });

describe('scaling is refused with what to write instead', () => {
  refuses('bounds', tryIt, withScaling, [
    {
      title: 'more at least than at most',
      wrong: { ...base, minReplicas: 6 },
      right: base,
      says: 'minReplicas is above maxReplicas; lower minReplicas or raise maxReplicas',
    },
    {
      title: 'metrics without a bound',
      wrong: { minReplicas: 1, metrics: [cpu] },
      right: { minReplicas: 1 },
      says: 'add maxReplicas, the most that may run',
    },
    {
      title: 'a bound without metrics',
      wrong: { minReplicas: 1, maxReplicas: 5 },
      right: base,
      says: 'maxReplicas does nothing without metrics',
    },
    {
      title: 'behavior without metrics',
      wrong: { minReplicas: 1, behavior: { scaleDown: { selectPolicy: 'Disabled' } } },
      right: { ...base, behavior: { scaleDown: { selectPolicy: 'Disabled' } } },
      says: 'behavior, writer and fallback do nothing without maxReplicas and metrics',
    },
    {
      title: 'a prediction with nothing to scale',
      wrong: { minReplicas: 1, prediction: {} },
      right: { ...base, prediction: {} },
      says: 'prediction does nothing without maxReplicas and metrics',
    },
    {
      title: 'sleep with nothing that could wake it',
      wrong: { ...base, minReplicas: 0 },
      right: { ...base, minReplicas: 0, metrics: [cpu, queue] },
      says: 'nothing could wake the service; add a metric of type Prometheus',
    },
    {
      title: 'no metric at all',
      wrong: { ...base, metrics: [] },
      right: base,
      says: 'should have at least 1 items',
    },
  ]);

  refuses('a metric', tryIt, withMetric, [
    {
      title: 'a type without its part',
      wrong: { type: 'Resource' },
      right: cpu,
      says: 'a metric of type Resource has resource',
    },
    {
      title: 'a container without its name',
      wrong: ofContainer({}),
      right: ofContainer({ container: 'main' }),
      says: 'container: Required value',
    },
    {
      title: 'a container in a metric of the pods',
      wrong: { ...ofContainer({ container: 'main' }), type: 'Resource' },
      right: ofContainer({ container: 'main' }),
      says: 'one of type ContainerResource has containerResource',
    },
    {
      title: 'a container that cannot be one',
      wrong: ofContainer({ container: 'Main_1' }),
      right: ofContainer({ container: 'main-1' }),
      says: 'container must be the name of a container of the pods',
    },
    {
      title: 'a metric of the HorizontalPodAutoscaler that is not there',
      wrong: { type: 'Pods', pods: { metric: { name: 'x' }, target: { type: 'AverageValue', averageValue: '1' } } },
      right: queue,
      says: 'unknown field "spec.scaling.metrics[0].pods"',
    },
    {
      title: 'two metrics in one entry',
      wrong: { ...cpu, prometheus: queue.prometheus },
      right: queue,
      says: 'write one entry per metric',
    },
    {
      title: 'a utilization without a percentage',
      wrong: resource({ type: 'Utilization', averageValue: '500m' }),
      right: resource({ type: 'AverageValue', averageValue: '500m' }),
      says: 'a target of type Utilization has averageUtilization',
    },
    {
      title: 'a target of nothing',
      wrong: resource({ type: 'AverageValue', averageValue: 0 }),
      right: resource({ type: 'AverageValue', averageValue: 1 }),
      says: 'averageValue must be above 0',
    },
    {
      title: 'a target of nothing, in words',
      wrong: prometheus({ type: 'Value', value: '0.00' }),
      right: prometheus({ type: 'Value', value: '0.05' }),
      says: 'should match',
    },
    {
      title: 'a figure for a Value in averageValue',
      wrong: prometheus({ type: 'Value', averageValue: 3 }),
      right: prometheus({ type: 'Value', value: 3 }),
      says: 'one of type Value has value',
    },
    {
      title: 'a blank query',
      wrong: prometheus({ type: 'Value', value: 3 }, '  '),
      right: prometheus({ type: 'Value', value: 3 }),
      says: 'query is blank',
    },
  ]);

  refuses('behavior', tryIt, withBehavior, [
    {
      title: 'both directions off',
      wrong: { scaleUp: { selectPolicy: 'Disabled' }, scaleDown: { selectPolicy: 'Disabled' } },
      right: { scaleDown: { selectPolicy: 'Disabled' } },
      says: 'both directions are Disabled, so nothing could ever change',
    },
    {
      title: 'a tolerance that nothing is outside of',
      wrong: { scaleDown: { tolerance: '1.5' } },
      right: { scaleDown: { tolerance: '0.5' } },
      says: 'tolerance in body should match',
    },
    {
      title: 'a tolerance of a whole in thousandths',
      wrong: { scaleDown: { tolerance: '1000m' } },
      right: { scaleDown: { tolerance: '999m' } },
      says: 'tolerance in body should match',
    },
    {
      title: 'a tolerance of 1, as a number',
      wrong: { scaleDown: { tolerance: 1 } },
      right: { scaleDown: { tolerance: 0 }, scaleUp: { tolerance: '50m' } },
      says: 'tolerance in body should be less than 1',
    },
    {
      title: 'a tolerance below 0, as a number',
      wrong: { scaleUp: { tolerance: -0.1 } },
      right: { scaleUp: { tolerance: 0.05 }, scaleDown: { tolerance: 0.05 } },
      says: 'greater than or equal to 0',
    },
    {
      title: 'a tolerance that is neither a number nor a text',
      wrong: { scaleUp: { tolerance: {} } },
      right: { scaleUp: { tolerance: 2 } },
      says: 'tolerance',
    },
    {
      title: 'a window of more than an hour',
      wrong: { scaleDown: { stabilizationWindowSeconds: 3601 } },
      right: { scaleDown: { stabilizationWindowSeconds: 3600 } },
      says: 'less than or equal to 3600',
    },
    {
      title: 'no policy',
      wrong: { scaleUp: { policies: [] } },
      right: { scaleUp: { policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }] } },
      says: 'should have at least 1 items',
    },
  ]);

  refuses('the rest', tryIt, withPart, [
    {
      title: 'a percentage of nothing',
      wrong: {
        minReplicas: 0,
        metrics: [queue],
        behavior: { scaleUp: { policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] } },
      },
      right: {
        minReplicas: 0,
        metrics: [queue],
        behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 15 }] } },
      },
      says: 'could never wake the service, because a percentage of 0 pods is 0',
    },
    {
      title: 'the smallest of the default policies, one of which is a percentage of nothing',
      wrong: { minReplicas: 0, metrics: [queue], behavior: { scaleUp: { selectPolicy: 'Min' } } },
      right: { minReplicas: 0, metrics: [queue], behavior: { scaleUp: { selectPolicy: 'Max' } } },
      says: 'could never wake the service, because a percentage of 0 pods is 0',
    },
    {
      title: 'a writer without a name',
      wrong: { writer: { type: 'HorizontalPodAutoscaler' } },
      right: { writer: { type: 'HorizontalPodAutoscaler', name: 'checkout' } },
      says: 'needs the name of the HorizontalPodAutoscaler',
    },
    {
      title: 'a name that is not used',
      wrong: { writer: { type: 'Direct', name: 'checkout' } },
      right: { writer: {} },
      says: 'type Direct takes no name',
    },
    {
      title: 'a fallback outside the bounds',
      wrong: { fallback: { replicas: 9 } },
      right: { fallback: { replicas: 3, afterFailures: 2 } },
      says: 'fallback.replicas must be from minReplicas to maxReplicas',
    },
    {
      title: 'a season that is too short',
      wrong: { prediction: { season: '5m' } },
      right: { prediction: { season: '24h' } },
      says: 'season must be auto, or a duration from 10m to 168h',
    },
    {
      title: 'a season in days',
      wrong: { prediction: { season: '1d' } },
      right: { prediction: { season: 'auto' } },
      says: 'season must be auto, or a duration from 10m to 168h',
    },
    {
      title: 'a horizon of hours',
      wrong: { prediction: { horizon: '2h' } },
      right: { prediction: { horizon: '5m' } },
      says: 'horizon must be auto, or a duration from 15s to 1h',
    },
    {
      title: 'a horizon beyond the season',
      wrong: { prediction: { season: '30m', horizon: '30m' } },
      right: { prediction: { season: '30m', horizon: '10m' } },
      says: 'horizon must be shorter than season',
    },
    {
      title: 'a quantile in percent',
      wrong: { prediction: { quantile: 90 } },
      right: { prediction: { quantile: 0.9 } },
      says: 'quantile is a share from 0.5 to 0.99',
    },
    {
      title: 'a prediction of what is no load',
      wrong: { prediction: {}, metrics: [prometheus({ type: 'Value', value: '1' })] },
      right: { prediction: { enabled: false }, metrics: [prometheus({ type: 'Value', value: '1' })] },
      says: 'only a load can be predicted',
    },
    {
      title: 'a free pod',
      wrong: { costPerReplicaHour: '0' },
      right: { costPerReplicaHour: '0.12' },
      says: 'should match',
    },
    {
      title: 'a free pod, as a number',
      wrong: { costPerReplicaHour: 0 },
      right: { costPerReplicaHour: 0.12 },
      says: 'greater than 0',
    },
  ]);

  refuses('mode', tryIt, (mode) => ({ ...withScaling(base), spec: { targetRef, mode, scaling: base } }), [
    {
      title: 'a mode that there is not',
      wrong: 'DryRun',
      right: 'Recommend',
      says: '"Enforce", "Recommend", "Observe"',
    },
  ]);
});
