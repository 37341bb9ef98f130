import type { Reason } from '../../api/reasons.ts';
import type { Reading } from '../../domain/reading.ts';
import type { ScalingEvidence, ScalingFindings, ScalingTold } from '../../domain/scaling/findings.ts';
import { activeScaling, type ActiveScaling, metricsOf, rulesOf } from '../../domain/scaling/from-spec.ts';
import { scaled, type ScaleState } from '../../domain/scaling/history.ts';
import { type ScaleRules, withoutTolerance } from '../../domain/scaling/rules.ts';
import {
  decideScale,
  type ScaleDecision,
  type ScaleInput,
  type Verdict,
  type Wish,
} from '../../domain/scaling/scale.ts';
import { objectiveRisk, strategyWish, withStrategy } from '../../domain/scaling/strategies.ts';
import type { Bounds } from '../../domain/guard/act.ts';
import type { PodSnapshot, Resources, WorkloadSnapshot } from '../../domain/snapshot.ts';
import { advise, findCondition } from '../../domain/status/conditions.ts';
import type { Held } from '../../domain/status/part.ts';
import type { Usage } from '../../domain/status/input.ts';
import type { Actor } from '../acts/actor.ts';
import type { ActOutcome } from '../acts/ports.ts';
import type { Cache, RecordDecision } from '../ports.ts';
import { type AutoscalerSnapshot, BY_SCALE_TARGET } from '../project/autoscaler.ts';
import { type CachedService, targetKey } from '../service/caches.ts';
import type { Capacity, Ceiling } from './capacity.ts';
import { claimOf, heldBy, placesOf, reservedBy, standingsOf } from './claim.ts';
import { evidenceFor, Journal } from './journal.ts';
import type { ScalePort } from './ports.ts';
import type { Foreseen, Predictor } from './predictor.ts';
import { Rival } from './rivals.ts';
import { RolloutWatch } from './rollouts.ts';

export interface ScalerOptions {
  readonly autoscalers: Cache<AutoscalerSnapshot>;
  readonly readings: (key: string) => ReadonlyMap<string, Reading>;
  readonly usage: (namespace: string) => Usage;
  readonly port: ScalePort;
  readonly actor: Pick<Actor, 'carryOut'>;
  readonly capacity: Pick<Capacity, 'ceiling' | 'forget'>;
  readonly predictor: Pick<Predictor, 'look' | 'forget'>;
  /** How often the replicas of each service are decided on when nothing changes, ms. */
  readonly intervalMs: number;
  readonly isNewer: (a: string, b: string) => boolean;
  readonly now: () => number;
  readonly monotonic: () => number;
  /** Called as soon as the outcome is known, whether or not a status tells it. */
  readonly record: RecordDecision;
}

/** What is remembered of one service, for as long as its workload is the same object. */
interface Entry {
  readonly uid: string;
  state: ScaleState | undefined;
  /** A write that the cache does not show yet. */
  pending: { readonly resourceVersion: string; readonly replicas: number } | undefined;
  readonly rival: Rival;
  readonly rollout: RolloutWatch;
  /** Its last replica was taken away by Baton, which the status may not tell: not yet, or not any more. */
  isEmptied: boolean;
  /** Who took it away is known. */
  isZeroExplained: boolean;
  /** What a pod of it takes, cores and bytes; undefined until there was one. */
  reserved: Resources | undefined;
  /** What a capacity budget allots; undefined where there is none, or it holds all that is wanted. */
  ceiling: number | undefined;
  /** What was last wanted, where nobody carries it out. */
  shown: number | undefined;
  /** What is in no status yet. */
  told: readonly ScalingTold[];
  readonly journal: Journal;
}

/** What one look works with. */
interface Look {
  readonly service: CachedService;
  readonly scaling: ActiveScaling;
  /** 0 to 1; undefined without objectives. */
  readonly risk: number | undefined;
  readonly workload: WorkloadSnapshot;
  /** The replicas that the workload asks for, after our own last write. */
  readonly current: number;
  readonly entry: Entry;
  readonly signal: AbortSignal;
}

/** A look that knows who else scales the workload; then what Baton would want is no claim on what services share. */
interface Informed extends Look {
  readonly rival: Verdict<Reason> | undefined;
}

interface Outcome {
  /** Where it stands in the way: instead of what the metrics say. */
  readonly obstacle?: Verdict<Reason>;
  /** Somebody was faster: look again soon. */
  readonly isLate?: boolean;
  readonly done?: ScalingTold;
  /** What was tried and failed. */
  readonly tried?: string;
}

/** Written with the replicas, so that people see who did it. */
const STAMP = 'baton.dev/scaled';
const LATE_RETRY_MS = 250;
/** While no status can be written. */
const MOST_UNTOLD = 8;

/** Decides the replicas of services, and has them written. One look at a service at a time. */
export class Scaler {
  readonly #options: ScalerOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: ScalerOptions) {
    this.#options = options;
  }

  /**
   * Decides, writes where that is asked for, and says what came of it; undefined where the spec asks for no scaling. `lookAgainInMs` is
   * when to come again although nothing changes. Rejects when `signal` aborts.
   */
  async scale(
    service: CachedService,
    workload: WorkloadSnapshot,
    pods: readonly PodSnapshot[],
    signal: AbortSignal,
    held?: Held,
  ): Promise<{ readonly findings: ScalingFindings; readonly lookAgainInMs: number } | undefined> {
    const risk = objectiveRisk(standingsOf(service));
    const scaling = activeScaling(service.spec.scaling && withStrategy(service.spec.scaling, risk));
    const isGoing = workload.terminating || service.metadata.deletionTimestamp !== undefined;
    if (isGoing) this.forget(keyOf(service));
    else if (scaling === undefined) this.#leaveAlone(service, workload, pods);
    if (scaling === undefined || isGoing) return undefined;
    const entry = this.#entryOf(keyOf(service), workload);
    const first: Look = { service, scaling, risk, workload, current: this.#currentOf(entry, workload), entry, signal };
    await this.#askWhoChanged(first);
    await this.#askWhoEmptied(first);
    const acts = service.spec.mode === 'Enforce' && !byAutoscaler(scaling);
    const rival = (held && refusal(held.reason, held.message)) ?? (acts ? this.#rivalOf(first) : undefined);
    const look: Informed = { ...first, rival };
    const { decision, foreseen, wishes } = this.#decide(look, pods);
    entry.state = decision.state;
    const outcome = await this.#carryOut(look, decision).catch((error: unknown) => unanswered(error, signal));
    const { obstacle, isLate = false } = outcome;
    const evidence = evidenceFor(scaling, look.current, decision, wishes, entry.ceiling);
    this.#tell(look, decision, outcome, evidence);
    const findings: ScalingFindings = {
      recommended: decision.desired,
      reactive: decision.reactive,
      active: obstacle ?? (isLate ? standing(service) : undefined) ?? decision.active,
      limited: decision.limited,
      prediction: foreseen.prediction,
      anomalies: foreseen.anomalies,
      ...(foreseen.unjudged && { unjudged: foreseen.unjudged }),
      told: entry.told,
      evidence,
    };
    const { intervalMs } = this.#options;
    const lookAgainInMs = isLate ? LATE_RETRY_MS : Math.min(intervalMs, (decision.lookAgainInMs ?? Infinity) + 1);
    return { findings, lookAgainInMs };
  }

  /** The status that tells of it was written. */
  wasTold(key: string): void {
    const entry = this.#entries.get(key);
    if (entry) entry.told = [];
  }

  forget(key: string): void {
    this.#entries.delete(key);
    this.#options.capacity.forget(key);
    this.#options.predictor.forget(key);
  }

  /** Baton does not scale it, but it takes its part of what services share. */
  #leaveAlone(service: CachedService, workload: WorkloadSnapshot, pods: readonly PodSnapshot[]): void {
    const key = keyOf(service);
    this.#entries.delete(key);
    this.#options.predictor.forget(key);
    this.#options.capacity.ceiling(service, heldBy(service, workload, pods), workload.desired);
  }

  #entryOf(key: string, { uid }: WorkloadSnapshot): Entry {
    const known = this.#entries.get(key);
    if (known?.uid === uid) return known;
    const entry: Entry = {
      uid,
      state: undefined,
      pending: undefined,
      rival: new Rival(),
      rollout: new RolloutWatch(),
      isEmptied: false,
      isZeroExplained: false,
      reserved: undefined,
      ceiling: undefined,
      shown: undefined,
      told: [],
      journal: new Journal(),
    };
    this.#entries.set(key, entry);
    return entry;
  }

  /** To the history at once; to people with the next status. */
  #tell(look: Look, decision: ScaleDecision, outcome: Outcome, evidence: ScalingEvidence): void {
    const { service, current, entry } = look;
    const { obstacle, isLate = false, done, tried } = outcome;
    if (done) entry.journal.clear();
    const turn = { mode: service.spec.mode, current, decision, obstacle, isLate, tried };
    const told = done ?? entry.journal.note(turn, service.status?.replicas?.recommended, this.#options.monotonic());
    // What was rehearsed or refused gives way to what is so now.
    const isOut = told !== undefined || (decision.desired === current && tried === undefined);
    const stands = entry.told.filter((one) => !isOut || one.outcome === 'Done');
    entry.told = [...stands, ...(told ? [told] : [])].slice(-MOST_UNTOLD);
    if (told === undefined) return;
    const { namespace, name, uid, resourceVersion } = service;
    const { rule, verdict, because } = told;
    const reference = { kind: 'OrchestratedService', namespace, name, uid, resourceVersion } as const;
    const row = { kind: 'Scaling', rule, before: `${current}`, verdict, because, outcome: told.outcome, ...evidence };
    this.#options.record(reference, row);
  }

  #currentOf(entry: Entry, { resourceVersion, desired }: WorkloadSnapshot): number {
    if (entry.pending && this.#options.isNewer(entry.pending.resourceVersion, resourceVersion)) {
      return entry.pending.replicas;
    }
    entry.pending = undefined;
    return desired;
  }

  /** Replicas that nobody here wrote: a person, or a program that goes on doing so. */
  async #askWhoChanged({ scaling, entry, workload, current, signal }: Look): Promise<void> {
    const { state } = entry;
    if (state === undefined || state.known === current) return;
    const at = this.#options.monotonic();
    const { port } = this.#options;
    const owner = byAutoscaler(scaling) ? OURS : await port.owner(workload, signal).catch(() => undefined);
    signal.throwIfAborted();
    if (owner?.manager === OURS.manager) entry.state = scaled(state, rulesOf(scaling), state.known, current, at);
    else entry.rival.changed(owner?.manager, at);
  }

  /** A zero that Baton wrote before this process began, or that a lost status told of, must not pass for a person's. */
  async #askWhoEmptied({ scaling, entry, workload, current, signal }: Look): Promise<void> {
    if (current > 0) {
      entry.isEmptied = false;
      entry.isZeroExplained = false;
      return;
    }
    if (entry.isEmptied || entry.isZeroExplained || scaling.minReplicas === 0 || byAutoscaler(scaling)) return;
    try {
      const owner = await this.#options.port.owner(workload, signal);
      entry.isEmptied = owner?.replicas === 0 && owner.manager === OURS.manager;
      entry.isZeroExplained = true;
    } catch {
      // The next look asks again.
      signal.throwIfAborted();
    }
  }

  #decide(
    look: Informed,
    pods: readonly PodSnapshot[],
  ): { readonly decision: ScaleDecision; readonly foreseen: Foreseen; readonly wishes: readonly Wish[] } {
    const { service, scaling, workload, current, entry } = look;
    const { usage, readings, now, monotonic, intervalMs } = this.#options;
    const { createFailure } = workload;
    const active = findCondition(service.status?.conditions, 'ScalingActive');
    const input: ScaleInput = {
      rules: rulesOf(scaling),
      current,
      from: service.spec.mode === 'Enforce' ? undefined : entry.shown,
      pods,
      metrics: metricsOf(scaling, usage(service.namespace), readings(keyOf(service))),
      isRollingOut: entry.rollout.isGettingOn(workload.rollout, monotonic()),
      quota: createFailure?.includes('exceeded quota') ? createFailure : undefined,
      isZeroOurs: entry.isEmptied || active?.reason === 'ScaledToZero' || isOutOfBudget(service),
      state: entry.state,
      now: now(),
      monotonic: monotonic(),
      syncMs: intervalMs,
    };
    // What the metrics alone ask for, to which the strategy may add.
    const reactive = scaling.strategy && decideScale({ ...input, rules: withoutTolerance(input.rules) }).reactive;
    const wish = reactive === undefined ? undefined : strategyWish(scaling, reactive, placesOf(pods));
    const foreseen = this.#options.predictor.look({
      ...input,
      key: keyOf(service),
      scaling,
      pods,
      tolerance: input.rules.up.tolerance,
    });
    const wishes = [wish, foreseen.wish].filter((one) => one !== undefined);
    const wished = { ...input, proposals: wishes };
    const free = decideScale(wished);
    // Without a pod the last one tells what the next one will take.
    entry.reserved = reservedBy(pods) ?? entry.reserved;
    const claim = claimOf(look, aimOf(free, input.rules), entry.reserved);
    const ceiling = this.#options.capacity.ceiling(service, claim, current);
    entry.ceiling = ceiling?.replicas;
    if (ceiling === undefined || ceiling.replicas >= free.desired) return { decision: free, foreseen, wishes };
    // minReplicas is a promise that a budget breaks only where it cannot keep all of them.
    const decision = ceiling.belowMinimum ? capped(free, ceiling) : named(decideScale({ ...wished, ceiling }), ceiling);
    return { decision, foreseen, wishes };
  }

  async #carryOut(look: Informed, decision: ScaleDecision): Promise<Outcome> {
    const { service, entry, current } = look;
    const { mode } = service.spec;
    const { rival } = look;
    entry.shown = mode === 'Enforce' ? undefined : decision.desired;
    if (mode !== 'Enforce') return rehearsed(look, decision);
    if (byAutoscaler(look.scaling)) return rival ? { obstacle: rival } : this.#moveBounds(look, decision);
    if (rival || decision.desired === current) return rival ? { obstacle: rival } : {};
    return this.#write(look, decision);
  }

  /** Who else scales the workload. */
  #rivalOf({ workload, entry }: Look): Verdict<Reason> | undefined {
    const { autoscalers, monotonic } = this.#options;
    const { apiVersion, kind, namespace, name } = workload;
    const { problem } = autoscalers;
    if (!autoscalers.synced && problem?.reason === 'Forbidden') return forbidden(problem);
    const [owner] = autoscalers.byIndex(BY_SCALE_TARGET, targetKey(apiVersion, kind, namespace, name));
    if (owner)
      return presence(
        owner.owner?.kind === 'ScaledObject'
          ? `ScaledObject ${owner.owner.name}`
          : `HorizontalPodAutoscaler ${owner.name}`,
        workload,
      );
    const contest = entry.rival.contest(monotonic());
    if (contest === undefined) return undefined;
    return refusal('ReplicasContested', `${contest.by} changed the replicas ${contest.times} times within 10m`);
  }

  async #write(
    { service, scaling, workload, current, entry, signal }: Look,
    decision: ScaleDecision,
  ): Promise<Outcome> {
    const { port, actor, monotonic, now } = this.#options;
    const scaledObject = await port.scaledObject(workload, signal);
    // Who may not look cannot know that nobody else scales.
    if (scaledObject.kind === 'forbidden') return { obstacle: forbidden(scaledObject) };
    if (scaledObject.kind === 'found') return { obstacle: presence(`ScaledObject ${scaledObject.name}`, workload) };
    const { desired } = decision;
    const annotations = { [STAMP]: `${current} to ${desired} at ${new Date(now()).toISOString()}` };
    const act = { type: 'Scale', target: workload, from: current, to: desired, annotations } as const;
    const outcome = await actor.carryOut({ act, cause: 'Scaling', service }, signal);
    if (outcome.kind !== 'written') return outcomeOf(outcome, `${current} → ${desired}`);
    entry.isEmptied = desired === 0;
    entry.state = scaled(decision.state, rulesOf(scaling), current, desired, monotonic());
    entry.pending = { resourceVersion: outcome.resourceVersion, replicas: desired };
    const verdict = desired > current ? 'ScaledUp' : 'ScaledDown';
    return { done: doneBy(decision, verdict, `${current} → ${desired}`) };
  }

  /** Baton's count becomes the least that the HorizontalPodAutoscaler keeps; above it that one goes by its own metrics. */
  async #moveBounds({ service, scaling, workload, entry, signal }: Look, decision: ScaleDecision): Promise<Outcome> {
    const { autoscalers, actor } = this.#options;
    const { apiVersion, kind, namespace, name } = workload;
    const wanted = scaling.writer?.name ?? '';
    const hpa = autoscalers.get(`${namespace}/${wanted}`);
    if (hpa?.target !== targetKey(apiVersion, kind, namespace, name)) {
      const what = hpa === undefined ? 'does not exist' : `scales another workload than ${kind} ${name}`;
      return { obstacle: refusal('HPANotFound', `HorizontalPodAutoscaler ${wanted} of ${service.name} ${what}`) };
    }
    // What is not known is no reason to move anything.
    if (decision.rule === 'MetricsFailing' || decision.rule === 'ScalingDisabled') return {};
    // Without a feature gate of the API server it must be 1 at least.
    const minReplicas = Math.max(1, decision.desired);
    const most = Math.min(scaling.maxReplicas, entry.ceiling ?? Infinity);
    const bounds = { minReplicas, maxReplicas: Math.max(minReplicas, most) };
    if (hpa.minReplicas === bounds.minReplicas && hpa.maxReplicas === bounds.maxReplicas) return {};
    const act = { type: 'MoveBounds', target: hpa, from: boundsOf(hpa), to: bounds } as const;
    const outcome = await actor.carryOut({ act, cause: 'Scaling', service }, signal);
    const moved = `bounds of HorizontalPodAutoscaler ${wanted} ${hpa.minReplicas}–${hpa.maxReplicas} → ${bounds.minReplicas}–${bounds.maxReplicas}`;
    return outcome.kind === 'written' ? { done: doneBy(decision, 'BoundsMoved', moved) } : outcomeOf(outcome, moved);
  }
}

const boundsOf = ({ minReplicas, maxReplicas }: Bounds): Bounds => ({ minReplicas, maxReplicas });

/**
 * What it is on its way to. The pace depends on the replicas there are, and so on what a budget gave: as a wish it would move whenever others
 * get more or less, and the shares of all would never settle.
 */
function aimOf({ rule, wanted, desired }: ScaleDecision, { up, maxReplicas }: ScaleRules): number {
  const isPaced = rule === 'ScaleUpLimit' && up.select !== 'Disabled';
  return isPaced ? Math.min(wanted ?? desired, maxReplicas) : desired;
}

const OURS = { manager: 'baton' } as const;

/** It has no replica because of a budget, and not because somebody took them away. */
const isOutOfBudget = ({ status }: CachedService): boolean =>
  status?.replicas?.recommended === 0 &&
  findCondition(status.conditions, 'ScalingLimited')?.reason === 'CapacityBudget';

function capped(decision: ScaleDecision, ceiling: Ceiling): ScaleDecision {
  const { replicas: desired, because } = ceiling;
  return named({ ...decision, desired, rule: 'CapacityBudget', because }, ceiling);
}

/** Says which budget it is, without figures that move. */
function named(decision: ScaleDecision, { replicas, budgets, belowMinimum }: Ceiling): ScaleDecision {
  if (decision.rule !== 'CapacityBudget') return decision;
  const less = belowMinimum ? ', because not even minReplicas of all fit' : '';
  const message = `capacity budget ${budgets} allots ${replicas} replicas to this service${less}`;
  return { ...decision, limited: { status: 'True', reason: 'CapacityBudget', message } };
}

const byAutoscaler = ({ writer }: ActiveScaling): boolean => writer?.type === 'HorizontalPodAutoscaler';

const keyOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `${namespace}/${name}`;

const refusal = (reason: Reason, evidence: string): Verdict<Reason> => ({
  status: 'False',
  reason,
  message: advise(evidence, reason),
});

const presence = (who: string, { kind, name }: WorkloadSnapshot): Verdict<Reason> =>
  refusal('HPAPresent', `${who} scales ${kind} ${name}`);

const forbidden = ({ verb, resource }: { readonly verb: string; readonly resource: string }): Verdict<Reason> => ({
  status: 'False',
  reason: 'Forbidden',
  message: `Baton may not ${verb} ${resource}; grant ${verb} on ${resource} to the ServiceAccount of Baton`,
});

/** What refused the last write refuses the next one too, as far as is known before it was tried. */
function standing({ status }: CachedService): Verdict<Reason> | undefined {
  const active = findCondition(status?.conditions, 'ScalingActive');
  const stands = active?.status === 'False' && (active.reason === 'ScalingRefused' || active.reason === 'Forbidden');
  return stands ? { status: 'False', reason: active.reason as Reason, message: active.message } : undefined;
}

const doneBy = ({ rule, because }: ScaleDecision, verdict: string, what: string): ScalingTold => ({
  outcome: 'Done',
  rule,
  verdict,
  because: `${what}: ${because}`,
  event: 'Scaled',
});

function outcomeOf(outcome: Exclude<ActOutcome, { kind: 'written' }>, tried: string): Outcome {
  if (outcome.kind === 'forbidden') return { obstacle: forbidden(outcome), tried };
  if (outcome.kind === 'refused') {
    // Which request it was says nothing to who asks for a reason.
    const answer = outcome.message.replace(/^[A-Z]+ \/\S*: /, '');
    return { obstacle: refusal('ScalingRefused', `the API server refuses to change the replicas: ${answer}`), tried };
  }
  if (outcome.kind === 'objected') return { obstacle: refusal(outcome.reason, outcome.message), tried };
  return { isLate: true, tried };
}

/** The health of the service is told all the same. */
function unanswered(error: unknown, signal: AbortSignal): Outcome {
  signal.throwIfAborted();
  const message = error instanceof Error ? error.message : String(error);
  const evidence = `the replicas could not be written: ${message.slice(0, 512).toWellFormed()}`;
  return { obstacle: { ...refusal('TargetUnavailable', evidence), status: 'Unknown' } };
}

/** Nothing is written. While the metrics cannot be read there is nothing to recommend, and that is said instead. */
function rehearsed({ service, current }: Look, { desired, active }: ScaleDecision): Outcome {
  const { mode } = service.spec;
  if (active.status !== 'True') return {};
  const isMove = desired !== current;
  const what = isMove ? `would go from ${current} to ${desired} replicas` : `would stay at ${current} replicas`;
  const reason = mode === 'Recommend' ? 'RecommendOnly' : 'ObserveOnly';
  return { obstacle: { status: 'False', reason, message: `mode is ${mode}: ${what}` } };
}
