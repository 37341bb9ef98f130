// What a cluster consists of, on disk: whoever finds the folder, in whatever state it was left, can stop all of it.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Provider } from './contract.ts';
import type { ProcessIdentity } from './processes.ts';

export interface ProcessRecord extends ProcessIdentity {
  readonly name: string;
}

/** What the real node leaves in the host's kernel. */
export interface NodeRecord {
  readonly hostLink: string;
  readonly cgroup: string;
}

export interface ClusterState {
  readonly version: 1;
  readonly provider: Provider;
  readonly createdAt: string;
  readonly kubeconfig: string;
  /** As asked for, to tell whether a second `up` asks for something else. */
  readonly nodes: number;
  readonly kubelet: boolean;
  /** False until everything answered: a crash on the way leaves it so. */
  readonly complete: boolean;
  readonly processes: readonly ProcessRecord[];
  readonly node?: NodeRecord;
}

export class StateFile {
  readonly dir: string;
  readonly #file: string;

  constructor(dir: string) {
    this.dir = dir;
    this.#file = join(dir, 'state.json');
  }

  /** undefined when there is none, or none that can be read: then only the environment marker tells what runs. */
  read(): ClusterState | undefined {
    try {
      const state = JSON.parse(readFileSync(this.#file, 'utf8')) as ClusterState;
      return state.version === 1 ? state : undefined;
    } catch {
      return undefined;
    }
  }

  /** Synchronous and atomic, so that no process can be started and not be on record for longer than this takes. */
  write(state: ClusterState): void {
    mkdirSync(this.dir, { recursive: true });
    const temporary = `${this.#file}.${process.pid}`;
    writeFileSync(temporary, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(temporary, this.#file);
  }

  update(change: Partial<ClusterState>): void {
    const state = this.read();
    if (state === undefined) throw new Error(`no state in ${this.#file}: the cluster was taken down by somebody else`);
    this.write({ ...state, ...change });
  }

  /** Replaces an earlier process of the same name, or takes it off the record when `identity` is undefined. */
  record(name: string, identity: ProcessIdentity | undefined): void {
    const others = (this.read()?.processes ?? []).filter((process) => process.name !== name);
    this.update({ processes: identity === undefined ? others : [...others, { name, ...identity }] });
  }

  remove(): void {
    rmSync(this.#file, { force: true });
  }
}

/** In the environment of everything that belongs to a cluster; kept from children that are not part of it. */
export function membership(dir: string): { readonly name: 'BATON_CLUSTER_MEMBER'; readonly entry: string } {
  return { name: 'BATON_CLUSTER_MEMBER', entry: `BATON_CLUSTER_MEMBER=${dir}` };
}
