import type { Priority } from '../../api/kinds.ts';
import { annealed, settled } from './annealed.ts';
import { exchange, greedy } from './greedy.ts';
import { fits, type Item, type Problem, remaining, totalLoss } from './problem.ts';
import { seedOf } from './random.ts';

/** What a service wants of the budgets that cover it. Plain data, so that a thread can be given it. */
export interface Claim {
  /** namespace/name */
  readonly key: string;
  readonly priority: Priority;
  readonly minReplicas: number;
  readonly wanted: number;
  /** 0 to 1: how near its objectives are to being missed. */
  readonly risk: number;
  readonly costPerReplicaHour: number | undefined;
  /** Requests of one pod, cores and bytes. */
  readonly cpu: number;
  readonly memory: number;
  /** Nobody here may change it: it takes what it wants, and the others share what is left. */
  readonly fixed: boolean;
  /** Whether one joint solution is to be searched by annealing. */
  readonly annealed: boolean;
  /** What it was given last; absent where nothing was shared out to it yet. */
  readonly given?: number | undefined;
}

export interface Budget {
  readonly name: string;
  readonly maxReplicas: number | undefined;
  /** Cores. */
  readonly cpu: number | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
  /** Keys of the claims that it covers. */
  readonly covers: readonly string[];
}

export interface Allotment {
  readonly replicas: number;
  /** Names of the budgets that do not hold what is wanted. */
  readonly budgets: string;
  /** One sentence for people. */
  readonly because: string;
  /** Even the minima did not fit, and this one has less than its own. */
  readonly belowMinimum: boolean;
}

export interface Allotments {
  /** Those that get less than they want, by key; the others get what they want. */
  readonly reduced: ReadonlyMap<string, Allotment>;
  readonly method: 'None' | 'Greedy' | 'Annealed';
}

/** Each step of priority counts twice the one below. */
const PRIORITY: Readonly<Record<Priority, number>> = { Critical: 16, High: 8, Normal: 4, Low: 2, Maintenance: 1 };
const BY_PRIORITY = Object.keys(PRIORITY) as Priority[];

/**
 * What each service gets where budgets do not hold what is wanted: all budgets that have services in common are solved as one problem, by
 * annealing where one of the services asks for it, else greedily. The same claims and budgets give the same allotments. What was given before stays where
 * that costs little, so that no pod ends and starts for a hair.
 */
export function allot(claims: readonly Claim[], budgets: readonly Budget[]): Allotments {
  const reduced = new Map<string, Allotment>();
  const sorted = [...claims].sort((a, b) => (a.key < b.key ? -1 : 1));
  let method: Allotments['method'] = 'None';
  for (const group of connected(limitsOf(sorted, budgets))) {
    const among = sorted.filter(
      ({ key, fixed, wanted }) => !fixed && wanted > 0 && group.some(({ use }) => use.has(key)),
    );
    const isAnnealed = among.some((claim) => claim.annealed);
    if (method !== 'Annealed') method = isAnnealed ? 'Annealed' : 'Greedy';
    for (const [key, allotment] of shared(among, group, isAnnealed)) reduced.set(key, allotment);
  }
  return { reduced, method };
}

const RESOURCES = {
  maxReplicas: { of: () => 1, says: (amount: number) => `${amount} replicas` },
  cpu: { of: ({ cpu }: Claim) => cpu, says: (amount: number) => `${decimals(amount)} CPUs` },
  memory: {
    of: ({ memory }: Claim) => memory,
    says: (amount: number) => `${decimals(amount / 2 ** 30)} GiB of memory`,
  },
} as const;

const decimals = (amount: number): string => String(Math.round(amount * 100) / 100);

/** One resource of one budget that does not hold what is wanted. */
interface Limit {
  readonly name: string;
  /** For those who are not fixed; 0 when the fixed ones take all. */
  readonly room: number;
  /** What one replica takes, by key; absent where it takes nothing. */
  readonly use: ReadonlyMap<string, number>;
  /** What is wanted of how much, for people. */
  readonly says: string;
}

function limitsOf(claims: readonly Claim[], budgets: readonly Budget[]): Limit[] {
  return budgets.flatMap((budget) => {
    const covered = new Set(budget.covers);
    const sharers = claims.filter(({ key }) => covered.has(key));
    return (['maxReplicas', 'cpu', 'memory'] as const).flatMap((resource) => {
      const amount = budget[resource];
      return amount === undefined ? [] : limitOf(budget.name, amount, sharers, RESOURCES[resource]);
    });
  });
}

function limitOf(
  name: string,
  amount: number,
  sharers: readonly Claim[],
  { of, says }: (typeof RESOURCES)[keyof typeof RESOURCES],
): Limit[] {
  const sum = (some: readonly Claim[]): number => some.reduce((total, claim) => total + of(claim) * claim.wanted, 0);
  const wanted = sum(sharers);
  if (wanted <= amount * (1 + 1e-9)) return [];
  const room = Math.max(0, amount - sum(sharers.filter(({ fixed }) => fixed)));
  const use = new Map(
    sharers.filter((claim) => !claim.fixed && claim.wanted > 0 && of(claim) > 0).map((claim) => [claim.key, of(claim)]),
  );
  return [{ name, room, use, says: `budget ${name} holds ${says(amount)}, and ${says(wanted)} are wanted` }];
}

/** Limits that have a service in common, directly or through others. */
function connected(limits: readonly Limit[]): Limit[][] {
  let groups: Limit[][] = [];
  for (const limit of limits) {
    const touches = (group: readonly Limit[]): boolean =>
      group.some(({ use }) => [...use.keys()].some((key) => limit.use.has(key)));
    groups = [...groups.filter((group) => !touches(group)), [...groups.filter(touches).flat(), limit]];
  }
  return groups;
}

function shared(claims: readonly Claim[], limits: readonly Limit[], isAnnealed: boolean): [string, Allotment][] {
  const wanted: Problem = {
    items: claims.map((claim) => itemOf(claim, limits, thriftOf(claim, claims))),
    limits: limits.map(({ room }) => room),
  };
  const minima = affordable(claims, wanted);
  const items = wanted.items.map((item, index) => ({ ...item, min: minima[index] ?? 0 }));
  const problem: Problem = { items, limits: wanted.limits };
  const replicas = steady(problem, claims, isAnnealed ? jointly(problem, claims) : greedy(problem));
  return claims.flatMap((claim, index): [string, Allotment][] => {
    const gets = replicas[index] ?? 0;
    if (gets >= claim.wanted) return [];
    const own = Math.min(claim.minReplicas, claim.wanted);
    const binding = limits.filter(({ use }) => use.has(claim.key));
    const budgets = [...new Set(binding.map(({ name }) => name))].join(', ');
    const because = reasonOf(claim, gets, own, binding);
    return [[claim.key, { replicas: gets, budgets, because, belowMinimum: gets < own }]];
  });
}

/** So much of the least loss must be saved for replicas to move. Solutions that are about as good can differ in everything. */
const WORTH_MOVING = 0.05;

/** What was given before, with as few changes as the limits ask for, unless something else is better by more than a little. */
function steady(problem: Problem, claims: readonly Claim[], best: number[]): number[] {
  if (claims.every(({ given }) => given === undefined)) return best;
  const kept = settled(
    problem,
    claims.map(({ given = 0 }) => given),
  );
  return totalLoss(problem, kept) <= totalLoss(problem, best) * (1 + WORTH_MOVING) ? kept : best;
}

/** Annealed, brought to where no exchange helps any more; and where that is worse, what the greedy way finds. */
function jointly(problem: Problem, claims: readonly Claim[]): number[] {
  const seed = seedOf(claims.map(({ key, wanted }) => `${key}=${wanted}`).join());
  const found = annealed(problem, seed);
  exchange(problem, found);
  const other = greedy(problem);
  return totalLoss(problem, found) <= totalLoss(problem, other) ? found : other;
}

function itemOf(claim: Claim, limits: readonly Limit[], thrift: number): Item {
  return {
    min: Math.min(claim.minReplicas, claim.wanted),
    max: claim.wanted,
    weight: PRIORITY[claim.priority] * (1 + claim.risk) * thrift,
    use: limits.map(({ use }) => use.get(claim.key) ?? 0),
  };
}

/** A replica that costs twice as much as the others counts like one step of priority less, and the other way round. */
function thriftOf({ costPerReplicaHour }: Claim, claims: readonly Claim[]): number {
  const costs = claims.flatMap((claim) => claim.costPerReplicaHour ?? []);
  if (costPerReplicaHour === undefined || costs.length === 0) return 1;
  const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
  if (mean === 0) return 1;
  return Math.min(2, Math.max(0.5, mean / Math.max(costPerReplicaHour, mean / 2)));
}

/**
 * The minima, where they fit together. Else the higher priority first; among equals one replica after the other to whom most of its minimum is
 * missing.
 */
function affordable(claims: readonly Claim[], problem: Problem): number[] {
  const { items, limits } = problem;
  const minima = items.map(({ min }) => min);
  if (remaining(problem, minima).every((left, limit) => left >= -1e-9 * Math.max(1, limits[limit] ?? 0))) return minima;
  const given = items.map(() => 0);
  for (const priority of BY_PRIORITY) {
    const waiting = new Set(claims.keys().filter((index) => claims[index]?.priority === priority));
    for (let next = neediest(waiting, given, minima); next !== undefined; next = neediest(waiting, given, minima)) {
      const item = items[next];
      const now = given[next] ?? 0;
      if (item && now < item.min && fits(item, remaining(problem, given), limits)) given[next] = now + 1;
      else waiting.delete(next);
    }
  }
  return given;
}

function neediest(
  waiting: ReadonlySet<number>,
  given: readonly number[],
  minima: readonly number[],
): number | undefined {
  const share = (index: number): number => (given[index] ?? 0) / Math.max(1, minima[index] ?? 0);
  return [...waiting].reduce<number | undefined>(
    (best, index) => (best === undefined || share(index) < share(best) ? index : best),
    undefined,
  );
}

function reasonOf({ priority, wanted }: Claim, gets: number, minimum: number, limits: readonly Limit[]): string {
  const own = limits.map(({ says }) => says);
  const share = `${gets} of the ${wanted} replicas that are wanted, by priority (${priority}), objective and cost`;
  const less =
    gets < minimum ? `; not even minReplicas of all services fit, so that this one has less than its ${minimum}` : '';
  return `${own.join(', and ')}: ${share}${less}`;
}
