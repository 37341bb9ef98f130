/** What Baton took from a workload, or added to it: kept on the workload itself, in the very write that takes it. */
export interface Hold {
  /** Of the halt or the planned stop that did it; empty where somebody made that unreadable, and the rest with it. */
  readonly id: string;
  /** What it had before; undefined where somebody made the annotation unreadable: then nothing is guessed. */
  readonly original: number | undefined;
  /** What Baton gave it: 0, or more than it had. Anything else by now is the work of somebody else. */
  readonly to: number;
}

/** A halt's original count, on the workload. */
export const HALTED_REPLICAS = 'baton.dev/halted-replicas';
/** Which halt it was, on the workload. */
export const HALT_ID = 'baton.dev/halt-id';
/** What a halt raised the workload to; absent where it went to 0. */
export const HALTED_TO = 'baton.dev/halted-to';

const COUNT = /^(0|[1-9][0-9]{0,8})$/;
/** Ids go into statuses, which hold so much and no more; whoever may annotate a workload may write anything. */
const ID = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** What the annotations of a workload say; undefined where no halt holds it. */
export function holdOf(annotations: Readonly<Record<string, string>> | undefined): Hold | undefined {
  const id = annotations?.[HALT_ID];
  const count = annotations?.[HALTED_REPLICAS];
  if (id === undefined && count === undefined) return undefined;
  const to = annotations?.[HALTED_TO];
  const isId = id !== undefined && ID.test(id);
  const isReadable = isId && count !== undefined && COUNT.test(count) && (to === undefined || COUNT.test(to));
  return { id: isId ? id : '', original: isReadable ? Number(count) : undefined, to: isReadable ? Number(to ?? 0) : 0 };
}

/** Annotations that say it; null takes an old one away. */
export const annotationsOf = (id: string, original: number, to: number): Record<string, string | null> => ({
  [HALT_ID]: id,
  [HALTED_REPLICAS]: String(original),
  [HALTED_TO]: to === 0 ? null : String(to),
});

/** What takes a hold off a workload. */
export const NO_HOLD: Readonly<Record<string, null>> = { [HALT_ID]: null, [HALTED_REPLICAS]: null, [HALTED_TO]: null };

const PLANNED = 'stop-';
/** The id of the planned stop of a namespace. */
export const plannedId = (namespace: string): string => `${PLANNED}${namespace}`;
/** The namespace whose planned stop this is; undefined for an emergency halt. */
export const plannedNamespace = (id: string): string | undefined =>
  id.startsWith(PLANNED) ? id.slice(PLANNED.length) : undefined;

/** `halt-20260501t100000z`, by the second in which it began; never one of `taken`. */
export function haltId(now: number, taken: readonly (string | undefined)[]): string {
  for (let at = now; ; at += 1_000) {
    const id = `halt-${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase()}z`;
    if (!taken.includes(id)) return id;
  }
}
