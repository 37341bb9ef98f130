import type { OrchestratedServiceSpec, OrchestrationSpec } from '../../api/kinds.ts';
import type { Hold } from './hold.ts';
import { type Ranked, stopOrder } from './order.ts';

/** A workload as it is now, as far as halts are concerned. */
export interface HeldWorkload {
  readonly replicas: number;
  readonly hold: Hold | undefined;
  readonly terminating: boolean;
  /** Its replicas and annotations cannot be written at once: it was taken down only when both are seen. */
  readonly isTwoWrites: boolean;
}

/** A service and what it looks after. */
export interface Subject extends Ranked {
  readonly namespace: string;
  /** Nobody looks after the workload any more: only given back what is held. */
  readonly isOrphan: boolean;
  readonly mode: OrchestratedServiceSpec['mode'];
  readonly suspended: boolean;
  readonly onHalt: 'Keep' | 'ScaleToZero' | 'ScaleUp' | undefined;
  /** What ScaleUp raises it to. */
  readonly raiseTo: number | undefined;
  /** Who else gives its workload replicas. */
  readonly autoscaler: { readonly kind: 'HorizontalPodAutoscaler' | 'ScaledObject'; readonly name: string } | undefined;
  readonly workload: HeldWorkload | undefined;
  /** What the status of the service says that the workload had, when a halt last held it at 0. */
  readonly remembered: { readonly id: string; readonly original: number } | undefined;
}

/** What an emergency halt does with a service. */
export type HaltAction = 'Keep' | 'ScaleToZero' | 'ScaleUp';

type EmergencyPolicy = NonNullable<OrchestrationSpec['emergency']>;

/** Whatever the policy says, what the cluster itself needs goes on. */
const ALWAYS_PROTECTED: readonly string[] = ['kube-system', 'kube-public', 'kube-node-lease'];

/** Namespaces in which nothing is ever stopped. `own` is where Baton runs. */
export function protectedNamespaces(policy: EmergencyPolicy, own: string): ReadonlySet<string> {
  return new Set([...ALWAYS_PROTECTED, own, ...policy.protectedNamespaces]);
}

/** What a service asks for, else what the policy says of its priority, else Keep; Keep where Baton may not act. */
export function haltAction(
  { namespace, mode, suspended, onHalt, priority, raiseTo, isOrphan }: Subject,
  policy: EmergencyPolicy,
  shielded: ReadonlySet<string>,
): HaltAction {
  if (isOrphan || suspended || mode !== 'Enforce' || shielded.has(namespace)) return 'Keep';
  const action = onHalt ?? policy.onHalt[priority] ?? 'Keep';
  return action === 'ScaleUp' && raiseTo === undefined ? 'Keep' : action;
}

/** One line of a plan. */
export interface PlannedStep {
  readonly service: string;
  readonly action: 'ScaleToZero' | 'ScaleUp';
  readonly from: number;
  readonly to: number;
}

export interface Plan {
  /** In the order in which they would be done. */
  readonly steps: readonly PlannedStep[];
  readonly stopping: number;
  readonly raising: number;
  readonly keeping: number;
  /** Pods that would end. */
  readonly pods: number;
  /** Services that are kept and need one that is stopped, and the first that each needs. */
  readonly stranded: readonly { readonly service: string; readonly needs: string }[];
  /** Services whose autoscaler would undo what is done with them. */
  readonly contested: readonly { readonly service: string; readonly by: string }[];
}

/** A HorizontalPodAutoscaler leaves a workload alone that is at 0, and none that was raised; KEDA wakes a workload that is at 0. */
const undoes = ({ kind }: NonNullable<Subject['autoscaler']>, action: HaltAction | undefined): boolean =>
  action === 'ScaleUp' || (action === 'ScaleToZero' && kind === 'ScaledObject');

/** What a halt would do now: those that stop in their order, then those that rise. */
export function planHalt(subjects: readonly Subject[], policy: EmergencyPolicy, shielded: ReadonlySet<string>): Plan {
  const actions = new Map(subjects.map((subject) => [subject.key, haltAction(subject, policy, shielded)] as const));
  const steps: PlannedStep[] = [];
  const rises: PlannedStep[] = [];
  const stranded: { service: string; needs: string }[] = [];
  const contested: { service: string; by: string }[] = [];
  const counts = { stopping: 0, raising: 0, keeping: 0, pods: 0 };
  for (const subject of stopOrder(subjects)) {
    const { key: service, workload, raiseTo = 0, dependsOn } = subject;
    const action = actions.get(service);
    const from = workload === undefined || workload.hold ? 0 : workload.replicas;
    if (action === 'ScaleToZero' && from > 0) {
      steps.push({ service, action, from, to: 0 });
      counts.stopping += 1;
      counts.pods += from;
    } else if (action === 'ScaleUp' && workload && !workload.hold && from < raiseTo) {
      rises.push({ service, action, from, to: raiseTo });
      counts.raising += 1;
    } else counts.keeping += 1;
    const { autoscaler } = subject;
    if (autoscaler && undoes(autoscaler, action))
      contested.push({ service, by: `${autoscaler.kind}/${autoscaler.name}` });
    const needs = action === 'ScaleToZero' ? undefined : dependsOn.find((key) => actions.get(key) === 'ScaleToZero');
    if (needs !== undefined) stranded.push({ service, needs });
  }
  return { steps: [...steps, ...rises.toReversed()], ...counts, stranded, contested };
}
