import { describe, expect, it } from 'vitest';
import type { ResourceMetric } from '../../../../src/domain/scaling/metrics.ts';
import { cpu, decide, NO_DATA, NOW, pod, pods, rules, total, usage, value } from './fixtures.ts';

/** What is expected here follows from the documented algorithm: ceil(ratio × pods), with doubtful pods taken against the direction. */
describe('utilization of requests', () => {
  it.each([
    ['up by the ratio', 50, [1, 1, 1], 6],
    ['rounds up', 60, [0.7, 0.7, 0.7], 4],
    ['down by the ratio', 100, [0.3, 0.3, 0.3, 0.3], 2],
    ['stays within 10 %', 100, [1.1, 1.1], 2],
    ['moves just outside it', 100, [1.11, 1.11], 3],
    ['takes whole percents, rounded down', 100, [1.109, 1.109], 2],
    ['goes down just outside the tolerance', 100, [0.89, 0.89, 0.89, 0.89, 0.89, 0.89, 0.89, 0.89, 0.89, 0.89], 9],
  ])('%s', (_, target, cores, expected) => {
    const decision = decide([cpu(target, usage(cores))], { pods: pods(cores.length) });
    expect(decision.desired).toBe(expected);
  });

  it('takes a pod without a figure as at its request when that asks for fewer', () => {
    const decision = decide([cpu(100, usage([0.2, 0.2, undefined]))], { pods: pods(3) });
    // (200 + 200 + 1000) / 3000 = 46 %: two pods; without it one would be enough.
    expect(decision.desired).toBe(2);
  });

  it('takes a pod without a figure as at the target where that is above 100 %', () => {
    const decision = decide([cpu(200, usage([0.2, 0.2, undefined]))], { pods: pods(3) });
    // (200 + 200 + 2000) / 3000 = 80 % of 200 %.
    expect(decision.desired).toBe(2);
  });

  it('takes a pod without a figure as idle when that asks for more', () => {
    const decision = decide([cpu(50, usage([1, 1, undefined]))], { pods: pods(3) });
    // 2000 / 3000 = 66 % against 50 %: 1.32 × 3.
    expect(decision.desired).toBe(4);
  });

  it('stays when pods without a figure turn the direction', () => {
    expect(decide([cpu(60, usage([0.7, undefined, undefined]))], { pods: pods(3) }).desired).toBe(3);
    expect(decide([cpu(60, usage([0.5, undefined]))], { pods: pods(2) }).desired).toBe(2);
  });

  it('counts pods that are not ready as idle when going up', () => {
    const starting = pod('p2', { ready: false, startedAt: NOW - 60_000, readyChangedAt: NOW - 60_000 });
    const decision = decide([cpu(50, usage([1, 1, 1]))], { pods: [...pods(2), starting] });
    expect(decision.desired).toBe(4);
  });

  it('leaves pods that are not ready out when going down', () => {
    const starting = pod('p2', { ready: false, startedAt: NOW - 60_000, readyChangedAt: NOW - 60_000 });
    expect(decide([cpu(100, usage([0.3, 0.3, 1]))], { pods: [...pods(2), starting] }).desired).toBe(1);
  });

  it('does not take the start of a pod for load', () => {
    const young = pod('p1', { startedAt: NOW - 60_000, readyChangedAt: NOW - 20_000 });
    // Its window of 30 s began before it was ready.
    expect(decide([cpu(50, usage([0.5, 3]))], { pods: [pod('p0'), young] }).desired).toBe(2);
    const settled = pod('p1', { startedAt: NOW - 60_000, readyChangedAt: NOW - 40_000 });
    expect(decide([cpu(50, usage([0.5, 3]))], { pods: [pod('p0'), settled] }).desired).toBe(7);
  });

  it('lets an older pod count that lost its readiness, and not one that never had it', () => {
    const lost = pod('p1', { ready: false });
    expect(decide([cpu(50, usage([0.5, 1.5]))], { pods: [pod('p0'), lost] }).desired).toBe(4);
    const never = pod('p1', { ready: false, readyChangedAt: NOW - 3_600_000 + 10_000 });
    expect(decide([cpu(50, usage([0.5, 1.5]))], { pods: [pod('p0'), never] }).desired).toBe(2);
  });

  it('ignores pods that are going or failed, and counts pending ones as idle', () => {
    const others = [pod('p2', { terminating: true }), pod('p3', { phase: 'Failed' })];
    expect(decide([cpu(50, usage([1, 1, 9, 9]))], { pods: [...pods(2), ...others], current: 2 }).desired).toBe(4);
    const pending = pod('p2', { phase: 'Pending', ready: false, startedAt: undefined, readyChangedAt: undefined });
    expect(decide([cpu(50, usage([1, 1]))], { pods: [...pods(2), pending] }).desired).toBe(4);
  });

  it('says which pod has no request', () => {
    const bare = pod('p1', { template: { requests: {} } });
    const decision = decide([cpu(50, usage([1, 1]))], { pods: [pod('p0'), bare] });
    expect(decision.desired).toBe(2);
    expect(decision.active).toMatchObject({ status: 'False', reason: 'RequestMissing' });
    expect(decision.because).toContain('pod p1');
  });

  it('takes figures older than 90 s as missing, by the clock of who read them where it tells', () => {
    const old = decide([cpu(50, usage([1, 1], { at: NOW - 91_000 }))], { pods: pods(2) });
    expect(old.active).toMatchObject({ status: 'False', reason: 'NoPodMetrics' });
    const skewed = decide([cpu(50, usage([1, 1], { at: NOW - 600_000, measured: 995_000 }))], { pods: pods(2) });
    expect(skewed.desired).toBe(4);
  });

  it('stays exact with much memory', () => {
    const memory = usage(Array.from({ length: 200 }, () => 64));
    const big = pods(200, { template: { requests: { memory: 64e9 } } });
    const metric = { type: 'Resource', resource: 'memory', target: { utilization: 100 }, usage: memory } as const;
    const decision = decide([metric], { pods: big, rules: rules({ maxReplicas: 1_000 }) });
    expect(decision.desired).toBe(200);
    expect(decision.because).toContain('100 %');
  });
});

describe('one container of the pods', () => {
  const containers = [
    { name: 'main', requests: { cpu: 1 }, limits: {} },
    { name: 'proxy', requests: { memory: 1e9 }, limits: {} },
  ];
  const template = { requests: { cpu: 4 }, containers };
  /** Cores of main and of proxy by pod; undefined for a container without a figure. */
  const used = (...each: readonly (readonly [number | undefined, number])[]): ResourceMetric['usage'] => {
    const named = each.map(([main, proxy]) => [
      ...(main === undefined ? [] : [{ name: 'main', cpu: main, memory: 1e9 }]),
      { name: 'proxy', cpu: proxy, memory: 1e9 },
    ]);
    const figure = { cpu: 9, memory: 9e9, at: NOW - 1_000, windowMs: 30_000 };
    return { kind: 'known', pods: new Map(named.map((of, index) => [`p${index}`, { ...figure, containers: of }])) };
  };
  const of = (container: string, target: ResourceMetric['target'], usage: ResourceMetric['usage']) =>
    decide([{ type: 'Resource', resource: 'cpu', container, target, usage }], { pods: pods(3, { template }) });

  it('is compared with its own requests, whatever the others use', () => {
    const decision = of('main', { utilization: 50 }, used([1, 3], [1, 0], [1, 9]));
    expect(decision).toMatchObject({ desired: 6, active: { message: 'the replicas follow cpu of container main' } });
    expect(decision.because).toContain('cpu of container main at 100 % of the requests, target 50 %, 3 pods');
  });

  it('may be compared with a quantity, where it requests nothing', () => {
    expect(of('proxy', { average: 0.5 }, used([9, 1], [9, 1], [9, 1])).desired).toBe(6);
  });

  it('without a figure makes its pod one without a figure', () => {
    expect(of('main', { utilization: 50 }, used([0.1, 1], [0.1, 1], [undefined, 1])).desired).toBe(3);
  });

  it.each([
    ['proxy', 'pod p0 has the container proxy without a cpu request'],
    ['other', 'pod p0 has no container other'],
  ])('%s is told where there is nothing to take a percentage of', (name, evidence) => {
    const both = used([1, 1], [1, 1], [1, 1]);
    const withOther = both.kind === 'known' ? new Map(both.pods) : new Map();
    for (const [pod, figure] of withOther) {
      withOther.set(pod, { ...figure, containers: [{ name, cpu: 1, memory: 1 }] });
    }
    const decision = of(name, { utilization: 50 }, { kind: 'known', pods: withOther });
    expect(decision).toMatchObject({ desired: 3, active: { status: 'False', reason: 'RequestMissing' } });
    expect(decision.because).toContain(evidence);
  });
});

describe('mean of a resource', () => {
  it('compares the mean with the target', () => {
    const metric = { type: 'Resource', resource: 'cpu', target: { average: 0.5 }, usage: usage([0.6, 1]) } as const;
    expect(decide([metric], { pods: pods(2) }).desired).toBe(4);
  });

  it('takes a pod without a figure as exactly at the target when going down', () => {
    const metric = {
      type: 'Resource',
      resource: 'cpu',
      target: { average: 1 },
      usage: usage([0.2, 0.2, undefined]),
    } as const;
    // (200 + 200 + 1000) / 3 = 466: 0.466 × 3.
    expect(decide([metric], { pods: pods(3) }).desired).toBe(2);
  });
});

describe('one figure for the service', () => {
  it('shares a total among the pods', () => {
    expect(decide([total({ average: 100 }, value(450))], { pods: pods(2) }).desired).toBe(5);
    expect(decide([total({ average: 100 }, value(219))], { pods: pods(2) }).desired).toBe(2);
    expect(decide([total({ average: 0.1 }, value(1.1))], { pods: pods(2) }).desired).toBe(11);
  });

  it('grows and shrinks the ready pods by the ratio to a value', () => {
    const half = [pod('p0'), pod('p1', { ready: false })];
    expect(decide([total({ value: 10 }, value(30))], { pods: half }).desired).toBe(3);
    expect(decide([total({ value: 10 }, value(10.5))], { pods: half }).desired).toBe(2);
  });

  it('takes nothing away while the value is above its target, however few pods are ready', () => {
    const unready = (ready: number) => [...pods(ready), ...pods(10 - ready, { ready: false })];
    const zero = rules({ minReplicas: 0 });
    for (const ready of [0, 2]) {
      const late = decide([total({ value: 10 }, value(30))], { pods: unready(ready), rules: zero });
      expect(late).toMatchObject({ desired: 10, active: { status: 'True' } });
    }
    expect(decide([total({ value: 10 }, value(30))], { pods: unready(5) }).desired).toBe(15);
    const woken = [pod('p0', { ready: false })];
    expect(decide([total({ value: 10 }, value(30))], { pods: woken, rules: zero }).desired).toBe(1);
  });

  it('keeps the count where the value is below its target and no pod is ready', () => {
    const unready = pods(4, { ready: false });
    expect(decide([total({ value: 10 }, value(4))], { pods: unready, rules: rules({ minReplicas: 0 }) }).desired).toBe(
      4,
    );
  });

  it('goes to zero and back only where minReplicas is 0', () => {
    const zero = rules({ minReplicas: 0 });
    expect(decide([total({ average: 5 }, value(0))], { pods: pods(1), rules: zero }).desired).toBe(0);
    const asleep = decide([total({ average: 5 }, value(0))], { pods: [], rules: zero });
    expect(asleep).toMatchObject({ desired: 0, active: { status: 'True', reason: 'ScaledToZero' } });
    expect(decide([total({ average: 5 }, value(1))], { pods: [], rules: zero }).desired).toBe(1);
    expect(decide([total({ value: 5 }, value(11))], { pods: [], rules: zero }).desired).toBe(3);
    const byHand = decide([total({ average: 5 }, value(50))], { pods: [] });
    expect(byHand).toMatchObject({ desired: 0, active: { status: 'False', reason: 'ScalingDisabled' } });
    expect(decide([total({ average: 5 }, value(50))], { pods: [], isZeroOurs: true }).desired).toBe(1);
  });

  it('takes what is negative for nothing and what is no number for a failure', () => {
    expect(decide([total({ average: 5 }, value(-3))], { pods: pods(4) }).desired).toBe(1);
    expect(decide([total({ average: 5 }, value(Number.NaN))], { pods: pods(4) }).active.reason).toBe('InvalidValue');
    expect(decide([total({ average: 5 }, value(9, NOW - 91_000))], { pods: pods(4) }).active.reason).toBe('StaleData');
  });
});

describe('several metrics', () => {
  it('lets the highest win', () => {
    const decision = decide([cpu(50, usage([1, 1])), total({ average: 10 }, value(70))], { pods: pods(2) });
    expect(decision).toMatchObject({ desired: 7, reactive: 7 });
    expect(decision.because).toContain('queue');
  });

  it('may go up but not down while one fails', () => {
    const up = decide([cpu(50, usage([1, 1])), total({ average: 10 }, NO_DATA)], { pods: pods(2) });
    expect(up).toMatchObject({ desired: 4, active: { status: 'True', reason: 'ValidMetricFound' } });
    const down = decide([cpu(50, usage([0.1, 0.1, 0.1])), total({ average: 10 }, NO_DATA)], { pods: pods(3) });
    expect(down).toMatchObject({ desired: 3, active: { status: 'False', reason: 'NoData' } });
  });

  it('lets a wish beside the metrics win, and a ceiling over both', () => {
    const wish = { source: 'forecast', replicas: 8, because: 'the forecast for 12:05 is 8 pods' };
    const metrics = [cpu(50, usage([1, 1]))];
    expect(decide(metrics, { pods: pods(2), proposals: [wish] })).toMatchObject({
      desired: 8,
      reactive: 4,
      because: expect.stringContaining('forecast'),
    });
    const ceiling = { replicas: 3, because: 'the budget of shop allots 3' };
    expect(decide(metrics, { pods: pods(2), proposals: [wish], ceiling })).toMatchObject({
      desired: 3,
      rule: 'CapacityBudget',
    });
  });
});
