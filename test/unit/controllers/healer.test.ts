import { expect, it } from 'vitest';
import { Healer } from '../../../src/controllers/healing/healer.ts';
import { NOW } from '../domain/fixtures.ts';
import { Bed } from './bed.ts';
import { CALM } from '../../../src/domain/guard/situation.ts';

const HEALING = {
  actions: [{ type: 'DeletePod' }],
  when: 'Failed',
  after: '30s',
  backoff: { initial: '30s', factor: 2, max: '5m' },
  maxAttempts: 5,
  circuitBreaker: { failures: 5, recovery: '60s' },
} as const;

it.each([
  ['DependencyUnhealthy', 30_000],
  ['MassFailure', 30_000],
  ['MaintenanceWindow', 0],
])('waits after %s has held it back for %i ms', async (reason, ms) => {
  const bed = new Bed();
  const part = new Healer({
    actor: { carryOut: () => Promise.reject(new Error('nothing is to be done')) },
    situations: { of: () => CALM, left: () => ({ left: 10, message: '' }) },
    now: () => bed.now,
    random: () => 0,
  });
  const since = new Date(NOW - 600_000).toISOString();
  const healing = { circuit: 'Closed', attempts: 0, since } as const;
  const conditions = [{ type: 'Healing', status: 'False', reason, message: '', lastTransitionTime: since } as const];
  const ladder = { ...HEALING, actions: [{ type: 'Restart' as const }] };
  bed.service('web', { healing: ladder }, { health: 'Failed', healing, conditions });
  const service = bed.stores.services.get('shop/web');
  if (!service) throw new Error('not there');
  const target = { state: 'Found', workload: bed.deployment('web') } as const;
  const given = { key: 'shop/web', service, target, pods: [], dependencies: [], held: undefined, isSafe: true };
  const answer = await part.look({ ...given, signal: new AbortController().signal });
  const { intent, nextAttemptAt } = answer?.findings.status.healing ?? {};
  expect(intent === undefined).toBe(ms > 0);
  expect(Date.parse(nextAttemptAt ?? new Date(NOW).toISOString())).toBe(NOW + ms);
});

it('is not asked again and again about an episode that is over while the level is not known', async () => {
  const bed = new Bed();
  const part = new Healer({
    actor: { carryOut: () => Promise.reject(new Error('nothing is to be done')) },
    situations: { of: () => CALM, left: () => ({ left: 10, message: '' }) },
    now: () => bed.now,
    random: () => 0,
  });
  const long = new Date(NOW - 600_000).toISOString();
  const healing = { circuit: 'Closed', attempts: 1, since: long, recoveredAt: long } as const;
  bed.service('web', { healing: { ...HEALING, actions: [...HEALING.actions] } }, { health: 'Unknown', healing });
  const service = bed.stores.services.get('shop/web');
  if (!service) throw new Error('not there');
  const target = { state: 'Found', workload: bed.deployment('web') } as const;
  const given = { key: 'shop/web', service, target, pods: [], dependencies: [], held: undefined, isSafe: true };
  const answer = await part.look({ ...given, signal: new AbortController().signal });
  expect(answer?.lookAgainInMs).toBe(Infinity);
});
