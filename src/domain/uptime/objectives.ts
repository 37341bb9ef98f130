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
  /** When these figures may have moved noticeably, ms since the epoch; undefined when they stand still. */
  readonly movesAt: number | undefined;
}

const HOUR = 3_600_000;
/** A budget that moves faster is not looked at more often. */
const SHORTEST_LOOK = 10_000;
/** A burn rate that moves is looked at this often. */
const BURN_LOOK = 60_000;

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
    movesAt: movesAt(ledger, { window, tolerated, lived, allowed }, hour, at),
  };
}

export function longestWindow(objectives: readonly Objective[] | undefined): number {
  let longest = parseDuration('30d');
  for (const { window } of objectives ?? []) longest = Math.max(longest, parseDuration(window));
  return longest;
}

interface Times {
  readonly down: number;
  readonly excluded: number;
  readonly counted: number;
}

/** Times between `start` and `end`. A joined segment that begins before `start` counts in proportion. */
function timesSince(ledger: Ledger, start: number, end: number): Times {
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

/** The share of the budget by which it must move to be noticed: a point, and where it is overspent a point of what is spent. */
export const noticeable = (spent: number): number => Math.max(1, spent) / 100;

/** When the budget or the burn rate may have moved noticeably. */
function movesAt(ledger: Ledger, budget: Budget, hour: Times, at: number): number | undefined {
  const next = Math.min(budgetMovesAt(ledger, budget, at), burnMovesAt(ledger, hour, at));
  return next === Infinity ? undefined : next;
}

interface Budget {
  readonly window: number;
  readonly tolerated: number;
  readonly lived: Times;
  readonly allowed: number;
}

/** Time down spends the budget. Time that is left out makes it smaller while it lasts, and each gives back what it took when it leaves the window. */
function budgetMovesAt(ledger: Ledger, { window, tolerated, lived, allowed }: Budget, at: number): number {
  const spent = allowed > 0 ? lived.down / allowed : 0;
  const step = noticeable(spent);
  const stepTakes = allowed * step;
  // How long it takes until the share that is spent is a step more or less because the budget shrinks or grows.
  const shrinks = lived.down > 0 ? (allowed - lived.down / (spent + step)) / tolerated : Infinity;
  const grows = spent > step ? (lived.down / (spent - step) - allowed) / tolerated : Infinity;
  let next = Infinity;
  const after = (wait: number): void => {
    next = Math.min(next, at + Math.max(SHORTEST_LOOK, wait));
  };
  if (ledger.state === 'Down') after(stepTakes);
  else if (ledger.state !== 'Up') after(shrinks);
  for (const { state, from, to } of ledger.segments) {
    if (to + window <= at) continue;
    const leaves = Math.max(0, from + window - at);
    after(leaves + (state === 'Down' ? stepTakes : grows));
    if (state === 'Down') after(to + window - at);
  }
  return next;
}

/** The burn rate stands still between the end of a time that was down and the moment when its beginning is an hour ago. */
function burnMovesAt({ state, since, segments }: Ledger, { down, counted }: Times, at: number): number {
  if (down === 0 && state !== 'Down') return Infinity;
  const stands = state === 'Up' && counted >= HOUR;
  let next = stands ? Infinity : at + BURN_LOOK;
  for (const segment of segments) {
    if (segment.state !== 'Down' || segment.to + HOUR <= at) continue;
    next = Math.min(next, Math.max(at, segment.from + HOUR) + BURN_LOOK, segment.to + HOUR);
  }
  // Down for longer than an hour, it burns as fast as it can.
  return state === 'Down' && since + HOUR <= at ? Infinity : next;
}
