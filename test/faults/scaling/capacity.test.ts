import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accept, type Bed, conditionOf } from '../../cluster/operator/support/bed.ts';
import { type Obj, osvc, workload } from '../../cluster/operator/support/objects.ts';
import { Operator } from '../../cluster/operator/support/process.ts';
import { eventually } from '../../cluster/support/eventually.ts';
import { Ground } from './ground.ts';

let ground: Ground;
let bed: Bed;

beforeAll(async () => {
  ground = await Ground.start();
  bed = ground.bed;
});
afterAll(() => ground?.stop());
afterEach(() => setBudgets([]));

const QUICK = {
  scaleUp: { policies: [{ type: 'Pods', value: 100, periodSeconds: 1 }] },
  scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 100, periodSeconds: 1 }] },
};

async function setBudgets(capacityBudgets: readonly object[]): Promise<void> {
  const path = '/apis/baton.dev/v1alpha1/orchestrations/default';
  accept(await bed.api.call('PATCH', path, { body: { spec: { capacityBudgets } } }));
}

/** A Deployment that wants `wanted` replicas, and its service. */
async function wanting(name: string, wanted: number, scaling: object = {}, more: Record<string, unknown> = {}) {
  ground.metrics.figures.set(name, wanted * 10);
  await bed.create(workload('Deployment', name, { replicas: 1 }));
  const metrics = [
    { type: 'Prometheus', prometheus: { query: name, target: { type: 'AverageValue', averageValue: 10 } } },
  ];
  const basics = { minReplicas: 1, maxReplicas: 20, metrics, behavior: QUICK };
  await bed.create(osvc(name, { scaling: { ...basics, ...scaling }, ...more }));
}

interface Replicated extends Obj {
  spec: { replicas: number };
}

/** All of one moment: read one by one, replicas that pass from one to another would count twice. */
const counts = async (...names: readonly string[]): Promise<number[]> => {
  const list = accept(await bed.api.call('GET', `/apis/apps/v1/namespaces/${bed.namespace}/deployments`));
  const found = new Map(
    (list.body['items'] as Replicated[]).map(({ metadata, spec }) => [metadata.name, spec.replicas]),
  );
  return names.map((name) => found.get(name) ?? Number.NaN);
};

/** Looks on for two seconds, and then until the total is `expected`; the highest that was seen. */
async function highestUntil(expected: number, names: readonly string[]): Promise<number> {
  const [since, deadline] = [Date.now() + 2_000, Date.now() + 120_000];
  let highest = 0;
  for (let total = NaN; Date.now() < since || total !== expected; ) {
    total = (await counts(...names)).reduce((sum, count) => sum + count, 0);
    highest = Math.max(highest, total);
    if (Date.now() > deadline) throw new Error(`a total of ${total} and not ${expected} after 120 s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return highest;
}

const reach = (names: readonly string[], expected: readonly number[]): Promise<number[]> =>
  eventually(
    `${names.join(', ')} at ${expected.join(', ')}`,
    40,
    () => counts(...names),
    (seen) => seen.join() === expected.join(),
  );

/** The metrics say so of a budget: limit, wanted and allotted replicas. */
async function shares(budget: string, expected: readonly number[]): Promise<void> {
  const labels = `{budget="${budget}",resource="replicas"}`;
  const look = () =>
    Promise.all(
      ['limit', 'wanted', 'allotted'].map((name) => ground.operator.metric(`baton_capacity_budget_${name}${labels}`)),
    );
  await eventually(`shares of ${budget}`, 20, look, (seen) => seen.join() === expected.join());
}

/** An Event about a change of replicas says this. */
async function tells(name: string, note: RegExp): Promise<void> {
  const look = async () => (await bed.events(name)).filter(({ reason }) => reason === 'Scaled');
  const seen = await eventually(`an Event about ${name}`, 20, look, (events) =>
    events.some((event) => note.test(event.note)),
  );
  expect(seen.map(({ note: said }) => said).join('\n')).toMatch(note);
}

const of = (...names: readonly string[]) => ({
  namespaces: [bed.namespace],
  selector: { matchExpressions: [{ key: 'app', operator: 'In', values: names }] },
});
const labelled = (name: string) => bed.patchService(name, { metadata: { labels: { app: name } } });

describe('a capacity budget', () => {
  it('is shared by priority, told in words and metrics, and raised without a restart', async () => {
    await setBudgets([{ name: 'small', ...of('high', 'low'), maxReplicas: 12 }]);
    await wanting('high', 9, {}, { priority: 'High' });
    await wanting('low', 9);
    await Promise.all(['high', 'low'].map(labelled));
    // 6 are missing: 2 of the one that counts twice, 4 of the other.
    await reach(['high', 'low'], [7, 5]);
    // On the way it may have been allotted less.
    const message = 'capacity budget small allots 5 replicas to this service';
    const said = await bed.until('low', message, (low) => conditionOf(low, 'ScalingLimited')?.message === message);
    expect(conditionOf(said, 'ScalingLimited')).toMatchObject({ status: 'True', reason: 'CapacityBudget' });
    await tells(
      'low',
      /budget small holds 12 replicas, and 18 replicas are wanted: 5 of the 9 replicas that are wanted, by priority \(Normal\)/,
    );
    await shares('small', [12, 18, 12]);
    await setBudgets([{ name: 'small', ...of('high', 'low'), maxReplicas: 40 }]);
    await reach(['high', 'low'], [9, 9]);
    await bed.condition('low', 'ScalingLimited', 'False', 'DesiredWithinRange');
  });

  it('is never exceeded while wishes change', async () => {
    const names = ['one', 'two', 'three'];
    await Promise.all(names.map((name) => wanting(name, 1)));
    await Promise.all(names.map(labelled));
    await setBudgets([{ name: 'shared', ...of(...names), maxReplicas: 10 }]);
    // It knows of the budget, and that it is for all three.
    await shares('shared', [10, 3, 3]);
    await reach(names, [1, 1, 1]);
    for (const wishes of [
      [8, 1, 1],
      [1, 8, 8],
      [9, 9, 9],
      [2, 2, 2],
    ]) {
      for (const [index, name] of names.entries()) ground.metrics.figures.set(name, (wishes[index] ?? 0) * 10);
      const wanted = wishes.reduce((sum, count) => sum + count, 0);
      expect(await highestUntil(Math.min(10, wanted), names)).toBeLessThanOrEqual(10);
    }
    await reach(names, [2, 2, 2]);
  });

  it('goes below minReplicas where not even these fit, by priority, and back', async () => {
    await wanting('main', 4, { minReplicas: 4 }, { priority: 'Critical' });
    await wanting('side', 3, { minReplicas: 3 }, { priority: 'Low' });
    await Promise.all(['main', 'side'].map(labelled));
    await setBudgets([{ name: 'tiny', ...of('main', 'side'), maxReplicas: 4 }]);
    await reach(['main', 'side'], [4, 0]);
    const none = 'capacity budget tiny allots 0 replicas to this service, because not even minReplicas of all fit';
    // The count may be written a moment before the sentence.
    const side = await bed.until(
      'side',
      none,
      ({ status }) => status?.conditions?.some(({ message }) => message === none) === true,
    );
    expect(conditionOf(side, 'ScalingLimited')).toMatchObject({
      status: 'True',
      reason: 'CapacityBudget',
      message: none,
    });
    await setBudgets([{ name: 'tiny', ...of('main', 'side'), maxReplicas: 9 }]);
    await reach(['main', 'side'], [4, 3]);
  });
});

describe('a strategy', () => {
  it('keeps as many pods on other nodes as are needed (Reliability)', async () => {
    const name = 'reliable';
    await wanting(name, 4, { strategy: 'Reliability' });
    const seen = await eventually(
      'a reserve',
      40,
      async () => ({ replicas: (await counts(name))[0] ?? 0, pods: await bed.pods(name) }),
      ({ replicas, pods }) => {
        const byNode = Map.groupBy(pods, ({ spec }) => spec.nodeName);
        const largest = Math.max(...byNode.values().map((some) => some.length));
        return pods.length === replicas && replicas > 4 && replicas - largest >= 4;
      },
    );
    expect(seen.replicas).toBeLessThanOrEqual(8);
  });

  it('scales by CPU where no metric is written', async () => {
    const pod = { containers: [{ name: 'main', image: 'example/none', resources: { requests: { cpu: '1' } } }] };
    ground.metrics.usage.set('plain', () => ({ milli: 800 }));
    await bed.create(workload('Deployment', 'plain', { replicas: 1, pod }));
    await bed.create(osvc('plain', { scaling: { minReplicas: 1, maxReplicas: 2, strategy: 'Scalability' } }));
    expect(await reach(['plain'], [2])).toEqual([2]);
    await tells('plain', /cpu at 80 % of the requests, target 60 %/);
  });
});

describe('the file that is shipped', () => {
  it('anneals in a thread of its own', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'baton-built-'));
    await promisify(execFile)(process.execPath, ['hack/build.ts', folder]);
    await ground.operator.end();
    const args = [...bed.flags, '--scaling-interval', '1s'];
    const kubeconfig = process.env['KUBECONFIG'] ?? '';
    const built = bed.own(await Operator.start(args, 'leading', kubeconfig, join(folder, 'operator.mjs')));
    await setBudgets([{ name: 'quanta', ...of('here', 'there'), maxReplicas: 12 }]);
    await wanting('here', 9, { strategy: 'QuantumInspired' });
    await wanting('there', 9);
    await Promise.all(['here', 'there'].map(labelled));
    await reach(['here', 'there'], [6, 6]);
    const annealed = () => built.metric('baton_capacity_allotment_duration_seconds_count{method="Annealed"}');
    await eventually('it has annealed', 20, annealed, (count = 0) => count > 0);
    expect(built.output).not.toContain('the annealing thread failed');
    // The sentence may come a moment after the count.
    await bed.condition('here', 'ScalingLimited', 'True', 'CapacityBudget');
    rmSync(folder, { recursive: true });
  });
});
