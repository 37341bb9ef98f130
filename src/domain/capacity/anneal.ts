import { energyOf, penaltyOf, type Qubo, type QuboLimit } from './qubo.ts';
import { randomOf } from './random.ts';

/** How long, how free and how hot; see `anneal`. */
export interface Schedule {
  /** Trotter slices, at least 2. */
  readonly slices: number;
  /** Monte Carlo sweeps over all bits of all slices. */
  readonly sweeps: number;
  /** Transverse field at the beginning and at the end, in units of the scale of the problem. */
  readonly field: readonly [number, number];
  /** Temperature of the classical system of slices (slices times that of the quantum system), in the same units. */
  readonly temperature: number;
}

const WORK = 50_000;

/** Small problems are cheap and get many sweeps; large ones so many that a hundred services take a tenth of a second. docs/strategies.md has the figures. */
export function scheduleFor({ coefficients }: Qubo): Schedule {
  const sweeps = Math.round(Math.min(150, Math.max(20, WORK / Math.max(1, coefficients.length))));
  return { slices: 8, sweeps, field: [2, 0.005], temperature: 0.15 };
}

/**
 * Simulated quantum annealing: an ordinary computer follows a quantum annealer (T. Kadowaki, H. Nishimori, Quantum annealing in the transverse
 * Ising model, Physical Review E 58, 5355, 1998) by path-integral Monte Carlo (R. Martoňák, G. E. Santoro, E. Tosatti, Quantum annealing by the
 * path-integral Monte Carlo method: the two-dimensional random Ising model, Physical Review B 66, 094203, 2002). The quantum system at
 * temperature T in a transverse field Γ is that of P classical copies (Trotter slices) at temperature PT, in which each bit is bound to the same
 * bit of the slices before and after it, in a ring, with the strength J = −(PT / 2) · ln tanh(Γ / PT). Γ falls evenly: first the slices are free of
 * each other, at the end they are one. The moves are a bit in one slice, two bits of opposite values in one slice (else every move would have to
 * leave the limits), and a bit in all slices at once.
 *
 * Gives the bits of the lowest energy that any slice had, the same within the limits, and those that the slices end with. The same seed gives the same bits.
 */
export function anneal(qubo: Qubo, seed: number, schedule = scheduleFor(qubo)): readonly Uint8Array[] {
  const random = randomOf(seed);
  const slices = Array.from({ length: schedule.slices }, () => new Slice(qubo, random));
  const partners = partnersOf(qubo);
  const heat = schedule.temperature * qubo.scale;
  const accepts = (change: number): boolean => change <= 0 || random() < Math.exp(-change / heat);
  const lowest = new Lowest();
  const within = new Lowest();
  for (let sweep = 0; sweep < schedule.sweeps; sweep++) {
    const gamma = fieldAt(schedule, sweep) * qubo.scale;
    const bond = (-heat / 2) * Math.log(Math.tanh(gamma / heat));
    for (const [index, slice] of slices.entries()) {
      const before = slices.at(index - 1) ?? slice;
      const after = slices[(index + 1) % slices.length] ?? slice;
      sweepSlice(slice, (bit) => bond * slice.tension(bit, before, after), partners, random, accepts);
      lowest.offer(slice);
      if (slice.isWithin) within.offer(slice);
    }
    sweepAll(slices, random, accepts);
  }
  return [...lowest.bits, ...within.bits, ...slices.map(({ bits }) => bits)];
}

/** The bits of the lowest energy that was offered; none before. */
class Lowest {
  bits: readonly Uint8Array[] = [];
  #energy = Infinity;

  offer({ bits, energy }: Slice): void {
    if (energy >= this.#energy) return;
    this.#energy = energy;
    this.bits = [bits.slice()];
  }
}

function fieldAt({ field: [first, last], sweeps }: Schedule, sweep: number): number {
  return first + ((last - first) * sweep) / Math.max(1, sweeps - 1);
}

/** Of each bit, those that stand for about as many replicas: to exchange it with one of them hardly moves the limits. */
function partnersOf({ coefficients }: Qubo): readonly (readonly number[])[] {
  const sizes = Array.from(coefficients, (coefficient) => Math.round(Math.log2(coefficient)));
  const groups = Map.groupBy(sizes.keys(), (bit) => sizes[bit]);
  return sizes.map((size) => groups.get(size) ?? []);
}

function sweepSlice(
  slice: Slice,
  pull: (bit: number) => number,
  partners: readonly (readonly number[])[],
  random: () => number,
  accepts: (change: number) => boolean,
): void {
  const size = slice.bits.length;
  for (let move = 0; move < size; move++) {
    const bit = (random() * size) | 0;
    if (accepts(slice.change(bit) + pull(bit))) slice.flip(bit);
    const one = (random() * size) | 0;
    const alike = partners[one] ?? [];
    const other = move % 2 === 0 ? (random() * size) | 0 : (alike[(random() * alike.length) | 0] ?? one);
    if (slice.bits[one] === slice.bits[other]) continue;
    if (!accepts(slice.changeOfPair(one, other) + pull(one) + pull(other))) continue;
    slice.flip(one);
    slice.flip(other);
  }
}

/** The same bit in all slices at once, which changes no bond. */
function sweepAll(slices: readonly Slice[], random: () => number, accepts: (change: number) => boolean): void {
  const size = slices[0]?.bits.length ?? 0;
  for (let move = 0; move < size; move++) {
    const bit = (random() * size) | 0;
    let change = 0;
    for (const slice of slices) change += slice.change(bit);
    if (accepts(change)) for (const slice of slices) slice.flip(bit);
  }
}

/** One copy of the bits, with what is needed to tell the change of its energy by a flip without going through all of them. */
class Slice {
  readonly bits: Uint8Array;
  energy: number;
  readonly #qubo: Qubo;
  /** By item, what is missing to its maximum; by limit, by how many units it is exceeded. */
  readonly #missing: Float64Array;
  readonly #excess: Float64Array;

  constructor(qubo: Qubo, random: () => number) {
    this.#qubo = qubo;
    this.bits = new Uint8Array(qubo.coefficients.length);
    this.#missing = qubo.ranges.slice();
    this.#excess = Float64Array.from(qubo.limits, ({ room }) => -room);
    this.energy = energyOf(qubo, this.bits);
    for (let bit = 0; bit < this.bits.length; bit++) if (random() < 0.5) this.flip(bit);
  }

  /** Whether no limit is exceeded. */
  get isWithin(): boolean {
    return this.#excess.every((excess) => excess < 1e-9);
  }

  /** What flipping a bit adds to the energy. */
  change(bit: number): number {
    const item = this.#qubo.items[bit] ?? 0;
    return this.#changeBy(item, this.#step(bit), item, 0);
  }

  /** What flipping two bits adds to the energy. */
  changeOfPair(one: number, other: number): number {
    const { items } = this.#qubo;
    return this.#changeBy(items[one] ?? 0, this.#step(one), items[other] ?? 0, this.#step(other));
  }

  /** By how many bonds' strength flipping a bit pulls it from its neighbours: a bond of equal bits counts −1, one of unequal bits 1. */
  tension(bit: number, before: Slice, after: Slice): number {
    const own = this.bits[bit];
    return 2 * ((before.bits[bit] === own ? 1 : -1) + (after.bits[bit] === own ? 1 : -1));
  }

  flip(bit: number): void {
    const { items, limits } = this.#qubo;
    this.energy += this.change(bit);
    const step = this.#step(bit);
    const item = items[bit] ?? 0;
    this.#missing[item] = (this.#missing[item] ?? 0) - step;
    for (const [limit, { uses }] of limits.entries()) {
      this.#excess[limit] = (this.#excess[limit] ?? 0) + (uses[item] ?? 0) * step;
    }
    this.bits[bit] = this.bits[bit] === 1 ? 0 : 1;
  }

  #step(bit: number): number {
    const coefficient = this.#qubo.coefficients[bit] ?? 0;
    return this.bits[bit] === 1 ? -coefficient : coefficient;
  }

  /** What it adds to the energy to give `step` replicas more to one item and `other` to another, which may be the same. */
  #changeBy(one: number, step: number, second: number, other: number): number {
    const { limits } = this.#qubo;
    let sum = one === second ? this.#ofItem(one, step + other) : this.#ofItem(one, step) + this.#ofItem(second, other);
    for (let index = 0; index < limits.length; index++) {
      const limit = limits[index] as QuboLimit;
      const delta = (limit.uses[one] ?? 0) * step + (limit.uses[second] ?? 0) * other;
      if (delta === 0) continue;
      const excess = this.#excess[index] ?? 0;
      sum += penaltyOf(limit, excess + delta) - penaltyOf(limit, excess);
    }
    return sum;
  }

  #ofItem(item: number, step: number): number {
    return (this.#qubo.curvatures[item] ?? 0) * step * (step - 2 * (this.#missing[item] ?? 0));
  }
}
