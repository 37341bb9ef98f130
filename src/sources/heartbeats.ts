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

type Senders = Map<string, Sender>;

interface Tenant {
  readonly services: Map<string, Senders>;
  /** Of all its services. */
  senders: number;
}

/**
 * The last figures that components posted, in memory: after a change of leader they come again with the next heartbeats.
 * Ages are kept by the monotonic clock from the moment a heartbeat arrives, so no jump of the wall clock makes an old one fresh.
 */
export function createHeartbeats(options: HeartbeatsOptions): Heartbeats {
  const { clock, maxSendersPerService = 1000, maxSenders = 100_000 } = options;
  const listeners: ((namespace: string, service: string) => void)[] = [];
  /** Namespaces, services and senders each keep the order in which they were last heard: the first entry was silent longest. */
  const namespaces = new Map<string, Tenant>();
  let total = 0;
  let began = clock.monotonic();

  function dropSilent(namespace: string, service: string): void {
    const tenant = namespaces.get(namespace);
    const senders = tenant?.services.get(service);
    const [name] = senders?.keys() ?? [];
    if (!tenant || !senders || name === undefined) return;
    senders.delete(name);
    tenant.senders -= 1;
    total -= 1;
    if (senders.size === 0) tenant.services.delete(service);
    if (tenant.senders === 0) namespaces.delete(namespace);
  }

  /** Of the namespace with most senders, so that what one tenant invents costs no other one anything. */
  function dropOfLargest(): void {
    let largest: [string, Tenant] | undefined;
    for (const entry of namespaces) if (entry[1].senders > (largest?.[1].senders ?? 0)) largest = entry;
    const [service] = largest?.[1].services.keys() ?? [];
    if (largest && service !== undefined) dropSilent(largest[0], service);
  }

  /** Drops one that was silent for so long that it serves nobody; false when there is none. */
  function dropForgotten(): boolean {
    const [namespace, tenant] = namespaces.entries().next().value ?? [];
    const [service, senders] = tenant?.services.entries().next().value ?? [];
    const [oldest] = senders?.values() ?? [];
    if (namespace === undefined || service === undefined || oldest === undefined) return false;
    if (clock.monotonic() - oldest.heard <= KEPT_MS) return false;
    dropSilent(namespace, service);
    return true;
  }

  function record(beat: Heartbeat): void {
    const { namespace, service } = beat;
    const tenant = namespaces.get(namespace) ?? { services: new Map<string, Senders>(), senders: 0 };
    const senders: Senders = tenant.services.get(service) ?? new Map<string, Sender>();
    const sender = senders.get(beat.sender) ?? { figures: new Map<HeartbeatMetric, Figure>(), heard: 0 };
    if (!senders.has(beat.sender)) {
      tenant.senders += 1;
      total += 1;
    }
    const age = beat.timestamp === undefined ? 0 : Math.min(Math.max(0, clock.now() - beat.timestamp), KEPT_MS);
    const measured = clock.monotonic() - age;
    for (const [metric, value] of Object.entries(beat.values) as [HeartbeatMetric, number][]) {
      const last = sender.figures.get(metric);
      if (last === undefined || measured >= last.measured) sender.figures.set(metric, { value, measured });
    }
    sender.heard = clock.monotonic();
    toTheEnd(senders, beat.sender, sender);
    toTheEnd(tenant.services, service, senders);
    toTheEnd(namespaces, namespace, tenant);
    // One comes, so at most one is too many.
    if (senders.size > maxSendersPerService) dropSilent(namespace, service);
    while (dropForgotten());
    if (total > maxSenders) dropOfLargest();
    for (const listener of listeners) listener(namespace, service);
  }

  function read(query: HeartbeatQuery): Reading {
    const now = clock.now();
    let worst: { sender: string; figure: Figure } | undefined;
    let newestAge = Infinity;
    let fresh = 0;
    for (const [sender, { figures }] of namespaces.get(query.namespace)?.services.get(query.service) ?? []) {
      const figure = figures.get(query.metric);
      if (figure === undefined) continue;
      const age = clock.monotonic() - figure.measured;
      newestAge = Math.min(newestAge, age);
      if (age > query.staleAfterMs) continue;
      fresh += 1;
      const sign = query.worst === 'highest' ? 1 : -1;
      if (worst === undefined || sign * (figure.value - worst.figure.value) > 0) worst = { sender, figure };
    }
    if (worst === undefined && clock.monotonic() - began < query.staleAfterMs) {
      // Those who send in time may not have had their turn since this replica leads.
      return missing(
        'NotAskedYet',
        `no heartbeat with ${query.metric} came since Baton started or its leader changed`,
        now,
      );
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
    begin() {
      namespaces.clear();
      total = 0;
      began = clock.monotonic();
    },
    forget(namespace, service) {
      const tenant = namespaces.get(namespace);
      const count = tenant?.services.get(service)?.size;
      if (!tenant || count === undefined) return;
      tenant.services.delete(service);
      tenant.senders -= count;
      total -= count;
      if (tenant.senders === 0) namespaces.delete(namespace);
    },
    onBeat: (listener) => void listeners.push(listener),
  };
}

function toTheEnd<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.delete(key);
  map.set(key, value);
}
