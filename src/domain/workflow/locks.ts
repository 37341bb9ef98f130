import type { WorkflowSpec } from '../../api/kinds.ts';
import { isObjectName, type ObjectReference } from './action.ts';
import { readTemplate, textOf } from './template.ts';

export type Access = 'Exclusive' | 'Shared';

/** What a workflow has to itself, or shares, while it runs. */
export interface Lock {
  /** `namespace/group/Kind/name`: versions of a group are the same objects. */
  readonly key: string;
  readonly access: Access;
  /** Its service may fail over all the same: a step of the holder orders that. */
  readonly failsOver?: boolean;
}

export const lockKey = (namespace: string, { apiVersion, kind, name }: ObjectReference): string => {
  const slash = apiVersion.indexOf('/');
  return `${namespace}/${slash < 0 ? '' : apiVersion.slice(0, slash)}/${kind}/${name}`;
};

/** `Deployment shop` of `team/apps/Deployment/shop`. */
export const lockName = (key: string): string => key.split('/').slice(2).join(' ');

const WORDS = { shared: ' shared', failsOver: ' fails over' } as const;

/** As `status.locks` has it: one that is just exclusive as its key, others with words after it. */
export const writeLock = ({ key, access, failsOver }: Lock): string =>
  access === 'Shared' ? key + WORDS.shared : failsOver ? key + WORDS.failsOver : key;

export function readLock(text: string): Lock {
  if (text.endsWith(WORDS.shared)) return { key: text.slice(0, -WORDS.shared.length), access: 'Shared' };
  if (!text.endsWith(WORDS.failsOver)) return { key: text, access: 'Exclusive' };
  return { key: text.slice(0, -WORDS.failsOver.length), access: 'Exclusive', failsOver: true };
}

type Located = Pick<WorkflowSpec, 'targets' | 'steps'>;
type Parameters = Readonly<Record<string, string>>;

/**
 * What a workflow needs before it runs, sorted by key: what it lists, and all that its steps and their compensations write to, exclusively.
 * Names may be templates over the parameters, because what a step finds is not known before it runs; throws RangeError for others, and for what is no name.
 * `workloadsOf` gives what an OrchestratedService is about, for steps that fail over.
 */
export function locksOf(
  namespace: string,
  { targets = [], steps = [] }: Located,
  parameters: Parameters,
  workloadsOf: (service: string) => readonly ObjectReference[],
): Lock[] {
  const locks = new Map<string, Lock>();
  const add = (target: ObjectReference, access: Access, failsOver = false): void => {
    const key = lockKey(namespace, { ...target, name: nameOf(target.name, parameters) });
    const there = locks.get(key);
    const isExclusive = access === 'Exclusive' || there?.access === 'Exclusive';
    const orders = failsOver || there?.failsOver === true;
    locks.set(key, { key, access: isExclusive ? 'Exclusive' : 'Shared', ...(orders && { failsOver: true }) });
  };
  for (const step of steps) {
    for (const action of [step, step.compensate]) {
      const written = action?.scale ?? action?.restart ?? action?.patch;
      if (written) add(written.target, 'Exclusive');
      if (!action?.failover) continue;
      for (const workload of workloadsOf(nameOf(action.failover.service, parameters))) add(workload, 'Exclusive', true);
    }
  }
  for (const { access, ...target } of targets) add(target, access);
  return [...locks.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function nameOf(text: string, parameters: Parameters): string {
  const read = readTemplate(text, ['parameters']);
  const filled = read.ok ? read.template.render({ parameters }) : read;
  if (!filled.ok)
    throw new RangeError(
      `a target is named by parameters only, because it is locked before the first step: ${filled.message}`,
    );
  const name = textOf(filled.value);
  if (isObjectName(name)) return name;
  throw new RangeError(`the name of a target is ${JSON.stringify(name.slice(0, 80))}, and no object can be called so`);
}
