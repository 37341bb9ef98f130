import { beforeEach, describe, expect, it } from 'vitest';
import type { OrchestratedServiceSpec } from '../../../src/api/kinds.ts';
import { projectBudget } from '../../../src/controllers/project/budget.ts';
import type { LabelSelector } from '../../../src/controllers/project/selector.ts';
import type { ScalingFindings } from '../../../src/domain/scaling/findings.ts';
import type { PodTemplateFacts } from '../../../src/domain/snapshot.ts';
import { MINUTE, NOW, UNBOUNDED } from '../domain/fixtures.ts';
import { Bed } from './bed.ts';

const MI = 2 ** 20;
let bed: Bed;
beforeEach(() => {
  bed = new Bed();
});

const types = (name: string) => bed.status(name)?.recommendations?.map(({ type }) => type) ?? [];

function budget(name: string, selector: LabelSelector | undefined, namespace = 'shop'): void {
  const metadata = { name, namespace, uid: `uid-${name}`, resourceVersion: bed.version() };
  bed.stores.budgets.upsert(projectBudget({ metadata, spec: { ...(selector && { selector }) } }));
}

/** Two pods of Deployment web. */
async function web(spec: Partial<OrchestratedServiceSpec> = {}, template?: PodTemplateFacts): Promise<void> {
  const set = bed.replicaSet('web-1', bed.deployment('web', { desired: 2 }));
  for (const name of ['web-a', 'web-b']) bed.pod(name, set, 'web', template && { template });
  bed.service('web', spec);
  await bed.reconcile('web');
}

describe('a PodDisruptionBudget', () => {
  it('is missed until one selects the pods, and again when that is gone', async () => {
    await web();
    expect(types('web')).toEqual(['PodDisruptionBudget']);
    bed.woken.length = 0;
    budget('web', { matchLabels: { app: 'web' } });
    expect(bed.woken).toEqual(['shop/web']);
    await bed.reconcile('web');
    expect(types('web')).toEqual([]);
    bed.stores.budgets.delete('shop/web', bed.version());
    await bed.reconcile('web');
    expect(types('web')).toEqual(['PodDisruptionBudget']);
  });

  it.each<[string, LabelSelector | undefined, string, boolean]>([
    ['of every pod of the namespace', {}, 'shop', true],
    ['by an expression', { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'x'] }] }, 'shop', true],
    ['of others', { matchLabels: { app: 'cart' } }, 'shop', false],
    ['that asks for more', { matchLabels: { app: 'web', tier: 'front' } }, 'shop', false],
    ['of another namespace', { matchLabels: { app: 'web' } }, 'other', false],
    ['without a selector', undefined, 'shop', false],
  ])('%s', async (_what, selector, namespace, isCovered) => {
    budget('some', selector, namespace);
    await web();
    expect(types('web')).toEqual(isCovered ? [] : ['PodDisruptionBudget']);
  });

  it('whose status follows the pods wakes nobody', async () => {
    await web();
    budget('web', { matchLabels: { app: 'web' } });
    bed.woken.length = 0;
    budget('web', { matchLabels: { app: 'web' } });
    expect(bed.woken).toEqual([]);
  });

  it('is not missed where it may not be read: no recommendation, and no fault', async () => {
    bed.problem('budgets', 'Forbidden');
    await web();
    expect(types('web')).toEqual([]);
    expect(bed.status('web')?.health).toBe('Healthy');
  });
});

it('one replica of a Critical service is told, and no more when there are two', async () => {
  bed.running('web', { priority: 'Critical' });
  await bed.reconcile('web');
  expect(types('web')).toEqual(['Replicas']);
  bed.deployment('web', { desired: 2 });
  await bed.reconcile('web');
  expect(types('web')).not.toContain('Replicas');
});

describe('the use that metrics.k8s.io tells', () => {
  const template: PodTemplateFacts = {
    ...UNBOUNDED,
    containers: [{ name: 'main', requests: { cpu: 2, memory: 200 * MI }, limits: {} }],
  };
  const observe = (minutes: number, cpu: number): boolean => {
    let isNews = false;
    for (let minute = 0; minute < minutes; minute++) {
      bed.monotonic += MINUTE;
      const main = { name: 'main', cpu, memory: 180 * MI };
      const use = { ...main, containers: [main], at: NOW, measured: bed.monotonic };
      bed.usage = { kind: 'known', pods: new Map([['web-a', use]]) };
      isNews = bed.advisor.sample('shop/web');
    }
    return isNews;
  };

  beforeEach(async () => {
    budget('all', {});
    await web({}, template);
  });

  it('becomes a recommendation after an hour, and is written again only when it is more certain', async () => {
    expect(observe(59, 0.3)).toBe(false);
    await bed.reconcile('web');
    expect(types('web')).toEqual([]);
    expect(observe(2, 0.3)).toBe(true);
    await bed.reconcile('web');
    expect(bed.status('web')?.recommendations).toEqual([
      {
        type: 'CPURequest',
        container: 'main',
        action: 'lower the CPU request of container main from 2 to 400m',
        confidence: 0.3,
        because: expect.stringMatching(/^container main uses at most 3\d\dm of CPU for 90 % of the time/),
      },
    ]);
    const written = bed.writes.length;
    for (let round = 0; round < 30; round++) {
      observe(10, round % 2 === 0 ? 0.29 : 0.31);
      await bed.reconcile('web');
    }
    expect(bed.status('web')?.recommendations).toMatchObject([{ confidence: 0.5 }]);
    expect(bed.writes).toHaveLength(written + 1);
  });

  it('is forgotten by a replica that does not lead any more, and what it led to stands in the status', async () => {
    observe(70, 0.3);
    await bed.reconcile('web');
    const told = bed.status('web')?.recommendations;
    expect(told).toHaveLength(1);
    bed.echo('web');
    bed.reconciler.reset();
    expect([...bed.advisor.keys]).toEqual([]);
    const written = bed.writes.length;
    await bed.reconcile('web');
    expect(bed.status('web')?.recommendations).toEqual(told);
    expect(bed.writes).toHaveLength(written);
  });

  it('goes with the workload that it is about', async () => {
    observe(70, 0.3);
    await bed.reconcile('web');
    expect(types('web')).toEqual(['CPURequest']);
    bed.delete('deployments', 'web');
    await bed.reconcile('web');
    expect(types('web')).toEqual([]);
  });
});

describe('decisions about the replicas', () => {
  const findings = (reactive: number): ScalingFindings => ({
    recommended: 4,
    reactive,
    active: { status: 'True', reason: 'ValidMetricFound', message: '' },
    limited: { status: 'True', reason: 'TooManyReplicas', message: '' },
    told: [],
    evidence: { confidence: 1, inputs: {} },
  });
  const scale = async (minutes: number, wanted: number): Promise<void> => {
    bed.scaled = findings(wanted);
    for (let minute = 0; minute < minutes; minute++) {
      bed.monotonic += MINUTE;
      await bed.reconcile('web');
    }
  };
  const scaling = { minReplicas: 2, maxReplicas: 4, strategy: 'Cost' as const, costPerReplicaHour: 3 };

  it('are counted, also where only a strategy is written, until another spec is', async () => {
    budget('all', {});
    await web({ scaling });
    await scale(61, 6);
    expect(bed.status('web')?.recommendations).toMatchObject([
      { type: 'MaxReplicas', action: 'raise scaling.maxReplicas from 4 to 6', confidence: 0.3 },
    ]);
    expect(bed.reconciler.figures.get('shop/web')?.scores).toMatchObject({ costPerHour: 6, costEfficiency: 1 });
    bed.service('web', { scaling: { ...scaling, maxReplicas: 6 } }, bed.status('web'));
    await scale(1, 6);
    expect(types('web')).toEqual([]);
    expect(bed.reconciler.figures.get('shop/web')?.scores).not.toHaveProperty('costEfficiency');
  });
});
