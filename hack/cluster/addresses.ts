// Address ranges of one cluster, so chosen that two clones on a machine do not meet: the folder says where to begin and
// what the machine has already is stepped over.
import { createHash } from 'node:crypto';
import { networkInterfaces } from 'node:os';

export interface Addresses {
  /** Eight hex digits of the folder, for names of links and cgroups. */
  readonly id: string;
  readonly services: string;
  /** First address of the range: what the API server is called in the cluster. */
  readonly apiService: string;
  readonly fakePods: string;
  /** The link between host and real node, and the node's pods. */
  readonly host: string;
  readonly node: string;
  readonly pods: string;
}

export function chooseAddresses(dir: string, taken: readonly string[] = addressesHere()): Addresses {
  const id = createHash('sha256').update(dir).digest('hex').slice(0, 8);
  const begin = Number.parseInt(id.slice(0, 4), 16);
  for (let tries = 0; tries < 64; tries++) {
    const n = (begin + tries) % 64;
    const mine = [64 + n, 128 + n, 192 + n].map((second) => `10.${second}.`);
    if (!taken.some((address) => mine.some((prefix) => address.startsWith(prefix)))) return rangesOf(id, n);
  }
  throw new Error('all of 10.64.0.0/10, 10.128.0.0/10 and 10.192.0.0/10 are in use on this machine');
}

function rangesOf(id: string, n: number): Addresses {
  return {
    id,
    services: `10.${192 + n}.0.0/16`,
    apiService: `10.${192 + n}.0.1`,
    fakePods: `10.${64 + n}.0.0/16`,
    host: `10.${128 + n}.0.1`,
    node: `10.${128 + n}.0.2`,
    pods: `10.${128 + n}.1.0/24`,
  };
}

function addressesHere(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((entry) => entry.address));
}
