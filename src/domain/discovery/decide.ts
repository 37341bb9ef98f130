import type { Labels } from '../labels.ts';
import { type DiscoverableKind, type DiscoveryRule, isOptedOut, isProtected, ruleFor } from './rules.ts';

/** An OrchestratedService that has a workload as its target, or as its standby. */
export interface KnownService {
  readonly name: string;
  /** The rule that made it; undefined for what people made, or have taken over. */
  readonly discoveredBy: string | undefined;
  readonly isStandbyOnly: boolean;
  readonly createdAt: string;
  readonly isGoing: boolean;
  /** It holds something of a workload that it must give back before it goes. */
  readonly isHolding: boolean;
}

export interface DiscoveryInput {
  readonly kind: DiscoverableKind;
  readonly namespace: string;
  /** Undefined where there is none, or it is being deleted. */
  readonly workload: { readonly labels: Labels; readonly isHeld: boolean } | undefined;
  /** Labels of its namespace; undefined where that is not known, or is being deleted. */
  readonly namespaceLabels: Labels | undefined;
  readonly services: readonly KnownService[];
  readonly rules: readonly DiscoveryRule[];
  readonly ownNamespace: string;
}

export type SkipReason = 'OptedOut' | 'NamespaceProtected' | 'TargetAlreadyManaged' | 'DiscoveryHeld';

export interface Release {
  readonly service: KnownService;
  /** A part of a sentence: why it is no longer discovery's. */
  readonly because: string;
}

export interface DiscoveryDecision {
  /** The rule by which the workload has a service, or is to get one. */
  readonly rule: DiscoveryRule | undefined;
  /** The service that it has by discovery. */
  readonly service: KnownService | undefined;
  /** Nothing is made until what is there is gone. */
  readonly waits: boolean;
  /** Services that discovery made and gives up: deleted where nobody edited them, left to people else. */
  readonly releases: readonly Release[];
  /** Why a workload that a rule fits has no service by discovery, or why a service cannot be given up yet. */
  readonly skipped: SkipReason | undefined;
}

const NOTHING: DiscoveryDecision = {
  rule: undefined,
  service: undefined,
  waits: false,
  releases: [],
  skipped: undefined,
};

/** What becomes of one workload. People come first: what they made, or point to, is theirs, and so is a workload that they keep out. */
export function decideDiscovery(input: DiscoveryInput): DiscoveryDecision {
  const { kind, namespace, workload, namespaceLabels, services, rules, ownNamespace } = input;
  const ours = services.filter(({ discoveredBy, isStandbyOnly }) => discoveredBy !== undefined && !isStandbyOnly);
  if (workload === undefined) return release(ours, 'the workload is gone', false);
  if (rules.length === 0) return release(ours, 'discovery has no rules any more', workload.isHeld);
  // A namespace that is not known yet says nothing, and one that is being deleted takes everything along.
  if (namespaceLabels === undefined) return NOTHING;
  const candidate = { kind, labels: workload.labels, namespaceLabels };
  const rule = ruleFor(rules, candidate);
  if (rule === undefined) return release(ours, 'no rule of discovery fits the workload any more', workload.isHeld);
  if (isProtected(namespace, ownNamespace)) {
    return release(ours, 'nothing is discovered in this namespace', workload.isHeld, 'NamespaceProtected');
  }
  if (isOptedOut(candidate)) {
    return release(
      ours,
      'the workload or its namespace is labelled baton.dev/discover=false',
      workload.isHeld,
      'OptedOut',
    );
  }
  const theirs = services.find((service) => !ours.includes(service));
  if (theirs !== undefined) {
    const because = `OrchestratedService ${theirs.name}, which people made, has the workload now`;
    return release(ours, because, workload.isHeld, 'TargetAlreadyManaged');
  }
  const [first, ...others] = ours.filter(({ isGoing }) => !isGoing).sort(byAge);
  const waits = first === undefined && ours.length > 0;
  const spare = release(others, `OrchestratedService ${first?.name} looks after the workload`, workload.isHeld);
  return { ...spare, rule, service: first, waits };
}

/** What holds something is left until that was given back: deleting it would end a halt or a failover for this workload. */
function release(
  ours: readonly KnownService[],
  because: string,
  isHeld: boolean,
  skipped?: SkipReason,
): DiscoveryDecision {
  const there = ours.filter(({ isGoing }) => !isGoing);
  const free = there.filter(({ isHolding }) => !isHeld && !isHolding);
  return {
    ...NOTHING,
    releases: free.map((service) => ({ service, because })),
    skipped: free.length < there.length ? 'DiscoveryHeld' : skipped,
  };
}

const byAge = (a: KnownService, b: KnownService): number =>
  a.createdAt === b.createdAt ? (a.name < b.name ? -1 : 1) : a.createdAt < b.createdAt ? -1 : 1;

/** Longest name of an object. */
const LONGEST_NAME = 253;

/**
 * The name of a service: the workload's, or where somebody has that, with the kind behind it, so that a Deployment and a StatefulSet of one
 * name get one each. Undefined where both are taken.
 */
export function nameFor(kind: DiscoverableKind, name: string, isTaken: (name: string) => boolean): string | undefined {
  return [name, `${name}-${kind.toLowerCase()}`].find((one) => one.length <= LONGEST_NAME && !isTaken(one));
}
