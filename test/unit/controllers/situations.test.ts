import { describe, expect, it } from 'vitest';
import { Situations } from '../../../src/controllers/acts/situations.ts';
import type { CachedService } from '../../../src/controllers/service/caches.ts';
import { DEFAULT_POLICY } from '../../../src/domain/orchestration/policy.ts';

const START = Date.UTC(2026, 4, 1, 8);
const { perNamespace } = DEFAULT_POLICY.guard.disruptions;

function bed(...told: readonly string[]) {
  const clock = { now: START };
  const service = { namespace: 'shop', name: 'web', status: { healing: { disruptions: told } } };
  const situations = new Situations({
    services: () => [service as unknown as CachedService],
    dependenciesOf: () => [],
    lockedOf: () => ({ serving: undefined, failover: undefined }),
    policy: () => DEFAULT_POLICY,
    now: () => clock.now,
  });
  return { clock, situations, left: () => situations.left('shop').left };
}

describe('the disruption budget', () => {
  it('counts what is tried again, as nobody answered, once', () => {
    const { situations, left } = bed();
    for (let tries = 0; tries < 9; tries += 1) situations.spend('shop', 'uid of a pod');
    expect(left()).toBe(perNamespace - 1);
    situations.spend('shop', 'uid of another');
    expect(left()).toBe(perNamespace - 2);
  });

  it('gets back what turned out not to have happened', () => {
    const { situations, left } = bed();
    situations.spend('shop', 'uid of a pod');
    situations.spend('shop', 'uid of a pod')();
    expect(left()).toBe(perNamespace);
  });

  it('begins with what the statuses tell, each disruption of it', () => {
    const moment = new Date(START - 60_000).toISOString();
    const { clock, situations, left } = bed(moment, moment);
    situations.spend('shop', 'of the term before');
    situations.begin();
    expect(left()).toBe(perNamespace - 2);
    clock.now += 86_400_000;
    expect(left()).toBe(perNamespace);
  });
});
