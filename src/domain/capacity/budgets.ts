import type { OrchestrationSpec } from '../../api/kinds.ts';
import { parseQuantity } from '../../api/quantity.ts';
import type { Budget } from './allot.ts';

/** One of spec.capacityBudgets of the policy. */
export type BudgetSpec = NonNullable<OrchestrationSpec['capacityBudgets']>[number];

type Labels = Readonly<Record<string, string>>;
type Expression = NonNullable<NonNullable<BudgetSpec['selector']>['matchExpressions']>[number];

/** Whether a service shares a budget: its namespace is named, and its labels match, where the budget says these. */
export function coversService({ namespaces, selector }: BudgetSpec, namespace: string, labels: Labels): boolean {
  const here = namespaces?.some((name) => name === '*' || name === namespace) ?? true;
  if (!here || selector === undefined) return here;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((expression) => matches(expression, labels))
  );
}

/** As in Kubernetes, NotIn also matches what lacks the label. */
function matches({ key, operator, values = [] }: Expression, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/** The budget in numbers, with the keys of the services that share it. */
export function budgetOf({ name, maxReplicas, cpu, memory }: BudgetSpec, covers: readonly string[]): Budget {
  return { name, maxReplicas, cpu: amount(cpu), memory: amount(memory), covers };
}

/** The schema has refused what is no quantity. */
const amount = (quantity: number | string | undefined): number | undefined =>
  quantity === undefined ? undefined : parseQuantity(String(quantity));
