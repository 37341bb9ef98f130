import { describe, expect, it } from 'vitest';
import { activeScaling, rulesOf } from '../../../../src/domain/scaling/from-spec.ts';
import { directionsOf } from '../../../../src/domain/scaling/rules.ts';
import {
  objectiveRisk,
  type Place,
  STRATEGIES,
  type Strategy,
  strategyWish,
  withStrategy,
} from '../../../../src/domain/scaling/strategies.ts';
import { fc } from '../../../support/properties.ts';

const NAMES = Object.keys(STRATEGIES) as Strategy[];
const bare = (strategy: Strategy) => ({ minReplicas: 1, maxReplicas: 50, strategy });
const targetOf = (strategy: Strategy, risk?: number) =>
  withStrategy(bare(strategy), risk).metrics?.map(({ resource }) => resource?.target.averageUtilization);

describe('what a strategy fills in', () => {
  it.each(NAMES)('%s alone is enough to scale by', (strategy) => {
    const scaling = activeScaling(withStrategy(bare(strategy), undefined));
    expect(scaling?.metrics).toHaveLength(1);
    expect(targetOf(strategy)).toEqual([STRATEGIES[strategy].targetUtilization]);
    expect(scaling && rulesOf(scaling).up.policies.length).toBeGreaterThan(0);
  });

  it('is nothing without a strategy, or without maxReplicas', () => {
    const scaling = { minReplicas: 1, maxReplicas: 5 };
    expect(withStrategy(scaling, 1)).toBe(scaling);
    const health = { minReplicas: 1, strategy: 'Cost' } as const;
    expect(withStrategy(health, 1)).toBe(health);
  });

  it('is nothing where a person wrote something', () => {
    const metrics = [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 33 } } },
    ] as const;
    const behavior = {
      scaleUp: { selectPolicy: 'Min', policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
    } as const;
    const scaling = withStrategy({ ...bare('Performance'), metrics: [...metrics], behavior } as never, undefined);
    expect(scaling.metrics).toEqual(metrics);
    expect(scaling.behavior?.scaleUp).toEqual({ stabilizationWindowSeconds: 0, ...behavior.scaleUp });
    expect(scaling.behavior?.scaleDown).toEqual(STRATEGIES.Performance.behavior.scaleDown);
  });

  it('is the behavior of Kubernetes for QuantumInspired', () => {
    const scaling = activeScaling(withStrategy(bare('QuantumInspired'), undefined));
    expect(scaling && rulesOf(scaling)).toMatchObject(directionsOf(undefined));
  });

  it('lets Cost use what the error budget allows, and no other', () => {
    expect([undefined, 0, 0.5, 1].map((risk) => targetOf('Cost', risk)?.[0])).toEqual([80, 90, 80, 70]);
    expect(targetOf('Reliability', 0)).toEqual([70]);
  });
});

describe('the risk of an objective', () => {
  it('is what is spent of the budget, or how fast it burns, whichever is worse', () => {
    expect(objectiveRisk([])).toBeUndefined();
    expect(objectiveRisk([{ budgetRemaining: 1, burnRate: 0 }])).toBe(0);
    expect(objectiveRisk([{ budgetRemaining: 0.25, burnRate: 1 }])).toBe(0.75);
    expect(objectiveRisk([{ budgetRemaining: 0.9, burnRate: 7.2 }])).toBe(0.5);
    expect(objectiveRisk([{ budgetRemaining: -3, burnRate: 99 }])).toBe(1);
    expect(
      objectiveRisk([
        { budgetRemaining: 1, burnRate: 0 },
        { budgetRemaining: 0.5, burnRate: 0 },
      ]),
    ).toBe(0.5);
  });
});

/** `counts` pods in so many places. */
const places = (counts: readonly number[], kind: 'node' | 'zone'): Place[] =>
  counts.flatMap((count, index) =>
    Array.from({ length: count }, (_, pod) => ({
      node: kind === 'node' ? `node-${index}` : `node-${index}-${pod}`,
      zone: kind === 'zone' ? `zone-${index}` : undefined,
    })),
  );

describe('Reliability', () => {
  const wish = (needed: number, counts: readonly number[], kind: 'node' | 'zone' = 'node') =>
    strategyWish(bare('Reliability'), needed, places(counts, kind));

  it('asks for what is needed after losing the largest zone', () => {
    expect(wish(4, [2, 2, 2], 'zone')).toEqual({
      source: 'strategy',
      replicas: 6,
      because: '4 are needed after losing zone zone-0 with 2 of 6 pods, so 6 (Reliability)',
    });
    expect(wish(4, [4, 1, 1], 'zone')?.replicas).toBe(8);
  });

  it('goes by nodes where there is one zone or none is known', () => {
    expect(wish(6, [3, 3, 3])?.replicas).toBe(9);
    const oneZone = places([1, 1, 1], 'node').map(({ node }) => ({ node, zone: 'zone-a' }));
    expect(strategyWish(bare('Reliability'), 3, oneZone)?.replicas).toBe(4);
  });

  it('has a reserve for a single pod, and for pods that are nowhere yet', () => {
    expect(wish(1, [1])?.replicas).toBe(2);
    expect(wish(3, [])?.replicas).toBe(4);
    expect(wish(0, [])).toBeUndefined();
  });

  it('settles, spread evenly, at needed · D / (D − 1), and survives the loss', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 2, max: 12 }), (needed, domains) => {
        let replicas = needed;
        const spread = () =>
          Array.from({ length: domains }, (_, index) => Math.floor(replicas / domains) + +(index < replicas % domains));
        for (let round = 0; round < 20; round++)
          replicas = Math.max(needed, wish(needed, spread(), 'zone')?.replicas ?? 0);
        const settled = replicas;
        expect(settled - Math.max(...spread())).toBeGreaterThanOrEqual(needed);
        expect(settled).toBeLessThanOrEqual(Math.ceil((needed * domains) / (domains - 1)) + 1);
      }),
    );
  });

  it('does not feed itself where all pods are on one node', () => {
    let replicas = 3;
    for (let round = 0; round < 20; round++) replicas = wish(3, [replicas])?.replicas ?? 0;
    expect(replicas).toBe(6);
  });
});

describe('Performance', () => {
  const wish = (needed: number) => strategyWish(bare('Performance'), needed, [])?.replicas;

  it('gives small services more room than their utilisation tells, and large ones none', () => {
    expect([1, 2, 4, 7, 8, 100].map(wish)).toEqual([2, 3, 5, 8, undefined, undefined]);
  });

  it('goes by the utilisation that is written', () => {
    const metrics = [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
    ];
    const scaling = { ...bare('Performance'), metrics } as Parameters<typeof strategyWish>[0];
    expect(strategyWish(scaling, 4, [])?.replicas).toBe(7);
  });

  it('never asks for less than before when more is needed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), (needed) => {
        const asked = (count: number): number => Math.max(count, wish(count) ?? 0);
        expect(asked(needed + 1)).toBeGreaterThanOrEqual(asked(needed));
      }),
    );
  });
});

describe('the others', () => {
  it.each(['Cost', 'Scalability', 'QuantumInspired'] as const)('%s asks for no more than the metrics', (strategy) => {
    expect(strategyWish(bare(strategy), 5, places([5], 'node'))).toBeUndefined();
  });
});
