import { describe, expect, it } from 'vitest';
import type { Reading } from '../../../src/domain/reading.ts';
import type { ProbeCheck } from '../../../src/sources/api.ts';
import { createProber } from '../../../src/sources/prober.ts';
import { manualClock } from './clock.ts';

const value = (number: number): Reading => ({ kind: 'value', value: number, at: 0, evidence: `${number}` });
const verdict = (passed: boolean): Reading => ({ kind: 'verdict', passed, at: 0, evidence: `${passed}` });
const nothing = (reason: 'NoData' | 'SourceTimeout'): Reading => ({ kind: 'missing', reason, at: 0, evidence: 'none' });

function setUp(maxConcurrent = 10) {
  const clock = manualClock();
  const prober = createProber({ clock, maxConcurrent });
  const changed: string[] = [];
  prober.onChange((key) => changed.push(key));
  return { clock, prober, changed };
}

/** A check that counts its runs; each ends with what `answer` gives, after `tookMs`. */
function counting(clock: ReturnType<typeof manualClock>, answer: () => Reading = () => value(1), tookMs = 0) {
  const seen = { runs: 0, open: 0, most: 0, aborted: 0 };
  const read = (signal: AbortSignal): Promise<Reading> => {
    seen.runs += 1;
    seen.open += 1;
    seen.most = Math.max(seen.most, seen.open);
    return new Promise((resolve) => {
      const done = (): void => {
        seen.open -= 1;
        timer.cancel();
        resolve(answer());
      };
      const timer = clock.setTimeout(done, tookMs);
      signal.addEventListener('abort', () => {
        seen.aborted += 1;
        done();
      });
    });
  };
  const check = (name: string, more: Partial<ProbeCheck> = {}): ProbeCheck => ({
    name,
    intervalMs: 10_000,
    definition: 'd',
    read,
    ...more,
  });
  return { seen, check };
}

describe('prober', () => {
  it('runs a check within a second, then at its interval', async () => {
    const { clock, prober } = setUp();
    const { seen, check } = counting(clock);
    prober.ensure('a/b', [check('one')]);
    await clock.advance(1000);
    expect(seen.runs).toBe(1);
    expect(prober.readings('a/b').get('one')).toEqual(value(1));
    await clock.advance(100_000);
    expect(seen.runs).toBeGreaterThanOrEqual(10);
    expect(seen.runs).toBeLessThanOrEqual(12);
  });

  it('spreads checks over the interval, in the same way at each start', async () => {
    const startsOf = async (): Promise<number[]> => {
      const { clock, prober } = setUp(1000);
      const moments: number[] = [];
      const began = clock.monotonic();
      const read = async (): Promise<Reading> => {
        moments.push(clock.monotonic() - began);
        return value(1);
      };
      for (let index = 0; index < 100; index += 1) {
        prober.ensure(`ns/s${index}`, [{ name: 'c', intervalMs: 10_000, definition: 'd', read }]);
      }
      await clock.advance(30_000);
      await prober.stop();
      return moments;
    };
    const first = await startsOf();
    expect(await startsOf()).toEqual(first);
    const perSecond = new Map<number, number>();
    for (const moment of first.filter((at) => at >= 11_000)) {
      const second = Math.floor(moment / 1000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    expect(Math.max(...perSecond.values())).toBeLessThan(40);
  });

  it('never overlaps a check with itself', async () => {
    const { clock, prober } = setUp();
    const { seen, check } = counting(clock, () => value(1), 25_000);
    prober.ensure('a', [check('slow')]);
    await clock.advance(5000);
    prober.kick('a', 'slow');
    prober.kick('a', 'slow');
    await clock.advance(200_000);
    expect(seen.most).toBe(1);
    expect(seen.runs).toBeGreaterThanOrEqual(7);
  });

  it('runs once more, at once, what was kicked while it ran', async () => {
    const { clock, prober } = setUp();
    const { seen, check } = counting(clock, () => value(1), 2000);
    prober.ensure('k', [check('c')]);
    await clock.advance(1500);
    prober.kick('k', 'c');
    prober.kick('k', 'c');
    expect(seen.runs).toBe(1);
    await clock.advance(2000);
    expect(seen.runs).toBe(2);
    await clock.advance(3000);
    expect(seen.runs).toBe(2);
  });

  it('keeps to the bound over all keys, serves all, and follows a new bound', async () => {
    const { clock, prober } = setUp(3);
    const { seen, check } = counting(clock, () => value(1), 100);
    for (let index = 0; index < 50; index += 1) prober.ensure(`k${index}`, [check('c')]);
    await clock.advance(3000);
    expect(seen.most).toBe(3);
    expect(seen.runs).toBe(50);
    prober.setMaxConcurrent(20);
    prober.ensure('more', []);
    for (let index = 0; index < 50; index += 1) prober.kick(`k${index}`, 'c');
    await clock.advance(50);
    expect(seen.most).toBe(20);
  });

  it('tells of changes in kind, verdict and reason, and of moves by the step', async () => {
    const { clock, prober, changed } = setUp();
    let answer = value(1);
    const { check } = counting(clock, () => answer);
    prober.ensure('k', [check('c', { step: 0.1 })]);
    const told = async (next: Reading): Promise<number> => {
      answer = next;
      changed.length = 0;
      prober.kick('k', 'c');
      await clock.advance(1);
      return changed.length;
    };
    await clock.advance(1000);
    expect(await told(value(1))).toBe(0);
    expect(await told(value(1.06))).toBe(0);
    // Small moves add up: it is compared with what was told, not with the last one.
    expect(await told(value(1.12))).toBe(1);
    expect(await told(nothing('NoData'))).toBe(1);
    expect(await told(nothing('NoData'))).toBe(0);
    expect(await told(nothing('SourceTimeout'))).toBe(1);
    expect(await told(verdict(true))).toBe(1);
    expect(await told(verdict(true))).toBe(0);
    expect(await told(verdict(false))).toBe(1);
  });

  it('without a step tells of every move', async () => {
    const { clock, prober, changed } = setUp();
    let number = 1;
    const { check } = counting(clock, () => value(number));
    prober.ensure('k', [check('c')]);
    await clock.advance(1000);
    number += 1e-9;
    prober.kick('k', 'c');
    await clock.advance(1);
    expect(changed).toEqual(['k', 'k']);
  });

  it('keeps readings of checks that stay the same, drops those that changed or ended', async () => {
    const { clock, prober } = setUp();
    const { seen, check } = counting(clock);
    prober.ensure('k', [check('same'), check('other'), check('ends')]);
    await clock.advance(1000);
    prober.ensure('k', [check('same'), check('other', { definition: 'new' })]);
    expect([...prober.readings('k').keys()]).toEqual(['same']);
    await clock.advance(1000);
    expect([...prober.readings('k').keys()]).toEqual(['same', 'other']);
    expect(seen.runs).toBe(4);
  });

  it('uses the last function that was given', async () => {
    const { clock, prober } = setUp();
    const { check } = counting(clock);
    prober.ensure('k', [check('c')]);
    await clock.advance(1000);
    prober.ensure('k', [check('c', { read: async () => value(2) })]);
    prober.kick('k', 'c');
    await clock.advance(1);
    expect(prober.readings('k').get('c')).toEqual(value(2));
  });

  it('ignores what a check answers after it ended, and aborts it', async () => {
    const { clock, prober, changed } = setUp();
    const { seen, check } = counting(clock, () => value(1), 5000);
    prober.ensure('k', [check('c')]);
    await clock.advance(2000);
    prober.forget('k');
    await clock.advance(10_000);
    expect(seen).toMatchObject({ runs: 1, aborted: 1, open: 0 });
    expect(prober.readings('k').size).toBe(0);
    expect(changed).toEqual([]);
    expect(clock.pending()).toBe(0);
  });

  it('a reading that is not renewed for three intervals is StaleData, and is told', async () => {
    const { clock, prober, changed } = setUp(1);
    const { check } = counting(clock);
    prober.ensure('k', [check('c')]);
    await clock.advance(1000);
    // Another check takes the only slot and keeps it.
    prober.ensure('hog', [check('h', { intervalMs: 1000, read: () => new Promise(() => {}) })]);
    await clock.advance(1000);
    changed.length = 0;
    await clock.advance(35_000);
    expect(prober.readings('k').get('c')).toMatchObject({ kind: 'missing', reason: 'StaleData' });
    expect(changed).toEqual(['k']);
  });

  it('a round that takes longer than three intervals makes nothing stale, and a quiet one tells nothing', async () => {
    const { clock, prober, changed } = setUp(50);
    const { check } = counting(clock, () => verdict(false), 2000);
    // 1,000 checks of 2 s on 50 turns: 40 s a round, or 50 s in one namespace, with three intervals of 10 s.
    for (let index = 0; index < 1000; index += 1) prober.ensure(`shop/s${index}`, [check('c')]);
    await clock.advance(60_000);
    expect(new Set(changed).size).toBe(1000);
    expect(changed).toHaveLength(1000);
    changed.length = 0;
    await clock.advance(300_000);
    expect(changed).toEqual([]);
    expect(prober.readings('shop/s7').get('c')).toEqual(verdict(false));
  });

  it('checks of one namespace that hang keep those of another at their pace', async () => {
    const { clock, prober, changed } = setUp(50);
    const hanging = counting(clock, () => verdict(false), 10_000);
    const quick = counting(clock, () => verdict(true), 10);
    for (let index = 0; index < 1000; index += 1) prober.ensure(`bad/s${index}`, [hanging.check('c')]);
    await clock.advance(5000);
    for (let index = 0; index < 20; index += 1) prober.ensure(`good/s${index}`, [quick.check('c')]);
    await clock.advance(1100);
    expect(quick.seen.runs).toBe(20);
    await clock.advance(100_000);
    expect(quick.seen.runs).toBeGreaterThanOrEqual(200);
    expect(changed.filter((key) => key.startsWith('good/'))).toHaveLength(20);
  });

  it('what is answered from memory does not wait for a turn, and takes none', async () => {
    const { clock, prober } = setUp(1);
    const waits = (name: string): ProbeCheck => ({
      name,
      intervalMs: 10_000,
      definition: 'd',
      read: () => new Promise(() => {}),
    });
    prober.ensure('shop/hog', [waits('h')]);
    await clock.advance(1000);
    const { seen, check } = counting(clock);
    prober.ensure('shop/cart', [check('beat', { local: true })]);
    await clock.advance(1000);
    expect(seen.runs).toBe(1);
    prober.kick('shop/cart', 'beat');
    await clock.advance(1);
    expect(seen.runs).toBe(2);
  });

  it('a kick runs the named check and no other', async () => {
    const { clock, prober } = setUp();
    const [beat, page] = [counting(clock), counting(clock)];
    prober.ensure('shop/cart', [beat.check('beat'), page.check('page')]);
    await clock.advance(1000);
    for (let index = 0; index < 50; index += 1) {
      prober.kick('shop/cart', 'beat');
      await clock.advance(1);
    }
    expect(beat.seen.runs).toBe(51);
    expect(page.seen.runs).toBe(1);
  });

  it('a check that throws or rejects is SourceUnavailable, and is run again', async () => {
    const { clock, prober } = setUp();
    const failing = [
      () => Promise.reject(new Error('services "cart" is forbidden')),
      () => {
        throw new Error('at once');
      },
      async () => value(1),
    ];
    const check = {
      name: 'c',
      intervalMs: 10_000,
      definition: 'd',
      read: async () => (failing.shift() ?? (async () => value(0)))(),
    };
    prober.ensure('k', [check]);
    await clock.advance(1000);
    expect(prober.readings('k').get('c')).toMatchObject({
      reason: 'SourceUnavailable',
      evidence: 'services "cart" is forbidden',
    });
    prober.kick('k', 'c');
    await clock.advance(1);
    expect(prober.readings('k').get('c')).toMatchObject({ reason: 'SourceUnavailable', evidence: 'at once' });
    prober.kick('k', 'c');
    await clock.advance(1);
    expect(prober.readings('k').get('c')).toEqual(value(1));
  });

  it('a jump of the wall clock changes nothing', async () => {
    const { clock, prober, changed } = setUp();
    const { seen, check } = counting(clock);
    prober.ensure('k', [check('c')]);
    await clock.advance(1000);
    changed.length = 0;
    clock.jump(-7_200_000);
    await clock.advance(10_000);
    clock.jump(7_200_000_000);
    await clock.advance(90_000);
    expect(changed).toEqual([]);
    expect(seen.runs).toBeGreaterThanOrEqual(10);
    expect(seen.runs).toBeLessThanOrEqual(12);
    expect(prober.readings('k').get('c')).toEqual(value(1));
  });

  it('stop aborts what is under way and leaves no timer', async () => {
    const { clock, prober } = setUp(2);
    const { seen, check } = counting(clock, () => value(1), 60_000);
    for (const key of ['a', 'b', 'c']) prober.ensure(key, [check('one'), check('two')]);
    await clock.advance(2000);
    expect(seen.open).toBe(2);
    await prober.stop();
    expect(seen).toMatchObject({ aborted: 2, open: 0 });
    expect(clock.pending()).toBe(0);
    await clock.advance(100_000);
    expect(seen.runs).toBe(2);
  });
});
