import type { Reason } from '../api/reasons.ts';
import type { Transition } from '../domain/status/transitions.ts';
import type { EmitEvent, Log, Reference } from './ports.ts';
import { eventOf } from './transitions.ts';

export interface ChorusOptions {
  readonly log: Log;
  readonly emit: EmitEvent;
  /** What an Event about many services is about: Orchestration/default, where there is one and Baton sees all. */
  readonly whole: () => Reference | undefined;
  readonly monotonic: () => number;
  readonly later: (ms: number, run: () => void) => void;
}

/** What many services told within a while. */
interface Voices {
  since: number;
  alone: number;
  joined: number;
  /** The first of those that joined. */
  first: { readonly transition: Transition; readonly names: string[] } | undefined;
}

/** So many are told by themselves within a minute, and the others together after some seconds. */
const ALONE = 5;
const WHILE_MS = 60_000;
const GATHER_MS = 5_000;
const EXAMPLES = 3;

/** Told of many services at once, these have one cause, which is none of theirs: a source that is silent, a wave of load. */
const SHARED: ReadonlySet<Transition['kind']> = new Set<Transition['kind']>([
  'MetricsAvailable',
  'Anomaly',
  'Recommendation',
]);
const SILENT: ReadonlySet<string> = new Set<Reason>([
  'SourceUnavailable',
  'SourceTimeout',
  'StaleData',
  'NoPodMetrics',
  'FallbackInForce',
]);

/**
 * Tells as one what many services tell at once: a thousand lines that say the same hide everything else. What is told so is in the status
 * and in the history of each of them all the same.
 */
export class Chorus {
  readonly #options: ChorusOptions;
  /** By what is told: there are few. */
  readonly #voices = new Map<string, Voices>();

  constructor(options: ChorusOptions) {
    this.#options = options;
  }

  /** Whether this one is told with others, and not by itself. */
  joins({ namespace, name }: Reference, transition: Transition): boolean {
    const { kind, to, reason } = transition;
    if (!SHARED.has(kind) && !(kind === 'ScalingActive' && SILENT.has(reason))) return false;
    const { monotonic, later } = this.#options;
    const key = `${kind} ${to} ${reason}`;
    const known = this.#voices.get(key);
    const isOver = known === undefined || (known.joined === 0 && monotonic() - known.since >= WHILE_MS);
    const voices = isOver ? { since: monotonic(), alone: 0, joined: 0, first: undefined } : known;
    this.#voices.set(key, voices);
    if (voices.alone < ALONE) {
      voices.alone++;
      return false;
    }
    voices.joined++;
    voices.first ??= { transition, names: [] };
    if (voices.first.names.length < EXAMPLES) voices.first.names.push(`${namespace}/${name}`);
    if (voices.joined === 1) later(GATHER_MS, () => this.#tell(voices));
    return true;
  }

  /** What has joined so far is told now. */
  flush(): void {
    for (const voices of this.#voices.values()) this.#tell(voices);
  }

  #tell(voices: Voices): void {
    const { first, joined } = voices;
    if (first === undefined) return;
    const { log, emit, whole, monotonic } = this.#options;
    Object.assign(voices, { since: monotonic(), joined: 0, first: undefined });
    const { kind, to, reason, type, message } = first.transition;
    const others = joined - first.names.length;
    const names = `${first.names.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
    const note = `${joined} more ${joined === 1 ? 'service' : 'services'} (${names}); the first: ${message}`;
    const line = { kind, to, reason, services: joined };
    if (type === 'Warning') log.warn(line, note);
    else log.info(line, note);
    const event = eventOf(first.transition);
    const reference = event && whole();
    if (reference) emit(reference, { reason: event, type, note });
  }
}
