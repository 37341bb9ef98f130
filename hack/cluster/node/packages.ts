// The programs of a real node come from Debian. Only what is missing is installed: a machine that has a containerd of its
// own keeps it.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { aptInstall } from './apt.ts';

/** A real node cannot be had on this machine; the message is the reason. */
export class KubeletUnavailable extends Error {
  override readonly name = 'KubeletUnavailable';
}

const packageOf: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  conntrack: 'conntrack',
  iptables: 'iptables',
  ip: 'iproute2',
  mount: 'mount',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  socat: 'socat',
};
export const cniPlugins = '/usr/lib/cni';

/** Installs what is missing. Throws KubeletUnavailable where root, apt or a package cannot be had. */
export function requirePackages(log: (line: string) => void): void {
  if (process.platform !== 'linux') throw new KubeletUnavailable(`a kubelet needs Linux, this is ${process.platform}`);
  if (process.getuid?.() !== 0) throw new KubeletUnavailable('a kubelet needs root');
  const missing = missingPackages();
  if (missing.length === 0) return;
  log(`installing Debian packages: ${missing.join(' ')}`);
  install(missing);
  const still = missingPackages();
  if (still.length > 0) throw new KubeletUnavailable(`not found even after installation: ${still.join(' ')}`);
}

function missingPackages(): string[] {
  const missing = Object.keys(packageOf).filter((command) => onPath(command) === undefined);
  const packages = missing.map((command) => packageOf[command] ?? command);
  if (!existsSync(join(cniPlugins, 'bridge'))) packages.push('containernetworking-plugins');
  if (staticBusybox() === undefined) packages.push('busybox-static');
  return [...new Set(packages)];
}

export function onPath(command: string): string | undefined {
  // Service programs are in sbin, which is not on everybody's PATH.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The image made of it holds no libraries, so a busybox that needs some is of no use. */
export function staticBusybox(): string | undefined {
  const path = onPath('busybox');
  if (path === undefined) return undefined;
  try {
    const libraries = execFileSync('ldd', [path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return libraries.includes('=>') ? undefined : path;
  } catch {
    // ldd fails on "not a dynamic executable".
    return path;
  }
}

function install(packages: readonly string[]): void {
  if (onPath('apt-get') === undefined) {
    throw new KubeletUnavailable(`these are missing and there is no apt-get to install them: ${packages.join(' ')}`);
  }
  try {
    aptInstall(packages);
    // Debian starts what it installs; the machine's own containerd would run for nobody.
    if (packages.includes('containerd') && existsSync('/run/systemd/system')) {
      execFileSync('systemctl', ['disable', '--now', 'containerd'], { stdio: 'pipe' });
    }
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: Buffer };
    const said = (stderr?.toString() ?? message).trim();
    throw new KubeletUnavailable(`installing ${packages.join(' ')} failed: ${said.slice(-500)}`);
  }
}
