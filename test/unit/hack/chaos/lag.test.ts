import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Lag } from '../../../../hack/chaos/lag.ts';

const block = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

it('what the process was late with is known, also later', async () => {
  const lag = new Lag();
  const before = performance.now();
  block(150);
  expect(lag.since(before)).toBeGreaterThan(100);
  await pause(30);
  expect(lag.since(before)).toBeGreaterThan(100);
  lag.end();
});
