import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The part of a .cpuprofile that is read. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

/** Functions by the time spent in themselves, most first, in ms. */
export function selfTimes(profile: CpuProfile): { where: string; ms: number }[] {
  const names = new Map(
    profile.nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || '(anonymous)'} ${url.slice(url.lastIndexOf('/') + 1)}:${lineNumber + 1}`,
    ]),
  );
  const times = new Map<string, number>();
  for (const [index, id] of profile.samples.entries()) {
    const where = names.get(id) ?? '?';
    times.set(where, (times.get(where) ?? 0) + (profile.timeDeltas[index] ?? 0) / 1000);
  }
  return [...times].map(([where, ms]) => ({ where, ms })).sort((a, b) => b.ms - a.ms);
}

/** The newest profile in a folder as text: the 40 functions that took most of the time. */
export async function hottest(dir: string): Promise<string> {
  const name = (await readdir(dir))
    .filter((file) => file.endsWith('.cpuprofile'))
    .sort()
    .at(-1);
  if (name === undefined) return `no profile in ${dir}`;
  const times = selfTimes(JSON.parse(await readFile(join(dir, name), 'utf8')) as CpuProfile);
  const lines = times.slice(0, 40).map(({ where, ms }) => `${ms.toFixed(0).padStart(8)} ms  ${where}`);
  return [join(dir, name), ...lines].join('\n');
}
