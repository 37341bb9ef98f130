import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identify, isRunning, signal, terminate } from '../../../hack/cluster/processes.ts';
import { type ClusterState, StateFile } from '../../../hack/cluster/state.ts';
import { teardown } from '../../../hack/cluster/teardown.ts';

let dir: string;
const children: ReturnType<typeof spawn>[] = [];
const empty: ClusterState = {
  version: 1,
  provider: 'build',
  createdAt: '2026-01-01T00:00:00Z',
  kubeconfig: '/nowhere',
  nodes: 0,
  kubelet: false,
  complete: true,
  processes: [],
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'state-test-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

async function sleeper(env: Record<string, string> = {}): Promise<number> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore', env: { ...process.env, ...env } });
  children.push(child);
  await new Promise((resolve) => child.once('spawn', resolve));
  return child.pid ?? 0;
}

function identityOf(pid: number) {
  const identity = identify(pid);
  if (identity === undefined) throw new Error(`no process ${pid}`);
  return identity;
}

describe('a recorded process', () => {
  it('is replaced by a later one of the same name, and taken off when it ends', () => {
    const state = new StateFile(dir);
    state.write(empty);
    state.record('etcd', { pid: 1, startedAt: 'a' });
    state.record('kwok', { pid: 2, startedAt: 'b' });
    state.record('etcd', { pid: 3, startedAt: 'c' });
    expect(state.read()?.processes.map(({ name, pid }) => `${name} ${pid}`)).toEqual(['kwok 2', 'etcd 3']);
    state.record('kwok', undefined);
    expect(state.read()?.processes.map(({ name }) => name)).toEqual(['etcd']);
  });

  it('is not on record in a file that cannot be read', () => {
    writeFileSync(join(dir, 'state.json'), '{"version": 1, "proc');
    expect(new StateFile(dir).read()).toBeUndefined();
  });

  it('is told from another one with the same pid', async () => {
    const identity = identityOf(await sleeper());
    const other = { ...identity, startedAt: 'another boot/1' };
    expect(isRunning(identity)).toBe(true);
    expect(isRunning(other)).toBe(false);
    expect(signal(other, 'SIGKILL')).toBe(false);
    expect(isRunning(identity)).toBe(true);
  });

  it('is ended also while it is stopped', async () => {
    const identity = identityOf(await sleeper());
    signal(identity, 'SIGSTOP');
    await terminate(identity, 5000);
    expect(isRunning(identity)).toBe(false);
  });
});

describe('teardown', () => {
  it('ends what is on record, and nothing whose pid was given to somebody else since', async () => {
    const [mine, theirs] = [identityOf(await sleeper()), identityOf(await sleeper())];
    const processes = [
      { name: 'etcd', ...mine },
      { name: 'kwok', pid: theirs.pid, startedAt: 'before' },
    ];
    new StateFile(dir).write({ ...empty, processes });
    await teardown(dir);
    expect(isRunning(mine)).toBe(false);
    expect(isRunning(theirs)).toBe(true);
    expect(new StateFile(dir).read()).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('finds by its environment what was never recorded', async () => {
    const mine = identityOf(await sleeper({ BATON_CLUSTER_MEMBER: dir }));
    const theirs = identityOf(await sleeper({ BATON_CLUSTER_MEMBER: `${dir}-other` }));
    await teardown(dir);
    expect(isRunning(mine)).toBe(false);
    expect(isRunning(theirs)).toBe(true);
  });

  it('leaves files in the folder that are not the cluster’s', async () => {
    writeFileSync(join(dir, 'kubeconfig'), '');
    writeFileSync(join(dir, 'notes.txt'), 'mine');
    await teardown(dir);
    expect(readdirSync(dir)).toEqual(['notes.txt']);
  });
});
