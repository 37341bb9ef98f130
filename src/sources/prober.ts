import type { Reading } from '../domain/reading.ts';
import type { ProbeCheck, Prober, ProberOptions } from './api.ts';
import { messageOf, missing, type Clock } from './contract.ts';
import { inWords } from './deadline.ts';
import { Turns } from './turns.ts';

/** First answers come within this, so that a restarted operator knows everything in seconds. */
const FIRST_WITHIN_MS = 1000;
const STALE_AFTER_ROUNDS = 3;

interface Probe {
  readonly key: string;
  readonly namespace: string;
  readonly definition: string;
  readonly intervalMs: number;
  /** 0 to 1, by name: where in the interval this check runs, so that not all run at once. */
  readonly phase: number;
  /** Aborted when the check is not wanted any more. */
  readonly life: AbortController;
  check: ProbeCheck;
  state: 'idle' | 'queued' | 'running';
  runs: number;
  /** Kicked while it ran: run once more. */
  again: boolean;
  reading: Reading | undefined;
  /** What listeners were told last. */
  told: Reading | undefined;
  next: { cancel(): void } | undefined;
  staleness: { cancel(): void } | undefined;
}

/**
 * Runs periodic checks and keeps their last readings. A check never overlaps itself, all together never exceed the bound, and what one
 * namespace has under way cannot keep the others from their turns (see Turns). Deadlines are the sources' own (see Source.read).
 */
export function createProber(options: ProberOptions): Prober {
  const { clock } = options;
  const probes = new Map<string, Map<string, Probe>>();
  const listeners: ((key: string) => void)[] = [];
  const turns = new Turns<Probe>(options.maxConcurrent);
  const running = new Set<Promise<void>>();

  function start(key: string, check: ProbeCheck): Probe {
    const probe: Probe = {
      key,
      namespace: key.split('/', 1)[0] ?? key,
      definition: check.definition,
      intervalMs: check.intervalMs,
      phase: phaseOf(`${key}/${check.name}`),
      life: new AbortController(),
      check,
      state: 'idle',
      runs: 0,
      again: false,
      reading: undefined,
      told: undefined,
      next: undefined,
      staleness: undefined,
    };
    probe.next = clock.setTimeout(() => enqueue(probe), probe.phase * Math.min(FIRST_WITHIN_MS, probe.intervalMs));
    return probe;
  }

  function end(probe: Probe): void {
    probe.life.abort();
    probe.next?.cancel();
    probe.staleness?.cancel();
    turns.leave(probe.namespace, probe);
  }

  function enqueue(probe: Probe): void {
    probe.next?.cancel();
    if (probe.state === 'running') probe.again = true;
    if (probe.state !== 'idle') return;
    if (probe.check.local) {
      track(execute(probe));
      return;
    }
    probe.state = 'queued';
    turns.join(probe.namespace, probe, clock.monotonic());
    dispatch();
  }

  function dispatch(): void {
    for (let probe = turns.next(clock.monotonic()); probe; probe = turns.next(clock.monotonic())) {
      const { namespace } = probe;
      const finished = (): void => {
        turns.done(namespace);
        dispatch();
      };
      track(execute(probe).finally(finished));
    }
  }

  function track(run: Promise<void>): void {
    const tracked = run.finally(() => running.delete(tracked));
    running.add(tracked);
  }

  async function execute(probe: Probe): Promise<void> {
    probe.state = 'running';
    const began = clock.monotonic();
    const reading = await readingOf(probe.check, probe.life.signal, clock);
    if (probe.life.signal.aborted) return;
    probe.state = 'idle';
    probe.runs += 1;
    // The second run moves to the check's place in the interval; from there on it keeps its pace.
    const interval = probe.runs === 1 ? probe.intervalMs * (0.5 + probe.phase / 2) : probe.intervalMs;
    const wait = probe.again ? 0 : interval - (clock.monotonic() - began);
    probe.again = false;
    probe.next = clock.setTimeout(() => enqueue(probe), Math.max(0, wait));
    take(probe, reading);
  }

  function take(probe: Probe, reading: Reading): void {
    probe.reading = reading;
    probe.staleness?.cancel();
    if (reading.kind !== 'missing') expire(probe, clock.monotonic(), STALE_AFTER_ROUNDS * probe.intervalMs);
    if (!isNews(probe.told, reading, probe.check.step ?? 0)) return;
    probe.told = reading;
    for (const listener of listeners) listener(probe.key);
  }

  /**
   * Where there are more checks than turns, a round takes longer than the interval. That is known from how long those before had to wait,
   * and is no reason to call an answer stale which comes as often as it can.
   */
  function expire(probe: Probe, answered: number, inMs: number): void {
    probe.staleness = clock.setTimeout(() => {
      const age = clock.monotonic() - answered;
      const round = Math.max(probe.intervalMs, probe.check.local ? 0 : turns.lag(probe.namespace));
      const left = STALE_AFTER_ROUNDS * round - age;
      if (left > 0) expire(probe, answered, left);
      else take(probe, missing('StaleData', `not answered again for ${inWords(age)}`, clock.now()));
    }, inMs);
  }

  function forget(key: string): void {
    for (const probe of probes.get(key)?.values() ?? []) end(probe);
    probes.delete(key);
  }

  return {
    ensure(key, checks) {
      const before = probes.get(key) ?? new Map<string, Probe>();
      const after = new Map<string, Probe>();
      for (const check of checks) {
        const known = before.get(check.name);
        const isSame = known?.definition === check.definition && known.intervalMs === check.intervalMs;
        if (isSame) known.check = check;
        after.set(check.name, isSame ? known : start(key, check));
      }
      for (const [name, probe] of before) if (after.get(name) !== probe) end(probe);
      if (after.size > 0) probes.set(key, after);
      else probes.delete(key);
    },
    forget,
    kick(key, name) {
      const probe = probes.get(key)?.get(name);
      if (probe !== undefined) enqueue(probe);
    },
    readings(key) {
      const readings = new Map<string, Reading>();
      for (const [name, { reading }] of probes.get(key) ?? []) if (reading !== undefined) readings.set(name, reading);
      return readings;
    },
    onChange: (listener) => void listeners.push(listener),
    setMaxConcurrent(max) {
      turns.limit(max);
      dispatch();
    },
    async stop() {
      for (const key of probes.keys()) forget(key);
      await Promise.all(running);
    },
  };
}

/** Sources never reject, but a check may ask something else before it asks its source, such as where a Service is. */
async function readingOf(check: ProbeCheck, signal: AbortSignal, clock: Clock): Promise<Reading> {
  try {
    return await check.read(signal);
  } catch (error) {
    return missing('SourceUnavailable', messageOf(error), clock.now());
  }
}

function isNews(told: Reading | undefined, reading: Reading, step: number): boolean {
  if (told === undefined || told.kind !== reading.kind) return true;
  if (told.kind === 'value' && reading.kind === 'value') {
    const move = Math.abs(told.value - reading.value);
    return move > 0 && move >= step;
  }
  if (told.kind === 'verdict' && reading.kind === 'verdict') return told.passed !== reading.passed;
  return told.kind === 'missing' && reading.kind === 'missing' && told.reason !== reading.reason;
}

/** FNV-1a over the name, as a share of 1: the same at each start. */
function phaseOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) / 2 ** 32;
}
