import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bed } from './support/bed.ts';
import { eventually } from '../support/eventually.ts';
import { osvc, workload } from './support/objects.ts';

const MANY = 200;

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.make('op-many');
  const names = Array.from({ length: MANY }, (_, index) => `s-${index}`);
  for (let from = 0; from < MANY; from += 20) {
    const batch = names.slice(from, from + 20);
    await Promise.all(batch.map((name) => bed.create(workload('Deployment', name, { replicas: 1 }))));
    await Promise.all(batch.map((name) => bed.create(osvc(name))));
  }
  await eventually(
    'all pods are ready',
    100,
    () => readyPods(),
    (ready) => ready === MANY,
  );
});
afterAll(() => bed.close());

async function readyPods(): Promise<number> {
  const answer = await bed.api.call('GET', `/apis/apps/v1/namespaces/${bed.namespace}/deployments`);
  const items = answer.body['items'] as { status: { readyReplicas?: number } }[];
  return items.reduce((sum, { status }) => sum + (status.readyReplicas ?? 0), 0);
}

describe('two hundred services', () => {
  it('are all right soon after the operator leads, each with one write', async () => {
    const operator = await bed.start();
    await eventually(
      'all are Healthy',
      60,
      () => bed.services(),
      (all) => all.every(({ status }) => status?.health === 'Healthy' && status.replicas?.ready === 1),
    );
    // The operator counts a write when it is answered, a moment after others see it.
    const written = () => operator.metric('baton_status_writes_total{kind="OrchestratedService",outcome="written"}');
    await eventually('all writes are counted', 10, written, (count = 0) => count >= MANY);
    expect(await written()).toBe(MANY);
    expect(
      (await operator.page('metrics', '/metrics')).text.match(/^baton_service_ready_pods\{.*\} 1$/gm),
    ).toHaveLength(MANY);
    expect(operator.lines.filter(({ level }) => level !== 'info' && level !== 'debug')).toEqual([]);
  });
});
