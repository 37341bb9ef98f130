import { formatDuration } from '../duration.ts';
import type { Action } from './action.ts';
import { decide } from './approval.ts';
import type { Answer } from './operation.ts';
import type { Run } from './run.ts';
import { readStamp } from './times.ts';
import type { Track } from './track.ts';

/** The answer to Verify where nothing has to be read for it: of a wait for some time, and of an approval. */
export function verdictOf(run: Run, { step, record }: Track, action: Action): Answer | undefined {
  if (action.kind === 'approval') {
    const { kind, message } = decide(step.name, action, run.spec);
    if (kind === 'approved') return { kind: 'done', message };
    if (kind === 'rejected') return { kind: 'failed', reason: 'Rejected', message, mayRetry: false };
    return { kind: 'waiting', message, lookAgainInMs: Infinity };
  }
  if (action.kind !== 'wait' || action.durationMs === undefined) return undefined;
  const left = (readStamp(record.attemptedAt) ?? run.now) + action.durationMs - run.now;
  if (left <= 0) return { kind: 'done' };
  return { kind: 'waiting', message: `waits for ${formatDuration(action.durationMs)}`, lookAgainInMs: left };
}
