import { describe, expect, it } from 'vitest';
import type { OrchestratedServiceSpec } from '../../../src/api/kinds.ts';
import { AUTOSCALER_INDEXES, type AutoscalerSnapshot } from '../../../src/controllers/project/autoscaler.ts';
import { Predictor } from '../../../src/controllers/scaling/predictor.ts';
import { Scaler } from '../../../src/controllers/scaling/scaler.ts';
import type { CachedService } from '../../../src/controllers/service/caches.ts';
import type { ScalingFindings } from '../../../src/domain/scaling/findings.ts';
import type { PodSnapshot, WorkloadSnapshot } from '../../../src/domain/snapshot.ts';
import { Store } from '../../../src/runtime/store.ts';
import { UNBOUNDED } from '../domain/fixtures.ts';

const START = Date.parse('2026-05-04T00:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const on = { enabled: true, season: 'auto', horizon: 'auto', quantile: 0.9 } as const;

/** A day of an office: 40 at night, 160 from 9 to 18 h. */
const office = (at: number): number => (at % DAY >= 9 * HOUR && at % DAY < 18 * HOUR ? 160 : 40);

function pod(index: number, createdAt: number): PodSnapshot {
  const template = UNBOUNDED;
  const readyChangedAt = createdAt + 90_000;
  const moments = { createdAt, startedAt: createdAt, readyChangedAt };
  const facts = { phase: 'Running', ready: true, terminating: false, hostNetwork: false, restarts: [] };
  const identity = { namespace: 'shop', name: `web-${index}`, uid: `p${index}`, resourceVersion: '1', ip: undefined };
  const rest = { owner: undefined, oomKilledAt: undefined, waiting: undefined, unschedulable: undefined };
  return { ...identity, ...facts, ...moments, ...rest, template };
}

/** A service behind a clock that is set by hand, with a history that is a map. */
function bed(
  load: (at: number) => number | undefined,
  kept = new Map<string, { at: number; value: number }[]>(),
  start = START,
) {
  let now = start;
  let fault: unknown;
  const predictor = new Predictor({
    history: {
      appendLoad: (key, at, value) => kept.set(key, [...(kept.get(key) ?? []), { at, value }]),
      loadSeries: (key, since) => {
        const points = (kept.get(key) ?? []).filter(({ at }) => at >= since);
        const column = (of: 'at' | 'value') => Float64Array.from(points, (point) => point[of]);
        return Promise.resolve({ at: column('at'), value: column('value') });
      },
    },
    intervalMs: 15_000,
    mostSeries: 2,
    onFault: (error) => (fault = error),
  });
  const autoscalers = new Store<AutoscalerSnapshot>({ indexes: AUTOSCALER_INDEXES, onListenerError: () => undefined });
  autoscalers.replace(new Map(), '1');
  let replicas = 5;
  let version = 10;
  const scaler = new Scaler({
    autoscalers,
    predictor,
    actor: {
      carryOut: ({ act }) => {
        if (act.type === 'Scale') replicas = act.to;
        version++;
        return Promise.resolve({ kind: 'written', resourceVersion: String(version) });
      },
    },
    port: {
      owner: () => Promise.resolve({ replicas: 0, manager: 'baton' }),
      scaledObject: () => Promise.resolve({ kind: 'none' }),
    },
    capacity: { ceiling: () => undefined, forget: () => undefined },
    readings: () => {
      const value = load(now);
      const missing = { kind: 'missing', reason: 'NoData', at: now, evidence: 'nothing' } as const;
      return new Map([['scaling/0', value === undefined ? missing : { kind: 'value', value, at: now, evidence: '' }]]);
    },
    usage: () => ({ kind: 'known', pods: new Map() }),
    intervalMs: 15_000,
    isNewer: () => false,
    now: () => now,
    monotonic: () => now,
    record: () => undefined,
  });
  const look = async (scaling: object = {}, name = 'web'): Promise<ScalingFindings> => {
    const prometheus = { query: 'rate', target: { type: 'AverageValue', averageValue: 10 } };
    const metrics = [{ type: 'Prometheus', prometheus }];
    const spec = {
      targetRef,
      priority: 'Normal',
      mode: 'Enforce',
      scaling: { minReplicas: 1, maxReplicas: 50, metrics, prediction: on, ...scaling },
    } as unknown as OrchestratedServiceSpec;
    const identity = { name, namespace: 'shop', uid: name, resourceVersion: '1' };
    const metadata = { ...identity, generation: 1, creationTimestamp: '' };
    const service: CachedService = {
      apiVersion: 'baton.dev/v1alpha1',
      kind: 'OrchestratedService',
      metadata,
      spec,
      ...identity,
    };
    const workload: WorkloadSnapshot = {
      ...targetRef,
      namespace: 'shop',
      uid: `of ${name}`,
      resourceVersion: String(version),
      owner: undefined,
      terminating: false,
      createdAt: 0,
      generation: 1,
      observedGeneration: 1,
      desired: replicas,
      selector: 'app=web',
      rollout: { state: 'Complete' },
    };
    const pods = Array.from({ length: replicas }, (_, index) => pod(index, now - HOUR));
    const looked = await scaler.scale(service, workload, pods, new AbortController().signal);
    if (fault !== undefined) throw fault as Error;
    if (looked === undefined) throw new Error('it does not scale');
    return looked.findings;
  };
  /** Looks once a minute until then, and gives the last look. */
  const until = async (end: number, scaling?: object): Promise<ScalingFindings> => {
    let last = await look(scaling);
    while (now < end) {
      now += MINUTE;
      last = await look(scaling);
    }
    return last;
  };
  return { look, until, kept, scaler, predictor, replicas: () => replicas };
}

const BEFORE_WORK = 9 * HOUR - MINUTE;

describe('a load that repeats itself', () => {
  it('has its pods before it comes, and only where prediction is on', async () => {
    const { until, replicas } = bed(office);
    const findings = await until(START + 3 * DAY + BEFORE_WORK);
    expect(findings.prediction?.trusted).toMatchObject({ status: 'True', reason: 'BetterThanNaive' });
    expect(findings.prediction?.trusted.message).toMatch(/season of 1d: MASE \d/);
    expect(findings.prediction?.replicas).toBeGreaterThanOrEqual(16);
    // As fast as behavior lets it rise.
    expect(findings).toMatchObject({ reactive: 4, recommended: 8 });
    expect(replicas()).toBe(8);
    expect(findings.told.at(-1)?.because).toContain('is expected by');
    const off = await until(START + 3 * DAY + BEFORE_WORK, { prediction: { ...on, enabled: false } });
    expect(off.prediction).toBeUndefined();
    expect(off).toMatchObject({ reactive: 4 });
  });

  it('is not foreseen with enabled: false', async () => {
    const { until, kept } = bed(office);
    const findings = await until(START + 3 * DAY + BEFORE_WORK, { prediction: { ...on, enabled: false } });
    expect(findings).toMatchObject({ prediction: undefined, reactive: 4, recommended: 4 });
    expect(kept.size).toBe(0);
  });

  it('is known again after a restart, from the history', async () => {
    const { until, kept } = bed(office);
    const stopped = START + 3 * DAY + BEFORE_WORK - 5 * MINUTE;
    await until(stopped);
    const [key] = kept.keys();
    expect(key).toMatch(/^shop\/web\/query-[0-9a-f]{12}$/);
    const restarted = bed(office, kept, stopped + 2 * MINUTE);
    const first = await restarted.look();
    expect(first.prediction?.trusted.reason).toBe('Learning');
    const reason = async () => (await restarted.look()).prediction?.trusted.reason;
    await expect.poll(reason).toBe('BetterThanNaive');
    const moments = (kept.get(key ?? '') ?? []).map(({ at }) => at);
    expect(new Set(moments).size).toBe(moments.length);
  });
});

describe('a load that does not repeat itself', () => {
  it('is not trusted, so that the metrics alone decide', async () => {
    let value = 100;
    let seed = 7;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const { until } = bed(() => (value = Math.max(20, value * (1 + 0.03 * (random() - 0.5)))));
    const findings = await until(START + 3 * DAY + BEFORE_WORK);
    expect(findings.prediction).toMatchObject({ trusted: { status: 'False' }, replicas: undefined });
    expect(['NoSeason', 'NoBetterThanNaive']).toContain(findings.prediction?.trusted.reason);
  });

  it('is told as an anomaly while it is unusual, with the figures of its beginning', async () => {
    const fault = START + 3 * DAY + 20 * HOUR;
    const { until } = bed((at) => (at >= fault ? 200 : office(at) + ((at / MINUTE) % 3)));
    expect((await until(fault - MINUTE)).anomalies).toEqual([]);
    const [found] = (await until(fault + 5 * MINUTE)).anomalies ?? [];
    expect(found).toMatchObject({ metric: 'query rate', direction: 'High', value: 200, since: fault });
    const [later] = (await until(fault + 10 * MINUTE)).anomalies ?? [];
    expect(later).toEqual(found);
  });
});

describe('what is not known', () => {
  it('is not fed: nothing is kept of it, and after 90 s nothing is predicted', async () => {
    const silent = START + 3 * DAY + BEFORE_WORK - 10 * MINUTE;
    const { until, kept } = bed((at) => (at >= silent ? undefined : office(at)));
    const findings = await until(silent + 8 * MINUTE);
    expect(findings.prediction).toMatchObject({
      trusted: { status: 'False', reason: 'StaleData' },
      replicas: undefined,
    });
    const [points = []] = kept.values();
    expect(points.at(-1)?.at).toBeLessThan(silent);
  });

  it('is said where there are too many series, and when a service has gone there is room', async () => {
    const { look, scaler, predictor } = bed(office);
    await look({}, 'a');
    await look({}, 'b');
    expect((await look({}, 'c')).prediction?.trusted.reason).toBe('TooManySeries');
    expect(predictor.series).toEqual({ followed: 2, limit: 2 });
    scaler.forget('shop/a');
    expect((await look({}, 'c')).prediction?.trusted.reason).toBe('Learning');
  });

  it('is said where no metric is a load', async () => {
    const { look } = bed(office);
    const memory = { name: 'memory', target: { type: 'Utilization', averageUtilization: 60 } };
    const findings = await look({ metrics: [{ type: 'Resource', resource: memory }] });
    expect(findings.prediction?.trusted.reason).toBe('NothingToPredict');
  });
});
