import type { OrchestratedService } from '../../api/kinds.ts';
import { dependencyKeys, type DependencyState } from '../dependencies/evaluate.ts';
import { type Phase, PHASES, type StartupRules, startupRules } from './rules.ts';
import { readStartup, type StartupState } from './state.ts';
import type { Rollback } from './step.ts';

/** What is known of a service where others are started, from its written status. */
export interface Member {
  /** `namespace/name` */
  readonly key: string;
  readonly namespace: string;
  readonly generation: number;
  /** Undefined where it asks for no start in order. */
  readonly rules: StartupRules | undefined;
  readonly state: StartupState | undefined;
  readonly everAvailable: boolean;
  /** Replicas that its workload asks for; undefined while that is not known. */
  readonly desired: number | undefined;
  readonly dependsOn: readonly string[];
  /** Baton may change its workload. */
  readonly isEnforced: boolean;
  /** spec.suspend: nobody raises it, so nobody waits for it. */
  readonly isSuspended: boolean;
}

/** Every service, as far as it matters here. */
export interface Fleet {
  /** Those of a namespace that ask for a start in order. */
  members(namespace: string): Iterable<Member>;
  /** Those that depend on a service. */
  dependantsOf(key: string): Iterable<Member>;
  /** False where Baton may not look, so that what is not found may be there. */
  sees(namespace: string): boolean;
}

export type Wait =
  | { readonly kind: 'Dependency'; readonly dependency: DependencyState }
  | {
      readonly kind: 'Phase';
      readonly phase: Phase;
      /** Those of the phase that are not up. */
      readonly blockers: readonly Member[];
      /** One of them that is critical and failed: the phase does not come up by itself. */
      readonly failed: Member | undefined;
    };

export interface Waits {
  readonly waits: readonly Wait[];
  /** Those that are not waited for, because they would wait for this one in turn. */
  readonly unfollowed: readonly string[];
  /** When time alone ends a wait, ms since the epoch. */
  readonly until: number;
}

export function memberOf(service: Pick<OrchestratedService, 'metadata' | 'spec' | 'status'>): Member {
  const { metadata, spec, status } = service;
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    namespace: metadata.namespace,
    generation: metadata.generation,
    rules: spec.startup && startupRules(spec.startup),
    state: readStartup(status?.startup),
    everAvailable: status?.everAvailable === true,
    desired: status?.replicas?.desired,
    dependsOn: dependencyKeys(metadata.namespace, spec.dependsOn),
    isEnforced: spec.mode === 'Enforce',
    isSuspended: spec.suspend === true,
  };
}

/** Whether later phases need not wait for it (any more): it was up once, failed without being critical, is not wanted, or suspended. */
export function isPassed({ rules, state, everAvailable, desired, isSuspended }: Member, now: number): boolean {
  if (isSuspended) return true;
  if (state === undefined) return everAvailable || desired === 0;
  if (state.state === 'Started') return true;
  if (rules === undefined || rules.critical) return false;
  return state.state === 'Failed' || now >= missingUntil(rules, state);
}

/** A workload that does not come at all fails as one that does not get up. */
const missingUntil = ({ timeout }: StartupRules, { state, replicas, since }: StartupState): number =>
  state === 'Waiting' && replicas === undefined ? since + timeout : Infinity;

/** What must be up before a service may be raised. */
export function waitsOf(self: Member, dependencies: readonly DependencyState[], fleet: Fleet, now: number): Waits {
  const waits: Wait[] = [];
  for (const dependency of dependencies)
    if (isAwaited(dependency, fleet)) waits.push({ kind: 'Dependency', dependency });
  const blockers = blockersOf(self, fleet, now);
  const leadBack = blockers.length > 0 ? leadingTo(self, fleet, now) : NONE;
  const followed = blockers.filter(({ key }) => !leadBack.has(key));
  for (const phase of PHASES) {
    const those = followed.filter(({ rules }) => rules?.phase === phase);
    const failed = those.find(({ state }) => state?.state === 'Failed');
    if (those.length > 0) waits.push({ kind: 'Phase', phase, blockers: those, failed });
  }
  const until = Math.min(
    ...followed.map(({ rules, state }) => (rules && !rules.critical && state ? missingUntil(rules, state) : Infinity)),
  );
  const unfollowed = blockers.filter(({ key }) => leadBack.has(key)).map(({ key }) => key);
  return { waits, unfollowed: [...ringsOf(dependencies), ...unfollowed], until };
}

/** Of a service that is up already. */
export const noWaits = (dependencies: readonly DependencyState[]): Waits => ({
  waits: [],
  unfollowed: ringsOf(dependencies),
  until: Infinity,
});

const ringsOf = (dependencies: readonly DependencyState[]): string[] =>
  dependencies.filter(({ state }) => state === 'Cycle').map(({ key }) => key);

const NONE: ReadonlySet<string> = new Set();

function isAwaited({ state, key }: DependencyState, fleet: Fleet): boolean {
  if (state === 'NotFound') return fleet.sees(key.slice(0, key.indexOf('/')));
  return state === 'Below' || state === 'Unknown';
}

const rankOf = (phase: Phase): number => PHASES.indexOf(phase);

function blockersOf({ key, namespace, rules }: Member, fleet: Fleet, now: number): Member[] {
  if (rules === undefined) return [];
  const rank = rankOf(rules.phase);
  return rank === 0
    ? []
    : [...fleet.members(namespace)].filter(
        (other) =>
          other.key !== key && other.rules !== undefined && rankOf(other.rules.phase) < rank && !isPassed(other, now),
      );
}

/**
 * Those that wait for `self`, by dependencies or phases, directly or over others: to wait for one of them would be for ever. A dependency is
 * what somebody wrote about this very service, a phase is not, so it is the phase that gives way.
 */
function leadingTo(self: Member, fleet: Fleet, now: number): ReadonlySet<string> {
  const seen = new Map<string, Member>([[self.key, self]]);
  const add = (one: Member): void => {
    const waitsItself = one.rules === undefined ? !one.everAvailable : !isPassed(one, now);
    if (waitsItself && !seen.has(one.key)) seen.set(one.key, one);
  };
  // Of each namespace, the phases from which on all that wait are in.
  const from = new Map<string, number>();
  // A Map iterates over what is added while it is iterated.
  for (const { key, namespace, rules } of seen.values()) {
    for (const dependant of fleet.dependantsOf(key)) add(dependant);
    if (rules === undefined) continue;
    const rank = rankOf(rules.phase) + 1;
    const upTo = from.get(namespace) ?? PHASES.length;
    if (rank >= upTo) continue;
    from.set(namespace, rank);
    for (const other of fleet.members(namespace)) {
      const at = rankOfMember(other);
      if (other.rules !== undefined && at >= rank && at < upTo) add(other);
    }
  }
  seen.delete(self.key);
  return new Set(seen.keys());
}

/** The failure, if there is one, for which what was raised in a namespace goes down again; `self` is one of its services. */
export function rollbackOf(self: Member, fleet: Fleet, now: number): Rollback | undefined {
  const members = [...fleet.members(self.namespace)];
  const failed = members.filter(isRollingBack).sort((a, b) => (a.key < b.key ? -1 : 1))[0];
  if (failed?.state === undefined) return undefined;
  const { key, generation, state } = failed;
  // Whoever cannot be taken down holds the others up for so long and no longer.
  const isLate = now >= state.since + (self.rules?.timeout ?? 0);
  const others = members.filter((other) => other.key !== self.key && isUpAndRaised(other, state.since));
  const isTurn = isLate || !isPreceded(self, others);
  return { key, generation, since: state.since, isTurn, isOwn: key === self.key };
}

const isRollingBack = ({ rules, state, generation, isSuspended }: Member): boolean =>
  !isSuspended &&
  rules?.critical === true &&
  rules.onFailure === 'Rollback' &&
  state?.state === 'Failed' &&
  state.generation === generation;

const isUpAndRaised = ({ state, desired, isEnforced, isSuspended }: Member, until: number): boolean =>
  isEnforced &&
  !isSuspended &&
  state?.raisedAt !== undefined &&
  state.raisedAt <= until &&
  (state.downAt === undefined ? state.replicas !== undefined || desired !== 0 : false);

/** Dependants go before what they depend on, and later phases before earlier ones where that does not contradict it. */
function isPreceded(self: Member, others: readonly Member[]): boolean {
  if (others.some(({ dependsOn }) => dependsOn.includes(self.key))) return true;
  const rank = rankOfMember(self);
  const later = others.filter((other) => rankOfMember(other) > rank);
  if (later.length === 0) return false;
  const following = followersOf(self, others);
  return later.some(({ key }) => !following.has(key));
}

/** Those that go down only after `self`, directly or after others. */
function followersOf(self: Member, others: readonly Member[]): ReadonlySet<string> {
  const seen = new Map<string, Member>([[self.key, self]]);
  let rank = 0;
  for (const one of seen.values()) {
    const reached = rankOfMember(one);
    for (const other of others) {
      const isEarlier = rankOfMember(other) >= rank && rankOfMember(other) < reached;
      if (isEarlier || one.dependsOn.includes(other.key)) seen.set(other.key, other);
    }
    rank = Math.max(rank, reached);
  }
  return new Set(seen.keys());
}

const rankOfMember = ({ rules }: Member): number => (rules === undefined ? 0 : rankOf(rules.phase));
