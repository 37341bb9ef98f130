const MILLI = 0.001;
const MI = 2 ** 20;
const GI = 2 ** 30;
const DECADE = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
const OCTAVE = [1, 1.25, 1.5, 1.75, 2];
const LEAST_CPU = 10 * MILLI;
const LEAST_MEMORY = 16 * MI;

/** Cores, up to the next of about ten steps in each decade. */
export function roundCpu(cores: number): number {
  const milli = Math.max(cores, LEAST_CPU) / MILLI;
  const decade = 10 ** Math.floor(Math.log10(milli) + 1e-9);
  return (upTo(DECADE, milli / decade) * decade) / 1_000;
}

/** Bytes, up to the next of four steps in each octave. */
export function roundMemory(bytes: number): number {
  const mebi = Math.max(bytes, LEAST_MEMORY) / MI;
  const octave = 2 ** Math.floor(Math.log2(mebi) + 1e-9);
  return Math.ceil(upTo(OCTAVE, mebi / octave) * octave) * MI;
}

/** A count, up to the next that people would write. */
export function roundCount(count: number): number {
  if (count <= 6) return Math.max(1, Math.ceil(count));
  const decade = 10 ** Math.floor(Math.log10(count) + 1e-9);
  return Math.ceil(upTo(DECADE, count / decade) * decade);
}

const upTo = (steps: readonly number[], value: number): number => steps.find((step) => value <= step * (1 + 1e-9)) ?? 1;

/** As people write cores: 250m, 1.5. */
export function formatCpu(cores: number): string {
  const milli = Math.round(cores / MILLI);
  return milli >= 1_000 && milli % 100 === 0 ? String(milli / 1_000) : `${milli}m`;
}

/** As people write bytes: 256Mi, 2Gi. */
export function formatMemory(bytes: number): string {
  if (bytes >= GI && bytes % GI === 0) return `${bytes / GI}Gi`;
  return bytes >= MI ? `${Math.round(bytes / MI)}Mi` : String(Math.round(bytes));
}
