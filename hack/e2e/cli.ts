// npm run e2e: the operator as people run it. The image is built from the Dockerfile without a network, loaded into a real
// node, and test/e2e installs it with Helm and watches it look after real pods. Arguments are handed to vitest.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeletUnavailable, MissingPrerequisite, startCluster } from '../cluster/index.ts';
import { helmBinary } from '../generate/helm.ts';
import { buildImage } from './image.ts';
import { NotHere, requirePackages } from './packages.ts';

const USAGE = `npm run e2e -- [options of vitest]
  for example --testNamePattern=upgrade; needs root and Debian packages, and says which`;
const started = Date.now();
const log = (line: string) => console.error(`[e2e ${Math.round((Date.now() - started) / 1000)} s] ${line}`);
const required = process.env['CI'] === 'true' || process.env['BATON_E2E_REQUIRED'] === '1';

async function main(): Promise<number> {
  await requirePackages(['buildah'], log);
  const dir = await mkdtemp(join(tmpdir(), 'baton-e2e-'));
  try {
    const image = await buildImage(dir, log);
    log(`image ${image.name}, ${Math.round(image.bytes / 1e6)} MB; cluster with a real node`);
    await using cluster = disposable(await startCluster({ dir: join(dir, 'cluster'), kubelet: true, log }));
    const { node } = cluster;
    if (node === undefined) throw new NotHere(`a cluster from ${cluster.provider} has no node to load the image into`);
    await node.importImage(image.archive);
    log('tests');
    return await runTests({
      BATON_E2E_KUBECONFIG: cluster.kubeconfig,
      BATON_E2E_KUBECTL: cluster.kubectl,
      BATON_E2E_HELM: await helmBinary(),
      BATON_E2E_IMAGE: image.name,
      BATON_E2E_BUSYBOX: node.busyboxImage,
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
    log('everything is stopped and removed');
  }
}

const disposable = <T extends { stop(): Promise<void> }>(thing: T): T & AsyncDisposable =>
  Object.assign(thing, { [Symbol.asyncDispose]: () => thing.stop() });

/** Resolves with the exit code of vitest. */
function runTests(env: Record<string, string>): Promise<number> {
  const args = ['run', '--config', 'test/e2e/vitest.config.ts', ...process.argv.slice(2)];
  const tests = spawn('node_modules/.bin/vitest', args, { stdio: 'inherit', env: { ...process.env, ...env } });
  process.on('SIGTERM', () => tests.kill());
  return new Promise((resolve, reject) => {
    tests.on('error', reject);
    tests.on('close', (code) => resolve(code ?? 1));
  });
}

if (process.argv.includes('--help')) {
  console.log(USAGE);
  process.exit();
}
// Ctrl-C reaches every child too, as they are in the same process group; then what is left is to clean up.
process.on('SIGINT', () => {});
try {
  process.exitCode = await main();
} catch (error) {
  const notHere =
    error instanceof NotHere || error instanceof KubeletUnavailable || error instanceof MissingPrerequisite;
  if (!notHere) throw error;
  console.log(`e2e not run: ${error.message}`);
  // npm test repeats the reason at its end.
  const file = process.env['BATON_E2E_NOT_RUN_FILE'];
  if (file) await writeFile(file, error.message);
  process.exitCode = required ? 1 : 0;
}
