// Ports that are free now and not handed out by the kernel to outgoing connections or by Kubernetes to Services
// (ephemeral ports begin at 32768, NodePorts at 30000), so that a component that is stopped finds its port again.
import { createServer } from 'node:net';

const first = 15_000;
const count = 15_000;

type IsFree = (port: number) => Promise<boolean>;

/** `wanted` different ports; throws when a hundred tries for one of them all fail. */
export async function freePorts(
  wanted: number,
  isFree: IsFree = canListen,
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

/** Asks on all addresses: a port that somebody holds on one of them is of no use. */
function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
