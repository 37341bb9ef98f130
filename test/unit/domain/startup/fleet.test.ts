import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { evaluateDependencies } from '../../../../src/domain/dependencies/evaluate.ts';
import { type Phase, PHASES, type StartupRules } from '../../../../src/domain/startup/rules.ts';
import {
  isToBeDown,
  isToBeRaised,
  readStartup,
  type StartupState,
  writeStartup,
} from '../../../../src/domain/startup/state.ts';
import { step } from '../../../../src/domain/startup/step.ts';
import { type Fleet, isPassed, type Member, rollbackOf, waitsOf } from '../../../../src/domain/startup/waits.ts';

const SECOND = 1_000;
const START = Date.parse('2026-05-04T12:00:00Z');

interface Plan {
  readonly phase: Phase;
  /** Indexes. */
  readonly dependsOn: readonly number[];
  /** Seconds from pods to health. */
  readonly boot: number;
  /** Which attempt succeeds. */
  readonly succeedsAt: number;
  readonly critical: boolean;
  readonly onFailure: 'Hold' | 'Rollback';
  readonly count: number;
}

/** Services as Baton sees them one after another, in an order that chance decides, each through its written status alone. */
class World {
  now = START;
  readonly acts: string[] = [];
  readonly violations: string[] = [];
  readonly services: Running[];

  constructor(plans: readonly Plan[]) {
    this.services = plans.map((plan, index) => new Running(this, plan, index, plans));
  }

  readonly fleet: Fleet = {
    sees: () => true,
    members: () => this.services.map((service) => service.member),
    dependantsOf: (key) =>
      this.services.filter(({ dependsOn }) => dependsOn.includes(key)).map((service) => service.member),
  };

  of(key: string): Running | undefined {
    return this.services.find((service) => service.key === key);
  }

  /** Until nothing changes any more: longer than a timeout and a boot. */
  run(order: (round: number) => readonly Running[]): void {
    let calm = 0;
    for (let second = 0; calm < 45; second++) {
      if (second > 2_000) throw new Error('it does not end');
      const before = this.services.map(({ status }) => JSON.stringify(status)).join();
      for (const service of order(second)) service.look();
      this.now += SECOND;
      calm = before === this.services.map(({ status }) => JSON.stringify(status)).join() ? calm + 1 : 0;
    }
  }
}

class Running {
  readonly key: string;
  readonly dependsOn: readonly string[];
  readonly rules: StartupRules;
  generation = 1;
  succeedsAt: number;
  desired: number;
  kept: number | undefined;
  status: ReturnType<typeof writeStartup> | undefined;
  upSince = START;
  everAvailable = false;
  readonly #world: World;
  readonly plan: Plan;

  constructor(world: World, plan: Plan, index: number, all: readonly Plan[]) {
    this.#world = world;
    this.plan = plan;
    this.key = `shop/s${index}`;
    this.dependsOn = plan.dependsOn
      .filter((other) => other < all.length && other !== index)
      .map((each) => `shop/s${each}`);
    this.rules = { ...plan, timeout: 20 * SECOND, retries: 1 };
    this.desired = plan.count;
    this.succeedsAt = plan.succeedsAt;
  }

  get state(): StartupState | undefined {
    return readStartup(this.status);
  }

  get isHealthy(): boolean {
    const isRight = (this.state?.attempts ?? 0) >= this.succeedsAt;
    return this.desired > 0 && isRight && this.#world.now >= this.upSince + this.plan.boot * SECOND;
  }

  get member(): Member {
    const { key, generation, rules, state, everAvailable, desired, dependsOn } = this;
    return {
      key,
      namespace: 'shop',
      generation,
      rules,
      state,
      everAvailable,
      desired,
      dependsOn,
      isEnforced: true,
      isSuspended: false,
    };
  }

  look(): void {
    const { fleet, now } = this.#world;
    const { member, generation, rules } = this;
    const lookup = (key: string) => {
      const other = this.#world.of(key);
      return (
        other && {
          health: other.isHealthy ? ('Healthy' as const) : ('Unknown' as const),
          score: 100,
          dependsOn: other.dependsOn,
        }
      );
    };
    const wanted = this.dependsOn.map((key) => ({ name: key.slice(5), minimumHealth: 'Warning' as const }));
    const dependencies = evaluateDependencies({ namespace: 'shop', name: this.key.slice(5) }, wanted, lookup);
    const waits = waitsOf(member, dependencies, fleet, now);
    const before = this.state;
    const after = step(before, {
      rules,
      generation,
      now,
      isKnown: true,
      everAvailable: this.everAvailable,
      isUp: this.isHealthy,
      workload: { desired: this.desired, kept: this.kept, carries: true, pods: this.desired, wasAvailable: false },
      waits: waits.waits.length > 0,
      mayAct: true,
      isTimed: true,
      rollback: rollbackOf(member, fleet, now),
    });
    if (before && after && isToBeDown(before) && isToBeDown(after) && this.desired > 0) this.#scale(0, this.desired);
    else if (before && after && isToBeRaised(before) && isToBeRaised(after) && this.desired === 0) {
      this.#checkOrder(waits.unfollowed);
      this.#scale(after.replicas ?? 0, undefined);
    }
    this.status = after && writeStartup(after);
    this.everAvailable ||= this.isHealthy;
  }

  #scale(to: number, kept: number | undefined): void {
    this.#world.acts.push(`${to === 0 ? 'down' : 'up'} ${this.key}`);
    this.desired = to;
    this.kept = kept;
    this.upSince = this.#world.now;
  }

  #checkOrder(unfollowed: readonly string[]): void {
    const { violations, fleet, now } = this.#world;
    for (const key of this.dependsOn)
      if (!unfollowed.includes(key) && this.#world.of(key)?.isHealthy !== true)
        violations.push(`${this.key} was raised before ${key}`);
    for (const other of fleet.members('shop')) {
      const isEarlier = PHASES.indexOf(other.rules?.phase ?? 'Core') < PHASES.indexOf(this.rules.phase);
      if (isEarlier && !isPassed(other, now) && !unfollowed.includes(other.key))
        violations.push(`${this.key} was raised before its phase, ${other.key}`);
    }
  }
}

const planOf = (over: Partial<Record<keyof Plan, fc.Arbitrary<unknown>>>, upTo: number) =>
  fc.record({
    phase: fc.constantFrom(...PHASES),
    dependsOn: fc.uniqueArray(fc.nat(upTo), { maxLength: 3 }),
    boot: fc.nat(15),
    succeedsAt: fc.constant(0),
    critical: fc.constant(false),
    onFailure: fc.constant('Hold' as const),
    count: fc.integer({ min: 1, max: 9 }),
    ...over,
  }) as fc.Arbitrary<Plan>;

const shuffled = (world: World, seed: number) => (round: number) =>
  world.services.toSorted((a, b) => mix(a.key, seed + round) - mix(b.key, seed + round));

function mix(text: string, seed: number): number {
  let hash = seed;
  for (const char of text) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) | 0;
  return hash;
}

it('everything comes up with its own count, each after what it waits for, whatever the phases and dependencies, rings too', () => {
  fc.assert(
    fc.property(
      fc.array(planOf({ succeedsAt: fc.nat(2) }, 11), { minLength: 1, maxLength: 12 }),
      fc.nat(),
      (plans, seed) => {
        const world = new World(plans);
        world.run(shuffled(world, seed));
        expect(world.violations).toEqual([]);
        for (const { state, desired, plan, kept } of world.services)
          expect([state?.state, desired, kept]).toEqual(['Started', plan.count, undefined]);
      },
    ),
    { seed: 11, numRuns: 60 },
  );
});

it('what fails holds nobody but those that depend on it, unless it is critical', () => {
  fc.assert(
    fc.property(
      fc.array(planOf({ succeedsAt: fc.constantFrom(0, 0, 99), critical: fc.boolean() }, 9), {
        minLength: 1,
        maxLength: 10,
      }),
      fc.nat(),
      (plans, seed) => {
        const world = new World(plans);
        world.run(shuffled(world, seed));
        expect(world.violations).toEqual([]);
        for (const { desired, kept, plan } of world.services) expect(desired === 0 ? kept : desired).toBe(plan.count);
        const unwell = world.services.filter(({ state }) => state?.state !== 'Started');
        const failed = unwell.filter(({ state }) => state?.state === 'Failed');
        expect(failed.map(({ succeedsAt }) => succeedsAt)).toEqual(failed.map(() => 99));
        expect(unwell.length === 0 || failed.length > 0).toBe(true);
        // When those that fail are mended everything is up.
        for (const service of world.services) {
          if (service.succeedsAt === 99) service.generation += 1;
          service.succeedsAt = 0;
        }
        world.run(shuffled(world, seed));
        for (const { state, desired, plan } of world.services)
          expect([state?.state, desired]).toEqual(['Started', plan.count]);
      },
    ),
    { seed: 12, numRuns: 40 },
  );
});

it('a rollback takes everything down in reverse, keeps every count, and is undone by another spec', () => {
  fc.assert(
    fc.property(
      fc.array(
        planOf({ dependsOn: fc.uniqueArray(fc.nat(9), { maxLength: 2 }), boot: fc.integer({ min: 3, max: 15 }) }, 9),
        { minLength: 2, maxLength: 10 },
      ),
      fc.nat(),
      (drawn, seed) => {
        // Only what comes before it, so that there are no rings; the last fails when all others are up.
        const last = drawn.length - 1;
        const plans = drawn.map(
          (plan, index): Plan => ({
            ...plan,
            dependsOn:
              index === last ? drawn.keys().toArray().slice(0, last) : plan.dependsOn.filter((other) => other < index),
            ...(index === last && { phase: 'Services', succeedsAt: 99, critical: true, onFailure: 'Rollback' }),
          }),
        );
        const world = new World(plans);
        world.run(shuffled(world, seed));
        const failed = world.services.at(-1);
        expect(failed?.state?.state).toBe('Failed');
        for (const { desired, kept, plan } of world.services) expect([desired, kept]).toEqual([0, plan.count]);
        const downs = world.acts.slice(world.acts.lastIndexOf(`down ${failed?.key}`));
        for (const { key, dependsOn } of world.services)
          for (const dependency of dependsOn)
            expect(downs.indexOf(`down ${key}`)).toBeLessThan(downs.indexOf(`down ${dependency}`));
        if (failed) {
          failed.generation += 1;
          failed.succeedsAt = 0;
        }
        world.run(shuffled(world, seed));
        expect(world.violations).toEqual([]);
        for (const { state, desired, plan } of world.services)
          expect([state?.state, desired]).toEqual(['Started', plan.count]);
      },
    ),
    { seed: 13, numRuns: 40 },
  );
});
