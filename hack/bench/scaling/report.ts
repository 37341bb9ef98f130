// From what was measured of scaling to the tables that people read.
import { percentile, median } from '../stats.ts';
import { type CostFigures, type CostResult, INTERVAL_MS, type Subject } from './cost.ts';
import type { DecisionResult } from './decision.ts';
import { type LatencyResult, METRICS, type Pace } from './latency.ts';

export interface ScalingResults {
  readonly latency: readonly LatencyResult[];
  readonly cost: CostResult | undefined;
  readonly decisions: readonly DecisionResult[];
}

/** Title, headings and cells; the first column is text. */
export interface Table {
  readonly title: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What either side is set to: the operator's --scaling-interval and resourceMetrics.interval, and the HPA's sync period. */
const PACES: Readonly<Record<Pace, string>> = { default: 'both at their defaults', fast: 'both every 1 s' };
const NAMES: Readonly<Record<LatencyResult['metric'], string>> = {
  cpu: 'CPU from metrics.k8s.io',
  query: 'a query, or an external metric',
};

export function tablesOf({ latency, cost, decisions }: ScalingResults): Table[] {
  return [
    ...(latency.length === 0 ? [] : [latencyTable(latency)]),
    ...(cost === undefined ? [] : [costTable(cost)]),
    ...(decisions.length === 0 ? [] : [decisionTable(decisions)]),
  ];
}

function latencyTable(results: readonly LatencyResult[]): Table {
  const rows = (['default', 'fast'] as const).flatMap((pace) =>
    METRICS.flatMap((metric) => {
      const of = (side: LatencyResult['side']): LatencyResult | undefined =>
        results.find((result) => result.pace === pace && result.metric === metric && result.side === side);
      const [baton, hpa] = [of('baton'), of('hpa')];
      if (baton === undefined || hpa === undefined) return [];
      const name = `${NAMES[metric]}, ${PACES[pace]}`;
      const seconds = (share: number): string[] => {
        const [ours, theirs] = [percentile(baton.latencies, share), percentile(hpa.latencies, share)];
        return [number(ours / 1000, 2), number(theirs / 1000, 2), number(ours / theirs, 2)];
      };
      const steps = `${baton.latencies.length}`;
      return [
        [`${name}: p50, s`, ...seconds(0.5), steps],
        [`${name}: p99, s`, ...seconds(0.99), steps],
        [`${name}: not followed`, String(baton.lost), String(hpa.lost), '', ''],
      ];
    }),
  );
  return {
    title: 'load step to Deployment patched',
    headings: ['', 'Baton', 'HPA controller', 'ratio', 'steps'],
    rows,
  };
}

const SUBJECT_NAMES: Readonly<Record<Subject, string>> = {
  health: 'Baton, health only',
  scaling: 'Baton, scaling',
  manager: 'kube-controller-manager',
  autoscalers: 'the same with HPAs',
};

/** The same without anything to scale. */
const WITHOUT: Readonly<Partial<Record<Subject, Subject>>> = { scaling: 'health', autoscalers: 'manager' };

function costTable({ services, replicas, runs }: CostResult): Table {
  const subjects = (Object.keys(SUBJECT_NAMES) as Subject[]).filter((subject) => runs[subject].length > 0);
  const row = (label: string, of: (figures: CostFigures) => number, digits: number): string[] => [
    label,
    ...subjects.map((subject) => number(median(runs[subject].map(of)), digits)),
  ];
  const cpu = (subject: Subject): number => median(runs[subject].map(({ cpuMsPerSecond }) => cpuMsPerSecond));
  const perEvaluation = (subject: Subject): number => {
    const without = WITHOUT[subject];
    return without === undefined ? NaN : ((cpu(subject) - cpu(without)) * INTERVAL_MS) / 1000 / services;
  };
  return {
    title: `${services}x${replicas} with a steady load, medians of ${runs.scaling.length}`,
    headings: ['', ...subjects.map((subject) => SUBJECT_NAMES[subject])],
    rows: [
      row('CPU, % of a core', ({ cpuMsPerSecond }) => cpuMsPerSecond / 10, 2),
      [
        'CPU that scaling adds, per service and evaluation, ms',
        ...subjects.map((subject) => number(perEvaluation(subject), 3)),
      ],
      row('looks at services in the window', ({ looks }) => looks, 0),
      row('resident memory, idle, MiB', ({ idleMiB }) => idleMiB, 0),
      row('resident memory, peak, MiB', ({ peakMiB }) => peakMiB, 0),
      row('API requests each second', ({ requestsPerSecond }) => requestsPerSecond, 2),
      row('CPU of the API server meanwhile, % of a core', (figures) => figures.apiServerCpuMsPerSecond / 10, 1),
    ],
  };
}

function decisionTable(decisions: readonly DecisionResult[]): Table {
  return {
    title: 'one decision on one service, in the process',
    headings: ['', 'p50, µs', 'p99, µs', 'decisions'],
    rows: decisions.map(({ case: name, micros }) => [
      name,
      number(percentile(micros, 0.5), 1),
      number(percentile(micros, 0.99), 1),
      String(micros.length),
    ]),
  };
}

function number(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '';
}
