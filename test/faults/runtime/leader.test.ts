import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { until } from '../../support/until.ts';
import { FaultProxy } from '../proxy.ts';
import { Bed } from './bed.ts';

interface Act {
  readonly identity: string;
  readonly epoch: number;
  /** Monotonic clock of the machine, milliseconds. */
  readonly at: number;
}

/** A crash is noticed so long after the last renewal; what is more is reaction, on a machine that is busy. */
const LEASE_S = 3;
const AFTER_CRASH_MS = LEASE_S * 1_000 + 27_000;
/** Far longer than it takes to pass it on. */
const LONG_LEASE_S = 120;
const AFTER_STOP_MS = 60_000;
/** Moments after the last leader's first act, ms: in each third of the time between two renewals. */
const MOMENTS = [100, 430, 760];

/** The same clock as in Act. */
const now = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

let bed: Bed;
let namespace: string;
let acts: Act[];
let up: Set<string>;
let replicas: Map<string, ChildProcess>;
let started = 0;

beforeAll(async () => {
  bed = await Bed.start();
});
afterAll(() => bed.stop());
beforeEach(async () => {
  namespace = await bed.namespace();
  acts = [];
  up = new Set();
  replicas = new Map();
});
afterEach(() => {
  for (const replica of replicas.values()) replica.kill('SIGKILL');
});

function launch(kubeconfig = bed.cluster.kubeconfig, seconds = LEASE_S): string {
  const identity = `replica-${(started += 1)}`;
  const script = path.join(import.meta.dirname, 'replica.ts');
  const child = spawn(process.execPath, [script, kubeconfig, namespace, 'election', identity, String(seconds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  replicas.set(identity, child);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [kind = '', who = '', epoch, at] = line.split(' ');
    if (kind === 'up') up.add(who);
    else acts.push({ identity: who, epoch: Number(epoch), at: Number(at) });
  });
  return identity;
}

/** Reads on for `ms` and then says who acts. */
const leader = () => until('a leader', () => acts.at(-1)?.identity);

async function allUp(count: number): Promise<void> {
  await until('all replicas up', () => up.size >= count);
  await leader();
  // Standbys have read the lease and watch it.
  await pause(500);
}

/** Ends the leader by `signal`; returns how long nobody acted, milliseconds. */
async function endLeader(signal: NodeJS.Signals): Promise<number> {
  const old = await leader();
  replicas.get(old)?.kill(signal);
  const next = await until('another leader', () =>
    acts.findLast(({ identity }) => identity !== old && acts.at(-1)?.identity === identity),
  );
  const lastOfOld = acts.findLast(({ identity }) => identity === old)?.at ?? 0;
  const firstOfNext = acts.find(({ identity, epoch }) => identity === next.identity && epoch === next.epoch)?.at ?? 0;
  return firstOfNext - lastOfOld;
}

/** Each leader acted in a time of its own, and epochs only grow. */
function expectOneAtATime(): void {
  const terms = Map.groupBy(acts, ({ identity, epoch }) => `${epoch} ${identity}`);
  const spans = [...terms.values()]
    .map((of) => ({
      ...(of[0] as Act),
      from: Math.min(...of.map(({ at }) => at)),
      to: Math.max(...of.map(({ at }) => at)),
    }))
    .toSorted((a, b) => a.from - b.from);
  for (const [index, span] of spans.entries()) {
    const before = spans[index - 1];
    if (!before) continue;
    expect(span.from, `${span.identity} began while ${before.identity} acted`).toBeGreaterThan(before.to);
    expect(span.epoch).toBeGreaterThan(before.epoch);
  }
}

test.each([2, 3])('%i replicas, the leader killed at any moment', async (count) => {
  for (let at = 0; at < count; at += 1) launch();
  await allUp(count);
  const gaps: number[] = [];
  for (const [round, moment] of MOMENTS.entries()) {
    await pause(moment);
    gaps.push(await endLeader('SIGKILL'));
    launch();
    await until('replaced', () => up.size >= count + round + 1);
  }
  expectOneAtATime();
  expect(Math.max(...gaps)).toBeLessThan(AFTER_CRASH_MS);
});

test('a leader stopped cleanly passes it on', async () => {
  for (let at = 0; at < 3; at += 1) launch(bed.cluster.kubeconfig, LONG_LEASE_S);
  await allUp(3);
  const gaps = [await endLeader('SIGTERM'), await endLeader('SIGTERM')];
  expectOneAtATime();
  expect(Math.max(...gaps)).toBeLessThan(AFTER_STOP_MS);
});

test('a leader that was frozen past its lease does not act when it wakes', async () => {
  launch();
  launch();
  await allUp(2);
  const old = await leader();
  const term = acts.findLast(({ identity }) => identity === old)?.epoch ?? 0;
  await endLeader('SIGSTOP');
  await pause(500);
  replicas.get(old)?.kill('SIGCONT');
  await pause(2_000);
  expectOneAtATime();
  // It may lead again, where the next one was held up for a whole lease; then that is another term.
  expect(acts.at(-1)?.epoch).toBeGreaterThan(term);
});

test('a leader cut off from the API server stops before another begins', async () => {
  const proxy = await new FaultProxy(bed.cluster.kubeconfig).start();
  const cut = launch(proxy.writeKubeconfig(path.join(bed.dir, 'cut')));
  await until('it leads', () => acts.at(-1)?.identity === cut);
  launch();
  await allUp(2);
  proxy.faults = { down: true };
  proxy.cutAll();
  const isOther = ({ identity }: Act): boolean => identity !== cut;
  const other = await until('another leads', () => acts.slice(-1).find(isOther));
  await pause(1_000);
  expect(await leader()).toBe(other.identity);
  expectOneAtATime();
  await proxy.stop();
});

test('nobody acts on while the API server is away, and one does when it is back', async () => {
  launch();
  launch();
  await allUp(2);
  await bed.cluster.apiServer.kill();
  // By the moment of the act: what was done before may be read later.
  const overFrom = now() + LEASE_S * 1_000;
  const later = (): Act[] => acts.filter(({ at }) => at > overFrom);
  await pause(LEASE_S * 1_000 + 1_000);
  expect(later()).toEqual([]);
  await bed.cluster.apiServer.start();
  await until('somebody leads', () => later().length > 0);
  expectOneAtATime();
});
