import { SortedWindow } from './window.ts';

const BANDS = 4;
/** A band with fewer errors says less than all of them. */
const FEWEST = 30;

/** The errors that were made, apart for high and low forecasts: at night a load trembles less than at noon. */
export class ErrorBands {
  readonly #all: SortedWindow;
  readonly #bands: readonly SortedWindow[];
  #low = Infinity;
  #high = -Infinity;

  constructor(capacity: number) {
    this.#all = new SortedWindow(capacity);
    this.#bands = Array.from({ length: BANDS }, () => new SortedWindow(Math.max(FEWEST, Math.ceil(capacity / BANDS))));
  }

  push(forecast: number, error: number): void {
    this.#low = Math.min(this.#low, forecast);
    this.#high = Math.max(this.#high, forecast);
    this.#all.push(error);
    this.#band(forecast).push(error);
  }

  #band(forecast: number): SortedWindow {
    const place = Math.floor((BANDS * (forecast - this.#low)) / (this.#high - this.#low));
    return this.#bands[Math.max(0, Math.min(BANDS - 1, place || 0))] ?? this.#all;
  }

  /** Of the errors of forecasts as high as this one. */
  quantile(forecast: number, p: number): number {
    const band = this.#band(forecast);
    return (band.size < FEWEST ? this.#all : band).quantile(p);
  }
}
