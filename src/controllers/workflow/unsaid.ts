import type { WorkflowStatus } from '../../api/kinds.ts';
import { isOnlyWords } from '../../domain/workflow/words.ts';

interface Entry {
  /** Of the workflow that it is about. */
  readonly resourceVersion: string;
  readonly status: WorkflowStatus;
  /** ms since the epoch */
  readonly since: number;
}

/** Words that change more often than that are of no use to anybody. */
const SAID_AFTER_MS = 1_000;
/** In a crowd most have their turn before it is worth saying that they wait, and each write would make all of them wait longer. */
const SAID_APART_MS = 10;

/** Statuses that say only in words more than what is written, and that wait to be written. They are kept in memory and nowhere else. */
export class UnsaidStatuses {
  readonly #entries = new Map<string, Entry>();

  /** What was not written of this version of a workflow. */
  of(key: string, resourceVersion: string): WorkflowStatus | undefined {
    const entry = this.#entries.get(key);
    return entry?.resourceVersion === resourceVersion ? entry.status : undefined;
  }

  /** How long a status may still wait to be written, ms; 0: it is to be written now. `queued`: how many wait for their turn. */
  keep(
    key: string,
    resourceVersion: string,
    status: WorkflowStatus,
    { written, queued, now }: { written: WorkflowStatus | undefined; queued: number; now: number },
  ): number {
    // Not later than now: the clock may have been set back.
    const since = Math.min(this.#entries.get(key)?.since ?? now, now);
    const apart = status.phase === 'Queued' ? queued * SAID_APART_MS : 0;
    const left = isOnlyWords(status, written) ? since + SAID_AFTER_MS + apart - now : 0;
    if (left > 0) this.#entries.set(key, { resourceVersion, status, since });
    else this.#entries.delete(key);
    return Math.max(0, left);
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
