import type { Metrics } from './registry.ts';

interface Amounts {
  readonly replicas: number;
  readonly cpu: number;
  readonly memory: number;
}

interface BudgetFigures {
  readonly budget: {
    readonly name: string;
    readonly maxReplicas: number | undefined;
    readonly cpu: number | undefined;
    readonly memory: number | undefined;
  };
  readonly wanted: Amounts;
  readonly given: Amounts;
}

/** Answers scrapes with the capacity budgets, each by the resources that it limits. */
export function collectCapacity(metrics: Metrics, figures: () => Iterable<BudgetFigures>): void {
  const names = [
    'baton_capacity_budget_limit',
    'baton_capacity_budget_wanted',
    'baton_capacity_budget_allotted',
  ] as const;
  metrics.collect(names, (emit) => {
    for (const { budget, wanted, given } of figures()) {
      const limits = { replicas: budget.maxReplicas, cpu: budget.cpu, memory: budget.memory };
      for (const resource of ['replicas', 'cpu', 'memory'] as const) {
        const limit = limits[resource];
        if (limit === undefined) continue;
        const labels = { budget: budget.name, resource };
        emit('baton_capacity_budget_limit', labels, limit);
        emit('baton_capacity_budget_wanted', labels, wanted[resource]);
        emit('baton_capacity_budget_allotted', labels, given[resource]);
      }
    }
  });
}
