import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';

/** An API server that nobody can reach: the history is opened before anything is asked of it. */
const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: none
contexts: [{name: none, context: {cluster: none, user: none}}]
clusters: [{name: none, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: none, user: {token: none}}]
`;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'baton-built-'));
  writeFileSync(join(folder, 'kubeconfig'), KUBECONFIG);
  await promisify(execFile)(process.execPath, ['hack/build.ts', folder]);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The bundle, in a folder where nothing else of the project is. */
function run(...args: string[]) {
  const addresses = ['--probe-address', '', '--metrics-address', '', '--heartbeat-address', ''];
  const child = spawn(process.execPath, [join(folder, 'operator.mjs'), ...addresses, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], KUBECONFIG: join(folder, 'kubeconfig') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seen = { output: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (seen.output += chunk));
  return { child, seen, ended: once(child, 'close') as Promise<[number | null]> };
}

describe('the bundle', () => {
  it('starts the thread of the history from its one file, and closes the database when it stops', async () => {
    const path = join(folder, 'history.db');
    const { child, seen, ended } = run('--history-path', path, '--shutdown-timeout', '4m');
    await until('it waits for the API server', () => seen.output.includes('waiting for caches'));
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(seen.output).not.toMatch(/cannot be written|"level":"(warn|error)".*history/);
    // A database that was not closed leaves its log.
    expect(existsSync(`${path}-wal`)).toBe(false);
    const database = new DatabaseSync(path, { readOnly: true });
    expect(database.prepare('select version from history_version').get()).toEqual({ version: 1 });
    database.close();
  });

  it('ends with the key when the file is somebody else’s', async () => {
    const path = join(folder, 'diary.txt');
    writeFileSync(path, 'dear diary');
    const { seen, ended } = run('--history-path', path);
    expect(await ended).toEqual([2, null]);
    expect(seen.output).toContain('historyPath: given ');
    expect(seen.output).toContain('which is not a database of SQLite');
  });
});
