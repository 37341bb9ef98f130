import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Keeper } from '../../../src/history/keeper.ts';
import { type Answer, packed } from '../../../src/history/rows.ts';
import { point } from './contract.ts';

const DAY = 86_400_000;
let folder: string;
let path: string;
let keeper: Keeper;
let answers: Answer[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'baton-history-'));
  path = join(folder, 'history.db');
  answers = [];
  keeper = begin();
});
afterEach(async () => {
  await keeper.answer({ kind: 'close' });
  rmSync(folder, { recursive: true });
});

const begin = (): Keeper =>
  new Keeper({ path, retentionMs: DAY, maxBytes: 64 * 1_024 * 1_024 }, (answer) => answers.push(answer));

const write = (at: number, keys = ['a']): Promise<boolean> =>
  keeper.answer({ kind: 'write', parcel: packed({ points: keys.map((key) => point(key, at, 1)), decisions: [] }) });

async function load(key: string): Promise<number> {
  await keeper.answer({ kind: 'load', id: 1, key, since: 0 });
  const answer = answers.at(-1);
  return answer?.kind === 'series' ? answer.series.at.length : NaN;
}

const kinds = (): string[] => answers.map(({ kind }) => kind);

describe('what is old', () => {
  it('goes step by step, so that a reader is answered in between, and the size is told when it is gone', async () => {
    const keys = Array.from({ length: 30 }, (_, index) => `shop/s-${index}/cpu`);
    const now = Date.now();
    await write(now - 2 * DAY, keys);
    // Not tidied up yet: that is done while nobody asks.
    const raw = new DatabaseSync(path);
    raw.exec(`insert into points select id, ${now - 2 * DAY} + value, value from series
      join (with recursive n(value) as (select 1 union all select value + 1 from n where value < 5000) select value from n)`);
    raw.close();
    await write(now, keys);
    const before = answers.flatMap((answer) => (answer.kind === 'written' ? answer.bytes : [])).at(-1) ?? 0;
    await keeper.tidy();
    await keeper.tidy();
    expect(keeper.isTidying).toBe(true);
    expect(await load('shop/s-29/cpu')).toBe(5_002);
    await write(now + 1, keys);
    while (keeper.isTidying) await keeper.tidy();
    expect(await load('shop/s-29/cpu')).toBe(2);
    const told = answers.flatMap((answer) => (answer.kind === 'tidied' ? answer.bytes : []));
    expect(told).toHaveLength(1);
    expect(told[0]).toBeLessThan(before / 2);
    expect(kinds()).not.toContain('warning');
  });

  it('is looked for once an hour', async () => {
    await write(Date.now());
    while (keeper.isTidying) await keeper.tidy();
    await write(Date.now());
    expect(keeper.isTidying).toBe(false);
  });

  it('may be left where it is when the file is closed', async () => {
    await write(Date.now() - 2 * DAY);
    expect(keeper.isTidying).toBe(true);
    await keeper.answer({ kind: 'close' });
    expect(keeper.isTidying).toBe(false);
    expect(kinds()).toEqual(['written', 'closed']);
  });
});

describe('a damaged file that cannot be put aside', () => {
  beforeEach(async () => {
    const keys = Array.from({ length: 2_000 }, (_, index) => `k-${index}`);
    await write(Date.now(), keys);
    await keeper.answer({ kind: 'close' });
    writeFileSync(path, readFileSync(path).fill(7, 4_096));
    mkdirSync(`${path}.corrupt`);
    answers = [];
    keeper = begin();
  });

  it('is no end: readers get nothing, rows wait, and it goes on when it can be moved', async () => {
    await keeper.begin();
    expect(await load('k-0')).toBe(0);
    expect(await load('k-1')).toBe(0);
    await write(Date.now());
    expect(answers.at(-1)).toMatchObject({ kind: 'failed', again: true });
    rmdirSync(`${path}.corrupt`);
    await write(Date.now());
    expect(answers.at(-1)).toMatchObject({ kind: 'written' });
    expect(kinds().filter((kind) => kind === 'warning')).toHaveLength(2);
    expect(await load('a')).toBe(1);
  });
});
