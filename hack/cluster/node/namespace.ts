// The real node lives in network, mount and process namespaces of its own, as in a container. Ending the first process in
// them ends all others (shims and containers too), and mounts, iptables chains and links go with the namespaces, so that
// nothing of a crashed node can stand in the way of the next one. On the host remain one link, removed with its peer,
// and a cgroup.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Addresses } from '../addresses.ts';
import type { ComponentSpec } from '../component.ts';
import type { NodeRecord } from '../state.ts';
import { onPath } from './packages.ts';

/** Folders of the host that the node sees its own version of, kept in the cluster's folder. */
const ownFolders = ['kubelet', 'cni', 'containerd'];

/** The first process of the namespaces: mounts, then reaps orphans for as long as the node lives. */
export function nodeInit(dir: string): ComponentSpec {
  const mounts = ['mount -t tmpfs tmpfs /run', 'mkdir -p /run/containerd /run/netns', 'mount -t tmpfs tmpfs /var/log'];
  for (const name of ownFolders) {
    mkdirSync(join(dir, name), { recursive: true });
    mounts.push(`mkdir -p /var/lib/${name}`, `mount --bind "$1/${name}" /var/lib/${name}`);
  }
  const script = `set -e; ${mounts.join('; ')}; : > "$1/mounted"; set +e; while :; do sleep 3600 & wait $!; done`;
  const unshare = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
  return {
    name: 'node-init',
    command: 'unshare',
    args: [...unshare, 'sh', '-c', script, 'node-init', dir],
    wrapped: true,
    ready: () => Promise.resolve(existsSync(join(dir, 'mounted'))),
  };
}

/** How to run a command inside: put these in front of it. */
export function inside(init: number): readonly [string, ...string[]] {
  return ['nsenter', '--target', String(init), '--net', '--mount', '--pid', '--'];
}

/** Links the node with the host, both ways: pods reach the API server, the host reaches pods and Service addresses. */
export function connect(init: number, record: NodeRecord, addresses: Addresses): void {
  const onHost = (...args: string[]) => run('ip', args);
  const onNode = (command: string, ...args: string[]) => run(...inside(init), [command, ...args]);
  onHost('link', 'add', record.hostLink, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(init));
  onHost('addr', 'add', `${addresses.host}/30`, 'dev', record.hostLink);
  onHost('link', 'set', record.hostLink, 'up');
  onNode('ip', 'link', 'set', 'lo', 'up');
  onNode('ip', 'addr', 'add', `${addresses.node}/30`, 'dev', 'eth0');
  onNode('ip', 'link', 'set', 'eth0', 'up');
  onNode('ip', 'route', 'add', 'default', 'via', addresses.host);
  onNode('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
  onHost('route', 'add', addresses.pods, 'via', addresses.node);
  onHost('route', 'add', addresses.services, 'via', addresses.node);
}

function run(command: string, ...rest: (string | readonly string[])[]): string {
  const path = onPath(command) ?? command;
  return execFileSync(path, rest.flat(), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The kubelet wants its root cgroup to be there, in each hierarchy. */
export function createCgroup(record: NodeRecord): void {
  for (const folder of cgroupFolders(record.cgroup)) {
    mkdirSync(folder, { recursive: true });
    inheritCpuset(folder);
  }
}

/** cgroup v1: a new cpuset is empty, and no process can enter it before it is filled. */
function inheritCpuset(folder: string): void {
  if (!existsSync(join(folder, 'cpuset.cpus')) || readFileSync(join(folder, 'cpuset.cpus'), 'utf8').trim() !== '')
    return;
  run('sh', ['-c', 'for f in cpuset.cpus cpuset.mems; do cat "$1/../$f" > "$1/$f"; done', 'cpuset', folder]);
}

function cgroupFolders(name: string): string[] {
  const root = '/sys/fs/cgroup';
  if (existsSync(join(root, 'cgroup.controllers'))) return [join(root, name)];
  if (!existsSync(root)) return [];
  return readdirSync(root).map((hierarchy) => join(root, hierarchy, name));
}

/** After all processes are gone. Removing what is not there is no error; a cgroup that is still in use is. */
export function disconnect(record: NodeRecord): void {
  removeLink(record.hostLink);
  for (const folder of cgroupFolders(record.cgroup)) removeCgroup(folder);
}

/** The kernel removes it too, with the namespace at its other end, perhaps between the look and the removal. */
function removeLink(name: string): void {
  const isThere = () => existsSync(`/sys/class/net/${name}`);
  try {
    if (isThere()) run('ip', ['link', 'delete', name]);
  } catch (error) {
    if (isThere()) throw error;
  }
}

/** From the leaves up: a cgroup is removed by rmdir, its files go with it. */
function removeCgroup(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(folder, entry.name));
  }
  rmdirSync(folder);
}
