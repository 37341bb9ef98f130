import type { Reason } from '../../api/reasons.ts';
import type { WorkloadSnapshot } from '../snapshot.ts';
import { cut, nameSome } from './names.ts';
import type { PodFacts } from './pods.ts';
import { EVIDENCE_LIMIT, type FreshSignal, WEIGHTS } from './signal.ts';

type Name = keyof typeof WEIGHTS;

function fresh(
  name: Name,
  score: number,
  value: string,
  finding: string,
  reason: Reason,
  details: string = '',
): FreshSignal {
  const weight = WEIGHTS[name];
  const evidence = cut(finding + details, EVIDENCE_LIMIT);
  return {
    state: 'fresh',
    name,
    weight,
    score,
    value,
    finding: cut(finding, EVIDENCE_LIMIT),
    evidence,
    reason,
    critical: false,
  };
}

/** Ready over desired pods; those that a rolling update adds count neither way. */
export function availability(facts: PodFacts, desired: number, createFailure?: string): FreshSignal {
  if (desired === 0) return fresh('availability', 100, '0/0', 'the workload asks for no pods', 'ScaledToZero');
  const score = (Math.min(facts.ready, desired) / desired) * 100;
  let evidence = `${facts.ready} of ${desired} pods are ready`;
  if (score < 100 && facts.notReady.length > 0) evidence += `; not ready: ${nameSome(facts.notReady)}`;
  if (facts.current < desired) evidence += `; not created: ${desired - facts.current}${inBrackets(createFailure)}`;
  return fresh('availability', score, `${facts.ready}/${desired}`, evidence, causeOfUnready(facts));
}

/** Without the name of the one pod that was tried, and without figures, which move. */
function inBrackets(createFailure: string | undefined): string {
  if (createFailure === undefined) return '';
  return ` (${createFailure.replace(/^pods "[^"]*" is forbidden: /, '').replace(/, requested: .*$/s, '')})`;
}

/** The most telling thing that is known of pods that are not ready. */
function causeOfUnready(facts: PodFacts): Reason {
  if (facts.imagePull.length > 0) return 'ImagePullFailing';
  // Between two crashes a container runs for a while: that it restarted lately is what is left to see of them.
  const hasCrashed = facts.restarted.some((name) => facts.notReady.includes(name));
  if (hasCrashed || facts.crashLooping.length > 0 || facts.outOfMemory.length > 0) return 'PodsCrashing';
  return facts.unschedulable.length > 0 ? 'PodsUnschedulable' : 'PodsNotReady';
}

/** Undefined where the kind does not tell how its rollouts go. */
export function rollout(workload: WorkloadSnapshot): FreshSignal | undefined {
  const { rollout } = workload;
  switch (rollout.state) {
    case 'Untold':
      return undefined;
    case 'Stuck':
      return fresh(
        'rollout',
        0,
        'Stuck',
        'the rollout passed its progress deadline',
        'RolloutStuck',
        rollout.message === '' ? '' : `: ${rollout.message}`,
      );
    case 'Progressing':
      return fresh('rollout', 60, 'Progressing', 'a rollout is under way', 'Progressing');
    case 'Complete':
      // A generation that its controller has not seen yet (an annotation raises it too) is no evidence of a rollout: Reconciling tells of it.
      return fresh('rollout', 100, 'Complete', 'the rollout is complete', 'Healthy');
  }
}

export function isObserved(workload: WorkloadSnapshot): boolean {
  return workload.observedGeneration === undefined || workload.observedGeneration >= workload.generation;
}

/** Mean over the pods; undefined while there are none. */
export function stability(facts: PodFacts): FreshSignal | undefined {
  if (facts.current === 0) return undefined;
  const score = facts.stability / facts.current;
  const value = `${facts.restarts} ${facts.restarts === 1 ? 'restart' : 'restarts'} in 10m`;
  const faults = faultsOf(facts);
  if (faults !== '') {
    const reason = facts.imagePull.length > 0 ? 'ImagePullFailing' : 'PodsCrashing';
    return fresh('stability', score, value, faults, reason);
  }
  if (facts.restarted.length === 0)
    return fresh('stability', score, value, 'no restarts in the last 10 minutes', 'Healthy');
  const names = `: ${nameSome(facts.restarted)}`;
  return fresh('stability', score, value, 'containers restarted in the last 10 minutes', 'PodsCrashing', names);
}

function faultsOf(facts: PodFacts): string {
  const parts: string[] = [];
  if (facts.imagePull.length > 0) parts.push(`image cannot be pulled: ${nameSome(facts.imagePull)}`);
  if (facts.crashLooping.length > 0) parts.push(`CrashLoopBackOff: ${nameSome(facts.crashLooping)}`);
  if (facts.outOfMemory.length > 0) parts.push(`OOMKilled in the last 10 minutes: ${nameSome(facts.outOfMemory)}`);
  return parts.join('; ');
}
