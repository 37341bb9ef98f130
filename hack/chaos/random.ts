import { randomFrom } from '../replay/generate.ts';

/** Numbers from 0 to 1 that are the same for the same seed and run. */
export const randomOf = (seed: number, run: number): (() => number) =>
  randomFrom(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(run + 1, 0x85ebca6b));

/** A whole number, both ends included. */
export const between = (random: () => number, from: number, to: number): number =>
  from + Math.floor(random() * (to - from + 1));

export function pick<T>(random: () => number, from: readonly T[]): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}
