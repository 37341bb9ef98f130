import type { OrchestratedServiceStatus } from '../../api/kinds.ts';
import { formatDuration, parseDuration } from '../duration.ts';

export type UptimeState = 'Up' | 'Down' | 'Unknown' | 'Maintenance';
type UptimeStatus = NonNullable<OrchestratedServiceStatus['uptime']>;

/** Closed times as milliseconds; the open one runs from `since`. */
export interface Ledger {
  readonly state: UptimeState;
  readonly since: number;
  readonly totals: Readonly<Record<UptimeState, number>>;
  readonly segments: readonly Segment[];
}

/** A time that was not up. `total` is the time in that state between `from` and `to`: less than all of it where segments were joined. */
export interface Segment {
  readonly state: Exclude<UptimeState, 'Up'>;
  readonly from: number;
  readonly to: number;
  readonly total: number;
}

/** As many as the status may hold. */
export const MAX_SEGMENTS = 64;

export function startLedger(state: UptimeState, now: number): Ledger {
  return { state, since: now, totals: { Up: 0, Down: 0, Unknown: 0, Maintenance: 0 }, segments: [] };
}

/**
 * Closes the open time and opens another. Segments that ended more than `keep` ms ago are dropped, which happens only here because a
 * quiet service must not cause writes. Where the clock was set back, time stands still until it has caught up: nothing is counted
 * twice and nothing becomes negative.
 */
export function enter(ledger: Ledger, state: UptimeState, now: number, keep: number): Ledger {
  if (state === ledger.state) return ledger;
  const since = Math.max(now, ledger.since);
  const closed = since - ledger.since;
  const totals = { ...ledger.totals, [ledger.state]: ledger.totals[ledger.state] + closed };
  const segments = ledger.segments.filter(({ to }) => to > since - keep);
  if (ledger.state !== 'Up' && closed > 0) {
    segments.push({ state: ledger.state, from: ledger.since, to: since, total: closed });
  }
  return { state, since, totals, segments: bounded(segments) };
}

/** When the ledger began. */
export function begunAt({ since, totals }: Ledger): number {
  return since - totals.Up - totals.Down - totals.Unknown - totals.Maintenance;
}

function bounded(segments: Segment[]): Segment[] {
  while (segments.length > MAX_SEGMENTS) joinNearest(segments);
  return segments;
}

/** Joins the two of one state that have the least time between them; with three states and more than three segments there are such. */
function joinNearest(segments: Segment[]): void {
  const last = new Map<Segment['state'], number>();
  let best = { gap: Infinity, first: 0, second: 0 };
  for (const [index, segment] of segments.entries()) {
    const before = last.get(segment.state);
    last.set(segment.state, index);
    if (before === undefined) continue;
    const gap = segment.from - (segments[before]?.to ?? 0);
    if (gap < best.gap) best = { gap, first: before, second: index };
  }
  const [first, second] = [segments[best.first], segments[best.second]];
  if (first === undefined || second === undefined) return;
  segments[best.first] = { ...first, to: second.to, total: first.total + second.total };
  segments.splice(best.second, 1);
}

/** Undefined when the status holds none, or one that nobody wrote who knows the format. */
export function readLedger(status: UptimeStatus | undefined): Ledger | undefined {
  if (status?.state === undefined || status.since === undefined) return undefined;
  const since = Date.parse(status.since);
  if (Number.isNaN(since)) return undefined;
  const totals = {
    Up: duration(status.up),
    Down: duration(status.down),
    Unknown: duration(status.unknown),
    Maintenance: duration(status.maintenance),
  };
  return { state: status.state, since, totals, segments: (status.segments ?? []).flatMap(readSegment) };
}

export function writeLedger({ state, since, totals, segments }: Ledger): UptimeStatus {
  return {
    state,
    since: new Date(since).toISOString(),
    up: formatDuration(totals.Up),
    down: formatDuration(totals.Down),
    unknown: formatDuration(totals.Unknown),
    maintenance: formatDuration(totals.Maintenance),
    ...(segments.length === 0 ? {} : { segments: segments.map(writeSegment) }),
  };
}

type SegmentStatus = NonNullable<UptimeStatus['segments']>[number];

function readSegment({ state, from, to, total }: SegmentStatus): Segment[] {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const length = end - start;
  return length > 0 ? [{ state, from: start, to: end, total: Math.min(length, duration(total, length)) }] : [];
}

function writeSegment({ state, from, to, total }: Segment): SegmentStatus {
  const ends = { state, from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  return total === to - from ? ends : { ...ends, total: formatDuration(total) };
}

function duration(text: string | undefined, fallback = 0): number {
  if (text === undefined) return fallback;
  try {
    return parseDuration(text);
  } catch {
    return fallback;
  }
}
