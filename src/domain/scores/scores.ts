import type { OrchestratedServiceSpec } from '../../api/kinds.ts';
import { parseQuantity } from '../../api/quantity.ts';
import type { Advice } from '../recommendations/facts.ts';
import type { Resources } from '../snapshot.ts';

/** How good a service is for what it costs; the formulas are in docs/scores.md. */
export interface ServiceScores {
  /** 0 to 100; absent while nothing is known of how near it is to its objective. */
  readonly optimization?: number;
  /** Share of the cost that pays for what is needed, 0 to 1; absent without costPerReplicaHour, and before there is evidence. */
  readonly costEfficiency?: number;
  /** What the replicas cost in an hour now, in the currency of costPerReplicaHour; absent without it. */
  readonly costPerHour?: number;
}

export interface ScoreFacts {
  readonly scaling: OrchestratedServiceSpec['scaling'];
  readonly objectives: readonly { readonly budgetRemaining: number }[];
  /** The health score, 0 to 100; undefined before the first evidence. */
  readonly health: number | undefined;
  /** Replicas that are paid for. */
  readonly replicas: number;
  readonly requests: Resources | undefined;
  readonly advice: Pick<Advice, 'use' | 'demand'>;
}

type Strategy = NonNullable<NonNullable<OrchestratedServiceSpec['scaling']>['strategy']>;

/** What pods that are not needed take of the score at most: who buys safety is not blamed for it as much as who asks for the lowest cost. */
const WASTE: Readonly<Record<Strategy | 'None', number>> = {
  Cost: 0.5,
  QuantumInspired: 0.4,
  None: 0.3,
  Scalability: 0.3,
  Performance: 0.2,
  Reliability: 0.2,
};
/** Below this time of evidence a share says nothing, ms. */
const EVIDENCE_MS = 600_000;

export function scoresOf(facts: ScoreFacts): ServiceScores {
  const near = nearness(facts);
  const needed = neededShare(facts);
  const price = parseQuantity(String(facts.scaling?.costPerReplicaHour ?? ''));
  const waste = needed === undefined ? 0 : WASTE[facts.scaling?.strategy ?? 'None'] * (1 - needed);
  return {
    ...(near !== undefined && { optimization: 100 * near * (1 - waste) }),
    ...(price !== undefined && { costPerHour: price * facts.replicas }),
    ...(price !== undefined && needed !== undefined && { costEfficiency: needed }),
  };
}

/** 1 while every objective is kept; 0 when an error budget is spent twice. Without objectives the health stands for them. */
function nearness({ objectives, health }: ScoreFacts): number | undefined {
  if (objectives.length === 0) return health === undefined ? undefined : health / 100;
  return Math.min(...objectives.map(({ budgetRemaining }) => Math.min(1, Math.max(0, 1 + budgetRemaining))));
}

/** By the decisions about the replicas where there are any, else by what the pods use of their requests. */
function neededShare({ advice: { demand, use }, requests }: ScoreFacts): number | undefined {
  if (demand !== undefined && demand.observedMs >= EVIDENCE_MS) return demand.needed;
  if (use === undefined || use.observedMs < EVIDENCE_MS || requests === undefined) return undefined;
  const shares = [share(use.cpu.p90, requests.cpu), share(use.memory.p98, requests.memory)];
  const known = shares.filter((each) => each !== undefined);
  // The scarcer of the two decides how many pods fit on a node.
  return known.length === 0 ? undefined : Math.max(...known);
}

const share = (used: number, requested: number | undefined): number | undefined =>
  requested === undefined || requested <= 0 ? undefined : Math.min(1, used / requested);
