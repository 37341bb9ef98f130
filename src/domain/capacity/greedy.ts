import { fits, type Item, lossOf, type Problem, remaining } from './problem.ts';

/**
 * One replica after another to whom it saves most for what it takes, until nothing fits; then exchanges of one replica for others, while they
 * save. Where the only limit is of replicas the first part is exact, because every further replica saves less (B. L. Fox, Discrete optimization via marginal
 * analysis, Management Science 13, 1966); with several limits, or replicas of different sizes, it comes near.
 */
export function greedy(problem: Problem): number[] {
  const replicas = problem.items.map(({ min }) => min);
  fill(problem, replicas);
  exchange(problem, replicas);
  // What was exchanged may be larger than what took its place.
  fill(problem, replicas);
  return replicas;
}

/** Adds replicas to `replicas` while they fit, those that save most for their share of the limits first. */
export function fill(problem: Problem, replicas: number[]): void {
  const { items, limits } = problem;
  const left = remaining(problem, replicas);
  const prices = items.map((item) => priceOf(item, limits));
  const queue = new Heap(items.length);
  const offer = (index: number): void => {
    const item = items[index];
    const now = replicas[index] ?? 0;
    if (item && now < item.max) queue.push(index, savingOf(item, now) / (prices[index] ?? 1));
  };
  for (let index = 0; index < items.length; index++) offer(index);
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    const item = items[index];
    // What does not fit now never will.
    if (!item || !fits(item, left, limits)) continue;
    replicas[index] = (replicas[index] ?? 0) + 1;
    for (const [limit, each] of item.use.entries()) left[limit] = (left[limit] ?? 0) - each;
    offer(index);
  }
}

/** What one more replica saves. */
const savingOf = (item: Item, now: number): number => lossOf(item, now) - lossOf(item, now + 1);

/** The largest share that one replica takes of any limit. */
function priceOf({ use }: Item, limits: readonly number[]): number {
  return Math.max(1e-12, ...use.map((each, limit) => (each === 0 ? 0 : each / (limits[limit] ?? 1))));
}

const PASSES = 20;
/** Each pass looks at all pairs. With several hundred services there are so many ways that greed comes near, and exchanges would take longer than they are worth. */
const PAIRS = 200_000;

/** Takes one replica from one and gives as many as fit to another, where that saves. */
export function exchange(problem: Problem, replicas: number[]): void {
  const left = remaining(problem, replicas);
  const passes = Math.min(PASSES, Math.floor(PAIRS / problem.items.length ** 2));
  for (let pass = 0; pass < passes; pass++) {
    let saved = false;
    for (let giver = 0; giver < problem.items.length; giver++)
      saved = giveAway(problem, replicas, left, giver) || saved;
    if (!saved) return;
  }
}

function giveAway({ items, limits }: Problem, replicas: number[], left: number[], giver: number): boolean {
  const from = items[giver];
  const has = replicas[giver] ?? 0;
  if (!from || has <= from.min) return false;
  const cost = lossOf(from, has - 1) - lossOf(from, has);
  take(from, left, -1);
  let best = { index: -1, count: 0, saving: cost * (1 + 1e-9) };
  for (const [index, item] of items.entries()) {
    const now = replicas[index] ?? 0;
    if (index === giver || now >= item.max) continue;
    const count = howMany(item, left, limits, item.max - now);
    const saving = lossOf(item, now) - lossOf(item, now + count);
    if (count > 0 && saving > best.saving) best = { index, count, saving };
  }
  const to = items[best.index];
  if (!to) {
    take(from, left, 1);
    return false;
  }
  replicas[giver] = has - 1;
  replicas[best.index] = (replicas[best.index] ?? 0) + best.count;
  take(to, left, best.count);
  return true;
}

function howMany(item: Item, left: readonly number[], limits: readonly number[], atMost: number): number {
  let count = 0;
  while (count < atMost && fits(item, left, limits, count + 1)) count++;
  return count;
}

function take({ use }: Item, left: number[], count: number): void {
  for (const [limit, each] of use.entries()) left[limit] = (left[limit] ?? 0) - each * count;
}

/** A binary heap of indexes, the highest rank first; equal ranks by the lower index, so that the outcome is the same each time. */
class Heap {
  readonly #ranks: Float64Array;
  readonly #heap: number[] = [];

  constructor(size: number) {
    this.#ranks = new Float64Array(size);
  }

  push(index: number, rank: number): void {
    this.#ranks[index] = rank;
    let at = this.#heap.push(index) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): number | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (this.#heap.length === 0 || last === undefined) return top;
    this.#heap[0] = last;
    for (let at = 0; ; ) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#heap.length && this.#before(child, first)) first = child;
      }
      if (first === at) return top;
      this.#swap(at, first);
      at = first;
    }
  }

  #before(a: number, b: number): boolean {
    const [first = 0, second = 0] = [this.#heap[a], this.#heap[b]];
    const difference = (this.#ranks[first] ?? 0) - (this.#ranks[second] ?? 0);
    return difference === 0 ? first < second : difference > 0;
  }

  #swap(a: number, b: number): void {
    const [first = 0, second = 0] = [this.#heap[a], this.#heap[b]];
    this.#heap[a] = second;
    this.#heap[b] = first;
  }
}
