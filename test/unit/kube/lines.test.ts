import { expect, test } from 'vitest';
import { LineSplitter } from '../../../src/kube/lines.ts';
import { fc } from '../../support/properties.ts';

test('however bytes are cut into chunks, the same lines come out', () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll('\n', ' '));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 9 })), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
      const seen: string[] = [];
      const splitter = new LineSplitter((text) => seen.push(text));
      let at = 0;
      for (const size of cuts) {
        splitter.push(bytes.subarray(at, at + size));
        at += size;
      }
      splitter.push(bytes.subarray(at));
      expect(seen).toEqual(lines.filter((text) => text !== ''));
    }),
  );
});

test('a line without its end is kept back', () => {
  const seen: string[] = [];
  const splitter = new LineSplitter((text) => seen.push(text));
  splitter.push(Buffer.from('a\nb'));
  expect(seen).toEqual(['a']);
});
