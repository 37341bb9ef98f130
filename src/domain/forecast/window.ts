/**
 * The last `capacity` values, in order of age and in order of size: quantiles cost nothing and a new value one move of memory.
 */
export class SortedWindow {
  readonly #byAge: Float32Array;
  readonly #bySize: Float32Array;
  #size = 0;
  #next = 0;

  constructor(capacity: number) {
    this.#byAge = new Float32Array(capacity);
    this.#bySize = new Float32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#size = 0;
    this.#next = 0;
  }

  push(exact: number): void {
    // What is kept is what is looked for later: a single-precision number.
    const value = Math.fround(exact);
    const sorted = this.#bySize;
    if (this.#size === sorted.length) {
      const gone = this.#rank(this.#byAge[this.#next] ?? 0);
      sorted.copyWithin(gone, gone + 1, this.#size);
      this.#size--;
    }
    const place = this.#rank(value);
    sorted.copyWithin(place + 1, place, this.#size);
    sorted[place] = value;
    this.#size++;
    this.#byAge[this.#next] = value;
    this.#next = (this.#next + 1) % this.#byAge.length;
  }

  /** How many are smaller. */
  #rank(value: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#bySize[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * The `p` quantile (0 to 1), between the two nearest values on a straight line: definition 7 of Hyndman & Fan, "Sample quantiles in
   * statistical packages", The American Statistician 50 (1996). NaN of nothing.
   */
  quantile(p: number): number {
    if (this.#size === 0) return NaN;
    const place = Math.min(1, Math.max(0, p)) * (this.#size - 1);
    const below = Math.floor(place);
    const low = this.#bySize[below] ?? NaN;
    const high = this.#bySize[Math.min(below + 1, this.#size - 1)] ?? NaN;
    return low + (place - below) * (high - low);
  }

  /** Half of the values are at most this far from the median: the median absolute deviation. NaN of nothing. */
  medianDeviation(): number {
    if (this.#size === 0) return NaN;
    const centre = this.quantile(0.5);
    // The nearest half of a sorted window lies together: it grows from the median to the side that is nearer.
    let high = this.#rank(centre);
    let low = high - 1;
    let deviation = 0;
    for (let taken = 0; taken < Math.ceil(this.#size / 2); taken++) {
      const down = low < 0 ? Infinity : centre - (this.#bySize[low] ?? 0);
      const up = high >= this.#size ? Infinity : (this.#bySize[high] ?? 0) - centre;
      deviation = Math.max(deviation, Math.min(down, up));
      if (down < up) low--;
      else high++;
    }
    return deviation;
  }

  /** Mean distance from the median. NaN of nothing. */
  meanDeviation(): number {
    const centre = this.quantile(0.5);
    let sum = 0;
    for (let place = 0; place < this.#size; place++) sum += Math.abs((this.#bySize[place] ?? 0) - centre);
    return sum / this.#size;
  }
}
