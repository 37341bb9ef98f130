import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubectl } from '../packaging/cluster.ts';
import { Bed, conditionOf } from './support/bed.ts';
import { osvc, workload } from './support/objects.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.make('op-workloads');
  await bed.start();
});
afterAll(() => bed.close());

describe('a service with nothing but targetRef', () => {
  it.each(['Deployment', 'StatefulSet', 'ReplicaSet'] as const)(
    'is Healthy on a %s whose pods are ready',
    async (kind) => {
      const name = kind.toLowerCase();
      const bare = { apiVersion: 'baton.dev/v1alpha1', kind: 'OrchestratedService', metadata: { name } };
      await bed.create(workload(kind, name));
      await bed.create({ ...bare, spec: { targetRef: { apiVersion: 'apps/v1', kind, name } } });
      const { status } = await bed.healthy(name);
      expect(status).toMatchObject({
        observedGeneration: 1,
        health: 'Healthy',
        score: 100,
        confidence: '100%',
        phase: 'Running',
        replicas: { current: 2, ready: 2, desired: 2 },
        selector: `app=${name}`,
        activeTarget: `${kind}/${name}`,
        everAvailable: true,
      });
      expect(conditionOf({ status: status ?? {} }, 'Ready')).toMatchObject({ status: 'True', reason: 'Healthy' });
      expect(conditionOf({ status: status ?? {} }, 'Healthy')).toMatchObject({ status: 'True', reason: 'Healthy' });
      expect(status?.conditions?.map(({ type }) => type)).toEqual(['Ready', 'Healthy', 'MetricsAvailable']);
    },
  );

  it('shows in kubectl get what a person needs, one line each', async () => {
    await bed.healthy('deployment');
    const table = await kubectl('get', 'osvc', 'deployment', '--namespace', bed.namespace);
    const [header, row, ...rest] = table.trim().split('\n');
    expect(header?.split(/\s+/)).toEqual([
      'NAME',
      'HEALTH',
      'SCORE',
      'READY',
      'CURRENT',
      'DESIRED',
      'PREDICTED',
      'ACTIVE',
      'PHASE',
      'REASON',
      'AGE',
    ]);
    expect(row?.split(/\s+/).slice(0, 9)).toEqual([
      'deployment',
      'Healthy',
      '100',
      '2',
      '2',
      '2',
      'Deployment/deployment',
      'Running',
      'Healthy',
    ]);
    expect(rest).toEqual([]);
    const wide = await kubectl('get', 'osvc', 'deployment', '--namespace', bed.namespace, '--output', 'wide');
    expect(wide).toMatch(/PRIORITY +CONFIDENCE +BUDGET +CIRCUIT +STRATEGY +RECOMMENDED +LIMITED +SUSPENDED +MESSAGE/);
    expect(wide).toMatch(/Normal +100% +all evidence is good/);
  });

  it('lets kubectl wait for Ready', async () => {
    const waited = await kubectl(
      'wait',
      '--for=condition=Ready',
      'osvc/deployment',
      '--namespace',
      bed.namespace,
      '--timeout=30s',
    );
    expect(waited).toContain('orchestratedservice.baton.dev/deployment condition met');
  });

  it('is readable in kubectl describe, with Events under it', async () => {
    await bed.create(osvc('lonely'));
    await bed.condition('lonely', 'Stalled', 'True', 'TargetNotFound');
    const said = await kubectl('describe', 'osvc', 'lonely', '--namespace', bed.namespace);
    expect(said).toMatch(/Message: +Deployment lonely does not exist; create it, or correct targetRef/);
    const healthy = await kubectl('describe', 'osvc', 'deployment', '--namespace', bed.namespace);
    expect(healthy).toMatch(/Evidence: +2 of 2 pods are ready/);
    expect(healthy.split('\n').length).toBeLessThan(120);
  });
});
