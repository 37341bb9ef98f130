import { randomBytes } from 'node:crypto';
import { systemClock, type Clock, type Timer } from '../runtime/clock.ts';
import { microTime } from '../runtime/micro-time.ts';
import { ApiError } from './errors.ts';
import type { RestClient } from './rest.ts';

/** The object an Event is about. */
export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string | undefined;
}

export interface EventToRecord {
  readonly type: 'Normal' | 'Warning';
  /** Machine readable, CamelCase; at most 128 characters. */
  readonly reason: string;
  /** What was done or tried, CamelCase: the API asks for one. */
  readonly action: string;
  /** For people; cut to 1 KiB, the API's limit. */
  readonly note: string;
}

export interface RecorderOptions {
  rest: RestClient;
  /** `reportingController`, a qualified name such as `baton.dev/baton`. */
  controller: string;
  /** `reportingInstance`: the pod or host. */
  instance: string;
  clock?: Clock;
  /** Events that wait to be sent; more are dropped and counted. Default 1,000. */
  maxPending?: number;
  /** How often the count of a repeated Event is written, milliseconds. Default 30,000. */
  seriesFlushMs?: number;
  /** Called for each Event that nobody will see, and why. */
  onDropped?: (why: 'full' | 'refused', error?: unknown) => void;
}

interface Series {
  readonly key: string;
  readonly regarding: Regarding;
  readonly event: EventToRecord;
  readonly namespace: string;
  name: string;
  eventTime: string;
  count: number;
  lastMs: number;
  /** Count that the API server knows; 0 before the Event is created. */
  written: number;
  queued: boolean;
}

const EVENTS = { group: 'events.k8s.io', version: 'v1', plural: 'events' };
const NOTE_BYTES = 1_024;
// client-go's: a repeat later than this is news, and begins an Event of its own.
const SERIES_IDLE_MS = 6 * 60_000;
const MAX_SERIES = 4_096;

/**
 * Writes Events (events.k8s.io/v1) in the background, one at a time. The same about the same object again becomes a series on
 * the first Event: its count is written every `seriesFlushMs`. Events are for people; losing one changes nothing.
 */
export class EventRecorder {
  readonly name = 'event recorder';
  readonly #options: RecorderOptions;
  readonly #clock: Clock;
  readonly #series = new Map<string, Series>();
  readonly #pending: Series[] = [];
  readonly #stop = new AbortController();
  #flush: Timer | undefined;
  #sending: Promise<void> | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  async start(): Promise<void> {
    this.#scheduleFlush();
  }

  /** Never waits and never fails. */
  record(regarding: Regarding, event: EventToRecord): void {
    if (this.#stop.signal.aborted) return this.#options.onDropped?.('full');
    const key = JSON.stringify([regarding.uid, event.type, event.reason, event.action, event.note]);
    const now = this.#clock.now();
    const known = this.#series.get(key);
    if (known && now - known.lastMs < SERIES_IDLE_MS) {
      known.count += 1;
      known.lastMs = now;
      return;
    }
    if (this.#pending.length >= (this.#options.maxPending ?? 1_000)) return this.#options.onDropped?.('full');
    const series = newSeries(key, regarding, event, now);
    this.#series.delete(key);
    this.#series.set(key, series);
    this.#evict();
    this.#enqueue(series);
  }

  /** Sends what waits, counts included, for at most one second. */
  async stop(): Promise<void> {
    this.#flush?.cancel();
    const late = Promise.withResolvers<void>();
    const timer = this.#clock.setTimeout(() => (this.#stop.abort(new Error('stopping')), late.resolve()), 1_000);
    await Promise.race([this.#sendLast(), late.promise]);
    timer.cancel();
    this.#stop.abort(new Error('stopped'));
  }

  /** What happened again while its Event was on its way can be counted when that is written. */
  async #sendLast(): Promise<void> {
    await this.#sending;
    if (this.#stop.signal.aborted) return;
    this.#enqueueRepeats();
    await this.#sending;
  }

  #scheduleFlush(): void {
    this.#flush = this.#clock.setTimeout(() => {
      this.#enqueueRepeats();
      this.#scheduleFlush();
    }, this.#options.seriesFlushMs ?? 30_000);
  }

  #enqueueRepeats(): void {
    const now = this.#clock.now();
    for (const [key, series] of this.#series) {
      if (series.written > 0 && series.count > series.written) this.#enqueue(series);
      else if (now - series.lastMs >= SERIES_IDLE_MS) this.#series.delete(key);
    }
  }

  /** The oldest go first; the count they had not written yet is lost with them. */
  #evict(): void {
    for (const key of this.#series.keys()) {
      if (this.#series.size <= MAX_SERIES) return;
      this.#series.delete(key);
    }
  }

  #enqueue(series: Series): void {
    if (series.queued) return;
    series.queued = true;
    this.#pending.push(series);
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
  }

  async #sendAll(): Promise<void> {
    for (let next = this.#pending.shift(); next; next = this.#pending.shift()) {
      next.queued = false;
      try {
        await this.#send(next);
      } catch (error) {
        this.#options.onDropped?.('refused', error);
        // Nobody has seen it, so the same again is news and no repeat.
        if (next.written === 0 && this.#series.get(next.key) === next) this.#series.delete(next.key);
      }
      if (this.#stop.signal.aborted) return;
    }
  }

  async #send(series: Series): Promise<void> {
    const { rest } = this.#options;
    const { count, namespace, name } = series;
    const signal = this.#stop.signal;
    if (series.written > 0) {
      try {
        const lastObservedTime = microTime(series.lastMs);
        await rest.patch({ ...EVENTS, namespace, name }, 'merge', { series: { count, lastObservedTime } }, { signal });
        series.written = count;
        return;
      } catch (error) {
        // The API server keeps Events for an hour: what went on longer begins a new one.
        if (!(error instanceof ApiError && error.notFound)) throw error;
        Object.assign(series, { name: eventName(series.regarding), eventTime: microTime(series.lastMs), count: 1 });
      }
    }
    await rest.create({ ...EVENTS, namespace }, this.#body(series), { signal });
    series.written = 1;
  }

  #body({ regarding, event, namespace, name, eventTime }: Series): unknown {
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace, name },
      eventTime,
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance,
      action: event.action,
      reason: event.reason,
      regarding,
      note: event.note,
      type: event.type,
    };
  }
}

function newSeries(key: string, regarding: Regarding, event: EventToRecord, now: number): Series {
  return {
    key,
    regarding,
    event: { ...event, note: cut(event.note) },
    // Events about cluster-scoped objects live in `default`; the API server refuses them elsewhere.
    namespace: regarding.namespace ?? 'default',
    name: eventName(regarding),
    eventTime: microTime(now),
    count: 1,
    lastMs: now,
    written: 0,
    queued: false,
  };
}

/** Names of objects may be 253 characters long, the Event's too. */
function eventName(regarding: Regarding): string {
  return `${regarding.name.slice(0, 230)}.${randomBytes(8).toString('hex')}`;
}

function cut(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= NOTE_BYTES) return note;
  // A multi-byte character torn at the end decodes to U+FFFD, which is dropped.
  return `${bytes.toString('utf8', 0, NOTE_BYTES - 3).replace(/\uFFFD+$/, '')}…`;
}
