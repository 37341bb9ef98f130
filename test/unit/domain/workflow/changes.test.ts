import { describe, expect, it } from 'vitest';
import {
  areAsBefore,
  areAsWritten,
  changesBetween,
  inverseOf,
  type PatchOperation,
  textOf,
  withoutValues,
} from '../../../../src/domain/workflow/changes.ts';
import { fc } from '../../../support/properties.ts';

type Fields = Record<string, unknown>;

const digest = (value: unknown): string => JSON.stringify(sorted(value));
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
};

/** RFC 6902, for the operations that are made here. */
function patched(object: Fields, operations: readonly PatchOperation[]): Fields {
  const copy = structuredClone(object);
  for (const { op, path, value } of operations) {
    const segments = path
      .slice(1)
      .split('/')
      .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = segments.pop() ?? '';
    const parent = segments.reduce<unknown>((inner, segment) => (inner as Fields)[segment], copy) as Fields;
    if (op !== 'add' && !Object.hasOwn(parent, last)) throw new Error(`nothing at ${path}`);
    if (op === 'remove') delete parent[last];
    else parent[last] = structuredClone(value);
  }
  return copy;
}

function undone(before: Fields, after: Fields, live = after): Fields {
  // As it comes back from a status.
  const changes = JSON.parse(JSON.stringify(changesBetween(before, after, digest))) as ReturnType<
    typeof changesBetween
  >;
  expect(areAsWritten(live, changes, digest)).toBe(true);
  const inverse = inverseOf(live, changes);
  if (inverse === undefined) throw new Error('it cannot be put back');
  const back = patched(live, inverse);
  expect(areAsBefore(back, changes, digest)).toBe(true);
  return back;
}

const leaf = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('x', 'y', true, null));
// Few keys, so that the two objects have many in common; some need escaping.
const key = fc.constantFrom('a', 'b', 'c', 'x/y', 'm~n', 'name');
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.uniqueArray(fc.constantFrom('p', 'q', 'r'), { maxLength: 3 }).chain((names) =>
      fc
        .array(fc.dictionary(fc.constantFrom('a', 'b', 'image'), tie('value'), { maxKeys: 3 }), {
          minLength: names.length,
          maxLength: names.length,
        })
        .map((elements) => elements.map((element, index) => ({ ...element, name: names[index] }))),
    ),
  ),
}));
const object = fc.dictionary(key, value, { maxKeys: 4 }) as fc.Arbitrary<Fields>;

describe('what a patch changed', () => {
  it('can be put back from what is kept of it', () => {
    fc.assert(
      fc.property(object, object, (before, after) => {
        expect(undone(before, after)).toEqual(before);
      }),
    );
  });

  it('is put back beside what others changed meanwhile', () => {
    fc.assert(
      fc.property(object, object, object, (before, after, others) => {
        const back = undone(before, after, { ...after, others });
        expect(back).toEqual({ ...before, others });
      }),
    );
  });

  it('is nothing where nothing changed', () => {
    fc.assert(
      fc.property(object, (same) => {
        expect(changesBetween(same, structuredClone(same), digest)).toEqual([]);
      }),
    );
  });

  it('is known also without what was there before, and then not put back', () => {
    const lean = withoutValues(changesBetween({ a: 1 }, { a: 2, b: 3 }, digest), digest);
    expect(lean.every((change) => !('before' in change))).toBe(true);
    expect(areAsBefore({ a: 1 }, lean, digest)).toBe(true);
    expect(areAsBefore({ a: 4 }, lean, digest)).toBe(false);
    expect(areAsBefore({ b: 3 }, lean, digest)).toBe(false);
    expect(areAsWritten({ a: 2, b: 3 }, lean, digest)).toBe(true);
    expect(inverseOf({ a: 2, b: 3 }, lean)).toBeUndefined();
  });

  it('is told by its name in a list whose elements have one', () => {
    const pod = (image: string, replicas: number) => ({
      spec: { replicas, containers: [{ name: 'proxy' }, { name: 'app', image }] },
    });
    const changes = changesBetween(pod('a', 1), pod('b', 1), digest);
    expect(changes.map(({ path }) => textOf(path))).toEqual(['spec.containers[app].image']);
    // Somebody put another one before it, and scaled.
    const live = pod('b', 3);
    live.spec.containers.unshift({ name: 'new' });
    expect(inverseOf(live, changes)).toEqual([{ op: 'replace', path: '/spec/containers/2/image', value: 'a' }]);
    live.spec.containers.pop();
    expect(areAsWritten(live, changes, digest)).toBe(false);
    expect(inverseOf(live, changes)).toBeUndefined();
  });

  it('goes as a whole where it came as a whole, but not with what others added to it', () => {
    const before = { metadata: {} };
    const after = { metadata: { labels: { a: '1', b: '2' } } };
    const changes = changesBetween(before, after, digest);
    expect(inverseOf(after, changes)).toEqual([{ op: 'remove', path: '/metadata/labels' }]);
    const live = { metadata: { labels: { a: '1', b: '2', c: '3' } } };
    expect(patched(live, inverseOf(live, changes) ?? [])).toEqual({ metadata: { labels: { c: '3' } } });
  });

  it('is not as the patch wrote it where somebody changed or took it', () => {
    const changes = changesBetween({ a: 1, b: 1 }, { a: 2, c: 3 }, digest);
    expect(areAsWritten({ a: 2, c: 3, d: 4 }, changes, digest)).toBe(true);
    expect(areAsWritten({ a: 5, c: 3 }, changes, digest)).toBe(false);
    expect(areAsWritten({ a: 2 }, changes, digest)).toBe(false);
    expect(areAsWritten({ a: 2, b: 1, c: 3 }, changes, digest)).toBe(false);
  });
});
