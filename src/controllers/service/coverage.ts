import type { Coverage } from '../../domain/recommendations/facts.ts';
import { newestPod } from '../../domain/recommendations/newest.ts';
import type { PodSnapshot } from '../../domain/snapshot.ts';
import type { Cache } from '../ports.ts';
import { BY_LABEL, type BudgetSnapshot, labelKey } from '../project/budget.ts';
import { parseSelector } from '../project/selector.ts';

/** Whether a PodDisruptionBudget selects the pods of a workload as they are from now on. */
export function coverageOf(pods: readonly PodSnapshot[], budgets: Cache<BudgetSnapshot>): Coverage {
  if (!budgets.synced || budgets.problem?.reason === 'Forbidden') return 'Untold';
  const pod = newestPod(pods);
  if (pod === undefined) return 'Unseen';
  const { labels } = pod.template;
  const wanted = [undefined, ...Object.entries(labels).map(([key, value]) => `${key}=${value}`)];
  const isCovered = wanted.some((label) =>
    budgets
      .byIndex(BY_LABEL, labelKey(pod.namespace, label))
      .some(({ selector = '' }) => selector === '' || parseSelector(selector)(labels)),
  );
  return isCovered ? 'Covered' : 'Bare';
}
