import { describe, expect, it } from 'vitest';
import { type Bucket, take } from '../../../src/domain/status/bucket.ts';
import { fc } from '../../support/properties.ts';

describe('the bucket of a service that flaps', () => {
  it('gives ten at once, then one a second', () => {
    let bucket: Bucket | undefined;
    const allowed: number[] = [];
    for (let now = 0; now <= 5_000; now += 100) {
      const taken = take(bucket, now);
      bucket = taken.bucket;
      if (taken.allowed) allowed.push(now);
    }
    expect(allowed).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 2000, 3000, 4000, 5000]);
  });

  it('says when to come back, and then there is one', () => {
    let bucket: Bucket | undefined;
    for (let count = 0; count < 10; count += 1) ({ bucket } = take(bucket, 0));
    const refused = take(bucket, 250);
    expect(refused).toMatchObject({ allowed: false, retryAt: 1_000 });
    expect(take(refused.bucket, 1_000).allowed).toBe(true);
  });

  it('never gives more than 10 plus one a second, and is not upset by a clock that is set back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -2_000, max: 1_500 }), { maxLength: 200, size: 'max' }), (waits) => {
        let bucket: Bucket | undefined;
        let [now, forward, given] = [1_000_000, 0, 0];
        for (const wait of waits) {
          now += wait;
          forward += Math.max(0, wait);
          const taken = take(bucket, now);
          bucket = taken.bucket;
          if (taken.allowed) given += 1;
        }
        expect(given).toBeLessThanOrEqual(10 + forward / 1_000);
      }),
    );
  });
});
