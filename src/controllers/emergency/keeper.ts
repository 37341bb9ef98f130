import type { OrchestrationSpec, OrchestrationStatus } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { parseDuration } from '../../domain/duration.ts';
import {
  deriveEmergency,
  type Emergency,
  type EmergencyInput,
  isAtRest,
  ordersOf,
} from '../../domain/emergency/derive.ts';
import { annotationsOf, type Hold, holdOf } from '../../domain/emergency/hold.ts';
import { type DueStep, dueSteps, type Step, writeOf } from '../../domain/emergency/next.ts';
import { type Problem, readHalt } from '../../domain/emergency/status.ts';
import { deepEqual } from '../../domain/equal.ts';
import type { LiveWorkload } from '../../domain/guard/facts.ts';
import { emergencyOf } from '../../domain/orchestration/policy.ts';
import type { WorkloadSnapshot } from '../../domain/snapshot.ts';
import type { Actor } from '../acts/actor.ts';
import type { ActOutcome } from '../acts/ports.ts';
import type { Result } from '../ports.ts';
import type { CachedService } from '../service/caches.ts';
import { inOrder } from './in-order.ts';
import { isAnythingHeld, type KnownSubject, type SubjectSources, subjectsOf, type Written } from './subjects.ts';

export interface KeeperOptions extends Omit<SubjectSources, 'written'> {
  /** The namespace that Baton runs in. */
  readonly ownNamespace: string;
  readonly policy: () => OrchestrationSpec;
  /** Of Orchestration/default, as last written. */
  readonly status: () => OrchestrationStatus | undefined;
  readonly rules: () => EmergencyInput['rules'];
  /** Those that have begun and not ended. */
  readonly workflows: () => EmergencyInput['workflows'];
  readonly actor: Pick<Actor, 'carryOut'>;
  /** A service with its status as last written. */
  readonly latest: (key: string) => CachedService | undefined;
  readonly isNewer: (a: string, b: string) => boolean;
  readonly now: () => number;
  readonly monotonic: () => number;
}

/** Requests under way at once: the API server is the limit, not the way to it. */
const WORKERS = 32;
/** How soon to look again while services come back, and after somebody was faster. */
const AGAIN_MS = 200;
/** What the API server refused is tried again after this. */
const REFUSED_RETRY_MS = 30_000;
/** What got no answer is tried again after this. */
const FAILED_RETRY_MS = 1_000;

/**
 * Keeps workloads as halts and planned stops want them: takes them down in order, and gives them back. What is to be done follows from the
 * written status and from what each workload says of itself, and never from what this process remembers.
 */
export class EmergencyKeeper {
  readonly #options: KeeperOptions;
  readonly #written = new Map<string, Written>();
  readonly #refused = new Map<string, { readonly problem: Problem; readonly retryAt: number }>();
  /** Since when others wait for the health of a service, by the monotonic clock. */
  readonly #awaitedSince = new Map<string, number>();
  #tokens = { left: 0, at: -Infinity };
  #isStopping = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Services are being stopped just now: everything else can wait. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** What the next status says. */
  look(previous: OrchestrationStatus | undefined): Emergency {
    const { policy, ownNamespace, now } = this.#options;
    const problems = [...this.#refused.values()].map(({ problem }) => problem);
    const rules = this.#options.rules();
    const isQuiet = isAtRest({ policy: policy(), rules, previous }) && !this.#isAnythingHeld();
    return deriveEmergency({
      policy: policy(),
      ownNamespace,
      // Most of the time nothing follows from them, and there are thousands.
      subjects: isQuiet ? [] : this.#subjects(),
      rules,
      workflows: isQuiet ? [] : this.#options.workflows(),
      problems,
      previous,
      now: now(),
    });
  }

  /** Does what the written status asks for. */
  async carryOut(signal: AbortSignal): Promise<Result> {
    const { policy, ownNamespace, status } = this.#options;
    const subjects = this.#subjects();
    const halt = readHalt(status()?.halt);
    const { taking, givingBack } = dueSteps(subjects, ordersOf(policy(), ownNamespace, halt));
    if (taking.length + givingBack.length === 0) {
      this.#forget();
      return { kind: 'done' };
    }
    const again = await this.#take(taking as readonly Due[], signal);
    const more = await this.#giveBack(givingBack as readonly Due[], subjects, signal);
    const ms = Math.min(again, more);
    return ms === Infinity ? { kind: 'done' } : { kind: 'requeueAfter', ms };
  }

  /** Another replica led in between. */
  reset(): void {
    this.#forget();
    this.#written.clear();
  }

  #forget(): void {
    this.#refused.clear();
    this.#awaitedSince.clear();
  }

  #isAnythingHeld(): boolean {
    // What was written and has not come back yet is known by `subjects` alone.
    return this.#written.size > 0 || isAnythingHeld(this.#options);
  }

  #subjects(): KnownSubject[] {
    const known = new Set<string>();
    const written = (workload: WorkloadSnapshot): Written | undefined => {
      known.add(workload.uid);
      return this.#writtenOf(workload);
    };
    const subjects = subjectsOf({ ...this.#options, written });
    // Of what is gone, or has everything back and nobody to look after it, no echo is waited for.
    for (const uid of this.#written.keys()) if (!known.has(uid)) this.#written.delete(uid);
    return subjects;
  }

  #writtenOf({ uid, resourceVersion }: WorkloadSnapshot): Written | undefined {
    const written = this.#written.get(uid);
    if (written === undefined || this.#options.isNewer(written.resourceVersion, resourceVersion)) return written;
    this.#written.delete(uid);
    return undefined;
  }

  async #take(due: readonly Due[], signal: AbortSignal): Promise<number> {
    const ready = due.filter(({ subject }) => this.#mayTry(subject.key));
    const later = due.length > ready.length ? REFUSED_RETRY_MS : Infinity;
    if (ready.length === 0) return later;
    this.#isStopping = true;
    try {
      const dependants = dependantsAmong(ready);
      const again = await inOrder(
        ready,
        (one) => dependants.get(one) ?? [],
        WORKERS,
        (one) => this.#do(one, 'Halt', signal),
      );
      return Math.min(...again, later);
    } finally {
      this.#isStopping = false;
    }
  }

  /** As many as the rate allows; what needs another one waits until that is back and well, or was back long enough. */
  async #giveBack(due: readonly Due[], subjects: readonly KnownSubject[], signal: AbortSignal): Promise<number> {
    if (due.length === 0) return Infinity;
    const places = new Map(due.map(({ subject }, index) => [subject.key, index]));
    const byKey = new Map(subjects.map((subject) => [subject.key, subject]));
    const free = due.filter(
      ({ subject }, index) =>
        this.#mayTry(subject.key) && subject.dependsOn.every((key) => this.#isBack(byKey.get(key), index, places)),
    );
    const now = free.slice(0, this.#allowed());
    this.#tokens.left -= now.length;
    await inOrder(
      now,
      () => [],
      WORKERS,
      (one) => this.#do(one, 'Resume', signal),
    );
    return AGAIN_MS;
  }

  /** Whether a service need not wait for what it needs. In a circle the one that comes first waits for nobody. */
  #isBack(needed: KnownSubject | undefined, index: number, places: ReadonlyMap<string, number>): boolean {
    if (needed === undefined) return true;
    const { key } = needed;
    const place = places.get(key);
    if (place !== undefined) return place >= index || this.#refused.has(key);
    if (isWell(needed, this.#options.latest(key))) {
      this.#awaitedSince.delete(key);
      return true;
    }
    const { monotonic, policy } = this.#options;
    const since = this.#awaitedSince.get(key) ?? monotonic();
    this.#awaitedSince.set(key, since);
    return monotonic() - since >= parseDuration(emergencyOf(policy()).resumePatience);
  }

  /** How many may come back now. */
  #allowed(): number {
    const { policy, monotonic } = this.#options;
    const perSecond = emergencyOf(policy()).resumePerSecond;
    const most = Math.max(1, (perSecond * AGAIN_MS) / 1_000);
    const at = monotonic();
    const left = Math.min(most, this.#tokens.left + ((at - this.#tokens.at) / 1_000) * perSecond);
    this.#tokens = { left, at };
    return Math.floor(left);
  }

  #mayTry(key: string): boolean {
    const refused = this.#refused.get(key);
    return refused === undefined || this.#options.monotonic() >= refused.retryAt;
  }

  /** When to look again, ms. */
  async #do({ subject, step }: Due, cause: 'Halt' | 'Resume', signal: AbortSignal): Promise<number> {
    const { target, service, workload } = subject;
    if (target === undefined) return Infinity;
    const act = { type: 'Scale', target, ...writeOf(step), isRemembered: true } as const;
    const before = workload?.hold;
    const isTwoWrites = target.apiVersion !== 'apps/v1';
    const proposal = {
      act,
      cause,
      service,
      recheck: ({ annotations }: LiveWorkload) =>
        isTwoWrites || deepEqual(holdOf(annotations), before) ? undefined : 'the workload is held otherwise by now',
    };
    const { uid, resourceVersion, terminating, desired } = target;
    const seen = isTwoWrites
      ? undefined
      : { uid, resourceVersion, terminating, replicas: desired, annotations: heldAs(before) };
    try {
      let outcome = await this.#options.actor.carryOut({ ...proposal, ...(seen && { seen }) }, signal);
      // Somebody wrote since the cache heard of it, often only a status: what is so by now decides.
      if (outcome.kind === 'conflict' && seen) outcome = await this.#options.actor.carryOut(proposal, signal);
      return this.#settle(subject, step, outcome);
    } catch (error) {
      signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      return this.#trouble(subject.key, 'TargetUnavailable', message, FAILED_RETRY_MS);
    }
  }

  #settle({ key, target }: KnownSubject, step: Step, outcome: ActOutcome): number {
    switch (outcome.kind) {
      case 'written': {
        this.#refused.delete(key);
        const { resourceVersion } = outcome;
        const { to: replicas } = writeOf(step);
        if (target) this.#written.set(target.uid, { resourceVersion, replicas, hold: holdAfter(step, target.hold) });
        return Infinity;
      }
      case 'conflict':
        return AGAIN_MS;
      case 'already':
      case 'gone':
        return FAILED_RETRY_MS;
      case 'refused':
      case 'blocked':
        return this.#trouble(key, 'ScalingRefused', outcome.message, REFUSED_RETRY_MS);
      case 'forbidden': {
        const { verb, resource } = outcome;
        return this.#trouble(key, 'Forbidden', `Baton may not ${verb} ${resource}`, REFUSED_RETRY_MS);
      }
      case 'objected':
        return this.#trouble(key, outcome.reason, outcome.message, REFUSED_RETRY_MS);
    }
  }

  #trouble(service: string, reason: Reason, evidence: string, retryMs: number): number {
    const problem = { service, reason, message: evidence.slice(0, 512).toWellFormed() };
    this.#refused.set(service, { problem, retryAt: this.#options.monotonic() + retryMs });
    return retryMs;
  }
}

interface Due extends DueStep {
  readonly subject: KnownSubject;
}

/** By what is stopped: who needs it and is stopped before. */
function dependantsAmong(due: readonly Due[]): ReadonlyMap<Due, readonly Due[]> {
  const byKey = new Map(due.map((one, index) => [one.subject.key, { one, index }]));
  const dependants = new Map<Due, Due[]>();
  for (const [index, one] of due.entries()) {
    for (const key of one.subject.dependsOn) {
      const needed = byKey.get(key);
      if (needed === undefined || needed.index <= index) continue;
      const known = dependants.get(needed.one) ?? [];
      dependants.set(needed.one, [...known, one]);
    }
  }
  return dependants;
}

/** The status was derived since the workload has these replicas, and all is well with them. */
function isWell({ target }: KnownSubject, service: CachedService | undefined): boolean {
  const status = service?.status;
  if (target === undefined || status === undefined) return false;
  if (target.desired === 0) return true;
  const { replicas, phase, health } = status;
  return replicas?.desired === target.desired && phase === 'Running' && (health === 'Healthy' || health === 'Warning');
}

/** The annotations that say it. */
function heldAs(hold: Hold | undefined): Record<string, string> {
  if (hold?.original === undefined) return {};
  const entries = Object.entries(annotationsOf(hold.id, hold.original, hold.to));
  return Object.fromEntries(entries.flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}

function holdAfter(step: Step, before: Hold | undefined): Hold | undefined {
  switch (step.kind) {
    case 'Take':
    case 'FinishTaking':
      return { id: step.id, original: step.from, to: step.to };
    case 'Remember':
      return { id: step.id, original: step.original, to: 0 };
    case 'PassOn':
      return { id: step.id, original: step.original, to: before?.to ?? 0 };
    case 'GiveBack':
    case 'LetGo':
      return undefined;
  }
}
