import v8 from 'node:v8';
import vm from 'node:vm';

/**
 * Imported before everything else. V8 lets the young generation grow to 3 × 16 MiB on a busy start and keeps it; nearly all of what a watch event
 * leaves behind is garbage at once, so a small one does as well: measured with 10,000 pods, the same CPU and 50 MiB less. The old generation may
 * grow by 30 % between collections instead of up to four times: 15 MiB less at the peak of such a start, for a tenth more of its CPU.
 */
v8.setFlagsFromString('--max-semi-space-size=2');
v8.setFlagsFromString('--semi-space-growth-factor=1');
v8.setFlagsFromString('--heap-growing-percent=30');

/**
 * Gives back to the system what a start leaves behind: V8 keeps the pages that it emptied for a next time, which for an operator does not come.
 * A full collection that compacts; everything stands still for it (0.1 s with 10,000 pods).
 */
export function releaseMemory(): void {
  v8.setFlagsFromString('--expose-gc');
  const gc = vm.runInNewContext('gc') as (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;
  v8.setFlagsFromString('--no-expose-gc');
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
