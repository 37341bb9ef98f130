import { expect, it, test } from 'vitest';
import { bytesOf, line, whyNoLocks } from '../../../../src/domain/workflow/bounds.ts';
import type { Answer } from '../../../../src/domain/workflow/operation.ts';
import { fc } from '../../../support/properties.ts';
import { Bench, scale, specOf } from './world.ts';

const LIMIT = 200 * 1_024;
const hostile = fc.constantFrom('x', '"', '\\', '\u0000', 'ü', '日', '😀', '\ud800', ' ', '\u2028', '\n');

test.each([
  ['short', 20, 'short'],
  ['two\nlines\u0000 and  more', 40, 'two lines and more'],
  ['0123456789', 10, '0123456789'],
  ['0123456789a', 10, '0123456…'],
  ['日本語', 7, '日…'],
])('%j in %d bytes is %j', (text, bytes, short) => {
  expect(line(text, bytes)).toBe(short);
});

it('a line has at most so many bytes in JSON, and stays what it is when it is cut again', () => {
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 400 }), fc.integer({ min: 8, max: 256 }), (characters, bytes) => {
      const short = line(characters.join(''), bytes);
      expect(bytesOf(short) - 2).toBeLessThanOrEqual(bytes);
      expect(line(short, bytes)).toBe(short);
    }),
  );
});

it('a status stays under 200 KiB at 200 steps, whatever they say and find, and what was not begun for that is not applied', () => {
  const size = fc.constantFrom(1, 100, 400, 1_000, 4_000, 100_000);
  const drawn = fc.record({
    character: hostile,
    before: size,
    outputs: size,
    message: size,
    locks: fc.nat(90),
    fails: fc.boolean(),
  });
  fc.assert(
    fc.property(drawn, ({ character, before, outputs, message, locks, fails }) => {
      const steps = Array.from({ length: 200 }, (_, index) =>
        scale(`${'n'.repeat(59)}-${index}`, {
          continueOn: ['Failed'],
          when: index === 199 ? 'parameters.x > 1' : 'true',
        }),
      ).map((step, index) =>
        index === 199 ? { ...step, continueOn: [], dependsOn: ['n'.repeat(59) + '-198'] } : step,
      );
      const spec = specOf(steps, { maxParallelSteps: 50 });
      const told = character.repeat(message);
      const bench = new Bench(spec, ({ want, operation }): Answer | undefined => {
        if (want === 'Prepare') return { kind: 'prepared', before: { was: character.repeat(before) } };
        if (want === 'Apply') return { kind: 'applied', message: told };
        if (want !== 'Verify') return undefined;
        return fails && operation.direction === 'Backward'
          ? { kind: 'failed', reason: 'Drifted', message: told, mayRetry: false }
          : { kind: 'done', message: told, outputs: { found: character.repeat(outputs) } };
      });
      const held = Array.from({ length: locks }, (_, index) => `shop/apps/Deployment/${'l'.repeat(250)}${index}`);
      bench.facts = { admission: () => ({ kind: 'granted', locks: held }) };
      let most = 0;
      for (let writes = 1; bench.last?.status.finishedAt === undefined; writes++) {
        bench.look({ crashAfterWrites: 1 });
        most = Math.max(most, bytesOf(bench.written));
        if (writes > 1_000) throw new Error('it does not end');
      }
      expect(most).toBeLessThan(LIMIT);
      const refused = bench.status.steps?.filter(({ reason }) => reason === 'StateTooLarge') ?? [];
      expect(refused.filter(({ name }) => bench.wanted.includes(`Apply ${name}`))).toEqual([]);
    }),
    { numRuns: 5 },
  );
});

it('says why there is no room for locks', () => {
  const locks = (count: number, name: string): string[] => Array.from({ length: count }, (_, n) => `${name}${n}`);
  expect(whyNoLocks(locks(300, 'a'))).toBeUndefined();
  expect(whyNoLocks(locks(301, 'a'))).toBe('it has 301 targets, and at most 300 can be locked');
  expect(whyNoLocks(locks(200, 'a'.repeat(250)))).toContain('take more than 32768 bytes');
});
