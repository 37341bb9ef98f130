import { beforeEach, describe, expect, it, test } from 'vitest';
import type { OrchestratedServiceStatus } from '../../../src/api/kinds.ts';
import type { Proposal } from '../../../src/controllers/acts/actor.ts';
import type { ActOutcome } from '../../../src/controllers/acts/ports.ts';
import type { CachedService } from '../../../src/controllers/service/caches.ts';
import type { PartAnswer, PartLook } from '../../../src/controllers/service/parts.ts';
import { Starter } from '../../../src/controllers/startup/starter.ts';
import type { DependencyState } from '../../../src/domain/dependencies/evaluate.ts';
import type { WorkloadSnapshot } from '../../../src/domain/snapshot.ts';
import { NOW, workload } from '../domain/fixtures.ts';
import { CALM, type Locked, UNLOCKED } from '../../../src/domain/guard/situation.ts';

const waiting: DependencyState = { key: 'shop/db', minimumHealth: 'Warning', state: 'Unknown' };

/** One service and its workload, as the API server has them; the process that looks after it may die before any write. */
class World {
  workload: WorkloadSnapshot = workload({ desired: 3, rollout: { state: 'Untold' } });
  status: OrchestratedServiceStatus = {
    everAvailable: false,
    health: 'Unknown',
    replicas: { current: 0, ready: 0, desired: 3 },
  };
  dependencies: readonly DependencyState[] = [waiting];
  startup: object | undefined = { phase: 'Services', timeout: '60s', retries: 1, critical: false, onFailure: 'Hold' };
  isSafe = false;
  isGoing = false;
  held: PartLook['held'];
  locked: Locked = UNLOCKED;
  /** What the next acts end with; one that is not listed is done. */
  readonly outcomes: ActOutcome[] = [];
  readonly done: string[] = [];
  readonly woken: string[] = [];
  /** With the statuses that were written. */
  readonly told: string[] = [];
  /** Writes until the process dies. */
  writesLeft = Infinity;
  now = NOW;
  starter = this.#start();

  #start(): Starter {
    return new Starter({
      actor: { carryOut: (proposal) => Promise.resolve(this.#act(proposal)) },
      situations: { of: () => ({ ...CALM, locked: this.locked }) },
      services: { latest: () => this.service, startingIn: () => [this.service], dependantsOf: () => [] },
      sees: () => true,
      enqueue: (key) => this.woken.push(key),
      now: () => this.now,
    });
  }

  get service(): CachedService {
    const metadata = {
      name: 'web',
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-04-01T00:00:00Z',
      ...(this.isGoing && { deletionTimestamp: '2026-05-01T00:00:00Z' }),
    };
    const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    const spec = { targetRef, mode: 'Enforce', priority: 'Normal', ...(this.startup && { startup: this.startup }) };
    return { ...metadata, metadata, spec, status: this.status } as unknown as CachedService;
  }

  async look(): Promise<PartAnswer | undefined> {
    const { service, workload: found, dependencies, isSafe, held } = this;
    const target = { state: 'Found', workload: found } as const;
    const { signal } = new AbortController();
    return this.starter.look({ key: 'shop/web', service, target, pods: [], dependencies, isSafe, held, signal });
  }

  /** One look and the writes that follow from it; a process that died is followed by another. */
  async round(): Promise<PartAnswer | undefined> {
    try {
      const answer = await this.look();
      const needs = answer?.needsFinalizer === true;
      if (needs !== this.isSafe) {
        this.#write();
        this.isSafe = needs;
        return answer;
      }
      const { startup: _, ...rest } = this.status;
      const status = { ...rest, ...answer?.findings.status };
      const told = answer?.findings.told.map(({ reason, message }) => `${reason} ${message}`) ?? [];
      if (JSON.stringify(status) === JSON.stringify(this.status)) return answer;
      this.#write();
      this.status = status;
      this.told.push(...told);
      this.starter.wasTold('shop/web');
      return answer;
    } catch (error) {
      if (!(error instanceof Died)) throw error;
      this.starter = this.#start();
      return undefined;
    }
  }

  async rounds(count: number): Promise<void> {
    for (let each = 0; each < count; each++) await this.round();
  }

  /** As the derivation of the status would tell it. */
  become(health: 'Healthy' | 'Unknown', desired: number): void {
    this.status = { ...this.status, health, replicas: { current: desired, ready: desired, desired } };
  }

  #write(): void {
    this.writesLeft -= 1;
    if (this.writesLeft < 0) {
      this.writesLeft = Infinity;
      throw new Died();
    }
  }

  #act({ act, cause }: Proposal): ActOutcome {
    if (act.type !== 'Scale') throw new Error('only scales');
    const [outcome] = this.outcomes.splice(0, 1);
    if (outcome !== undefined) return outcome;
    if (act.from !== this.workload.desired) return { kind: 'conflict' };
    this.#write();
    const [kept] = Object.values(act.annotations);
    const { startupReplicas: __, ...rest } = this.workload;
    this.workload = { ...rest, desired: act.to, ...(typeof kept === 'string' && { startupReplicas: Number(kept) }) };
    this.done.push(`${cause} ${act.from} to ${act.to}`);
    return { kind: 'written', resourceVersion: '2' };
  }
}

class Died extends Error {}

let world: World;
beforeEach(() => {
  world = new World();
});

async function startOf(of: World): Promise<void> {
  await of.rounds(12);
  of.dependencies = [];
  await of.rounds(12);
  of.become('Healthy', 3);
  await of.rounds(6);
}

describe('a kill before any write', () => {
  test.each(Array.from({ length: 12 }, (_, index) => index))(
    'number %i changes nothing in the end result',
    async (writes) => {
      world.writesLeft = writes;
      await startOf(world);
      expect(world.done).toEqual(['Startup 3 to 0', 'Startup 0 to 3']);
      expect(world.workload).toMatchObject({ desired: 3 });
      expect(world.workload.startupReplicas).toBeUndefined();
      expect(world.status.startup).toMatchObject({ state: 'Started', attempts: 1 });
      expect(world.isSafe).toBe(false);
    },
  );

  it('was one of them each time', async () => {
    let writes = 0;
    world.writesLeft = 1_000;
    await startOf(world);
    writes = 1_000 - world.writesLeft;
    expect(writes).toBeGreaterThanOrEqual(8);
    expect(writes).toBeLessThan(12);
  });
});

describe('nothing is taken', () => {
  it('before the finalizer is there and the intent is in the status', async () => {
    await world.rounds(2);
    expect(world.isSafe).toBe(true);
    expect(world.status.startup).toMatchObject({ state: 'Waiting', replicas: 3 });
    expect(world.done).toEqual([]);
    await world.round();
    expect(world.done).toEqual(['Startup 3 to 0']);
  });

  it('while somebody with more authority has the workload', async () => {
    world.held = { reason: 'EmergencyHalt', message: 'halt-1 is not over' };
    await world.rounds(5);
    expect([world.done, world.status.startup]).toEqual([[], undefined]);
  });

  it('while a workflow has the workload to itself, and the time that it waits for that does not count', async () => {
    world.locked = { serving: 'a workflow has it', failover: 'a workflow has it' };
    await world.rounds(5);
    expect(world.done).toEqual([]);
    const answer = await world.round();
    expect(answer?.findings).toMatchObject({ conditions: [{ reason: 'TargetLocked' }], told: [] });
    world.locked = UNLOCKED;
    await world.rounds(5);
    expect(world.done).toEqual(['Startup 3 to 0']);
    world.dependencies = [];
    await world.rounds(5);
    expect(world.done).toEqual(['Startup 3 to 0', 'Startup 0 to 3']);
    world.locked = { serving: 'a workflow has it', failover: undefined };
    world.now += 600_000;
    await world.rounds(3);
    expect(world.status.startup).toMatchObject({ state: 'Starting', attempts: 1 });
  });
});

describe('a refusal', () => {
  const refused: ActOutcome = { kind: 'refused', message: 'the policy says no' };

  it('is told once, with the reason, and it is tried again', async () => {
    world.outcomes.push(refused, refused, refused);
    const told: string[] = [];
    const messages: (string | undefined)[] = [];
    for (let each = 0; each < 5; each++) {
      const answer = await world.round();
      told.push(...(answer?.findings.told ?? []).map(({ reason, message }) => `${reason}: ${message}`));
      messages.push(answer?.findings.conditions[0]?.message);
    }
    expect(told).toEqual(['StartupRefused: the policy says no']);
    expect(messages[2]).toMatch(/^the policy says no: shop\/db is not up; it would go to zero/);
    expect(world.done).toEqual([]);
    await world.round();
    expect(world.done).toEqual(['Startup 3 to 0']);
  });

  it('of a missing permission names it', async () => {
    world.outcomes.push({ kind: 'forbidden', verb: 'patch', resource: 'deployments.apps' });
    await world.rounds(2);
    const answer = await world.round();
    expect(answer?.findings.conditions[0]).toMatchObject({ reason: 'Forbidden' });
    expect(answer?.findings.told[0]?.message).toBe('Baton may not patch deployments.apps');
    expect(answer?.lookAgainInMs).toBe(10_000);
  });
});

describe('the replicas are given back', () => {
  beforeEach(() => world.rounds(6));

  it.each([
    ['goes', { isGoing: true }],
    ['asks for no start in order any more', { startup: undefined }],
  ])('when the service %s, which is told once', async (_, change) => {
    expect(world.workload).toMatchObject({ desired: 0, startupReplicas: 3 });
    Object.assign(world, change);
    world.outcomes.push({ kind: 'conflict' }, { kind: 'refused', message: 'not now' });
    await world.rounds(2);
    expect(world.isSafe).toBe(true);
    world.told.length = 0;
    await world.rounds(4);
    expect(world.told).toEqual([
      expect.stringMatching(
        /^StartupRaised raised to 3 replicas: (the service is being deleted|spec.startup was taken away)$/,
      ),
    ]);
    expect(world.done).toContain('GivingBack 0 to 3');
    expect(world.isSafe).toBe(false);
    expect(world.workload.startupReplicas).toBeUndefined();
  });

  test.each(Array.from({ length: 4 }, (_, index) => index))(
    'also when the process dies before write %i',
    async (writes) => {
      world.isGoing = true;
      world.writesLeft = writes;
      await world.rounds(5);
      expect([world.isSafe, world.workload.desired, world.workload.startupReplicas]).toEqual([false, 3, undefined]);
    },
  );

  it('also when they were taken a moment ago, which the cache does not show yet', async () => {
    const { workload: live } = world;
    world.isGoing = true;
    world.outcomes.push({ kind: 'conflict' });
    const { startupReplicas: _, ...stale } = live;
    world.workload = { ...stale, desired: 3 };
    await world.round();
    expect(world.isSafe).toBe(true);
    world.workload = live;
    await world.rounds(3);
    expect([world.isSafe, world.workload.desired]).toEqual([false, 3]);
  });

  it('not before a halt that has the workload is over', async () => {
    Object.assign(world, { isGoing: true, held: { reason: 'EmergencyHalt', message: 'halt-1 is not over' } });
    await world.rounds(3);
    expect([world.isSafe, world.workload.desired]).toEqual([true, 0]);
  });
});

it('what comes up is looked at again when its status was written, which others wait for', async () => {
  world.dependencies = [];
  await world.rounds(3);
  world.become('Healthy', 3);
  world.woken.length = 0;
  world.starter.wasTold('shop/web');
  expect(world.woken).toContain('shop/web');
});
