import { createHash } from 'node:crypto';
import type { Reason } from '../../api/reasons.ts';
import type { WorkloadSnapshot } from '../../domain/snapshot.ts';
import { type HealingRules, healingRules, healingWorkflow } from '../../domain/healing/rules.ts';
import { isSick, nextSickAt, sickPods } from '../../domain/healing/sick.ts';
import { type HealingState, type Intent, readHealing, writeHealing } from '../../domain/healing/state.ts';
import { acted, type HealingFacts, refused, step, type WorkflowStanding } from '../../domain/healing/step.ts';
import { conditionOf, type Done, toldOf } from '../../domain/healing/words.ts';
import type { Act } from '../../domain/guard/act.ts';
import { findCondition } from '../../domain/status/conditions.ts';
import type { Held } from '../../domain/status/part.ts';
import type { Transition } from '../../domain/status/transitions.ts';
import type { Actor } from '../acts/actor.ts';
import type { Situations } from '../acts/situations.ts';
import type { CachedService } from '../service/caches.ts';
import type { Part, PartAnswer, PartLook } from '../service/parts.ts';

export interface HealerOptions {
  readonly actor: Pick<Actor, 'carryOut'>;
  readonly situations: Pick<Situations, 'of' | 'left'>;
  /** How it stands with a workflow, `namespace/name`. */
  readonly workflow: (key: string, signal: AbortSignal) => Promise<WorkflowStanding>;
  /** Whether there is such a WorkflowTemplate, `namespace/name`. */
  readonly hasTemplate: (key: string) => boolean;
  readonly now: () => number;
  /** 0 to 1 */
  readonly random: () => number;
}

/** One act evicts at most so many: it is one look, and others wait. */
const MOST_PODS = 10;
/** What holds healing back and may be over for many at once. */
const FAILURE_OF_OTHERS: ReadonlySet<string> = new Set<Reason>(['DependencyUnhealthy', 'MassFailure']);
const LONGEST_NAME = 63;
const HASHES = ['pod-template-hash', 'controller-revision-hash'];

/** Heals services by spec.healing: decides by the written status, and carries out what is written there as its intent. */
export class Healer implements Part {
  readonly #options: HealerOptions;
  /** What came of the intents that are done, until the status tells it. */
  readonly #done = new Map<string, { readonly id: string; readonly done: Done; readonly state: HealingState }>();

  constructor(options: HealerOptions) {
    this.#options = options;
  }

  look(look: PartLook): PartAnswer | Promise<PartAnswer> | undefined {
    const { service, target } = look;
    const { healing } = service.spec;
    if (healing === undefined) {
      this.forget(look.key);
      return undefined;
    }
    // What cannot be read is no reason to do anything, nor to forget.
    if (target.state === 'Absent' || service.metadata.deletionTimestamp !== undefined || target.workload.terminating)
      return { findings: { status: standing(service), conditions: [], told: [] }, lookAgainInMs: Infinity };
    const { workload } = target;
    const before = readHealing(service.status?.healing);
    const rules = healingRules(healing);
    if (before.workflow === undefined) return this.#decide(look, workload, rules, before, undefined);
    return this.#standing(look, before.workflow).then((standing) =>
      this.#decide(look, workload, rules, before, standing),
    );
  }

  /** Who does not answer now does so at the next look. */
  async #standing({ service: { namespace }, signal }: PartLook, name: string): Promise<WorkflowStanding | undefined> {
    try {
      return await this.#options.workflow(`${namespace}/${name}`, signal);
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }

  #decide(
    look: PartLook,
    workload: WorkloadSnapshot,
    rules: HealingRules,
    before: HealingState,
    workflow: WorkflowStanding | undefined,
  ): PartAnswer | Promise<PartAnswer> {
    const held = this.#heldBack(look);
    const facts = { ...this.#facts(look, workload, rules, held !== undefined), workflow };
    const known = this.#done.get(look.key);
    if (known !== undefined && known.id === before.intent?.id)
      return this.#answer(before, known.state, facts, held, known.done);
    if (before.intent !== undefined && held === undefined) return this.#carryOut(look, workload, before, facts);
    return this.#answer(before, step(before, facts), facts, held);
  }

  wasTold(key: string): void {
    this.#done.delete(key);
  }

  forget(key: string): void {
    this.#done.delete(key);
  }

  /** Why nothing may be begun, in the order in which a person would want to know. */
  #heldBack({ service, held }: PartLook): Held | undefined {
    if (held !== undefined) return held;
    const { mode } = service.spec;
    if (mode === 'Observe') return { reason: 'ObserveOnly', message: 'mode is Observe' };
    if (mode === 'Recommend') return { reason: 'RecommendOnly', message: 'mode is Recommend' };
    const { maintenance, dependency, massFailure, disruptions } = this.#options.situations.of(service);
    if (maintenance !== undefined) return { reason: 'MaintenanceWindow', message: maintenance };
    if (dependency !== undefined) return { reason: 'DependencyUnhealthy', message: dependency };
    if (massFailure !== undefined) return { reason: 'MassFailure', message: massFailure };
    return disruptions === undefined ? undefined : { reason: 'DisruptionBudget', message: disruptions };
  }

  #facts(
    { key, service, pods }: PartLook,
    workload: WorkloadSnapshot,
    rules: HealingRules,
    isHeld: boolean,
  ): HealingFacts {
    const now = this.#options.now();
    const { rollout } = workload;
    const isRolled = workload.apiVersion === 'apps/v1' && /^(Deployment|StatefulSet)$/.test(workload.kind);
    const isRolling = rollout.state === 'Progressing';
    const revisions = revisionsOf(pods);
    const { healthyRevision } = service.status?.healing ?? {};
    const canGoBack = isRolled && healthyRevision !== undefined && revisions.newest !== undefined;
    return {
      rules,
      key,
      generation: service.metadata.generation,
      level: service.status?.health ?? 'Unknown',
      // Pods of a rollout that gets on are not ready because they are new.
      sick: isRolling ? [] : sickPods(pods, rules.after, now),
      nextSickAt: isRolling ? Infinity : nextSickAt(pods, rules.after, now),
      mostPods: Math.min(MOST_PODS, this.#options.situations.left(service.namespace).left),
      canRestart: isRolled && !isRolling && workload.desired > 0,
      revision: rollout.state === 'Complete' && mostAreReady(pods, workload) ? revisions.only : undefined,
      rollbackTo: canGoBack && revisions.newest !== healthyRevision ? healthyRevision : undefined,
      missingTemplate: this.#missingTemplate(service),
      isHeld,
      isReleased: !isHeld && FAILURE_OF_OTHERS.has(findCondition(service.status?.conditions, 'Healing')?.reason ?? ''),
      now,
      random: this.#options.random(),
    };
  }

  #missingTemplate({ namespace, spec }: CachedService): string | undefined {
    const template = healingWorkflow(spec.healing)?.template;
    return template === undefined || this.#options.hasTemplate(`${namespace}/${template}`) ? undefined : template;
  }

  async #carryOut(
    look: PartLook,
    workload: WorkloadSnapshot,
    before: HealingState,
    facts: HealingFacts,
  ): Promise<PartAnswer> {
    const { intent } = before;
    if (intent === undefined) return this.#answer(before, before, facts, undefined);
    const done = await this.#act(look, workload, intent);
    const state = done.disruptions > 0 ? acted(before, facts, done.disruptions, done.workflow) : refused(before, facts);
    this.#done.set(look.key, { id: intent.id, done, state });
    return this.#answer(before, state, facts, undefined, done);
  }

  async #act({ service, signal }: PartLook, workload: WorkloadSnapshot, intent: Intent): Promise<Done> {
    const done: Done = { intent, disruptions: 0, pods: [], refusal: undefined };
    const missing = intent.type === 'Workflow' ? this.#missingTemplate(service) : undefined;
    if (missing !== undefined) {
      done.refusal = { kind: 'refused', message: `there is no WorkflowTemplate ${missing}` };
      return done;
    }
    for (const { act, name } of actsOf(service, workload, intent)) {
      const recheck = act.type === 'Evict' ? (live: object) => notSick(live) : undefined;
      const outcome = await this.#options.actor.carryOut(
        { act, cause: 'Healing', service, ...(recheck && { recheck }) },
        signal,
      );
      switch (outcome.kind) {
        case 'written':
        case 'already':
          done.disruptions += 1;
          if (act.type === 'StartWorkflow') done.workflow = act.name;
          else if (name !== undefined) done.pods.push(name);
          break;
        case 'gone':
          // Whoever took it: it is not there any more, which is what was wanted of a pod.
          if (act.type === 'Evict') done.disruptions += 1;
          break;
        case 'conflict':
          break;
        case 'refused':
        case 'blocked':
        case 'forbidden':
        case 'objected':
          done.refusal ??= outcome;
      }
    }
    return done;
  }

  #answer(
    before: HealingState,
    after: HealingState,
    facts: HealingFacts,
    held: Held | undefined,
    done?: Done,
  ): PartAnswer {
    const told: Transition[] = toldOf(before, after, facts, done);
    const condition = conditionOf(after, facts, held);
    const findings = {
      status: { healing: writeHealing(after) },
      conditions: [{ type: 'Healing', ...condition } as const],
      told,
    };
    return { findings, lookAgainInMs: Math.max(0, lookAgainAt(after, facts) - facts.now) };
  }
}

const standing = ({ status }: CachedService) => (status?.healing === undefined ? {} : { healing: status.healing });

const notSick = (live: object): string | undefined =>
  'ready' in live && isSick(live as Parameters<typeof isSick>[0]) ? undefined : 'the pod is not sick any more';

/** The same for each try of that act, and that of no other: the id has the time of the attempt. */
function workflowName({ name, uid }: CachedService, id: string): string {
  const hash = createHash('sha256').update(`${uid} ${id}`).digest('hex').slice(0, 8);
  const head = name.replace(/[^a-z0-9-]+/g, '-').slice(0, LONGEST_NAME - '-heal-'.length - hash.length);
  return `${head.replace(/-+$/, '')}-heal-${hash}`;
}

function workflowAct(service: CachedService, target: WorkloadSnapshot, id: string): Act | undefined {
  const written = healingWorkflow(service.spec.healing);
  const name = workflowName(service, id);
  return written && { type: 'StartWorkflow', target, id, name, service: service.name, ...written };
}

function actsOf(
  service: CachedService,
  workload: WorkloadSnapshot,
  { id, type, pods, revision }: Intent,
): { act: Act; name?: string }[] {
  const { namespace } = workload;
  switch (type) {
    case 'DeletePod':
      return pods.map(({ name, uid }) => ({ act: { type: 'Evict', target: { namespace, name, uid } }, name }));
    case 'Restart':
      return [{ act: { type: 'Restart', target: workload, id } }];
    case 'Workflow': {
      const act = workflowAct(service, workload, id);
      return act === undefined ? [] : [{ act }];
    }
    case 'RollbackRevision':
      return revision === undefined ? [] : [{ act: { type: 'RollBack', target: workload, id, revision } }];
  }
}

/**
 * The level that is written may be that of pods which are gone, and a Deployment be known as it was before a rollout whose pods are there already: of
 * each kind the watch tells apart.
 */
const mostAreReady = (pods: PartLook['pods'], { desired }: WorkloadSnapshot): boolean =>
  pods.filter(({ ready, terminating }) => ready && !terminating).length * 2 > desired;

/** The revision of the youngest pod, and that of all where they have but one. */
function revisionsOf(pods: PartLook['pods']): { newest: string | undefined; only: string | undefined } {
  let newest: PartLook['pods'][number] | undefined;
  const all = new Set<string | undefined>();
  for (const pod of pods) {
    if (pod.terminating) continue;
    all.add(hashOf(pod));
    if (newest === undefined || pod.createdAt >= newest.createdAt) newest = pod;
  }
  const [only] = all.size === 1 ? all : [undefined];
  return { newest: newest && hashOf(newest), only };
}

function hashOf({ template: { labels } }: PartLook['pods'][number]): string | undefined {
  for (const name of HASHES) if (labels[name] !== undefined) return labels[name];
  return undefined;
}

/** When time alone moves something: an intent is carried out at once when it is written. */
function lookAgainAt(
  { intent, nextAttemptAt, episode, exhaustedAt, workflow }: HealingState,
  facts: HealingFacts,
): number {
  if (intent !== undefined) return facts.now;
  if (episode?.recoveredAt !== undefined) {
    const over = episode.recoveredAt + facts.rules.backoff.max;
    // Past that only another level ends it.
    return Math.min(over > facts.now ? over : Infinity, facts.nextSickAt);
  }
  // Its end wakes this again.
  if (workflow !== undefined) return facts.workflow === undefined ? facts.now + UNANSWERED_MS : Infinity;
  const isDone = episode === undefined || exhaustedAt === facts.generation;
  return Math.min(facts.nextSickAt, isDone ? Infinity : Math.max(nextAttemptAt ?? Infinity, facts.now + MOST_OFTEN_MS));
}

/** Nobody said how it stands with a workflow. */
const UNANSWERED_MS = 10_000;
/** What holds healing back ends by itself, and not always with a word. */
const MOST_OFTEN_MS = 1_000;
