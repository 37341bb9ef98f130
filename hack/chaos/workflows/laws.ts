// What must be so of workflows whatever goes wrong, read from what the API server wrote.
import { OPERATION } from '../../../src/api/annotations.ts';
import type { StepStatus, Workflow, WorkflowPhase } from '../../../src/api/kinds.ts';
import { isOver, isUnderWay } from '../../../src/domain/workflow/phase.ts';
import { readLock } from '../../../src/domain/workflow/locks.ts';
import type { Obj } from '../../../test/cluster/operator/support/objects.ts';
import { changes, type Law, of } from '../laws.ts';
import type { Kind, Version } from '../record.ts';

const workflowOf = ({ object }: Version): Workflow => object as unknown as Workflow;

const statusOf = (versions: readonly Version[], name: string): Workflow['status'] => {
  const last = of(versions, 'workflows', name).at(-1);
  return last && workflowOf(last).status;
};

/** Values that something takes on, in order; what was there first is none of them. */
export const became =
  (kind: Kind, name: string, what: string, pick: (object: Obj) => unknown, wanted: readonly unknown[]): Law =>
  ({ versions }) => {
    const seen = of(versions, kind, name).map(({ version, object }) => ({ version, value: pick(object) }));
    const values = changes(seen).map(({ value }) => value);
    const isSo = JSON.stringify(values) === JSON.stringify(wanted);
    return isSo ? [] : [`${what} of ${name} became ${JSON.stringify(values)}, and not ${JSON.stringify(wanted)}`];
  };

/** So many objects were ever there whose names begin so. */
export const made =
  (kind: Kind, prefix: string, count: number): Law =>
  ({ versions }) => {
    const those = of(versions, kind).filter(({ name }) => name.startsWith(prefix));
    const uids = new Set(those.map(({ object }) => object.metadata.uid));
    return uids.size === count ? [] : [`${uids.size} ${kind} were made that are called ${prefix}..., and not ${count}`];
  };

/** Whether one is left whose name begins so. */
export const isThere = (versions: readonly Version[], kind: Kind, prefix: string): boolean => {
  const those = of(versions, kind).filter(({ name }) => name.startsWith(prefix));
  return new Map(those.map(({ name, isGone }) => [name, isGone])).values().some((isGone) => !isGone);
};

const KINDS_STAMPED: readonly Kind[] = ['deployments', 'replicationcontrollers', 'configmaps', 'orchestratedservices'];

const stampOf = ({ metadata }: Obj): string | undefined =>
  (metadata['annotations'] as Record<string, string> | undefined)?.[OPERATION];

/** Each stamp came once, and is that of an attempt of which a workflow knows. */
export const stampedOnce: Law = ({ versions }) => {
  const stamps = KINDS_STAMPED.flatMap((kind) => {
    const names = new Set(of(versions, kind).map(({ name }) => name));
    return [...names].flatMap((name) => {
      const seen = of(versions, kind, name).map(({ version, object }) => ({ version, value: stampOf(object) }));
      return changes(seen).map(({ value }) => ({ name, stamp: value ?? 'none' }));
    });
  });
  const known = knownOps(versions);
  return stamps.flatMap(({ name, stamp }, index) => [
    ...(stamps.findIndex((other) => other.stamp === stamp) < index ? [`${name} was stamped twice with ${stamp}`] : []),
    ...(known.has(stamp) ? [] : [`${name} was stamped with ${stamp}, of which no workflow knows`]),
  ]);
};

function knownOps(versions: readonly Version[]): ReadonlySet<string> {
  const steps = of(versions, 'workflows').flatMap((version) => workflowOf(version).status?.steps ?? []);
  return new Set(steps.flatMap(({ opId, compensation }) => [opId ?? '', compensation?.opId ?? '']));
}

/** It ended so, and each of its steps, with one attempt. */
export const carriedOut =
  (name: string, phase: WorkflowPhase, states: Readonly<Record<string, readonly StepStatus['state'][]>>): Law =>
  ({ versions }) => {
    const { phase: ended, steps = [] } = statusOf(versions, name) ?? {};
    return [
      ...(ended === phase ? [] : [`workflow ${name} is ${ended}, and not ${phase}`]),
      ...steps.flatMap(({ name: step, state, attempt = 1, compensation, message = '' }) => {
        const wanted = states[step] ?? [];
        return [
          ...(wanted.includes(state)
            ? []
            : [`step ${step} of ${name} is ${state} (${message}), and not ${wanted.join()}`]),
          ...(attempt === 1 && (compensation?.attempt ?? 1) === 1 ? [] : [`step ${step} of ${name} was tried again`]),
        ];
      }),
    ];
  };

/** What has the content of a template tells of which generation that is. */
export const copiedFrom: Law = ({ versions }) => {
  const wrong = of(versions, 'workflows').filter((version) => {
    const { spec, status } = workflowOf(version);
    return spec.templateRef !== undefined && status?.template !== undefined && !/@\d+$/.test(status.template);
  });
  return wrong.slice(0, 1).map(({ name }) => `workflow ${name} does not tell the generation of its template`);
};

/** Of an ended workflow nothing is changed any more. */
export const restedAfterwards =
  (name: string): Law =>
  ({ versions }) => {
    const phases = of(versions, 'workflows', name).map((version) => workflowOf(version).status?.phase);
    const first = phases.findIndex(isOver);
    return first < 0 || first === phases.length - 1
      ? []
      : [`workflow ${name} was changed ${phases.length - 1 - first} times after its end`];
  };

/** What two want to themselves none has while the other has it; children use what is their parent's. */
export const oneOwner: Law = ({ versions }) => {
  const running = new Map<string, Version>();
  const found = new Set<string>();
  for (const version of of(versions, 'workflows')) {
    const { status } = workflowOf(version);
    if (version.isGone || !isUnderWay(status?.phase)) running.delete(version.name);
    else running.set(version.name, version);
    for (const [a, b, key] of clashes([...running.values()])) found.add(`${key} belongs to ${a} and to ${b}`);
  }
  return [...found];
};

function* clashes(running: readonly Version[]): Generator<[string, string, string]> {
  for (const [index, a] of running.entries()) {
    for (const b of running.slice(index + 1)) {
      if (isOf(a, b) || isOf(b, a)) continue;
      const theirs = new Map(locksOf(b).map(({ key, access }) => [key, access]));
      for (const { key, access } of locksOf(a)) {
        const other = theirs.get(key);
        if (other !== undefined && (access === 'Exclusive' || other === 'Exclusive')) yield [a.name, b.name, key];
      }
    }
  }
}

const locksOf = (version: Version) => (workflowOf(version).status?.locks ?? []).map(readLock);

const isOf = ({ object }: Version, parent: Version): boolean =>
  ((object.metadata['ownerReferences'] ?? []) as { uid: string }[]).some(
    ({ uid }) => uid === parent.object.metadata.uid,
  );

export interface Asked {
  readonly workflow: string;
  readonly step: string;
  /** Whether it may be sent again where nobody knows whether it arrived. */
  readonly isIdempotent: boolean;
  readonly keys: () => readonly string[];
}

/**
 * A request that may be sent again is that of one attempt, however often it came. One that may not came once; where another process than the one
 * that wrote its intent has to tell what became of it, it came once or not at all, and only then may it be Unknown.
 */
export const askedOnce =
  ({ workflow, step, isIdempotent, keys }: Asked): Law =>
  (evidence) => {
    const asked = keys();
    const attempts = new Set(asked).size;
    if (isIdempotent) return attempts === 1 ? [] : [`${step} of ${workflow} was sent as ${attempts} attempts`];
    const own = of(evidence.versions, 'workflows', workflow);
    const isUnknown = own.some((version) => isUnknownAt(version, step));
    if (!isUnknown) return asked.length === 1 ? [] : [`${step} of ${workflow} was sent ${asked.length} times`];
    return [
      ...(asked.length <= 1 ? [] : [`${step} of ${workflow} is Unknown and was sent ${asked.length} times`]),
      ...(hasLeadChanged(evidence, workflow, step) ? [] : [`${step} of ${workflow} is Unknown although nobody died`]),
    ];
  };

/** Whether another process, or the same one in another term, had to end what one had begun. */
function hasLeadChanged({ versions, writes }: Parameters<Law>[0], workflow: string, step: string): boolean {
  const own = of(versions, 'workflows', workflow);
  const intent = own.find((version) => stepAt(version, step)?.state === 'Intent')?.version ?? 0;
  const end = own.find((version) => isUnknownAt(version, step))?.version ?? 0;
  const by = (version: number) => writes.find(({ resourceVersion }) => resourceVersion === version)?.identity;
  if (by(intent) !== by(end)) return true;
  const leases = of(versions, 'leases', 'baton').map(({ version, object }) => ({
    version,
    value: JSON.stringify([leaseOf(object).holderIdentity, leaseOf(object).acquireTime]),
  }));
  return changes(leases).some(({ version }) => version > intent && version < end);
}

const leaseOf = (object: Obj) => object['spec'] as { readonly holderIdentity?: string; readonly acquireTime?: string };

/** What is undone at once never has the state Unknown, and keeps the reason. */
const isUnknownAt = (version: Version, step: string): boolean => stepAt(version, step)?.reason === 'OutcomeUnknown';

const stepAt = (version: Version | undefined, step: string): StepStatus | undefined =>
  version && workflowOf(version).status?.steps?.find(({ name }) => name === step);
