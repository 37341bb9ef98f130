import type { OrchestrationReconciler } from '../controllers/orchestration/reconciler.ts';
import type { ServiceReconciler } from '../controllers/service/reconciler.ts';
import type { ServiceEvidence } from '../domain/emergency/rules.ts';
import type { ServiceSummary } from '../domain/orchestration/summarise.ts';

/** What the state of the whole is summed up from. */
export function* summaries(reconciler: ServiceReconciler): Generator<ServiceSummary> {
  for (const { namespace, name, spec, status } of reconciler.all()) {
    const figures = reconciler.figures.get(`${namespace}/${name}`);
    yield {
      namespace,
      name,
      priority: spec.priority,
      status,
      observed: figures !== undefined,
      scores: figures?.scores,
    };
  }
}

/** Nothing where no service is Failed: that is no more than any limit, and there is no need to count. */
export function* evidenceOf(reconciler: ServiceReconciler): Generator<ServiceEvidence> {
  if (!reconciler.figures.values().some(({ health }) => health === 'Failed')) return;
  for (const { namespace, name, status } of reconciler.all()) {
    const figures = reconciler.figures.get(`${namespace}/${name}`);
    if (figures === undefined) continue;
    yield { health: figures.health, confidence: figures.confidence, everAvailable: status?.everAvailable === true };
  }
}

/** What metrics tell of services. */
export function* figuresOf(reconciler: ServiceReconciler, now: number) {
  for (const [key, figures] of reconciler.figures) {
    const slash = key.indexOf('/');
    const objectives = figures.objectivesAt(now);
    const circuit = reconciler.latest(key)?.status?.healing?.circuit;
    yield {
      ...figures,
      ...(circuit && { circuit }),
      objectives,
      namespace: key.slice(0, slash),
      service: key.slice(slash + 1),
    };
  }
}

/** What metrics tell of the whole. */
export function systemOf({ status }: OrchestrationReconciler) {
  return (
    status && {
      state: status.state,
      score: status.score,
      scores: status.scores,
      services: (status.services ?? {}) as Record<string, number>,
      ...(status.discovery && { discovery: status.discovery }),
    }
  );
}
