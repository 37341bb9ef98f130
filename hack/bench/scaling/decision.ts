// How long deciding takes, with nothing around it: no queue, no cache, no API server.
import { Predictor } from '../../../src/controllers/scaling/predictor.ts';
import { HISTORY_STEPS, stepFor } from '../../../src/domain/forecast/steps.ts';
import { type ActiveScaling, metricsOf, rulesOf } from '../../../src/domain/scaling/from-spec.ts';
import type { ScaleState } from '../../../src/domain/scaling/history.ts';
import { decideScale } from '../../../src/domain/scaling/scale.ts';
import type { PodSnapshot, PodUsage } from '../../../src/domain/snapshot.ts';
import { pod } from '../../../test/unit/domain/fixtures.ts';
import { pause, until } from '../api.ts';

export interface DecisionPlan {
  readonly services: number;
  /** Decisions on each service that count. */
  readonly rounds: number;
}

export interface DecisionResult {
  readonly case: string;
  /** Microseconds of each decision. */
  readonly micros: readonly number[];
}

interface Case {
  readonly name: string;
  readonly pods: number;
  readonly scaling: ActiveScaling;
  /** The forecast and the search for what is unusual are part of it. */
  readonly foresees: boolean;
}

/** Decisions before those that count: the code is hot then, as in an operator that runs. */
const WARM_UP_ROUNDS = 20;
/** To feed the past to a series takes some 60 ms. */
const MOST_FORESEEN = 100;
const INTERVAL_MS = 15_000;
/** Any moment; nothing reads the clock. */
const BEGIN = Date.UTC(2026, 0, 5);
const DAY_MS = 86_400_000;
const QUERY = 'sum(rate(http_requests_total{service="web"}[2m]))';

const CPU = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } },
} as const;
const REQUESTS = {
  type: 'Prometheus',
  prometheus: { query: QUERY, target: { type: 'AverageValue', averageValue: '100' } },
} as const;
const BEHAVIOR = {
  scaleUp: {
    stabilizationWindowSeconds: 60,
    policies: [
      { type: 'Percent', value: 50, periodSeconds: 60 },
      { type: 'Pods', value: 5, periodSeconds: 60 },
    ],
  },
  scaleDown: { stabilizationWindowSeconds: 600, policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }] },
} satisfies ActiveScaling['behavior'];

const CASES: readonly Case[] = [
  { name: 'CPU of 10 pods', pods: 10, scaling: spec([CPU]), foresees: false },
  {
    name: 'CPU and a query, 50 pods, own behavior',
    pods: 50,
    scaling: { ...spec([CPU, REQUESTS]), behavior: BEHAVIOR },
    foresees: false,
  },
  {
    name: 'CPU of 10 pods, with forecast and anomalies',
    pods: 10,
    scaling: { ...spec([CPU]), prediction: { enabled: true, season: '24h', horizon: 'auto', quantile: 0.9 } },
    foresees: true,
  },
];

function spec(metrics: ActiveScaling['metrics']): ActiveScaling {
  return { minReplicas: 2, maxReplicas: 200, metrics };
}

/** Every decision follows the one before it, on a load with a daily season and noise. */
export async function measureDecisions(plan: DecisionPlan): Promise<DecisionResult[]> {
  const results: DecisionResult[] = [];
  for (const one of CASES) results.push({ case: one.name, micros: await timesOf(one, plan) });
  return results;
}

async function timesOf({ pods: count, scaling, foresees }: Case, plan: DecisionPlan): Promise<number[]> {
  const past = new Past(count);
  const predictor = new Predictor({ history: past, intervalMs: INTERVAL_MS, onFault: rethrow });
  const services = Array.from(
    { length: foresees ? Math.min(plan.services, MOST_FORESEEN) : plan.services },
    (_, index) => ({
      key: `shop/web-${index}`,
      pods: Array.from({ length: count }, (_, place) => podOf(`web-${index}-${place}`)),
      state: undefined as ScaleState | undefined,
    }),
  );
  const micros: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < plan.rounds; round++) {
    const now = BEGIN + (round + WARM_UP_ROUNDS) * INTERVAL_MS;
    for (const service of services) {
      const { key, pods } = service;
      const usage = { kind: 'known', pods: usageOf(pods, now) } as const;
      const reading = { kind: 'value', value: 100 * count * loadAt(now) * noise(), at: now, evidence: '' } as const;
      const readings = new Map(scaling.metrics.map((_, index) => [`scaling/${index}`, reading]));
      const from = performance.now();
      const rules = rulesOf(scaling);
      const metrics = metricsOf(scaling, usage, readings);
      const seen = { key, scaling, metrics, pods, current: count, now, monotonic: now - BEGIN };
      const wish = foresees ? predictor.look({ ...seen, tolerance: rules.up.tolerance }).wish : undefined;
      const { state } = decideScale({ ...seen, rules, proposals: wish ? [wish] : [], state: service.state });
      const took = performance.now() - from;
      service.state = state;
      if (round >= 0) micros.push(took * 1000);
    }
    if (foresees && round === -WARM_UP_ROUNDS) await past.isFed(services.length);
  }
  return micros;
}

const rethrow = (error: unknown): never => {
  throw error;
};

/** 0.5 to 1 over the day. */
const loadAt = (at: number): number => 0.75 + 0.25 * Math.sin((2 * Math.PI * at) / DAY_MS);
const noise = (): number => 0.95 + 0.1 * Math.random();

/** A history with as much as is kept of each series, so that nothing grows while it is measured. */
class Past {
  readonly #series: { readonly at: Float64Array; readonly value: Float64Array };
  #asked = 0;

  constructor(pods: number) {
    const stepMs = stepFor(DAY_MS);
    const at = Float64Array.from({ length: HISTORY_STEPS }, (_, index) => BEGIN - (HISTORY_STEPS - index) * stepMs);
    this.#series = { at, value: at.map((moment) => 0.06 * pods * loadAt(moment) * noise()) };
  }

  appendLoad(): void {}

  async loadSeries() {
    this.#asked++;
    return this.#series;
  }

  /** Series are read one after the other: when the last was asked for, all others are fed; that one takes some ms more. */
  async isFed(count: number): Promise<void> {
    await until('the past is fed to every series', 120_000, () => this.#asked === count);
    await pause(1_000);
  }
}

function podOf(name: string): PodSnapshot {
  const since = BEGIN - DAY_MS;
  const { template, ...rest } = pod(name, { createdAt: since, startedAt: since, readyChangedAt: since + 5_000 });
  return { ...rest, template: { ...template, requests: { cpu: 0.1, memory: 2 ** 27 } } };
}

function usageOf(pods: readonly PodSnapshot[], at: number): Map<string, PodUsage> {
  const cpu = 0.06 * loadAt(at);
  return new Map(pods.map(({ name }) => [name, { cpu: cpu * noise(), memory: 2 ** 26, at, windowMs: 30_000 }]));
}
