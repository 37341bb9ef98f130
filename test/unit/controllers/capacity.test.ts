import { beforeEach, describe, expect, it } from 'vitest';
import { Capacity, type Ceiling } from '../../../src/controllers/scaling/capacity.ts';
import type { CachedService } from '../../../src/controllers/service/caches.ts';
import { allot, type Claim } from '../../../src/domain/capacity/allot.ts';
import type { BudgetSpec } from '../../../src/domain/capacity/budgets.ts';
import { DEFAULT_POLICY } from '../../../src/domain/orchestration/policy.ts';
import { AUTOSCALER_INDEXES, type AutoscalerSnapshot } from '../../../src/controllers/project/autoscaler.ts';
import { Scaler } from '../../../src/controllers/scaling/scaler.ts';
import { Store } from '../../../src/runtime/store.ts';
import { NOW, workload } from '../domain/fixtures.ts';

const service = (
  name: string,
  over: { namespace?: string; labels?: Record<string, string>; desired?: number } = {},
) => {
  const { namespace = 'shop', labels = {}, desired } = over;
  const status = desired === undefined ? {} : { status: { replicas: { desired } } };
  return { namespace, name, metadata: { labels }, spec: { priority: 'Normal' }, ...status } as unknown as CachedService;
};

const claim = (name: string, wanted: number, over: Partial<Claim> = {}): Claim => ({
  key: `shop/${name}`,
  priority: 'Normal',
  minReplicas: 1,
  wanted,
  risk: 0,
  costPerReplicaHour: undefined,
  cpu: 1,
  memory: 0,
  fixed: false,
  annealed: false,
  ...over,
});

let services: CachedService[];
let budgets: BudgetSpec[];
let timers: (() => void)[];
let woken: string[];
let shared: number;
let asked: (readonly Claim[])[];
let capacity: Capacity;

beforeEach(() => {
  services = [service('a'), service('b')];
  budgets = [{ name: 'nodes', namespaces: ['shop'], maxReplicas: 10 }];
  timers = [];
  woken = [];
  shared = 0;
  asked = [];
  capacity = new Capacity({
    services: { list: () => services } as never,
    policy: () => ({ ...DEFAULT_POLICY, capacityBudgets: budgets }),
    allot: (claims, limits) => {
      shared++;
      asked.push(claims);
      return Promise.resolve(allot(claims, limits));
    },
    enqueue: (key) => woken.push(key),
    later: (_, run) => timers.push(run),
  });
});

/** Lets time pass until nothing is due. */
async function pass(): Promise<void> {
  while (timers.length > 0) {
    timers.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const ask = (name: string, wanted: number, current = 2, over: Partial<Claim> = {}) =>
  capacity.ceiling(services.find((each) => each.name === name) ?? service(name), claim(name, wanted, over), current);

describe('services under a capacity budget', () => {
  it('wait for the others before they rise, and get all that fits', async () => {
    expect(ask('a', 4)).toMatchObject({ replicas: 2, because: 'budget nodes is being shared out' });
    expect(ask('b', 5)).toMatchObject({ replicas: 2 });
    await pass();
    expect(woken.toSorted()).toEqual(['shop/a', 'shop/b']);
    expect([ask('a', 4), ask('b', 5)]).toEqual([undefined, undefined]);
    expect([shared, timers.length]).toEqual([1, 0]);
  });

  it('share what there is, and say so', async () => {
    ask('a', 9);
    ask('b', 9);
    await pass();
    expect(ask('a', 9)).toMatchObject({ replicas: 5, budgets: 'nodes', belowMinimum: false });
    expect(ask('b', 9)?.because).toMatch(/^budget nodes holds 10 replicas, and 18 replicas are wanted: 5 of the 9/);
  });

  it('keep what they had while it is shared anew, and may fall at once', async () => {
    ask('a', 9);
    ask('b', 9);
    await pass();
    expect(ask('a', 3, 5)).toBeUndefined();
    expect(ask('b', 12, 5)).toMatchObject({ replicas: 5 });
    woken = [];
    await pass();
    expect(woken.toSorted()).toEqual(['shop/a', 'shop/b']);
  });

  it('tell what each was given before, so that it can stay', async () => {
    ask('a', 9);
    ask('b', 9);
    await pass();
    ask('a', 9, 5);
    ask('b', 8, 5);
    await pass();
    expect(asked.map((claims) => claims.map(({ given }) => given))).toEqual([
      [undefined, undefined],
      [5, 5],
    ]);
  });

  it('rise into what others have given back, not before', async () => {
    ask('a', 9, 5);
    ask('b', 9, 5);
    await pass();
    ask('a', 3, 5);
    ask('b', 12, 5);
    await pass();
    woken = [];
    expect(ask('b', 12, 5)).toMatchObject({
      replicas: 5,
      because: 'budget nodes still waits for replicas that others give back',
    });
    expect(ask('a', 3, 3)?.replicas).toBe(2);
    expect(woken).toEqual(['shop/b']);
    expect(ask('b', 12, 5)?.replicas).toBe(7);
    expect(ask('a', 3, 2)?.replicas).toBe(2);
    expect(ask('b', 12, 7)?.replicas).toBe(8);
    expect(ask('b', 12, 8)?.because).toContain('8 of the 12 replicas that are wanted');
  });

  it('leave room for what another is rising to, whatever was shared out since', async () => {
    ask('a', 8, 1);
    ask('b', 1, 1);
    await pass();
    // It may rise to all of it, and does; before anybody sees that, the other wants as much, and both get five.
    expect(ask('a', 8, 1)).toBeUndefined();
    ask('b', 8, 1);
    await pass();
    expect(ask('b', 8, 1)?.replicas).toBe(2);
    expect(ask('a', 8, 8)?.replicas).toBe(5);
    expect(ask('b', 8, 1)?.replicas).toBe(2);
    woken = [];
    expect(ask('a', 8, 5)?.replicas).toBe(5);
    expect(woken).toEqual(['shop/b']);
    expect(ask('b', 8, 1)?.replicas).toBe(5);
  });

  it('wait for their turn also while it is shared anew', async () => {
    ask('a', 8, 8);
    ask('b', 1, 1);
    await pass();
    ask('a', 1, 8);
    ask('b', 8, 1);
    await pass();
    expect(ask('b', 8, 1)?.replicas).toBe(2);
    // Of the eight that it was given it has one, and the other has not given back.
    expect(ask('b', 9, 1)?.replicas).toBe(2);
    expect(ask('b', 7, 1)?.replicas).toBe(2);
  });

  it('rise when another is gone, and when the budget is raised or taken away', async () => {
    ask('a', 9);
    ask('b', 9);
    await pass();
    services = [service('a')];
    capacity.forget('shop/b');
    await pass();
    expect(ask('a', 9)).toBeUndefined();
    services = [service('a'), service('b')];
    ask('b', 9, 0);
    await pass();
    expect(ask('a', 9)?.replicas).toBe(5);
    budgets = [{ name: 'nodes', namespaces: ['shop'], maxReplicas: 16 }];
    ask('a', 9);
    await pass();
    expect(ask('a', 9)?.replicas).toBe(8);
    budgets = [];
    expect(ask('a', 9)).toBeUndefined();
  });

  it('leave room for those that Baton does not scale', async () => {
    services.push(service('fixed', { desired: 4 }));
    ask('a', 9);
    ask('b', 9);
    await pass();
    expect([ask('a', 9)?.replicas, ask('b', 9)?.replicas]).toEqual([3, 3]);
    expect(ask('c', 5, 5, { fixed: true })).toBeUndefined();
  });

  it('are those of the namespaces and labels that it names', async () => {
    budgets = [
      { name: 'web', selector: { matchLabels: { tier: 'web' } }, maxReplicas: 3 },
      {
        name: 'odd',
        namespaces: ['*'],
        selector: {
          matchExpressions: [
            { key: 'odd', operator: 'Exists' },
            { key: 'tier', operator: 'NotIn', values: ['web'] },
          ],
        },
        maxReplicas: 2,
      },
    ];
    services = [
      service('a', { labels: { tier: 'web', odd: 'yes' } }),
      service('b', { labels: { odd: '' } }),
      service('c', { labels: { tier: 'db' } }),
    ];
    const looks = (): (string | undefined)[] => ['a', 'b', 'c'].map((name) => ask(name, 9)?.budgets);
    looks();
    await pass();
    expect(looks()).toEqual(['web', 'odd', undefined]);
  });

  it('go below minReplicas only where the minima do not fit', async () => {
    budgets = [{ name: 'nodes', namespaces: ['shop'], maxReplicas: 3 }];
    const least = { minReplicas: 3 };
    ask('a', 9, 3, { ...least, priority: 'High' });
    ask('b', 9, 3, least);
    await pass();
    expect(ask('a', 9, 3, { ...least, priority: 'High' })).toMatchObject({ replicas: 3, belowMinimum: false });
    expect(ask('b', 9, 3, least)).toMatchObject({ replicas: 0, belowMinimum: true });
  });

  it('are counted for metrics', async () => {
    budgets = [{ name: 'nodes', namespaces: ['shop'], maxReplicas: 10, cpu: '9500m' }];
    ask('a', 9);
    ask('b', 9);
    await pass();
    expect([...capacity.figures()]).toEqual([
      {
        budget: { name: 'nodes', maxReplicas: 10, cpu: 9.5, memory: undefined, covers: ['shop/a', 'shop/b'] },
        wanted: { replicas: 18, cpu: 18, memory: 0 },
        given: { replicas: 9, cpu: 9, memory: 0 },
      },
    ]);
  });
});

const signal = new AbortController().signal;
const target = { type: 'AverageValue', averageValue: 10 };
const metrics = [{ type: 'Prometheus', prometheus: { query: 'depth', target } }];
const web = (scaling: object): CachedService =>
  ({ ...service('web'), spec: { priority: 'Normal', mode: 'Enforce', scaling } }) as unknown as CachedService;

/** A scaler whose metric asks for 4 replicas, under a budget that says `ceiling`. */
function scalerWith(ceiling: (claim: Claim) => Ceiling | undefined) {
  const autoscalers = new Store<AutoscalerSnapshot>({ indexes: AUTOSCALER_INDEXES, onListenerError: () => undefined });
  autoscalers.replace(new Map(), '1');
  const writes: number[] = [];
  const moves: object[] = [];
  const written = { kind: 'written', resourceVersion: '9' } as const;
  const scaler = new Scaler({
    autoscalers,
    predictor: { look: () => ({ wish: undefined, prediction: undefined, anomalies: [] }), forget: () => undefined },
    capacity: { ceiling: (_, claimed) => ceiling(claimed), forget: () => undefined },
    actor: {
      carryOut: ({ act }) => {
        if (act.type === 'Scale') writes.push(act.to);
        if (act.type === 'MoveBounds') moves.push(act.to);
        return Promise.resolve(written);
      },
    },
    port: {
      owner: () => Promise.resolve({ replicas: 0, manager: 'baton' }),
      scaledObject: () => Promise.resolve({ kind: 'none' }),
    },
    readings: () => new Map([['scaling/0', { kind: 'value', value: 40, at: NOW, evidence: '' }]]),
    usage: () => ({ kind: 'known', pods: new Map() }),
    intervalMs: 15_000,
    isNewer: () => false,
    now: () => NOW,
    monotonic: () => 0,
    record: () => undefined,
  });
  return { scaler, autoscalers, writes, moves };
}

describe('the scaler', () => {
  it('takes up again what it took to 0 for a budget, before the status told of it', async () => {
    let ceiling: Ceiling | undefined = { replicas: 0, budgets: 'nodes', because: '', belowMinimum: true };
    const { scaler, writes } = scalerWith(() => ceiling);
    const look = (desired: number) =>
      scaler.scale(
        web({ minReplicas: 2, maxReplicas: 20, metrics }),
        workload({ namespace: 'shop', name: 'web', desired }),
        [],
        signal,
      );
    await look(3);
    await look(0);
    ceiling = undefined;
    await look(0);
    expect(writes).toEqual([0, 2]);
  });

  it.each(['HeldByHalt', 'NamespaceStopped', 'StartupWaits', 'FailoverInProgress', 'MaintenanceWindow'] as const)(
    'takes of a budget what the service has, and changes nothing, while something else has it: %s',
    async (reason) => {
      const claims: Pick<Claim, 'wanted' | 'fixed'>[] = [];
      const { scaler, writes } = scalerWith(({ wanted, fixed }) => {
        claims.push({ wanted, fixed });
        return { replicas: 3, budgets: 'nodes', because: '', belowMinimum: false };
      });
      const held = { reason, message: 'somebody else has it' };
      const look = (desired: number, by?: typeof held) =>
        scaler.scale(
          web({ minReplicas: 2, maxReplicas: 20, metrics }),
          workload({ namespace: 'shop', name: 'web', desired }),
          [],
          signal,
          by,
        );
      // At zero it leaves its part to others, raised by a halt it takes more than its part.
      await look(0, held);
      await look(8, held);
      expect(claims).toEqual([
        { wanted: 0, fixed: true },
        { wanted: 8, fixed: true },
      ]);
      expect(writes).toEqual([]);
      await look(8);
      expect(claims.at(-1)).toEqual({ wanted: 4, fixed: false });
      expect(writes).toEqual([3]);
    },
  );

  it('holds a HorizontalPodAutoscaler to what the budget allots', async () => {
    const claims: Claim[] = [];
    const { scaler, autoscalers, moves } = scalerWith((claimed) => {
      claims.push(claimed);
      return { replicas: 6, budgets: 'nodes', because: '', belowMinimum: false };
    });
    const hpa = { namespace: 'shop', name: 'web', uid: 'hpa', resourceVersion: '5', owner: undefined };
    const bounds = { target: 'Deployment.apps/shop/web', minReplicas: 1, maxReplicas: 20 };
    autoscalers.upsert({ ...hpa, ...bounds });
    const writer = { type: 'HorizontalPodAutoscaler', name: 'web' };
    const grown = workload({ namespace: 'shop', name: 'web', desired: 9 });
    await scaler.scale(web({ minReplicas: 1, maxReplicas: 20, metrics, writer }), grown, [], signal);
    expect(claims.map(({ wanted }) => wanted)).toEqual([9]);
    expect(moves).toEqual([{ minReplicas: 6, maxReplicas: 6 }]);
  });
});
