import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OrchestratedService } from '../../../src/api/kinds.ts';
import { Bed } from './support/bed.ts';
import { osvc, workload } from './support/objects.ts';
import type { Operator } from './support/process.ts';

let bed: Bed;
let operator: Operator;

beforeAll(async () => {
  bed = await Bed.make('op-advice');
  operator = await bed.start();
});
afterAll(() => bed.close());

const typesOf = ({ status }: OrchestratedService): string =>
  (status?.recommendations ?? []).map(({ type }) => type).join();
const budget = (name: string, selector: object) => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name },
  spec: { selector, maxUnavailable: 1 },
});
const recommended = (name: string, types: string) =>
  bed.until(name, `recommends ${types}`, (seen) => typesOf(seen) === types);

it('a missing PodDisruptionBudget is told until there is one, and again when it goes or protects others', async () => {
  await bed.createAll(workload('Deployment', 'web'), osvc('web'));
  await bed.healthy('web');
  const bare = await recommended('web', 'PodDisruptionBudget');
  expect(bare.status?.recommendations).toEqual([
    {
      type: 'PodDisruptionBudget',
      action: 'create a PodDisruptionBudget with maxUnavailable: 1 for the pods app=web',
      confidence: 0.8,
      because: 'no PodDisruptionBudget selects the pods, so draining nodes may evict all of them at once',
    },
  ]);
  await bed.create(budget('web', { matchLabels: { app: 'web' } }));
  await recommended('web', '');
  await bed.patch('PodDisruptionBudget', 'web', { spec: { selector: { matchLabels: { app: 'cart' } } } }, 'policy/v1');
  await recommended('web', 'PodDisruptionBudget');
  await bed.remove('PodDisruptionBudget', 'web', 'policy/v1');
  await bed.create(budget('all', {}));
  await recommended('web', '');
  await bed.remove('PodDisruptionBudget', 'all', 'policy/v1');
  await recommended('web', 'PodDisruptionBudget');
});

it('one replica of a Critical service is told until there are two', async () => {
  await bed.createAll(workload('Deployment', 'pay', { replicas: 1 }), osvc('pay', { priority: 'Critical' }));
  await bed.healthy('pay');
  const alone = await recommended('pay', 'Replicas');
  expect(alone.status?.recommendations).toMatchObject([
    { action: 'run 2 replicas of Deployment pay at least', confidence: 0.9 },
  ]);
  await bed.scale('pay', 2);
  const two = await recommended('pay', 'PodDisruptionBudget');
  expect(two.status?.recommendations?.[0]?.confidence).toBe(0.95);
});

it('a status with recommendations is written once: the pods and their budget go on, and nothing more is written', async () => {
  // Well before the pods: of budgets and of pods the operator hears apart, and one that is missing is told.
  await bed.create(budget('quiet', { matchLabels: { app: 'quiet' } }));
  await bed.createAll(workload('Deployment', 'quiet'), osvc('quiet', { priority: 'Critical' }));
  await bed.healthy('quiet');
  const before = await bed.until(
    'quiet',
    'is done',
    (seen) => seen.status?.replicas?.ready === 2 && typesOf(seen) === '',
  );
  // The budget's own status follows the pods; that of another service moves in the meantime.
  await bed.create(budget('other', { matchLabels: { app: 'other' } }));
  await bed.createAll(workload('Deployment', 'other', { replicas: 1 }), osvc('other'));
  await bed.healthy('other');
  expect((await bed.service('quiet')).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
});

it('what the replicas cost is a metric of exactly those that say so', async () => {
  const scaling = { minReplicas: 1, costPerReplicaHour: '120m' };
  await bed.createAll(workload('Deployment', 'priced'), osvc('priced', { scaling }));
  await bed.createAll(workload('Deployment', 'free'), osvc('free'));
  await Promise.all([bed.healthy('priced'), bed.healthy('free')]);
  const of = (name: string): string => `{namespace="${bed.namespace}",service="${name}"}`;
  expect(await operator.metric(`baton_service_cost_per_hour${of('priced')}`)).toBe(0.24);
  expect(await operator.metric(`baton_service_cost_per_hour${of('free')}`)).toBeUndefined();
  expect(await operator.metric(`baton_service_optimization_score${of('free')}`)).toBe(100);
});
