import type { Priority } from '../../api/kinds.ts';

/** What the order of stopping follows from. */
export interface Ranked {
  /** `namespace/name` */
  readonly key: string;
  readonly priority: Priority;
  /** Keys of the services that it needs. */
  readonly dependsOn: readonly string[];
}

const RANKS: Readonly<Record<Priority, number>> = { Maintenance: 0, Low: 1, Normal: 2, High: 3, Critical: 4 };

/** A set of services that need each other in a circle, or one alone. */
interface Ring<T> {
  readonly members: T[];
  /** The highest of its members and of all that need it: what a Critical service needs is stopped as late as that. */
  rank: number;
  /** The longest way from one that nobody needs. */
  depth: number;
}

/**
 * The services in the order in which they are stopped: those that need others before these others, and where that leaves a choice the lowest
 * priority first, then by name. A circle is one step of that order. Starting is the reverse. Linear in services and dependencies.
 */
export function stopOrder<T extends Ranked>(services: Iterable<T>): readonly T[] {
  const byKey = new Map<string, T>();
  for (const service of services) byKey.set(service.key, service);
  const rings = ringsOf(byKey);
  const ringOf = new Map(rings.flatMap((ring) => ring.members.map(({ key }) => [key, ring] as const)));
  // Tarjan's algorithm gives a ring after all that it needs, so that backwards each comes before what it needs.
  for (const ring of rings.toReversed()) {
    for (const { dependsOn } of ring.members) {
      for (const key of dependsOn) {
        const needed = ringOf.get(key);
        if (needed === undefined || needed === ring) continue;
        needed.rank = Math.max(needed.rank, ring.rank);
        needed.depth = Math.max(needed.depth, ring.depth + 1);
      }
    }
  }
  const placed = [...byKey.values()].map((service) => ({ service, ring: ringOf.get(service.key) as Ring<T> }));
  placed.sort(
    (a, b) =>
      a.ring.rank - b.ring.rank ||
      a.ring.depth - b.ring.depth ||
      RANKS[a.service.priority] - RANKS[b.service.priority] ||
      compare(a.service.key, b.service.key),
  );
  return placed.map(({ service }) => service);
}

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

interface Visit {
  readonly key: string;
  readonly index: number;
  low: number;
  /** The next of its dependencies to look at. */
  next: number;
  onStack: boolean;
}

/** Strongly connected components (Tarjan 1972), without recursion: a chain may be a thousand long. */
function ringsOf<T extends Ranked>(services: ReadonlyMap<string, T>): Ring<T>[] {
  const rings: Ring<T>[] = [];
  const visits = new Map<string, Visit>();
  const stack: Visit[] = [];
  const begin = (key: string): Visit => {
    const visit = { key, index: visits.size, low: visits.size, next: 0, onStack: true };
    visits.set(key, visit);
    stack.push(visit);
    return visit;
  };
  for (const root of [...services.keys()].sort()) {
    if (visits.has(root)) continue;
    const path = [begin(root)];
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const key = services.get(visit.key)?.dependsOn[visit.next];
      if (key !== undefined) {
        visit.next += 1;
        if (!services.has(key)) continue;
        const known = visits.get(key);
        if (known === undefined) path.push(begin(key));
        else if (known.onStack) visit.low = Math.min(visit.low, known.index);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) parent.low = Math.min(parent.low, visit.low);
      if (visit.low === visit.index) rings.push(ringFrom(stack, visit, services));
    }
  }
  return rings;
}

function ringFrom<T extends Ranked>(stack: Visit[], first: Visit, services: ReadonlyMap<string, T>): Ring<T> {
  const members: T[] = [];
  for (;;) {
    const visit = stack.pop();
    if (visit === undefined) break;
    visit.onStack = false;
    const service = services.get(visit.key);
    if (service !== undefined) members.push(service);
    if (visit === first) break;
  }
  return { members, rank: Math.max(...members.map(({ priority }) => RANKS[priority])), depth: 0 };
}
