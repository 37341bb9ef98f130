import { describe, expect, it } from 'vitest';
import { parseSeries, spacing } from '../../../../hack/replay/series.ts';

describe('a load series', () => {
  it('is read with and without a line of names, quotes, empty lines and carriage returns', () => {
    const expected = [
      { at: 60_000, value: 1.5 },
      { at: 120_000, value: 0 },
    ];
    expect(parseSeries('timestamp,value\n60,1.5\n120,0\n')).toEqual(expected);
    expect(parseSeries('60,1.5\r\n\r\n"120", "0"')).toEqual(expected);
    expect(parseSeries('\uFEFFtime,load\n60000e-3,15e-1\n120,0')).toEqual(expected);
    expect(parseSeries('"@time","requests/s"\n60,1.5\n120,0')).toEqual(expected);
  });

  it('takes dates, seconds and milliseconds', () => {
    const at = Date.UTC(2026, 0, 5, 9);
    for (const time of ['2026-01-05T09:00:00Z', '2026-01-05 09:00', '2026-01-05T10:00:00+01:00', at / 1_000, at]) {
      expect(parseSeries(`${time},1\n2027-01-01,2`)[0]).toEqual({ at, value: 1 });
    }
  });

  it.each([
    ['timestamp,value\n60,1\n120,x', 'line 3: "x" is not a number'],
    ['60,1\n120,', 'line 2: "" is not a number'],
    ['60,1\n120,NaN', 'line 2: "NaN" is not a number'],
    ['60,1\n120,1e999', 'line 2: "1e999" is not a number'],
    ['60,1\n120,-4', 'line 2: the load -4 is negative'],
    ['60,1\n\n60,2', 'line 3: the timestamp is not after the one before'],
    ['60,1\nyesterday,2', 'line 2: "yesterday" is not a timestamp'],
    ['60,1\n2026-13-40,2', 'line 2: "2026-13-40" is not a timestamp'],
    ['60,1\n120', 'line 2: 1 fields instead of timestamp,value'],
    ['60,1\n120,1,1', 'line 2: 3 fields instead of timestamp,value'],
    ['a,b\nc,d', 'line 2: "c" is not a timestamp'],
    ['', '0 points: at least 2 are needed'],
    ['timestamp,value\n60,1', '1 points: at least 2 are needed'],
  ])('names the line of what is wrong: %j', (text, message) => {
    expect(() => parseSeries(text)).toThrow(message);
  });

  it('knows the usual distance of its points', () => {
    expect(spacing([0, 10, 20, 500, 510].map((at) => ({ at, value: 1 })))).toBe(10);
  });
});
