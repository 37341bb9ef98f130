import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statusPatch } from '../../../src/controllers/status-patch.ts';

/** RFC 7386, written down from its pseudo code, as the API server applies it. */
function apply(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> =
    typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = apply(result[key], value);
  }
  return result;
}

const leaf = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.boolean(),
  fc.array(fc.integer()),
  fc.array(fc.record({ a: fc.integer() })),
);
const json = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'd'),
  fc.oneof(leaf, fc.dictionary(fc.constantFrom('x', 'y'), leaf, { noNullPrototype: true })),
  { noNullPrototype: true },
);

describe('statusPatch', () => {
  it('turns one status into the other when the server applies it', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        expect(apply(before, statusPatch(before, after) ?? {})).toEqual(after);
      }),
    );
  });

  it('is undefined exactly when nothing changed', () => {
    fc.assert(fc.property(json, (status) => statusPatch(status, structuredClone(status)) === undefined));
    expect(statusPatch({ a: 1 }, { a: 2 })).toEqual({ a: 2 });
  });

  it('removes fields that are gone, also inside', () => {
    expect(statusPatch({ a: 1, b: { x: 1, y: 2 } }, { b: { x: 1 } })).toEqual({ a: null, b: { y: null } });
  });

  it('replaces a list as a whole', () => {
    expect(statusPatch({ list: [{ name: 'a' }, { name: 'b' }] }, { list: [{ name: 'b' }] })).toEqual({
      list: [{ name: 'b' }],
    });
  });

  it('writes everything where there was nothing', () => {
    expect(statusPatch(undefined, { a: { b: 1 } })).toEqual({ a: { b: 1 } });
  });
});
