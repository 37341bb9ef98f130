import { AnomalyDetector } from '../../src/domain/forecast/anomaly.ts';
import { normalFrom, SHAPES, type Shape } from './generate.ts';

const MINUTE = 60_000;
const DAY = 1_440;
const BEGIN = Date.UTC(2026, 0, 5);

/** A value for each minute. */
export type Minutes = readonly number[];

/** Kinds of series without any fault, `days` long. */
export const CLEAN: Readonly<Record<string, (days: number, seed: number) => Minutes>> = {
  'white noise': (days, seed) => noisy(days, seed, () => 100, 5),
  'heavy-tailed noise (Laplace)': (days, seed) => laplace(days, seed),
  'autocorrelated noise (AR 0.8)': (days, seed) => autoregressive(days, seed, 0.8),
  ...Object.fromEntries(
    (Object.keys(SHAPES) as Shape[]).map((shape) => [
      `daily ${shape} with 5 % noise`,
      (days: number, seed: number) => noisy(days, seed, (minute) => SHAPES[shape](minute % DAY), 5),
    ]),
  ),
  constant: (days) => Array.from({ length: days * DAY }, () => 100),
};

/** What goes wrong, as a share of the level and minutes since it began. Noise is 5 % of the level. */
export const FAULTS: Readonly<Record<string, (minute: number) => number>> = {
  'level shift up by 40 %': () => 0.4,
  'level shift down by 40 %': () => -0.4,
  'spike of 5 minutes, +80 %': (minute) => (minute < 5 ? 0.8 : 0),
  'gap of 10 minutes, -80 %': (minute) => (minute < 10 ? -0.8 : 0),
  'drift of 20 % an hour, for 3 hours': (minute) => (minute < 180 ? (0.2 * minute) / 60 : 0.6),
};

function noisy(days: number, seed: number, level: (minute: number) => number, deviation: number): Minutes {
  const normal = normalFrom(seed);
  return Array.from({ length: days * DAY }, (_, minute) => level(minute) + deviation * normal());
}

function laplace(days: number, seed: number): Minutes {
  const normal = normalFrom(seed);
  // The product of two pairs of normal numbers, one taken from the other, is Laplace distributed.
  return Array.from({ length: days * DAY }, () => 100 + 3 * (normal() * normal() - normal() * normal()));
}

function autoregressive(days: number, seed: number, keep: number): Minutes {
  const normal = normalFrom(seed);
  let state = 0;
  return Array.from({ length: days * DAY }, () => {
    state = keep * state + 3 * normal();
    return 100 + state;
  });
}

export interface Alarms {
  /** Steps judged, steps that were unusual, and how often it began. */
  readonly points: number;
  readonly unusual: number;
  readonly began: number;
}

/** Alarms after the detector has learned; `season` as for the detector. */
export function alarmsIn(values: Minutes): Alarms {
  const detector = new AnomalyDetector('auto');
  let [points, unusual, began] = [0, 0, 0];
  for (const [minute, value] of values.entries()) {
    const changes = detector.observe(BEGIN + minute * MINUTE, value);
    if (detector.state.kind === 'Learning') continue;
    points++;
    if (detector.state.kind === 'Unusual') unusual++;
    began += changes.filter((change) => change === 'Began').length;
  }
  return { points, unusual, began };
}

export interface Found {
  /** Minutes from the beginning of the fault to the alarm; undefined when there was none within six hours. */
  readonly after: number | undefined;
  /** Minutes until the new level was taken for the baseline; undefined when it was not within six hours. */
  readonly rebaselinedAfter: number | undefined;
}

const WATCHED = 360;

/** A fault in the last day of a daily wave, at an hour that the seed decides. */
export function findFault(name: string, days: number, seed: number): Found {
  const fault = FAULTS[name] ?? (() => 0);
  const start = (days - 1) * DAY + ((seed * 137) % (DAY - WATCHED));
  const level = (minute: number): number => SHAPES.wave(minute % DAY);
  const values = noisy(days, seed, level, 5);
  const detector = new AnomalyDetector('auto');
  let after: number | undefined;
  let rebaselinedAfter: number | undefined;
  for (const [minute, value] of values.slice(0, start + WATCHED).entries()) {
    const since = minute - start;
    const changes = detector.observe(BEGIN + minute * MINUTE, value + (since < 0 ? 0 : 100 * fault(since)));
    if (since <= 0) continue;
    if (changes.includes('Began')) after ??= since;
    if (changes.includes('Rebaselined')) rebaselinedAfter ??= since;
  }
  return { after, rebaselinedAfter };
}
