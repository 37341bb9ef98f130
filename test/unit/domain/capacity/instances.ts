import { lossOf, type Problem, totalLoss } from '../../../../src/domain/capacity/problem.ts';
import { randomOf } from '../../../../src/domain/capacity/random.ts';

export interface Shape {
  readonly services: number;
  /** 1: replicas; 2: and CPU; 3: and memory. */
  readonly limits: number;
  /** How many replicas a service may want above its minimum. */
  readonly range: number;
}

/** Services of all priorities, pods of a quarter to four CPUs and 128 MiB to 4 GiB, and limits that hold a fifth to four fifths of what is between minima and wishes. */
export function randomProblem(seed: number, { services, limits, range }: Shape): Problem {
  const random = randomOf(seed);
  const whole = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  const items = Array.from({ length: services }, () => {
    const min = whole(0, 2);
    const weight = 2 ** whole(0, 4) * (1 + random()) * (0.5 + 1.5 * random());
    const use = [1, whole(1, 16) * 0.25, whole(1, 32) * 128].slice(0, limits);
    return { min, max: min + whole(1, range), weight, use };
  });
  const room = (limit: number): number => {
    const [low, high] = (['min', 'max'] as const).map((bound) =>
      items.reduce((sum, item) => sum + item[bound] * (item.use[limit] ?? 0), 0),
    ) as [number, number];
    const amount = low + (high - low) * (0.2 + 0.6 * random());
    return limit === 0 ? Math.floor(amount) : amount;
  };
  return { items, limits: Array.from({ length: limits }, (_, limit) => room(limit)) };
}

/** The least loss there is, by trying everything that can still become better than the best so far. Sure, and slow: for small problems only. */
export function leastLoss(problem: Problem): number {
  const items = [...problem.items].sort((a, b) => b.weight - a.weight);
  const left = problem.limits.map((limit, k) =>
    items.reduce((rest, { min, use }) => rest - min * (use[k] ?? 0), limit),
  );
  let best = totalLoss(
    problem,
    problem.items.map(({ min }) => min),
  );
  const go = (depth: number, loss: number): void => {
    const item = items[depth];
    if (loss >= best) return;
    if (!item) {
      best = loss;
      return;
    }
    const { min, max, use } = item;
    for (let count = max - min; count >= 0; count--) {
      if (use.some((each, k) => each * count > (left[k] ?? 0) + 1e-9)) continue;
      for (const [k, each] of use.entries()) left[k] = (left[k] ?? 0) - each * count;
      go(depth + 1, loss + lossOf(item, min + count));
      for (const [k, each] of use.entries()) left[k] = (left[k] ?? 0) + each * count;
    }
  };
  go(0, 0);
  return best;
}
