/** A service in a problem of allotment: it gets a whole number of replicas from `min` to `max`. */
export interface Item {
  readonly min: number;
  /** What it wants; at least 1, at least `min`. */
  readonly max: number;
  /** How much its shortage counts, above 0. */
  readonly weight: number;
  /** What one replica takes of each limit, in the order of the limits; 0 where the limit does not cover it. */
  readonly use: readonly number[];
}

/** Items that share limits; `limits` holds how much there is of each. The minima fit. Plain data, so that a thread can be given it. */
export interface Problem {
  readonly items: readonly Item[];
  readonly limits: readonly number[];
}

/** Sums of decimal fractions may end a hair above the figure that they stand for. */
const HAIR = 1e-9;

/**
 * What it costs to give an item `replicas`: weight · (max − replicas)² / max. Quadratic, so that the first missing replicas cost little and the
 * last ones much; divided by max, so that equal weights come to equal shares: where one limit of replicas holds, minimising the sum makes the
 * share that each is short of inversely proportional to its weight.
 */
export function lossOf({ max, weight }: Item, replicas: number): number {
  return (weight * (max - replicas) ** 2) / max;
}

export function totalLoss({ items }: Problem, replicas: readonly number[]): number {
  let sum = 0;
  for (const [index, item] of items.entries()) sum += lossOf(item, replicas[index] ?? 0);
  return sum;
}

/** What is left of each limit; below 0 where it is exceeded. */
export function remaining({ items, limits }: Problem, replicas: readonly number[]): number[] {
  const left = [...limits];
  for (const [index, { use }] of items.entries()) {
    for (const [limit, each] of use.entries()) left[limit] = (left[limit] ?? 0) - each * (replicas[index] ?? 0);
  }
  return left;
}

export function isFeasible(problem: Problem, replicas: readonly number[]): boolean {
  return remaining(problem, replicas).every((left, limit) => !exceeds(-left, problem.limits[limit] ?? 0));
}

/** Whether `replicas` more of an item fit into what is left. */
export function fits({ use }: Item, left: readonly number[], limits: readonly number[], replicas = 1): boolean {
  return use.every((each, limit) => each === 0 || !exceeds(each * replicas - (left[limit] ?? 0), limits[limit] ?? 0));
}

const exceeds = (over: number, limit: number): boolean => over > HAIR * Math.max(1, limit);
