import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REASONS } from '../../../src/api/reasons.ts';
import type { Reading } from '../../../src/domain/reading.ts';
import type { Source } from '../../../src/sources/contract.ts';

/** A source with a backend, fake or real, and queries of which it is known how they must end. */
export interface Subject<Query> {
  readonly source: Source<Query>;
  /** Gives evidence. */
  readonly good: Query;
  /** Gives none. */
  readonly none: Query;
  /** Never answered within the test; absent where there is nothing to wait for. */
  readonly slow?: Query;
  /** Timers that the source holds; absent where it is on a clock of its own. */
  readonly timers?: () => number;
  /** Makes the backend go away for good; the source must still answer. */
  breakBackend(): Promise<void>;
  close(): Promise<void>;
}

const REASONABLE_MS = 30_000;

/** What every source keeps, whatever it asks. */
export function describeSource<Query>(name: string, make: () => Promise<Subject<Query>>): void {
  describe(`${name} keeps the contract of sources`, () => {
    let subject: Subject<Query>;
    const never = (): AbortSignal => new AbortController().signal;
    beforeAll(async () => {
      subject = await make();
    });
    afterAll(() => subject?.close());

    it('gives evidence with its moment', async () => {
      const reading = await subject.source.read(subject.good, never());
      expect(reading.kind).not.toBe('missing');
      expect(faultsOf(reading)).toEqual([]);
    });

    it('says why where there is none, with a reason of the catalogue', async () => {
      const reading = await subject.source.read(subject.none, never());
      expect(reading.kind).toBe('missing');
      expect(Object.keys(REASONS)).toContain(reading.kind === 'missing' ? reading.reason : undefined);
      expect(faultsOf(reading)).toEqual([]);
    });

    it('answers many at once, each with its own', async () => {
      const readings = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          subject.source.read(index % 2 === 0 ? subject.good : subject.none, never()),
        ),
      );
      for (const [index, reading] of readings.entries()) expect(reading.kind === 'missing').toBe(index % 2 === 1);
    });

    it('ends at once when it is given up before it began', async () => {
      const began = performance.now();
      const reading = await subject.source.read(subject.good, AbortSignal.abort());
      expect(faultsOf(reading)).toEqual([]);
      expect(performance.now() - began).toBeLessThan(REASONABLE_MS);
    });

    it('ends soon when it is given up while it waits', async () => {
      if (subject.slow === undefined) return;
      const controller = new AbortController();
      const reading = subject.source.read(subject.slow, controller.signal);
      const began = performance.now();
      setTimeout(() => controller.abort(), 50);
      expect(await reading).toMatchObject({ kind: 'missing', reason: 'SourceTimeout' });
      expect(performance.now() - began).toBeLessThan(REASONABLE_MS);
    });

    it('leaves no timer behind', () => expect(subject.timers?.() ?? 0).toBe(0));

    it('still answers, and never rejects, when its backend is gone', async () => {
      await subject.breakBackend();
      expect(faultsOf(await subject.source.read(subject.good, never()))).toEqual([]);
    });
  });
}

/** What a reading must never be, whatever the remote end said. */
function faultsOf(reading: Reading): string[] {
  const { evidence, at } = reading;
  const faults = {
    'no evidence': evidence === '',
    'evidence too long': evidence.length > 300,
    'control characters': /\p{Cc}/u.test(evidence),
    'a value that was not there': /undefined|\[object/.test(evidence),
    'no moment': !Number.isFinite(at),
    'no number': reading.kind === 'value' && !Number.isFinite(reading.value),
  };
  return Object.entries(faults).flatMap(([fault, isThere]) => (isThere ? [`${fault}: ${evidence}`] : []));
}
