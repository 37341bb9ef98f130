import { existsSync } from 'node:fs';
import { type Answer, type Batch, type Request, type Series, type ThreadData, unpacked } from './rows.ts';
import { damaged, full, moveAside, passing, RefusedFile, SqliteHistory } from './sqlite.ts';

/** How often what is too old is deleted, ms. */
const PRUNE_MS = 3_600_000;

type Tell = (answer: Answer, transfer?: ArrayBuffer[]) => void;

/**
 * Keeps the file open, and opens it again after every failure: a disk that comes back needs nothing else. Answers one request at a time and
 * never rejects.
 */
export class Keeper {
  readonly #data: ThreadData;
  readonly #tell: Tell;
  #open: SqliteHistory | undefined;
  #prunedAt = -Infinity;
  #tidying: AsyncGenerator<void> | undefined;
  /** A thousand series that cannot be read are one line. */
  #toldUnreadable = false;

  constructor(data: ThreadData, tell: Tell) {
    this.#data = data;
    this.#tell = tell;
  }

  async begin(): Promise<void> {
    try {
      const { bytes } = await this.#history();
      this.#tell({ kind: 'opened', bytes });
    } catch (error) {
      this.#tell({ kind: error instanceof RefusedFile ? 'refused' : 'unavailable', why: wordsOf(error) });
    }
  }

  /** Resolves with whether it was the last one. */
  async answer(request: Request): Promise<boolean> {
    switch (request.kind) {
      case 'write':
        await this.#write(unpacked(request.parcel));
        return false;
      case 'load':
        await this.#load(request.id, request.key, request.since);
        return false;
      case 'close':
        this.#close();
        this.#tell({ kind: 'closed' });
        return true;
    }
  }

  async #write(batch: Batch): Promise<void> {
    try {
      await this.#keep(batch);
      this.#tell({ kind: 'written', bytes: this.#open?.bytes ?? 0 });
    } catch (error) {
      this.#tell({ kind: 'failed', why: wordsOf(error), again: passing(error) || error instanceof RefusedFile });
      return;
    }
    this.#tidying ??= this.#untidy();
  }

  /** Whether there is something to do while nobody asks for anything. */
  get isTidying(): boolean {
    return this.#tidying !== undefined;
  }

  /** A step of tidying up: some ten milliseconds. */
  async tidy(): Promise<void> {
    try {
      const step = await this.#tidying?.next();
      if (step?.done !== true) return;
      this.#tidying = undefined;
      this.#tell({ kind: 'tidied', bytes: this.#open?.bytes ?? 0 });
    } catch (error) {
      this.#close();
      this.#tell({ kind: 'warning', message: `the history could not be tidied up: ${wordsOf(error)}` });
    }
  }

  async #keep(batch: Batch): Promise<void> {
    const history = await this.#history();
    try {
      await history.store.write(batch);
    } catch (error) {
      // Where the disk is full of other things, deleting what we have would go on until nothing is left.
      if (full(error) && history.crowded) {
        for await (const _ of history.trim());
        return await history.store.write(batch);
      }
      this.#close();
      if (!damaged(error)) throw error;
      this.#replace(error);
      await (await this.#history()).store.write(batch);
    }
  }

  async #load(id: number, key: string, since: number): Promise<void> {
    let series: Series = { at: new Float64Array(), value: new Float64Array() };
    try {
      series = await (await this.#history()).store.loadSeries(key, since);
      this.#toldUnreadable = false;
    } catch (error) {
      this.#close();
      this.#tellUnreadable(key, error);
    }
    this.#tell({ kind: 'series', id, series }, [series.at.buffer as ArrayBuffer, series.value.buffer as ArrayBuffer]);
  }

  #tellUnreadable(key: string, error: unknown): void {
    let why = error;
    try {
      if (damaged(error)) return this.#replace(error);
    } catch (stuck) {
      why = stuck;
    }
    if (this.#toldUnreadable) return;
    this.#toldUnreadable = true;
    this.#tell({ kind: 'warning', message: `the history of ${key} could not be read: ${wordsOf(why)}` });
  }

  async #history(): Promise<SqliteHistory> {
    if (this.#open) return this.#open;
    try {
      this.#open = await SqliteHistory.open(this.#data);
    } catch (error) {
      if (!damaged(error)) throw error;
      this.#replace(error);
      this.#open = await SqliteHistory.open(this.#data);
    }
    return this.#open;
  }

  #replace(error: unknown): void {
    const { path } = this.#data;
    if (!existsSync(path)) return;
    const aside = moveAside(path);
    this.#tell({
      kind: 'warning',
      message: `the history in ${path} is damaged (${wordsOf(error)}); it is now ${aside}, and a new one is begun`,
    });
  }

  /** What is to be done now so that the file stays small and its rows young; undefined where that is nothing. */
  #untidy(): AsyncGenerator<void> | undefined {
    const history = this.#open;
    if (history === undefined) return undefined;
    const now = Date.now();
    // A clock that was set back must not put it off.
    const isDue = Math.abs(now - this.#prunedAt) >= PRUNE_MS;
    if (!isDue && !history.crowded) return undefined;
    if (isDue) this.#prunedAt = now;
    return tidied(history, isDue ? now - this.#data.retentionMs : undefined);
  }

  #close(): void {
    const history = this.#open;
    this.#open = undefined;
    this.#tidying = undefined;
    try {
      history?.close();
    } catch (error) {
      this.#tell({ kind: 'warning', message: `the history could not be closed: ${wordsOf(error)}` });
    }
  }
}

async function* tidied(history: SqliteHistory, before: number | undefined): AsyncGenerator<void> {
  if (before !== undefined) yield* history.store.prune(before);
  if (history.crowded) yield* history.trim();
  else yield* history.release();
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
