import { expect, it } from 'vitest';
import { inOrder } from '../../../src/controllers/emergency/in-order.ts';

/** Runs that end when the test says so. */
function bench() {
  const begun: string[] = [];
  const ends = new Map<string, (failure?: Error) => void>();
  const run = (item: string): Promise<string> => {
    begun.push(item);
    return new Promise((resolve, reject) => {
      ends.set(item, (failure) => (failure ? reject(failure) : resolve(item.toUpperCase())));
    });
  };
  const end = async (item: string, failure?: Error): Promise<void> => {
    ends.get(item)?.(failure);
    await new Promise(setImmediate);
  };
  return { begun, run, end };
}

it('begins in order, so many at once, and gives back every result', async () => {
  const { begun, run, end } = bench();
  const all = inOrder(['a', 'b', 'c'], () => [], 2, run);
  await end('');
  expect(begun).toEqual(['a', 'b']);
  await end('b');
  expect(begun).toEqual(['a', 'b', 'c']);
  await end('c');
  await end('a');
  expect(await all).toEqual(['A', 'B', 'C']);
});

it('begins nothing before what it comes after has ended, however that ended', async () => {
  const { begun, run, end } = bench();
  const all = inOrder(['web', 'batch', 'db'], (item) => (item === 'db' ? ['web', 'batch'] : []), 3, run);
  const failure = all.catch((error: Error) => error.message);
  await end('');
  await end('web');
  expect(begun).toEqual(['web', 'batch']);
  await end('batch', new Error('no answer'));
  expect(begun).toEqual(['web', 'batch', 'db']);
  await end('db');
  expect(await failure).toBe('no answer');
});
