import { DISCOVER } from '../../api/annotations.ts';
import type { OrchestrationSpec } from '../../api/kinds.ts';
import { type Labels, selects } from '../labels.ts';

/** One of spec.discovery.rules of the policy. */
export type DiscoveryRule = NonNullable<OrchestrationSpec['discovery']>['rules'][number];
export type DiscoverableKind = DiscoveryRule['kinds'][number];

export const DISCOVERABLE_KINDS: readonly DiscoverableKind[] = ['Deployment', 'StatefulSet'];
export const DEFAULT_MAX_SERVICES = 500;

/** A workload that rules may fit. */
export interface Candidate {
  readonly kind: DiscoverableKind;
  readonly labels: Labels;
  /** Of its namespace. */
  readonly namespaceLabels: Labels;
}

export function rulesOf(spec: Pick<OrchestrationSpec, 'discovery'>): readonly DiscoveryRule[] {
  return spec.discovery?.rules ?? [];
}

/** The first rule that fits. One without selectors is for what carries the label, itself or by its namespace. */
export function ruleFor(rules: readonly DiscoveryRule[], candidate: Candidate): DiscoveryRule | undefined {
  return rules.find((rule) => fits(rule, candidate));
}

/** Whether somebody keeps discovery away: "false" wins wherever it stands. */
export const isOptedOut = ({ labels, namespaceLabels }: Candidate): boolean =>
  labels[DISCOVER] === 'false' || namespaceLabels[DISCOVER] === 'false';

function fits(rule: DiscoveryRule, { kind, labels, namespaceLabels }: Candidate): boolean {
  if (!rule.kinds.includes(kind)) return false;
  const { namespaceSelector, workloadSelector } = rule;
  if (namespaceSelector === undefined && workloadSelector === undefined) {
    return labels[DISCOVER] === 'true' || namespaceLabels[DISCOVER] === 'true';
  }
  return (
    (namespaceSelector === undefined || selects(namespaceSelector, namespaceLabels)) &&
    (workloadSelector === undefined || selects(workloadSelector, labels))
  );
}

const SYSTEM_NAMESPACES: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

/** Where nothing is discovered, whatever the rules say; a person may write services there. */
export const isProtected = (namespace: string, ownNamespace: string): boolean =>
  namespace === ownNamespace || SYSTEM_NAMESPACES.has(namespace);
