/**
 * What happened, kept over restarts: the load of services, and every decision with what it was made from. One `History` is made by
 * src/compose; other rooms get the functions they need as a port of theirs.
 *
 * Forecasts: call `appendLoad(key, at, value)` when a step of a series is over, once a minute and not at each reading: each call is a row. `key`
 * is `namespace/service/metric`; `at` is in ms since the epoch; `value` is the load as the forecast takes it (the total over the pods, of a
 * figure that does not depend on the number of replicas). It costs a microsecond, never waits and never fails. When a replica begins to lead,
 * `await loadSeries(key, since)` before the first point of that key: it gives what was kept from `since` on, oldest first, as two arrays of the
 * same length, and empty ones where nothing is known, the history is off or the disk does not answer. What was appended in the last
 * second or two may not be in it yet. Ask for a few series at a time: each answer of three days is 70 KB.
 *
 * Scaling and whoever decides: call `recordDecision` after the outcome is known, once for each that changed something, was refused, or is
 * told to people; not for each look that changed nothing. Transitions of a status are recorded already by `say` in
 * src/controllers/transitions.ts, with the evidence it is given.
 *
 * Without a path there is no thread and nothing is kept: then src/compose passes `NO_HISTORY`.
 */
import type { Decision, Series } from './rows.ts';

export { HistoryRecorder, HistoryRefused } from './recorder.ts';
export type { Decision, Series } from './rows.ts';

export interface History {
  appendLoad(key: string, at: number, value: number): void;
  /** Points at or after `since`, ms since the epoch, oldest first. Never rejects. */
  loadSeries(key: string, since: number): Promise<Series>;
  recordDecision(decision: Decision): void;
}

const EMPTY: Series = { at: new Float64Array(), value: new Float64Array() };

export const NO_HISTORY: History = {
  appendLoad: () => {},
  loadSeries: () => Promise.resolve(EMPTY),
  recordDecision: () => {},
};
