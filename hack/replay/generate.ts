import type { Point } from './series.ts';

const MINUTE = 60_000;
const DAY = 1_440;
/** A Monday, so that days begin at midnight. */
const BEGIN = Date.UTC(2026, 0, 5);

/** Uniform numbers from 0 to 1 from a seed: mulberry32 by Tommy Ettinger, public domain. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Normal numbers with mean 0 and deviation 1: Box & Muller, "A note on the generation of random normal deviates" (1958). */
export function normalFrom(seed: number): () => number {
  const random = randomFrom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export type Shape = keyof typeof SHAPES;

/** Load of a minute of the day. Each is what services really have: waves, office hours, peaks at fixed times. */
export const SHAPES = {
  wave: (minute: number): number => 100 - 60 * Math.cos((2 * Math.PI * minute) / DAY),
  office: (minute: number): number => (minute >= 540 && minute < 1_080 ? 160 : 40),
  ramps: (minute: number): number => 40 + 120 * Math.max(0, Math.min(1, (minute - 480) / 10, (1_140 - minute) / 30)),
  peaks: (minute: number): number => 80 - 40 * Math.cos((2 * Math.PI * minute) / DAY) + (minute % 240 < 15 ? 120 : 0),
} as const;

const pointsOf = (values: readonly number[]): Point[] =>
  values.map((value, index) => ({ at: BEGIN + index * MINUTE, value: Math.max(0, value) }));

/** `noise`: deviation as a share of the load; `drift`: how much days differ, as a share. */
export function daily(shape: Shape, days: number, noise: number, seed: number, drift = 0): Point[] {
  const normal = normalFrom(seed);
  const values: number[] = [];
  for (let day = 0; day < days; day++) {
    const factor = 1 + drift * normal();
    for (let minute = 0; minute < DAY; minute++) {
      values.push(SHAPES[shape](minute) * factor * (1 + noise * normal()));
    }
  }
  return pointsOf(values);
}

export function whiteNoise(days: number, deviation: number, seed: number): Point[] {
  const normal = normalFrom(seed);
  return pointsOf(Array.from({ length: days * DAY }, () => 100 + deviation * normal()));
}

/** Reflected at a tenth and at four times of where it began, so that it stays a load. */
export function randomWalk(days: number, deviation: number, seed: number): Point[] {
  const normal = normalFrom(seed);
  let value = 100;
  return pointsOf(
    Array.from({ length: days * DAY }, () => {
      value += deviation * normal();
      if (value < 10) value = 20 - value;
      if (value > 400) value = 800 - value;
      return value;
    }),
  );
}
