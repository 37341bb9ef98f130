import { SettingsError } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import type { RecordDecision } from '../controllers/ports.ts';
import { type History, HistoryRecorder, HistoryRefused, NO_HISTORY } from '../history/index.ts';
import type { Server } from '../runtime/manager.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/registry.ts';
import { startThread } from './threads.ts';

/** Of the thread's heap; SQLite takes what it needs beside it, and is told to take little. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/** Of the time that there is for stopping; the rest is that of all who stop before it. */
const SHARE_OF_STOP = 0.3;

export interface HistoryParts {
  readonly history: History;
  readonly record: RecordDecision;
  /** First up and last down, so that last words are kept too; none where nothing is kept. */
  readonly servers: readonly Server[];
}

/** The history, or what stands in for it where no path is set: then there is no thread. */
export function createHistory(settings: Settings, metrics: Metrics, log: Logger, now: () => number): HistoryParts {
  const { historyPath: path, historyRetention: retentionMs, historyMaxSize: maxBytes } = settings;
  let recorder: HistoryRecorder | undefined;
  metrics.collect(['baton_history_size_bytes', 'baton_history_last_error_timestamp_seconds'], (emit) => {
    const { bytes, lastErrorAt } = recorder?.figures ?? {};
    if (bytes !== undefined) emit('baton_history_size_bytes', {}, bytes);
    if (lastErrorAt !== undefined) emit('baton_history_last_error_timestamp_seconds', {}, lastErrorAt / 1_000);
  });
  if (path === '') return { history: NO_HISTORY, record: () => undefined, servers: [] };
  recorder = new HistoryRecorder({
    path,
    retentionMs,
    maxBytes,
    now,
    log,
    patience: { lastRowsMs: SHARE_OF_STOP * settings.shutdownTimeout },
    startThread: (data) => startThread('history', data, THREAD_LIMITS),
    onWritten: (table, rows) => metrics.increment('baton_history_rows_written_total', { table }, rows),
    onDropped: (table, rows) => metrics.increment('baton_history_rows_dropped_total', { table }, rows),
  });
  return partsOf(recorder, now);
}

function partsOf(recorder: HistoryRecorder, now: () => number): HistoryParts {
  return {
    history: recorder,
    record: (reference, decision) => {
      const { kind: subject, namespace, name, uid } = reference;
      recorder.recordDecision({ ...decision, at: now(), subject, namespace, name, uid });
    },
    servers: [{ name: recorder.name, start: () => startOf(recorder), stop: () => recorder.stop() }],
  };
}

async function startOf(recorder: HistoryRecorder): Promise<void> {
  try {
    await recorder.start();
  } catch (error) {
    throw error instanceof HistoryRefused ? new SettingsError(`historyPath: ${error.message}`) : error;
  }
}
