import type { PodSnapshot } from '../../domain/snapshot.ts';
import { parseSelector, requiredLabel } from '../project/selector.ts';

interface Group {
  readonly labels: Readonly<Record<string, string>>;
  readonly ownerKind: string | undefined;
  pods: number;
}

interface Namespace {
  readonly groups: Map<string, Group>;
  /** Keys of the groups that carry a label, by `key=value`: a selector looks at those few and not at every owner of the namespace. */
  readonly byLabel: Map<string, Set<string>>;
  /** Raised when a group comes or goes. */
  version: number;
}

interface Count {
  readonly version: number;
  readonly selector: string;
  readonly strangers: number;
}

/**
 * Pods by namespace and owner, kept up by the pod cache's changes: pods of one owner carry the same labels, so that whether a selector
 * matches pods of others is answered per owner and not per pod.
 */
export class PodGroups {
  readonly #namespaces = new Map<string, Namespace>();
  readonly #counts = new Map<string, Count>();

  add(pod: PodSnapshot): void {
    let namespace = this.#namespaces.get(pod.namespace);
    if (!namespace)
      this.#namespaces.set(pod.namespace, (namespace = { groups: new Map(), byLabel: new Map(), version: 0 }));
    const group = namespace.groups.get(groupKey(pod));
    if (group) {
      group.pods++;
      return;
    }
    namespace.version++;
    const { labels } = pod.template;
    namespace.groups.set(groupKey(pod), { labels, ownerKind: pod.owner?.kind, pods: 1 });
    for (const label of labelsOf(labels)) {
      const keys = namespace.byLabel.get(label);
      if (keys) keys.add(groupKey(pod));
      else namespace.byLabel.set(label, new Set([groupKey(pod)]));
    }
  }

  /** Returns whether this was the last pod of its owner. */
  remove(pod: PodSnapshot): boolean {
    const namespace = this.#namespaces.get(pod.namespace);
    const group = namespace?.groups.get(groupKey(pod));
    if (!namespace || !group || --group.pods > 0) return false;
    namespace.version++;
    namespace.groups.delete(groupKey(pod));
    for (const label of labelsOf(group.labels)) {
      const keys = namespace.byLabel.get(label);
      if (keys?.delete(groupKey(pod)) && keys.size === 0) namespace.byLabel.delete(label);
    }
    if (namespace.groups.size === 0) this.#namespaces.delete(pod.namespace);
    return true;
  }

  /**
   * Pods in the namespace that `selector` matches and whose owner is not in `own`. An owner that `isKnown` does not know yet does not count: its
   * ReplicaSet may arrive a moment after its pods.
   */
  strangers(
    query: { readonly namespace: string; readonly workloadUid: string; readonly selector: string },
    own: ReadonlySet<string>,
    isKnown: (kind: string | undefined, uid: string) => boolean,
  ): number {
    const namespace = this.#namespaces.get(query.namespace);
    if (!namespace || query.selector === '') return 0;
    const last = this.#counts.get(query.workloadUid);
    if (last?.version === namespace.version && last.selector === query.selector) return last.strangers;
    const matches = parseSelector(query.selector);
    let strangers = 0;
    let complete = true;
    const label = requiredLabel(query.selector);
    const candidates = label === undefined ? namespace.groups.keys() : (namespace.byLabel.get(label) ?? []);
    for (const uid of candidates) {
      const group = namespace.groups.get(uid);
      if (!group || own.has(uid) || !matches(group.labels)) continue;
      if (isKnown(group.ownerKind, uid)) strangers += group.pods;
      else complete = false;
    }
    if (complete)
      this.#counts.set(query.workloadUid, { version: namespace.version, selector: query.selector, strangers });
    return strangers;
  }

  /** The workload is gone. */
  forget(workloadUid: string): void {
    this.#counts.delete(workloadUid);
  }
}

const groupKey = (pod: PodSnapshot): string => pod.owner?.uid ?? pod.uid;

const labelsOf = (labels: Group['labels']): string[] => Object.entries(labels).map(([key, value]) => `${key}=${value}`);
