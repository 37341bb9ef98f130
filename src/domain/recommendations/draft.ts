import type { OrchestratedServiceStatus } from '../../api/kinds.ts';

export type Recommendation = NonNullable<OrchestratedServiceStatus['recommendations']>[number];

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Few steps, so that growing certainty is written a few times in all. */
const STEPS: readonly { readonly afterMs: number; readonly confidence: number; readonly words: string }[] = [
  { afterMs: 7 * DAY, confidence: 0.95, words: 'a week' },
  { afterMs: 3 * DAY, confidence: 0.85, words: 'three days' },
  { afterMs: DAY, confidence: 0.7, words: 'a day' },
  { afterMs: 6 * HOUR, confidence: 0.5, words: 'six hours' },
  { afterMs: HOUR, confidence: 0.3, words: 'an hour' },
];
/** How much an observation of this length is worth, undefined while it is nothing. */
export function certainty(observedMs: number): { readonly confidence: number; readonly words: string } | undefined {
  return STEPS.find(({ afterMs }) => observedMs >= afterMs);
}

/**
 * Whether a recommendation was made from more evidence than there is now: evidence is kept in memory only, and after a restart what was
 * found before stands until this confidence is reached again.
 */
export function knewMore(before: Recommendation | undefined, confidence: number, enough: number): boolean {
  return before !== undefined && confidence < enough && confidence < before.confidence;
}

/** The words of before while they say the same with the same certainty: figures in a sentence tremble. */
export function steady(before: Recommendation | undefined, next: Recommendation): Recommendation {
  return before?.action === next.action && before.confidence === next.confidence ? before : next;
}

/** The figure that an action of these words ends with; undefined where it has other words. */
export function proposedBy(before: Recommendation | undefined, words: string): string | undefined {
  return before?.action.startsWith(`${words} `) ? before.action.slice(words.length + 1) : undefined;
}
