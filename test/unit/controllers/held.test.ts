import { expect, it } from 'vitest';
import { claimOf, heldBy, reservedBy } from '../../../src/controllers/scaling/claim.ts';
import { Capacity } from '../../../src/controllers/scaling/capacity.ts';
import type { CachedService } from '../../../src/controllers/service/caches.ts';
import { allot, type Claim } from '../../../src/domain/capacity/allot.ts';
import type { BudgetSpec } from '../../../src/domain/capacity/budgets.ts';
import { DEFAULT_POLICY } from '../../../src/domain/orchestration/policy.ts';
import { pod, UNBOUNDED, workload } from '../domain/fixtures.ts';

const service = (name: string): CachedService =>
  ({
    namespace: 'shop',
    name,
    metadata: { labels: {} },
    spec: { priority: 'Normal', mode: 'Enforce' },
  }) as unknown as CachedService;
const pods = (cpu: number) => [pod('a', { template: { ...UNBOUNDED, reserved: { cpu, memory: 1e9 } } })];

it('a service that Baton does not scale takes what its pods take, with containers that have no utilization', () => {
  expect(heldBy(service('other'), workload({ desired: 3 }), pods(2))).toMatchObject({
    key: 'shop/other',
    wanted: 3,
    cpu: 2,
    memory: 1e9,
    fixed: true,
  });
  expect(heldBy(service('other'), workload({ desired: 3 }), [])).toMatchObject({ wanted: 3, cpu: 0 });
});

it('what the last pod took counts while there is none', () => {
  const scaling = { minReplicas: 0, maxReplicas: 9, metrics: [] };
  const claimant = { service: service('web'), scaling, risk: 0, current: 0, rival: undefined };
  expect(claimOf(claimant, 4, reservedBy(pods(2)))).toMatchObject({ wanted: 4, cpu: 2 });
  expect(reservedBy([])).toBeUndefined();
});

it('the others share what it leaves of CPU', async () => {
  const services = [service('web'), service('other')];
  const budget: BudgetSpec = { name: 'cores', namespaces: ['shop'], cpu: 10 };
  const due: (() => void)[] = [];
  const capacity = new Capacity({
    services: { list: () => services } as never,
    policy: () => ({ ...DEFAULT_POLICY, capacityBudgets: [budget] }),
    allot: (...asked) => Promise.resolve(allot(...asked)),
    enqueue: () => undefined,
    later: (_, run) => due.push(run),
  });
  const [web, other] = services as [CachedService, CachedService];
  const wish: Claim = { ...heldBy(web, workload({ desired: 1 }), pods(1)), wanted: 9, fixed: false };
  const ask = async (): Promise<number | undefined> => {
    capacity.ceiling(other, heldBy(other, workload({ desired: 3 }), pods(2)), 3);
    capacity.ceiling(web, wish, 1);
    while (due.length > 0) {
      due.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return capacity.ceiling(web, wish, 1)?.replicas;
  };
  expect(await ask()).toBe(4);
  const [figures] = capacity.figures();
  expect(figures?.wanted.cpu).toBe(15);
});
