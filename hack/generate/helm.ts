import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { provideBinaries } from '../cluster/binaries.ts';

const run = promisify(execFile);

/** Path of Helm: the one that HELM names, else built from its pinned Go module (half a minute, once). */
export async function helmBinary(): Promise<string> {
  const named = process.env['HELM'];
  if (named) return named;
  const { helm: built } = await provideBinaries(['helm'], (line) => console.error(line));
  if (built === undefined) throw new Error('Helm was not built');
  return built;
}

/**
 * Runs Helm in the project's folder and returns its standard output.
 * @throws when it fails; the message is what Helm said.
 */
export async function helm(...args: string[]): Promise<string> {
  const { stdout } = await run(await helmBinary(), args, { maxBuffer: 64 << 20 }).catch(
    (error: Error & { stderr?: string }) => {
      throw new Error(error.stderr || error.message);
    },
  );
  return stdout;
}
