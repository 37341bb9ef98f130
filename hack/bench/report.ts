// From the figures of all runs to the table that people read.
import type { Figures } from './run.ts';
import { median } from './stats.ts';
import type { SystemName } from './systems.ts';
import { markdown, plain } from './table.ts';

export interface ScaleResult {
  /** Such as 1000x10. */
  readonly scale: string;
  readonly runs: Readonly<Record<SystemName, readonly Figures[]>>;
}

interface Row {
  readonly label: string;
  readonly key: Exclude<keyof Figures, 'stoppedCleanly'>;
  readonly digits: number;
  /** Held against the ratio to the peer, or against Baton's own figure. */
  readonly target?: { readonly of: 'ratio' | 'value'; readonly atMost: number };
}

const ROWS: readonly Row[] = [
  { label: 'start to all statuses right, s', key: 'startSeconds', digits: 2, target: { of: 'ratio', atMost: 0.7 } },
  {
    label: 'readiness change to status, p50, ms',
    key: 'latencyP50Ms',
    digits: 1,
    target: { of: 'ratio', atMost: 0.7 },
  },
  {
    label: 'readiness change to status, p99, ms',
    key: 'latencyP99Ms',
    digits: 1,
    target: { of: 'ratio', atMost: 0.8 },
  },
  { label: 'the same from sending the change, p50, ms', key: 'fromSendingP50Ms', digits: 1 },
  { label: 'the same from sending the change, p99, ms', key: 'fromSendingP99Ms', digits: 1 },
  { label: 'changes never told', key: 'lostChanges', digits: 0, target: { of: 'value', atMost: 0 } },
  { label: 'CPU per change, ms', key: 'cpuMsPerChange', digits: 2, target: { of: 'ratio', atMost: 0.4 } },
  { label: 'resident memory, idle, MiB', key: 'idleMiB', digits: 0, target: { of: 'ratio', atMost: 0.6 } },
  { label: 'resident memory, peak, MiB', key: 'peakMiB', digits: 0, target: { of: 'ratio', atMost: 0.6 } },
  { label: 'API writes when quiet', key: 'quietWrites', digits: 0, target: { of: 'value', atMost: 0 } },
  { label: 'API reads when quiet', key: 'quietReads', digits: 0 },
  { label: 'lease requests when quiet', key: 'quietLeaseRequests', digits: 0 },
  { label: 'API requests per change', key: 'requestsPerChange', digits: 2 },
  {
    label: 'status writes per change, median',
    key: 'statusWritesMedian',
    digits: 1,
    target: { of: 'value', atMost: 1 },
  },
  { label: 'status writes per change, mean', key: 'statusWritesMean', digits: 2, target: { of: 'value', atMost: 1.2 } },
  { label: 'SIGTERM to exit, s', key: 'stopSeconds', digits: 2 },
];

export interface TableRow {
  readonly label: string;
  readonly baton: string;
  readonly peer: string;
  readonly ratio: string;
  readonly target: string;
  /** undefined where there is no target, or nothing to compare with. */
  readonly met: boolean | undefined;
}

/** One row per figure; each figure is the median over the runs, each ratio that of the medians. */
export function tableOf(result: ScaleResult): TableRow[] {
  return ROWS.map(({ label, key, digits, target }) => {
    const baton = median(result.runs.baton.map((figures) => figures[key]));
    const peer = median(result.runs.peer.map((figures) => figures[key]));
    const ratio = baton / peer;
    const held = target?.of === 'ratio' ? ratio : baton;
    return {
      label,
      baton: format(baton, digits),
      peer: format(peer, digits),
      ratio: peer === 0 ? '' : format(ratio, 2),
      target: target === undefined ? '' : `${target.of === 'ratio' ? 'ratio ' : ''}≤ ${target.atMost}`,
      met: target === undefined || Number.isNaN(held) ? undefined : held <= target.atMost,
    };
  });
}

function format(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '';
}

/** The runs whose process had to be killed, failed, or kept its Lease. */
export function uncleanStops(result: ScaleResult): string[] {
  return Object.entries(result.runs).flatMap(([name, runs]) =>
    runs.flatMap((figures, index) => (figures.stoppedCleanly ? [] : [`${name}, run ${index + 1}`])),
  );
}

const HEADINGS = ['', 'Baton', 'controller-runtime', 'ratio', 'target', ''];

function cells(row: TableRow): string[] {
  const verdict = row.met === undefined ? '' : row.met ? 'met' : 'missed';
  return [row.label, row.baton, row.peer, row.ratio, row.target, verdict];
}

export function plainTable(rows: readonly TableRow[]): string {
  return plain(HEADINGS, rows.map(cells));
}

export function markdownTable(rows: readonly TableRow[]): string {
  return markdown(HEADINGS, rows.map(cells));
}
