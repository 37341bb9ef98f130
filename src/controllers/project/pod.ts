import { parseQuantity } from '../../api/quantity.ts';
import type { OwnerReference, PodSnapshot, PodTemplateFacts, Resources } from '../../domain/snapshot.ts';
import { controllerOf, moment, type RawMeta } from './meta.ts';

interface RawContainer {
  name: string;
  ports?: { name?: string; containerPort: number }[];
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  restartPolicy?: string;
}

interface RawState {
  waiting?: { reason?: string };
  terminated?: { reason?: string; finishedAt?: string };
}

interface RawContainerStatus {
  restartCount?: number;
  state?: RawState;
  lastState?: RawState;
}

/** The part of a v1 Pod that is looked at. */
export interface RawPod {
  metadata: RawMeta;
  spec?: { initContainers?: RawContainer[]; containers?: RawContainer[]; hostNetwork?: boolean; nodeName?: string };
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
  readonly #templates = new Map<string, PodTemplateFacts>();
  readonly #restarts = new Map<string, Restarts>();
  readonly #nodes = new Map<string, string>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  project(raw: RawPod): PodSnapshot {
    const { metadata, status } = raw;
    const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    const owner = controllerOf(metadata);
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
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
      node: this.#nodeOf(raw.spec?.nodeName),
      createdAt: moment(metadata.creationTimestamp) ?? 0,
      ip: status?.podIP,
      hostNetwork: raw.spec?.hostNetwork ?? false,
      restarts: this.#restartsOf(metadata.uid, statuses),
      oomKilledAt: oomKilledAt(statuses),
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

  /** One text for all pods of a node. */
  #nodeOf(name: string | undefined): string | undefined {
    if (name === undefined || name === '') return undefined;
    const known = this.#nodes.get(name);
    if (known === undefined) this.#nodes.set(name, name);
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
    if (owner === undefined) return templateFacts(raw);
    const facts = templateFacts(raw);
    const known = this.#templates.get(owner.uid);
    if (known && sameFacts(known, facts)) return known;
    this.#templates.set(owner.uid, facts);
    return facts;
  }
}

/** Pods of one owner differ where the owner was updated in place (a StatefulSet, a resize): a new port or other resources. */
function sameFacts(a: PodTemplateFacts, b: PodTemplateFacts): boolean {
  return (
    a.limits.cpu === b.limits.cpu &&
    a.limits.memory === b.limits.memory &&
    a.requests.cpu === b.requests.cpu &&
    a.requests.memory === b.requests.memory &&
    JSON.stringify(a.ports) === JSON.stringify(b.ports)
  );
}

function templateFacts(raw: RawPod): PodTemplateFacts {
  // An init container that is always restarted is a sidecar: it runs as long as the others, and metrics.k8s.io counts it.
  const sidecars = raw.spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? [];
  const containers = [...sidecars, ...(raw.spec?.containers ?? [])];
  const ports: Record<string, number> = {};
  for (const container of containers) {
    for (const port of container.ports ?? []) if (port.name) ports[port.name] = port.containerPort;
  }
  return {
    labels: raw.metadata.labels ?? {},
    ports,
    requests: sum(containers.map((container) => container.resources?.requests)),
    limits: sum(containers.map((container) => container.resources?.limits)),
  };
}

/** A sum says something only when every container has a figure. */
function sum(parts: readonly (Record<string, string> | undefined)[]): Resources {
  const total = (name: 'cpu' | 'memory'): number | undefined => {
    let value = 0;
    for (const part of parts) {
      const quantity = part?.[name] === undefined ? undefined : parseQuantity(part[name]);
      if (quantity === undefined) return undefined;
      value += quantity;
    }
    return parts.length === 0 ? undefined : value;
  };
  const cpu = total('cpu');
  const memory = total('memory');
  return { ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) };
}

function oomKilledAt(statuses: readonly RawContainerStatus[]): number | undefined {
  let latest: number | undefined;
  for (const { state, lastState } of statuses) {
    for (const terminated of [state?.terminated, lastState?.terminated]) {
      if (terminated?.reason !== 'OOMKilled') continue;
      latest = Math.max(latest ?? 0, moment(terminated.finishedAt) ?? 0);
    }
  }
  return latest;
}
