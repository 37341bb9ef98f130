import { describe, expect, it } from 'vitest';
import type { TokenVerdict } from '../../../src/server/api.ts';
import { createTokens, TooManyReviews } from '../../../src/server/tokens.ts';
import { manualClock } from '../sources/clock.ts';
import { token } from './fixtures.ts';

function setUp(review: (token: string, signal: AbortSignal) => Promise<TokenVerdict>) {
  const clock = manualClock();
  const asked: string[] = [];
  const verdictOf = createTokens({
    clock,
    review: (given, signal) => {
      asked.push(given);
      return review(given, signal);
    },
  });
  return { clock, asked, verdictOf };
}

const accepting = async (): Promise<TokenVerdict> => ({
  authenticated: true,
  username: 'system:serviceaccount:shop:cart',
});
const refusing = async (): Promise<TokenVerdict> => ({ authenticated: false, error: 'expired' });

describe('tokens', () => {
  it('are reviewed once a minute, however often they come', async () => {
    const { clock, asked, verdictOf } = setUp(accepting);
    for (let index = 0; index < 1000; index += 1) expect((await verdictOf(token('a'))).authenticated).toBe(true);
    expect(asked).toHaveLength(1);
    await clock.advance(59_000);
    await verdictOf(token('a'));
    expect(asked).toHaveLength(1);
    await clock.advance(1000);
    await verdictOf(token('a'));
    expect(asked).toHaveLength(2);
  });

  it('that come at once wait for one review', async () => {
    const { asked, verdictOf } = setUp(accepting);
    await Promise.all(Array.from({ length: 100 }, () => verdictOf(token('a'))));
    expect(asked).toHaveLength(1);
  });

  it('that are refused are asked again after ten seconds', async () => {
    const { clock, asked, verdictOf } = setUp(refusing);
    expect(await verdictOf(token('a'))).toMatchObject({ authenticated: false });
    await verdictOf(token('a'));
    expect(asked).toHaveLength(1);
    await clock.advance(10_000);
    await verdictOf(token('a'));
    expect(asked).toHaveLength(2);
  });

  it('a clock that jumps does not lengthen their time', async () => {
    const { clock, asked, verdictOf } = setUp(accepting);
    await verdictOf(token('a'));
    clock.jump(-3_600_000);
    await clock.advance(60_000);
    await verdictOf(token('a'));
    expect(asked).toHaveLength(2);
  });

  it('whose review fails are not remembered', async () => {
    let isDown = true;
    const { asked, verdictOf } = setUp(() => (isDown ? Promise.reject(new Error('connection refused')) : accepting()));
    await expect(verdictOf(token('a'))).rejects.toThrow('connection refused');
    isDown = false;
    expect(await verdictOf(token('a'))).toMatchObject({ authenticated: true });
    expect(asked).toHaveLength(2);
  });

  it('whose review takes too long are given up, and the timer goes with it', async () => {
    const review = (_: string, signal: AbortSignal): Promise<TokenVerdict> =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    const { clock, verdictOf } = setUp(review);
    const outcome = verdictOf(token('a')).catch((error: unknown) => String(error));
    await clock.advance(5000);
    expect(await outcome).toContain('did not answer in time');
    expect(clock.pending()).toBe(0);
  });

  it('that are no tokens are refused without asking', async () => {
    const { asked, verdictOf } = setUp(accepting);
    for (const given of ['', 'abc', 'a.b', 'a.b.c.d', 'a b.c.d', `${'x'.repeat(9000)}.b.c`]) {
      expect((await verdictOf(given)).authenticated).toBe(false);
    }
    expect(asked).toEqual([]);
  });

  it('made up by strangers cause at most 32 reviews at once', async () => {
    const { asked, verdictOf } = setUp(() => new Promise(() => {}));
    const refused = Array.from({ length: 100 }, (_, index) =>
      verdictOf(token(`t${index}`)).catch((error: unknown) => error),
    );
    expect(await refused[99]).toBeInstanceOf(TooManyReviews);
    expect(asked).toHaveLength(32);
  });

  it('are forgotten when there are more than 10,000: the oldest first', async () => {
    const { asked, verdictOf } = setUp(accepting);
    for (let index = 0; index <= 10_000; index += 1) await verdictOf(token(`t${index}`));
    asked.splice(0);
    await verdictOf(token('t10000'));
    expect(asked).toEqual([]);
    await verdictOf(token('t0'));
    expect(asked).toHaveLength(1);
  });
});
