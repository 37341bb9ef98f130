import v8 from 'node:v8';
import vm from 'node:vm';

const YOUNG_BYTES = 4 * 2 ** 20;
/** Enough for some collections. On a machine with little memory V8 keeps it smaller by itself, and this ends. */
const MOST = 60_000;

/**
 * Imported before everything else. V8 lets the young generation grow to 3 × 16 MiB on a busy start and keeps it; nearly all of what a watch event
 * leaves behind is garbage at once, so a small one does as well: measured with 10,000 pods, the same CPU and 50 MiB less. Kept at the 1 MiB that it
 * begins with, it is collected so often that what is still in use is copied again and again: a tenth more CPU for such a start, for no less memory.
 * The old generation may grow by 30 % between collections instead of up to four times: 15 MiB less at the peak of such a start, for a tenth more of
 * its CPU.
 */
growYoung();
v8.setFlagsFromString('--heap-growing-percent=30');

/**
 * To 4 MiB, and no further. How much it may be is fixed before any code runs, so it is the growth that is allowed once: at a collection that
 * finds more in use than fits.
 */
function growYoung(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=4');
  const used: object[] = [];
  while (youngSize() < YOUNG_BYTES && used.length < MOST) for (let i = 0; i < 1_000; i++) used.push({ i });
  v8.setFlagsFromString('--semi-space-growth-factor=1');
}

function youngSize(): number {
  return v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}

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
