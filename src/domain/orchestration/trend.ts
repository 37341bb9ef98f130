export type Trend = 'Improving' | 'Steady' | 'Worsening';

export interface Sample {
  /** By the monotonic clock, ms. */
  readonly at: number;
  readonly score: number;
}

const EVERY_MS = 60_000;
const RECENT_MS = 5 * EVERY_MS;
const KEPT_MS = 65 * EVERY_MS;
const LEAST_MS = 15 * EVERY_MS;
/** Points by which it must have moved, and those within which it is steady again. */
const MOVED = 5;
const CALM = 3;

/** The samples with one more, one a minute, as far back as they are looked at. */
export function sampled(samples: readonly Sample[], score: number | undefined, at: number): readonly Sample[] {
  const last = samples.at(-1);
  if (score === undefined || (last !== undefined && at - last.at < EVERY_MS)) return samples;
  return [...samples.filter((sample) => at - sample.at <= KEPT_MS), { at, score }];
}

/** How the last minutes stand to the hour before; what was said before while too little was seen, as after a restart. */
export function trendOf(samples: readonly Sample[], before: Trend | undefined, at: number): Trend | undefined {
  const first = samples[0];
  if (first === undefined || at - first.at < LEAST_MS) return before;
  const recent = samples.filter((sample) => at - sample.at <= RECENT_MS);
  const earlier = samples.filter((sample) => at - sample.at > RECENT_MS);
  if (recent.length === 0 || earlier.length === 0) return before;
  const moved = mean(recent) - mean(earlier);
  if (moved >= MOVED || (before === 'Improving' && moved > CALM)) return 'Improving';
  return moved <= -MOVED || (before === 'Worsening' && moved < -CALM) ? 'Worsening' : 'Steady';
}

const mean = (samples: readonly Sample[]): number =>
  samples.reduce((sum, { score }) => sum + score, 0) / samples.length;
