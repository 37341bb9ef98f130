/** A forecast is believed from here, and until there: between them it stays what it was. */
const MASE = { trust: 0.95, distrust: 1.05 };
const GAIN = { trust: 0.85, distrust: 0.95 };
/** Until here a forecast is as good as the simple methods: where nothing happens there is nothing to gain. */
const DRAW = 1.2;
const FEWEST_FOR_A_DRAW = 30;
/** Errors of this share of the load are none: where a series repeats itself exactly, nothing can beat that. */
const NEGLIGIBLE = 0.005;
/** How slowly the mean goes that a forecast has to beat. */
const MEAN_RATE = 0.02;

/** One forecast beside what came, and beside what simpler methods would have said at the same moment. */
export interface Outcome {
  readonly actual: number;
  readonly forecast: number;
  /** One season before. */
  readonly seasonalNaive: number;
  /** The last value that was known when the forecast was made, and the mean as it was then. */
  readonly last: number;
  readonly mean: number;
}

export interface Record {
  /**
   * Mean absolute scaled error: that of the forecast over that of the seasonal-naive forecast, over the same time; below 1 is better.
   * NaN without a record.
   */
  readonly mase: number;
  /** Mean squared error of the forecast over that of the better of "as now" and "as on average". NaN without a record. */
  readonly gain: number;
}

/**
 * The record of a forecast, and whether it is good enough to act on. MASE after Hyndman & Koehler, "Another look at measures of forecast
 * accuracy", International Journal of Forecasting 22 (2006), with a rolling denominator, because loads change; averages fade
 * exponentially over about one window.
 *
 * To beat the seasonal-naive forecast is not enough where there is no season: on white noise any mean does, on a random walk the last
 * value does. So a trusted forecast also has to beat these two, in squared error, which is that of the sudden rises that scaling is for
 * (Theil, "Applied Economic Forecasting" (1966), chapter 2, compares with "no change" in this way).
 */
export class Trust {
  readonly #keep: number;
  readonly #least: number;
  #weight = 0;
  #count = 0;
  readonly #sums = { forecast: 0, naive: 0, size: 0, squares: 0, last: 0, mean: 0 };
  #isTrusted = false;

  /** `window` and `least` in forecasts: over how many the averages go, and how many there must be. */
  constructor(window: number, least: number) {
    this.#keep = 1 - 1 / window;
    this.#least = least;
  }

  get isTrusted(): boolean {
    return this.#isTrusted;
  }

  /** How many forecasts were compared with what came. */
  get count(): number {
    return this.#count;
  }

  /** No worse than simpler methods, as far as was seen. */
  get isDraw(): boolean {
    const { forecast, naive, size, squares, last, mean } = this.#sums;
    const fewest = Math.min(this.#least, FEWEST_FOR_A_DRAW);
    const isNegligible = squares * this.#weight <= (NEGLIGIBLE * size) ** 2;
    return (
      this.#count >= fewest &&
      forecast <= MASE.distrust * naive + NEGLIGIBLE * size &&
      (isNegligible || squares <= DRAW * Math.min(last, mean))
    );
  }

  /** Root of the mean squared error, at least what is negligible. */
  get deviation(): number {
    if (this.#weight === 0) return NaN;
    return Math.max(Math.sqrt(this.#sums.squares / this.#weight), (NEGLIGIBLE * this.#sums.size) / this.#weight);
  }

  get record(): Record {
    const { forecast, naive, squares, last, mean } = this.#sums;
    return { mase: ratio(forecast, naive), gain: ratio(squares, Math.min(last, mean)) };
  }

  judge({ actual, forecast, seasonalNaive, last, mean }: Outcome): void {
    const values = {
      forecast: Math.abs(actual - forecast),
      naive: Math.abs(actual - seasonalNaive),
      size: Math.abs(actual),
      squares: (actual - forecast) ** 2,
      last: (actual - last) ** 2,
      mean: (actual - mean) ** 2,
    };
    if (!Object.values(values).every(Number.isFinite)) return;
    for (const name of Object.keys(values) as (keyof typeof values)[]) {
      this.#sums[name] = this.#keep * this.#sums[name] + values[name];
    }
    this.#weight = this.#keep * this.#weight + 1;
    this.#count++;
    this.#isTrusted = this.#count >= this.#least && this.#isGood(this.#isTrusted ? 'distrust' : 'trust');
  }

  #isGood(limit: 'trust' | 'distrust'): boolean {
    const { forecast, naive, size, squares, last, mean } = this.#sums;
    return forecast <= MASE[limit] * naive + NEGLIGIBLE * size && squares < GAIN[limit] * Math.min(last, mean);
  }
}

/** 0 / 0 is a draw. */
const ratio = (one: number, other: number): number => (one === 0 && other === 0 ? 1 : one / other);

/** The mean that a forecast has to beat: of all values, and when they are many, fading. */
export class SlowMean {
  #mean = NaN;
  #count = 0;

  get value(): number {
    return this.#mean;
  }

  update(value: number): void {
    if (Number.isNaN(value)) return;
    this.#count++;
    this.#mean = this.#count === 1 ? value : this.#mean + Math.max(MEAN_RATE, 1 / this.#count) * (value - this.#mean);
  }
}
