import { greedy } from './greedy.ts';
import { type Item, lossOf, type Problem } from './problem.ts';

/**
 * A problem of allotment as quadratic unconstrained binary optimisation (A. Lucas, Ising formulations of many NP problems, Frontiers in Physics 2,
 * 2014). With x for the bits, y = Σ coefficient · x for the replicas above the minimum of an item and s for the slack of a limit, the energy is
 *
 *   Σ items weight / max · (max − min − y)²  +  Σ limits penalty · (Σ items use · y + s − room)²
 *
 * whose terms are all of one or two bits. It is kept in this factored form: a flip then costs as much as there are limits, and not as there are
 * bits. The slack, from 0 to `slack`, stands for what of a limit stays free. Which slack is best for given replicas is known, so that it is put in and
 * not searched (`penaltyOf`).
 */
export interface Qubo {
  /** What each bit adds to the replicas of its item, and which item that is. */
  readonly coefficients: Float64Array;
  readonly items: Int32Array;
  /** Of each item: weight / max, and max − min. */
  readonly curvatures: Float64Array;
  readonly ranges: Float64Array;
  readonly limits: readonly QuboLimit[];
  /** What one replica more saves about the best allotments, in the mean over the items: the unit of temperatures. */
  readonly scale: number;
}

/** One limit, in units of the smallest replica that it covers. */
export interface QuboLimit {
  readonly uses: Float64Array;
  /** What is left above the minima. */
  readonly room: number;
  readonly slack: number;
  /** Of a unit squared. */
  readonly penalty: number;
}

export function quboOf(problem: Problem): Qubo {
  const { items } = problem;
  const reference = greedy(problem);
  const savings = items.map((item, index) => nextSaving(item, reference[index] ?? 0));
  const encoded = items.map(({ min, max }) => encoding(max - min));
  return {
    coefficients: Float64Array.from(encoded.flat()),
    items: Int32Array.from(encoded.flatMap((values, index) => values.map(() => index))),
    curvatures: Float64Array.from(items, ({ weight, max }) => weight / max),
    ranges: Float64Array.from(items, ({ min, max }) => max - min),
    limits: problem.limits.map((_, limit) => limitOf(problem, limit, savings)),
    scale: Math.max(1e-9, savings.reduce((sum, saving) => sum + saving, 0) / items.length),
  };
}

/**
 * 1, 2, 4 … up to a largest coefficient, as often as it takes, and a last one that makes the sum `most`: every whole number up to it can be written,
 * and none above it. Coefficients are bounded (S. Karimi, P. Ronagh, Practical integer-to-binary mapping for quantum annealers, Quantum Information
 * Processing 18, 94, 2019), because between 7 and 8 lie four flips where they are not, and annealing gets stuck on one side.
 */
function encoding(most: number): number[] {
  const largest = 2 ** Math.max(1, Math.floor(Math.log2(most / 10)));
  const values: number[] = [];
  for (let left = most, next = 1; left > 0; next = Math.min(2 * next, largest)) {
    values.push(Math.min(next, left));
    left -= next;
  }
  return values;
}

/** Over what the penalty has to be, so that an overrun of one unit does not come out even. */
const MARGIN = 1.25;

/**
 * Slack: under the only limit less stays free than the largest replica takes, or one more would fit, and nothing where all are of one size:
 * every further replica saves something, so that the best allotment fills such a limit exactly. Beside other limits any part may stay free.
 *
 * Penalty: what one unit more of the limit would save at most, about the best allotment (`savings` are of the greedy one). Each further unit saves
 * less, so that δ units save at most δ times that, and cost δ² times that and a quarter: no overrun of a unit or more pays. Overruns below a unit may,
 * and are taken back afterwards. A larger penalty would be as right and anneal worse, because its walls are higher.
 */
function limitOf({ items, limits }: Problem, limit: number, savings: readonly number[]): QuboLimit {
  const takes = items.map(({ use }) => use[limit] ?? 0);
  const unit = Math.min(...takes.filter((each) => each > 0));
  const uses = Float64Array.from(takes, (each) => each / unit);
  const whole = uses.every((use) => Math.abs(use - Math.round(use)) < 1e-9);
  const taken = items.reduce((sum, { min }, index) => sum + min * (uses[index] ?? 0), 0);
  const free = Math.max(0, (limits[limit] ?? 0) / unit - taken);
  const room = whole ? Math.floor(free + 1e-9) : free;
  const slack = limits.length > 1 ? room : Math.min(room, Math.max(...uses) - (whole ? 1 : 0));
  const penalty = MARGIN * Math.max(...savings.map((saving, index) => (uses[index] ? saving / uses[index] : 0)));
  return { uses, room, slack, penalty };
}

/** What one replica more saves; where there can be none more, what the last one saves. */
function nextSaving(item: Item, replicas: number): number {
  const next = Math.min(replicas + 1, item.max);
  return lossOf(item, next - 1) - lossOf(item, next);
}

/** The penalty of a limit that is exceeded by `excess` units (less than 0: some are free), with the slack that makes it least. */
export function penaltyOf({ slack, penalty }: QuboLimit, excess: number): number {
  const over = excess >= 0 ? excess : Math.min(0, excess + slack);
  return penalty * over * over;
}

/** The energy of an assignment of the bits, as defined above. */
export function energyOf(qubo: Qubo, bits: ArrayLike<number>): number {
  const values = valuesOf(qubo, bits);
  let energy = 0;
  for (const [item, value] of values.entries()) {
    energy += (qubo.curvatures[item] ?? 0) * ((qubo.ranges[item] ?? 0) - value) ** 2;
  }
  for (const limit of qubo.limits) {
    let excess = -limit.room;
    for (const [item, value] of values.entries()) excess += (limit.uses[item] ?? 0) * value;
    energy += penaltyOf(limit, excess);
  }
  return energy;
}

/** Replicas above the minimum, by item. */
export function valuesOf({ coefficients, items, ranges }: Qubo, bits: ArrayLike<number>): Float64Array {
  const values = new Float64Array(ranges.length);
  for (const [bit, item] of items.entries())
    values[item] = (values[item] ?? 0) + (bits[bit] ?? 0) * (coefficients[bit] ?? 0);
  return values;
}
