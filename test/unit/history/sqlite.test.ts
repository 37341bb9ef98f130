import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DecisionRow } from '../../../src/history/rows.ts';
import { damaged, full, moveAside, passing, RefusedFile, SqliteHistory } from '../../../src/history/sqlite.ts';
import { decision, describeHistoryStore, point, type StoreUnderTest } from './contract.ts';

const MIB = 1_024 * 1_024;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'baton-history-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Takes every step. */
async function all(steps: AsyncGenerator<void>): Promise<number> {
  let count = 0;
  for await (const _ of steps) count++;
  return count;
}

let files = 0;
const newPath = (): string => join(folder, `${++files}.db`);
const open = (path: string, maxBytes = 64 * MIB): Promise<SqliteHistory> => SqliteHistory.open({ path, maxBytes });

async function storeIn(path: string): Promise<StoreUnderTest> {
  const history = await open(path);
  const reader = new DatabaseSync(path, { readOnly: true });
  const close = async (): Promise<void> => {
    reader.close();
    history.close();
  };
  return {
    store: history.store,
    decisions: async () =>
      reader
        .prepare('select * from decisions order by id')
        .all()
        .map((row) => ({ ...row })) as unknown as DecisionRow[],
    series: async () =>
      reader
        .prepare('select key from series order by key')
        .all()
        .map(({ key }) => String(key)),
    async reopen() {
      await close();
      return storeIn(path);
    },
    close,
  };
}

describeHistoryStore('SQLite', () => storeIn(newPath()));

describe('a file that is given as a history', () => {
  const refusal = async (path: string): Promise<string> => {
    const error = await open(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RefusedFile);
    return (error as Error).message;
  };

  it('is refused when it is no database, and is left as it is', async () => {
    const path = newPath();
    writeFileSync(path, 'kind: Config\n');
    expect(await refusal(path)).toBe(
      `given "${path}", which is not a database of SQLite; allowed: a history of Baton, or a path where nothing is`,
    );
    expect(readFileSync(path, 'utf8')).toBe('kind: Config\n');
  });

  it('is refused when it is a directory, or a database of another program', async () => {
    const path = newPath();
    mkdirSync(path);
    expect(await refusal(path)).toContain('which is a directory');
    const other = newPath();
    const database = new DatabaseSync(other);
    database.exec('create table points (x)');
    database.close();
    expect(await refusal(other)).toContain('which is a database of another program');
  });

  it('is refused when a newer version wrote it, which is then told', async () => {
    const path = newPath();
    (await open(path)).close();
    const database = new DatabaseSync(path);
    database.exec('update history_version set version = 7');
    database.close();
    expect(await refusal(path)).toContain('which is of version 7 while this Baton knows up to 1');
  });

  it('is taken when it is empty', async () => {
    const path = newPath();
    writeFileSync(path, '');
    const history = await open(path);
    await history.store.write({ points: [point('a', 1, 1)], decisions: [] });
    expect(await history.store.span()).toEqual({ from: 1, to: 1 });
    history.close();
  });

  it('is known as damaged when pages of it are overwritten, and goes aside in the place of the one before', async () => {
    const path = newPath();
    for (const round of [1, 2]) {
      const history = await open(path);
      const points = Array.from({ length: 5_000 }, (_, at) => point('a', at, at));
      await history.store.write({ points, decisions: [] });
      history.close();
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.fill(round, 4_096));
      const error = await open(path)
        .then((broken) => broken.store.loadSeries('a', 0))
        .catch((thrown: unknown) => thrown);
      expect(damaged(error)).toBe(true);
      expect(moveAside(path)).toBe(`${path}.corrupt`);
      expect(readFileSync(`${path}.corrupt`).equals(bytes)).toBe(true);
    }
  });
});

describe('the size of a history', () => {
  const cap = 32 * MIB;

  it('stays under the cap, of which the newest rows are what is left, and the disk gets its room back', async () => {
    const path = newPath();
    const history = await open(path, cap);
    const text = 'x'.repeat(2_000);
    let largest = 0;
    let trimmed = 0;
    for (let batch = 0; batch < 100; batch++) {
      const decisions = Array.from({ length: 200 }, (_, index) =>
        decision(`${batch}-${index}`, { at: batch, inputs: text }),
      );
      await history.store.write({ points: [point('a', batch, batch)], decisions });
      largest = Math.max(largest, history.bytes);
      if (!history.crowded) continue;
      await all(history.trim());
      trimmed++;
      expect(history.bytes).toBeLessThan(0.8 * cap);
    }
    expect(trimmed).toBeGreaterThan(1);
    expect(largest).toBeLessThan(cap);
    const { at } = await history.store.loadSeries('a', 0);
    expect(at.at(-1)).toBe(99);
    expect(at[0]).toBeGreaterThan(20);
    history.close();
  });

  it('is never more than the cap: a batch that does not fit is refused as a whole, with words that say so', async () => {
    const history = await open(newPath(), cap);
    const text = 'x'.repeat(4_000);
    let error: unknown;
    for (let batch = 0; error === undefined && batch < 100; batch++) {
      const decisions = Array.from({ length: 200 }, (_, index) => decision(`${batch}-${index}`, { inputs: text }));
      error = await history.store
        .write({ points: [point('a', batch, 0)], decisions })
        .catch((thrown: unknown) => thrown);
    }
    expect(error).toMatchObject({ message: 'database or disk is full' });
    expect([full(error), passing(error), history.crowded]).toEqual([true, true, true]);
    expect(history.bytes).toBeLessThan(cap);
    await all(history.trim());
    await history.store.write({ points: [point('a', 1_000, 7)], decisions: [] });
    expect([...(await history.store.loadSeries('a', 1_000)).value]).toEqual([7]);
    history.close();
  });

  it('keeps the log short however much goes at once, which is as much as a month of rows after a long time off', async () => {
    const path = newPath();
    const history = await open(path);
    const keys = Array.from({ length: 300 }, (_, index) => `shop/s-${index}/cpu`);
    await history.store.write({ points: keys.map((key) => point(key, 0, 1)), decisions: [] });
    const raw = new DatabaseSync(path);
    raw.exec(`insert into points select id, value, value * 0.5 from series
      join (with recursive n(value) as (select 1 union all select value + 1 from n where value < 3000) select value from n)`);
    raw.exec('pragma wal_checkpoint(truncate)');
    raw.close();
    let longest = 0;
    let steps = 0;
    for await (const _ of history.store.prune(2_900)) {
      longest = Math.max(longest, statSync(`${path}-wal`).size);
      steps++;
    }
    expect(steps).toBeGreaterThan(40);
    expect(longest).toBeLessThan(8 * MIB);
    for (const key of [keys[0], keys[299]])
      expect((await history.store.loadSeries(key ?? '', 0)).at).toEqual(
        Float64Array.from({ length: 101 }, (_, index) => 2_900 + index),
      );
    history.close();
  });

  it('ends even when every row is of one moment', async () => {
    const history = await open(newPath(), cap);
    const text = 'x'.repeat(4_000);
    for (let batch = 0; !history.crowded; batch++) {
      const decisions = Array.from({ length: 200 }, (_, index) => decision(`${batch}-${index}`, { inputs: text }));
      await history.store.write({ points: [], decisions });
    }
    await all(history.trim());
    expect(history.bytes).toBeLessThan(MIB);
    history.close();
  });
});
