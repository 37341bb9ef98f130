import type { OwnerReference, PodSnapshot, PodTemplateFacts } from '../../domain/snapshot.ts';
import { controllerOf, moment, type RawMeta } from './meta.ts';
import { outlineOf, type RawSpec, templateFacts } from './template.ts';

interface RawState {
  waiting?: { reason?: string };
  terminated?: { reason?: string; finishedAt?: string };
}

interface RawContainerStatus {
  name?: string;
  restartCount?: number;
  state?: RawState;
  lastState?: RawState;
}

/** The part of a v1 Pod that is looked at. */
export interface RawPod {
  metadata: RawMeta;
  spec?: RawSpec & { hostNetwork?: boolean; nodeName?: string };
  status?: {
    phase?: string;
    podIP?: string;
    startTime?: string;
    conditions?: { type: string; status: string; lastTransitionTime?: string; reason?: string; message?: string }[];
    containerStatuses?: RawContainerStatus[];
    initContainerStatuses?: RawContainerStatus[];
  };
}

/** A pod restarted ten minutes ago counts as stable again (docs/health.md); older moments are dropped. */
const RESTART_WINDOW_MS = 600_000;
const NONE: readonly number[] = [];

/**
 * A waiting container is a fault for these reasons; ContainerCreating and PodInitializing are not. The names are the kubelet's
 * (kubernetes pkg/kubelet/images/types.go, pkg/kubelet/kuberuntime).
 */
const FAULTS = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

interface Restarts {
  count: number;
  moments: readonly number[];
}

/**
 * Projects pods as they arrive. It remembers two things between events: the facts of the template, shared by the pods of one owner, and the
 * restarts that it saw (a pod's status tells how many there were, and only of the last one when).
 */
export class PodProjector {
  readonly #templates = new Map<string, readonly { readonly outline: string; readonly facts: PodTemplateFacts }[]>();
  readonly #restarts = new Map<string, Restarts>();
  readonly #places = new Map<string, string>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  project(raw: RawPod): PodSnapshot {
    const { metadata, status } = raw;
    const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    const owner = controllerOf(metadata);
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    const killed = lastKilled(statuses);
    const unschedulable = status?.conditions?.find((c) => c.type === 'PodScheduled' && c.reason === 'Unschedulable');
    return {
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      owner,
      phase: status?.phase ?? 'Pending',
      ready: ready?.status === 'True',
      readyChangedAt: moment(ready?.lastTransitionTime),
      startedAt: moment(status?.startTime),
      terminating: metadata.deletionTimestamp !== undefined,
      node: this.#placeOf(raw.spec?.nodeName),
      zone: this.#placeOf(metadata.labels?.[ZONE]),
      createdAt: moment(metadata.creationTimestamp) ?? 0,
      ip: status?.podIP,
      hostNetwork: raw.spec?.hostNetwork ?? false,
      restarts: this.#restartsOf(metadata.uid, statuses),
      oomKilledAt: killed?.at,
      oomKilledContainer: killed?.container,
      waiting: statuses
        .map((s) => s.state?.waiting?.reason)
        .find((reason) => reason !== undefined && FAULTS.has(reason)),
      unschedulable: unschedulable?.message?.slice(0, 256),
      template: this.#templateOf(raw, owner),
    };
  }

  /** The pod is gone. */
  forget(pod: PodSnapshot): void {
    this.#restarts.delete(pod.uid);
  }

  /** No pod of this owner is left. */
  forgetOwner(uid: string): void {
    this.#templates.delete(uid);
  }

  /** One text for all pods of a node or a zone. */
  #placeOf(name: string | undefined): string | undefined {
    if (name === undefined || name === '') return undefined;
    const known = this.#places.get(name);
    if (known === undefined) this.#places.set(name, name);
    return known ?? name;
  }

  #restartsOf(uid: string, statuses: readonly RawContainerStatus[]): readonly number[] {
    let count = 0;
    for (const status of statuses) count += status.restartCount ?? 0;
    if (count === 0) return NONE;
    const before = this.#restarts.get(uid);
    if (before?.count === count) return before.moments;
    const oldest = this.#now() - RESTART_WINDOW_MS;
    const last = statuses.map((s) => moment(s.lastState?.terminated?.finishedAt)).filter((at) => at !== undefined);
    // A pod seen for the first time tells only the last restart of each container; later ones are counted one by one.
    const seen = before
      ? Array.from(
          { length: Math.min(Math.max(0, count - before.count), 10) },
          () => Math.max(0, ...last) || this.#now(),
        )
      : last;
    const moments = [...(before?.moments ?? []), ...seen]
      .filter((at) => at > oldest)
      .slice(-10)
      .sort((a, b) => a - b);
    this.#restarts.set(uid, { count, moments });
    return moments;
  }

  #templateOf(raw: RawPod, owner: OwnerReference | undefined): PodTemplateFacts {
    const spec = raw.spec ?? {};
    const labels = raw.metadata.labels ?? {};
    if (owner === undefined) return templateFacts(spec, labels);
    const outline = outlineOf(spec);
    const all = this.#templates.get(owner.uid) ?? [];
    const known = all.find((one) => one.outline === outline);
    if (known) return known.facts;
    const facts = templateFacts(spec, commonOf(labels));
    this.#templates.set(owner.uid, [...all, { outline, facts }].slice(-TEMPLATES));
    return facts;
  }
}

/** Pods of one owner differ where the owner was updated in place (a StatefulSet, a resize): so many kinds of them are remembered. */
const TEMPLATES = 8;

/** Kubernetes copies it from the node to the pod (since 1.33 with the feature gate PodTopologyLabelsAdmission, since 1.35 by default). */
const ZONE = 'topology.kubernetes.io/zone';

/** Without what the pod got of its node: the next one of its owner has another, or none before it is scheduled. */
const commonOf = (labels: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith('topology.kubernetes.io/')));

/** The latest of the containers that were killed because memory ran out. */
function lastKilled(
  statuses: readonly RawContainerStatus[],
): { at: number; container: string | undefined } | undefined {
  let latest: { at: number; container: string | undefined } | undefined;
  for (const { name, state, lastState } of statuses) {
    for (const terminated of [state?.terminated, lastState?.terminated]) {
      if (terminated?.reason !== 'OOMKilled') continue;
      const at = moment(terminated.finishedAt) ?? 0;
      if (latest === undefined || at > latest.at) latest = { at, container: name };
    }
  }
  return latest;
}
