import { describe, expect, it } from 'vitest';
import { type Ended, inOrder, Lanes, type Part, secondsLeft } from '../../../hack/test/lanes.ts';
import { NOTHING, type Outcome, type Write } from '../../../hack/test/stage.ts';

const PASSED: Outcome = { ...NOTHING, passed: 1 };
const part = (name: string, seconds: number, run: Part['run'] = () => Promise.resolve(PASSED)): Part => ({
  name,
  what: '',
  seconds,
  run,
});
const names = (parts: readonly { name: string }[]): string => parts.map(({ name }) => name).join(' ');

describe('the order', () => {
  it('has the short ones first, as they were given, and then the longest', () => {
    expect(names(inOrder([part('a', 10), part('b', 30), part('c', 3), part('d', 200), part('e', 31)]))).toBe(
      'a c d e b',
    );
  });
});

describe('the time left', () => {
  it('is that of the longer lane', () => {
    expect(secondsLeft([], [])).toBe(0);
    expect(secondsLeft([10, 50], [])).toBe(50);
    // 30 goes beside the 50, and 20 as well: 10 + 30 + 20.
    expect(secondsLeft([10, 50], [30, 20])).toBe(60);
    expect(secondsLeft([], [100, 60, 50])).toBe(110);
  });

  it('does not count what runs longer than it should', () => {
    expect(secondsLeft([-40, 5], [10])).toBe(10);
  });

  it('is with all that must go before, and beside', () => {
    const alone = { ...part('clock', 100), isAlone: true };
    const modest = (seconds: number) => ({ ...part('modest', seconds), isModest: true });
    const others = [part('a', 30), part('b', 50), part('c', 60), part('d', 40)];
    expect(new Lanes([alone, modest(90), ...others]).secondsLeft).toBe(190);
    expect(new Lanes([alone, modest(210), ...others]).secondsLeft).toBe(210);
  });
});

/** Runs them and tells what was seen. */
async function runAll(parts: readonly Part[]): Promise<{ began: string; ended: readonly Ended[] }> {
  const [began, ended]: [Part[], Ended[]] = [[], []];
  await new Lanes(parts).run({ began: (it) => void began.push(it), ended: (it) => void ended.push(it) });
  return { began: names(began), ended };
}

describe('lanes', () => {
  it('run every part once, two at a time', async () => {
    let [active, most] = [0, 0];
    const run = async (): Promise<Outcome> => {
      most = Math.max(most, ++active);
      await new Promise((resolve) => setImmediate(resolve));
      active--;
      return PASSED;
    };
    const seen = await runAll(['a', 'b', 'c', 'd', 'e'].map((name) => part(name, 60, run)));
    expect(seen.began).toBe('a b c d e');
    expect(seen.ended).toHaveLength(5);
    expect(most).toBe(2);
  });

  it('begin after those that nothing may run beside', async () => {
    let active = 0;
    const beside: number[] = [];
    const run = async (): Promise<Outcome> => {
      beside.push(active++);
      await new Promise((resolve) => setImmediate(resolve));
      active--;
      return PASSED;
    };
    const alone = { ...part('clock', 30, run), isAlone: true };
    expect((await runAll([part('a', 60, run), alone, part('b', 50, run)])).began).toBe('clock a b');
    expect(beside).toEqual([0, 0, 1]);
  });

  it('run what is modest beside all others, one after the other', async () => {
    const ends = new Map<string, () => void>();
    const gated = (name: string): Part =>
      part(name, 60, () => new Promise((resolve) => ends.set(name, () => resolve(PASSED))));
    const modest = ['x', 'y'].map((name) => ({ ...gated(name), isModest: true }));
    const lanes = new Lanes([...['a', 'b', 'c'].map(gated), { ...gated('clock'), isAlone: true }, ...modest]);
    const over = lanes.run({ began: () => {}, ended: () => {} });
    const after = async (name?: string): Promise<string[]> => {
      if (name !== undefined) ends.get(name)?.();
      await new Promise((resolve) => setImmediate(resolve));
      return lanes.running.map((running) => running.part.name).toSorted();
    };
    expect(await after()).toEqual(['clock', 'x']);
    expect(await after('x')).toEqual(['clock', 'y']);
    expect(await after('clock')).toEqual(['a', 'b', 'y']);
    expect(await after('a')).toEqual(['b', 'c', 'y']);
    expect(await after('y')).toEqual(['b', 'c']);
    for (const name of ['b', 'c']) await after(name);
    await over;
  });

  it('begin nothing beside what is alone where nothing is modest any more', async () => {
    const clock = { ...part('clock', 30, () => new Promise<Outcome>(() => {})), isAlone: true };
    const lanes = new Lanes([clock, part('a', 60), { ...part('x', 60), isModest: true }]);
    void lanes.run({ began: () => {}, ended: () => {} });
    await new Promise((resolve) => setImmediate(resolve));
    expect(lanes.running.map((running) => running.part.name)).toEqual(['clock']);
  });

  it('keep the output of each together', async () => {
    const talk = async (write: Write, word: string): Promise<Outcome> => {
      for (let times = 0; times < 3; times++) {
        write?.(word);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return PASSED;
    };
    const { ended } = await runAll(['x', 'y'].map((name) => part(name, 60, (write) => talk(write, name))));
    expect(ended.map(({ output }) => output)).toEqual(['xxx', 'yyy']);
  });

  it('let a part that is the only one speak for itself', async () => {
    let write: Write = () => {};
    const only = part('only', 60, (given) => ((write = given), Promise.resolve(PASSED)));
    await runAll([only]);
    expect(write).toBeUndefined();
  });

  it('begin nothing more once they are stopped', async () => {
    const lanes = new Lanes([part('a', 60), part('b', 60), part('c', 60)]);
    const began: string[] = [];
    await lanes.run({ began: ({ name }) => (began.push(name), lanes.stop()), ended: () => {} });
    expect(began).toEqual(['a']);
  });
});
