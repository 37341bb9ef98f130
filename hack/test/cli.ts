// npm test: everything that CI runs. Arguments name stages: npm test -- unit cluster
import { mkdir, readFile, rm } from 'node:fs/promises';
import { MissingPrerequisite, startCluster } from '../cluster/index.ts';
import { counted, NOTHING, type Outcome, plus, run, step, summary, vitest } from './stage.ts';

/** Test clusters, logs and reports of this clone. */
const DIR = '.cluster/test';

interface Stage {
  readonly name: string;
  readonly what: string;
  /** About how long it takes on two cores when everything is built, for those who wait. */
  readonly seconds: number;
  readonly run: () => Promise<Outcome>;
}

const report = (name: string): string => `${DIR}/${name}.json`;
const project = (name: string, env: Record<string, string> = {}): Promise<Outcome> =>
  vitest([`--project=${name}`, '--passWithNoTests=false'], report(name), env);

const STAGES: readonly Stage[] = [
  {
    name: 'check',
    what: 'types, lint, format, dead code, generated files',
    seconds: 25,
    run: () => step(['node', 'hack/check.ts']),
  },
  { name: 'build', what: 'the bundle', seconds: 3, run: () => step(['node', 'hack/build.ts']) },
  { name: 'unit', what: 'tests without a cluster', seconds: 60, run: () => project('unit') },
  { name: 'cluster', what: 'tests on a real control plane with fake nodes', seconds: 200, run: onCluster },
  { name: 'faults', what: 'tests with control planes of their own', seconds: 480, run: () => project('faults') },
  { name: 'e2e', what: 'the image and the chart on a real node', seconds: 150, run: e2e },
];

async function onCluster(): Promise<Outcome> {
  const cluster = await startCluster({ dir: `${DIR}/cluster`, nodes: 3 });
  try {
    const projects = ['--project=cluster', '--project=alone', '--passWithNoTests=false'];
    return await vitest(projects, report('cluster'), { KUBECONFIG: cluster.kubeconfig });
  } finally {
    await cluster.stop();
  }
}

/** Brings up its own cluster with a real node; says why where it cannot. */
async function e2e(): Promise<Outcome> {
  const file = report('e2e');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const code = await run(['node', 'hack/e2e/cli.ts', ...reporters], { BATON_E2E_NOT_RUN_FILE: `${DIR}/e2e-not-run` });
  const because = await readFile(`${DIR}/e2e-not-run`, 'utf8').catch(() => undefined);
  if (because === undefined) return counted(file, code);
  notRun.push(`the kubelet tests: ${because}`);
  return code === 0 ? NOTHING : { ...NOTHING, failed: 1 };
}

const notRun: string[] = [];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !STAGES.some((stage) => stage.name === name));
if (unknown.length > 0) {
  console.error(`no stage ${unknown.join(', ')}; there are ${STAGES.map((stage) => stage.name).join(', ')}`);
  process.exit(2);
}
const stages = STAGES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
await rm(DIR, { recursive: true, force: true });
await mkdir(DIR, { recursive: true });

let total = NOTHING;
const lines: string[] = [];
for (const [index, { name, what, seconds, run: go }] of stages.entries()) {
  const left = stages.slice(index).reduce((sum, stage) => sum + stage.seconds, 0);
  console.log(
    `\n[${index + 1}/${stages.length}] ${name}: ${what} (about ${seconds} s; all that is left about ${Math.ceil(left / 60)} min)`,
  );
  const started = performance.now();
  const outcome = await go().catch((error: unknown): Outcome => {
    console.error(error instanceof MissingPrerequisite ? error.message : error);
    return { ...NOTHING, failed: 1 };
  });
  total = plus(total, outcome);
  lines.push(`${name}: ${summary(outcome)} in ${((performance.now() - started) / 1_000).toFixed(0)} s`);
}
console.log(`\n${lines.join('\n')}`);
for (const line of notRun) console.log(`not run: ${line}`);
console.log(summary(total));
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
