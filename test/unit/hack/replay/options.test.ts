import { describe, expect, it } from 'vitest';
import { DEFAULTS, parseOptions } from '../../../../hack/replay/options.ts';

describe('options of the replay', () => {
  it('has defaults for everything but the file', () => {
    expect(parseOptions(['a.csv'])).toEqual({ ...DEFAULTS, file: 'a.csv', json: false });
  });

  it('takes all of them', () => {
    const args =
      '--pod-capacity 2.5 --target 0.6 --start-up-delay 2m --interval 5 --min 2 --max 9 --season 7d --quantile 0.99 --json';
    expect(parseOptions(['a.csv', ...args.split(' ')])).toEqual({
      file: 'a.csv',
      json: true,
      podCapacity: 2.5,
      target: 0.6,
      startUpDelay: 120_000,
      interval: 5_000,
      min: 2,
      max: 9,
      season: 604_800_000,
      quantile: 0.99,
    });
    expect(parseOptions(['a.csv', '--season', 'none']).season).toBe('none');
  });

  it.each([
    [[], 'one file is needed, 0 were named'],
    [['a', 'b'], 'one file is needed, 2 were named'],
    [['a', '--target', '1.2'], '--target: 1.2 is not a number above 0 up to 1'],
    [['a', '--target', ''], '--target'],
    [['a', '--pod-capacity', '0'], '--pod-capacity: 0 is not a number above 0'],
    [['a', '--min', '1.5'], '--min: 1.5 is not a number from 1'],
    [['a', '--min', '0'], '--min'],
    [['a', '--min', '5', '--max', '4'], '--min 5 is above --max 4'],
    [['a', '--interval', '0'], '--interval: 0 is less than 1 s'],
    [['a', '--start-up-delay', 'long'], '--start-up-delay: long is not a time such as 90s'],
    [['a', '--season', '30s'], '--season: 30s is less than 60 s'],
    [['a', '--quantile', '1'], '--quantile: 1 is not a number above 0 and below 1'],
    [['a', '--fast'], 'fast'],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
