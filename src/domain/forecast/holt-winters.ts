export interface Smoothing {
  /** How much of an error moves the level, the trend, and the season; 0 to 1. */
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  /** How much of the trend is left after each step, 0 to 1. */
  readonly phi: number;
}

/** `season` holds what is added to the level at step i modulo its length. */
export interface StartState {
  readonly level: number;
  readonly season: Float32Array;
}

/**
 * Additive Holt-Winters with a damped trend: Gardner & McKenzie, "Forecasting trends in time series", Management Science 31 (1985), and
 * "Seasonal exponential smoothing with damped trends", Management Science 35 (1989); in the error-correction form of Hyndman, Koehler,
 * Ord & Snyder, "Forecasting with Exponential Smoothing" (2008), chapter 2:
 *
 *     e = y − (l + φb + s)    l ← l + φb + αe    b ← φb + βe    s ← s + γe
 *
 * The forecast for h steps ahead is l + (φ + φ² + … + φ^h)·b + s of that step.
 */
export class HoltWinters {
  readonly #smoothing: Smoothing;
  readonly #season: Float32Array;
  #level: number;
  #trend = 0;
  #dampedFor = 0;
  #dampedSum = 0;

  constructor(start: StartState, smoothing: Smoothing) {
    this.#level = start.level;
    this.#season = start.season.slice();
    this.#smoothing = smoothing;
  }

  /** Takes the value of step `index`; NaN lets time pass and changes nothing else. */
  update(index: number, value: number): void {
    const { alpha, beta, gamma, phi } = this.#smoothing;
    const slot = index % this.#season.length;
    const season = this.#season[slot] ?? 0;
    const level = this.#level + phi * this.#trend;
    const error = Number.isNaN(value) ? 0 : value - level - season;
    this.#level = level + alpha * error;
    this.#trend = phi * this.#trend + beta * error;
    this.#season[slot] = season + gamma * error;
  }

  /** The forecast made after step `last` for step `index`, which is later. */
  forecast(last: number, index: number): number {
    return this.#level + this.#damped(index - last) * this.#trend + (this.#season[index % this.#season.length] ?? 0);
  }

  /** φ + φ² + … + φ^h, kept because it is mostly asked for the same h. */
  #damped(ahead: number): number {
    const { phi } = this.#smoothing;
    if (ahead !== this.#dampedFor) {
      this.#dampedFor = ahead;
      this.#dampedSum = phi === 1 ? ahead : (phi * (1 - phi ** ahead)) / (1 - phi);
    }
    return this.#dampedSum;
  }

  /** The same state with other parameters from now on. */
  with(smoothing: Smoothing): HoltWinters {
    const next = new HoltWinters({ level: this.#level, season: this.#season }, smoothing);
    next.#trend = this.#trend;
    return next;
  }
}
