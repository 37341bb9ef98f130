import { parseArgs } from 'node:util';
import { parseDuration } from '../../src/domain/duration.ts';
import type { Season } from '../../src/domain/forecast/steps.ts';

/** Durations in ms. */
export interface Options {
  /** Undefined: such that the mean load needs ten pods. */
  readonly podCapacity: number | undefined;
  readonly target: number;
  readonly startUpDelay: number;
  readonly interval: number;
  readonly min: number;
  readonly max: number;
  /** `none`: no prediction. */
  readonly season: Season | 'none';
  readonly quantile: number;
}

export interface Command extends Options {
  readonly file: string;
  readonly json: boolean;
}

export const USAGE = `npm run replay -- FILE.csv [options]
npm run replay -- --figures        measures what docs/prediction.md says, on generated series (about 5 minutes)
  FILE.csv               lines of timestamp,value: the load of a service; a value lasts until the next timestamp; timestamps rise and are
                         ISO 8601 (UTC without a zone) or Unix time in s or ms; the first line may have names
  --pod-capacity LOAD    what one ready pod can carry (default: the mean load needs ten pods)
  --target RATIO         share of its capacity that a pod is to carry, above 0 up to 1 (default 0.8)
  --start-up-delay TIME  from the creation of a pod until it is ready (default 90s)
  --interval TIME        between two looks of the scalers (default 15s)
  --min N, --max N       bounds of the replicas (default 1 and 1000)
  --season TIME          auto, none (no prediction) or how long it is, such as 24h (default auto)
  --quantile Q           share of its past errors that a prediction covers, above 0 and below 1 (default 0.9)
  --json                 figures as JSON
  times are such as 90s, 5m, 24h; a number alone is seconds
  ends with 0, with 1 for a bad file (the message names the line), with 2 for a bad option`;

export const DEFAULTS: Options = {
  podCapacity: undefined,
  target: 0.8,
  startUpDelay: 90_000,
  interval: 15_000,
  min: 1,
  max: 1_000,
  season: 'auto',
  quantile: 0.9,
};

/** Throws with a message for people when an option is wrong. */
export function parseOptions(args: readonly string[]): Command {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'pod-capacity': text,
      target: text,
      'start-up-delay': text,
      interval: text,
      min: text,
      max: text,
      season: text,
      quantile: text,
      json: { type: 'boolean', default: false },
    },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new Error(`one file is needed, ${positionals.length} were named`);
  const min = whole('--min', values.min) ?? DEFAULTS.min;
  const max = whole('--max', values.max) ?? DEFAULTS.max;
  if (min > max) throw new Error(`--min ${min} is above --max ${max}`);
  return {
    file,
    json: values.json,
    podCapacity: number('--pod-capacity', values['pod-capacity'], (load) => load > 0, 'above 0'),
    target: number('--target', values.target, (ratio) => ratio > 0 && ratio <= 1, 'above 0 up to 1') ?? DEFAULTS.target,
    startUpDelay: duration('--start-up-delay', values['start-up-delay'], 0) ?? DEFAULTS.startUpDelay,
    interval: duration('--interval', values.interval, 1_000) ?? DEFAULTS.interval,
    min,
    max,
    season: season(values.season),
    quantile: number('--quantile', values.quantile, (q) => q > 0 && q < 1, 'above 0 and below 1') ?? DEFAULTS.quantile,
  };
}

function number(
  option: string,
  text: string | undefined,
  fits: (value: number) => boolean,
  what: string,
): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? NaN : Number(text);
  if (!Number.isFinite(value) || !fits(value)) throw new Error(`${option}: ${text} is not a number ${what}`);
  return value;
}

const whole = (option: string, text: string | undefined): number | undefined =>
  number(
    option,
    text,
    (value) => Number.isInteger(value) && value >= 1 && value <= 100_000,
    'from 1 to 100000 (whole)',
  );

function duration(option: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : parsed(option, text);
  if (ms < least) throw new Error(`${option}: ${text} is less than ${least / 1_000} s`);
  return ms;
}

function parsed(option: string, text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new Error(`${option}: ${text} is not a time such as 90s`);
  }
}

function season(text: string | undefined): Season | 'none' {
  if (text === undefined) return DEFAULTS.season;
  return text === 'auto' || text === 'none' ? text : (duration('--season', text, 60_000) ?? DEFAULTS.season);
}
