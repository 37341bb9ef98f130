// The programs a cluster is made of: those in KUBEBUILDER_ASSETS as they are, all others built from the pinned Go
// modules and kept in a cache that every clone on the machine shares.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { catalogue, linkerFlags, type ModuleName, type ProgramName } from './catalogue.ts';
import { withLock } from './lock.ts';
import { Progress } from './progress.ts';

/** Something the machine lacks; the message says what and what to do. */
export class MissingPrerequisite extends Error {
  override readonly name = 'MissingPrerequisite';
}

export type Binaries = Readonly<Record<string, string>>;

const modules = join(import.meta.dirname, 'modules');

/**
 * Paths of the programs by name, built where needed.
 * Throws MissingPrerequisite when something has to be built and there is no Go.
 */
export async function provideBinaries(
  names: readonly ProgramName[],
  log: (line: string) => void,
  assets: string | undefined = process.env['KUBEBUILDER_ASSETS'],
): Promise<Binaries> {
  checkAssets(assets);
  const found: Record<string, string> = {};
  const missing: ProgramName[] = [];
  for (const name of names) {
    const given = inAssets(name, assets);
    const cached = join(cacheFolder(catalogue[name].module), name);
    if (given !== undefined) found[name] = given;
    else if (isCached(name, cached)) found[name] = cached;
    else missing.push(name);
  }
  if (missing.length === 0) return found;
  if (goVersion() === undefined) throw new MissingPrerequisite(withoutGo(missing));
  const lock = join(cacheRoot(), 'build.lock');
  const waiting = (pid: number) => log(`another build is running (process ${pid}); waiting for it`);
  const built = await withLock(lock, waiting, () => build(missing, log));
  return { ...found, ...built };
}

/** What KWOK plays: stages that make nodes and pods ready, and their metrics; kept beside the program it comes with. */
export function kwokConfig(kwok: string): string {
  return `${kwok}-config.yaml`;
}

function isCached(name: ProgramName, path: string): boolean {
  return existsSync(path) && (name !== 'kwok' || existsSync(kwokConfig(path)));
}

function inAssets(name: ProgramName, assets: string | undefined): string | undefined {
  // The convention knows these three only; a folder of other things (say, ~/bin) must not supply a kubelet.
  const conventional = ['etcd', 'kube-apiserver', 'kubectl', 'kube-controller-manager', 'kube-scheduler'];
  if (assets === undefined || assets === '' || !conventional.includes(name)) return undefined;
  const path = join(assets, name);
  return existsSync(path) ? path : undefined;
}

/** A folder without them was meant to be another one: building what it lacks would hide that. */
function checkAssets(assets: string | undefined): void {
  if (!assets) return;
  const lacks = ['etcd', 'kube-apiserver'].filter((name) => !existsSync(join(assets, name)));
  if (lacks.length === 0) return;
  throw new MissingPrerequisite(
    `KUBEBUILDER_ASSETS names ${assets}, which has no ${lacks.join(' and no ')}; name the folder that holds them, or unset it`,
  );
}

export function cacheRoot(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'baton', 'bin');
}

/** One folder per state of the pinned module, platform and Go; without Go any that was built from this module. */
function cacheFolder(module: ModuleName): string {
  const hash = createHash('sha256').update(`${process.platform}/${process.arch}\n`);
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(modules, module, file)));
  const stem = `${module}-${hash.digest('hex').slice(0, 16)}`;
  const version = goVersion();
  if (version !== undefined) return join(cacheRoot(), `${stem}-${version}`);
  const any = existsSync(cacheRoot()) ? readdirSync(cacheRoot()).find((name) => name.startsWith(stem)) : undefined;
  return join(cacheRoot(), any ?? stem);
}

let version: string | undefined | null = null;

/** undefined when there is no Go on PATH. */
export function goVersion(): string | undefined {
  if (version !== null) return version;
  try {
    // Asked in the module's folder: its go directive may select another toolchain than the one on PATH.
    const cwd = join(modules, 'controlplane');
    version = execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8', stdio: 'pipe', cwd }).trim();
  } catch {
    version = undefined;
  }
  return version;
}

function withoutGo(missing: readonly string[]): string {
  return [
    `missing: ${missing.join(', ')}, and no Go to build ${missing.length === 1 ? 'it' : 'them'} with. Any one of these helps:`,
    '  - install Go 1.26 or newer (https://go.dev/dl) and run this again',
    '  - start Docker or Podman: then kind provides the cluster',
    '  - set KUBECONFIG to a cluster that may be used for this',
  ].join('\n');
}

async function build(names: readonly ProgramName[], log: (line: string) => void): Promise<Binaries> {
  const built: Record<string, string> = {};
  const steps = names.map((name) => ({ name: `building ${name}`, expectedSeconds: catalogue[name].expectedSeconds }));
  const progress = new Progress(steps, log);
  const ticking = setInterval(() => progress.tick(), 15_000);
  try {
    for (const name of names) {
      progress.tick();
      built[name] = await buildOne(name);
      progress.finishStep();
    }
  } finally {
    clearInterval(ticking);
  }
  return built;
}

async function buildOne(name: ProgramName): Promise<string> {
  const { module, package: goPackage } = catalogue[name];
  const folder = cacheFolder(module);
  const target = join(folder, name);
  // Somebody else may have built it while we waited for the lock.
  if (isCached(name, target)) return target;
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, '.building-'));
  try {
    const flags = linkerFlags(module, readFileSync(join(modules, module, 'go.mod'), 'utf8'));
    await go(['build', '-trimpath', '-ldflags', flags, '-o', join(scratch, name), goPackage], module);
    if (name === 'kwok') writeFileSync(kwokConfig(target), await configOfKwokModule());
    renameSync(join(scratch, name), target);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return target;
}

async function configOfKwokModule(): Promise<string> {
  const folder = (await go(['list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/kwok'], 'kwok')).trim();
  const stages = ['stage/node/fast', 'stage/node/heartbeat-with-lease', 'stage/pod/fast'];
  const files = [...stages, 'metrics/resource', 'metrics/usage'].flatMap((part) => {
    const from = join(folder, 'kustomize', part);
    const names = readdirSync(from).filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml');
    return names.map((file) => readFileSync(join(from, file), 'utf8').trimEnd());
  });
  return `${files.join('\n---\n')}\n`;
}

function go(args: readonly string[], module: ModuleName): Promise<string> {
  const child = spawn('go', args, {
    cwd: join(modules, module),
    // Linking an API server takes gigabytes as it is.
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOGC: '100' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`go ${args[0]} failed (${code}) in ${module}:\n${errors.slice(-4000)}`));
    });
  });
}
