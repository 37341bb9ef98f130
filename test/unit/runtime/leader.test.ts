import { describe, expect, test } from 'vitest';
import {
  LeaderElector,
  type Leadership,
  type LeasePort,
  type LeaseRecord,
  type StoredLease,
} from '../../../src/runtime/leader.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

/** One Lease, with the API server's rules about resourceVersion; can be cut off from single replicas. */
class LeaseServer {
  stored: StoredLease | undefined;
  /** Who was written as its holder, '' for nobody, in order and without repetitions. */
  readonly holders: string[] = [];
  writes = 0;
  reads = 0;
  readonly cutOff = new Set<string>();
  readonly #watchers = new Set<() => void>();
  #version = 0;

  put(record: LeaseRecord): StoredLease {
    this.writes += 1;
    if (this.holders.at(-1) !== record.holderIdentity) this.holders.push(record.holderIdentity);
    this.stored = { ...record, resourceVersion: String((this.#version += 1)) };
    for (const tell of this.#watchers) tell();
    return this.stored;
  }

  port(replica: string): LeasePort {
    const reach = (): void => {
      if (this.cutOff.has(replica)) throw new Error('unreachable');
    };
    return {
      get: async () => {
        reach();
        this.reads += 1;
        return this.stored;
      },
      create: async (record) => {
        reach();
        return this.stored ? undefined : this.put(record);
      },
      update: async (record, version) => {
        reach();
        return this.stored?.resourceVersion === version ? this.put(record) : undefined;
      },
      watch: async (version, onChange, signal) => {
        reach();
        const tell = (): void => {
          if (!this.cutOff.has(replica)) onChange(this.stored);
        };
        this.#watchers.add(tell);
        if (this.stored?.resourceVersion !== version) tell();
        await new Promise<void>((resolve) => {
          if (signal.aborted) resolve();
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
        this.#watchers.delete(tell);
      },
    };
  }
}

interface Behaviour {
  /** How long its work goes on after it was told to end. */
  readonly lingerMs?: number;
  readonly mayRelease?: () => boolean;
}

function replica(
  server: LeaseServer,
  identity: string,
  clock: FakeClock,
  { lingerMs = 0, mayRelease = () => true }: Behaviour = {},
) {
  const stop = new AbortController();
  const terms: Leadership[] = [];
  const errors: unknown[] = [];
  const elector = new LeaderElector({
    lease: server.port(identity),
    identity,
    clock,
    random: () => 0,
    mayRelease,
    onError: (error) => errors.push(error),
  });
  let leading = false;
  const ended = elector.run(stop.signal, async (leadership) => {
    terms.push(leadership);
    leading = true;
    await new Promise((resolve) => leadership.signal.addEventListener('abort', resolve, { once: true }));
    if (lingerMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, lingerMs));
    leading = false;
  });
  return { elector, terms, errors, stop, ended, leads: () => leading };
}

async function two(behaviour: Behaviour = {}) {
  const clock = new FakeClock();
  const server = new LeaseServer();
  const a = replica(server, 'a', clock, behaviour);
  await clock.advance(0);
  const b = replica(server, 'b', clock);
  await clock.advance(10_000);
  return { clock, server, a, b };
}

describe('taking', () => {
  test('the first creates the Lease and renews it; the second waits', async () => {
    const { server, a, b } = await two();
    expect([a.leads(), b.leads()]).toEqual([true, false]);
    expect(server.stored).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(server.stored?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(server.stored?.acquireTime).toBe('2026-01-01T00:00:00.000000Z');
    expect(b.elector.holder).toBe('a');
  });

  test('a standby that waits asks for nothing', async () => {
    const { clock, server } = await two();
    const { reads, writes } = server;
    await clock.advance(60_000);
    expect(server.reads - reads).toBe(0);
    expect(server.writes - writes).toBe(30);
  });

  test('of many that start at once exactly one leads', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const all = ['a', 'b', 'c'].map((name) => replica(server, name, clock));
    await clock.advance(5_000);
    expect(all.filter(({ leads }) => leads())).toHaveLength(1);
  });
});

describe('passing on', () => {
  test('a clean stop gives the Lease back and the standby takes it at once', async () => {
    const { clock, server, a, b } = await two();
    a.stop.abort();
    await a.ended;
    await clock.advance(10);
    expect([a.leads(), b.leads()]).toEqual([false, true]);
    expect(server.stored).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    expect(b.terms[0]?.epoch).toBe(1);
  });

  test('what is given back says one second and nobody, as client-go writes it', async () => {
    const { server, a, b } = await two();
    b.stop.abort();
    a.stop.abort();
    await a.ended;
    expect(server.stored).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 });
  });

  test('it is given back only after the work has ended', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const a = replica(server, 'a', clock, { lingerMs: 2_000 });
    await clock.advance(0);
    const b = replica(server, 'b', clock);
    await clock.advance(5_000);
    a.stop.abort();
    await clock.advance(1_999);
    expect([a.leads(), b.leads()]).toEqual([true, false]);
    await clock.advance(10);
    expect([a.leads(), b.leads()]).toEqual([false, true]);
  });

  test('a renewal that arrived although it was cut off does not keep the Lease from being given back', async () => {
    const { clock, server, a, b } = await two();
    if (server.stored) server.put({ ...server.stored });
    a.stop.abort();
    await a.ended;
    await clock.advance(10);
    expect(b.leads()).toBe(true);
  });

  test('after a crash the standby takes it 15 s after the last renewal', async () => {
    const { clock, server, a, b } = await two();
    server.cutOff.add('a');
    await clock.advance(9_000);
    expect([a.leads(), b.leads()]).toEqual([true, false]);
    await clock.advance(1_100);
    expect([a.leads(), b.leads()]).toEqual([false, false]);
    await clock.advance(5_100);
    expect([a.leads(), b.leads()]).toEqual([false, true]);
    expect(server.stored?.leaseTransitions).toBe(1);
  });

  test('a deleted Lease is taken by one of them', async () => {
    const { clock, server, a, b } = await two();
    server.stored = undefined;
    await clock.advance(5_000);
    expect([a.leads(), b.leads()].filter(Boolean)).toHaveLength(1);
  });
});

describe('not giving back', () => {
  test('a leader that could not renew in time lets it run out, also when it reaches the server again', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const a = replica(server, 'a', clock, { lingerMs: 500 });
    await clock.advance(0);
    const b = replica(server, 'b', clock);
    await clock.advance(1_000);
    server.cutOff.add('a');
    await clock.advance(9_200);
    expect(a.terms[0]?.signal.aborted).toBe(true);
    server.cutOff.clear();
    a.stop.abort(new Error('SIGTERM'));
    await clock.advance(500);
    await a.ended;
    await clock.advance(4_200);
    expect([server.stored?.holderIdentity, b.leads()]).toEqual(['a', false]);
    await clock.advance(200);
    expect([server.stored?.holderIdentity, b.leads()]).toEqual(['b', true]);
    expect(server.holders).toEqual(['a', 'b']);
  });

  test('a leader that slept through its own timers does not either, and may take it again', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const a = replica(server, 'a', clock);
    await clock.advance(0);
    clock.freeze(11_000);
    await clock.advance(5_000);
    expect(server.holders).toEqual(['a']);
    expect(a.terms).toHaveLength(2);
    expect(a.leads()).toBe(true);
  });

  test('a leader that is stopped when it wakes does not either', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const a = replica(server, 'a', clock);
    await clock.advance(0);
    clock.freeze(11_000);
    a.stop.abort(new Error('SIGTERM'));
    await a.ended;
    expect(server.holders).toEqual(['a']);
  });

  test('nor one whose work took so long to end', async () => {
    const { clock, server, a } = await two({ lingerMs: 10_500 });
    a.stop.abort(new Error('SIGTERM'));
    await clock.advance(10_600);
    await a.ended;
    expect(server.holders).toEqual(['a']);
  });

  test('nor one that wrote something whose end it does not know', async () => {
    const { clock, server, a, b } = await two({ mayRelease: () => false });
    a.stop.abort(new Error('SIGTERM'));
    await a.ended;
    await clock.advance(13_000);
    expect([server.stored?.holderIdentity, b.leads()]).toEqual(['a', false]);
    await clock.advance(2_100);
    expect([server.stored?.holderIdentity, b.leads()]).toEqual(['b', true]);
    expect(server.holders).toEqual(['a', 'b']);
  });
});

describe('safety', () => {
  test('a leader that cannot renew stops before any standby can begin', async () => {
    const { clock, server, a, b } = await two();
    server.cutOff.add('a');
    for (let second = 0; second < 40; second += 1) {
      await clock.advance(500);
      expect([a.leads(), b.leads()]).not.toEqual([true, true]);
    }
    expect(b.leads()).toBe(true);
    server.cutOff.clear();
    await clock.advance(5_000);
    expect([a.leads(), b.leads()]).toEqual([false, true]);
  });

  test('a leader that slept through its own timers is not fresh when it wakes', async () => {
    const { clock, a } = await two();
    const term = a.terms[0];
    expect(term?.isFresh()).toBe(true);
    clock.freeze(11_000);
    expect(term?.isFresh()).toBe(false);
  });

  test('a leader that stops is fresh until it has said its last words, one that lost the Lease is not', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const a = replica(server, 'a', clock, { lingerMs: 1_000 });
    await clock.advance(0);
    a.stop.abort(new Error('SIGTERM'));
    expect(a.terms[0]?.signal.aborted).toBe(true);
    expect(a.terms[0]?.isFresh()).toBe(true);
    await clock.advance(1_000);
    await a.ended;

    const b = replica(server, 'b', clock, { lingerMs: 1_000 });
    await clock.advance(0);
    server.put({ ...(server.stored as StoredLease), holderIdentity: 'c' });
    await clock.advance(2_000);
    b.stop.abort(new Error('SIGTERM'));
    expect(b.terms[0]?.signal.aborted).toBe(true);
    expect(b.terms[0]?.isFresh()).toBe(false);
  });

  test('a replica that never led says so', () => {
    const told: boolean[] = [];
    const metrics = { leading: (leads: boolean) => void told.push(leads) };
    expect(
      new LeaderElector({ lease: new LeaseServer().port('a'), identity: 'a', metrics }).leadership,
    ).toBeUndefined();
    expect(told).toEqual([false]);
  });

  test('the wall clock may jump either way', async () => {
    const { clock, a, b } = await two();
    for (const jump of [3_600_000, -7_200_000]) {
      clock.jumpWall(jump);
      await clock.advance(30_000);
      expect([a.leads(), b.leads()]).toEqual([true, false]);
    }
    expect(a.terms).toHaveLength(1);
  });

  test('somebody else in the Lease ends leadership with the next renewal', async () => {
    const { clock, server, a } = await two();
    server.put({ ...(server.stored as StoredLease), holderIdentity: 'c' });
    await clock.advance(2_500);
    expect(a.leads()).toBe(false);
  });

  test('an annotation set by a person does not', async () => {
    const { clock, server, a } = await two();
    server.put({ ...(server.stored as StoredLease) });
    await clock.advance(30_000);
    expect(a.leads()).toBe(true);
    expect(a.terms).toHaveLength(1);
  });

  test('work that throws gives the Lease back and surfaces', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const elector = new LeaderElector({ lease: server.port('a'), identity: 'a', clock });
    const failing = elector.run(new AbortController().signal, async () => {
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    expect(server.stored?.holderIdentity).toBe('');
    await settle();
    expect(clock.timers).toBe(0);
  });

  test('times that do not fit are refused', () => {
    const times = { leaseDurationSeconds: 10, renewDeadlineSeconds: 10 };
    expect(() => new LeaderElector({ lease: new LeaseServer().port('a'), identity: 'a', ...times })).toThrow(
      RangeError,
    );
  });
});
