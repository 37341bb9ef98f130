// kind, where a container engine answers: kept thin, it brings its own nodes and control plane.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { provideBinaries } from './binaries.ts';

/** One name per folder, so that two clones do not share a cluster. */
export function kindName(dir: string): string {
  return `baton-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`;
}

export async function kindUp(dir: string, log: (line: string) => void): Promise<string> {
  const kubeconfig = join(dir, 'kubeconfig');
  const kind = await kindCommand(log);
  execFileSync(kind, ['create', 'cluster', '--name', kindName(dir), '--kubeconfig', kubeconfig, '--wait', '120s'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return kubeconfig;
}

export async function kindDown(dir: string, log: (line: string) => void): Promise<void> {
  const kind = await kindCommand(log);
  execFileSync(kind, ['delete', 'cluster', '--name', kindName(dir), '--kubeconfig', join(dir, 'kubeconfig')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

async function kindCommand(log: (line: string) => void): Promise<string> {
  try {
    execFileSync('kind', ['version'], { stdio: 'ignore' });
    return 'kind';
  } catch {
    return (await provideBinaries(['kind'], log))['kind'] ?? 'kind';
  }
}
