import { randomBytes } from 'node:crypto';
import { RowQueue } from './queue.ts';
import { type Answer, type Batch, type Decision, packed, type Request, type Series, type ThreadData } from './rows.ts';

/** The history must not be written there: a mistake in the settings, which the message tells from "given" on. */
export class HistoryRefused extends Error {
  override name = 'HistoryRefused';
}

/** A thread, as worker_threads has it. */
export interface Thread {
  postMessage(request: Request): void;
  on(event: 'message', listener: (answer: Answer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  terminate(): Promise<unknown>;
}

export interface RecorderOptions extends ThreadData {
  readonly startThread: (data: ThreadData) => Thread;
  readonly now: () => number;
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void };
  readonly onWritten: (table: keyof Batch, rows: number) => void;
  readonly onDropped: (table: keyof Batch, rows: number) => void;
  /** How much may wait in memory. */
  readonly limits?: { readonly points: number; readonly decisions: number };
  /** A disk that does not answer holds up neither the start nor a reader for longer than `answerMs`; nor a stop for longer than `lastRowsMs`. */
  readonly patience?: Partial<Patience>;
}

interface Patience {
  readonly answerMs: number;
  readonly lastRowsMs: number;
}

/** About 60 bytes a point and 1 KB a decision: what a thousand services make in some minutes. */
const LIMITS = { points: 20_000, decisions: 2_000 };
/** Rows wait this long for others, ms. */
const GATHER_MS = 1_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_LONGEST_MS = 60_000;
const PATIENCE: Patience = { answerMs: 10_000, lastRowsMs: 1_500 };
/** Of the evidence of one decision, characters. */
const LONGEST_INPUTS = 4_096;

/** The operator's end: sends rows to the thread, one batch at a time, and keeps what waits within bounds. */
export class HistoryRecorder {
  readonly name = 'history';
  readonly #options: RecorderOptions;
  readonly #queue: RowQueue;
  readonly #patience: Patience;
  readonly #reads = new Map<number, (series: Series) => void>();
  /** Two runs of the program must not give one id to two decisions. */
  readonly #run = randomBytes(6).toString('base64url');
  readonly #opened = Promise.withResolvers<void>();
  readonly #drained = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #thread: Thread | undefined;
  #unanswered: Batch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = RETRY_FIRST_MS;
  #count = 0;
  #stopping = false;
  #failing = false;
  #bytes: number | undefined;
  #lastErrorAt: number | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#queue = new RowQueue(options.limits ?? LIMITS, options.onDropped);
    this.#patience = { ...PATIENCE, ...options.patience };
  }

  /** What the files take, as far as is known, and when something last went wrong, ms since the epoch. */
  get figures(): { readonly bytes: number | undefined; readonly lastErrorAt: number | undefined } {
    return { bytes: this.#bytes, lastErrorAt: this.#lastErrorAt };
  }

  appendLoad(key: string, at: number, value: number): void {
    // Neither is a number that a row can have, and one of them would cost the whole batch.
    if (!Number.isFinite(value) || !Number.isFinite(at)) return;
    this.#queue.addPoint({ key, at: Math.round(at), value });
    this.#gather();
  }

  recordDecision({ namespace, confidence, inputs, ...decision }: Decision): void {
    this.#queue.addDecision({
      ...decision,
      id: `${this.#run}-${(this.#count++).toString(36)}`,
      namespace: namespace ?? null,
      confidence: confidence ?? null,
      inputs: jsonOf(inputs),
    });
    this.#gather();
  }

  /** Points at or after `since`, ms since the epoch, oldest first; nothing when there is no answer. */
  loadSeries(key: string, since: number): Promise<Series> {
    if (!this.#thread || this.#stopping) return Promise.resolve(nothing());
    const id = this.#count++;
    const { promise, resolve } = Promise.withResolvers<Series>();
    const timer = setTimeout(() => this.#give(id, nothing()), this.#patience.answerMs).unref();
    this.#reads.set(id, (series) => (clearTimeout(timer), resolve(series)));
    this.#ask({ kind: 'load', id, key, since });
    return promise;
  }

  /**
   * Resolves when the file is open, or could not be opened for now.
   * @throws {HistoryRefused}
   */
  async start(): Promise<void> {
    this.#begin();
    const { answerMs } = this.#patience;
    const timer = setTimeout(() => {
      this.#fail(`no answer within ${answerMs} ms`);
      this.#opened.resolve();
    }, answerMs);
    try {
      await this.#opened.promise;
    } catch (error) {
      this.#stopping = true;
      await this.#thread?.terminate();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Writes what is left, for as long as there is time. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, this.#patience.lastRowsMs);
    if (!this.#failing) this.#send();
    this.#drain();
    await Promise.race([this.#drained.promise, late.promise]);
    this.#ask({ kind: 'close' });
    if (this.#thread) await Promise.race([this.#ended.promise, late.promise]);
    clearTimeout(timer);
    await this.#thread?.terminate();
  }

  #begin(): void {
    const { startThread, path, retentionMs, maxBytes } = this.#options;
    const thread = startThread({ path, retentionMs, maxBytes });
    this.#thread = thread;
    thread.on('message', (answer) => this.#take(answer));
    thread.on('error', (error) => this.#fail(error.message));
    thread.on('exit', () => this.#end());
  }

  #take(answer: Answer): void {
    switch (answer.kind) {
      case 'opened':
      case 'unavailable':
      case 'refused':
        return this.#open(answer);
      case 'written':
        return this.#written(answer.bytes);
      case 'tidied':
        this.#bytes = answer.bytes;
        return undefined;
      case 'failed':
        return this.#failed(answer.why, answer.again);
      case 'series':
        return this.#give(answer.id, answer.series);
      case 'warning':
        this.#lastErrorAt = this.#options.now();
        return this.#options.log.warn({}, answer.message);
      case 'closed':
        return this.#ended.resolve();
    }
  }

  #open(answer: Extract<Answer, { kind: 'opened' | 'unavailable' | 'refused' }>): void {
    if (answer.kind === 'opened') this.#bytes = answer.bytes;
    else this.#fail(answer.why);
    if (answer.kind === 'refused') this.#opened.reject(new HistoryRefused(answer.why));
    this.#opened.resolve();
    // A thread that took the place of one that ended.
    if (this.#unanswered) this.#post(this.#unanswered);
  }

  #written(bytes: number): void {
    this.#bytes = bytes;
    this.#retryMs = RETRY_FIRST_MS;
    if (this.#failing) this.#options.log.info({}, 'the history is written again');
    this.#failing = false;
    this.#settle(this.#options.onWritten);
  }

  #failed(why: string, again: boolean): void {
    this.#fail(why);
    if (again) return this.#later(() => this.#unanswered && this.#post(this.#unanswered));
    this.#settle(this.#options.onDropped);
  }

  /** The batch that was under way is done with. */
  #settle(count: (table: keyof Batch, rows: number) => void): void {
    const { points = [], decisions = [] } = this.#unanswered ?? {};
    this.#unanswered = undefined;
    if (points.length > 0) count('points', points.length);
    if (decisions.length > 0) count('decisions', decisions.length);
    if (this.#stopping || this.#queue.isBatch) this.#send();
    else if (!this.#queue.isEmpty) this.#gather();
    this.#drain();
  }

  #drain(): void {
    const isDone = this.#failing || (this.#queue.isEmpty && !this.#unanswered);
    if (this.#stopping && isDone) this.#drained.resolve();
  }

  #end(): void {
    this.#thread = undefined;
    this.#ended.resolve();
    for (const id of this.#reads.keys()) this.#give(id, nothing());
    if (this.#stopping) return this.#drained.resolve();
    this.#fail('its thread ended');
    this.#opened.resolve();
    this.#later(() => this.#begin());
  }

  #gather(): void {
    const { isBatch } = this.#queue;
    if (this.#unanswered || this.#stopping || (this.#timer && !isBatch)) return;
    clearTimeout(this.#timer);
    // Not here and now: whoever decides goes on first.
    this.#timer = setTimeout(() => this.#send(), isBatch ? 0 : GATHER_MS).unref();
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#thread || this.#unanswered || this.#queue.isEmpty) return;
    this.#unanswered = this.#queue.take();
    this.#post(this.#unanswered);
  }

  #post(batch: Batch): void {
    this.#ask({ kind: 'write', parcel: packed(batch) });
  }

  #ask(request: Request): void {
    this.#thread?.postMessage(request);
  }

  #later(retry: () => void): void {
    if (this.#stopping) return this.#drain();
    setTimeout(() => !this.#stopping && retry(), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LONGEST_MS);
  }

  #give(id: number, series: Series): void {
    this.#reads.get(id)?.(series);
    this.#reads.delete(id);
  }

  /** Told once until it goes well again. */
  #fail(why: string): void {
    this.#lastErrorAt = this.#options.now();
    if (this.#failing) return;
    this.#failing = true;
    this.#options.log.warn(
      { path: this.#options.path, error: why },
      'the history cannot be written; it goes on without, and tries again',
    );
  }
}

const nothing = (): Series => ({ at: new Float64Array(), value: new Float64Array() });

function jsonOf(inputs: unknown): string {
  const text = JSON.stringify(inputs) ?? 'null';
  return text.length <= LONGEST_INPUTS
    ? text
    : JSON.stringify({ characters: text.length, begin: text.slice(0, LONGEST_INPUTS / 2) });
}
