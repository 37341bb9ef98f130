import type { WorkflowSpec } from '../../api/kinds.ts';
import type { Problem, WrittenAction } from './input.ts';
import { stepsOf } from './rules.ts';
import { compensationOf } from './undo.ts';

/**
 * What of a workflow acts, or reads, as its ServiceAccount where it names none, in words. Admission refuses it where the steps are its own; those of
 * a template come later.
 */
export function accountProblems(spec: WorkflowSpec): Problem[] {
  if (spec.serviceAccountName !== undefined) return [];
  const steps = stepsOf(spec).filter((step) => isForAccount(step) || isForAccount(compensationOf(step) ?? {}));
  const criteria = (spec.successCriteria ?? []).flatMap(({ target }, n) => (target ? [`successCriteria[${n}]`] : []));
  const [first, ...more] = [...steps.map(({ name }) => `step ${name}`), ...criteria];
  if (first === undefined) return [];
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  const message = `${first}${others} reads or writes as a ServiceAccount: write one with spec.serviceAccountName`;
  return [{ reason: 'InvalidSpec', message }];
}

/** What asks for people who are not the one who asked for it, where nobody is named who did: whoever that was could agree to it himself. */
export function requesterProblems(spec: WorkflowSpec): Problem[] {
  const asking = stepsOf(spec).find(({ approval }) => (approval?.required ?? 1) > 1);
  if (asking === undefined || spec.requestedBy !== undefined) return [];
  const message = `step ${asking.name} asks for two or more people beside who asked for the workflow: write yourself with spec.requestedBy`;
  return [{ reason: 'InvalidSpec', message }];
}

const isForAccount = ({ scale, restart, patch, job, failover, workflow, wait }: WrittenAction): boolean =>
  (scale ?? restart ?? patch ?? job ?? failover ?? workflow?.name ?? wait?.target) !== undefined;
