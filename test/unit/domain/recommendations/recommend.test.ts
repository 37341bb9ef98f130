import { describe, expect, it } from 'vitest';
import { recommend } from '../../../../src/domain/recommendations/recommend.ts';
import { HOUR } from '../fixtures.ts';
import { DAY, demand, facts, MI, scaling, sized, told, use } from './fixtures.ts';

const requests = (cpu?: number, memory?: number) => ({
  template: sized({ ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory: memory * MI }) }),
});

it('a service that is right as it is gets no recommendation', () => {
  expect(recommend(facts({ use: use(), demand: demand(), scaling: scaling() }), undefined)).toEqual([]);
});

describe('a single replica', () => {
  it('of a Critical service is told, with who asks for it', () => {
    const alone = facts({ priority: 'Critical', desired: 1 });
    expect(told('Replicas', alone)).toEqual({
      type: 'Replicas',
      action: 'run 2 replicas of Deployment web at least',
      confidence: 0.9,
      because:
        'the priority is Critical and one replica is asked for: while its pod is replaced or its node fails, nothing serves',
    });
    expect(told('Replicas', facts({ ...alone, kind: 'StatefulSet' }))?.confidence).toBe(0.7);
    const scaled = facts({ priority: 'Critical', scaling: scaling({ minReplicas: 1 }) });
    expect(told('Replicas', scaled)?.action).toBe('raise scaling.minReplicas from 1 to 2');
  });

  it('is none where it is two, not Critical, or scaled to zero on purpose', () => {
    for (const fine of [
      facts({ priority: 'Critical', desired: 2 }),
      facts({ priority: 'High', desired: 1 }),
      facts({ priority: 'Critical', desired: 0 }),
      facts({ priority: 'Critical', desired: 1, scaling: scaling() }),
    ]) {
      expect(told('Replicas', fine)).toBeUndefined();
    }
  });
});

describe('a missing PodDisruptionBudget', () => {
  const bare = facts({ coverage: 'Bare' });

  it('is told of two pods or more', () => {
    expect(told('PodDisruptionBudget', bare)).toEqual({
      type: 'PodDisruptionBudget',
      action: 'create a PodDisruptionBudget with maxUnavailable: 1 for the pods app=web',
      confidence: 0.8,
      because: 'no PodDisruptionBudget selects the pods, so draining nodes may evict all of them at once',
    });
    expect(told('PodDisruptionBudget', facts({ ...bare, desired: 1 }))).toBeUndefined();
    expect(told('PodDisruptionBudget', facts({ ...bare, desired: 1, scaling: scaling() }))).toBeDefined();
    expect(told('PodDisruptionBudget', facts({ ...bare, priority: 'Maintenance' }))).toBeUndefined();
  });

  it('is not told where Baton may not read them, and stands while there is no pod to go by', () => {
    const before = recommend(bare, undefined);
    expect(told('PodDisruptionBudget', facts({ coverage: 'Untold' }), before)).toBeUndefined();
    expect(told('PodDisruptionBudget', facts({ coverage: 'Unseen' }))).toBeUndefined();
    expect(told('PodDisruptionBudget', facts({ coverage: 'Unseen' }), before)).toBe(before[0]);
  });
});

describe('the size of pods', () => {
  it('follows the use, with 15 % to spare, in steps that people write', () => {
    const small = facts({ ...requests(0.1, 128), use: use({ cpu: { p90: 0.2, p95: 0.3 } }) });
    expect(told('CPURequest', small)).toEqual({
      type: 'CPURequest',
      container: 'main',
      action: 'raise the CPU request of container main from 100m to 250m',
      confidence: 0.95,
      because:
        'container main uses at most 200m of CPU for 90 % of the time, and 15 % are to spare (observed for more than a week)',
    });
    expect(told('MemoryRequest', small)?.action).toBe('raise the memory request of container main from 128Mi to 512Mi');
    const large = facts({ ...requests(4, 4096), use: use() });
    expect(told('CPURequest', large)?.action).toBe('lower the CPU request of container main from 4 to 500m');
    expect(told('MemoryRequest', large)?.action).toBe('lower the memory request of container main from 4Gi to 512Mi');
    const unset = facts({ ...requests(), use: use() });
    expect(told('CPURequest', unset)?.action).toBe('set the CPU request of container main to 500m');
  });

  it('says nothing about trifles, nor where nothing is set that need not be', () => {
    const idle = use({ cpu: { p90: 0.001, p95: 0.001 }, memory: { p98: MI, highest: MI } });
    expect(recommend(facts({ ...requests(0.05, 64), use: idle }), undefined)).toEqual([]);
  });

  it('raises a limit that slows down or kills', () => {
    const tight = facts({
      template: sized({ cpu: 0.5, memory: 512 * MI }, { cpu: 0.5, memory: 450 * MI }),
      use: use(),
    });
    expect(told('MemoryLimit', tight)?.action).toBe('raise the memory limit of container main from 450Mi to 640Mi');
    expect(told('CPULimit', tight)?.action).toBe('raise the CPU limit of container main from 500m to 800m');
  });

  it('is left alone where utilization of it is what replicas follow', () => {
    const utilization = { type: 'Utilization', averageUtilization: 60 } as const;
    const byCpu = scaling({ metrics: [{ type: 'Resource', resource: { name: 'cpu', target: utilization } }] });
    const small = facts({ ...requests(0.1, 128), use: use(), scaling: byCpu });
    expect(told('CPURequest', small)).toBeUndefined();
    expect(told('MemoryRequest', small)).toBeDefined();
    expect(told('MemoryRequest', facts({ ...small, scaling: undefined, isScaledByOthers: true }))).toBeUndefined();
    const byContainer = (container: string) =>
      scaling({
        metrics: [{ type: 'ContainerResource', containerResource: { name: 'cpu', container, target: utilization } }],
      });
    expect(told('CPURequest', facts({ ...small, scaling: byContainer('main') }))).toBeUndefined();
    expect(told('CPURequest', facts({ ...small, scaling: byContainer('proxy') }))).toBeDefined();
  });

  it('is more certain the longer it was observed, in five steps', () => {
    const after = (observedMs: number) =>
      told('CPURequest', facts({ ...requests(0.1), use: use({ observedMs }) }))?.confidence;
    expect([HOUR - 1, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 90 * DAY].map(after)).toEqual([
      undefined,
      0.3,
      0.5,
      0.7,
      0.85,
      0.95,
      0.95,
    ]);
  });

  it('begins and ends at different figures, and keeps its words in between', () => {
    const at = (p90: number, previous?: Parameters<typeof recommend>[1]) =>
      recommend(facts({ ...requests(0.2, 512), use: use({ cpu: { p90, p95: p90 } }) }), previous);
    expect(at(0.2)).toEqual([]);
    const begun = at(0.21);
    expect(begun[0]?.action).toBe('raise the CPU request of container main from 200m to 250m');
    expect(at(0.195, begun)).toEqual(begun);
    expect(at(0.22, begun)[0]).toBe(begun[0]);
    expect(at(0.19, begun)).toEqual([]);
    expect(at(0.3, begun)[0]?.action).toBe('raise the CPU request of container main from 200m to 400m');
  });

  it('stands after a restart until as much is known again, unless somebody has followed it', () => {
    const before = recommend(facts({ ...requests(0.1, 512), use: use() }), undefined);
    expect(before).toHaveLength(1);
    const restarted = (observedMs: number | undefined, cpu: number) =>
      recommend(
        facts({
          ...requests(cpu, 512),
          use: observedMs === undefined ? undefined : use({ observedMs, cpu: { p90: 0.05, p95: 0.05 } }),
        }),
        before,
      );
    expect(restarted(undefined, 0.1)).toEqual(before);
    expect(restarted(2 * HOUR, 0.1)).toEqual(before);
    expect(restarted(DAY, 0.1)).toEqual([]);
    expect(restarted(undefined, 0.5)).toEqual([]);
    expect(recommend(facts({ template: undefined }), before)).toEqual(before);
  });
});

describe('pods of several containers', () => {
  const figures = (p90: number, memory: number) => ({
    observedMs: 8 * DAY,
    cpu: { p90, p95: p90 },
    memory: { p98: memory * MI, highest: memory * MI },
  });
  const containers = [
    { name: 'main', requests: { cpu: 0.1, memory: 512 * MI }, limits: {} },
    { name: 'proxy', requests: { cpu: 1, memory: 64 * MI }, limits: { memory: 100 * MI } },
  ];
  const used = {
    ...figures(0.4, 500),
    containers: new Map([
      ['main', figures(0.3, 400)],
      ['proxy', figures(0.1, 95)],
    ]),
  };

  it('are told container by container, though the sum of them would fit', () => {
    const told = recommend(facts({ template: { containers }, use: used }), undefined);
    expect(told.map(({ type, container, action }) => [type, container, action])).toEqual([
      ['MemoryLimit', 'proxy', 'raise the memory limit of container proxy from 100Mi to 128Mi'],
      ['MemoryRequest', 'proxy', 'raise the memory request of container proxy from 64Mi to 112Mi'],
      ['CPURequest', 'main', 'raise the CPU request of container main from 100m to 400m'],
      ['CPURequest', 'proxy', 'lower the CPU request of container proxy from 1 to 120m'],
    ]);
    expect(recommend(facts({ template: { containers }, use: used }), told)).toEqual(told);
  });

  it('are told as one where the pod as a whole has a request, and no container needs one then', () => {
    const podLevel = { requests: { cpu: 0.1 }, limits: {} };
    const bare = [
      { name: 'main', requests: {}, limits: {} },
      { name: 'proxy', requests: {}, limits: {} },
    ];
    const told = recommend(facts({ template: { podLevel, containers: bare }, use: used }), undefined);
    expect(told.map(({ type, container, action }) => [type, container, action])).toEqual([
      ['MemoryRequest', 'main', 'set the memory request of container main to 512Mi'],
      ['MemoryRequest', 'proxy', 'set the memory request of container proxy to 112Mi'],
      ['CPURequest', undefined, 'raise the CPU request of each pod from 100m to 500m'],
    ]);
  });

  it('lose what was told of a container that is gone', () => {
    const before = recommend(facts({ template: { containers }, use: used }), undefined);
    const [main] = containers;
    const after = recommend(facts({ template: { containers: main ? [main] : [] }, use: used }), before);
    expect(after.map(({ container }) => container)).toEqual(['main']);
  });
});

describe('the bounds of scaling', () => {
  const about = (of: Parameters<typeof demand>[0], more: Parameters<typeof facts>[0] = {}) =>
    facts({ scaling: scaling({ minReplicas: 4, maxReplicas: 10 }), demand: demand({ lowest: 4, ...of }), ...more });

  it('are too low at the top when the metrics often ask for more', () => {
    expect(told('MaxReplicas', about({ aboveMax: 0.3, highest: 13 }))).toEqual({
      type: 'MaxReplicas',
      action: 'raise scaling.maxReplicas from 10 to 15',
      confidence: 0.95,
      because: 'the metrics ask for more than maxReplicas 30 % of the time, up to 13 (decisions of more than a week)',
    });
    expect(told('MaxReplicas', about({ aboveMax: 0.2, highest: 13 }))).toBeUndefined();
  });

  it('are too high at the top when half of it was never needed', () => {
    expect(told('MaxReplicas', about({ highest: 4 }))?.action).toBe('lower scaling.maxReplicas from 10 to 8');
    expect(told('MaxReplicas', about({ highest: 5 }))).toBeUndefined();
    expect(told('MaxReplicas', about({ highest: 4, observedMs: 2 * DAY }))).toBeUndefined();
  });

  it('are too high at the bottom when the metrics nearly always ask for fewer', () => {
    expect(told('MinReplicas', about({ belowMin: 0.95, lowest: 1 }))?.action).toBe(
      'lower scaling.minReplicas from 4 to 1',
    );
    const important = about({ belowMin: 0.95, lowest: 1 }, { priority: 'Critical' });
    expect(told('MinReplicas', important)?.action).toBe('lower scaling.minReplicas from 4 to 2');
    expect(told('MinReplicas', about({ belowMin: 0.8, lowest: 1 }))).toBeUndefined();
  });

  it('are too low at the bottom when the metrics never ask for so few', () => {
    expect(told('MinReplicas', about({ belowMin: 0, lowest: 8, highest: 9 }))?.action).toBe(
      'raise scaling.minReplicas from 4 to 6',
    );
    expect(told('MinReplicas', about({ belowMin: 0, lowest: 7, highest: 9 }))).toBeUndefined();
  });

  it('stand after a restart while they are about what is set', () => {
    const before = recommend(about({ aboveMax: 0.3, highest: 13 }), undefined);
    expect(recommend(about({}, { demand: undefined }), before)).toEqual(before);
    expect(recommend(about({}, { demand: undefined, scaling: scaling({ maxReplicas: 15 }) }), before)).toEqual([]);
    expect(recommend(about({}, { demand: undefined, scaling: undefined }), before)).toEqual([]);
  });
});

describe('another strategy', () => {
  const spent = [{ name: 'availability', budgetRemaining: -0.1 }];
  const kept = [{ name: 'availability', budgetRemaining: 1 }];

  it('is one that keeps something to spare when the error budget is spent', () => {
    const cheap = facts({ scaling: scaling({ strategy: 'Cost' }), objectives: spent, demand: demand() });
    expect(told('Strategy', cheap)?.action).toBe('change scaling.strategy from Cost to Reliability');
    const before = recommend(cheap, undefined);
    const recovering = facts({ ...cheap, objectives: [{ name: 'availability', budgetRemaining: 0.1 }] });
    expect(recommend(recovering, before)).toEqual(before);
    expect(recommend(recovering, undefined)).toEqual([]);
    const none = facts({ scaling: scaling(), objectives: spent, demand: demand() });
    expect(told('Strategy', none)?.action).toBe('set scaling.strategy to Reliability');
    expect(told('Strategy', facts({ ...cheap, scaling: scaling({ strategy: 'Reliability' }) }))).toBeUndefined();
  });

  it('is one of larger steps when the pace holds it back', () => {
    const slow = facts({ scaling: scaling(), demand: demand({ paced: 0.12 }) });
    expect(told('Strategy', slow)?.action).toBe('set scaling.strategy to Scalability');
    expect(told('Strategy', facts({ ...slow, demand: demand({ paced: 0.08 }) }))).toBeUndefined();
    expect(told('Strategy', facts({ ...slow, scaling: scaling({ strategy: 'Cost' }) }))).toBeUndefined();
  });

  it('is a cheaper one when the objective is kept with twice of what is needed', () => {
    const costly = scaling({ strategy: 'Performance', costPerReplicaHour: '0.12' });
    const wasteful = facts({ scaling: costly, objectives: kept, demand: demand({ needed: 0.4 }) });
    expect(told('Strategy', wasteful)?.action).toBe('change scaling.strategy from Performance to Cost');
    expect(told('Strategy', facts({ ...wasteful, objectives: [] }))).toBeUndefined();
    expect(told('Strategy', facts({ ...wasteful, demand: demand({ needed: 0.7 }) }))).toBeUndefined();
    const before = recommend(wasteful, undefined);
    expect(recommend(facts({ ...wasteful, demand: undefined }), before)).toEqual(before);
    expect(recommend(facts({ ...wasteful, demand: demand({ needed: 1, observedMs: DAY }) }), before)).toEqual(before);
  });
});
