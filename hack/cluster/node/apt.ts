// apt-get, one at a time on a machine: of two that run side by side, as lanes of tests do, the second fails instead of waiting.
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Of each user their own: Linux lets nobody, not even root, open for writing what another made in a folder for all.
const LOCK = join(tmpdir(), `baton-apt-${process.getuid?.() ?? 0}.lock`);

/** Throws what the program wrote. */
export function aptGet(args: readonly string[], cwd?: string): void {
  const options = { stdio: 'pipe', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, cwd } as const;
  execFileSync('flock', [LOCK, 'apt-get', ...args], options);
}

export function aptInstall(packages: readonly string[]): void {
  aptGet(['update', '-qq']);
  aptGet(['install', '-y', '-qq', '--no-install-recommends', ...packages]);
}
