// Container images without a registry or a build tool: a docker-archive of one layer, made from a folder.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ImageOptions {
  /** Folder that becomes the root file system; everything in it is owned by root in the image. */
  readonly rootfs: string;
  /** `repository:tag`, as pods name it. */
  readonly name: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workingDir?: string;
}

/** Writes the image to `file` (a tar), for RealNode.importImage. */
export function writeImage(file: string, options: ImageOptions): void {
  const scratch = mkdtempSync(join(tmpdir(), 'baton-image-'));
  try {
    const layer = join(scratch, 'layer.tar');
    const owner = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', '--mtime=@0'];
    execFileSync('tar', [...owner, '-cf', layer, '-C', options.rootfs, '.']);
    const digest = createHash('sha256').update(readFileSync(layer)).digest('hex');
    writeFileSync(join(scratch, 'config.json'), JSON.stringify(imageConfig(options, digest)));
    const manifest = [{ Config: 'config.json', RepoTags: [options.name], Layers: ['layer.tar'] }];
    writeFileSync(join(scratch, 'manifest.json'), JSON.stringify(manifest));
    execFileSync('tar', ['-cf', file, '-C', scratch, 'manifest.json', 'config.json', 'layer.tar']);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function imageConfig(options: ImageOptions, layerDigest: string): object {
  const architectures: Readonly<Record<string, string>> = { x64: 'amd64' };
  return {
    os: 'linux',
    architecture: architectures[process.arch] ?? process.arch,
    config: {
      Entrypoint: options.entrypoint,
      Cmd: options.command,
      Env: Object.entries({ PATH: '/usr/local/bin:/usr/bin:/bin', ...options.env }).map(
        ([key, value]) => `${key}=${value}`,
      ),
      User: options.user,
      WorkingDir: options.workingDir,
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
  };
}

/** A root file system with busybox and a link for each of its commands. */
export function makeBusyboxRoot(folder: string, busybox: string): void {
  for (const name of ['bin', 'etc', 'tmp', 'www']) mkdirSync(join(folder, name), { recursive: true });
  chmodSync(join(folder, 'tmp'), 0o1777);
  copyFileSync(busybox, join(folder, 'bin/busybox'));
  chmodSync(join(folder, 'bin/busybox'), 0o755);
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n');
  for (const command of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (command !== 'busybox') symlinkSync('busybox', join(folder, 'bin', command));
  }
}
