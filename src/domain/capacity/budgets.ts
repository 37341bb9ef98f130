import type { OrchestrationSpec } from '../../api/kinds.ts';
import { parseQuantity } from '../../api/quantity.ts';
import { type Labels, selects } from '../labels.ts';
import type { Budget } from './allot.ts';

/** One of spec.capacityBudgets of the policy. */
export type BudgetSpec = NonNullable<OrchestrationSpec['capacityBudgets']>[number];

/** Whether a service shares a budget: its namespace is named, and its labels match, where the budget says these. */
export function coversService({ namespaces, selector }: BudgetSpec, namespace: string, labels: Labels): boolean {
  const here = namespaces?.some((name) => name === '*' || name === namespace) ?? true;
  return here && (selector === undefined || selects(selector, labels));
}

/** The budget in numbers, with the keys of the services that share it. */
export function budgetOf({ name, maxReplicas, cpu, memory }: BudgetSpec, covers: readonly string[]): Budget {
  return { name, maxReplicas, cpu: amount(cpu), memory: amount(memory), covers };
}

/** The schema has refused what is no quantity. */
const amount = (quantity: number | string | undefined): number | undefined =>
  quantity === undefined ? undefined : parseQuantity(String(quantity));
