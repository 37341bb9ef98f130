import { describe, expect, it } from 'vitest';
import { ItemReader } from '../../../src/kube/items.ts';
import { fc } from '../../support/properties.ts';

function read(text: string, size = Infinity): unknown[] {
  const items: unknown[] = [];
  const reader = new ItemReader((item) => items.push(item));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  reader.end();
  return items;
}

describe('items of a list', () => {
  it('are what a parser finds, wherever the text is cut', () => {
    const item = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());
    const list = fc.record({
      kind: fc.string(),
      metadata: fc.dictionary(fc.string(), fc.string()),
      items: fc.array(item),
    });
    fc.assert(
      fc.property(list, fc.integer({ min: 1, max: 40 }), fc.boolean(), (body, size, isPretty) => {
        const text = JSON.stringify(body, null, isPretty ? 2 : undefined);
        expect(read(text, size)).toEqual((JSON.parse(text) as typeof body).items);
      }),
    );
  });

  it.each(['oops', '{}', '{"kind":"Status","code":500}', '{"items":{"a":1}}', '{"items":[{"a":1}', '{"items":null}'])(
    '%s is no complete list',
    (text) => expect(() => read(text)).toThrow('no list'),
  );

  it('that are no JSON are told', () => expect(() => read('{"items":[{a}]}')).toThrow(SyntaxError));
});
