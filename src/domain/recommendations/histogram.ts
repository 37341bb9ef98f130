const GROWTH = 1.05;
/** Weights are brought down again when they have grown by 2 to this power. */
const LARGEST_EXPONENT = 16;

/**
 * A distribution in bounded memory that forgets: buckets that grow by 5 %, weights that lose half of themselves in each half-life. As the
 * VerticalPodAutoscaler's recommender keeps it (kubernetes/autoscaler, vertical-pod-autoscaler/pkg/recommender/util/decaying_histogram.go and
 * histogram.go): new samples weigh more instead of old ones less, which is the same and costs nothing while nothing comes.
 */
export class DecayingHistogram {
  readonly #first: number;
  readonly #halfLifeMs: number;
  readonly #weights: Float32Array;
  #reference: number | undefined;
  #total = 0;
  #highest = 0;

  /** `first` is the width of the first bucket, and `most` what the last one begins below; what is more counts there. */
  constructor({ first, most, halfLifeMs }: { first: number; most: number; halfLifeMs: number }) {
    this.#first = first;
    this.#halfLifeMs = halfLifeMs;
    this.#weights = new Float32Array(Math.ceil(Math.log((most * (GROWTH - 1)) / first + 1) / Math.log(GROWTH)) + 1);
  }

  /** `at` in ms of a clock that never goes back. */
  add(value: number, at: number): void {
    const bucket = this.#bucketOf(value);
    const weight = this.#weightAt(at);
    this.#weights[bucket] = (this.#weights[bucket] ?? 0) + weight;
    this.#total += weight;
    this.#highest = Math.max(this.#highest, bucket);
  }

  /** An upper bound of what this share (0 to 1) of the weight stays below, at most 5 % too high; 0 when it is empty. */
  percentile(share: number): number {
    if (this.#total === 0) return 0;
    // Sums of rounded weights differ in their last digits.
    const threshold = share * this.#total * (1 - 1e-5);
    let sum = 0;
    for (let bucket = 0; bucket < this.#highest; bucket++) {
      sum += this.#weights[bucket] ?? 0;
      if (sum >= threshold) return this.#endOf(bucket);
    }
    return this.#endOf(this.#highest);
  }

  #bucketOf(value: number): number {
    if (!(value >= this.#first)) return 0;
    const bucket = Math.floor(Math.log((value * (GROWTH - 1)) / this.#first + 1) / Math.log(GROWTH));
    return Math.min(bucket, this.#weights.length - 1);
  }

  #endOf(bucket: number): number {
    const end = Math.min(bucket + 1, this.#weights.length - 1);
    return (this.#first * (GROWTH ** end - 1)) / (GROWTH - 1);
  }

  #weightAt(at: number): number {
    this.#reference ??= at;
    const exponent = (at - this.#reference) / this.#halfLifeMs;
    if (exponent <= LARGEST_EXPONENT) return 2 ** exponent;
    this.#shrink(2 ** -exponent);
    this.#reference = at;
    return 1;
  }

  #shrink(factor: number): void {
    this.#total = 0;
    for (const [bucket, weight] of this.#weights.entries()) {
      // What is left of old samples after sixteen half-lives is nothing.
      const rest = weight * factor < 1e-3 ? 0 : weight * factor;
      this.#weights[bucket] = rest;
      this.#total += rest;
    }
    while (this.#highest > 0 && this.#weights[this.#highest] === 0) this.#highest--;
  }
}
