import { describe, expect, it } from 'vitest';
import { formatSelector, parseSelector } from '../../../src/controllers/project/selector.ts';

describe('formatSelector', () => {
  it('writes what kubectl -l reads, in a stable order', () => {
    const selector = {
      matchLabels: { tier: 'web', app: 'shop' },
      matchExpressions: [
        { key: 'zone', operator: 'In', values: ['b', 'a'] },
        { key: 'canary', operator: 'DoesNotExist' },
        { key: 'team', operator: 'Exists' },
        { key: 'env', operator: 'NotIn', values: ['dev'] },
      ],
    };
    expect(formatSelector(selector)).toBe('!canary,app=shop,env notin (dev),team,tier=web,zone in (a,b)');
  });

  it('writes nothing for an empty selector', () => {
    expect(formatSelector({})).toBe('');
    expect(formatSelector(undefined)).toBe('');
  });
});

describe('parseSelector', () => {
  it.each([
    ['app=shop', { app: 'shop' }, true],
    ['app=shop', { app: 'other' }, false],
    ['app==shop', { app: 'shop' }, true],
    ['app!=shop', {}, true],
    ['app!=shop', { app: 'shop' }, false],
    ['zone in (a,b),app=shop', { app: 'shop', zone: 'b' }, true],
    ['zone in (a, b)', { zone: 'c' }, false],
    ['env notin (dev)', {}, true],
    ['env notin (dev)', { env: 'dev' }, false],
    ['team', { team: '' }, true],
    ['team', {}, false],
    ['!canary', {}, true],
    ['!canary', { canary: 'x' }, false],
    ['example.com/part=a', { 'example.com/part': 'a' }, true],
  ])('%s on %j is %s', (selector, labels, expected) => {
    expect(parseSelector(selector)(labels as Record<string, string>)).toBe(expected);
  });

  it('matches nothing when it is empty, so that a kind without a selector never claims every pod', () => {
    expect(parseSelector('')({ app: 'shop' })).toBe(false);
  });
});
