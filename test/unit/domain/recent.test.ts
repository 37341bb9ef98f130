import { expect, it } from 'vitest';
import { Recent } from '../../../src/domain/recent.ts';

it('makes what was asked for recently once, and forgets what was asked for longest ago', () => {
  const recent = new Recent<string>(2);
  const made: string[] = [];
  const get = (key: string): string => recent.get(key, () => (made.push(key), key.toUpperCase()));
  expect(['a', 'b', 'a', 'c', 'a', 'b'].map(get)).toEqual(['A', 'B', 'A', 'C', 'A', 'B']);
  expect(made).toEqual(['a', 'b', 'c', 'b']);
});

it('keeps no more than it may weigh, but for the last one', () => {
  const recent = new Recent<number>(10);
  const made: string[] = [];
  const get = (key: string, weight: number) => recent.get(key, () => made.push(key), weight);
  get('a', 4);
  get('b', 4);
  get('heavy', 20);
  get('heavy', 20);
  get('a', 4);
  get('b', 4);
  get('a', 4);
  expect(made).toEqual(['a', 'b', 'heavy', 'a', 'b']);
});
