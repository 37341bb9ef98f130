import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startThread } from '../../../src/compose/threads.ts';
import { PATIENCE } from './patience.ts';
import { HistoryRecorder, HistoryRefused } from '../../../src/history/index.ts';
import { until } from '../../support/until.ts';

let folder: string;
let path: string;
let written: number;
let dropped: number;
let lines: string[];
let running: HistoryRecorder[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'baton-history-'));
  path = join(folder, 'history.db');
  [written, dropped, lines, running] = [0, 0, [], []];
});
afterEach(async () => {
  await Promise.all(running.map((recorder) => recorder.stop()));
  rmSync(folder, { recursive: true });
});

async function start(at = path, retentionMs = 86_400_000): Promise<HistoryRecorder> {
  const recorder = new HistoryRecorder({
    path: at,
    retentionMs,
    maxBytes: 64 * 1_024 * 1_024,
    patience: PATIENCE,
    startThread: (data) => startThread('history', data, {}),
    now: () => Date.now(),
    log: {
      info: (_details, message) => lines.push(message),
      warn: (details, message) => lines.push(`${message} ${JSON.stringify(details)}`),
    },
    onWritten: (_table, rows) => (written += rows),
    onDropped: (_table, rows) => (dropped += rows),
  });
  await recorder.start();
  running.push(recorder);
  return recorder;
}

const values = async (recorder: HistoryRecorder, key: string, since = 0): Promise<number[]> => [
  ...(await recorder.loadSeries(key, since)).value,
];

/** Kills a program that writes; resolves with how many of its rows, which it counts from 0 on, it was told are safe. */
async function killedWriter(run: string): Promise<number> {
  const command = ['test/unit/history/writer.ts', path, run];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  await until('some batches', () => output.split('\n').length > 4);
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(output).not.toContain('dropped');
  return [...output.matchAll(/^points (\d+)$/gm)].reduce((sum, [, rows]) => sum + Number(rows), 0);
}

describe('the thread of the history', () => {
  it('keeps what was written over a restart', async () => {
    const now = Date.now();
    const first = await start();
    for (let minute = 0; minute < 10; minute++) first.appendLoad('shop/web/cpu', now + minute * 60_000, minute);
    await first.stop();
    const second = await start();
    expect(await values(second, 'shop/web/cpu', now + 300_000)).toEqual([5, 6, 7, 8, 9]);
    expect(second.figures.bytes).toBeGreaterThan(4_096);
    expect(lines).toEqual([]);
  });

  it('has every row that was confirmed when the process was killed in the middle of writing', async () => {
    for (const run of ['a', 'b', 'c']) {
      const confirmed = await killedWriter(run);
      const recorder = await start();
      const kept = new Set<number>();
      for (let of = 0; of < 7; of++) for (const row of await values(recorder, `${run}/${of}`)) kept.add(row);
      await recorder.stop();
      const missing = Array.from({ length: confirmed }, (_, row) => row).filter((row) => !kept.has(row));
      expect({ confirmed, missing }).toEqual({ confirmed, missing: [] });
    }
    const check = new DatabaseSync(path, { readOnly: true });
    expect(Object.values(check.prepare('pragma integrity_check').get() ?? {})).toEqual(['ok']);
    check.close();
    expect(lines).toEqual([]);
  });

  it('moves a damaged file aside, says so, and goes on with a new one', async () => {
    const first = await start();
    for (let at = 0; at < 2_000; at++) first.appendLoad('a', Date.now() + at, at);
    await first.stop();
    writeFileSync(path, readFileSync(path).fill(7, 4_096));
    const second = await start();
    second.appendLoad('a', Date.now(), 1);
    await until('it is written', () => written === 2_001);
    expect(lines.join('\n')).toMatch(/is damaged .* it is now .*history\.db\.corrupt, and a new one is begun/);
    expect(await values(second, 'a')).toEqual([1]);
  });

  it('refuses a file of somebody else', async () => {
    writeFileSync(path, 'my diary');
    await expect(start()).rejects.toThrow(HistoryRefused);
    expect(readFileSync(path, 'utf8')).toBe('my diary');
  });

  it('goes on without where it cannot write, and catches up once it can', async () => {
    const late = join(folder, 'volume', 'history.db');
    const recorder = await start(late);
    expect(lines[0]).toContain('unable to open database file');
    recorder.appendLoad('a', Date.now(), 3);
    await until('it is tried', () => recorder.figures.lastErrorAt !== undefined);
    for (const key of ['a', 'b', 'c']) expect(await values(recorder, key)).toEqual([]);
    expect(lines.filter((line) => line.includes('could not be read'))).toHaveLength(1);
    mkdirSync(join(folder, 'volume'));
    await until('it is written', () => written === 1);
    expect(lines.at(-1)).toBe('the history is written again');
    expect(await values(recorder, 'a')).toEqual([3]);
    expect(dropped).toBe(0);
  });

  it('says why when there is no room on the disk, and keeps the batch', async () => {
    // No file of that process gets longer than 1 MiB: what SQLite meets then is what it meets on a full disk.
    const command = `trap '' XFSZ; ulimit -f 2048; exec "${process.execPath}" test/unit/history/writer.ts "${path}" a`;
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    await until('it fails', () => output.includes('cannot be written'));
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(output).toContain('disk I/O error');
    expect(output.slice(0, output.indexOf('cannot be written'))).not.toContain('dropped');
  });

  it('deletes what is older than it is to keep', async () => {
    const recorder = await start(path, 3_600_000);
    recorder.appendLoad('old', Date.now() - 3_700_000, 1);
    recorder.appendLoad('new', Date.now(), 2);
    await until('it is written', () => written === 2);
    // After the first batch, while nobody asks, and then once an hour.
    await until('it is gone', async () => (await values(recorder, 'old')).length === 0);
    expect(await values(recorder, 'new')).toEqual([2]);
  });
});
