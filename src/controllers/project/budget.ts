import type { RawMeta } from './meta.ts';
import { formatSelector, type LabelSelector, requiredLabel } from './selector.ts';

/** The part of a policy/v1 PodDisruptionBudget that is looked at. */
export interface RawBudget {
  metadata: RawMeta;
  spec?: { selector?: LabelSelector };
}

export interface BudgetSnapshot {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Which pods it protects; '' is every pod of the namespace, and undefined none. */
  readonly selector: string | undefined;
}

/** By namespace and one label that every pod of the budget carries, or by the namespace alone. */
export const BY_LABEL = 'label';
export const BUDGET_INDEXES = {
  [BY_LABEL]: ({ namespace, selector }: BudgetSnapshot): string | undefined =>
    selector === undefined ? undefined : labelKey(namespace, requiredLabel(selector)),
};

export const labelKey = (namespace: string, label = ''): string => `${namespace}/${label}`;

export function projectBudget({ metadata, spec }: RawBudget): BudgetSnapshot {
  const { namespace = '', name, uid, resourceVersion } = metadata;
  const selector = spec?.selector && formatSelector(spec.selector);
  return { namespace, name, uid, resourceVersion, selector };
}
