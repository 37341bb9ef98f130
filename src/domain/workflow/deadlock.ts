/** Something that a workflow waits for: the end of one of these. */
export interface Wait {
  readonly on: readonly string[];
  /** After `waits`, such as `for the end of workflow shop/b`. */
  readonly what: string;
}

/** A workflow that has not ended. It can end when each of its waits is over. */
export interface Waiter {
  readonly waits: readonly Wait[];
  /** Where it has not begun, so that it can be refused: since when it exists, as a text that sorts by time. */
  readonly queuedSince: string | undefined;
}

export interface Deadlock {
  /** The one to be refused: of those in the circle that have not begun the last that was created. */
  readonly victim: string;
  /** All that have to be as they are for the victim to wait for ever, sorted. */
  readonly members: readonly string[];
  /** Who waits for whom, from the victim back to the victim. */
  readonly circle: readonly { readonly key: string; readonly what: string }[];
}

type Edges = ReadonlyMap<string, readonly Edge[]>;

interface Edge {
  readonly to: string;
  readonly what: string;
}

/**
 * The circle of waits that a workflow is part of, and that nothing but a timeout or a person would end; undefined where there is none, or where
 * it merely waits for those in one. Each that looks at the same waits finds the same victim, whichever of the circle is asked. `find` gives
 * nothing for what can end without any other. (Reduction of the graph of waits with `and` and `or`: Holt, Some Deadlock Properties of Computer
 * Systems, 1972.)
 */
export function deadlockAt(start: string, find: (key: string) => Waiter | undefined): Deadlock | undefined {
  const known = reachable(start, find);
  const stuck = stuckOf(known);
  if (!stuck.has(start)) return undefined;
  const edges = edgesOf(known, stuck);
  const members = below(start, edges);
  if (!members.has(start)) return undefined;
  const circle = [...members].filter((key) => below(key, edges).has(start));
  const victim = circle.toSorted(byAge(known)).at(-1);
  if (victim === undefined || known.get(victim)?.queuedSince === undefined) return undefined;
  return { victim, members: [...members].sort(), circle: wayBack(victim, edges) };
}

function reachable(start: string, find: (key: string) => Waiter | undefined): Map<string, Waiter> {
  const known = new Map<string, Waiter>();
  const seen = new Set([start]);
  for (const key of seen) {
    const waiter = find(key);
    if (waiter === undefined) continue;
    known.set(key, waiter);
    for (const { on } of waiter.waits) for (const other of on) seen.add(other);
  }
  return known;
}

/** Those that are left when all that can end have ended, and all that can end then, and so on. */
function stuckOf(known: ReadonlyMap<string, Waiter>): ReadonlySet<string> {
  const stuck = new Set(known.keys());
  for (let before = -1; before !== stuck.size; ) {
    before = stuck.size;
    for (const key of stuck) if (!known.get(key)?.waits.some((wait) => isHopeless(wait, stuck))) stuck.delete(key);
  }
  return stuck;
}

const isHopeless = ({ on }: Wait, stuck: ReadonlySet<string>): boolean => on.every((key) => stuck.has(key));

/** The waits that keep them from ending; in the order of the keys, whatever order they came in. */
function edgesOf(known: ReadonlyMap<string, Waiter>, stuck: ReadonlySet<string>): Edges {
  const edges = new Map<string, Edge[]>();
  for (const key of stuck) {
    const waits = known.get(key)?.waits.filter((wait) => isHopeless(wait, stuck)) ?? [];
    const all = waits.flatMap(({ on, what }) => on.map((to) => ({ to, what })));
    edges.set(key, all.sort(byWords));
  }
  return edges;
}

const byWords = (a: Edge, b: Edge): number => compare(a.to, b.to) || compare(a.what, b.what);

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** All that it waits for, and they, and so on; with itself only where a way leads back to it. */
function below(start: string, edges: Edges): ReadonlySet<string> {
  const seen = new Set(edges.get(start)?.map(({ to }) => to));
  for (const key of seen) for (const { to } of edges.get(key) ?? []) seen.add(to);
  return seen;
}

/** Those that have begun first, then the older ones. */
const byAge =
  (known: ReadonlyMap<string, Waiter>) =>
  (a: string, b: string): number =>
    compare(known.get(a)?.queuedSince ?? '', known.get(b)?.queuedSince ?? '') || compare(a, b);

/** The shortest way from one back to itself. */
function wayBack(start: string, edges: Edges): Deadlock['circle'] {
  const paths: { readonly at: string; readonly path: Deadlock['circle'] }[] = [{ at: start, path: [] }];
  const seen = new Set<string>();
  for (const { at, path } of paths) {
    for (const { to, what } of edges.get(at) ?? []) {
      const longer = [...path, { key: at, what }];
      if (to === start) return longer;
      if (seen.has(to)) continue;
      seen.add(to);
      paths.push({ at: to, path: longer });
    }
  }
  return [];
}
