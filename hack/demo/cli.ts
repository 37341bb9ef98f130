// npm run demo: a cluster, Baton, a shop of services, one of which fails and recovers, and two runbooks.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MissingPrerequisite, obtainCluster } from '../cluster/index.ts';
import { kubectlOf, watchOf } from './kubectl.ts';
import { startOperator } from './operator.ts';
import { SHOP } from './shop.ts';
import { tell } from './story.ts';
import { provideApprovers } from './workflows.ts';

const USAGE = `npm run demo -- [options]
  --exit   clean up and end as soon as the story is over, also on a terminal
It uses the cluster that KUBECONFIG names, else one with kind where a container engine answers, else one that it builds.`;
const DIR = '.cluster/demo';
const bold = (text: string): string => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text);

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { exit: { type: 'boolean', default: false } } });
  const stays = process.stdout.isTTY && process.stdin.isTTY && !values.exit;
  const cleanups: (() => Promise<unknown>)[] = [];
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve('interrupted'));
  });
  try {
    const ended = await Promise.race([interrupted, play(cleanups)]);
    if (ended === 'interrupted') throw new Error('interrupted');
    if (stays) await stay(ended.kubeconfig, interrupted);
  } finally {
    console.log('\nCleaning up.');
    for (const cleanup of cleanups.toReversed()) {
      await cleanup().catch((error: unknown) => {
        console.error(error instanceof Error ? error.message : error);
        process.exitCode = 1;
      });
    }
  }
}

async function play(cleanups: (() => Promise<unknown>)[]): Promise<{ kubeconfig: string }> {
  mkdirSync(DIR, { recursive: true });
  const obtained = await obtainCluster({ dir: DIR, nodes: 3, log: (line) => console.log(line) });
  cleanups.push(() => obtained.stop());
  const { kubeconfig, cluster } = obtained;
  const program = cluster?.kubectl ?? 'kubectl';
  const kubectl = kubectlOf(program, kubeconfig);
  console.log('\nInstalling the CRDs and starting Baton.');
  await kubectl(['apply', '--server-side', '--force-conflicts', '--filename=crds/']);
  await kubectl(['wait', '--for=condition=Established', '--timeout=30s', '--filename=crds/']);
  const withdraw = await provideApprovers(kubectl);
  if (!cluster) cleanups.push(withdraw);
  const operator = await startOperator(kubeconfig, join(DIR, 'operator.log'));
  cleanups.push(async () => {
    // On a cluster of the user's nothing of the demo is left; the CRDs stay, they may hold other people's objects.
    if (!cluster) await kubectl(['delete', 'namespace', SHOP, '--ignore-not-found']);
    const code = await operator.stop();
    if (code !== 0) throw new Error(`the operator ended with code ${code}; see ${operator.logFile}`);
  });
  await tell({
    kubectl,
    watch: watchOf(program, kubeconfig, (line) => console.log(line)),
    operator,
    say: (sentence) => console.log(`\n${bold(`▸ ${sentence}`)}`),
    show: (command, output) => console.log(`\n$ ${command}${output === '' ? '' : `\n${output.trimEnd()}`}`),
  });
  console.log(`\nThat was all. Baton's own log: ${operator.logFile}`);
  return { kubeconfig };
}

async function stay(kubeconfig: string, interrupted: Promise<unknown>): Promise<void> {
  console.log(`
The cluster and Baton stay up. In another terminal:
  export KUBECONFIG=${kubeconfig}
  kubectl get osvc --namespace ${SHOP} --watch
  kubectl describe owf --namespace ${SHOP}
  kubectl scale deployment catalog --replicas 0 --namespace ${SHOP}
  kubectl edit orch default
Ctrl-C ends and removes everything.`);
  const keepAlive = setInterval(() => undefined, 1 << 30);
  await interrupted;
  clearInterval(keepAlive);
}

if (process.argv.includes('--help')) {
  console.log(USAGE);
  process.exit();
}
try {
  await main();
} catch (error) {
  console.error(
    error instanceof MissingPrerequisite || error instanceof Error ? `\nThe demo failed: ${error.message}` : error,
  );
  process.exitCode = 1;
}
process.exit();
