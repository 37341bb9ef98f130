import { anneal, type Schedule } from './anneal.ts';
import { fill } from './greedy.ts';
import { lossOf, type Problem, remaining, totalLoss } from './problem.ts';
import { quboOf, valuesOf } from './qubo.ts';

/** An allotment by simulated quantum annealing, made feasible and filled up. The same problem and seed give the same replicas. */
export function annealed(problem: Problem, seed: number, schedule?: Schedule): number[] {
  const qubo = quboOf(problem);
  let best = problem.items.map(({ min }) => min);
  for (const bits of anneal(qubo, seed, schedule)) {
    const replicas = repaired(problem, valuesOf(qubo, bits));
    if (totalLoss(problem, replicas) < totalLoss(problem, best)) best = replicas;
  }
  return best;
}

/** The replicas that are nearest to these and keep every limit, with all that is left given away. */
export function settled(problem: Problem, replicas: readonly number[]): number[] {
  const near = problem.items.map(({ min, max }, index) => Math.min(max, Math.max(min, replicas[index] ?? min)));
  shrink(problem, near);
  fill(problem, near);
  return near;
}

function repaired(problem: Problem, above: Float64Array): number[] {
  const replicas = problem.items.map(({ min }, index) => min + (above[index] ?? 0));
  shrink(problem, replicas);
  fill(problem, replicas);
  return replicas;
}

/** Takes replicas away until every limit holds: each time the one that costs least for what it frees of the limits that are exceeded. */
function shrink({ items, limits }: Problem, replicas: number[]): void {
  const left = remaining({ items, limits }, replicas);
  const isOver = (limit: number): boolean => (left[limit] ?? 0) < -1e-9 * Math.max(1, limits[limit] ?? 0);
  while (limits.some((_, limit) => isOver(limit))) {
    let cheapest = { index: -1, cost: Infinity };
    for (const [index, item] of items.entries()) {
      const has = replicas[index] ?? 0;
      const frees = item.use.reduce((sum, each, limit) => sum + (isOver(limit) ? each / (limits[limit] ?? 1) : 0), 0);
      if (has <= item.min || frees === 0) continue;
      const cost = (lossOf(item, has - 1) - lossOf(item, has)) / frees;
      if (cost < cheapest.cost) cheapest = { index, cost };
    }
    const taken = items[cheapest.index];
    // The minima fit, so there is always one; without one the limits were not those of the problem.
    if (!taken) return;
    replicas[cheapest.index] = (replicas[cheapest.index] ?? 0) - 1;
    for (const [limit, each] of taken.use.entries()) left[limit] = (left[limit] ?? 0) + each;
  }
}
