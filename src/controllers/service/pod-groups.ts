import type { PodSnapshot } from '../../domain/snapshot.ts';
import { parseSelector, requiredLabel } from '../project/selector.ts';

interface Group {
  /** Of the owner, or of the pod where it has none. */
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ownerKind: string | undefined;
  pods: number;
}

interface Namespace {
  /** By the uid of the owner. */
  readonly groups: Map<string, Group>;
  /** Keys of the groups that carry a label, by `key=value`: a selector looks at those few and not at every owner of the namespace. */
  readonly byLabel: Map<string, Set<string>>;
  /** When a group last came or went. */
  version: number;
}

interface Query {
  readonly namespace: string;
  /** Who asks, `namespace/name` of a service. */
  readonly service: string;
  readonly selector: string;
}

interface Asker {
  readonly selector: string;
  /** Where it is found in #byLabel. */
  readonly label: string;
  /** The groups that the selector matches, and the version of the namespace at which that was so. */
  matching: readonly Group[];
  version: number | undefined;
}

/**
 * Pods by namespace and owner, kept up by the pod cache's changes: pods of one owner carry the same labels, so that whether a selector
 * matches pods of others is answered per owner and not per pod. Whoever asked once can be found by the labels of a group that comes or goes.
 */
export class PodGroups {
  readonly #namespaces = new Map<string, Namespace>();
  readonly #askers = new Map<string, Asker>();
  /** Services by `namespace/key=value`, a label that their selector requires; `namespace/` for selectors that require none. */
  readonly #byLabel = new Map<string, Set<string>>();
  /** Raised for all namespaces together: one that comes again must not count from the start. */
  #version = 0;

  /** Returns whether this is the first pod of its owner. */
  add(pod: PodSnapshot): boolean {
    let namespace = this.#namespaces.get(pod.namespace);
    if (!namespace)
      this.#namespaces.set(pod.namespace, (namespace = { groups: new Map(), byLabel: new Map(), version: 0 }));
    const group = namespace.groups.get(groupKey(pod));
    if (group) {
      group.pods++;
      return false;
    }
    namespace.version = ++this.#version;
    const { labels } = pod.template;
    namespace.groups.set(groupKey(pod), { uid: groupKey(pod), labels, ownerKind: pod.owner?.kind, pods: 1 });
    for (const label of labelsOf(labels)) addTo(namespace.byLabel, label, groupKey(pod));
    return true;
  }

  /** Returns whether this was the last pod of its owner. */
  remove(pod: PodSnapshot): boolean {
    const namespace = this.#namespaces.get(pod.namespace);
    const group = namespace?.groups.get(groupKey(pod));
    if (!namespace || !group || --group.pods > 0) return false;
    namespace.version = ++this.#version;
    namespace.groups.delete(groupKey(pod));
    for (const label of labelsOf(group.labels)) removeFrom(namespace.byLabel, label, groupKey(pod));
    if (namespace.groups.size === 0) this.#namespaces.delete(pod.namespace);
    return true;
  }

  /**
   * Pods in the namespace that `selector` matches and whose owner is not in `own`. An owner that `isKnown` does not know yet does not count: its
   * ReplicaSet may arrive a moment after its pods.
   */
  strangers(
    query: Query,
    own: ReadonlySet<string>,
    isKnown: (kind: string | undefined, uid: string) => boolean,
  ): number {
    const asker = this.#remember(query);
    const namespace = this.#namespaces.get(query.namespace);
    if (!namespace || query.selector === '') return 0;
    if (asker.version !== namespace.version) {
      asker.matching = matching(namespace, query.selector);
      asker.version = namespace.version;
    }
    let strangers = 0;
    for (const { uid, ownerKind, pods } of asker.matching) {
      if (!own.has(uid) && isKnown(ownerKind, uid)) strangers += pods;
    }
    return strangers;
  }

  /** Services that asked with a selector that matches these labels. */
  askersOf(namespace: string, labels: Readonly<Record<string, string>>): string[] {
    const found: string[] = [];
    for (const label of ['', ...labelsOf(labels)]) {
      for (const service of this.#byLabel.get(`${namespace}/${label}`) ?? []) {
        if (parseSelector(this.#askers.get(service)?.selector ?? '')(labels)) found.push(service);
      }
    }
    return found;
  }

  /** Nobody asks for this service any more. */
  forget(service: string): void {
    const asker = this.#askers.get(service);
    if (!asker) return;
    this.#askers.delete(service);
    removeFrom(this.#byLabel, asker.label, service);
  }

  #remember({ namespace, service, selector }: Query): Asker {
    const known = this.#askers.get(service);
    if (known?.selector === selector) return known;
    this.forget(service);
    const label = `${namespace}/${requiredLabel(selector) ?? ''}`;
    const asker = { selector, label, matching: [], version: undefined };
    this.#askers.set(service, asker);
    addTo(this.#byLabel, label, service);
    return asker;
  }
}

function matching({ groups, byLabel }: Namespace, selector: string): Group[] {
  const matches = parseSelector(selector);
  const label = requiredLabel(selector);
  const candidates = label === undefined ? groups.keys() : (byLabel.get(label) ?? []);
  const found: Group[] = [];
  for (const uid of candidates) {
    const group = groups.get(uid);
    if (group && matches(group.labels)) found.push(group);
  }
  return found;
}

const groupKey = (pod: PodSnapshot): string => pod.owner?.uid ?? pod.uid;

const labelsOf = (labels: Group['labels']): string[] => Object.entries(labels).map(([key, value]) => `${key}=${value}`);

function addTo(index: Map<string, Set<string>>, key: string, member: string): void {
  const members = index.get(key);
  if (members) members.add(member);
  else index.set(key, new Set([member]));
}

function removeFrom(index: Map<string, Set<string>>, key: string, member: string): void {
  const members = index.get(key);
  if (members?.delete(member) && members.size === 0) index.delete(key);
}
