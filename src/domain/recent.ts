/** What was made for keys that were asked for recently. The one that was asked for longest ago is first, and goes first. */
export class Recent<Value> {
  readonly #most: number;
  readonly #known = new Map<string, { readonly value: Value; readonly weight: number }>();
  #weight = 0;

  /** All that is kept weighs no more than `most`, but for the last one. */
  constructor(most: number) {
    this.#most = most;
  }

  get(key: string, make: () => Value, weight = 1): Value {
    const known = this.#known.get(key) ?? { value: make(), weight };
    if (this.#known.delete(key)) this.#weight -= known.weight;
    this.#known.set(key, known);
    this.#weight += known.weight;
    for (const [oldest, { weight: freed }] of this.#known) {
      if (this.#weight <= this.#most || oldest === key) break;
      this.#known.delete(oldest);
      this.#weight -= freed;
    }
    return known.value;
  }
}
