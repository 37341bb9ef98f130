import { HoltWinters, type Smoothing, type StartState } from './holt-winters.ts';

const ALPHAS = [0.02, 0.1, 0.3, 0.8];
const BETAS = [0, 0.01];
const GAMMAS = [0.1, 0.3, 0.6];
const PHI = 0.95;
const DEFAULT: Smoothing = { alpha: 0.1, beta: 0, gamma: 0.27, phi: PHI };
/** On fewer values nothing is chosen. */
const MIN_COMPARED = 30;
/** Noise of neighbouring steps is averaged out of the first season; an edge stays where it is. */
const MEDIAN_OVER = 5;
/** A first season with more gaps than this is none. */
const MOST_MISSING = 0.2;

/** `values` of consecutive steps, of which the first is step `first`. */
export interface Stretch {
  readonly first: number;
  readonly values: Float32Array;
}

/**
 * The state to start from: the mean of the first season and each step's distance from it, after a running median (Tukey, "Exploratory
 * Data Analysis" (1977), chapter 7), which takes noise away and keeps edges. Undefined where too much of the season is missing.
 */
export function startState({ first, values }: Stretch, steps: number): StartState | undefined {
  const known = values.subarray(0, steps).filter((value) => !Number.isNaN(value));
  if (values.length < steps || known.length < (1 - MOST_MISSING) * steps) return undefined;
  const level = known.reduce((sum, value) => sum + value, 0) / known.length;
  const season = new Float32Array(steps);
  for (let at = 0; at < steps; at++) season[(first + at) % steps] = medianAround(values, at, steps, level) - level;
  return { level, season };
}

function medianAround(values: Float32Array, at: number, steps: number, otherwise: number): number {
  const reach = steps >= 8 * MEDIAN_OVER ? MEDIAN_OVER >> 1 : 0;
  const near: number[] = [];
  for (let place = Math.max(0, at - reach); place <= Math.min(steps - 1, at + reach); place++) {
    const value = values[place] ?? NaN;
    if (!Number.isNaN(value)) near.push(value);
  }
  near.sort((a, b) => a - b);
  const middle = near.length >> 1;
  if (near.length === 0) return otherwise;
  return near.length % 2 === 1 ? (near[middle] ?? 0) : ((near[middle - 1] ?? 0) + (near[middle] ?? 0)) / 2;
}

/** Of a small grid the parameters whose forecasts `lead` steps ahead have the least mean square error after the first season. */
export function bestSmoothing(start: StartState, stretch: Stretch, lead: number): Smoothing {
  let best: Smoothing = DEFAULT;
  let least = Infinity;
  for (const alpha of ALPHAS) {
    for (const beta of BETAS) {
      for (const gamma of GAMMAS) {
        const smoothing = { alpha, beta, gamma: gamma * (1 - alpha), phi: PHI };
        const error = squaredError(new HoltWinters(start, smoothing), stretch, start.season.length, lead);
        if (error >= least) continue;
        least = error;
        best = smoothing;
      }
    }
  }
  return best;
}

function squaredError(model: HoltWinters, { first, values }: Stretch, steps: number, lead: number): number {
  if (values.length < steps + MIN_COMPARED) return Infinity;
  let sum = 0;
  for (let at = steps; at < values.length; at++) {
    const ahead = values[at + lead - 1] ?? NaN;
    if (!Number.isNaN(ahead)) sum += (ahead - model.forecast(first + at - 1, first + at + lead - 1)) ** 2;
    model.update(first + at, values[at] ?? NaN);
  }
  return sum;
}
