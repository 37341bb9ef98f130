import { eventually } from './eventually.ts';

/** What is on its way when a test begins to look may come yet; whoever writes again and again does so more often. */
const LATE = 2;

/** Waits for so many seconds in which what `look` gives stays as it is; throws where it changes again and again. */
export async function quiet(seconds: number, look: () => Promise<unknown>): Promise<void> {
  const seen = [JSON.stringify(await look())];
  let since = Date.now();
  const isOver = (now: unknown): boolean => {
    const text = JSON.stringify(now);
    if (text === seen.at(-1)) return Date.now() - since > seconds * 1_000;
    seen.push(text);
    since = Date.now();
    return seen.length > 1 + LATE;
  };
  await eventually(`${seconds} s of quiet`, seconds * (2 + LATE), look, isOver);
  if (seen.length > 1 + LATE) throw new Error(`no ${seconds} s of quiet, but one after the other ${seen.join(' ')}`);
}
