// From what was measured of workflows to the tables that people read.
import type { Table } from '../scaling/report.ts';
import { median } from '../stats.ts';
import type { Carried, WorkflowFigures, WorkflowsResult } from './index.ts';

/** What has to be reached. */
const PER_SECOND = 150;
const TOGETHER_P50_MS = 1000;
const BEGUN_P99_MS = 250;

type Kind = 'instant' | 'together' | 'alone' | 'scaling';

const ROWS: readonly {
  readonly label: string;
  readonly key: keyof Carried;
  readonly digits: number;
  readonly target?: { readonly of: Kind; readonly text: string; met(value: number): boolean };
}[] = [
  {
    label: 'workflows a second',
    key: 'perSecond',
    digits: 1,
    target: { of: 'instant', text: `≥ ${PER_SECOND}`, met: (value) => value >= PER_SECOND },
  },
  {
    label: 'created to done, p50, ms',
    key: 'p50Ms',
    digits: 0,
    target: { of: 'together', text: `< ${TOGETHER_P50_MS}`, met: (value) => value < TOGETHER_P50_MS },
  },
  { label: 'created to done, p99, ms', key: 'p99Ms', digits: 0 },
  { label: 'there to begun, p50, ms', key: 'begunP50Ms', digits: 0 },
  {
    label: 'there to begun, p99, ms',
    key: 'begunP99Ms',
    digits: 0,
    target: { of: 'alone', text: `< ${BEGUN_P99_MS}`, met: (value) => value < BEGUN_P99_MS },
  },
  { label: 'status writes each', key: 'statusWrites', digits: 2 },
  { label: 'other writes each (Events, steps)', key: 'otherWrites', digits: 2 },
  { label: 'reads each', key: 'reads', digits: 2 },
  { label: 'CPU of Baton each, ms', key: 'batonMs', digits: 2 },
  { label: 'CPU of API server and etcd each, ms', key: 'serverMs', digits: 2 },
  { label: 'CPU of the benchmark each, ms', key: 'benchMs', digits: 2 },
];

/** Medians of the rounds. */
export function workflowsTables({ plan, rounds }: WorkflowsResult): Table[] {
  const of = (figure: (round: WorkflowFigures) => number): number => median(rounds.map(figure));
  const kinds: Readonly<Record<Kind, string>> = {
    instant: `${plan.instant} as fast as they are taken`,
    together: `${plan.together} at once`,
    alone: `${plan.alone} one by one`,
    scaling: `${plan.scaling} that scale`,
  };
  const rows = ROWS.map(({ label, key, digits, target }) => {
    const cells = (Object.keys(kinds) as Kind[]).map((kind) => {
      const value = of((round) => round[kind][key]);
      if (target?.of !== kind) return value.toFixed(digits);
      return `${value.toFixed(digits)} (${target.text}: ${target.met(value) ? 'met' : 'missed'})`;
    });
    return [label, ...cells];
  });
  const beside: [string, (round: WorkflowFigures) => number, number][] = [
    ['workflows of instant steps a second', ({ instant }) => instant.perSecond, 1],
    ['the same writes without an engine, a second', ({ bare }) => bare.perSecond, 1],
    ['CPU of API server and etcd for these, each, ms', ({ bare }) => bare.serverMs, 2],
    ['target ready to the write of the next step, p50, ms', ({ scaling }) => scaling.betweenP50Ms, 1],
    ['target ready to the write of the next step, p99, ms', ({ scaling }) => scaling.betweenP99Ms, 1],
    ['resident memory before the first workflow, MiB', ({ emptyMiB }) => emptyMiB, 0],
    ['resident memory after the last, MiB', ({ idleMiB }) => idleMiB, 0],
    ['resident memory, peak, MiB', ({ peakMiB }) => peakMiB, 0],
  ];
  const rest = beside.map(([label, figure, digits]) => [label, of(figure).toFixed(digits)]);
  return [
    {
      title: `workflows of 5 steps, medians of ${rounds.length}`,
      headings: ['', ...Object.values(kinds)],
      rows,
    },
    { title: 'workflows beside bare writes', headings: ['', ''], rows: rest },
  ];
}
