import { parseDuration } from '../duration.ts';
import { workflowTimeout } from './rules.ts';
import type { Run } from './run.ts';
import { readStamp } from './times.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const LATE = 'late since ';

/**
 * When it is expected to be done: as its spec says, or as long as earlier ones took in the median. Nothing while it is paused, because it would
 * change all the time. What it said stays until that is off by a tenth of what is left, or a minute; when the minute is over it is said once that
 * it is late, because nobody knows for how long.
 */
export function etaOf(run: Run): string | undefined {
  const { status, facts } = run;
  const begun = readStamp(status.startedAt);
  if (begun === undefined || (status.phase !== 'Running' && status.phase !== 'Verifying')) return undefined;
  const expected = expectedMs(run);
  if (expected === undefined) return undefined;
  const most = workflowTimeout(run.spec, facts.maxDurationMs);
  const at = begun + Math.min(expected, most) + (status.pausedSeconds ?? 0) * 1_000;
  const said = readEta(status.eta, at);
  const tolerance = Math.max(MINUTE, (at - run.now) / 10);
  const isGood = said !== undefined && Math.abs(said - at) <= tolerance;
  const minute = isGood ? said : Math.ceil(at / MINUTE) * MINUTE;
  const isLate = run.now >= minute + MINUTE;
  if (!isLate) run.wake(minute + MINUTE);
  return `${isLate ? LATE : ''}${writeEta(minute, begun)}`;
}

function expectedMs({ spec, facts }: Run): number | undefined {
  if (spec.estimatedDuration !== undefined) return parseDuration(spec.estimatedDuration);
  const sorted = facts.durations.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** With the day where it takes longer than one. */
function writeEta(at: number, begun: number): string {
  const text = new Date(at).toISOString();
  const time = `${text.slice(11, 16)} UTC`;
  return at - begun > DAY ? `${text.slice(0, 10)} ${time}` : time;
}

/** Of a time alone: the one that is nearest to `near`. */
function readEta(text: string | undefined, near: number): number | undefined {
  const [, day, time] = /^(?:late since )?(?:(\d{4}-\d{2}-\d{2}) )?(\d{2}:\d{2}) UTC$/.exec(text ?? '') ?? [];
  if (time === undefined) return undefined;
  if (day !== undefined) return Date.parse(`${day}T${time}:00Z`);
  const same = Date.parse(`${new Date(near).toISOString().slice(0, 10)}T${time}:00Z`);
  return [same - DAY, same, same + DAY].reduce((best, at) => (Math.abs(at - near) < Math.abs(best - near) ? at : best));
}
