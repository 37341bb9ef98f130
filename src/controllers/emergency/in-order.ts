/**
 * Does things in their order, several at once: each is begun after those before it were, and when all that `after` names of it have ended.
 * What is named must come earlier. Rejects with the first failure once everything under way has ended.
 */
export async function inOrder<T, R>(
  items: readonly T[],
  after: (item: T) => readonly T[],
  workers: number,
  run: (item: T) => Promise<R>,
): Promise<R[]> {
  const ended = new Map<T, Promise<R>>();
  let next = 0;
  async function work(): Promise<void> {
    for (let item = items[next++]; item !== undefined; item = items[next++]) {
      const awaited = after(item).flatMap((earlier) => ended.get(earlier) ?? []);
      const one = item;
      const running = Promise.allSettled(awaited).then(() => run(one));
      ended.set(one, running);
      await running;
    }
  }
  const failures = (await Promise.allSettled(Array.from({ length: workers }, work))).find(
    ({ status }) => status === 'rejected',
  );
  if (failures?.status === 'rejected') throw failures.reason;
  return Promise.all(ended.values());
}
