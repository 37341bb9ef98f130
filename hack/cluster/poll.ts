import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the answer is true; after `withinMs` throws what was waited for and the last error. */
export async function until(what: string, withinMs: number, ask: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + withinMs;
  let last = '';
  while (Date.now() < deadline) {
    try {
      if (await ask()) return;
      last = '';
    } catch (error) {
      last = `: ${(error as Error).message}`;
    }
    await sleep(50);
  }
  throw new Error(`waited ${withinMs / 1000} s for ${what}${last}`);
}
