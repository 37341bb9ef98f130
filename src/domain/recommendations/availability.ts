import { activeScaling } from '../scaling/from-spec.ts';
import { type Recommendation, steady } from './draft.ts';
import type { AdviceFacts } from './facts.ts';

/** A Critical service that may run on one pod. */
export function replicas(facts: AdviceFacts, before: Recommendation | undefined): Recommendation | undefined {
  const { priority, desired, scaling, kind, name } = facts;
  if (priority !== 'Critical' || desired === 0) return undefined;
  const isScaled = activeScaling(scaling) !== undefined;
  const isFew = isScaled ? scaling?.minReplicas === 1 : desired === 1;
  if (!isFew) return undefined;
  return steady(before, {
    type: 'Replicas',
    action: isScaled ? 'raise scaling.minReplicas from 1 to 2' : `run 2 replicas of ${kind} ${name} at least`,
    // A StatefulSet of one is often one on purpose.
    confidence: kind === 'StatefulSet' ? 0.7 : 0.9,
    because: `the priority is Critical and one replica is ${isScaled ? 'allowed' : 'asked for'}: while its pod is replaced or its node fails, nothing serves`,
  });
}

const CONFIDENCE = { Critical: 0.95, High: 0.9, Normal: 0.8 } as const;

/** Several pods that a drain of nodes may evict at once. Of Low and Maintenance services that is taken for granted. */
export function disruptionBudget(facts: AdviceFacts, before: Recommendation | undefined): Recommendation | undefined {
  const { priority, desired, coverage, scaling, selector } = facts;
  if (priority === 'Low' || priority === 'Maintenance') return undefined;
  // With one pod a budget that holds would block every drain.
  if (desired < 2 && (activeScaling(scaling)?.minReplicas ?? 0) < 2) return undefined;
  if (coverage === 'Unseen') return before;
  if (coverage !== 'Bare') return undefined;
  return steady(before, {
    type: 'PodDisruptionBudget',
    action: `create a PodDisruptionBudget with maxUnavailable: 1 for the pods ${cut(selector)}`,
    confidence: CONFIDENCE[priority],
    because: 'no PodDisruptionBudget selects the pods, so draining nodes may evict all of them at once',
  });
}

const cut = (selector: string): string =>
  selector.length > 160 ? `${selector.slice(0, 159).toWellFormed()}…` : selector;
