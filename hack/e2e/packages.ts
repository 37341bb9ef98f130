import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { aptInstall } from '../cluster/node/apt.ts';

const run = promisify(execFile);

/** The machine lacks something that the end-to-end test needs; the message says what. */
export class NotHere extends Error {
  override readonly name = 'NotHere';
}

/**
 * Installs Debian packages that are missing.
 * @throws {NotHere} where there is no root, no apt-get, or where they cannot be had.
 */
export async function requirePackages(packages: readonly string[], log: (line: string) => void): Promise<void> {
  if (process.platform !== 'linux') throw new NotHere(`it needs Linux, this is ${process.platform}`);
  if (process.getuid?.() !== 0) throw new NotHere('it needs root');
  const missing = [];
  for (const name of packages) if (!(await installed(name))) missing.push(name);
  if (missing.length === 0) return;
  log(`installing ${missing.join(', ')}`);
  try {
    aptInstall(missing);
  } catch (error) {
    throw new NotHere(`the Debian packages ${missing.join(', ')} cannot be installed: ${(error as Error).message}`);
  }
}

const installed = (name: string): Promise<boolean> =>
  run('dpkg-query', ['--show', '--showformat', '${db:Status-Status}', name]).then(
    ({ stdout }) => stdout === 'installed',
    () => false,
  );
