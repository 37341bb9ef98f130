import { describe, expect, it } from 'vitest';
import { parseQuantity } from '../../../src/api/quantity.ts';
import { fc } from '../../support/properties.ts';

describe('parseQuantity', () => {
  it.each([
    ['0', 0],
    ['100m', 0.1],
    ['1234567890n', 1.23456789],
    ['250u', 0.00025],
    ['2', 2],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['3k', 3000],
    ['128974848', 128974848],
    ['129e6', 129e6],
    ['129M', 129e6],
    ['123Mi', 128974848],
    ['1Ki', 1024],
    ['1.5Gi', 1610612736],
    ['1E', 1e18],
    ['1E3', 1000],
    ['8Ei', 2 ** 63],
    ['-5m', -0.005],
  ])('%s is %d', (text, value) => expect(parseQuantity(text)).toBe(value));

  it.each(['', ' 1', '1 Ki', 'Ki', '1KI', '1mi', '0x10', '1e', '1e9999', 'NaN', 'Infinity', '1,5', '--1'])(
    'refuses %j',
    (text) => expect(parseQuantity(text)).toBeUndefined(),
  );

  it('gives a finite number or undefined for any text', () => {
    const sound = fc.property(fc.string(), (text) => Number.isFinite(parseQuantity(text) ?? 0));
    expect(fc.check(sound)).toMatchObject({ failed: false });
  });
});
