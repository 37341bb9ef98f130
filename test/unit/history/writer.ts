import { HistoryRecorder } from '../../../src/history/index.ts';
import { PATIENCE } from './patience.ts';
import { startThread } from '../../../src/compose/threads.ts';

/** More than may wait would be dropped while the disk, or the thread, stands still. */
const MOST_WAITING = 10_000;
let confirmed = 0;

/** A program of its own that writes for as long as it lives, and says of each row that it is safe. */
const recorder = new HistoryRecorder({
  path: process.argv[2] ?? '',
  retentionMs: 86_400_000,
  maxBytes: 512 * 1_024 * 1_024,
  patience: PATIENCE,
  startThread: (data) => startThread('history', data, {}),
  now: () => Date.now(),
  log: { info: () => undefined, warn: (details, message) => console.error(message, details) },
  // Rows are confirmed in the order in which they were given.
  onWritten: (table, rows) => {
    confirmed += rows;
    process.stdout.write(`${table} ${rows}\n`);
  },
  onDropped: (table, rows) => process.stdout.write(`dropped ${table} ${rows}\n`),
});
await recorder.start();
const begin = Date.now();
const run = process.argv[3] ?? '';
let next = 0;
setInterval(() => {
  for (let count = 0; count < 50 && next - confirmed < MOST_WAITING; count++, next++)
    recorder.appendLoad(`${run}/${next % 7}`, begin + next, next);
}, 5);
