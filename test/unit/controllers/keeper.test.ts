import { describe, expect, it } from 'vitest';
import type { OrchestrationSpec, OrchestrationStatus } from '../../../src/api/kinds.ts';
import type { Proposal } from '../../../src/controllers/acts/actor.ts';
import type { ActOutcome } from '../../../src/controllers/acts/ports.ts';
import { EmergencyKeeper } from '../../../src/controllers/emergency/keeper.ts';
import { type CachedService, INDEXES } from '../../../src/controllers/service/caches.ts';
import { annotationsOf, type Hold } from '../../../src/domain/emergency/hold.ts';
import type { ScaleAct } from '../../../src/domain/guard/act.ts';
import { DEFAULT_POLICY } from '../../../src/domain/orchestration/policy.ts';
import type { WorkloadSnapshot } from '../../../src/domain/snapshot.ts';
import { Store } from '../../../src/runtime/store.ts';
import { workload } from '../domain/fixtures.ts';

type Emergency = OrchestrationSpec['emergency'];

const ID = 'halt-20260501t100000z';
const fault = (error: unknown): never => {
  throw error;
};
let version = 1;
const written = (): ActOutcome => ({ kind: 'written', resourceVersion: String(version++) });
const signal = new AbortController().signal;

/** A keeper with caches that show its writes when the test says so. */
function bed(names: Readonly<Record<string, readonly string[]>>, emergency: Partial<Emergency> = {}) {
  const services = new Store<CachedService>({ indexes: INDEXES.services, onListenerError: fault });
  const deployments = new Store<WorkloadSnapshot>({ onListenerError: fault });
  const empty = new Store<WorkloadSnapshot>({ onListenerError: fault });
  const state = {
    halt: 'Halting' as NonNullable<OrchestrationStatus['halt']>['state'],
    at: 1_000,
    answer: written as (name: string) => ActOutcome,
    done: [] as string[],
    seen: [] as boolean[],
    looks: 0,
  };
  const put = (name: string, replicas: number, hold?: Hold): void => {
    deployments.upsert(
      workload({ name, uid: name, desired: replicas, resourceVersion: String(version++), ...(hold && { hold }) }),
    );
  };
  for (const [name, needs] of Object.entries(names)) {
    const spec = {
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      priority: 'Normal',
      mode: 'Enforce',
      emergency: { onHalt: 'ScaleToZero' },
      dependsOn: needs.map((need) => ({ name: need, minimumHealth: 'Warning' })),
    };
    const metadata = { name, namespace: 'shop', uid: `s-${name}`, generation: 1, creationTimestamp: '' };
    services.upsert({ namespace: 'shop', name, uid: `s-${name}`, resourceVersion: '1', metadata, spec } as never);
    put(name, 3);
  }
  const statuses = new Map<string, CachedService['status']>();
  const keeper = new EmergencyKeeper({
    caches: { services, deployments, statefulSets: empty, replicaSets: empty },
    foreign: new Map(),
    autoscalerOf: () => undefined,
    ownNamespace: 'baton-system',
    policy: () => ({ ...DEFAULT_POLICY, emergency: { ...DEFAULT_POLICY.emergency, ...emergency } }),
    status: () => ({ halt: { id: ID, state: state.halt } }),
    rules: () => [],
    workflows: () => {
      state.looks += 1;
      return [];
    },
    actor: {
      carryOut: async (proposal) => {
        const { act, cause, seen } = proposal as unknown as Proposal<ScaleAct>;
        const { name } = act.target;
        const outcome = state.answer(name);
        state.seen.push(seen !== undefined);
        if (outcome.kind === 'written') state.done.push(`${cause} ${name} ${act.from} → ${act.to}`);
        return outcome;
      },
    },
    latest: (key) => ({ status: statuses.get(key) }) as CachedService,
    isNewer: (a, b) => Number(a) > Number(b),
    now: () => 0,
    monotonic: () => state.at,
  });
  const turn = async (): Promise<string[]> => {
    state.done = [];
    await keeper.carryOut(signal);
    return state.done;
  };
  const held = (name: string, original = 3): void => put(name, 0, { id: ID, original, to: 0 });
  return { keeper, state, turn, put, held, statuses, services };
}

describe('taking services down', () => {
  it('is done once, also while the cache does not show it yet', async () => {
    const { turn, held } = bed({ db: [], web: ['db'] });
    expect(await turn()).toEqual(['Halt web 3 → 0', 'Halt db 3 → 0']);
    expect(await turn()).toEqual([]);
    held('web');
    held('db');
    expect(await turn()).toEqual([]);
  });

  it('takes one request each, and looks live where somebody was faster', async () => {
    const { state, turn } = bed({ web: [] });
    let asked = 0;
    state.answer = () => (asked++ === 0 ? { kind: 'conflict' } : written());
    expect(await turn()).toEqual(['Halt web 3 → 0']);
    expect(state.seen).toEqual([true, false]);
  });

  it('goes on with the others where one is refused, names it, and tries again after a while', async () => {
    const { keeper, state, turn } = bed({ db: [], web: ['db'] });
    const refuse = (name: string): ActOutcome =>
      name === 'web' ? { kind: 'refused', message: 'a webhook says no' } : written();
    state.answer = refuse;
    expect(await turn()).toEqual(['Halt db 3 → 0']);
    const { status } = keeper.look({ halt: { id: ID, state: 'Halting', startedAt: '1970-01-01T00:00:00Z' } });
    expect(status.halt?.problems).toEqual([
      { service: 'shop/web', reason: 'ScalingRefused', message: 'a webhook says no' },
    ]);
    state.answer = written;
    expect(await turn()).toEqual([]);
    state.at += 30_000;
    expect(await turn()).toEqual(['Halt web 3 → 0']);
  });

  it('survives requests without an answer', async () => {
    const { state, turn } = bed({ web: [] });
    state.answer = () => {
      throw new Error('no answer');
    };
    expect(await turn()).toEqual([]);
    state.answer = written;
    state.at += 1_000;
    expect(await turn()).toEqual(['Halt web 3 → 0']);
  });
});

describe('giving back', () => {
  const well = { health: 'Healthy', phase: 'Running', replicas: { desired: 3 } } as const;

  it('waits for the health of what a service needs, and after its patience no longer', async () => {
    const { state, turn, put, held, statuses } = bed({ db: [], web: ['db'], shop: ['web'] });
    state.halt = 'Resuming';
    for (const name of ['db', 'web', 'shop']) held(name);
    // What it said while it was at 0 is no news of its pods.
    statuses.set('shop/db', { ...well, phase: 'ScaledToZero', replicas: { desired: 0 } });
    expect(await turn()).toEqual(['Resume db 0 → 3']);
    put('db', 3);
    state.at += 1_000;
    expect(await turn()).toEqual([]);
    statuses.set('shop/db', well);
    state.at += 1_000;
    expect(await turn()).toEqual(['Resume web 0 → 3']);
    put('web', 3);
    state.at += 1_000;
    expect(await turn()).toEqual([]);
    state.at += 60_000;
    expect(await turn()).toEqual(['Resume shop 0 → 3']);
  });

  it('keeps to its rate', async () => {
    const names = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`s${index}`, []]));
    const { state, turn, held } = bed(names, { resumePerSecond: 10 });
    state.halt = 'Resuming';
    for (const name of Object.keys(names)) held(name);
    const counts: number[] = [];
    for (let look = 0; look < 20; look++) {
      counts.push((await turn()).length);
      state.at += 200;
    }
    expect(Math.max(...counts)).toBe(2);
    expect(counts.slice(0, 5).reduce((sum, count) => sum + count)).toBe(10);
    expect(counts.reduce((sum, count) => sum + count)).toBe(30);
  });

  it('begins somewhere in a circle', async () => {
    const { state, turn, held } = bed({ a: ['b'], b: ['a'] }, { resumePatience: '0s' });
    state.halt = 'Resuming';
    held('a');
    held('b');
    const first = await turn();
    state.at += 1_000;
    expect([...first, ...(await turn())].sort()).toEqual(['Resume a 0 → 3', 'Resume b 0 → 3']);
  });

  it('leaves what people changed', async () => {
    const { state, turn, put } = bed({ web: [] });
    state.halt = 'Resuming';
    put('web', 1, { id: ID, original: 3, to: 0 });
    expect(await turn()).toEqual(['Resume web 1 → 1']);
  });
});

describe('while nobody asks for anything', () => {
  const states = (look: ReturnType<EmergencyKeeper['look']>) => [look.status.halt?.state, look.isDue];

  it('finds what is held all the same', () => {
    const { keeper, held } = bed({ db: [], web: ['db'] });
    expect(states(keeper.look(undefined))).toEqual([undefined, false]);
    held('web');
    expect(states(keeper.look(undefined))).toEqual(['Halted', false]);
  });

  it('gives back what is left of a halt that is over', () => {
    const { keeper, held } = bed({ web: [] });
    const halt = { id: ID, state: 'Resumed', startedAt: '1970-01-01T00:00:00Z' } as const;
    expect(states(keeper.look({ halt }))).toEqual(['Resumed', false]);
    held('web');
    expect(keeper.look({ halt }).isDue).toBe(true);
  });

  it('does not go through all of them for what was given back long ago', async () => {
    const { keeper, state, turn, put, held, services } = bed({ web: [] });
    state.halt = 'Resumed';
    held('web');
    services.delete('shop/web', '2');
    expect(await turn()).toEqual(['Resume web 0 → 3']);
    put('web', 3);
    expect(await turn()).toEqual([]);
    keeper.look(undefined);
    expect(state.looks).toBe(0);
  });
});

it('what says what was taken is what is written', () => {
  expect(annotationsOf(ID, 3, 0)).toEqual({
    'baton.dev/halt-id': ID,
    'baton.dev/halted-replicas': '3',
    'baton.dev/halted-to': null,
  });
});
