import { disruptionBudget, replicas } from './availability.ts';
import { maxReplicas, minReplicas } from './bounds.ts';
import type { Recommendation } from './draft.ts';
import type { AdviceFacts } from './facts.ts';
import { sizes, type SizeType } from './sizes.ts';
import { strategy } from './strategy.ts';

type Type = Recommendation['type'];
type Advise = (facts: AdviceFacts, before: readonly Recommendation[]) => readonly Recommendation[];
type AdviseOnce = (facts: AdviceFacts, before: Recommendation | undefined) => Recommendation | undefined;

const MOST = 5;

const once =
  (advise: AdviseOnce): Advise =>
  (facts, [before]) => {
    const found = advise(facts, before);
    return found === undefined ? [] : [found];
  };
const sized =
  (type: SizeType): Advise =>
  (facts, before) =>
    sizes(type, facts, before);

/** In the order in which they are told: first what makes a service fail, then what makes it slow, then what it costs. */
const ADVISERS: readonly (readonly [Type, Advise])[] = [
  ['Replicas', once(replicas)],
  ['PodDisruptionBudget', once(disruptionBudget)],
  ['MemoryLimit', sized('MemoryLimit')],
  ['MaxReplicas', once(maxReplicas)],
  ['MemoryRequest', sized('MemoryRequest')],
  ['CPURequest', sized('CPURequest')],
  ['CPULimit', sized('CPULimit')],
  ['Strategy', once(strategy)],
  ['MinReplicas', once(minReplicas)],
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
    const before = previous?.filter((recommendation) => recommendation.type === type) ?? [];
    found.push(...advise(facts, before));
  }
  return found.slice(0, MOST);
}
