/** What one decision about the replicas found. */
export interface DemandSample {
  /** What the metrics alone ask for; undefined while they cannot tell. */
  readonly wanted: number | undefined;
  /** The replicas that there are to be. */
  readonly paid: number;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** The pace that `behavior` allows kept it from more. */
  readonly isPaced: boolean;
}

/** What became of the decisions of the last week. */
export interface DemandFigures {
  /** Time for which there was a decision from evidence. */
  readonly observedMs: number;
  /** Shares of that time, 0 to 1, in which the metrics asked for fewer than minReplicas, for more than maxReplicas, and were held by the pace. */
  readonly belowMin: number;
  readonly aboveMax: number;
  readonly paced: number;
  readonly lowest: number;
  readonly highest: number;
  /** Share of the replicas, over time, that the metrics asked for, 0 to 1. */
  readonly needed: number;
}

interface Day {
  readonly since: number;
  observedMs: number;
  belowMin: number;
  aboveMax: number;
  paced: number;
  lowest: number;
  highest: number;
  /** Replicas times ms. */
  needed: number;
  paid: number;
}

const DAY = 86_400_000;
const DAYS = 7;
/** A decision says nothing of the time after that. */
const LONGEST_GAP_MS = 2 * 60_000;

/** Counts decisions by the time for which they held, day by day for a week: bounded whatever the pace of decisions. */
export class DemandHistory {
  #days: Day[] = [];
  #last: { readonly sample: DemandSample; readonly at: number } | undefined;

  /** `at` in ms of the monotonic clock. */
  observe(sample: DemandSample, at: number): void {
    const last = this.#last;
    this.#last = { sample, at };
    this.#days = this.#days.filter(({ since }) => at - since < (DAYS + 1) * DAY);
    if (last === undefined || last.sample.wanted === undefined) return;
    const ms = Math.min(Math.max(0, at - last.at), LONGEST_GAP_MS);
    count(this.#dayOf(at), last.sample, last.sample.wanted, ms);
  }

  /** Undefined before anything was decided from evidence. */
  figures(): DemandFigures | undefined {
    const sum = (of: (day: Day) => number): number => this.#days.reduce((total, day) => total + of(day), 0);
    const observedMs = sum((day) => day.observedMs);
    if (observedMs === 0) return undefined;
    const paid = sum((day) => day.paid);
    return {
      observedMs,
      belowMin: sum((day) => day.belowMin) / observedMs,
      aboveMax: sum((day) => day.aboveMax) / observedMs,
      paced: sum((day) => day.paced) / observedMs,
      lowest: Math.min(...this.#days.map((day) => day.lowest)),
      highest: Math.max(...this.#days.map((day) => day.highest)),
      needed: paid === 0 ? 1 : sum((day) => day.needed) / paid,
    };
  }

  #dayOf(at: number): Day {
    const today = this.#days.at(-1);
    if (today !== undefined && at - today.since < DAY) return today;
    const none = { observedMs: 0, belowMin: 0, aboveMax: 0, paced: 0, needed: 0, paid: 0 };
    const day: Day = { since: at, lowest: Infinity, highest: 0, ...none };
    this.#days.push(day);
    return day;
  }
}

function count(day: Day, { paid, minReplicas, maxReplicas, isPaced }: DemandSample, wanted: number, ms: number): void {
  day.observedMs += ms;
  if (wanted < minReplicas) day.belowMin += ms;
  if (wanted > maxReplicas) day.aboveMax += ms;
  if (isPaced) day.paced += ms;
  day.lowest = Math.min(day.lowest, wanted);
  day.highest = Math.max(day.highest, wanted);
  day.needed += Math.min(wanted, paid) * ms;
  day.paid += paid * ms;
}
