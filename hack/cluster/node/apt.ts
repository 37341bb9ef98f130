// apt-get, one at a time on a machine: of two that run side by side, as lanes of tests do, the second fails instead of waiting.
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Throws what the program wrote. */
export function aptGet(args: readonly string[], cwd?: string): void {
  const options = { stdio: 'pipe', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, cwd } as const;
  execFileSync('flock', [join(tmpdir(), 'baton-apt.lock'), 'apt-get', ...args], options);
}

export function aptInstall(packages: readonly string[]): void {
  aptGet(['update', '-qq']);
  aptGet(['install', '-y', '-qq', '--no-install-recommends', ...packages]);
}
