import { expect, it } from 'vitest';
import { missing, type Version } from '../../../../hack/chaos/record.ts';

const object = (name: string, resourceVersion: number) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, resourceVersion: String(resourceVersion) },
});
const told = (name: string, version: number, isGone = false): Version => ({
  version,
  kind: 'pods',
  name,
  isGone,
  object: object(name, version),
});
const listed = { resourceVersion: '10', items: [object('a', 4), object('b', 7)] };

it('a record is whole when all was told that a list has, and who is not in it was told to be gone', () => {
  expect(missing([told('a', 4), told('b', 7)], listed)).toBeUndefined();
  expect(missing([told('a', 4), told('b', 6)], listed)).toBe('b');
  expect(missing([told('a', 4)], listed)).toBe('b');
  expect(missing([told('a', 4), told('b', 7), told('c', 9)], listed)).toBe('c');
  expect(missing([told('a', 4), told('b', 7), told('c', 9, true)], listed)).toBeUndefined();
});

it('what came, changed or went after the list was made does not keep it from being whole', () => {
  expect(missing([told('a', 12), told('b', 11, true), told('c', 13)], listed)).toBeUndefined();
});
