import { describe, expect, test } from 'vitest';
import { backoffDelay } from '../../../src/runtime/backoff.ts';
import { WorkQueue, type Priority } from '../../../src/runtime/queue.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { fc } from '../../support/properties.ts';

const newQueue = (clock = new FakeClock()) => {
  const counts = { added: 0, retried: 0, waited: [] as number[], worked: [] as number[], depth: 0 };
  const queue = new WorkQueue({
    clock,
    random: () => 0.5,
    backoff: { initialMs: 100, factor: 2, maxMs: 1_000 },
    metrics: {
      added: () => (counts.added += 1),
      retried: () => (counts.retried += 1),
      waited: (seconds) => counts.waited.push(seconds),
      worked: (seconds) => counts.worked.push(seconds),
      depth: (waiting) => (counts.depth = waiting),
    },
  });
  return { clock, queue, counts };
};

const take = async (queue: WorkQueue, clock: FakeClock): Promise<string | undefined> => {
  const item = await Promise.race([queue.next(), settle().then(() => undefined)]);
  await clock.advance(0);
  return item?.key;
};

describe('each key once', () => {
  test('however often it is added', async () => {
    const { queue, clock } = newQueue();
    for (let count = 0; count < 5_000; count += 1) queue.add('a');
    queue.add('b');
    expect(queue.length).toBe(2);
    expect([await take(queue, clock), await take(queue, clock)]).toEqual(['a', 'b']);
    expect(queue.length).toBe(0);
  });

  test('never with two workers: added while worked on, it comes again after done', async () => {
    const { queue, clock } = newQueue();
    queue.add('a');
    await queue.next();
    queue.add('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(queue.length).toBe(1);
    expect(await take(queue, clock)).toBe('a');
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  test('holds for any order of adds and dones, and loses none', async () => {
    const act = fc.tuple(
      fc.constantFrom('add', 'done', 'next'),
      fc.constantFrom('a', 'b', 'c'),
      fc.constantFrom<Priority>('change', 'resync'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
        const { queue } = newQueue();
        const working = new Set<string>();
        const owed = new Set<string>();
        for (const [what, key, priority] of acts) {
          if (what === 'add') {
            queue.add(key, priority);
            owed.add(key);
          } else if (what === 'done' && working.delete(key)) queue.done(key);
          else if (what === 'next' && queue.length > 0) {
            const key = (await queue.next())?.key ?? '';
            if (working.has(key)) throw new Error(`${key} is with two workers`);
            working.add(key);
            owed.delete(key);
          }
        }
        for (const key of working) queue.done(key);
        expect(queue.length).toBe(owed.size);
      }),
    );
  });
});

describe('later', () => {
  test('of two times the earlier stays', async () => {
    const { queue, clock } = newQueue();
    queue.addAfter('a', 500);
    queue.addAfter('a', 200);
    queue.addAfter('a', 900);
    await clock.advance(199);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    expect(clock.timers).toBe(0);
  });

  test('a worker that takes the key ends its timer', async () => {
    const { queue, clock } = newQueue();
    queue.addAfter('a', 500);
    queue.add('a');
    await queue.next();
    queue.done('a');
    expect(clock.timers).toBe(0);
  });

  test('backoff grows with each failure, is bounded, and ends when forgotten', async () => {
    const { queue } = newQueue();
    const delays = [1, 2, 3, 4, 5, 6].map(() => queue.retry('a'));
    expect(delays).toEqual([75, 150, 300, 600, 750, 750]);
    queue.forget('a');
    expect(queue.retry('a')).toBe(75);
  });

  test('backoff stays between half and all of the bound', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const full = Math.min(1_000, 100 * 2 ** Math.min(attempt - 1, 64));
          const delay = backoffDelay({ initialMs: 100, factor: 2, maxMs: 1_000 }, attempt, () => random);
          expect(delay).toBeGreaterThanOrEqual(full / 2);
          expect(delay).toBeLessThanOrEqual(full);
        },
      ),
    );
  });
});

describe('a key that is due in hours', () => {
  const HOUR = 3_600_000;

  test('comes then, once, however often its timer was looked at', async () => {
    const { queue, clock, counts } = newQueue();
    queue.addAfter('a', 3 * HOUR);
    await clock.advance(3 * HOUR - 1);
    expect(counts.added).toBe(0);
    await clock.advance(1);
    expect([counts.added, clock.timers]).toEqual([1, 0]);
  });

  test('comes within five minutes after the wall clock jumped past it, as when the machine slept', async () => {
    const { queue, clock } = newQueue();
    queue.addAfter('a', 3 * HOUR);
    await clock.advance(60_000);
    clock.jumpWall(4 * HOUR);
    await clock.advance(5 * 60_000);
    expect(queue.length).toBe(1);
  });

  test('comes no later because the wall clock was set back', async () => {
    const { queue, clock } = newQueue();
    queue.addAfter('a', 3 * HOUR);
    clock.jumpWall(-24 * HOUR);
    await clock.advance(3 * HOUR);
    expect(queue.length).toBe(1);
  });

  test('is forgotten when the queue closes, also after its timer was looked at', async () => {
    const { queue, clock } = newQueue();
    queue.addAfter('a', 3 * HOUR);
    await clock.advance(HOUR);
    queue.close();
    expect(clock.timers).toBe(0);
  });
});

describe('priorities', () => {
  async function order(fill: (queue: WorkQueue, clock: FakeClock) => Promise<void>, count: number): Promise<string> {
    const { queue, clock } = newQueue();
    await fill(queue, clock);
    let letters = '';
    for (let at = 0; at < count; at += 1) {
      const key = (await take(queue, clock)) ?? '-';
      letters += key[0];
      queue.done(key);
    }
    return letters;
  }

  test('a change passes resyncs', async () => {
    const taken = await order(async (queue) => {
      for (let at = 0; at < 1_000; at += 1) queue.add(`r${at}`, 'resync');
      queue.add('change');
    }, 2);
    expect(taken).toBe('cr');
  });

  test('a change waits for one old resync at most', async () => {
    const taken = await order(async (queue, clock) => {
      for (let at = 0; at < 1_000; at += 1) queue.add(`r${at}`, 'resync');
      await clock.advance(60_000);
      queue.add('change');
    }, 2);
    expect(taken).toBe('cr');
  });

  test('an old resync gets one turn in four while changes never end', async () => {
    const taken = await order(async (queue, clock) => {
      for (let at = 0; at < 10; at += 1) queue.add(`r${at}`, 'resync');
      await clock.advance(1_000);
      for (let at = 0; at < 100; at += 1) queue.add(`c${at}`);
    }, 12);
    expect(taken).toBe('cccrcccrcccr');
  });

  test('a change to a key that waits as a resync promotes it', async () => {
    const taken = await order(async (queue) => {
      queue.add('x', 'resync');
      queue.add('y', 'resync');
      queue.add('y', 'change');
    }, 3);
    expect(taken).toBe('yx-');
  });
});

describe('closing and counting', () => {
  test('closed, it ends all waits and timers', async () => {
    const { queue, clock } = newQueue();
    queue.addAfter('a', 500);
    const waiting = queue.next();
    queue.close();
    await expect(waiting).resolves.toBeUndefined();
    queue.add('b');
    await expect(queue.next()).resolves.toBeUndefined();
    expect(clock.timers).toBe(0);
  });

  test('metrics say how long keys waited and were worked on', async () => {
    const { queue, clock, counts } = newQueue();
    queue.add('a');
    expect(counts.depth).toBe(1);
    await clock.advance(2_000);
    await queue.next();
    await clock.advance(3_000);
    expect([...queue.working()]).toEqual([{ key: 'a', forMs: 3_000 }]);
    queue.done('a');
    expect(counts).toMatchObject({ added: 1, depth: 0, waited: [2], worked: [3] });
  });
});
