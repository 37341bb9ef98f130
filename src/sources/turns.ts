/** How many times what is left free one namespace may have under way: alone it gets four fifths of all, two get four ninths each. */
const SHARE = 4;

interface Line<Item> {
  /** Since when, by the monotonic clock, in the order in which they came. */
  readonly waiting: Map<Item, number>;
  underWay: number;
  /** How long the one that was served last had waited, ms. */
  lag: number;
}

/**
 * Who is next, where not all can be served at once. Of the namespaces that wait the one with the fewest under way is served, and none takes
 * more than a multiple of what it leaves free (dynamic thresholds, as switches share their buffers: Choudhury and Hahne 1998). So checks of
 * one namespace that all hang slow down each other, and a newcomer finds a place.
 */
export class Turns<Item> {
  /** Namespaces that wait or have something under way; of those with equal claims the first comes first. */
  readonly #lines = new Map<string, Line<Item>>();
  readonly #waiting = new Set<string>();
  #underWay = 0;
  #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  limit(limit: number): void {
    this.#limit = limit;
  }

  join(namespace: string, item: Item, now: number): void {
    const line = this.#lines.get(namespace) ?? { waiting: new Map<Item, number>(), underWay: 0, lag: 0 };
    this.#lines.set(namespace, line);
    line.waiting.set(item, now);
    this.#waiting.add(namespace);
  }

  /** It does not want its turn any more; nothing when it does not wait. */
  leave(namespace: string, item: Item): void {
    if (this.#lines.get(namespace)?.waiting.delete(item)) this.#tidy(namespace);
  }

  /** Takes the next one out, which is under way from now on; undefined when nobody may have a turn now. */
  next(now: number): Item | undefined {
    const free = this.#limit - this.#underWay;
    if (free <= 0) return undefined;
    let chosen: { namespace: string; line: Line<Item> } | undefined;
    for (const namespace of this.#waiting) {
      const line = this.#lines.get(namespace);
      if (line && line.underWay < (chosen?.line.underWay ?? SHARE * free)) chosen = { namespace, line };
    }
    if (!chosen) return undefined;
    const { namespace, line } = chosen;
    const [first] = line.waiting;
    if (!first) return undefined;
    const [item, since] = first;
    line.waiting.delete(item);
    line.underWay += 1;
    line.lag = now - since;
    this.#underWay += 1;
    // Behind those with equal claims.
    this.#waiting.delete(namespace);
    if (line.waiting.size > 0) this.#waiting.add(namespace);
    return item;
  }

  /** How long a turn of this namespace took to come last, ms; 0 when none waits or is under way. */
  lag(namespace: string): number {
    return this.#lines.get(namespace)?.lag ?? 0;
  }

  done(namespace: string): void {
    const line = this.#lines.get(namespace);
    if (!line) return;
    line.underWay -= 1;
    this.#underWay -= 1;
    this.#tidy(namespace);
  }

  #tidy(namespace: string): void {
    const line = this.#lines.get(namespace);
    if (!line || line.waiting.size > 0) return;
    this.#waiting.delete(namespace);
    if (line.underWay === 0) this.#lines.delete(namespace);
  }
}
