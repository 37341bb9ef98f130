import type { Reading } from '../domain/reading.ts';
import type { Heartbeat, Heartbeats, HeartbeatsOptions } from './api.ts';
import { bounded, missing } from './contract.ts';
import { inWords } from './deadline.ts';
import type { HeartbeatMetric, HeartbeatQuery } from './queries.ts';

/** The longest staleAfter a check can have; what is older serves nobody. */
const KEPT_MS = 24 * 60 * 60 * 1000;

interface Figure {
  readonly value: number;
  /** When it was measured, by the monotonic clock. */
  readonly measured: number;
}

/** What one sender said last; senders may post each figure on its own. */
interface Sender {
  readonly figures: Map<HeartbeatMetric, Figure>;
  heard: number;
}

/**
 * The last figures that components posted, in memory: after a change of leader they come again with the next heartbeats.
 * Ages are kept by the monotonic clock from the moment a heartbeat arrives, so no jump of the wall clock makes an old one fresh.
 */
export function createHeartbeats(options: HeartbeatsOptions): Heartbeats {
  const { clock, maxSendersPerService = 1000, maxSenders = 100_000 } = options;
  const listeners: ((namespace: string, service: string) => void)[] = [];
  /** Both levels keep the order in which they were last heard: the first entry was silent longest. */
  const services = new Map<string, Map<string, Sender>>();
  let total = 0;

  function dropSilent(key: string, senders: Map<string, Sender>): void {
    const [name] = senders.keys();
    if (name === undefined) return;
    senders.delete(name);
    total -= 1;
    if (senders.size === 0) services.delete(key);
  }

  function makeRoom(key: string, senders: Map<string, Sender>): void {
    while (senders.size > maxSendersPerService) dropSilent(key, senders);
    for (const [silentKey, silent] of services) {
      const [oldest] = silent.values();
      const isForgotten = oldest !== undefined && clock.monotonic() - oldest.heard > KEPT_MS;
      if (total <= maxSenders && !isForgotten) return;
      dropSilent(silentKey, silent);
    }
  }

  function record(beat: Heartbeat): void {
    const key = keyOf(beat.namespace, beat.service);
    const senders = services.get(key) ?? new Map<string, Sender>();
    const sender = senders.get(beat.sender) ?? { figures: new Map<HeartbeatMetric, Figure>(), heard: 0 };
    if (!senders.has(beat.sender)) total += 1;
    const age = beat.timestamp === undefined ? 0 : Math.min(Math.max(0, clock.now() - beat.timestamp), KEPT_MS);
    const measured = clock.monotonic() - age;
    for (const [metric, value] of Object.entries(beat.values) as [HeartbeatMetric, number][]) {
      const last = sender.figures.get(metric);
      if (last === undefined || measured >= last.measured) sender.figures.set(metric, { value, measured });
    }
    sender.heard = clock.monotonic();
    senders.delete(beat.sender);
    senders.set(beat.sender, sender);
    services.delete(key);
    services.set(key, senders);
    makeRoom(key, senders);
    for (const listener of listeners) listener(beat.namespace, beat.service);
  }

  function read(query: HeartbeatQuery): Reading {
    const now = clock.now();
    let worst: { sender: string; figure: Figure } | undefined;
    let newestAge = Infinity;
    let fresh = 0;
    for (const [sender, { figures }] of services.get(keyOf(query.namespace, query.service)) ?? []) {
      const figure = figures.get(query.metric);
      if (figure === undefined) continue;
      const age = clock.monotonic() - figure.measured;
      newestAge = Math.min(newestAge, age);
      if (age > query.staleAfterMs) continue;
      fresh += 1;
      const sign = query.worst === 'highest' ? 1 : -1;
      if (worst === undefined || sign * (figure.value - worst.figure.value) > 0) worst = { sender, figure };
    }
    if (newestAge === Infinity) return missing('NoData', `no heartbeat with ${query.metric} came yet`, now);
    if (worst === undefined) {
      const last = new Date(now - newestAge).toISOString();
      return missing(
        'StaleData',
        `the last ${query.metric} is of ${last}, older than ${inWords(query.staleAfterMs)}`,
        now,
      );
    }
    const at = now - (clock.monotonic() - worst.figure.measured);
    const of = fresh === 1 ? `from ${worst.sender}` : `from ${worst.sender}, the ${query.worst} of ${fresh} senders`;
    return {
      kind: 'value',
      value: worst.figure.value,
      at,
      evidence: bounded(`${query.metric} ${worst.figure.value} ${of}`),
    };
  }

  return {
    name: 'heartbeats',
    read: async (query) => read(query),
    record,
    forget(namespace, service) {
      const key = keyOf(namespace, service);
      total -= services.get(key)?.size ?? 0;
      services.delete(key);
    },
    onBeat: (listener) => void listeners.push(listener),
  };
}

const keyOf = (namespace: string, service: string): string => `${namespace}/${service}`;
