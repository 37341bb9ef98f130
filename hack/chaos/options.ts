import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { draw, SCENARIOS, type Schedule, type ScenarioName, scheduleSchema, WORKFLOWS } from './schedule.ts';

export const USAGE = `npm run chaos -- [options]
  --runs N          how many schedules (default 40)
  --seed S          which ones: a whole number (default: of the clock; it is told)
  --only K          run K of the seed alone, as a failure says it
  --schedule FILE   this schedule (JSON; what failed leaves its own) alone, --runs times if that is given
  --every NAME,...  kill once at every write of a scenario: a run for each, before it and after it
  --always NAME,... kill at every write of a scenario, again and again: a run before each write, a run after each
                    (NAME: ${SCENARIOS.join(', ')};
                    workflows: all that begin with workflow-; all)
  --parallel N      runs at a time beside the halts, which go one after the other (default 6)`;

export interface Options {
  readonly seed: number;
  readonly parallel: number;
  readonly every: readonly ScenarioName[];
  readonly always: readonly ScenarioName[];
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
      always: { type: 'string' },
      parallel: { type: 'string', default: '6' },
    },
  });
  const seed = values.seed === undefined ? Math.floor(now / 1_000) % 1_000_000 : whole('seed', values.seed, 0);
  const parallel = whole('parallel', values.parallel, 1);
  const every = scenariosOf('every', values.every);
  const always = scenariosOf('always', values.always);
  const isDrawn = every.length === 0 && always.length === 0;
  return { seed, parallel, every, always, runs: isDrawn || values.runs !== undefined ? runsOf(values, seed) : [] };
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

function scenariosOf(option: string, text: string | undefined): readonly ScenarioName[] {
  if (text === undefined) return [];
  if (text === 'all') return SCENARIOS;
  if (text === 'workflows') return WORKFLOWS;
  return text.split(',').map((name) => {
    const found = SCENARIOS.find((each) => each === name);
    if (found === undefined) throw new Error(`--${option}: no scenario ${name}; there are ${SCENARIOS.join(', ')}`);
    return found;
  });
}
