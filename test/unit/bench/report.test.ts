import { describe, expect, it } from 'vitest';
import { markdownTable, plainTable, type ScaleResult, tableOf, uncleanStops } from '../../../hack/bench/report.ts';
import type { Figures } from '../../../hack/bench/run.ts';

const BASE: Figures = {
  startSeconds: 2,
  startWrites: 1,
  latencyP50Ms: 10,
  latencyP99Ms: 40,
  fromSendingP50Ms: 14,
  fromSendingP99Ms: 50,
  lostChanges: 0,
  cpuMsPerChange: 2,
  idleMiB: 200,
  peakMiB: 240,
  quietWrites: 0,
  quietReads: 3,
  quietLeaseRequests: 15,
  requestsPerChange: 1,
  statusWritesMedian: 1,
  statusWritesMean: 1,
  stopSeconds: 0.2,
  stoppedCleanly: true,
};

function result(baton: Partial<Figures>[], peer: Partial<Figures>[]): ScaleResult {
  const fill = (figures: Partial<Figures>): Figures => ({ ...BASE, ...figures });
  return { scale: '1000x10', runs: { baton: baton.map(fill), peer: peer.map(fill) } };
}

function row(table: ReturnType<typeof tableOf>, label: string) {
  const found = table.find((candidate) => candidate.label.startsWith(label));
  if (found === undefined) throw new Error(`no row ${label}`);
  return found;
}

describe('the table', () => {
  it('compares medians and says whether the target is met', () => {
    const starts = [{ startSeconds: 1.4 }, { startSeconds: 1.3 }, { startSeconds: 9 }];
    const table = tableOf(result(starts, [{ startSeconds: 2 }, { startSeconds: 2 }, { startSeconds: 0.1 }]));
    expect(row(table, 'start')).toMatchObject({
      baton: '1.40',
      peer: '2.00',
      ratio: '0.70',
      target: 'ratio ≤ 0.7',
      met: true,
    });
    expect(row(table, 'CPU')).toMatchObject({ ratio: '1.00', target: 'ratio ≤ 0.4', met: false });
  });

  it('holds quiet writes and status writes against a figure of their own', () => {
    const table = tableOf(
      result([{ quietWrites: 1, statusWritesMean: 1.2 }], [{ quietWrites: 0, statusWritesMean: 3 }]),
    );
    expect(row(table, 'API writes when quiet')).toMatchObject({ baton: '1', peer: '0', ratio: '', met: false });
    expect(row(table, 'status writes per change, mean')).toMatchObject({ met: true });
  });

  it('judges nothing when one of the two was not measured', () => {
    const table = tableOf(result([], [{}]));
    expect(row(table, 'start')).toMatchObject({ baton: '', peer: '2.00', ratio: '', met: undefined });
    expect(table.filter(({ met }) => met !== undefined)).toEqual([]);
  });

  it('is written for a terminal and for Markdown', () => {
    const table = tableOf(result([{ startSeconds: 1 }], [{}]));
    expect(markdownTable(table)).toContain(
      '| start to all statuses right, s | 1.00 | 2.00 | 0.50 | ratio ≤ 0.7 | met |',
    );
    expect(plainTable(table)).toMatch(/CPU per change, ms +2\.00 +2\.00 +1\.00 +ratio ≤ 0\.4 +missed/);
  });
});

describe('uncleanStops', () => {
  it('names the runs that had to be killed or kept their lease', () => {
    expect(uncleanStops(result([{}, { stoppedCleanly: false }], [{}]))).toEqual(['baton, run 2']);
  });
});
