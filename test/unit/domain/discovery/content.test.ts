import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  type Content,
  contentOf,
  formatContent,
  isEdited,
  parseContent,
  revise,
  wantedContent,
} from '../../../../src/domain/discovery/content.ts';
import { fc } from '../../../support/properties.ts';

const content = (spec: object, labels: Record<string, string> = {}): Content => contentOf(labels, spec);

describe('a template that changed', () => {
  const wrote = content(
    { mode: 'Observe', priority: 'Normal', health: { hysteresis: { rise: '10s' } } },
    { tier: 'web' },
  );

  it('reaches what nobody touched, and leaves what people changed', () => {
    const live = content(
      { mode: 'Observe', priority: 'High', health: { hysteresis: { rise: '10s' } } },
      { tier: 'web', team: 'a' },
    );
    const wanted = content(
      { mode: 'Enforce', priority: 'Low', health: { hysteresis: { rise: '30s' } }, suspend: true },
      { tier: 'api' },
    );
    expect(revise(wrote, live, wanted)).toEqual(
      content(
        { mode: 'Enforce', priority: 'High', health: { hysteresis: { rise: '30s' } }, suspend: true },
        { tier: 'api', team: 'a' },
      ),
    );
  });

  it('does not bring back what people removed, nor parts of it', () => {
    const healing = { actions: [{ type: 'DeletePod' }], maxAttempts: 3 };
    const before = content({ healing, mode: 'Enforce' });
    const after = content({ healing: { ...healing, maxAttempts: 5 }, mode: 'Observe' });
    expect(revise(before, content({ mode: 'Enforce' }), after)).toEqual(content({ mode: 'Observe' }));
  });

  it('takes away what it no longer has, but for what people changed in it', () => {
    const before = content({ suspend: true, startup: { phase: 'Core', retries: 3 } });
    expect(revise(before, before, content({}))).toEqual(content({}));
    const live = content({ suspend: true, startup: { phase: 'Core', retries: 5 } });
    expect(revise(before, live, content({}))).toEqual(content({ startup: { phase: 'Core', retries: 5 } }));
  });

  it('leaves a list as a whole where people changed it', () => {
    const list = (...names: string[]) => content({ dependsOn: names.map((name) => ({ name })) });
    expect(revise(list('a'), list('a', 'mine'), list('a', 'b'))).toEqual(list('a', 'mine'));
    expect(revise(list('a'), list('a'), list('a', 'b'))).toEqual(list('a', 'b'));
  });

  it('leaves everything that is there where what was written cannot be read', () => {
    const live = content({ mode: 'Observe' });
    expect(revise(parseContent('{"labels":'), live, content({ mode: 'Enforce', suspend: true }))).toEqual(
      content({ mode: 'Observe', suspend: true }),
    );
  });
});

const leaf = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.constantFrom('a', 'b'),
  fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 }),
);
const { tree } = fc.letrec<{ tree: Record<string, unknown>; node: unknown }>((tie) => ({
  node: fc.oneof({ maxDepth: 2 }, leaf, tie('tree')),
  tree: fc.dictionary(fc.constantFrom('p', 'q', 'r', '__proto__'), tie('node'), { maxKeys: 3, noNullPrototype: true }),
}));
const contents = fc.record({
  labels: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2'), { noNullPrototype: true }),
  spec: tree,
});

describe('for whatever people and templates write', () => {
  it('what nobody touched becomes the template', () => {
    fc.assert(
      fc.property(contents, contents, (wrote, wanted) => {
        expect(revise(wrote, wrote, wanted)).toEqual(wanted);
      }),
    );
  });

  it('a template that did not change changes nothing', () => {
    fc.assert(
      fc.property(contents, contents, (wrote, live) => {
        expect(revise(wrote, live, wrote)).toEqual(live);
      }),
    );
  });

  it('each field is as people left it where they changed it, and else as the template says', () => {
    fc.assert(
      fc.property(contents, contents, contents, (wrote, live, wanted) => {
        const after = revise(wrote, live, wanted).spec;
        for (const key of ['p', 'q', 'r']) {
          const [theirs, ours] = [live.spec[key], wanted.spec[key]];
          const isTouched = !isDeepStrictEqual(theirs, wrote.spec[key]);
          // What has fields of its own on both sides is decided field by field.
          const isOne = ![theirs, ours].every((value) => typeof value === 'object' && !Array.isArray(value));
          const expected = isTouched ? (isOne ? theirs : after[key]) : ours;
          expect(after[key]).toEqual(expected);
        }
      }),
    );
  });

  it('the annotation says it back, always in the same words', () => {
    fc.assert(
      fc.property(contents, (one) => {
        const read = parseContent(formatContent(one));
        expect(read).toEqual(one);
        expect(isEdited(one, read)).toBe(false);
        const turned = { spec: Object.fromEntries(Object.entries(one.spec).toReversed()), labels: one.labels };
        expect(formatContent(turned)).toBe(formatContent(one));
      }),
    );
  });
});

describe('an annotation that somebody wrote', () => {
  it.each([undefined, '', 'null', '[]', '{"labels":{}}', '{"labels":[],"spec":{}}', '{"labels":{},"spec":"x"}'])(
    '%s',
    (text) => {
      expect(parseContent(text)).toBeUndefined();
      expect(isEdited(content({}), parseContent(text))).toBe(true);
    },
  );
});

it('targetRef is never part of it, and who manages it always is', () => {
  expect(wantedContent({ tier: 'web' }, { targetRef: {}, mode: 'Observe' })).toEqual({
    labels: { tier: 'web', 'app.kubernetes.io/managed-by': 'baton' },
    spec: { mode: 'Observe' },
  });
});
