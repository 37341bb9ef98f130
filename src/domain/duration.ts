const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
const PART = /(\d+(?:\.\d+)?)(ms|d|h|m|s)/gy;

/** `1h30m`, `250ms`, `30d` in milliseconds. Throws a RangeError for anything else. */
export function parseDuration(text: string): number {
  PART.lastIndex = 0;
  let total = 0;
  let end = 0;
  for (let part = PART.exec(text); part !== null; part = PART.exec(text)) {
    total += Number(part[1]) * UNITS[part[2] as keyof typeof UNITS];
    end = PART.lastIndex;
  }
  if (end === 0 || end !== text.length) throw new RangeError(`${JSON.stringify(text)} is not a duration such as 1h30m`);
  return total;
}

/** The exact inverse of parseDuration for whole milliseconds; `0s` for nothing. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms));
  let text = '';
  for (const [unit, size] of Object.entries(UNITS)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}
