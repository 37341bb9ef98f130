import type { Scope } from './input.ts';
import type { Run } from './run.ts';

/** What the templates of a step may name: the parameters, the workflow, and the steps in `names`. */
export function scopeOf(run: Run, names: Iterable<string>): Scope {
  const { spec, name, namespace, uid } = run.input.workflow;
  const steps: Record<string, unknown> = {};
  for (const step of names) {
    const { state, outputs = {} } = run.step(step).status;
    steps[step] = { state, outputs };
  }
  const parameters = Object.fromEntries((spec.parameters ?? []).map((parameter) => [parameter.name, parameter.value]));
  return { parameters, steps, workflow: { name, namespace, uid, requestedBy: spec.requestedBy ?? '' } };
}
