import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bed, conditionOf, signalOf } from './support/bed.ts';
import { osvc, workload } from './support/objects.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.make('op-depends');
  await bed.start();
});
afterAll(() => bed.close());

async function running(name: string, dependsOn: object[] = []): Promise<void> {
  await bed.create(workload('Deployment', name, { replicas: 1 }));
  await bed.create(osvc(name, { dependsOn }));
}

async function setAll(name: string, ready: boolean): Promise<void> {
  for (const pod of await bed.pods(name)) await bed.setReady(pod, ready);
}

describe('dependencies', () => {
  it('below their minimum lower what needs them, until they are mended', async () => {
    await running('db');
    await bed.healthy('db');
    await running('shop', [{ name: 'db' }]);
    await bed.healthy('shop');
    await setAll('db', false);
    const words = `${bed.namespace}/db is Failed, at least Warning is needed; mend the dependency first`;
    await bed.condition('shop', 'DependenciesReady', 'False', 'DependencyUnhealthy', words);
    // 70 of 80.
    const down = await bed.until(
      'shop',
      'Warning',
      ({ status }) => status?.health === 'Warning' && status.score === 87,
    );
    expect(signalOf(down, 'dependencies')).toMatchObject({ score: 0, value: `0 (${bed.namespace}/db Failed)` });
    await setAll('db', true);
    await bed.healthy('shop');
    await bed.condition('shop', 'DependenciesReady', 'True', 'DependenciesHealthy');
    await bed.told('shop', /^Dependenc/, ['Warning DependencyUnhealthy', 'Normal DependenciesHealthy']);
  });

  it('at a minimum that they hold lower nothing', async () => {
    await bed.create(workload('Deployment', 'half', { replicas: 2 }));
    await bed.create(osvc('half'));
    await running('lenient', [{ name: 'half', minimumHealth: 'Warning' }]);
    await running('strict', [{ name: 'half', minimumHealth: 'Healthy' }]);
    await Promise.all(['half', 'lenient', 'strict'].map((name) => bed.healthy(name)));
    const [first] = await bed.pods('half');
    if (first) await bed.setReady(first, false);
    // 75 of 100 points in the signal's place: 77.5 of 80 for the strict one.
    const strict = await bed.until(
      'strict',
      'a dependency below',
      (seen) => signalOf(seen, 'dependencies')?.score === 75,
    );
    expect(strict.status).toMatchObject({ health: 'Healthy', score: 96 });
    expect((await bed.service('lenient')).status).toMatchObject({ health: 'Healthy', score: 100 });
    expect(conditionOf(await bed.service('lenient'), 'DependenciesReady')).toMatchObject({ status: 'True' });
  });

  it('that do not exist are told and lower nothing; created later they count', async () => {
    await running('early', [{ name: 'late' }]);
    const words = `there is no OrchestratedService ${bed.namespace}/late; create it, or correct dependsOn`;
    await bed.condition('early', 'DependenciesReady', 'False', 'DependencyNotFound', words);
    expect((await bed.level('early', 'Healthy')).status?.confidence).toBe('87%');
    await running('late');
    await bed.condition('early', 'DependenciesReady', 'True');
    expect((await bed.healthy('early')).status?.confidence).toBe('100%');
    await bed.removeService('late');
    await bed.condition('early', 'DependenciesReady', 'False', 'DependencyNotFound');
  });

  it.each([
    ['two', ['b2', 'a2'], 'a2 → b2 → a2'],
    ['three', ['b3', 'c3', 'a3'], 'a3 → b3 → c3 → a3'],
  ])('in a circle of %s are told by each, followed by none, and cleared when it is opened', async (_, order, ring) => {
    const names = [...order].sort();
    for (const [index, name] of names.entries()) await running(name, [{ name: order[index] }]);
    const full = ring.replaceAll(/\w+/g, (name) => `${bed.namespace}/${name}`);
    const words = `the services depend on each other in a circle: ${full}; remove one of the dependencies the message names`;
    for (const name of names) {
      await bed.condition(name, 'DependenciesReady', 'False', 'DependencyCycle', words);
      await bed.healthy(name);
    }
    // What fails in the circle does not go round in it.
    await setAll(names[0] ?? '', false);
    await bed.level(names[0] ?? '', 'Failed');
    expect((await bed.service(names[1] ?? '')).status?.health).toBe('Healthy');
    await setAll(names[0] ?? '', true);
    await bed.patchService(names.at(-1) ?? '', { spec: { dependsOn: null } });
    for (const name of names.slice(0, -1)) await bed.condition(name, 'DependenciesReady', 'True');
    const last = await bed.until(
      names.at(-1) ?? '',
      'no condition',
      (seen) => conditionOf(seen, 'DependenciesReady') === undefined,
    );
    expect(last.status?.health).toBe('Healthy');
  });

  it('on itself, written with its namespace, are a circle of one', async () => {
    await running('narcissus', [{ name: 'narcissus', namespace: bed.namespace }]);
    await bed.condition(
      'narcissus',
      'DependenciesReady',
      'False',
      'DependencyCycle',
      `${bed.namespace}/narcissus → ${bed.namespace}/narcissus`,
    );
    await bed.healthy('narcissus');
  });

  it('form a chain through which a fall passes only as far as levels fall', async () => {
    await running('c');
    await running('b', [{ name: 'c' }]);
    await running('a', [{ name: 'b' }]);
    // Each by itself: a does not wait for the first pods of c.
    for (const name of ['a', 'b', 'c']) await bed.healthy(name);
    await setAll('c', false);
    // b falls to Warning, which is enough for a.
    await bed.level('b', 'Warning');
    expect((await bed.service('a')).status).toMatchObject({ health: 'Healthy', score: 100 });
  });
});
