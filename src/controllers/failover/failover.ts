import { FENCED_REPLICAS } from '../../api/annotations.ts';
import { type FailoverFacts, type Obstacle, type SideFacts, withdrawal } from '../../domain/failover/facts.ts';
import type { Ground } from '../../domain/failover/obstacles.ts';
import type { Reason } from '../../api/reasons.ts';
import { readState } from '../../domain/failover/read.ts';
import { readiness } from '../../domain/failover/readiness.ts';
import { type FailoverSpec, other, rulesOf, type Side } from '../../domain/failover/rules.ts';
import { type FailoverState, isMoving, sameState, type Took, writeState } from '../../domain/failover/state.ts';
import type { FailoverAct, Told } from '../../domain/failover/next.ts';
import { step, type Step } from '../../domain/failover/step.ts';
import type { SelectAct } from '../../domain/guard/act.ts';
import { deepEqual } from '../../domain/equal.ts';
import { isDown } from '../../domain/health/level.ts';
import { advise, findCondition } from '../../domain/status/conditions.ts';
import type { Target } from '../../domain/status/input.ts';
import type { PartFindings } from '../../domain/status/part.ts';
import type { Transition } from '../../domain/status/transitions.ts';
import type { Actor } from '../acts/actor.ts';
import type { ActOutcome } from '../acts/ports.ts';
import type { Situations } from '../acts/situations.ts';
import { BY_FOLLOWED, type Caches, type CachedService } from '../service/caches.ts';
import { podsOf } from '../service/ownership.ts';
import type { Part, PartAnswer, PartLook } from '../service/parts.ts';
import { findWorkload, type ReadForeign } from '../service/target.ts';
import { Grants } from './grants.ts';
import { obstacleFor, type Sides, type Survey, survey } from './ground.ts';
import type { FailoverPort } from './ports.ts';

export interface FailoverOptions {
  readonly caches: Caches;
  readonly port: FailoverPort;
  readonly actor: Pick<Actor, 'carryOut'>;
  readonly readForeign: ReadForeign;
  readonly situations: Pick<Situations, 'of'>;
  /** The service with the status that was last written. */
  readonly latest: (key: string) => CachedService | undefined;
  readonly enqueue: (key: string) => void;
  readonly now: () => number;
  readonly monotonic: () => number;
  /** A question or an act had no answer; it comes again. */
  readonly onUnanswered: (key: string, error: unknown) => void;
  /** Traffic was moved. */
  readonly onMoved: (took: Took) => void;
}

/** What is remembered of one service; all of it may be lost. */
interface Entry {
  /** Of the spec that this is about. */
  readonly generation: number;
  survey: Survey | undefined;
  surveyedAt: number;
  /** Something stood in the way at the last look. */
  isObstructed: boolean;
  /** An act was refused: what stands in the way, and until when that is believed. */
  refused: { readonly obstacle: Obstacle; readonly until: number } | undefined;
  /** Traffic was moved, which is in no written status yet. */
  took: Took | undefined;
}

/** One look, with all that was found. */
interface Look extends PartLook {
  readonly spec: FailoverSpec;
  readonly entry: Entry;
  readonly sides: Sides;
}

/** The ground is not watched: a Service or a permission that changed is seen after this. */
const SURVEY_MS = 30_000;
/** While something stands in the way somebody may be mending it. */
const OBSTACLE_MS = 5_000;
const REFUSAL_MS = 60_000;
const AGAIN_MS = 100;
const LATER_MS = 1_000;
/** Guards against a ring of services that follow each other. */
const DEEPEST = 32;

/** Moves the traffic of a service between two workloads. Each look ensures what the written state asks for, and goes on when that is so. */
export class Failover implements Part {
  readonly #options: FailoverOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #grants: Grants;

  constructor(options: FailoverOptions) {
    this.#options = options;
    this.#grants = new Grants((ask, signal) => options.port.mayDo(ask, signal), options.monotonic);
  }

  look(look: PartLook): Promise<PartAnswer> | undefined {
    const { spec, metadata } = look.service;
    const { failover } = spec;
    // One that is deleted gives way to another one, but only it knows what it took.
    const isOthers =
      look.target.state === 'Absent' &&
      look.target.reason === 'TargetAlreadyManaged' &&
      metadata.deletionTimestamp === undefined;
    if (failover !== undefined && !isOthers) {
      return this.#look(look, failover).catch((error: unknown) => this.#unanswered(look, error));
    }
    this.forget(look.key);
    return undefined;
  }

  wasTold(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.took === undefined) return;
    this.#options.onMoved(entry.took);
    entry.took = undefined;
    for (const { namespace, name } of this.#options.caches.services.byIndex(BY_FOLLOWED, key)) {
      this.#options.enqueue(`${namespace}/${name}`);
    }
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  /** What cannot be asked now is asked again soon; the health of the service does not wait for it. */
  #unanswered({ key, service, signal }: PartLook, error: unknown): PartAnswer {
    if (signal.aborted) throw error;
    this.#options.onUnanswered(key, error);
    const { failover, conditions } = service.status ?? {};
    const state = failover && readState(failover);
    const before = findCondition(conditions, 'FailoverReady');
    const message = 'the API server does not answer what a failover has to know';
    const standing = before
      ? { ...before, reason: before.reason as Reason }
      : { status: 'Unknown' as const, reason: 'TargetUnavailable' as const, message };
    const findings: PartFindings = {
      status: failover ? { failover } : {},
      conditions: [
        { type: 'FailoverReady', status: standing.status, reason: standing.reason, message: standing.message },
      ],
      told: [],
      holds: state && isMoving(state) ? { reason: 'FailoverInProgress', message: 'traffic moves' } : undefined,
    };
    return { findings, lookAgainInMs: LATER_MS, needsFinalizer: state !== undefined && needsFinalizer(state) };
  }

  async #look(partLook: PartLook, spec: FailoverSpec): Promise<PartAnswer> {
    const { key, service, signal } = partLook;
    const entry = this.#entryOf(key, service.metadata.generation);
    const look: Look = { ...partLook, spec, entry, sides: await this.#sides(service, spec, signal) };
    const written = service.status?.failover && readState(service.status.failover);
    const seen = await this.#survey(look, written);
    const state = written ?? initialState(seen, spec, this.#options.now());
    const facts = await this.#facts(look, state, seen);
    entry.isObstructed = isObstructed(facts, state);
    const found = step(state, facts, facts.now);
    const outcome = written && sameState(written, found.state) ? await this.#carryOut(look, found, facts) : undefined;
    if (found.state.name === 'Completed' && state.name === 'Verifying') entry.took = found.state.took;
    return answerOf(look, state, found, facts, outcome);
  }

  #entryOf(key: string, generation: number): Entry {
    const known = this.#entries.get(key);
    if (known?.generation === generation) return known;
    const nothing = { survey: undefined, surveyedAt: -Infinity, isObstructed: false, refused: undefined };
    const entry: Entry = { generation, ...nothing, took: known?.took };
    this.#entries.set(key, entry);
    return entry;
  }

  async #sides(
    { namespace, spec: { targetRef } }: CachedService,
    spec: FailoverSpec,
    signal: AbortSignal,
  ): Promise<Sides> {
    const { caches, readForeign } = this.#options;
    const find = async (ref: FailoverSpec['standbyRef']) => {
      const target = await findWorkload(ref, namespace, caches, readForeign, signal);
      return { ref, target, pods: target.state === 'Found' ? podsOf(target.workload, caches) : [] };
    };
    const [Primary, Standby] = await Promise.all([find(targetRef), find(spec.standbyRef)]);
    return { Primary, Standby };
  }

  /** Anew where something is under way or due; else what was read less than half a minute ago. */
  async #survey({ entry, service, spec, sides, signal }: Look, state: FailoverState | undefined): Promise<Survey> {
    const { port, caches, monotonic } = this.#options;
    const isQuiet = state?.name === 'Idle' || state?.name === 'Completed';
    const age = monotonic() - entry.surveyedAt;
    const limit = entry.isObstructed ? OBSTACLE_MS : SURVEY_MS;
    if (entry.survey && isQuiet && age < limit) return entry.survey;
    if (entry.survey && age < limit) {
      // Only the Service itself decides; the rest does not change from one moment to the next.
      const traffic = await port.traffic({ namespace: service.namespace, name: spec.serviceName }, signal);
      return (entry.survey = { ...entry.survey, traffic });
    }
    entry.survey = await survey(service, spec, sides, caches, port, this.#grants, signal);
    entry.surveyedAt = monotonic();
    return entry.survey;
  }

  async #facts(look: Look, state: FailoverState, seen: Survey): Promise<FailoverFacts> {
    const { service, spec, sides, entry } = look;
    const { now, situations, caches, monotonic } = this.#options;
    const { locked, maintenance, massFailure, dependency } = situations.of(service);
    const rules = rulesOf(spec);
    const selector = seen.traffic && 'selector' in seen.traffic ? seen.traffic.selector : undefined;
    const follow = this.#follow(service, rules.follow);
    const ground = obstacleFor({ service, spec, rules, sides, survey: seen, caches, follow });
    const refused = entry.refused && monotonic() < entry.refused.until ? entry.refused.obstacle : undefined;
    const [podsGone, endpoints] = await Promise.all([this.#podsGone(look, state), this.#endpoints(look, state)]);
    return {
      now: now(),
      rules,
      mode: service.spec.mode,
      isGoing: service.metadata.deletionTimestamp !== undefined,
      health: healthOf(look, state),
      because: reasonOf(service),
      sides: { Primary: sideFacts(sides, 'Primary', seen), Standby: sideFacts(sides, 'Standby', seen) },
      obstacle: ground ?? refused,
      freeze: freezeOf(maintenance, massFailure),
      elsewhere: dependency === undefined ? undefined : { reason: 'DependencyUnhealthy', message: dependency },
      selects: selector && sideOf(selector, spec),
      epoch: seen.traffic && 'epoch' in seen.traffic ? seen.traffic.epoch : 0,
      service: { name: spec.serviceName, selector: textOf(selector ?? {}) },
      podsGone,
      endpoints,
      followed: this.#followed(service, rules.follow),
      isSuspended: service.spec.suspend === true,
      held: (look.held?.reason === 'Suspended' ? undefined : look.held) ?? lockedBy(locked.failover),
    };
  }

  /** Asked for only while pods of a side are to end. */
  async #podsGone(
    { service: { namespace }, spec, sides, signal }: Look,
    state: FailoverState,
  ): Promise<boolean | undefined> {
    if (state.name !== 'Fencing' && state.name !== 'Switching') return undefined;
    const { target, pods } = sides[other(state.to)];
    // What the cache still has need not be asked for.
    if (pods.some(({ phase, terminating }) => terminating || !ENDED.has(phase))) return false;
    const own = target.state === 'Found' ? [target.workload.selector] : [];
    const selectors = [...own, textOf(spec.selectors[state.to === 'Standby' ? 'primary' : 'standby'])];
    const { port } = this.#options;
    const lists = await Promise.all(selectors.map((selector) => port.pods({ namespace, selector }, signal)));
    return lists.every((list) => 'length' in list && list.length === 0);
  }

  async #endpoints(
    { service: { namespace }, spec, sides, signal }: Look,
    state: FailoverState,
  ): Promise<FailoverFacts['endpoints']> {
    if (state.name !== 'Switching' && state.name !== 'Verifying') return undefined;
    const list = await this.#options.port.endpoints({ namespace, name: spec.serviceName }, signal);
    if ('kind' in list) return undefined;
    const names = new Set(sides[state.to].pods.map(({ name }) => name));
    const isArrived = ({ pod }: { pod: string | undefined }): boolean => pod !== undefined && names.has(pod);
    const ready = list.filter((endpoint) => endpoint.ready);
    const arrived = ready.filter(isArrived).length;
    return { arrived, left: ready.length - arrived };
  }

  #follow({ namespace, name }: CachedService, follow: string | undefined): Ground['follow'] {
    if (follow === undefined) return undefined;
    const leader = this.#options.latest(`${namespace}/${follow}`);
    if (!leader) return { name: follow, is: 'NotFound' };
    if (!leader.spec.failover) return { name: follow, is: 'WithoutFailover' };
    let next: CachedService | undefined = leader;
    for (let depth = 0; next && depth < DEEPEST; depth++) {
      if (next.name === name) return { name: follow, is: 'Circle' };
      const above: string | undefined = next.spec.failover?.follow;
      next = above === undefined ? undefined : this.#options.latest(`${namespace}/${above}`);
    }
    return { name: follow, is: next ? 'Circle' : 'Found' };
  }

  #followed({ namespace }: CachedService, follow: string | undefined): Side | undefined {
    const status = follow === undefined ? undefined : this.#options.latest(`${namespace}/${follow}`)?.status?.failover;
    return status === undefined || isMoving(readState(status)) ? undefined : status.active;
  }

  /** What the written state asks for; undefined where it asks for nothing. */
  async #carryOut(look: Look, { act, state }: Step, facts: FailoverFacts): Promise<ActOutcome | undefined> {
    if (act === undefined || (needsFinalizer(state) && !look.isSafe && !facts.isGoing)) return undefined;
    const outcome = await (act.type === 'Scale' ? this.#scale(look, act, facts) : this.#select(look, act));
    const obstacle = obstacleOf(outcome, facts, act);
    const { survey: seen } = look.entry;
    if (act.type === 'Scale' && outcome.kind === 'written' && seen) {
      const fencedReplicas = { ...seen.fencedReplicas, [act.side]: act.fences };
      look.entry.survey = { ...seen, fencedReplicas };
    }
    look.entry.refused = obstacle && { obstacle, until: this.#options.monotonic() + REFUSAL_MS };
    return outcome;
  }

  async #scale(
    { service, sides, signal }: Look,
    { side, from, to, fences }: Extract<FailoverAct, { type: 'Scale' }>,
    facts: FailoverFacts,
  ): Promise<ActOutcome> {
    const { target } = sides[side];
    if (target.state !== 'Found') return { kind: 'gone' };
    const { apiVersion, kind, namespace, name, uid } = target.workload;
    const annotations = { [FENCED_REPLICAS]: fences === undefined ? null : String(fences) };
    const act = { type: 'Scale', target: { apiVersion, kind, namespace, name, uid }, from, to, annotations } as const;
    return this.#options.actor.carryOut({ act, cause: withdrawal(facts) ? 'GivingBack' : 'Failover', service }, signal);
  }

  async #select(
    { service, spec, entry, signal }: Look,
    { from, to, epoch }: Extract<FailoverAct, { type: 'Select' }>,
  ): Promise<ActOutcome> {
    const { traffic } = entry.survey ?? {};
    if (traffic === undefined || 'kind' in traffic) return { kind: 'gone' };
    const act: SelectAct = {
      type: 'Select',
      target: { namespace: service.namespace, name: spec.serviceName, uid: traffic.uid },
      from: selectorOf(from, spec),
      to: selectorOf(to, spec),
      epoch,
    };
    return this.#options.actor.carryOut({ act, cause: 'Failover', service }, signal);
  }
}

const ENDED: ReadonlySet<string> = new Set(['Succeeded', 'Failed']);

const selectorOf = (side: Side, { selectors }: FailoverSpec): Readonly<Record<string, string>> =>
  side === 'Primary' ? selectors.primary : selectors.standby;

function sideOf(selector: Readonly<Record<string, string>>, spec: FailoverSpec): Side | 'Other' {
  if (deepEqual(selector, spec.selectors.primary)) return 'Primary';
  return deepEqual(selector, spec.selectors.standby) ? 'Standby' : 'Other';
}

const textOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

/** Of one that was never looked at, or whose status was lost: where the Service sends its traffic is what is so. */
function initialState({ traffic, fencedReplicas }: Survey, spec: FailoverSpec, now: number): FailoverState {
  const live = traffic && 'selector' in traffic ? traffic : undefined;
  const active = live?.selector && sideOf(live.selector, spec) === 'Standby' ? 'Standby' : 'Primary';
  const fenced = active === 'Standby' ? fencedReplicas.Primary : undefined;
  return { name: 'Idle', active, epoch: live?.epoch ?? 0, since: now, fenced };
}

function sideFacts(sides: Sides, side: Side, { fencedReplicas }: Survey): SideFacts {
  const { ref, target, pods } = sides[side];
  const isThere = target.state === 'Found' && !target.workload.terminating;
  return {
    name: `${ref.kind}/${ref.name}`,
    desired: isThere ? target.workload.desired : undefined,
    isGone: target.state === 'Found' ? target.workload.terminating : GONE.has(target.reason),
    ready: pods.filter(({ ready, terminating }) => ready && !terminating).length,
    fencedReplicas: fencedReplicas[side],
  };
}

/** Down by evidence that is fresh: a level that only stands because nothing else is known says nothing. */
function healthOf({ service, sides }: Look, { active }: FailoverState): FailoverFacts['health'] {
  const { health = 'Unknown', signals = [] } = service.status ?? {};
  const { target } = sides[active];
  if (target.state === 'Absent') return isGone(target) && health === 'Failed' ? 'Down' : 'Unknown';
  if (health === 'Unknown') return 'Unknown';
  if (!isDown(health)) return 'Up';
  return signals.some(({ score }) => score !== undefined && score < DOWN_BELOW) ? 'Down' : 'Unknown';
}

const GONE: ReadonlySet<string> = new Set(['TargetNotFound', 'TargetKindUnknown']);

const isGone = (target: Target): boolean => target.state === 'Absent' && target.reason === 'TargetNotFound';

/** The score below which a level is Critical. */
const DOWN_BELOW = 40;

const reasonOf = ({ status }: CachedService): string =>
  (findCondition(status?.conditions, 'Ready')?.message ?? 'nothing is known').slice(0, 200).toWellFormed();

/** An order waits for a workflow as well, but not for the one that gave it. */
const lockedBy = (message: string | undefined): Obstacle | undefined =>
  message === undefined ? undefined : { reason: 'TargetLocked', message };

function freezeOf(maintenance: string | undefined, massFailure: string | undefined): Obstacle | undefined {
  if (massFailure !== undefined) return { reason: 'MassFailure', message: massFailure };
  return maintenance === undefined ? undefined : { reason: 'MaintenanceWindow', message: maintenance };
}

function obstacleOf(outcome: ActOutcome, { sides }: FailoverFacts, act: FailoverAct): Obstacle | undefined {
  const what = act.type === 'Scale' ? `scale ${sides[act.side].name}` : 'change the selector of the Service';
  if (outcome.kind === 'forbidden') {
    return { reason: 'Forbidden', message: `Baton may not ${outcome.verb} ${outcome.resource}` };
  }
  if (outcome.kind === 'refused') {
    const message = `the API server refuses to ${what}: ${outcome.message}`.slice(0, 900).toWellFormed();
    return { reason: 'FencingImpossible', message };
  }
  return outcome.kind === 'objected' ? { reason: outcome.reason, message: outcome.message } : undefined;
}

/** Something that was read, and is not watched, is not as it should be. */
const isObstructed = ({ obstacle, selects }: FailoverFacts, { active }: FailoverState): boolean =>
  obstacle !== undefined || selects !== active;

/** Until traffic has left, what was taken from a side must be given back when the service goes. */
const needsFinalizer = (state: FailoverState): boolean =>
  state.untidy === true || (isMoving(state) && state.name !== 'Verifying');

function answerOf(
  { spec }: Look,
  before: FailoverState,
  found: Step,
  facts: FailoverFacts,
  outcome: ActOutcome | undefined,
): PartAnswer {
  const { state, told, waits, lookAgainInMs } = found;
  const ready = readiness(state, facts, waits);
  const message = ready.status === 'True' ? ready.message : advise(ready.message, ready.reason);
  const findings: PartFindings = {
    status: { failover: writeState(state) },
    conditions: [{ type: 'FailoverReady', ...ready, message }],
    told: told.map((one) => transitionOf(one, before.active)),
    holds: isMoving(state)
      ? { reason: 'FailoverInProgress', message: `traffic moves from or to ${spec.standbyRef.name}` }
      : undefined,
  };
  const again = outcome === undefined ? lookAgainInMs : outcome.kind === 'written' ? AGAIN_MS : LATER_MS;
  return {
    findings,
    lookAgainInMs: Math.min(again, isObstructed(facts, state) ? OBSTACLE_MS : SURVEY_MS),
    needsFinalizer: needsFinalizer(state),
    isUrgent: isMoving(state) || told.length > 0,
  };
}

const transitionOf = ({ reason, verdict, message, type }: Told, from: Side): Transition => ({
  kind: 'Failover',
  from,
  to: verdict,
  reason,
  message,
  type,
  outcome: verdict === 'Refused' ? 'Refused' : verdict === 'WouldMove' ? 'Rehearsed' : 'Done',
});
