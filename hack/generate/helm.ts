import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MODULE = 'hack/cluster/modules/helm';
const BINARY = 'node_modules/.cache/baton/helm';

/** Path of Helm: the one that HELM names, else built from the pinned Go module (half a minute once; Go keeps the result). */
export function helmBinary(): Promise<string> {
  found ??= find();
  return found;
}

let found: Promise<string> | undefined;

async function find(): Promise<string> {
  const named = process.env['HELM'];
  if (named) return named;
  const build = ['build', '-C', MODULE, '-trimpath', '-ldflags', '-s -w', '-o', `../../../../${BINARY}`];
  await run('go', [...build, 'helm.sh/helm/v3/cmd/helm'], { env: { ...process.env, CGO_ENABLED: '0' } }).catch(
    (error: Error) => {
      throw new Error(`Helm cannot be built; install Go, or name a Helm 3 binary in HELM: ${error.message}`);
    },
  );
  return BINARY;
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
