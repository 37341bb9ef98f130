/** Deeper JSON is for no people, and what walks it by recursion ends with the stack. */
export const DEEPEST = 100;

/** Whether JSON has more levels than this of objects and lists in one another. */
export function isNestedDeeper(value: unknown, levels = DEEPEST): boolean {
  let level: readonly object[] = isNest(value) ? [value] : [];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= levels) return true;
    level = level.flatMap((nest) => Object.values(nest).filter(isNest));
  }
  return false;
}

const isNest = (value: unknown): value is object => typeof value === 'object' && value !== null;
