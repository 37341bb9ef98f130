import { type ResourceLimits, Worker } from 'node:worker_threads';

/**
 * The entry of each thread. In a checkout it is a file; hack/build.ts makes one script of each and puts its text where the variable is asked
 * for, so that what ships stays one file, and a thread loads its own code and not the whole operator. A new thread needs a line here and one
 * there. In a function, the text costs nothing before the thread is started.
 */
const ENTRIES = {
  history: () => process.env['BATON_THREAD_HISTORY'] ?? new URL('../history/thread.ts', import.meta.url),
  annealer: () => process.env['BATON_THREAD_ANNEALER'] ?? new URL('../annealer/thread.ts', import.meta.url),
};

/** Starts a thread; `data` is cloned and is `workerData` there. */
export function startThread(name: keyof typeof ENTRIES, data: unknown, resourceLimits: ResourceLimits): Worker {
  const entry = ENTRIES[name]();
  return new Worker(entry, { eval: typeof entry === 'string', name, workerData: data, resourceLimits });
}
