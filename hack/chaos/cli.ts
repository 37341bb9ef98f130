// `npm run chaos`: Baton acts while it is killed, cut off, slowed down and lied to by its clock. See docs/development.md.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { Api } from '../../test/cluster/support/api.ts';
import { installCrds } from '../../test/cluster/support/crds.ts';
import { type Cluster, startCluster } from '../cluster/index.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { isAlone, runSchedule, type RunResult } from './run.ts';
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

/** Runs it and tells what came of it; `again` is how to do that once more. */
async function once(name: string, schedule: Schedule, cluster: Cluster, again: string): Promise<RunResult | undefined> {
  const dir = resolve(DIR, name);
  const of = schedule.faults.length;
  try {
    const result = await runSchedule(schedule, { kubeconfig: cluster.kubeconfig, program: PROGRAM }, dir);
    const { violations, points, hits, seconds } = result;
    const what = `${schedule.scenarios.join(' and ')}: ${points} writes, ${hits} of ${of} faults, ${Math.round(seconds)} s`;
    if (violations.length === 0) passed += 1;
    else failed += 1;
    console.log(`${violations.length === 0 ? 'ok  ' : 'FAIL'} ${name}: ${what}`);
    if (violations.length > 0) tellFailure(violations, schedule, dir, again);
    return result;
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}`);
    tellFailure([String((error as Error).stack)], schedule, dir, again);
    return undefined;
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

async function drawn({ seed, runs, parallel }: Options): Promise<void> {
  const work = (cluster: Cluster) => (each: Options['runs'][number]) => {
    const again = process.argv.includes('--schedule')
      ? process.argv.slice(2).join(' ')
      : `--seed ${seed} --only ${each.run}`;
    return once(`${seed}-${each.run}`, each.schedule, cluster, again);
  };
  const halts = runs.filter(({ schedule }) => isAlone(schedule));
  const others = runs.filter(({ schedule }) => !isAlone(schedule));
  await Promise.all([
    others.length > 0 && onCluster('beside', (cluster) => lanes(parallel, others, work(cluster))),
    halts.length > 0 && onCluster('alone', (cluster) => lanes(1, halts, work(cluster))),
  ]);
}

/** Kills at each write that an undisturbed run of the scenario makes, before it and after it. */
async function enumerated(scenario: ScenarioName, parallel: number): Promise<void> {
  const schedule = (faults: Schedule['faults']): Schedule => ({ scenarios: [scenario], replicas: 1, faults });
  await onCluster(scenario, async (cluster) => {
    const calm = await once(`${scenario}-0`, schedule([]), cluster, `--every ${scenario}`);
    const points = Array.from({ length: calm?.points ?? 0 }, (_, index) => index + 1);
    const kills = points.flatMap((at) => [
      { at, when: 'before' as const },
      { at, when: 'after' as const },
    ]);
    await lanes(isAlone(schedule([])) ? 1 : parallel, kills, ({ at, when }) => {
      const name = `${scenario}-${at}-${when}`;
      const file = resolve(DIR, name, 'schedule.json');
      return once(name, schedule([{ kind: 'kill', at, when }]), cluster, `--schedule ${file}`);
    });
  });
}

const options = parsed();
const began = performance.now();
execFileSync(process.execPath, ['hack/build.ts', DIR], { stdio: ['ignore', 'ignore', 'inherit'] });
if (options.every.length > 0) for (const scenario of options.every) await enumerated(scenario, options.parallel);
else {
  console.log(`seed ${options.seed}, ${options.runs.length} runs`);
  await drawn(options);
}
console.log(`${passed} passed, ${failed} failed in ${Math.round((performance.now() - began) / 1_000)} s`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
