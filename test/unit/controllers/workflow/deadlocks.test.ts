import { beforeEach, describe, expect, it } from 'vitest';
import type { Workflow } from '../../../../src/api/kinds.ts';
import { ancestorsOf, type CachedWorkflow, WORKFLOW_INDEXES } from '../../../../src/controllers/workflow/caches.ts';
import { Deadlocks } from '../../../../src/controllers/workflow/deadlocks.ts';
import { Scheduler } from '../../../../src/controllers/workflow/scheduler.ts';
import { Store } from '../../../../src/runtime/store.ts';

const OP = { p1: '11111111', p2: '22222222' } as const;
const CHILD = { p1: `p1-start-${OP.p1}`, p2: `p2-start-${OP.p2}` } as const;
const { signal } = new AbortController();

let workflows: Store<CachedWorkflow>;
/** What the API server has where it differs from the cache; undefined: it is gone. */
let live: Map<string, Workflow | undefined>;
let reads: string[];
let enqueued: string[];
let limits: { maxConcurrent: number; slots: Map<string, number> };
let scheduler: Scheduler;
let deadlocks: Deadlocks;

beforeEach(() => {
  workflows = new Store<CachedWorkflow>({
    indexes: WORKFLOW_INDEXES.workflows,
    onListenerError: (error) => {
      throw error;
    },
  });
  live = new Map();
  reads = [];
  enqueued = [];
  limits = { maxConcurrent: 10, slots: new Map() };
  scheduler = new Scheduler({
    limits: () => ({ ...limits, ageing: 10 }),
    now: () => 0,
    foreign: new Map(),
    onLocks: () => undefined,
    enqueue: () => undefined,
    soon: (run) => run(),
  });
  deadlocks = leader();
});

const leader = (): Deadlocks =>
  new Deadlocks({
    caches: { workflows },
    scheduler,
    latest: (key) => workflows.get(key),
    read: ({ namespace, name }) => {
      reads.push(name);
      const key = `${namespace}/${name}`;
      return Promise.resolve(live.has(key) ? live.get(key) : workflows.get(key));
    },
    enqueue: (key) => enqueued.push(key),
  });

interface Extra {
  readonly owner?: string;
  readonly spec?: object;
  readonly status?: object;
  readonly created?: string;
  readonly generation?: number;
}

function workflow(name: string, { owner, spec, status, created = '12:00:00', generation = 1 }: Extra): CachedWorkflow {
  const base = { namespace: 'shop', name, uid: `uid-${name}`, resourceVersion: '1' };
  const metadata = { ...base, generation, creationTimestamp: `2026-05-04T${created}Z` };
  const above = owner === undefined ? undefined : { kind: 'Workflow', name: owner, uid: `uid-${owner}` };
  return {
    ...base,
    apiVersion: 'baton.dev/v1alpha1',
    kind: 'Workflow',
    metadata,
    spec: { cancel: 'None', steps: [], ...spec },
    status,
    owner: above,
  } as unknown as CachedWorkflow;
}

const lock = (name: string) => ({ key: `shop/apps/Deployment/${name}`, access: 'Exclusive' as const });
const starting = (opId: string, extra: object = {}) => ({
  spec: { steps: [{ name: 'start', workflow: { template: 't' } }] },
  status: { phase: 'Running', steps: [{ name: 'start', state: 'Applying', opId, before: {}, ...extra }] },
});

function asks(
  name: string,
  extra: Extra,
  demand: { locks?: string[]; slots?: { name: string; units: number }[] } = {},
) {
  const made = workflow(name, extra);
  workflows.upsert(made);
  scheduler.ask({
    key: `shop/${name}`,
    priority: 500,
    since: 0,
    locks: (demand.locks ?? []).map(lock),
    slots: demand.slots ?? [],
    blocked: undefined,
    ancestors: ancestorsOf(made, workflows),
  });
}

/** Two that hold what the child of the other one wants. */
function crossed(): void {
  asks('p1', starting(OP.p1), { locks: ['a'] });
  asks('p2', starting(OP.p2), { locks: ['b'] });
  asks(CHILD.p1, { owner: 'p1', created: '12:00:01' }, { locks: ['b'] });
  asks(CHILD.p2, { owner: 'p2', created: '12:00:02' }, { locks: ['a'] });
}

describe('workflows that wait for each other', () => {
  it.each(['p1', 'p2', CHILD.p1, CHILD.p2])(
    'the youngest that has not begun is refused, whoever is looked at: %s',
    async (name) => {
      crossed();
      await deadlocks.look(`shop/${name}`, signal);
      expect(enqueued).toEqual([`shop/${CHILD.p2}`]);
      expect(reads.toSorted()).toEqual(['p1', CHILD.p1, 'p2', CHILD.p2].toSorted());
      expect(deadlocks.refusalOf(`shop/${CHILD.p1}`)).toBeUndefined();
      expect(deadlocks.refusalOf(`shop/${CHILD.p2}`)).toEqual({
        reason: 'Deadlock',
        message:
          'workflows would wait for each other until a timeout: ' +
          'shop/p2-start-22222222 waits for Deployment a, which is held by workflow shop/p1; ' +
          'shop/p1 waits for the end of workflow shop/p1-start-11111111 (step start); ' +
          'shop/p1-start-11111111 waits for Deployment b, which is held by workflow shop/p2; ' +
          'shop/p2 waits for the end of workflow shop/p2-start-22222222 (step start). ' +
          'List in spec.targets and spec.slots of the one that starts others what these need, or let one run after the other',
      });
    },
  );

  it('the next leader decides the same, and nothing that the last one had only read', async () => {
    crossed();
    await deadlocks.look('shop/p1', signal);
    const next = leader();
    expect(next.refusalOf(`shop/${CHILD.p2}`)).toBeUndefined();
    await next.look(`shop/${CHILD.p1}`, signal);
    expect(next.refusalOf(`shop/${CHILD.p2}`)?.reason).toBe('Deadlock');
  });

  it.each<[string, string, Extra | undefined]>([
    ['is gone', 'p1', undefined],
    ['has ended', 'p1', { ...starting(OP.p1), status: { phase: 'Failed' } }],
    ['was changed', CHILD.p2, { owner: 'p2', generation: 2 }],
    ['is another one of that name', 'p2', { ...starting(OP.p2), status: { phase: 'Running', steps: [] } }],
    ['waits no longer', 'p1', starting(OP.p1, { state: 'Failed' })],
    ['ends what it waited for', 'p1', starting(OP.p1, { reason: 'TimedOut' })],
  ])('nobody is refused where by the API server one of them %s', async (_, name, now) => {
    crossed();
    live.set(`shop/${name}`, now && workflow(name, now));
    await deadlocks.look('shop/p1', signal);
    expect([enqueued, deadlocks.refusalOf(`shop/${CHILD.p2}`)]).toEqual([[], undefined]);
    // What it read is in the cache in a moment, and then there may be a circle all the same.
    live.clear();
    await deadlocks.look('shop/p1', signal);
    expect(deadlocks.refusalOf(`shop/${CHILD.p2}`)?.reason).toBe('Deadlock');
  });

  it.each<[string, () => void]>([
    ['one of them has ended', () => scheduler.release('shop/p1')],
    [
      'one of them is to be cancelled',
      () => workflows.upsert(workflow('p1', { ...starting(OP.p1), spec: { cancel: 'Stop' } })),
    ],
    [
      'one of them was changed',
      () => workflows.upsert(workflow(CHILD.p1, { owner: 'p1', created: '12:00:01', generation: 2 })),
    ],
  ])('nobody is refused where %s between the two looks', async (_, change) => {
    crossed();
    await deadlocks.look('shop/p1', signal);
    change();
    expect(deadlocks.refusalOf(`shop/${CHILD.p2}`)).toBeUndefined();
  });

  it('nothing is read where nobody waits for what his steps started', async () => {
    asks('p1', { spec: {} }, { locks: ['a'] });
    asks('c', {}, { locks: ['a'] });
    await deadlocks.look('shop/c', signal);
    expect([reads, enqueued]).toEqual([[], []]);
  });

  it('one that is let go by its name wants what the one that waits for it holds', async () => {
    asks('p1', starting(OP.p1, { before: { name: 'named', uid: 'x', suspend: true } }), { locks: ['a'] });
    asks('named', {}, { locks: ['a'] });
    await deadlocks.look('shop/named', signal);
    expect(deadlocks.refusalOf('shop/named')?.message).toContain(
      'shop/named waits for Deployment a, which is held by workflow shop/p1; shop/p1 waits for the end of workflow shop/named (step start)',
    );
  });

  it('a child waits for one that waits for what its parent holds', async () => {
    asks('p1', starting(OP.p1), { locks: ['a'] });
    asks('before', { created: '12:00:00' }, { locks: ['a'] });
    asks(
      CHILD.p1,
      { owner: 'p1', created: '12:00:01', spec: { dependsOn: [{ name: 'before' }] } },
      { locks: ['z', 'a'] },
    );
    scheduler.ask({
      key: `shop/${CHILD.p1}`,
      priority: 500,
      since: 0,
      locks: [],
      slots: [],
      blocked: { reason: 'WaitingForWorkflow', message: 'waits for before' },
      ancestors: ['shop/p1'],
    });
    await deadlocks.look('shop/before', signal);
    expect(deadlocks.refusalOf(`shop/${CHILD.p1}`)?.message).toContain(
      'for the end of workflow shop/before (dependsOn)',
    );
  });

  it('one that is let go by its name has no place, or no units, as long as who waits for it has all', async () => {
    limits = { maxConcurrent: 1, slots: new Map([['db', 2]]) };
    asks('p1', starting(OP.p1, { before: { name: 'named', uid: 'x', suspend: true } }), {
      slots: [{ name: 'db', units: 1 }],
    });
    asks('named', {}, { slots: [{ name: 'db', units: 1 }] });
    await deadlocks.look('shop/named', signal);
    expect(deadlocks.refusalOf('shop/named')?.message).toContain(
      'for one of the 1 workflows that may run at one time to end',
    );
    limits.maxConcurrent = 2;
    scheduler.release('shop/named');
    asks('named', { generation: 2 }, { slots: [{ name: 'db', units: 2 }] });
    await deadlocks.look('shop/named', signal);
    expect(deadlocks.refusalOf('shop/named')?.message).toContain('for 2 of slot db, which is held by workflow shop/p1');
    limits.maxConcurrent = 3;
    asks('other', {}, {});
    scheduler.release('shop/named');
    asks('named', { generation: 3 }, { slots: [{ name: 'db', units: 1 }] });
    await deadlocks.look('shop/named', signal);
    expect(deadlocks.refusalOf('shop/named')).toBeUndefined();
  });
});
