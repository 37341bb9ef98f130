import { sleep, systemClock, type Clock } from './clock.ts';
import { microTime } from './micro-time.ts';

/** The fields of a coordination.k8s.io/v1 Lease that election reads and writes; times are RFC 3339 with microseconds. */
export interface LeaseRecord {
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly acquireTime: string | undefined;
  readonly renewTime: string | undefined;
  readonly leaseTransitions: number;
}

export interface StoredLease extends LeaseRecord {
  readonly resourceVersion: string;
}

/** One Lease object on the server. Every method rejects when `signal` aborts. */
export interface LeasePort {
  get(signal: AbortSignal): Promise<StoredLease | undefined>;
  /** Undefined when it exists already. */
  create(record: LeaseRecord, signal: AbortSignal): Promise<StoredLease | undefined>;
  /** Undefined when it is no longer at `resourceVersion`, or is gone. */
  update(record: LeaseRecord, resourceVersion: string, signal: AbortSignal): Promise<StoredLease | undefined>;
  /** Calls `onChange` with each new state (undefined: deleted) until the stream ends; resolves then. */
  watch(
    resourceVersion: string,
    onChange: (lease: StoredLease | undefined) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface LeaderMetrics {
  /** `leader_election_master_status`. */
  leading(leads: boolean): void;
}

export interface LeaderOptions {
  lease: LeasePort;
  /** Unique to this process: two that share it would both lead. */
  identity: string;
  /** How long others wait after the last renewal they saw, seconds. Default 15. */
  leaseDurationSeconds?: number;
  /** A leader that could not renew for this long stops, seconds; less than the duration. Default 10. */
  renewDeadlineSeconds?: number;
  /** Between renewals and between attempts, seconds. Default 2. */
  retryPeriodSeconds?: number;
  /** Whether all that was written in this term has ended: else the Lease is not given back, and has to run out. Default yes. */
  mayRelease?: () => boolean;
  clock?: Clock;
  random?: () => number;
  metrics?: LeaderMetrics;
  onError?: (error: unknown) => void;
}

export interface Leadership {
  /** Aborts when leadership is lost or the process stops: whatever acts on the cluster must end then. */
  readonly signal: AbortSignal;
  /** `leaseTransitions` of the Lease: greater with each new leader, so it orders what leaders wrote. */
  readonly epoch: number;
  /**
   * True while the last renewal is young enough. Unlike `signal` it is right even when this process slept through its own
   * timers: ask right before an act that cannot be undone. It stays true while the process stops, because the Lease is given
   * back only after the last act.
   */
  readonly isFresh: () => boolean;
}

interface Seen {
  readonly lease: StoredLease;
  /** Monotonic time at which this state was first seen; clocks of other machines are never compared. */
  readonly at: number;
}

/**
 * Leader election on a Lease, as client-go does it, with two differences: a standby watches the Lease instead of polling it,
 * and a leader measures its renew deadline from the moment a renewal was sent, not answered.
 */
export class LeaderElector {
  readonly #options: LeaderOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #durationMs: number;
  readonly #deadlineMs: number;
  readonly #retryMs: number;
  #seen: Seen | undefined;
  #leadership: Leadership | undefined;

  /** Throws RangeError when the three times do not fit each other. */
  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#durationMs = (options.leaseDurationSeconds ?? 15) * 1_000;
    this.#deadlineMs = (options.renewDeadlineSeconds ?? 10) * 1_000;
    this.#retryMs = (options.retryPeriodSeconds ?? 2) * 1_000;
    if (!(this.#durationMs > this.#deadlineMs && this.#deadlineMs > this.#retryMs && this.#retryMs > 0)) {
      throw new RangeError('leader election needs leaseDuration > renewDeadline > retryPeriod > 0');
    }
    // Where nobody ever leads, that is told too.
    options.metrics?.leading(false);
  }

  get leadership(): Leadership | undefined {
    return this.#leadership;
  }

  /** Who holds the Lease as far as this replica has seen; undefined when nobody does. Standbys pass requests on to it. */
  get holder(): string | undefined {
    return this.#seen?.lease.holderIdentity || undefined;
  }

  /**
   * Stands for election until `signal` aborts. Each time it wins, `lead` runs with the leadership and must end soon after
   * its signal aborts; it is awaited before the Lease is given back or sought again, so two runs never overlap. A term after one that was
   * lost has the same epoch where nobody led in between.
   */
  async run(signal: AbortSignal, lead: (leadership: Leadership) => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      const sent = await this.#acquire(signal);
      if (sent !== undefined) await this.#lead(signal, sent, lead);
    }
  }

  async #lead(signal: AbortSignal, sent: number, lead: (leadership: Leadership) => Promise<void>): Promise<void> {
    const lost = new AbortController();
    let renewedAt = sent;
    const stop = (): void => lost.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const isHeld = (): boolean => !lost.signal.aborted || (signal.aborted && lost.signal.reason === signal.reason);
    const leadership: Leadership = {
      signal: lost.signal,
      epoch: this.#seen?.lease.leaseTransitions ?? 0,
      isFresh: () => isHeld() && this.#clock.monotonic() - renewedAt < this.#deadlineMs,
    };
    this.#leadership = leadership;
    this.#options.metrics?.leading(true);
    const renewing = this.#renew(lost, sent, (at) => (renewedAt = at));
    try {
      await lead(leadership);
    } finally {
      const isHeldStill = leadership.isFresh();
      lost.abort(new Error('no longer leading'));
      signal.removeEventListener('abort', stop);
      this.#leadership = undefined;
      this.#options.metrics?.leading(false);
      await renewing;
      if (isHeldStill && (this.#options.mayRelease?.() ?? true)) await this.#release();
    }
  }

  /** Seeks the Lease; returns when (monotonic) the winning request was sent, undefined after an abort. */
  async #acquire(signal: AbortSignal): Promise<number | undefined> {
    while (!signal.aborted) {
      try {
        this.#observe(await this.#options.lease.get(signal));
        const sent = this.#clock.monotonic();
        if (this.#isHeldByOther()) await this.#standBy(signal);
        else if (await this.#write(signal)) return sent;
      } catch (error) {
        if (signal.aborted) return undefined;
        this.#options.onError?.(error);
        await this.#pause(this.#retryMs, signal);
      }
    }
    return undefined;
  }

  /** Watches until the Lease is free, has run out, or the stream ends. */
  async #standBy(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const end = (): void => over.abort();
    signal.addEventListener('abort', end, { once: true });
    let timer = this.#clock.setTimeout(end, this.#untilExpiryMs());
    const version = this.#seen?.lease.resourceVersion ?? '';
    try {
      await this.#options.lease.watch(
        version,
        (lease) => {
          this.#observe(lease);
          timer.cancel();
          if (!this.#isHeldByOther()) return end();
          timer = this.#clock.setTimeout(end, this.#untilExpiryMs());
        },
        over.signal,
      );
      // A stream that ended by itself must not become a busy loop of reads.
      if (!over.signal.aborted) await this.#pause(this.#retryMs, signal);
    } catch (error) {
      if (!over.signal.aborted) throw error;
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', end);
    }
  }

  /** Renews until leadership is lost, which it says by aborting `lost`, or `lost` aborts for another reason. */
  async #renew(lost: AbortController, sentAt: number, renewed: (at: number) => void): Promise<void> {
    let last = sentAt;
    const expire = (): void => lost.abort(new Error('the lease could not be renewed in time'));
    let expiry = this.#clock.setTimeout(expire, last + this.#deadlineMs - this.#clock.monotonic());
    while (!lost.signal.aborted) {
      await this.#pause(this.#retryMs, lost.signal);
      if (lost.signal.aborted) break;
      const sent = this.#clock.monotonic();
      if (sent - last >= this.#deadlineMs) expire();
      else if (await this.#tryRenew(lost)) {
        last = sent;
        renewed(last);
        expiry.cancel();
        expiry = this.#clock.setTimeout(expire, last + this.#deadlineMs - this.#clock.monotonic());
      }
    }
    expiry.cancel();
  }

  async #tryRenew(lost: AbortController): Promise<boolean> {
    const attempt = abortAfter(this.#clock, this.#retryMs * 2, lost.signal);
    try {
      if (await this.#write(attempt.signal)) return true;
      // Somebody changed the object: a new leader, or only a person who set an annotation.
      this.#observe(await this.#options.lease.get(attempt.signal));
      if (this.#isMine()) return await this.#write(attempt.signal);
      lost.abort(new Error('another replica took the lease'));
    } catch (error) {
      if (!lost.signal.aborted) this.#options.onError?.(error);
    } finally {
      attempt.cancel();
    }
    return false;
  }

  /**
   * Gives a Lease that is still ours back, so that the next leader need not wait for it to run out. Never after it could not be renewed in
   * time, or when the end of a write is not known: what was on its way then may still arrive, and others have to wait as after a crash.
   */
  async #release(): Promise<void> {
    const attempt = abortAfter(this.#clock, this.#retryMs);
    try {
      if (await this.#tryRelease(attempt.signal)) return;
      // A renewal that was cut off may have arrived all the same and moved the version.
      this.#observe(await this.#options.lease.get(attempt.signal));
      await this.#tryRelease(attempt.signal);
    } catch (error) {
      this.#options.onError?.(error);
    } finally {
      attempt.cancel();
    }
  }

  async #tryRelease(signal: AbortSignal): Promise<boolean> {
    const held = this.#seen?.lease;
    if (!held || !this.#isMine()) return true;
    const now = microTime(this.#clock.now());
    const { leaseTransitions } = held;
    const record = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions };
    const stored = await this.#options.lease.update(record, held.resourceVersion, signal);
    if (stored) this.#observe(stored);
    return stored !== undefined;
  }

  /** Creates the Lease or makes it ours; false when somebody else was faster. */
  async #write(signal: AbortSignal): Promise<boolean> {
    const now = microTime(this.#clock.now());
    const current = this.#seen?.lease;
    const mine = this.#isMine();
    const record: LeaseRecord = {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: this.#durationMs / 1_000,
      acquireTime: mine ? current?.acquireTime : now,
      renewTime: now,
      leaseTransitions: current ? current.leaseTransitions + (mine ? 0 : 1) : 0,
    };
    const { lease } = this.#options;
    const stored = current
      ? await lease.update(record, current.resourceVersion, signal)
      : await lease.create(record, signal);
    if (stored) this.#observe(stored);
    return stored !== undefined;
  }

  #observe(lease: StoredLease | undefined): void {
    if (lease && lease.resourceVersion === this.#seen?.lease.resourceVersion) return;
    this.#seen = lease && { lease, at: this.#clock.monotonic() };
  }

  #isMine(): boolean {
    return this.#seen?.lease.holderIdentity === this.#options.identity;
  }

  #isHeldByOther(): boolean {
    return this.holder !== undefined && !this.#isMine() && this.#untilExpiryMs() > 0;
  }

  #untilExpiryMs(): number {
    if (!this.#seen) return 0;
    return this.#seen.at + this.#seen.lease.leaseDurationSeconds * 1_000 - this.#clock.monotonic();
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    // A fifth of jitter, as client-go: replicas that were started together do not ask together.
    return sleep(this.#clock, ms * (1 + this.#random() / 5), signal);
  }
}

function abortAfter(clock: Clock, ms: number, parent?: AbortSignal): { signal: AbortSignal; cancel: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort(parent?.aborted ? parent.reason : new Error(`no answer within ${ms} ms`));
  const timer = clock.setTimeout(abort, ms);
  parent?.addEventListener('abort', abort, { once: true });
  const cancel = (): void => {
    timer.cancel();
    parent?.removeEventListener('abort', abort);
  };
  return { signal: controller.signal, cancel };
}
