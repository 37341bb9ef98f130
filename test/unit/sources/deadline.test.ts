import { describe, expect, it } from 'vitest';
import { deadlineWithin } from '../../../src/sources/deadline.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const never = new AbortController().signal;

describe('a deadline', () => {
  it('aborts when its time has run out, and tells that from being given up', async () => {
    const clock = new FakeClock();
    const parent = new AbortController();
    const [ours, theirs] = [deadlineWithin(clock, never, 500), deadlineWithin(clock, parent.signal, 500)];
    await clock.advance(499);
    expect(ours.signal.aborted).toBe(false);
    parent.abort();
    expect([theirs.signal.aborted, theirs.expired()]).toEqual([true, false]);
    await clock.advance(1);
    expect([ours.signal.aborted, ours.expired()]).toEqual([true, true]);
    ours.end();
    theirs.end();
    expect(clock.timers).toBe(0);
  });

  it('gives once more the time in which this process stood still, since nothing that came was read', async () => {
    const clock = new FakeClock();
    const deadline = deadlineWithin(clock, never, 2_000);
    clock.freeze(2_300);
    await clock.advance(0);
    expect(deadline.signal.aborted).toBe(false);
    await clock.advance(299);
    expect(deadline.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(deadline.expired()).toBe(true);
  });

  it('gives no more than its own time, and only once', async () => {
    const clock = new FakeClock();
    const deadline = deadlineWithin(clock, never, 500);
    clock.freeze(60_000);
    await clock.advance(0);
    clock.freeze(60_000);
    await clock.advance(0);
    expect(deadline.expired()).toBe(true);
  });

  it('that is ended after it was given more holds no timer', async () => {
    const clock = new FakeClock();
    const deadline = deadlineWithin(clock, never, 500);
    clock.freeze(1_000);
    await clock.advance(0);
    deadline.end();
    expect(clock.timers).toBe(0);
    await clock.advance(60_000);
    expect(deadline.signal.aborted).toBe(false);
  });
});
