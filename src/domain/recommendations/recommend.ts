import { disruptionBudget, replicas } from './availability.ts';
import { maxReplicas, minReplicas } from './bounds.ts';
import type { Recommendation } from './draft.ts';
import type { AdviceFacts } from './facts.ts';
import { size } from './sizes.ts';
import { strategy } from './strategy.ts';

type Type = Recommendation['type'];
type Advise = (facts: AdviceFacts, before: Recommendation | undefined) => Recommendation | undefined;

const MOST = 5;

/** In the order in which they are told: first what makes a service fail, then what makes it slow, then what it costs. */
const ADVISERS: readonly (readonly [Type, Advise])[] = [
  ['Replicas', replicas],
  ['PodDisruptionBudget', disruptionBudget],
  ['MemoryLimit', (facts, before) => size('MemoryLimit', facts, before)],
  ['MaxReplicas', maxReplicas],
  ['MemoryRequest', (facts, before) => size('MemoryRequest', facts, before)],
  ['CPURequest', (facts, before) => size('CPURequest', facts, before)],
  ['CPULimit', (facts, before) => size('CPULimit', facts, before)],
  ['Strategy', strategy],
  ['MinReplicas', minReplicas],
];

/**
 * What would do a service good, at most five. `previous` is what the status says: a recommendation stands, word for word, while what it
 * follows from is still about the same, so that a quiet cluster sees no writes. Given its own result it gives the same again.
 */
export function recommend(
  facts: AdviceFacts,
  previous: readonly Recommendation[] | undefined,
): readonly Recommendation[] {
  const found: Recommendation[] = [];
  for (const [type, advise] of ADVISERS) {
    const before = previous?.find((recommendation) => recommendation.type === type);
    const next = advise(facts, before);
    if (next !== undefined && found.push(next) === MOST) break;
  }
  return found;
}
