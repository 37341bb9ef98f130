import { execFile } from 'node:child_process';
import { cp, mkdir, realpath, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface BuiltImage {
  /** What pods write, e.g. docker.io/library/baton:e2e */
  readonly name: string;
  /** docker-archive */
  readonly archive: string;
  /** Of the archive, uncompressed. */
  readonly bytes: number;
}

/**
 * Builds the project's Dockerfile with buildah in a network namespace that has no network at all. Its base image is made of
 * files of this machine's Debian packages and the Node binary of the npm package `node`; in place of the Dockerfile's first
 * stage (npm ci) stands what npm ci installed here. Everything is kept in `dir`. Needs root.
 */
export async function buildImage(dir: string, log: (line: string) => void): Promise<BuiltImage> {
  const base = join(dir, 'base');
  const modules = join(dir, 'modules');
  const archive = join(dir, 'baton.tar');
  const name = 'docker.io/library/baton:e2e';
  log('base image from Debian packages and the npm package node');
  await makeRoot(base);
  await commit(dir, base, 'localhost/node:e2e');
  log('image from the Dockerfile, without a network');
  await cp('node_modules', join(modules, 'src/node_modules'), {
    recursive: true,
    verbatimSymlinks: true,
    // The base image has its own Node.
    filter: (path) => !/^node_modules\/(node|\.cache|@biomejs)(\/|$)/.test(path),
  });
  const build = ['bud', '--isolation', 'chroot', '--pull=never', '--build-arg', 'BASE_IMAGE=localhost/node:e2e'];
  await buildah(dir, [...build, '--build-context', `dependencies=${modules}`, '-t', name, '.']);
  await buildah(dir, ['push', name, `docker-archive:${archive}:${name}`]);
  return { name, archive, bytes: (await stat(archive)).size };
}

async function commit(dir: string, root: string, name: string): Promise<void> {
  const { stdout } = await buildah(dir, ['from', '--pull=never', 'scratch']);
  const container = stdout.trim();
  await buildah(dir, ['copy', '--quiet', container, root, '/']);
  await buildah(dir, ['config', '--env', 'PATH=/usr/local/bin:/usr/bin:/bin', container]);
  await buildah(dir, ['commit', '--quiet', '--rm', container, name]);
}

/** `unshare --net` leaves a network namespace with nothing in it: what passes here needs no registry. */
async function buildah(dir: string, args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const storage = ['--storage-driver', 'vfs', '--root', join(dir, 'storage'), '--runroot', join(dir, 'run')];
  const options = { maxBuffer: 64 << 20 };
  return run('unshare', ['--net', 'buildah', ...storage, ...args], options).catch(
    (error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`buildah ${args[0]} failed: ${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
    },
  );
}

/** What the Dockerfile says its base image has (a shell, cp, grep, ldd, Node), with the C and C++ libraries. */
const PROGRAMS = ['/bin/sh', '/bin/bash', '/bin/cp', '/bin/mkdir', '/bin/grep', '/usr/bin/env', '/usr/bin/ldd'];
const PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6'];

async function makeRoot(root: string): Promise<void> {
  for (const folder of ['usr/bin', 'usr/lib', 'usr/lib64', 'usr/local/bin', 'tmp', 'etc', 'proc', 'sys', 'dev']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  for (const folder of ['bin', 'lib', 'lib64']) await symlink(`usr/${folder}`, join(root, folder));
  const node = await realpath('node_modules/node/bin/node');
  await cp(node, join(root, 'usr/local/bin/node'));
  const files = new Set([...PROGRAMS, ...(await librariesOfPackages())]);
  for (const program of [...PROGRAMS, node]) for (const library of await linked(program)) files.add(library);
  for (const file of files) {
    const to = join(root, file.startsWith('/usr/') ? file : `/usr${file}`);
    await mkdir(dirname(to), { recursive: true });
    await cp(await realpath(file), to);
  }
}

/** Absolute paths in what ldd prints; nothing for a script. */
async function linked(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]).catch(() => ({ stdout: '' }));
  return stdout.match(/\/\S+/g) ?? [];
}

async function librariesOfPackages(): Promise<string[]> {
  const { stdout } = await run('dpkg-query', ['--listfiles', ...PACKAGES]);
  return stdout.split('\n').filter((path) => /^(\/usr)?\/lib.*\/[^/]+\.so(\.\d+)*$/.test(path));
}
