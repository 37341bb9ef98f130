/** What the order of steps follows from. */
interface Ordered {
  readonly name: string;
  readonly dependsOn?: readonly string[];
}

/** Names that a step depends on and that are no step. */
export function unknownDependencies(steps: readonly Ordered[]): { readonly step: string; readonly name: string }[] {
  const names = new Set(steps.map(({ name }) => name));
  return steps.flatMap(({ name: step, dependsOn = [] }) =>
    dependsOn.filter((name) => !names.has(name)).map((name) => ({ step, name })),
  );
}

/** Steps that wait for each other, each for the next, from the first in the order of the spec; undefined where there are none. */
export function findCycle(steps: readonly Ordered[]): readonly string[] | undefined {
  const left = new Map(steps.map((step) => [step.name, step]));
  const isFree = ({ dependsOn = [] }: Ordered): boolean => !dependsOn.some((name) => left.has(name));
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    for (const step of left.values()) if (isFree(step)) left.delete(step.name);
  }
  // What is left waits for something that is left, so that the way back leads into a circle and round it.
  const path: string[] = [];
  for (let step = left.values().next().value; step !== undefined; ) {
    const seen = path.indexOf(step.name);
    if (seen >= 0) return fromFirst(path.slice(seen), steps);
    path.push(step.name);
    const next: string | undefined = step.dependsOn?.find((name) => left.has(name));
    step = next === undefined ? undefined : left.get(next);
  }
  return undefined;
}

function fromFirst(ring: readonly string[], steps: readonly Ordered[]): readonly string[] {
  const start = ring.indexOf(steps.find(({ name }) => ring.includes(name))?.name ?? '');
  return [...ring.slice(start), ...ring.slice(0, start)];
}

/** Which steps come before and after which, however many lie between. */
export class Graph {
  readonly #before = new Map<string, ReadonlySet<string>>();
  readonly #after = new Map<string, Set<string>>();

  constructor(steps: readonly Ordered[]) {
    const byName = new Map(steps.map((step) => [step.name, step]));
    for (const { name } of steps) this.#after.set(name, new Set());
    for (const { name } of steps) {
      const found = new Set<string>();
      // A Set iterates over what is added while it is iterated. A step of a circle comes before itself.
      for (const above of byName.get(name)?.dependsOn ?? []) found.add(above);
      for (const above of found) for (const further of byName.get(above)?.dependsOn ?? []) found.add(further);
      this.#before.set(name, found);
      for (const above of found) this.#after.get(above)?.add(name);
    }
  }

  /** Names of all steps that are over before this one begins. */
  before(name: string): ReadonlySet<string> {
    return this.#before.get(name) ?? NONE;
  }

  /** Names of all steps that begin only when this one is over. */
  after(name: string): ReadonlySet<string> {
    return this.#after.get(name) ?? NONE;
  }
}

const NONE: ReadonlySet<string> = new Set();
