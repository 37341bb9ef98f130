// Ports that are free now and not handed out by the kernel to outgoing connections or by Kubernetes to Services
// (ephemeral ports begin at 32768, NodePorts at 30000), so that a component that is stopped finds its port again.
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { cacheRoot } from './binaries.ts';
import { holderOf, take } from './lock.ts';
import { isRunning } from './processes.ts';

const first = 15_000;
const count = 15_000;

type IsFree = (port: number) => Promise<boolean>;

/** `wanted` different ports; throws when a hundred tries for one of them all fail. */
export async function freePorts(
  wanted: number,
  // Claimed first: to try a port that another is about to listen on would take it away from that one for a moment.
  isFree: IsFree = async (port) => claim(port) && canListen(port),
  random: () => number = Math.random,
): Promise<number[]> {
  const chosen: number[] = [];
  for (let tries = 0; chosen.length < wanted; tries++) {
    if (tries >= wanted * 100) throw new Error(`no free port between ${first} and ${first + count - 1}`);
    const port = first + Math.floor(random() * count);
    if (!chosen.includes(port) && (await isFree(port))) chosen.push(port);
  }
  return chosen;
}

const claimed = new Set<string>();

/**
 * Between choosing a port and listening on it pass seconds, and a component that is killed leaves its port for a while: meanwhile no other
 * process that starts a cluster may choose it. Holds until this process ends.
 */
function claim(port: number): boolean {
  const folder = join(cacheRoot(), 'ports');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, String(port));
  if (!take(file)) {
    const holder = holderOf(file);
    if (holder !== undefined && isRunning(holder)) return false;
    rmSync(file, { force: true });
    if (!take(file)) return false;
  }
  if (claimed.size === 0) process.once('exit', () => claimed.forEach((held) => rmSync(held, { force: true })));
  claimed.add(file);
  return true;
}

/** Asks on all addresses: a port that somebody holds on one of them is of no use. */
function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
