import { describe, expect, it } from 'vitest';
import { median, percentile, samples } from '../../../hack/bench/stats.ts';
import { fc } from '../../support/properties.ts';

const { array, assert, double, integer, property } = fc;

describe('percentile', () => {
  it('takes the nearest rank', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(percentile(values, 0.5)).toBe(100);
    expect(percentile(values, 0.99)).toBe(198);
    expect(percentile(values, 1)).toBe(200);
    expect(percentile(values, 0)).toBe(1);
    expect(percentile([7], 0.99)).toBe(7);
  });

  it('is not a number when there is nothing', () => {
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('is one of the values, with the share below it, whatever their order', () => {
    assert(
      property(array(integer(), { minLength: 1 }), double({ min: 0, max: 1, noNaN: true }), (values, p) => {
        const found = percentile(values, p);
        expect(values).toContain(found);
        expect(values.filter((value) => value <= found).length).toBeGreaterThanOrEqual(p * values.length - 1e-6);
        expect(percentile(values.toReversed(), p)).toBe(found);
      }),
    );
  });
});

describe('median', () => {
  it('is the middle, or the mean of the middle two', () => {
    expect(median([5, 1, 9])).toBe(5);
    expect(median([4, 1, 9, 2])).toBe(3);
    expect(median([])).toBeNaN();
  });
});

describe('samples', () => {
  const text = [
    '# HELP requests_total Requests.',
    '# TYPE requests_total counter',
    'requests_total{code="200",path="/a\\"b\\\\c\\n"} 12',
    'requests_total{code="500",path=""} 1.5e+03 1700000000000',
    'requests_total 3',
    'requests_total_more{code="200"} 99',
  ].join('\n');

  it('reads labels, values and escapes of that metric alone', () => {
    expect(samples(text, 'requests_total')).toEqual([
      { labels: { code: '200', path: '/a"b\\c\n' }, value: 12 },
      { labels: { code: '500', path: '' }, value: 1500 },
      { labels: {}, value: 3 },
    ]);
    expect(samples(text, 'absent_total')).toEqual([]);
  });
});
