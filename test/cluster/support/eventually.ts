/** How many times as long as it takes on a machine that does nothing else something is waited for: tests run beside others, and after them. */
const PATIENCE = 3;

/** Looks every 100 ms until `accept` holds; if it does not in what may become of so many `seconds` it throws with what was seen last. */
export async function eventually<T>(
  what: string,
  seconds: number,
  look: () => Promise<T>,
  accept: (seen: T) => boolean,
): Promise<T> {
  const patience = seconds * PATIENCE;
  const deadline = Date.now() + patience * 1000;
  for (;;) {
    const seen = await look();
    if (accept(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${patience} s; last seen ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
