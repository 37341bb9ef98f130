import type { WorkflowPhase, WorkflowSpec } from '../../api/kinds.ts';
import type { Verdict } from './schedule.ts';

type DependsOn = NonNullable<WorkflowSpec['dependsOn']>;

/** Another workflow of the namespace. */
export interface Other {
  readonly phase: WorkflowPhase | undefined;
  readonly dependsOn: DependsOn;
}

export type Dependencies =
  | { readonly kind: 'met' }
  | ({ readonly kind: 'waiting' } & Verdict)
  /** They can never be met. */
  | { readonly kind: 'impossible'; readonly reason: 'DependencyFailed' | 'CycleFound'; readonly message: string };

const ENDS: Partial<Record<WorkflowPhase, 'Succeeded' | 'Failed' | 'Planned'>> = {
  Succeeded: 'Succeeded',
  RolledBack: 'Failed',
  RollbackFailed: 'Failed',
  Failed: 'Failed',
  Cancelled: 'Failed',
  // It did nothing, and will not.
  Planned: 'Planned',
};

/** Whether the workflows that have to end first have ended as they should. `find` gives one by its name; undefined where there is none yet. */
export function dependenciesOf(
  name: string,
  dependsOn: DependsOn,
  find: (name: string) => Other | undefined,
): Dependencies {
  const circle = circleFrom(name, dependsOn, find);
  if (circle !== undefined)
    return {
      kind: 'impossible',
      reason: 'CycleFound',
      message: `workflows wait for each other: ${circle.join(' → ')}`,
    };
  const awaited: string[] = [];
  for (const { name: other, condition } of dependsOn) {
    const phase = find(other)?.phase;
    const end = phase && ENDS[phase];
    if (end === undefined) awaited.push(`${other}${find(other) === undefined ? ' (there is none yet)' : ''}`);
    else if (end === 'Planned' || (condition !== 'Finished' && condition !== end)) {
      const message = `it needs workflow ${other} to have ${condition.toLowerCase()}, and that is ${phase}`;
      return { kind: 'impossible', reason: 'DependencyFailed', message };
    }
  }
  if (awaited.length === 0) return { kind: 'met' };
  return {
    kind: 'waiting',
    reason: 'WaitingForWorkflow',
    message: `waits for the end of workflow ${awaited.join(', ')}`,
  };
}

/** The shortest way from a workflow back to itself; those that have ended wait for nobody. Others may have made a line of thousands. */
function circleFrom(
  name: string,
  dependsOn: DependsOn,
  find: (name: string) => Other | undefined,
): string[] | undefined {
  const waiter = new Map<string, string>();
  // An array that grows while it is iterated.
  const line: { readonly at: string; readonly dependsOn: DependsOn }[] = [{ at: name, dependsOn }];
  for (const { at, dependsOn: awaited } of line) {
    for (const { name: next } of awaited) {
      if (next === name) return [...wayTo(at, waiter), next];
      const other = waiter.has(next) ? undefined : find(next);
      if (other === undefined || (other.phase !== undefined && ENDS[other.phase])) continue;
      waiter.set(next, at);
      line.push({ at: next, dependsOn: other.dependsOn });
    }
  }
  return undefined;
}

function wayTo(end: string, waiter: ReadonlyMap<string, string>): string[] {
  const way: string[] = [];
  for (let at: string | undefined = end; at !== undefined; at = waiter.get(at)) way.push(at);
  return way.toReversed();
}
