import { LoadForecaster } from '../../src/domain/forecast/forecaster.ts';
import { alarmsIn, CLEAN, FAULTS, findFault } from './anomalies.ts';
import { daily, randomWalk, SHAPES, type Shape, whiteNoise } from './generate.ts';
import { DEFAULTS, type Options } from './options.ts';
import { type Outcome, replay } from './replay.ts';
import type { Point } from './series.ts';

const DAY = 86_400_000;
const REPLAY_SEEDS = seeds(20);
const ANOMALY_SEEDS = seeds(50);
const DAYS = 7;
const ANOMALY_DAYS = 7;

function seeds(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** The tables of docs/prediction.md, line by line as they are done. */
export function* figures(): Generator<string> {
  yield* seasonalTable();
  yield* unseasonalTable();
  yield* falseAlarmTable();
  yield* faultTable();
  yield costOfAStep();
}

function* seasonalTable(): Generator<string> {
  yield '| load | HPA, s under | Baton, s under | share | pod hours | trusted |\n|---|---|---|---|---|---|';
  for (const shape of Object.keys(SHAPES) as Shape[]) {
    for (const [noise, drift] of [
      [0, 0],
      [0.05, 0],
      [0.1, 0],
      [0.05, 0.1],
    ] as const) {
      const all = replays((seed) => daily(shape, DAYS, noise, seed, drift));
      const name = `${shape}, noise ${noise * 100} %${drift === 0 ? '' : `, days differ by ${drift * 100} %`}`;
      yield `| ${name} | ${rowOf(all)} |`;
    }
  }
  yield '';
}

function* unseasonalTable(): Generator<string> {
  yield '| load | season | under-provisioned, worst seed | pod hours, worst seed | trusted |\n|---|---|---|---|---|';
  const loads: [string, (seed: number) => Point[]][] = [
    ['white noise, 5 %', (seed) => whiteNoise(DAYS, 5, seed)],
    ['white noise, 20 %', (seed) => whiteNoise(DAYS, 20, seed)],
    ['random walk, 1 % a minute', (seed) => randomWalk(DAYS, 1, seed)],
    ['random walk, 5 % a minute', (seed) => randomWalk(DAYS, 5, seed)],
  ];
  for (const [name, loadOf] of loads) {
    for (const [label, season] of [
      ['auto', 'auto'],
      ['24h', DAY],
      ['1h', DAY / 24],
    ] as const) {
      const all = replays(loadOf, { season });
      const [under, hours] = [Math.max(...all.map(underShare)), Math.max(...all.map(hourShare))];
      yield `| ${name} | ${label} | ${under.toFixed(4)} | ${hours.toFixed(4)} | ${trusted(all)} |`;
    }
  }
  yield '';
}

const replays = (loadOf: (seed: number) => Point[], options: Partial<Options> = {}): Outcome[] =>
  REPLAY_SEEDS.map((seed) => replay(loadOf(seed), { ...DEFAULTS, ...options }));

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const underShare = ({ hpa, baton }: Outcome): number =>
  hpa.underProvisionedSeconds === baton.underProvisionedSeconds
    ? 1
    : baton.underProvisionedSeconds / hpa.underProvisionedSeconds;
const hourShare = ({ hpa, baton }: Outcome): number => baton.podHours / hpa.podHours;
const trusted = (all: readonly Outcome[]): string => `${(100 * mean(all.map((one) => one.trustedShare))).toFixed(2)} %`;

function rowOf(all: readonly Outcome[]): string {
  const [hpa, baton] = [
    mean(all.map((one) => one.hpa.underProvisionedSeconds)),
    mean(all.map((one) => one.baton.underProvisionedSeconds)),
  ];
  const share = hpa === 0 ? '–' : `${(baton / hpa).toFixed(2)} (worst ${Math.max(...all.map(underShare)).toFixed(2)})`;
  const hours = all.map((one) => 100 * (hourShare(one) - 1));
  const more = `${signed(mean(hours))} % (worst ${signed(Math.max(...hours))} %)`;
  return `${hpa.toFixed(0)} | ${baton.toFixed(0)} | ${share} | ${more} | ${trusted(all)}`;
}

const signed = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(1)}`;

function* falseAlarmTable(): Generator<string> {
  yield '| series without a fault | points | unusual in 1,000 | alarms in 1,000 |\n|---|---|---|---|';
  for (const [name, generate] of Object.entries(CLEAN)) {
    const all = ANOMALY_SEEDS.map((seed) => alarmsIn(generate(ANOMALY_DAYS, seed)));
    const sum = (of: 'points' | 'unusual' | 'began'): number => all.reduce((total, one) => total + one[of], 0);
    const [unusual, began] = [(1_000 * sum('unusual')) / sum('points'), (1_000 * sum('began')) / sum('points')];
    yield `| ${name} | ${sum('points')} | ${unusual.toFixed(3)} | ${began.toFixed(3)} |`;
  }
  yield '';
}

function* faultTable(): Generator<string> {
  yield '| fault | found | after, median | after, longest | baseline again, median |\n|---|---|---|---|---|';
  for (const name of Object.keys(FAULTS)) {
    const all = ANOMALY_SEEDS.map((seed) => findFault(name, 4, seed));
    const known = (values: readonly (number | undefined)[]): number[] =>
      values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
    const after = known(all.map((one) => one.after));
    const again = known(all.map((one) => one.rebaselinedAfter));
    const minutes = (value: number | undefined): string => (value === undefined ? '–' : `${value} min`);
    yield `| ${name} | ${after.length} of ${all.length} | ${minutes(after[after.length >> 1])} | ${minutes(after.at(-1))} | ${minutes(again[again.length >> 1])} |`;
  }
  yield '';
}

/** A week in steps of a minute, and a prediction every 15 s. */
function costOfAStep(): string {
  const forecaster = new LoadForecaster({ season: 'auto', quantile: DEFAULTS.quantile, horizonMs: 105_000 });
  const points = daily('wave', DAYS, 0.05, 1);
  let [longest, count] = [0, 0];
  const begun = performance.now();
  for (const { at, value } of points) {
    for (let offset = 0; offset < 60_000; offset += 15_000) {
      const started = performance.now();
      forecaster.observe(at + offset, value);
      forecaster.predict(at + offset);
      longest = Math.max(longest, performance.now() - started);
      count++;
    }
  }
  const micros = (1_000 * (performance.now() - begun)) / count;
  return `one point and one prediction: ${micros.toFixed(1)} µs on average, the longest ${longest.toFixed(1)} ms`;
}
