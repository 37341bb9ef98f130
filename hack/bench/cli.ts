// `npm run bench`: Baton and a controller-runtime operator on one cluster, by turns, scaling beside the HPA, an emergency halt and workflows
// beside the bare API server. See docs/benchmark.md.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../cluster/index.ts';
import { Api } from './api.ts';
import { watchFleet } from './board.ts';
import { createFleet, deleteFleet, prepare, type Scale } from './fleet.ts';
import { type HaltResult, haltTable, measureHalt } from './halt.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { hottest } from './profile.ts';
import { markdownTable, plainTable, type ScaleResult, tableOf, uncleanStops } from './report.ts';
import { type Figures, measure } from './run.ts';
import { measureScaling } from './scaling/index.ts';
import { type ScalingResults, type Table, tablesOf } from './scaling/report.ts';
import { type System, type SystemName, SYSTEMS, userOf } from './systems.ts';
import { markdown, plain } from './table.ts';
import { measureWorkflows, type WorkflowsResult } from './workflows/index.ts';
import { workflowsTables } from './workflows/report.ts';

const DIR = '.bench';
const NODES = 20;

function log(line: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
}

function build({ systems, parts }: Options): void {
  if ((systems.includes('baton') || parts.some((part) => part !== 'operators')) && !existsSync('dist/operator.mjs'))
    throw new Error('dist/operator.mjs is not there: npm run build first');
  if (!systems.includes('peer') || !parts.includes('operators')) return;
  log('building the controller-runtime operator');
  const env = { ...process.env, CGO_ENABLED: '0' };
  const output = join(process.cwd(), DIR, 'peer');
  execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', output, '.'], {
    cwd: 'hack/bench/peer',
    env,
    stdio: 'inherit',
  });
}

async function kubeconfigsOf(cluster: Cluster): Promise<Map<System, string>> {
  const files = new Map<System, string>();
  for (const system of Object.values(SYSTEMS)) {
    const user = await cluster.issueClientCertificate({ commonName: userOf(system) });
    files.set(system, cluster.writeKubeconfig(join(process.cwd(), DIR, `${system.name}.kubeconfig`), user));
  }
  return files;
}

async function measureScale(api: Api, cluster: Cluster, options: Options, scale: Scale): Promise<ScaleResult> {
  const title = `${scale.services}x${scale.replicas}`;
  log(`${title}: creating the fleet`);
  const fleet = await createFleet(api, scale, (line) => log(`${title}: ${line}`));
  const systems = options.systems.map((name) => SYSTEMS[name]);
  const bystander = await watchFleet(api, fleet, systems);
  const bench = {
    api,
    fleet,
    bystander,
    kubeconfigs: await kubeconfigsOf(cluster),
    timing: options.timing,
    dir: DIR,
    profile: options.profile,
  };
  const runs: Record<SystemName, Figures[]> = { baton: [], peer: [] };
  for (let pair = 1; pair <= options.pairs; pair++) {
    // Who goes first changes from pair to pair, so that a drift of the machine falls on both.
    for (const system of pair % 2 === 1 ? systems : systems.toReversed()) {
      const figures = await measure(bench, system, `${title}-${system.name}-${pair}`);
      runs[system.name].push(figures);
      log(`${title}: pair ${pair} of ${options.pairs}, ${system.name}: ${line(figures)}`);
    }
  }
  bystander.stop();
  await deleteFleet(api, fleet);
  return { scale: title, runs };
}

function line(figures: Figures): string {
  return [
    `start ${figures.startSeconds.toFixed(2)} s`,
    `p50 ${figures.latencyP50Ms.toFixed(1)} ms`,
    `p99 ${figures.latencyP99Ms.toFixed(1)} ms`,
    `CPU ${figures.cpuMsPerChange.toFixed(2)} ms`,
    `memory ${figures.idleMiB.toFixed(0)}/${figures.peakMiB.toFixed(0)} MiB`,
    figures.stoppedCleanly ? 'stopped cleanly' : 'NOT STOPPED CLEANLY',
  ].join(', ');
}

/** The waits that are planned, and 15 s a run and 3 minutes a scale for what is not. */
function minutes({ parts, scales, pairs, systems, timing, scaling, halt, workflows }: Options): number {
  const { plan, settleMs, quietMs, tailMs } = timing;
  const runSeconds = 15 + (settleMs + quietMs + tailMs) / 1000 + plan.changes / plan.perSecond;
  const operators = scales.length * (180 + pairs * systems.length * runSeconds);
  const { latency, cost } = scaling;
  const steps = 60 + 40 * (latency.default.steps + 1) + 6 * (latency.fast.steps + 1);
  const rounds = 180 + cost.rounds * (45 + (4 * (cost.settleMs + cost.windowMs)) / 1000);
  const seconds = {
    operators,
    scaling: steps + rounds,
    halt: 60 + 150 * halt.rounds,
    workflows: 60 + 100 * workflows.rounds,
  };
  return Math.ceil(parts.reduce((sum, part) => sum + seconds[part], 0) / 60);
}

function environment(): Record<string, string> {
  return {
    date: new Date().toISOString(),
    commit: execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim(),
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
    node: process.version,
    go: execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim(),
  };
}

interface Results {
  readonly operators: readonly ScaleResult[];
  readonly scaling: ScalingResults | undefined;
  readonly halt: HaltResult | undefined;
  readonly workflows: WorkflowsResult | undefined;
}

function report({ operators: results, scaling, halt, workflows }: Results, options: Options): void {
  const about = environment();
  const operators = results.map((result) => ({ ...result, table: tableOf(result) }));
  const tables = [
    ...(scaling === undefined ? [] : tablesOf(scaling)),
    ...(halt === undefined ? [] : [haltTable(halt)]),
    ...(workflows === undefined ? [] : workflowsTables(workflows)),
  ];
  const { pairs, timing, scaling: plan } = options;
  const all = {
    environment: about,
    pairs,
    timing,
    results: operators,
    scaling: scaling && { plan, tables: tablesOf(scaling), ...scaling },
    halt,
    workflows,
  };
  const text = `${JSON.stringify(all, null, 2)}\n`;
  const name = about['date']?.replaceAll(/[:.]/g, '-') ?? '';
  for (const file of [join(DIR, `results-${name}.json`), options.json])
    if (file !== undefined) writeFileSync(file, text);
  const conditions = Object.entries(about)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
  const sections = [
    ...operators.map(({ scale, table }) => [`${scale}, medians of ${pairs}`, markdownTable(table), plainTable(table)]),
    ...tables.map(({ title, headings, rows }: Table) => [title, markdown(headings, rows), plain(headings, rows)]),
  ];
  const pages = sections.map(([title, table]) => `### ${title}\n\n${table}\n`);
  writeFileSync(join(DIR, `results-${name}.md`), `${conditions}\n\n${pages.join('\n')}`);
  for (const [title, , table] of sections) console.log(`\n${title}\n${table}`);
  for (const run of results.flatMap(uncleanStops)) console.log(`not stopped cleanly: ${run}`);
  console.log(`\n${join(DIR, `results-${name}.json`)} and .md`);
}

async function main(options: Options): Promise<void> {
  log(`${options.parts.join(', ')}, about ${minutes(options)} minutes`);
  mkdirSync(DIR, { recursive: true });
  build(options);
  const cluster = await startCluster({ dir: join(process.cwd(), DIR, 'cluster'), nodes: NODES, log });
  const api = new Api(
    cluster.server,
    cluster.caCertificate,
    await cluster.issueClientCertificate({ commonName: 'bench', groups: ['system:masters'] }),
  );
  try {
    await prepare(api);
    const results: ScaleResult[] = [];
    if (options.parts.includes('operators')) {
      for (const scale of options.scales) results.push(await measureScale(api, cluster, options, scale));
    }
    const kubeconfigs = await kubeconfigsOf(cluster);
    const context = { api, cluster, kubeconfigs, dir: DIR, profile: options.profile, log };
    const scaling = options.parts.includes('scaling') ? await measureScaling(context, options.scaling) : undefined;
    const halt = options.parts.includes('halt') ? await measureHalt(context, options.halt) : undefined;
    const workflows = options.parts.includes('workflows')
      ? await measureWorkflows(context, options.workflows)
      : undefined;
    report({ operators: results, scaling, halt, workflows }, options);
    if (options.profile) console.log(await hottest(join(DIR, 'profile')));
  } finally {
    await api.close();
    await cluster.stop();
  }
}

function optionsOrExit(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

if (process.argv.includes('--help')) {
  console.log(USAGE);
} else {
  // The process under test goes with this one; the cluster's watchdog stops the cluster.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  await main(optionsOrExit()).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
}
