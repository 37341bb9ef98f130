import { describe, expect, it } from 'vitest';
import type { DependencyState } from '../../../../src/domain/dependencies/evaluate.ts';
import type { Phase, StartupRules } from '../../../../src/domain/startup/rules.ts';
import { enter, type StartupState } from '../../../../src/domain/startup/state.ts';
import { type Fleet, isPassed, type Member, rollbackOf, waitsOf } from '../../../../src/domain/startup/waits.ts';

const NOW = Date.parse('2026-05-04T12:00:00Z');
const rules: StartupRules = { phase: 'Services', timeout: 60_000, retries: 3, critical: false, onFailure: 'Hold' };

function member(
  name: string,
  phase: Phase,
  over: Partial<Member> & { readonly rule?: Partial<StartupRules> } = {},
): Member {
  const { rule, ...more } = over;
  return {
    key: `shop/${name}`,
    namespace: 'shop',
    generation: 1,
    rules: { ...rules, phase, ...rule },
    state: enter('Starting', NOW),
    everAvailable: false,
    desired: 1,
    dependsOn: [],
    isEnforced: true,
    isSuspended: false,
    ...more,
  };
}

const fleetOf = (...members: Member[]): Fleet => ({
  members: () => members,
  dependantsOf: (key) => members.filter(({ dependsOn }) => dependsOn.includes(key)),
  sees: (namespace) => namespace !== 'hidden',
});

const failed = (since = NOW): StartupState =>
  enter('Failed', since, { generation: 1, attempts: 1, raisedAt: since - 1 });

describe('a service waits', () => {
  const web = member('web', 'Services');
  const texts = (fleet: Fleet, dependencies: readonly DependencyState[] = []): string[] =>
    waitsOf(web, dependencies, fleet, NOW).waits.map((wait) =>
      wait.kind === 'Phase'
        ? `${wait.phase}: ${wait.blockers.map(({ key }) => key).join()}${wait.failed ? ' failed' : ''}`
        : `${wait.dependency.key} ${wait.dependency.state}`,
    );

  it('for earlier phases only, in their order', () => {
    const fleet = fleetOf(web, member('dns', 'Network'), member('db', 'Core'), member('other', 'Services'));
    expect(texts(fleet)).toEqual(['Core: shop/db', 'Network: shop/dns']);
  });

  it('for a critical one that failed, and for no other that did', () => {
    const lost = member('db', 'Core', { state: failed(), rule: { critical: true } });
    expect(texts(fleetOf(web, lost, member('dns', 'Network', { state: failed() })))).toEqual(['Core: shop/db failed']);
  });

  it('for none that is suspended, because nobody raises that', () => {
    const db = member('db', 'Core', { isSuspended: true, rule: { critical: true } });
    expect(texts(fleetOf(web, db))).toEqual([]);
    const lost = { ...db, rules: { ...rules, critical: true, onFailure: 'Rollback' as const }, state: failed() };
    expect(rollbackOf(web, fleetOf(web, lost), NOW)).toBeUndefined();
    expect(rollbackOf(web, fleetOf(web, { ...lost, isSuspended: false }), NOW)).toBeDefined();
  });

  it('for what it depends on, but not for what Baton may not see, nor in a circle', () => {
    const below = { key: 'shop/a', minimumHealth: 'Warning', state: 'Below', health: 'Failed', score: 0 } as const;
    const others = (['NotFound', 'Unknown'] as const).map(
      (state): DependencyState => ({ key: `shop/${state}`, minimumHealth: 'Warning', state }),
    );
    const hidden: DependencyState = { key: 'hidden/b', minimumHealth: 'Warning', state: 'NotFound' };
    const ring: DependencyState = {
      key: 'shop/c',
      minimumHealth: 'Warning',
      state: 'Cycle',
      ring: ['shop/c', 'shop/web'],
    };
    const ready = { key: 'shop/d', minimumHealth: 'Warning', state: 'Ready', health: 'Healthy', score: 100 } as const;
    const dependencies = [below, ...others, hidden, ring, ready];
    expect(texts(fleetOf(web), dependencies)).toEqual([
      'shop/a Below',
      'shop/NotFound NotFound',
      'shop/Unknown Unknown',
    ]);
    expect(waitsOf(web, dependencies, fleetOf(web), NOW).unfollowed).toEqual(['shop/c']);
  });

  it('not for an earlier phase that waits for it, also over one that starts when it likes', () => {
    const between = member('between', 'Core', { rules: undefined, state: undefined, dependsOn: ['shop/web'] });
    const db = member('db', 'Core', { dependsOn: ['shop/between'] });
    const fleet = fleetOf(web, between, db, member('disk', 'Core'));
    expect(texts(fleet)).toEqual(['Core: shop/disk']);
    expect(waitsOf(web, [], fleet, NOW).unfollowed).toEqual(['shop/db']);
    // One in between waits for that one, so that it closes the circle too.
    const { waits, unfollowed } = waitsOf(web, [], fleetOf(web, between, db, member('dns', 'Network')), NOW);
    expect([waits, unfollowed]).toEqual([[], ['shop/db', 'shop/dns']]);
  });

  it('for a workload that does not come as long as that may take', () => {
    const missing = member('db', 'Core', { state: enter('Waiting', NOW), desired: undefined });
    expect(waitsOf(web, [], fleetOf(web, missing), NOW)).toMatchObject({
      waits: [{ phase: 'Core' }],
      until: NOW + 60_000,
    });
    expect(isPassed(missing, NOW + 60_000)).toBe(true);
    expect(isPassed({ ...missing, rules: { ...rules, critical: true } }, NOW + 60_000)).toBe(false);
  });

  it.each([
    ['was available before', { state: undefined, everAvailable: true }, true],
    ['asks for no pods', { state: undefined, desired: 0 }, true],
    ['was not looked at yet', { state: undefined, desired: undefined }, false],
    ['was rolled back', { state: enter('RolledBack', NOW), everAvailable: true }, false],
  ])('or not for one that %s', (_, over, passed) => {
    expect(isPassed(member('db', 'Core', over), NOW)).toBe(passed);
  });
});

describe('a rollback', () => {
  const rule = { critical: true, onFailure: 'Rollback' } as const;
  const started = enter('Started', NOW - 1_000, { raisedAt: NOW - 2_000, attempts: 1 });
  const db = member('db', 'Core', { state: started });
  const web = member('web', 'Services', { state: started, dependsOn: ['shop/db'] });
  const broken = member('broken', 'Network', { state: failed(), rule });

  it('is there while the one that failed is critical, asks for it and has the spec that failed', () => {
    expect(rollbackOf(web, fleetOf(web, broken), NOW)).toMatchObject({
      key: 'shop/broken',
      isTurn: true,
      isOwn: false,
    });
    expect(rollbackOf(broken, fleetOf(web, broken), NOW)).toMatchObject({ isOwn: true, isTurn: false });
    expect(rollbackOf(web, fleetOf(web, { ...broken, generation: 2 }), NOW)).toBeUndefined();
    expect(rollbackOf(web, fleetOf(web, member('broken', 'Network', { state: failed() })), NOW)).toBeUndefined();
  });

  it('comes to a service when those that need it are down, and waits for nobody for ever', () => {
    expect(rollbackOf(db, fleetOf(db, web, broken), NOW)?.isTurn).toBe(false);
    expect(rollbackOf(db, fleetOf(db, web, broken), NOW + 60_000)?.isTurn).toBe(true);
    const down = (one: Member): Member => ({ ...one, desired: 0, state: { ...started, replicas: 1, downAt: NOW } });
    expect(rollbackOf(db, fleetOf(db, down(web), down({ ...broken, state: failed() })), NOW)).toBeUndefined();
    const gone = { ...broken, desired: 0, state: { ...failed(), replicas: 1, downAt: NOW } };
    expect(rollbackOf(db, fleetOf(db, down(web), gone), NOW)?.isTurn).toBe(true);
    expect(rollbackOf(db, fleetOf(db, { ...web, isEnforced: false }, gone), NOW)?.isTurn).toBe(true);
  });
});
