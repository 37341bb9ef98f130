import type { Clock } from '../../../src/sources/contract.ts';

export interface ManualClock extends Clock {
  /** Lets time pass: fires what becomes due, in order, and lets promises settle in between. */
  advance(ms: number): Promise<void>;
  /** Corrects the wall clock; no time passes. */
  jump(ms: number): void;
  pending(): number;
}

/** Virtual time. Work that waits for real sockets does not belong on it. */
export function manualClock(start: number = Date.UTC(2026, 0, 1)): ManualClock {
  let wall = start;
  let monotonic = 1_000_000;
  const timers = new Set<{ at: number; run: () => void }>();
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 20; round += 1) await Promise.resolve();
  };
  const move = (to: number): void => {
    wall += to - monotonic;
    monotonic = to;
  };
  return {
    now: () => wall,
    monotonic: () => monotonic,
    setTimeout(run, ms) {
      const timer = { at: monotonic + Math.max(0, ms), run };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    async advance(ms) {
      const end = monotonic + ms;
      await settle();
      for (;;) {
        const [next] = [...timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        move(next.at);
        next.run();
        await settle();
      }
      move(end);
      await settle();
    },
    jump: (ms) => void (wall += ms),
    pending: () => timers.size,
  };
}

/** Real time that knows how many of its timers are pending. */
export function realClock(): Clock & { pending(): number } {
  let pending = 0;
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimeout(run, ms) {
      pending += 1;
      let isDone = false;
      const done = (): void => {
        if (!isDone) pending -= 1;
        isDone = true;
      };
      const handle = setTimeout(() => {
        done();
        run();
      }, ms);
      return {
        cancel: () => {
          clearTimeout(handle);
          done();
        },
      };
    },
    pending: () => pending,
  };
}
