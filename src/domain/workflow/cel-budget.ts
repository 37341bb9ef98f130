import { isCelList, isCelMap } from '@bufbuild/cel';

/** An expression asks for more than it may. */
export class Exhausted extends Error {}

/** A unit is about a microsecond: one value that is looked at, or so many characters of a text. */
const MOST = 300_000;
const CHARACTERS = 64;

/** What one evaluation may still cost. */
export class Budget {
  left = MOST;

  fill(): void {
    this.left = MOST;
  }

  take(units: number): void {
    this.left -= units;
    if (this.left < 0) throw new Exhausted('takes too long: it makes, compares or matches too much');
  }
}

/** Values in a value, texts by their length. Not counted further than `most`: a value in which another one is again and again may be endless. */
export function weightOf(value: unknown, most: number): number {
  if (typeof value === 'string') return 1 + value.length / CHARACTERS;
  let weight = 1;
  const add = (inner: unknown): boolean => {
    weight += weightOf(inner, most - weight);
    return weight > most;
  };
  if (isCelList(value)) {
    for (const element of value) if (add(element)) break;
  } else if (isCelMap(value)) {
    for (const [key, field] of value) if (add(key) || add(field)) break;
  }
  return weight;
}

/** Of reading a regular expression and matching a text with it: RE2 tries all states at each character, and repetitions are states of their own. */
export function workOfPattern(pattern: string, text: string): number {
  let repeated = 1;
  for (const count of pattern.matchAll(/\{(\d+)?,?(\d+)?\}/g))
    repeated *= Math.max(1, Number(count[2] ?? count[1] ?? 1));
  // It refuses patterns that repeat anything more often.
  const states = pattern.length * Math.min(repeated, 1_000);
  return (states * (text.length + CHARACTERS / 4)) / CHARACTERS;
}
