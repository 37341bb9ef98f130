import type { ScaleAct } from '../../domain/guard/act.ts';
import type { WorkloadSnapshot } from '../../domain/snapshot.ts';
import { carriesKept, STARTUP_REPLICAS } from '../../domain/startup/kept.ts';
import { startupRules } from '../../domain/startup/rules.ts';
import { isToBeDown, isToBeRaised, readStartup, type StartupState, writeStartup } from '../../domain/startup/state.ts';
import { type StartupFacts, step, type WorkloadFacts } from '../../domain/startup/step.ts';
import {
  type Fleet,
  isPassed,
  type Member,
  memberOf,
  noWaits,
  rollbackOf,
  type Waits,
  waitsOf,
} from '../../domain/startup/waits.ts';
import { conditionOf, toldOf } from '../../domain/startup/words.ts';
import type { Held } from '../../domain/status/part.ts';
import type { Actor } from '../acts/actor.ts';
import type { ActOutcome } from '../acts/ports.ts';
import type { Situations } from '../acts/situations.ts';
import type { CachedService } from '../service/caches.ts';
import type { Part, PartAnswer, PartLook } from '../service/parts.ts';

export interface StarterOptions {
  readonly actor: Pick<Actor, 'carryOut'>;
  readonly situations: Pick<Situations, 'of'>;
  /** Services with the status that was last written: of a namespace, those with spec.startup. */
  readonly services: {
    latest(key: string): CachedService | undefined;
    startingIn(namespace: string): Iterable<CachedService>;
    dependantsOf(key: string): Iterable<CachedService>;
  };
  readonly sees: (namespace: string) => boolean;
  readonly enqueue: (key: string) => void;
  readonly now: () => number;
}

/** After an act the watch wakes the key; this is for a watch that is behind, and for what was refused. */
const ACT_AGAIN_MS = 1_000;
const REFUSED_AGAIN_MS = 10_000;
/** So many of a phase are named where they are waited for. */
const FEW = 3;

const NOTHING: PartAnswer = { findings: { status: {}, conditions: [], told: [] }, lookAgainInMs: Infinity };

/** Starts services in the order of spec.startup: holds them at zero until it is their turn, raises them then, and takes them back when that is asked. */
export class Starter implements Part {
  readonly #options: StarterOptions;
  readonly #fleet: Fleet;
  /** Each look goes over all services of a namespace: they are read once for each status and spec. */
  readonly #members = new Map<string, Pick<CachedService, 'spec' | 'status'> & { readonly member: Member }>();
  /** What others go by, as it was when they were last told. */
  readonly #told = new Map<string, string>();
  /** Acts that were refused, until one is not: told once. */
  readonly #refused = new Map<string, string>();

  constructor(options: StarterOptions) {
    this.#options = options;
    const { services, sees } = options;
    this.#fleet = {
      sees,
      members: (namespace) => this.#membersOf(services.startingIn(namespace)),
      dependantsOf: (key) => this.#membersOf(services.dependantsOf(key)),
    };
  }

  look(look: PartLook): PartAnswer | Promise<PartAnswer> | undefined {
    const { service, target, key } = look;
    const { startup } = service.spec;
    const before = readStartup(service.status?.startup);
    const workload = target.state === 'Found' ? target.workload : undefined;
    const isGoing = service.metadata.deletionTimestamp !== undefined;
    // What cannot be read just now is still held, and nothing follows from it.
    if (target.state === 'Absent' && UNREAD.has(target.reason)) return before && standing(service);
    if (startup === undefined || isGoing) {
      const count = workload && countToReturn(before, workload);
      return workload === undefined || count === undefined ? undefined : this.#giveBack(look, workload, count);
    }
    if (workload?.terminating === true) return standing(service);
    const now = this.#options.now();
    const waits =
      before?.state === 'Started'
        ? noWaits(look.dependencies)
        : waitsOf(this.#member(service), look.dependencies, this.#fleet, now);
    const held = this.#heldBack(look);
    const facts = this.#facts(look, workload, waits, held);
    // One owner at a time: time and events pass over what somebody with more authority has.
    const after = look.held === undefined ? step(before, facts) : before;
    const act = workload && held === undefined ? actOf(before, after, workload, look.isSafe) : undefined;
    if (act === undefined) {
      this.#refused.delete(key);
      return this.#answer(look, before, after, facts, waits, held);
    }
    return this.#act(look, act).then((outcome) =>
      this.#answer(look, before, after, facts, waits, refusalOf(outcome) ?? held, outcome),
    );
  }

  /** Others wait for what was written now. */
  wasTold(key: string): void {
    const { services, enqueue, now } = this.#options;
    const service = services.latest(key);
    if (service?.spec.startup === undefined) {
      this.forget(key);
      return;
    }
    const member = this.#member(service);
    const { state, rules } = member;
    if (state?.state === 'Starting' || state?.state === 'Failed') if (isUp(service)) enqueue(key);
    const mark = `${state?.state} ${state?.downAt} ${state?.replicas} ${state?.generation} ${isPassed(member, now())}`;
    const last = this.#told.get(key);
    if (last === mark) return;
    this.#told.set(key, mark);
    const isEnd =
      last?.startsWith('Failed') === true ||
      state?.state === 'Failed' ||
      state?.downAt !== undefined ||
      this.#rollsBack(service.namespace);
    const left = [...this.#fleet.members(service.namespace)].filter(
      (other) => other.rules?.phase === rules?.phase && !isPassed(other, now()),
    ).length;
    if (isEnd || left <= FEW) this.#wake(service.namespace, key);
  }

  forget(key: string): void {
    this.#refused.delete(key);
    this.#members.delete(key);
    if (this.#told.delete(key)) this.#wake(key.slice(0, key.indexOf('/')), key);
  }

  #member(service: CachedService): Member {
    const { namespace, name, spec, status } = service;
    const key = `${namespace}/${name}`;
    const known = this.#members.get(key);
    // Another generation is another spec; so is another object of that name.
    if (known?.spec === spec && known.status === status) return known.member;
    const member = memberOf(service);
    if (spec.startup !== undefined) this.#members.set(key, { spec, ...(status && { status }), member });
    return member;
  }

  *#membersOf(services: Iterable<CachedService>): Generator<Member> {
    for (const service of services) if (service.metadata.deletionTimestamp === undefined) yield this.#member(service);
  }

  #wake(namespace: string, but: string): void {
    for (const { key, state } of this.#fleet.members(namespace))
      if (key !== but && state !== undefined) this.#options.enqueue(key);
  }

  #rollsBack(namespace: string): boolean {
    for (const { state } of this.#fleet.members(namespace)) if (state?.state === 'RolledBack') return true;
    return false;
  }

  /** Why nothing may be done, in the order in which a person would want to know. */
  #heldBack({ service, held }: PartLook): Held | undefined {
    if (held !== undefined) return held;
    const { mode } = service.spec;
    if (mode === 'Observe') return { reason: 'ObserveOnly', message: 'mode is Observe' };
    if (mode === 'Recommend') return { reason: 'RecommendOnly', message: 'mode is Recommend' };
    const { locked, maintenance } = this.#options.situations.of(service);
    if (locked.serving !== undefined) return { reason: 'TargetLocked', message: locked.serving };
    return maintenance === undefined ? undefined : { reason: 'MaintenanceWindow', message: maintenance };
  }

  #facts(look: PartLook, workload: WorkloadSnapshot | undefined, waits: Waits, held: Held | undefined): StartupFacts {
    const { service, pods } = look;
    const { startup } = service.spec;
    if (startup === undefined) throw new Error('nothing is asked of it');
    const now = this.#options.now();
    return {
      rules: startupRules(startup),
      generation: service.metadata.generation,
      now,
      isKnown: service.status !== undefined,
      everAvailable: service.status?.everAvailable === true,
      isUp: isUp(service),
      workload: workload && workloadFacts(workload, pods),
      waits: waits.waits.length > 0,
      mayAct: held === undefined,
      isTimed: held?.reason !== 'MaintenanceWindow' && held?.reason !== 'TargetLocked',
      rollback: rollbackOf(this.#member(service), this.#fleet, now),
    };
  }

  async #act({ service, signal }: PartLook, act: ScaleAct): Promise<ActOutcome> {
    // A merge does not see that somebody else keeps a count there meanwhile.
    const recheck =
      act.to > 0
        ? undefined
        : ({ annotations }: { annotations: Readonly<Record<string, string>> }) =>
            annotations[STARTUP_REPLICAS] === undefined ? undefined : 'a count is kept there already';
    const proposal = { act, cause: 'Startup', service, ...(recheck && { recheck }) } as const;
    return this.#options.actor.carryOut(proposal, signal);
  }

  #answer(
    look: PartLook,
    before: StartupState | undefined,
    after: StartupState | undefined,
    facts: StartupFacts,
    waits: Waits,
    held: Held | undefined,
    outcome?: ActOutcome,
  ): PartAnswer {
    const condition = conditionOf(after, facts, waits, held);
    const told = toldOf(before, after, facts, waits);
    const refusal = refusalOf(outcome);
    if (refusal !== undefined && this.#refused.get(look.key) !== refusal.message) {
      this.#refused.set(look.key, refusal.message);
      const text = { reason: 'StartupRefused', message: refusal.message, type: 'Warning', outcome: 'Refused' } as const;
      told.push({ kind: 'Started', from: before?.state ?? '', to: 'Refused', ...text });
    }
    const isAtZero = facts.workload?.desired === 0 && after?.replicas !== undefined;
    const hold = condition && { reason: condition.reason, message: condition.message };
    return {
      findings: {
        status: after ? { startup: writeStartup(after) } : {},
        conditions: condition ? [{ type: 'Started', ...condition }] : [],
        told,
        ...(hold && after?.replicas !== undefined && { holds: hold }),
        ...(hold && isAtZero && { keepsAtZero: hold }),
      },
      lookAgainInMs: Math.max(0, this.#lookAgainAt(look, before, after, facts, waits, outcome) - facts.now),
      needsFinalizer: after?.replicas !== undefined || facts.workload?.kept !== undefined,
      isUrgent: told.length > 0 || before?.state !== after?.state,
    };
  }

  #lookAgainAt(
    { service, held }: PartLook,
    before: StartupState | undefined,
    after: StartupState | undefined,
    { now, rules, isKnown }: StartupFacts,
    { until }: Waits,
    outcome: ActOutcome | undefined,
  ): number {
    if (held !== undefined) return Infinity;
    // The first status says whether it was ever available.
    if (!isKnown) return now;
    if (outcome !== undefined) return now + (refusalOf(outcome) ? REFUSED_AGAIN_MS : ACT_AGAIN_MS);
    if (after === undefined) return until;
    const isNew = before?.state !== after.state || before.replicas !== after.replicas;
    if (isNew && after.replicas !== undefined && service.spec.mode === 'Enforce') return now;
    const due = (after.raisedAt ?? after.downAt ?? after.since) + rules.timeout;
    const ownsTime = after.state !== 'Started' && !(after.state === 'Failed' && after.replicas === undefined);
    const isDue = ownsTime && due > now ? due : Infinity;
    return Math.min(
      until > now ? until : Infinity,
      isDue,
      after.replicas === undefined ? Infinity : now + REFUSED_AGAIN_MS,
    );
  }

  /** The service goes, or asks for no start in order any more: the workload gets its replicas. */
  async #giveBack(look: PartLook, workload: WorkloadSnapshot, count: number): Promise<PartAnswer> {
    const { service, signal, held } = look;
    const kept = { ...standing(service), needsFinalizer: true, lookAgainInMs: REFUSED_AGAIN_MS };
    // A halt has it, and takes the count with it; it is given back after that.
    if (held !== undefined) return kept;
    const { desired } = workload;
    const act = scale(workload, desired === 0 ? count : desired, null);
    const outcome = await this.#options.actor.carryOut({ act, cause: 'GivingBack', service }, signal);
    if (outcome.kind === 'written' && desired === 0) return returned(service, count);
    const isBack = outcome.kind === 'written' || outcome.kind === 'already' || outcome.kind === 'gone';
    return isBack ? NOTHING : { ...kept, lookAgainInMs: outcome.kind === 'conflict' ? ACT_AGAIN_MS : REFUSED_AGAIN_MS };
  }
}

const UNREAD: ReadonlySet<string> = new Set(['Forbidden', 'TargetUnavailable']);

const standing = ({ status }: CachedService): PartAnswer =>
  status?.startup === undefined
    ? NOTHING
    : {
        ...NOTHING,
        findings: { status: { startup: status.startup }, conditions: [], told: [] },
        needsFinalizer: status.startup.replicas !== undefined,
      };

/** Told with a status, for which the service has to be there; the next look lets it go. */
function returned({ metadata }: CachedService, count: number): PartAnswer {
  const why = metadata.deletionTimestamp === undefined ? 'spec.startup was taken away' : 'the service is being deleted';
  const message = `raised to ${count} ${count === 1 ? 'replica' : 'replicas'}: ${why}`;
  const told = { kind: 'Started', from: '', to: 'Raised', reason: 'StartupRaised', message, type: 'Normal' } as const;
  return {
    findings: { status: {}, conditions: [], told: [{ ...told, outcome: 'Done' }] },
    lookAgainInMs: 0,
    needsFinalizer: true,
    isUrgent: true,
  };
}

function isUp({ status }: CachedService): boolean {
  const { health, replicas, startingSince } = status ?? {};
  const isWell = health === 'Healthy' || health === 'Warning';
  return isWell && (replicas?.desired ?? 0) > 0 && startingSince === undefined;
}

function workloadFacts(workload: WorkloadSnapshot, pods: PartLook['pods']): WorkloadFacts {
  const { desired, startupReplicas: kept, apiVersion, kind, rollout } = workload;
  const isRolledOut = kind === 'Deployment' && rollout.state === 'Complete';
  const wasAvailable = isRolledOut || pods.some(({ ready, terminating }) => ready && !terminating);
  return { desired, kept, carries: carriesKept(apiVersion), pods: pods.length, wasAvailable };
}

/** What is to be given back; undefined where nothing is held. */
function countToReturn(before: StartupState | undefined, workload: WorkloadSnapshot): number | undefined {
  const { terminating, startupReplicas, desired, apiVersion } = workload;
  if (terminating) return undefined;
  if (startupReplicas !== undefined || before?.replicas === undefined) return startupReplicas;
  // It may have been taken a moment ago, and the cache does not show it yet: what it seems to have is written, on condition that it has that.
  if (desired > 0) return desired;
  return carriesKept(apiVersion) ? undefined : before.replicas;
}

/** What the written status and the state that follows from it both ask for, where the workload is not so yet. */
function actOf(
  before: StartupState | undefined,
  after: StartupState | undefined,
  workload: WorkloadSnapshot,
  isSafe: boolean,
): ScaleAct | undefined {
  const { desired, startupReplicas: kept } = workload;
  if (after === undefined) return undefined;
  // Somebody scaled it while it was held.
  if (after.replicas === undefined)
    return desired > 0 && kept !== undefined ? scale(workload, desired, null) : undefined;
  if (before === undefined) return undefined;
  if (isToBeDown(before) && isToBeDown(after) && desired > 0 && kept === undefined && isSafe)
    return scale(workload, 0, String(desired));
  if (isToBeRaised(before) && isToBeRaised(after) && desired === 0) return scale(workload, after.replicas, null);
  return undefined;
}

const scale = (target: WorkloadSnapshot, to: number, kept: string | null): ScaleAct => ({
  type: 'Scale',
  target,
  from: target.desired,
  to,
  annotations: { [STARTUP_REPLICAS]: kept },
});

function refusalOf(outcome: ActOutcome | undefined): Held | undefined {
  if (outcome?.kind === 'refused' || outcome?.kind === 'blocked')
    return { reason: 'StartupRefused', message: outcome.message };
  if (outcome?.kind !== 'forbidden') return undefined;
  return { reason: 'Forbidden', message: `Baton may not ${outcome.verb} ${outcome.resource}` };
}
