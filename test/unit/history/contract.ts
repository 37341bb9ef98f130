import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DecisionRow, LoadPoint } from '../../../src/history/rows.ts';
import type { HistoryStore } from '../../../src/history/store.ts';

/** A store with an empty database behind it. */
export interface StoreUnderTest {
  readonly store: HistoryStore;
  /** All rows of decisions, by id. */
  decisions(): Promise<DecisionRow[]>;
  /** Keys of all series. */
  series(): Promise<string[]>;
  /** The same database opened anew, as after a restart. */
  reopen(): Promise<StoreUnderTest>;
  close(): Promise<void>;
}

export const point = (key: string, at: number, value: number): LoadPoint => ({ key, at, value });

export const decision = (id: string, more: Partial<DecisionRow> = {}): DecisionRow => ({
  id,
  at: 1_000,
  subject: 'OrchestratedService',
  namespace: 'shop',
  name: 'checkout',
  uid: 'a1',
  kind: 'Health',
  rule: 'PodsNotReady',
  before: 'Healthy',
  verdict: 'Degraded',
  confidence: 0.9,
  inputs: '{"ready":1}',
  because: 'one of two pods is ready',
  outcome: 'Written',
  ...more,
});

/** What every database has to do. */
export function describeHistoryStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`a history store in ${name}`, () => {
    let under: StoreUnderTest;
    const points = async (key: string, since = 0): Promise<number[][]> => {
      const { at, value } = await under.store.loadSeries(key, since);
      return [...at].map((moment, index) => [moment, value[index] ?? NaN]);
    };
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.close());

    it('gives a series back in order of time, from the moment that is asked for', async () => {
      const batch = [point('a', 3_000, 3), point('a', 1_000, 1.5), point('b', 1_000, 9), point('a', 2_000, -2)];
      await under.store.write({ points: batch, decisions: [] });
      expect(await points('a')).toEqual([
        [1_000, 1.5],
        [2_000, -2],
        [3_000, 3],
      ]);
      expect(await points('a', 2_000)).toEqual([
        [2_000, -2],
        [3_000, 3],
      ]);
      expect(await points('b')).toEqual([[1_000, 9]]);
      expect(await points('unknown')).toEqual([]);
    });

    it('keeps moments and values exactly', async () => {
      const at = 1_795_251_849_123;
      await under.store.write({ points: [point('ä/ñ/"x"', at, 0.1 + 0.2)], decisions: [] });
      expect(await points('ä/ñ/"x"')).toEqual([[at, 0.1 + 0.2]]);
    });

    it('takes a batch a second time without another row, and the last value of a moment', async () => {
      const batch = {
        points: [point('a', 1, 1), point('a', 1, 2)],
        decisions: [decision('1'), decision('2')],
      };
      await under.store.write(batch);
      await under.store.write(batch);
      expect(await points('a')).toEqual([[1, 2]]);
      expect(await under.decisions()).toEqual([decision('1'), decision('2')]);
    });

    it('keeps decisions with nothing left out, also without namespace and confidence', async () => {
      const rows = [decision('1'), decision('2', { namespace: null, confidence: null, because: "it's 100 %; \n…" })];
      await under.store.write({ points: [], decisions: rows });
      expect(await under.decisions()).toEqual(rows);
    });

    it('takes more rows and series at once than fit into one statement', async () => {
      const many = Array.from({ length: 2_000 }, (_, index) => point(`series ${index}`, index, index));
      const rows = Array.from({ length: 500 }, (_, index) => decision(`${1_000 + index}`));
      await under.store.write({ points: many, decisions: rows });
      expect(await under.series()).toHaveLength(2_000);
      expect(await points('series 1999')).toEqual([[1_999, 1_999]]);
      expect(await under.decisions()).toHaveLength(500);
    });

    it('writes all of a batch or nothing, and knows no series of what it did not write', async () => {
      const broken = decision('2', { name: null as unknown as string });
      await expect(
        under.store.write({ points: [point('a', 1, 1)], decisions: [decision('1'), broken] }),
      ).rejects.toThrow(/null/i);
      expect(await under.decisions()).toEqual([]);
      expect(await under.series()).toEqual([]);
      await under.store.write({ points: [point('a', 2, 2)], decisions: [] });
      expect(await points('a')).toEqual([[2, 2]]);
    });

    it('deletes what is older than a moment, and series of which nothing is left, and takes them again', async () => {
      await under.store.write({
        points: [point('old', 1, 1), point('both', 1, 1), point('both', 10, 2)],
        decisions: [decision('1', { at: 9 }), decision('2', { at: 10 })],
      });
      for await (const _ of under.store.prune(10));
      expect(await under.series()).toEqual(['both']);
      expect(await points('both')).toEqual([[10, 2]]);
      expect((await under.decisions()).map(({ id }) => id)).toEqual(['2']);
      await under.store.write({ points: [point('old', 11, 3)], decisions: [] });
      expect(await points('old')).toEqual([[11, 3]]);
    });

    it('knows from when to when it reaches', async () => {
      expect(await under.store.span()).toBeUndefined();
      await under.store.write({ points: [], decisions: [decision('1', { at: 50 })] });
      expect(await under.store.span()).toEqual({ from: 50, to: 50 });
      await under.store.write({ points: [point('a', 20, 0), point('b', 70, 0)], decisions: [] });
      expect(await under.store.span()).toEqual({ from: 20, to: 70 });
    });

    it('has everything again when it is opened again, and goes on with it', async () => {
      await under.store.write({ points: [point('a', 1, 1)], decisions: [decision('1')] });
      under = await under.reopen();
      await under.store.write({ points: [point('a', 2, 2)], decisions: [] });
      expect(await points('a')).toEqual([
        [1, 1],
        [2, 2],
      ]);
      expect(await under.decisions()).toEqual([decision('1')]);
      expect(await under.series()).toEqual(['a']);
    });
  });
}
