import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { draw, SCENARIOS, type Schedule, type ScenarioName, scheduleSchema } from './schedule.ts';

export const USAGE = `npm run chaos -- [options]
  --runs N          how many schedules (default 40)
  --seed S          which ones: a whole number (default: of the clock; it is told)
  --only K          run K of the seed alone, as a failure says it
  --schedule FILE   this schedule (JSON; what failed leaves its own) alone, --runs times if that is given
  --every NAME,...  kill at every write of a scenario, before and after it (${SCENARIOS.join(', ')}; all)
  --parallel N      runs at a time beside the halts, which go one after the other (default 6)`;

export interface Options {
  readonly seed: number;
  readonly parallel: number;
  readonly every: readonly ScenarioName[];
  /** In order; the number is that of --only. */
  readonly runs: readonly { readonly run: number; readonly schedule: Schedule }[];
}

const whole = (name: string, text: string, least: number): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least)
    throw new Error(`--${name}: allowed: a whole number from ${least}`);
  return value;
};

/** Throws with a message for people when an option is wrong. */
export function parseOptions(args: readonly string[], now: number): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      schedule: { type: 'string' },
      every: { type: 'string' },
      parallel: { type: 'string', default: '6' },
    },
  });
  const seed = values.seed === undefined ? Math.floor(now / 1_000) % 1_000_000 : whole('seed', values.seed, 0);
  const parallel = whole('parallel', values.parallel, 1);
  const every = values.every === undefined ? [] : scenariosOf(values.every);
  return { seed, parallel, every, runs: every.length > 0 ? [] : runsOf(values, seed) };
}

function runsOf(
  { runs, only, schedule }: { runs?: string; only?: string; schedule?: string },
  seed: number,
): Options['runs'] {
  if (schedule !== undefined) {
    const read = scheduleSchema.safeParse(JSON.parse(readFileSync(schedule, 'utf8')));
    if (!read.success) throw new Error(`--schedule ${schedule}: ${z.prettifyError(read.error)}`);
    return Array.from({ length: whole('runs', runs ?? '1', 1) }, (_, run) => ({ run, schedule: read.data }));
  }
  if (only !== undefined) {
    const run = whole('only', only, 0);
    return [{ run, schedule: draw(seed, run) }];
  }
  return Array.from({ length: whole('runs', runs ?? '40', 1) }, (_, run) => ({ run, schedule: draw(seed, run) }));
}

function scenariosOf(text: string): readonly ScenarioName[] {
  if (text === 'all') return SCENARIOS;
  return text.split(',').map((name) => {
    const found = SCENARIOS.find((each) => each === name);
    if (found === undefined) throw new Error(`--every: no scenario ${name}; there are ${SCENARIOS.join(', ')}`);
    return found;
  });
}
