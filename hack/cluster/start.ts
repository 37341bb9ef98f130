// A control plane of one's own, from binaries: see contract.ts for what it offers.
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { assemble } from './assemble.ts';
import { provideBinaries } from './binaries.ts';
import type { ProgramName } from './catalogue.ts';
import type { Cluster, ClusterOptions } from './contract.ts';
import { withLock } from './lock.ts';
import { requirePackages } from './node/packages.ts';
import { teardown } from './teardown.ts';
import { startWatchdog } from './watchdog.ts';

export const projectDir = resolve(import.meta.dirname, '../..');
const controlPlane: readonly ProgramName[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
];

/**
 * Starts a cluster in its folder; what a crash left there is taken down first.
 * Throws MissingPrerequisite, KubeletUnavailable, or what a component wrote before it ended; nothing is left running then.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const dir = resolve(options.dir ?? join(projectDir, '.cluster'));
  const log = options.log ?? ((line: string) => process.stderr.write(`${line}\n`));
  const nodes = options.nodes ?? (options.kubelet === true ? 0 : 2);
  if (options.kubelet === true) requirePackages(log);
  const binaries = await provideBinaries(programsFor(nodes, options), log, options.assets);
  const waiting = (pid: number) => log(`process ${pid} is starting a cluster in ${dir}; waiting for it`);
  return withLock(join(dir, 'up.lock'), waiting, async () => {
    await teardown(dir);
    rmSync(join(dir, 'logs'), { recursive: true, force: true });
    const watchdog = startWatchdog(dir);
    try {
      const cluster = await assemble({ dir, options: { ...options, nodes }, binaries, watchdog, log });
      if (options.lifetime === 'detached') await cluster.detach();
      return cluster;
    } catch (error) {
      await teardown(dir);
      await watchdog.release();
      throw error;
    }
  });
}

function programsFor(nodes: number, options: ClusterOptions): ProgramName[] {
  const programs: ProgramName[] = [...controlPlane];
  if (options.kubelet === true) programs.push('kubelet', 'kube-proxy');
  if (nodes > 0) programs.push('kwok');
  return programs;
}
