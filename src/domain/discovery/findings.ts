import type { OrchestrationStatus } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { cut } from '../health/names.ts';
import { advise } from '../status/conditions.ts';
import type { SkipReason } from './decide.ts';

/** How one workload stands. */
export type Outcome =
  | { readonly kind: 'discovered' }
  | {
      readonly kind: 'skipped';
      readonly reason:
        | SkipReason
        | 'TemplateInvalid'
        | 'NameTaken'
        | 'DiscoveryLimit'
        | 'DiscoveryRefused'
        | 'Forbidden';
      /** What the API server answered. */
      readonly message?: string;
    };

export interface DiscoveryState {
  readonly hasRules: boolean;
  /** By workload, as `Kind/namespace/name`. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** Rules whose template the API server refuses, with what it says. */
  readonly invalid: readonly {
    readonly rule: string;
    readonly reason: 'TemplateInvalid' | 'Forbidden';
    readonly message: string;
  }[];
  /** Namespaces cannot be read: then nothing is done, because one of them may say no. */
  readonly problem: string | undefined;
}

export interface DiscoveryFindings {
  readonly status: OrchestrationStatus['discovery'];
  readonly condition:
    | { readonly status: 'True' | 'False'; readonly reason: Reason; readonly message: string }
    | undefined;
}

type Skipped = NonNullable<NonNullable<OrchestrationStatus['discovery']>['skipped']>[number];

/** Reasons that somebody has to see to, the most urgent first; the others are as people want it. */
const URGENT = ['Forbidden', 'DiscoveryRefused', 'DiscoveryLimit', 'NameTaken', 'DiscoveryHeld'] as const;

/** What Orchestration/default says of discovery; nothing where it has no rules and nothing is left to give up. */
export function discoveryFindings(state: DiscoveryState): DiscoveryFindings {
  const skipped = skippedOf(state.outcomes);
  let discovered = 0;
  for (const { kind } of state.outcomes.values()) if (kind === 'discovered') discovered += 1;
  if (!state.hasRules && discovered === 0 && skipped.length === 0) return { status: undefined, condition: undefined };
  const status = { discovered, ...(skipped.length > 0 && { skipped }) };
  return { status, condition: conditionOf(state, skipped) };
}

function skippedOf(outcomes: DiscoveryState['outcomes']): Skipped[] {
  const found = new Map<string, { workloads: number; first: string; message: string | undefined }>();
  for (const [key, outcome] of outcomes) {
    if (outcome.kind !== 'skipped') continue;
    const { reason, message } = outcome;
    const known = found.get(reason);
    if (known === undefined) found.set(reason, { workloads: 1, first: key, message });
    else {
      known.workloads += 1;
      if (key < known.first) Object.assign(known, { first: key, message });
    }
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([reason, { workloads, first, message }]) => ({
      reason,
      workloads,
      first: cut(first.replace('/', ' '), 384),
      ...(message !== undefined && { message: cut(message, 512) }),
    }));
}

function conditionOf(
  { invalid, problem }: DiscoveryState,
  skipped: readonly Skipped[],
): NonNullable<DiscoveryFindings['condition']> {
  if (problem !== undefined) {
    return { status: 'False', reason: 'Forbidden', message: advise(problem, 'Forbidden') };
  }
  const [wrong] = invalid;
  if (wrong !== undefined) {
    const more = invalid.length > 1 ? `, and ${invalid.length - 1} more` : '';
    const evidence = `the template of rule ${wrong.rule}${more} is refused: ${wrong.message}`;
    return { status: 'False', reason: wrong.reason, message: cut(evidence, 1024) };
  }
  for (const reason of URGENT) {
    const one = skipped.find((candidate) => candidate.reason === reason);
    if (one === undefined) continue;
    const evidence = `${one.workloads} of the workloads, first ${one.first}${one.message === undefined ? '' : `: ${one.message}`}`;
    return { status: 'False', reason, message: advise(evidence, reason) };
  }
  return { status: 'True', reason: 'Discovering', message: 'every workload that a rule fits has its service' };
}
