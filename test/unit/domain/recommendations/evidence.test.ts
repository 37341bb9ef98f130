import { describe, expect, it } from 'vitest';
import { DemandHistory, type DemandSample } from '../../../../src/domain/recommendations/demand.ts';
import { PodUseHistory } from '../../../../src/domain/recommendations/use.ts';
import type { PodUsage } from '../../../../src/domain/snapshot.ts';
import { BOUNDED, HOUR, MINUTE, NOW, pod, pods } from '../fixtures.ts';
import { DAY, MI } from './fixtures.ts';

const usage = (measured: number, ...each: readonly (readonly [number, number])[]): Map<string, PodUsage> =>
  new Map(
    each.map(([cpu, memory], index) => {
      const containers = [{ name: 'main', cpu, memory }];
      return [`web-${'abc'[index]}`, { cpu, memory, containers, at: NOW, measured }];
    }),
  );

const container = (name: string, limits = {}) => ({ name, requests: {}, limits });
const ONE = { ...BOUNDED, containers: [container('main')] };

describe('the use of pods', () => {
  it('is told as percentiles of all pods, and memory as the peaks of the fullest', () => {
    const history = new PodUseHistory();
    expect(history.figures()).toBeUndefined();
    for (let minute = 0; minute < 12 * 60; minute++) {
      const at = minute * MINUTE;
      const peak = minute % 60 === 7 ? 300 * MI : 100 * MI;
      history.observe(
        pods(2, 0, { template: ONE }),
        usage(at, [0.1, 90 * MI], [minute % 10 === 0 ? 0.8 : 0.2, peak]),
        at,
      );
    }
    const figures = history.figures();
    expect(figures?.observedMs).toBe(719 * MINUTE);
    // One sample of twenty is 0.8, half of the others are 0.2.
    expect(figures?.cpu.p90).toBeCloseTo(0.2, 1);
    expect(figures?.cpu.p95).toBeLessThan(0.9);
    expect(figures?.memory.p98).toBeGreaterThanOrEqual(300 * MI);
    expect(figures?.memory.highest).toBeLessThan(320 * MI);
  });

  it('takes a figure once, however often it is looked at, and no time that nobody observed', () => {
    const history = new PodUseHistory();
    history.observe(pods(1, 0, { template: ONE }), usage(1, [0.1, MI]), 10);
    const first = history.figures();
    for (let look = 11; look < 100; look++) history.observe(pods(1, 0, { template: ONE }), usage(1, [0.1, MI]), look);
    expect(history.figures()).toEqual(first);
    history.observe(pods(1, 0, { template: ONE }), usage(5 * DAY, [0.1, MI]), 5 * DAY);
    expect(history.figures()?.observedMs).toBe(10 * MINUTE);
  });

  it('leaves out pods that are ending, that do not run, and that have no figure', () => {
    const history = new PodUseHistory();
    const others = [pod('web-a', { terminating: true }), pod('web-b', { phase: 'Pending' }), pod('web-c')];
    history.observe(others, usage(1, [5, MI], [5, MI]), 1);
    expect(history.figures()).toBeUndefined();
  });

  it('takes a pod that was killed for its memory as one that needed a fifth more than its limit, once', () => {
    const history = new PodUseHistory();
    const limits = { ...BOUNDED, containers: [container('main', { memory: 100 * MI })] };
    const killed = pods(1, 0, { oomKilledAt: NOW, oomKilledContainer: 'main', template: limits });
    for (let hour = 0; hour < 3; hour++) {
      history.observe(killed, usage(hour * HOUR, [0.1, 60 * MI]), hour * HOUR);
    }
    expect(history.figures()?.memory.highest).toBeGreaterThanOrEqual(120 * MI);
    expect(history.figures()?.memory.highest).toBeLessThan(127 * MI);
  });

  describe('of several containers', () => {
    const template = { ...BOUNDED, containers: [container('main'), container('proxy', { memory: 100 * MI })] };
    const both = (measured: number, ...cores: readonly number[]): Map<string, PodUsage> => {
      const containers = cores.map((cpu, index) => ({ name: ['main', 'proxy'][index] ?? '', cpu, memory: 10 * MI }));
      const cpu = cores.reduce((sum, each) => sum + each, 0);
      return new Map([['web-a', { cpu, memory: 10 * MI * cores.length, containers, at: NOW, measured }]]);
    };

    it('is told of each, and of the pod as a whole', () => {
      const history = new PodUseHistory();
      for (let at = 1; at < 100; at++) history.observe(pods(1, 0, { template }), both(at, 0.2, 0.8), at);
      const figures = history.figures();
      expect(figures?.cpu.p90).toBeCloseTo(1, 1);
      expect(figures?.containers.get('main')?.cpu.p90).toBeCloseTo(0.2, 1);
      expect(figures?.containers.get('proxy')?.cpu.p90).toBeCloseTo(0.8, 1);
    });

    it('knows which of them was killed', () => {
      const history = new PodUseHistory();
      const killed = pods(1, 0, { oomKilledAt: NOW, oomKilledContainer: 'proxy', template });
      for (let hour = 0; hour < 3; hour++) history.observe(killed, both(hour * HOUR, 0.1, 0.1), hour * HOUR);
      expect(history.figures()?.containers.get('proxy')?.memory.highest).toBeGreaterThanOrEqual(120 * MI);
      expect(history.figures()?.containers.get('main')?.memory.highest).toBeLessThan(12 * MI);
    });

    it('keeps nothing of those that are gone, and of eight at most', () => {
      const history = new PodUseHistory();
      const names = Array.from({ length: 12 }, (_, index) => `c${index}`);
      const many = { ...BOUNDED, containers: names.map((name) => container(name)) };
      const containers = names.map((name) => ({ name, cpu: 0.1, memory: MI }));
      const figure = { cpu: 1.2, memory: 12 * MI, containers, at: NOW };
      const observe = (of: typeof many, measured: number) =>
        history.observe(pods(1, 0, { template: of }), new Map([['web-a', { ...figure, measured }]]), measured);
      observe(many, 1);
      expect(history.figures()?.containers.size).toBe(8);
      observe({ ...many, containers: [container('c3')] }, 2);
      expect([...(history.figures()?.containers.keys() ?? [])]).toEqual(['c3']);
      // Without a pod nothing is known to have gone.
      history.observe([], new Map(), 3);
      expect(history.figures()?.containers.size).toBe(1);
    });
  });
});

const decision = (overrides: Partial<DemandSample> = {}): DemandSample => ({
  wanted: 4,
  paid: 4,
  minReplicas: 2,
  maxReplicas: 10,
  isPaced: false,
  ...overrides,
});

describe('the decisions about replicas', () => {
  it('count by the time for which they held', () => {
    const history = new DemandHistory();
    expect(history.figures()).toBeUndefined();
    history.observe(decision({ wanted: 1, paid: 2 }), 0);
    history.observe(decision({ wanted: 1, paid: 2 }), MINUTE);
    history.observe(decision({ wanted: 14, paid: 10, isPaced: true }), 2 * MINUTE);
    history.observe(decision(), 3 * MINUTE);
    history.observe(decision(), 4 * MINUTE);
    expect(history.figures()).toEqual({
      observedMs: 4 * MINUTE,
      belowMin: 0.5,
      aboveMax: 0.25,
      paced: 0.25,
      lowest: 1,
      highest: 14,
      // 1 + 1 + 10 + 4 of 2 + 2 + 10 + 4 are needed.
      needed: 16 / 18,
    });
  });

  it('do not count while the metrics cannot tell, nor over gaps', () => {
    const history = new DemandHistory();
    history.observe(decision({ wanted: undefined }), 0);
    history.observe(decision(), MINUTE);
    expect(history.figures()).toBeUndefined();
    history.observe(decision(), DAY);
    expect(history.figures()?.observedMs).toBe(2 * MINUTE);
  });

  it('are forgotten after a week', () => {
    const history = new DemandHistory();
    for (let at = 0; at < DAY; at += MINUTE) history.observe(decision({ wanted: 9 }), at);
    for (let at = DAY; at < 10 * DAY; at += MINUTE) history.observe(decision({ wanted: 3 }), at);
    const figures = history.figures();
    expect(figures?.highest).toBe(3);
    expect(figures?.observedMs).toBeLessThanOrEqual(8 * DAY);
    expect(figures?.observedMs).toBeGreaterThan(7 * DAY - HOUR);
  });
});
