import { HoltWinters, type Smoothing, type StartState } from './holt-winters.ts';

const ALPHAS = [0.02, 0.1, 0.3, 0.8];
const BETAS = [0, 0.01];
const GAMMAS = [0.1, 0.3, 0.6];
const PHI = 0.95;
const DEFAULT: Smoothing = { alpha: 0.1, beta: 0, gamma: 0.27, phi: PHI };
/** On fewer values nothing is chosen. */
const MIN_COMPARED = 30;
/** Over so many steps noise may be averaged out of the first season, if that keeps its shape. */
const MEDIAN_OVER = [5, 15, 31, 61];
/** Neighbours so near may share their noise, or even their figure. */
const TOO_NEAR = 1;
/** Of a long season every so manyth step is asked: that tells the widths apart as well. */
const ASKED = 360;
/** A first season with more gaps than this is none. */
const MOST_MISSING = 0.2;

const near = new Float32Array(Math.max(...MEDIAN_OVER));

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
  const season = values.subarray(0, steps);
  const known = season.filter((value) => !Number.isNaN(value));
  if (values.length < steps || known.length < (1 - MOST_MISSING) * steps) return undefined;
  const level = known.reduce((sum, value) => sum + value, 0) / known.length;
  const reach = bestReach(season);
  const start = new Float32Array(steps);
  for (let at = 0; at < steps; at++) start[(first + at) % steps] = medianAround(season, at, reach) - level;
  for (const [at, value] of start.entries()) if (Number.isNaN(value)) start[at] = 0;
  return { level, season: start };
}

/**
 * How far to either side the median goes: each step is foretold by its neighbours, without those that are too near, and the width that does
 * so best is taken (cross-validation: Stone, JRSS B 36 (1974)).
 */
function bestReach(values: Float32Array): number {
  let best = 0;
  let least = Infinity;
  const stride = Math.ceil(values.length / ASKED);
  for (const over of MEDIAN_OVER) {
    if (values.length < 8 * over) break;
    let sum = 0;
    for (let at = 0; at < values.length; at += stride) {
      const error = (values[at] ?? NaN) - medianAround(values, at, over >> 1, TOO_NEAR);
      if (!Number.isNaN(error)) sum += error ** 2;
    }
    if (sum >= least) continue;
    least = sum;
    best = over >> 1;
  }
  return best;
}

/** Of the values at most `reach` steps away and more than `without`. NaN of nothing. */
function medianAround(values: Float32Array, at: number, reach: number, without = -1): number {
  let count = 0;
  for (let place = Math.max(0, at - reach); place <= Math.min(values.length - 1, at + reach); place++) {
    const value = values[place] ?? NaN;
    if (Number.isNaN(value) || Math.abs(place - at) <= without) continue;
    near[count++] = value;
  }
  const sorted = near.subarray(0, count).sort();
  const middle = count >> 1;
  return count % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
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
