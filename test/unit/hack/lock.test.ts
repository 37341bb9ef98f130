import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withLock } from '../../../hack/cluster/lock.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lock-test-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('lets one in at a time and tells the other who is in', async () => {
  const file = join(dir, 'lock');
  const order: string[] = [];
  const holders: number[] = [];
  let leave: () => void = () => undefined;
  const first = withLock(
    file,
    () => undefined,
    async () => {
      order.push('first in');
      await new Promise<void>((resolve) => (leave = resolve));
      order.push('first out');
    },
  );
  const second = withLock(
    file,
    (pid) => {
      holders.push(pid);
      leave();
    },
    () => Promise.resolve(order.push('second in')),
  );
  await Promise.all([first, second]);
  expect(order).toEqual(['first in', 'first out', 'second in']);
  expect(holders).toEqual([process.pid]);
  expect(existsSync(file)).toBe(false);
});

it('passes over a holder that died', async () => {
  const file = join(dir, 'lock');
  writeFileSync(file, JSON.stringify({ pid: process.pid, startedAt: 'before' }));
  expect(
    await withLock(
      file,
      () => expect.fail('waited'),
      () => Promise.resolve('in'),
    ),
  ).toBe('in');
});

it('is left also when the work fails', async () => {
  const file = join(dir, 'lock');
  const work = withLock(
    file,
    () => undefined,
    () => Promise.reject(new Error('no')),
  );
  await expect(work).rejects.toThrow('no');
  expect(existsSync(file)).toBe(false);
});
