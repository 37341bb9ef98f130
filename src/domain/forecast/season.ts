/** Fewer blocks say nothing about repetition; more cost time and say nothing more. */
const FEWEST_BLOCKS = 40;
const MOST_BLOCKS = 384;
/**
 * How many standard errors a correlation must be away from none. One of about 1,300 (lags times block lengths) exceeds 4 by chance in
 * 4 % of the searches on noise; what is found so by mistake is not believed without a record (trust.ts).
 */
const SIGNIFICANT = 4;
/** Of two seasons the shorter is taken, unless the longer stands out by this much more. */
const PREFER_SHORTER = 0.05;
/** A season that is known is given up for one that stands out this much more. */
const CHANGE_FOR = 0.02;

/** How many peaks are looked at closely, for each length of block; nothing shorter than this is a season. */
const PEAKS = 3;
const SHORTEST_LAG = 4;
/** What is no period of clocks was seen so often: morning and evening peaks look like a season of ten hours for a day. */
const SEEN_OFTEN = 3;
/** So near to a period of clocks it is taken for that. */
const CLOCK_WITHIN = 0.1;
/** Correlation must rise again by this much, or what falls slowly would have a season of any length. */
const LEAST_PROMINENT = 0.1;

export interface FoundSeason {
  readonly steps: number;
  /** Correlation of the series with itself one season before, less the lowest at a shorter lag: 0 to 2. */
  readonly prominence: number;
}

/**
 * Finds the season of evenly spaced values (NaN where one is missing): the lag at which a series resembles itself, of which it must hold at
 * least two.
 *
 * What wanders without a season (a random walk) resembles itself at every lag, so the test looks at differences between the means of
 * neighbouring blocks, of several lengths: a random walk's are correlated at lag 1 and nowhere else (Working, "Note on the correlation of
 * first differences of averages in a random chain", Econometrica 28 (1960)). A correlation counts when it exceeds 4 standard errors after
 * Bartlett, "On the theoretical specification and sampling properties of autocorrelated time-series", JRSS Supplement 8 (1946).
 * `known` is the season that was found before: it stays unless another one stands out clearly more. `periods` are lengths in steps that people's clocks make likely (an hour, a day); one of them is taken when it fits as well as the best.
 */
export function findSeason(
  values: Float32Array,
  periods: readonly number[] = [],
  known?: number,
): FoundSeason | undefined {
  const found = new Map<number, number>();
  for (let block = 1; block * FEWEST_BLOCKS <= values.length; block *= 2) {
    const changes = differences(blockMeans(values, block, MOST_BLOCKS));
    for (const lag of significantLags(changes)) {
      const refined = refine(values, lag, block, periods);
      if (refined !== undefined) found.set(refined.steps, refined.correlation);
    }
  }
  if (known !== undefined && !found.has(known)) found.set(known, correlationAt(values, known));
  const seasons = standingOut(values, found);
  const stay = seasons.find(({ steps }) => steps === known);
  const best = Math.max(...seasons.map(({ prominence }) => prominence));
  if (stay !== undefined && stay.prominence >= Math.max(LEAST_PROMINENT, best - CHANGE_FOR)) return stay;
  return seasons
    .filter(({ prominence }) => prominence >= Math.max(LEAST_PROMINENT, best - PREFER_SHORTER))
    .toSorted((a, b) => a.steps - b.steps)[0];
}

/** How much better the series agrees with itself one season before than at the worst of the shorter lags. */
function standingOut(values: Float32Array, found: ReadonlyMap<number, number>): FoundSeason[] {
  const block = Math.ceil(values.length / MOST_BLOCKS);
  const means = blockMeans(values, block);
  const lowest: number[] = [1];
  for (let lag = 1; lag <= means.length / 2; lag++) {
    lowest.push(Math.min(lowest[lag - 1] ?? 1, correlationAt(means, lag)));
  }
  return [...found].map(([steps, correlation]) => {
    const shorter = Math.min(lowest.length - 1, Math.floor(steps / block));
    return { steps, prominence: correlation - (lowest[shorter] ?? 1) };
  });
}

/** Of the last blocks, at most `most`; one without any value has no mean. */
function blockMeans(values: Float32Array, block: number, most = Infinity): Float64Array {
  const blocks = Math.min(most, Math.floor(values.length / block));
  const from = values.length - blocks * block;
  return Float64Array.from({ length: blocks }, (_, index) => {
    let sum = 0;
    let count = 0;
    for (let at = from + index * block; at < from + (index + 1) * block; at++) {
      const value = values[at] ?? NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    return count === 0 ? NaN : sum / count;
  });
}

function differences(means: Float64Array): Float64Array {
  return Float64Array.from(
    { length: Math.max(0, means.length - 1) },
    (_, at) => (means[at + 1] ?? NaN) - (means[at] ?? NaN),
  );
}

/**
 * The lags, in blocks, with the highest peaks of correlation above chance. A peak has a valley before it: what changes slowly resembles
 * itself at every short lag, and that is no season.
 */
function significantLags(changes: Float64Array): number[] {
  const longest = Math.floor((changes.length + 1) / 2);
  const at = Array.from({ length: longest + 2 }, (_, lag) => (lag === 0 ? 1 : correlationAt(changes, lag)));
  const near = (at[1] ?? 0) ** 2 + (at[2] ?? 0) ** 2;
  const valley = at.findIndex((correlation) => correlation <= 0);
  const peaks: number[] = [];
  if (valley < 0) return peaks;
  for (let lag = Math.max(SHORTEST_LAG, valley); lag <= longest; lag++) {
    const correlation = at[lag] ?? 0;
    const isPeak = correlation >= (at[lag - 1] ?? 0) && correlation >= (at[lag + 1] ?? 0);
    const error = Math.sqrt((1 + 2 * near) / (changes.length - lag));
    if (isPeak && correlation > SIGNIFICANT * error) peaks.push(lag);
  }
  return peaks.toSorted((a, b) => (at[b] ?? 0) - (at[a] ?? 0)).slice(0, PEAKS);
}

interface Lag {
  readonly steps: number;
  readonly correlation: number;
}

/**
 * From a lag in blocks to one in steps, by halves: each time the best lag around twice the last one. Undefined just before a period of
 * clocks was seen twice: it is waited for.
 */
function refine(values: Float32Array, lag: number, block: number, periods: readonly number[]): Lag | undefined {
  const longest = Math.floor(values.length / 2);
  let best = { steps: lag, correlation: -1 };
  for (let size = block; size >= 1; size /= 2) {
    const centre = size === block ? lag : 2 * best.steps;
    const means = size === 1 ? values : blockMeans(values, size);
    best = { steps: centre, correlation: -1 };
    for (let near = centre - 2; near <= Math.min(centre + 2, Math.floor(longest / size)); near++) {
      if (Math.abs(near * size - lag * block) > block) continue;
      const correlation = correlationAt(means, near);
      if (correlation > best.correlation) best = { steps: near, correlation };
    }
  }
  for (const steps of periods) {
    if (Math.abs(steps - best.steps) > CLOCK_WITHIN * steps || !Number.isInteger(steps)) continue;
    if (steps > longest) return undefined;
    const correlation = correlationAt(values, steps);
    if (correlation >= best.correlation - PREFER_SHORTER) return { steps, correlation };
  }
  return best.steps * SEEN_OFTEN <= values.length ? best : undefined;
}

/** Pearson's correlation of a series with itself `lag` before, over the places where both are known; 0 where nothing varies. */
export function correlationAt(values: Float32Array | Float64Array, lag: number): number {
  let count = 0;
  let sumX = 0;
  let sumY = 0;
  let sumXx = 0;
  let sumYy = 0;
  let sumXy = 0;
  const origin = values.find((value) => !Number.isNaN(value)) ?? 0;
  for (let at = lag; at < values.length; at++) {
    const x = (values[at] ?? NaN) - origin;
    const y = (values[at - lag] ?? NaN) - origin;
    if (Number.isNaN(x) || Number.isNaN(y)) continue;
    count++;
    sumX += x;
    sumY += y;
    sumXx += x * x;
    sumYy += y * y;
    sumXy += x * y;
  }
  const spread = (sumXx - sumX ** 2 / count) * (sumYy - sumY ** 2 / count);
  return spread > 0 ? (sumXy - (sumX * sumY) / count) / Math.sqrt(spread) : 0;
}
