import { DISCOVERED_BY, DISCOVERY_WROTE, MANAGED_BY } from '../../api/annotations.ts';
import type { OrchestratedService, OrchestrationSpec } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { contentOf, isEdited, parseContent, revise } from '../../domain/discovery/content.ts';
import { decideDiscovery, type DiscoveryDecision, nameFor, type Release } from '../../domain/discovery/decide.ts';
import { type DiscoveryFindings, discoveryFindings, type Outcome } from '../../domain/discovery/findings.ts';
import { DEFAULT_MAX_SERVICES, type DiscoveryRule, rulesOf } from '../../domain/discovery/rules.ts';
import { deepEqual } from '../../domain/equal.ts';
import type { WriteOutcome } from '../acts/ports.ts';
import type { CacheProblem, Count, EmitEvent, Log, RecordDecision, Reference, Result } from '../ports.ts';
import { BY_DISCOVERY, DISCOVERED } from '../service/caches.ts';
import { say } from '../transitions.ts';
import {
  candidateOf,
  type NamespaceSnapshot,
  servicesAbout,
  type WorkloadCaches,
  workloadOfKey,
  workloadsOf,
} from './facts.ts';
import type { DiscoveryPort, LiveCandidate, WorkloadName } from './ports.ts';
import { REFUSED_RETRY_MS, type Template, Templates } from './templates.ts';

/** What discovery sees of the namespaces; it watches them only while there are rules. */
export interface Namespaces {
  readonly synced: boolean;
  readonly problem: CacheProblem | undefined;
  get(name: string): NamespaceSnapshot | undefined;
}

export interface DiscovererOptions {
  readonly caches: WorkloadCaches;
  readonly namespaces: () => Namespaces | undefined;
  /** Undefined while no policy can be told: then nothing is made and nothing is given up. */
  readonly policy: () => OrchestrationSpec | undefined;
  /** The namespace that Baton runs in. */
  readonly ownNamespace: string;
  readonly port: DiscoveryPort;
  /** Every key that there is by now. */
  readonly keys: () => Set<string>;
  readonly enqueue: (key: string) => void;
  /** What is told of discovery may have changed. */
  readonly onChange: () => void;
  readonly emit: EmitEvent;
  readonly record: RecordDecision;
  readonly log: Log;
  readonly count: Count;
  readonly monotonic: () => number;
}

/** The key under which the templates themselves are looked at, also while no workload needs them. */
export const TEMPLATES = 'templates';

/** Writes in a second, at most: nobody waits for these, and others write too. */
const PER_SECOND = 20;
const NO_TOKEN_MS = 500;
/** How long until a service that was made is in the cache, at most. */
const SEEN_MS = 5_000;
const AGAIN_MS = 200;
/** What the API server refused is tried again after this. */
const REFUSED_MS = 60_000;

const DONE: Result = { kind: 'done' };

/**
 * Gives workloads that rules fit an OrchestratedService, and takes back what it gave. All that it must remember is on the services themselves,
 * so that another process goes on from there.
 */
export class Discoverer {
  readonly #options: DiscovererOptions;
  readonly #templates: Templates;
  readonly #outcomes = new Map<string, Outcome>();
  /** Not looked at since this replica leads, or the rules changed. */
  #unseen = new Set<string>();
  /** Made, and not in the cache yet; since when, by the monotonic clock. */
  readonly #awaited = new Map<string, number>();
  #tokens = { left: 0, at: -Infinity };

  constructor(options: DiscovererOptions) {
    this.#options = options;
    this.#templates = new Templates(options.port, options.monotonic);
  }

  get hasRules(): boolean {
    return this.#rules().length > 0;
  }

  /** Whether there is anything to look at: rules, or what is left of them. */
  get isOn(): boolean {
    return this.hasRules || this.#outcomes.size > 0;
  }

  /** Another replica led in between. */
  reset(): void {
    this.#outcomes.clear();
    this.#awaited.clear();
    this.#templates.reset();
  }

  /** Everything anew: this replica begins to lead, or the rules are others. */
  all(): void {
    const keys = this.#options.keys();
    for (const key of this.#outcomes.keys()) keys.add(key);
    if (this.hasRules) keys.add(TEMPLATES);
    this.#unseen = keys;
    for (const key of keys) this.#options.enqueue(key);
  }

  /** There is room again, or a name is free. */
  retryRefused(): void {
    for (const [key, outcome] of this.#outcomes) {
      if (outcome.kind === 'skipped' && RETRIED.has(outcome.reason)) this.#options.enqueue(key);
    }
  }

  /** What Orchestration/default is to say. */
  findings(): DiscoveryFindings | 'Unsettled' {
    const problem = this.#lasting();
    if (this.#unseen.size > 0 && problem === undefined) return 'Unsettled';
    return discoveryFindings({
      hasRules: this.hasRules,
      outcomes: this.#outcomes,
      invalid: this.#templates.refusals(),
      problem: problem && `Baton may not ${problem.verb} ${problem.resource}`,
    });
  }

  async reconcile(key: string, signal: AbortSignal): Promise<Result> {
    if (this.#options.policy() === undefined) return DONE;
    // Everything is looked at again when the caches can tell; until then nothing new is said.
    if (key !== TEMPLATES && !this.#canTell(workloadOfKey(key))) return DONE;
    const result = key === TEMPLATES ? await this.#lookAtTemplates(signal) : await this.#look(key, signal);
    const isNews = this.#unseen.delete(key) && this.#unseen.size === 0;
    if (isNews) this.#options.onChange();
    return result;
  }

  async #lookAtTemplates(signal: AbortSignal): Promise<Result> {
    const rules = this.#rules();
    this.#templates.keep(rules);
    const before = this.#templates.refusals();
    for (const rule of rules) await this.#templates.of(rule, signal);
    const refusals = this.#templates.refusals();
    if (!deepEqual(before, refusals)) {
      this.#options.onChange();
      // What was refused before may be made now.
      if (before.length > 0) this.all();
    }
    return refusals.length > 0 ? { kind: 'requeueAfter', ms: REFUSED_RETRY_MS } : DONE;
  }

  async #look(key: string, signal: AbortSignal): Promise<Result> {
    const of = workloadOfKey(key);
    const { caches } = this.#options;
    const workload = workloadsOf(of.kind, caches).get(`${of.namespace}/${of.name}`);
    const decision = this.#decide(of, candidateOf(workload));
    for (const release of decision.releases) {
      const result = await this.#release(of, release, signal);
      if (result.kind !== 'done') return result;
    }
    const { rule, service, waits, skipped } = decision;
    if (rule === undefined) return this.#settle(key, skipped && { kind: 'skipped', reason: skipped });
    if (service === undefined) return waits ? DONE : this.#make(key, of, rule, signal);
    this.#awaited.delete(`${of.namespace}/${service.name}`);
    return this.#keepUp(key, of, rule, service.name, signal);
  }

  /** Caches that do not show what there is are no reason to make or to give up anything. */
  #canTell({ kind }: WorkloadName): boolean {
    const { caches, namespaces } = this.#options;
    const needed = [caches.services, workloadsOf(kind, caches), ...(this.hasRules ? [namespaces()] : [])];
    return needed.every((cache) => cache?.synced === true && cache.problem === undefined);
  }

  /** A cache that does not fill without somebody who grants a permission. */
  #lasting(): CacheProblem | undefined {
    const { caches, namespaces } = this.#options;
    if (!this.hasRules) return undefined;
    const needed = [namespaces(), caches.services, caches.deployments, caches.statefulSets];
    return needed.map((cache) => cache?.problem).find((one) => one !== undefined && one.reason !== 'Unavailable');
  }

  #rules(): readonly DiscoveryRule[] {
    return rulesOf(this.#options.policy() ?? {});
  }

  #decide(of: WorkloadName, workload: LiveCandidate | undefined): DiscoveryDecision {
    const { caches, namespaces, ownNamespace } = this.#options;
    const namespace = namespaces()?.get(of.namespace);
    return decideDiscovery({
      kind: of.kind,
      namespace: of.namespace,
      workload,
      namespaceLabels: namespace?.terminating === false ? namespace.labels : undefined,
      services: servicesAbout(of, caches.services),
      rules: this.#rules(),
      ownNamespace,
    });
  }

  /** How the workload stands; undefined where discovery has nothing to do with it. */
  #settle(key: string, outcome: Outcome | undefined, again: Result = DONE): Result {
    const before = this.#outcomes.get(key);
    if (outcome === undefined) this.#outcomes.delete(key);
    else this.#outcomes.set(key, outcome);
    if (!deepEqual(before, outcome) && !this.#unseen.has(key)) this.#options.onChange();
    return again;
  }

  async #make(key: string, of: WorkloadName, rule: DiscoveryRule, signal: AbortSignal): Promise<Result> {
    const { caches, port } = this.#options;
    const template = await this.#templates.of(rule, signal);
    if (template.kind === 'refused') return this.#settle(key, { kind: 'skipped', reason: 'TemplateInvalid' });
    const name = nameFor(of.kind, of.name, (one) => caches.services.get(`${of.namespace}/${one}`) !== undefined);
    if (name === undefined) return this.#settle(key, { kind: 'skipped', reason: 'NameTaken' });
    if (this.#isAwaited(`${of.namespace}/${name}`)) return { kind: 'requeueAfter', ms: AGAIN_MS };
    if (this.#room() <= 0) return this.#settle(key, { kind: 'skipped', reason: 'DiscoveryLimit' });
    if (!this.#mayWrite()) return { kind: 'requeueAfter', ms: NO_TOKEN_MS };
    const annotations = { [DISCOVERED_BY]: rule.name, [DISCOVERY_WROTE]: template.text };
    const { namespace } = of;
    const made = await port.create({ namespace, name, target: of, annotations, content: template.content }, signal);
    if (made.kind !== 'created') return this.#refused(key, made, false);
    this.#awaited.set(`${namespace}/${name}`, this.#options.monotonic());
    this.#say(made.service, 'Discovered', `made by rule ${rule.name} of discovery for ${of.kind} ${of.name}`);
    return this.#settle(key, { kind: 'discovered' });
  }

  /** Brings a service up to its template, but for what people changed. */
  async #keepUp(
    key: string,
    of: WorkloadName,
    rule: DiscoveryRule,
    name: string,
    signal: AbortSignal,
  ): Promise<Result> {
    const { caches, port } = this.#options;
    const cached = caches.services.get(`${of.namespace}/${name}`)?.metadata.annotations;
    const template = await this.#templates.of(rule, signal);
    if (template.kind === 'refused' || isCurrent(cached, rule, template)) {
      return this.#settle(key, { kind: 'discovered' });
    }
    if (!this.#mayWrite()) return { kind: 'requeueAfter', ms: NO_TOKEN_MS };
    const live = await port.read({ namespace: of.namespace, name }, signal);
    // Gone, or its people's by now, or brought up already: the cache shows it in a moment.
    if (live?.metadata.annotations?.[DISCOVERED_BY] === undefined) return DONE;
    if (isCurrent(live.metadata.annotations, rule, template)) return this.#settle(key, { kind: 'discovered' });
    const { annotations } = live.metadata;
    const before = contentOf(live.metadata.labels, live.spec);
    const after = revise(parseContent(annotations[DISCOVERY_WROTE]), before, template.content);
    const to = {
      labels: after.labels,
      annotations: { ...annotations, [DISCOVERED_BY]: rule.name, [DISCOVERY_WROTE]: template.text },
      spec: { ...after.spec, targetRef: live.spec.targetRef } as OrchestratedService['spec'],
    };
    const outcome = await port.revise(live, to, signal);
    if (outcome.kind !== 'written') return this.#refused(key, outcome, true);
    if (!deepEqual(before, after)) {
      const kept = isEdited(after, template.content) ? '; what people changed stays' : '';
      this.#say(live, 'DiscoveryRevised', `brought up to rule ${rule.name} of discovery${kept}`);
    }
    return this.#settle(key, { kind: 'discovered' });
  }

  /** Done where there is nothing to be given up any more. */
  async #release(of: WorkloadName, { service, because }: Release, signal: AbortSignal): Promise<Result> {
    const { port } = this.#options;
    if (!this.#mayWrite()) return { kind: 'requeueAfter', ms: NO_TOKEN_MS };
    const live = await port.read({ namespace: of.namespace, name: service.name }, signal);
    const annotations = live?.metadata.annotations;
    if (live === undefined || annotations?.[DISCOVERED_BY] === undefined) return DONE;
    // The cache may be behind: what the workload says itself decides.
    const { releases } = this.#decide(of, await port.workload(of, signal));
    if (!releases.some((one) => one.service.name === service.name)) return { kind: 'requeueAfter', ms: AGAIN_MS };
    const edited = isEdited(contentOf(live.metadata.labels, live.spec), parseContent(annotations[DISCOVERY_WROTE]));
    const outcome = edited ? await this.#handOver(live, signal) : await port.remove(live, signal);
    if (outcome.kind === 'gone') return DONE;
    if (outcome.kind !== 'written') return this.#refused(`${of.kind}/${of.namespace}/${of.name}`, outcome, true);
    if (edited) {
      const note = `${because}; people have edited this service, so it stays and is theirs`;
      this.#say(live, 'DiscoveryHandedOver', note);
    } else this.#say(live, 'DiscoveryDeleted', `deleted: ${because}`);
    return DONE;
  }

  #handOver(live: OrchestratedService, signal: AbortSignal): Promise<WriteOutcome> {
    const { [MANAGED_BY]: _, ...labels } = live.metadata.labels ?? {};
    const { [DISCOVERED_BY]: _rule, [DISCOVERY_WROTE]: _wrote, ...annotations } = live.metadata.annotations ?? {};
    return this.#options.port.revise(live, { labels, annotations, spec: live.spec }, signal);
  }

  #refused(key: string, outcome: Exclude<WriteOutcome, { kind: 'written' }>, hasService: boolean): Result {
    switch (outcome.kind) {
      case 'conflict':
        return { kind: 'requeueAfter', ms: AGAIN_MS };
      case 'gone':
        // With its namespace, or by somebody else: the caches tell in a moment.
        return hasService ? { kind: 'requeueAfter', ms: AGAIN_MS } : DONE;
      case 'refused':
      case 'blocked': {
        const { message } = outcome;
        return this.#settle(key, { kind: 'skipped', reason: 'DiscoveryRefused', message }, AFTER_REFUSAL);
      }
      case 'forbidden': {
        const message = `Baton may not ${outcome.verb} ${outcome.resource}`;
        return this.#settle(key, { kind: 'skipped', reason: 'Forbidden', message }, AFTER_REFUSAL);
      }
    }
  }

  #isAwaited(service: string): boolean {
    const since = this.#awaited.get(service);
    if (since === undefined) return false;
    if (this.#options.monotonic() - since < SEEN_MS) return true;
    this.#awaited.delete(service);
    return false;
  }

  /** How many services may be made yet. */
  #room(): number {
    const { policy, caches } = this.#options;
    const most = policy()?.discovery?.maxServices ?? DEFAULT_MAX_SERVICES;
    const unseen = [...this.#awaited.keys()].filter((key) => caches.services.get(key) === undefined);
    return most - caches.services.byIndex(BY_DISCOVERY, DISCOVERED).length - unseen.length;
  }

  #mayWrite(): boolean {
    const at = this.#options.monotonic();
    const left = Math.min(PER_SECOND, this.#tokens.left + ((at - this.#tokens.at) / 1_000) * PER_SECOND);
    this.#tokens = { left: left >= 1 ? left - 1 : left, at };
    return left >= 1;
  }

  #say({ metadata }: OrchestratedService, reason: Reason, message: string): void {
    const { namespace, name, uid, resourceVersion } = metadata;
    const reference: Reference = { kind: 'OrchestratedService', namespace, name, uid, resourceVersion };
    const transition = {
      kind: 'Discovery',
      from: '',
      to: reason,
      reason,
      message,
      type: 'Normal',
      outcome: 'Done',
    } as const;
    say(
      this.#options,
      reference,
      transition,
      { service: `${namespace}/${name}` },
      { confidence: undefined, inputs: {} },
    );
  }
}

const AFTER_REFUSAL: Result = { kind: 'requeueAfter', ms: REFUSED_MS };
/** What may become possible when another service goes. */
const RETRIED: ReadonlySet<string> = new Set<Reason>(['DiscoveryLimit', 'NameTaken', 'DiscoveryRefused']);

function isCurrent(
  annotations: Readonly<Record<string, string>> | undefined,
  { name }: DiscoveryRule,
  { text }: Template & { readonly kind: 'ready' },
): boolean {
  return annotations?.[DISCOVERED_BY] === name && annotations[DISCOVERY_WROTE] === text;
}
