import type { OrchestratedServiceSpec } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';
import { begunAt, type Ledger, type Segment } from './ledger.ts';

type Objective = NonNullable<OrchestratedServiceSpec['objectives']>[number];

export interface ObjectiveFigures {
  readonly name: string;
  /** Up / (up + down) over the window, 0 to 1; 1 while nothing was counted. */
  readonly availability: number;
  /** Share of the window's error budget that is left: 1 untouched, 0 spent, below 0 overspent. */
  readonly budgetRemaining: number;
  /** How fast the budget was spent over the last hour; 1 spends all of it in exactly one window. */
  readonly burnRate: number;
  readonly met: boolean;
  /** When these figures may have moved by a point of budget, ms since the epoch; undefined when they stand still. */
  readonly movesAt: number | undefined;
}

const HOUR = 3_600_000;
/** A figure that moves faster is not looked at more often. */
const SHORTEST_LOOK = 10_000;

/**
 * Budget and burn rate after Google's SRE workbook, chapters 2 and 5 (https://sre.google/workbook/alerting-on-slos/): the budget is
 * (1 − target) of the window, the burn rate is the rate of errors over (1 − target). Maintenance and time without evidence are taken out
 * of the window; time before the service was known counts as not yet lived, so the budget of a young service is that of the whole window.
 */
export function objectiveFigures(objective: Objective, ledger: Ledger, now: number): ObjectiveFigures {
  const at = Math.max(now, ledger.since);
  const window = parseDuration(objective.window);
  const tolerated = 1 - objective.target / 100;
  const lived = timesSince(ledger, at - window, at);
  const allowed = tolerated * (window - lived.excluded);
  const budgetRemaining = allowed > 0 ? 1 - lived.down / allowed : 1;
  const hour = timesSince(ledger, at - HOUR, at);
  const burnRate = hour.counted > 0 ? hour.down / hour.counted / tolerated : 0;
  return {
    name: objective.name,
    availability: lived.counted > 0 ? 1 - lived.down / lived.counted : 1,
    budgetRemaining,
    burnRate,
    met: budgetRemaining >= 0,
    movesAt: movesAt(ledger, window, Math.max(SHORTEST_LOOK, allowed / 100), at),
  };
}

export function longestWindow(objectives: readonly Objective[] | undefined): number {
  let longest = parseDuration('30d');
  for (const { window } of objectives ?? []) longest = Math.max(longest, parseDuration(window));
  return longest;
}

/** Times between `start` and `end`. A joined segment that begins before `start` counts in proportion. */
function timesSince(ledger: Ledger, start: number, end: number): { down: number; excluded: number; counted: number } {
  const from = Math.max(start, begunAt(ledger));
  let down = 0;
  let excluded = 0;
  const add = (state: Ledger['state'], time: number): void => {
    if (state === 'Down') down += time;
    else if (state !== 'Up') excluded += time;
  };
  for (const segment of ledger.segments) add(segment.state, within(segment, from));
  add(ledger.state, end - Math.max(from, ledger.since));
  // Shares of joined segments may overlap with others: no share is more than all there is.
  const counted = Math.max(0, end - from - excluded);
  return { down: Math.min(down, counted), excluded, counted };
}

function within({ from, to, total }: Segment, start: number): number {
  if (from >= start) return total;
  return to <= start ? 0 : (total * (to - start)) / (to - from);
}

/** While it is down the budget shrinks; otherwise it grows when a time that was down leaves the window, and the burn rate ends after an hour. */
function movesAt(ledger: Ledger, window: number, pointTakes: number, at: number): number | undefined {
  if (ledger.state === 'Down') return at + pointTakes;
  let next: number | undefined;
  for (const { state, from, to } of ledger.segments) {
    if (state !== 'Down') continue;
    for (const moment of [to + HOUR, Math.max(from + window, at) + pointTakes, to + window]) {
      if (moment > at && to + window > at) next = Math.min(next ?? Infinity, moment);
    }
  }
  return next;
}
