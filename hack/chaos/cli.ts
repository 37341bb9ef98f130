// `npm run chaos`: Baton acts while it is killed, cut off, slowed down and lied to by its clock. See docs/development.md.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { Api } from '../../test/cluster/support/api.ts';
import { installCrds } from '../../test/cluster/support/crds.ts';
import { type Cluster, startCluster } from '../cluster/index.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { isAlone, runSchedule } from './run.ts';
import { type Schedule, type ScenarioName, words } from './schedule.ts';

if (process.argv.includes('--help')) {
  console.log(USAGE);
  process.exit(0);
}

const DIR = resolve('.cluster/chaos');
// The operator is started again and again: as it is shipped it starts in a tenth of the time, and what V8 makes of it is kept for the next.
process.env['NODE_COMPILE_CACHE'] ??= resolve(DIR, 'compiled');
const PROGRAM = resolve(DIR, 'operator.mjs');

/** What was seen last may be a whole object; all of it is in the log. */
const LINE = 400;

let passed = 0;
let failed = 0;

function parsed(): Options {
  try {
    return parseOptions(process.argv.slice(2), Date.now());
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** A run, and how to do it once more. */
interface Job {
  readonly name: string;
  readonly schedule: Schedule;
  readonly again: string;
  /** What is to be run when it is known how many writes it made. */
  readonly follow?: (points: number) => readonly Job[];
}

/** Runs it and tells what came of it. Gives back how many writes it made. */
async function once({ name, schedule, again }: Job, cluster: Cluster): Promise<number> {
  const dir = resolve(DIR, name);
  const of = schedule.faults.length;
  try {
    const result = await runSchedule(schedule, { kubeconfig: cluster.kubeconfig, program: PROGRAM }, dir);
    const { violations, points, hits, seconds } = result;
    const struck = schedule.always === undefined ? `${hits} of ${of} faults` : `${hits} kills`;
    const what = `${schedule.scenarios.join(' and ')}: ${points} writes, ${struck}, ${Math.round(seconds)} s`;
    if (violations.length === 0) passed += 1;
    else failed += 1;
    console.log(`${violations.length === 0 ? 'ok  ' : 'FAIL'} ${name}: ${what}`);
    if (violations.length > 0) tellFailure(violations, schedule, dir, again);
    return points;
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}`);
    tellFailure([String((error as Error).stack)], schedule, dir, again);
    return 0;
  }
}

function tellFailure(violations: readonly string[], schedule: Schedule, dir: string, again: string): void {
  for (const each of violations) console.log(`     ${each.slice(0, LINE)}`);
  console.log(`     schedule: ${words(schedule).replaceAll('\n', '\n     ')}`);
  console.log(`     again: npm run chaos -- ${again}\n     log: ${dir}`);
}

/** Takes from the list until it is empty, so many at a time. */
async function lanes<T>(count: number, list: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const waiting = [...list];
  const lane = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: count }, lane));
}

/** A halt concerns a whole cluster, so halts have one of their own. */
async function onCluster(name: string, work: (cluster: Cluster) => Promise<void>): Promise<void> {
  const cluster = await startCluster({ dir: resolve(DIR, name), nodes: 3, log: () => undefined });
  try {
    // Once: an API server takes a second of processor time for it, also where nothing changes.
    await installCrds(new Api({}, cluster.kubeconfig));
    await work(cluster);
  } finally {
    await cluster.stop();
  }
}

/** So many at a time, and then what follows from them. */
async function play(jobs: readonly Job[], cluster: Cluster, count: number): Promise<void> {
  const next: Job[] = [];
  await lanes(count, jobs, async (job) => {
    const points = await once(job, cluster);
    next.push(...(job.follow?.(points) ?? []));
  });
  if (next.length > 0) await play(next, cluster, count);
}

/** Beside one another, but for halts, which go one after the other. */
async function playAll(jobs: readonly Job[], parallel: number): Promise<void> {
  const halts = jobs.filter(({ schedule }) => isAlone(schedule));
  const others = jobs.filter(({ schedule }) => !isAlone(schedule));
  await Promise.all([
    others.length > 0 && onCluster('beside', (cluster) => play(others, cluster, parallel)),
    halts.length > 0 && onCluster('alone', (cluster) => play(halts, cluster, 1)),
  ]);
}

const drawn = ({ seed, runs }: Options): readonly Job[] =>
  runs.map(({ run, schedule }) => {
    const isGiven = process.argv.includes('--schedule');
    const again = isGiven ? process.argv.slice(2).join(' ') : `--seed ${seed} --only ${run}`;
    return { name: `${seed}-${run}`, schedule, again };
  });

/** Kills at each write that an undisturbed run of the scenario makes, before it and after it. */
function enumerated(scenario: ScenarioName): Job {
  const schedule = (faults: Schedule['faults']): Schedule => ({ scenarios: [scenario], replicas: 1, faults });
  const killed = (at: number, when: 'before' | 'after'): Job => {
    const name = `${scenario}-${at}-${when}`;
    const again = `--schedule ${resolve(DIR, name, 'schedule.json')}`;
    return { name, schedule: schedule([{ kind: 'kill', at, when }]), again };
  };
  const follow = (points: number): readonly Job[] =>
    Array.from({ length: points }, (_, index) => [killed(index + 1, 'before'), killed(index + 1, 'after')]).flat();
  return { name: `${scenario}-0`, schedule: schedule([]), again: `--every ${scenario}`, follow };
}

/** In one run, kills before every write that is tried for the first time; in another, after it. */
const persistent = (scenario: ScenarioName): readonly Job[] =>
  (['before', 'after'] as const).map((always) => ({
    name: `${scenario}-always-${always}`,
    schedule: { scenarios: [scenario], replicas: 1, faults: [], always },
    again: `--always ${scenario}`,
  }));

const options = parsed();
const began = performance.now();
execFileSync(process.execPath, ['hack/build.ts', DIR], { stdio: ['ignore', 'ignore', 'inherit'] });
if (options.runs.length > 0) console.log(`seed ${options.seed}, ${options.runs.length} runs`);
// The longest first.
const jobs = [...options.always.flatMap(persistent), ...options.every.map(enumerated), ...drawn(options)];
await playAll(jobs, options.parallel);
console.log(`${passed} passed, ${failed} failed in ${Math.round((performance.now() - began) / 1_000)} s`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
