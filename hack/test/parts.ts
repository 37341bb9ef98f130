import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { startCluster } from '../cluster/index.ts';
import type { Part } from './lanes.ts';
import { counted, FAILURE, NOTHING, type Outcome, run, step, vitest, type Write } from './stage.ts';

/** Test clusters, logs and reports of this clone. */
export const DIR = '.cluster/test';

/** What people name: `npm test -- unit cluster`. */
export const STAGES = ['check', 'build', 'unit', 'cluster', 'faults', 'chaos', 'e2e'] as const;
export type Stage = (typeof STAGES)[number];

const report = (name: string): string => `${DIR}/${name.replace('/', '-')}.json`;

/** The folders of test/faults run apart from each other; each of their files has a control plane of its own. */
const FAULTS_SECONDS: Readonly<Record<string, number>> = { runtime: 235, scaling: 130, parity: 155, cluster: 145 };
const faults = readdirSync('test/faults', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Random schedules, and each kind of step killed at every write. */
const CHAOS = ['--seed', '1', '--runs', '40', '--always', 'workflow-all-undone'];

/** Why the tests that need a real node could not run. */
export const notRun: string[] = [];

export const partsOf = (stage: Stage): readonly Part[] => PARTS[stage];

const PARTS: Readonly<Record<Stage, readonly Part[]>> = {
  check: [
    {
      name: 'check',
      what: 'types, lint, format, dead code, generated files',
      seconds: 28,
      isModest: true,
      run: (write) => step(['node', 'hack/check.ts'], write, { isModest: true }),
    },
  ],
  build: [{ name: 'build', what: 'the bundle', seconds: 3, isAlone: true, run: build }],
  unit: [
    {
      name: 'unit',
      what: 'tests without a cluster',
      seconds: 250,
      isModest: true,
      run: (write) => vitest(['--project=unit'], report('unit'), write, { isModest: true }),
    },
  ],
  cluster: [
    {
      name: 'cluster',
      what: 'tests on a real control plane with fake nodes',
      seconds: 235,
      run: (write) => onCluster('cluster', write, 3),
    },
    {
      name: 'alone',
      what: 'tests that need all of a control plane, one after the other',
      seconds: 235,
      run: (write) => onCluster('alone', write, 1),
    },
  ],
  faults: faults.map((name) => ({
    name: `faults/${name}`,
    what: 'tests with control planes of their own',
    seconds: FAULTS_SECONDS[name] ?? 60,
    // The HorizontalPodAutoscaler looks each second, and so does Baton: who is late on a busy machine is another on each run.
    ...(name === 'parity' && { isAlone: true }),
    run: (write) =>
      vitest(['--project=faults', `test/faults/${name}/`], report(`faults/${name}`), write, {
        isUrgent: name === 'scaling' || name === 'parity',
      }),
  })),
  chaos: [
    {
      name: 'chaos',
      what: 'Baton acts while it is killed, cut off and slowed down',
      seconds: 170,
      run: (write) => step(['node', 'hack/chaos/cli.ts', ...CHAOS], write),
    },
  ],
  e2e: [{ name: 'e2e', what: 'the image and the chart on a real node', seconds: 220, run: e2e }],
};

/** What is shipped is what the tests start from then on. */
async function build(write: Write): Promise<Outcome> {
  const outcome = await step(['node', 'hack/build.ts'], write);
  if (outcome.failed === 0) process.env['BATON_TEST_OPERATOR'] = 'dist/operator.mjs';
  return outcome;
}

async function onCluster(project: string, write: Write, workers: number): Promise<Outcome> {
  const log = write && ((line: string) => write(`${line}\n`));
  const cluster = await startCluster({ dir: `${DIR}/${project}`, nodes: 3, ...(log && { log }) });
  try {
    const env = { KUBECONFIG: cluster.kubeconfig };
    return await vitest([`--project=${project}`], report(project), write, { env, workers });
  } finally {
    await cluster.stop();
  }
}

/** Brings up its own cluster with a real node; says why where it cannot. */
async function e2e(write: Write): Promise<Outcome> {
  const file = report('e2e');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const env = { BATON_E2E_NOT_RUN_FILE: `${DIR}/e2e-not-run` };
  const code = await run(['node', 'hack/e2e/cli.ts', ...reporters], write, { env });
  const because = await readFile(`${DIR}/e2e-not-run`, 'utf8').catch(() => undefined);
  if (because === undefined) return counted(file, code);
  notRun.push(`the kubelet tests: ${because}`);
  return code === 0 ? NOTHING : FAILURE;
}
