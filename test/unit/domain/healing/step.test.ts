import * as fc from 'fast-check';
import { beforeEach, describe, expect, it, test } from 'vitest';
import type { Health } from '../../../../src/api/kinds.ts';
import { type HealingRules, waitAfter } from '../../../../src/domain/healing/rules.ts';
import { type HealingState, readHealing, WELL, writeHealing } from '../../../../src/domain/healing/state.ts';
import { acted, type HealingFacts, refused, step } from '../../../../src/domain/healing/step.ts';

const START = Date.parse('2026-05-04T12:00:00Z');
const SECOND = 1_000;
const rules: HealingRules = {
  actions: ['DeletePod', 'Restart', 'RollbackRevision'],
  when: 'Degraded',
  after: 30 * SECOND,
  backoff: { initial: 30 * SECOND, factor: 2, max: 300 * SECOND },
  maxAttempts: 5,
  circuitBreaker: { failures: 3, recovery: 60 * SECOND },
};
const patient = { ...rules, circuitBreaker: { failures: 99, recovery: SECOND } };
const stubborn = { ...rules, maxAttempts: 99, circuitBreaker: { failures: 2, recovery: 600 * SECOND } };
const sick = [{ name: 'web-1', uid: 'u1', since: START }];

let now: number;
let state: HealingState;
beforeEach(() => {
  now = START;
  state = WELL;
});

const facts = (over: Partial<HealingFacts> = {}): HealingFacts => ({
  rules,
  generation: 1,
  key: 'shop/web',
  level: 'Failed',
  sick: [],
  nextSickAt: Infinity,
  mostPods: 10,
  canRestart: true,
  revision: undefined,
  rollbackTo: undefined,
  isHeld: false,
  isReleased: false,
  now,
  random: 0.5,
  ...over,
});

/** One look as the controller has it: through the status and back, and what is intended is done by the next one. */
function look(over: Partial<HealingFacts> = {}): string | undefined {
  const before = readHealing(writeHealing(state));
  if (before.intent !== undefined && over.isHeld !== true) {
    state = acted(before, facts(over), 1);
    return before.intent.type;
  }
  state = step(before, facts(over));
  return undefined;
}

/** What is done within so many seconds, looked at each second. */
function during(seconds: number, over: Partial<HealingFacts> = {}): string[] {
  const done: string[] = [];
  for (let second = 0; second < seconds; second++) {
    const act = look(over);
    if (act !== undefined) done.push(act);
    now += SECOND;
  }
  return done;
}

describe('the ladder', () => {
  it('is not climbed before the service was ill for as long as is asked', () => {
    expect(during(30)).toEqual([]);
    expect(during(3)).toEqual(['Restart']);
  });

  it('is not left for longer than its longest wait when the clock is set back', () => {
    expect(during(20)).toEqual([]);
    now -= 86_400 * SECOND;
    expect(during(310)).toContain('Restart');
  });

  it('begins at once with pods that were sick for that long already', () => {
    expect(during(2, { level: 'Warning', sick })).toEqual(['DeletePod']);
    expect(state.episode?.attempts).toBe(1);
  });

  it('is climbed by one rung with each attempt, and rungs that do nothing for it are passed over', () => {
    const done = during(1_000, { sick, rollbackTo: 'r1', rules: patient });
    expect(done.slice(0, 4)).toEqual(['DeletePod', 'Restart', 'RollbackRevision', 'RollbackRevision']);
    state = WELL;
    expect(during(90, { rules: patient })[0]).toBe('Restart');
  });

  test.each<[Health, number]>([
    ['Warning', 0],
    ['Unknown', 0],
    ['Degraded', 1],
    ['Critical', 1],
  ])('at level %s restarts %i times', (level, times) => {
    expect(during(40, { level })).toHaveLength(times);
  });

  it('ends after so many attempts, until the service was well', () => {
    expect(during(2_000, { rules: patient })).toHaveLength(5);
    expect(state.exhaustedAt).toBe(1);
    during(400, { level: 'Healthy' });
    expect(state).toMatchObject({ episode: undefined, exhaustedAt: undefined });
    expect(during(40, { rules: patient })).toEqual(['Restart']);
  });

  it('begins again when the spec changes', () => {
    during(2_000, { rules: patient });
    expect(during(2_000, { rules: patient, generation: 2 })).toHaveLength(5);
    expect(state.exhaustedAt).toBe(2);
  });

  it('goes on where it was when the service falls ill again soon', () => {
    during(20, { sick });
    during(100, { level: 'Healthy' });
    expect(state.episode?.attempts).toBe(1);
    expect(during(40, { sick })).toEqual(['Restart']);
    during(400, { level: 'Healthy' });
    expect(during(20, { sick })).toEqual(['DeletePod']);
  });
});

describe('the circuit', () => {
  it('opens when acts in a row did not help, tries one later, and opens again when that fails', () => {
    const circuits: string[] = [];
    let acts = 0;
    for (let second = 0; second < 1_500; second++) {
      acts += during(1, { rules: stubborn }).length;
      if (circuits.at(-1) !== state.circuit) circuits.push(state.circuit);
    }
    expect(circuits.slice(0, 4)).toEqual(['Closed', 'Open', 'HalfOpen', 'Open']);
    expect(acts).toBeLessThanOrEqual(4);
  });

  it('closes when the service is well', () => {
    during(400, { rules: stubborn });
    expect(state.circuit).toBe('Open');
    during(1, { level: 'Healthy' });
    expect(state).toMatchObject({ circuit: 'Closed', failures: 0 });
  });
});

describe('what holds back', () => {
  it('begins nothing, and takes an intent back', () => {
    expect(during(100, { isHeld: true })).toEqual([]);
    during(1);
    expect(state.intent?.type).toBe('Restart');
    during(1, { isHeld: true });
    expect(state.intent).toBeUndefined();
  });

  it('because others failed is followed by a wait, another one for each, in which it may be well by itself', () => {
    during(100, { isHeld: true });
    const others = [0, 1].map((random) => step(state, facts({ isReleased: true, random })).nextAttemptAt);
    expect(others).toEqual([now + 30 * SECOND, now + 60 * SECOND]);
    look({ isReleased: true });
    expect(during(44)).toEqual([]);
    expect(during(3)).toEqual(['Restart']);
  });

  it('is no attempt where it refuses: the same rung is tried again after the shortest wait', () => {
    during(1, { sick });
    state = refused(state, facts());
    expect(state).toMatchObject({ intent: undefined, nextAttemptAt: now + 30 * SECOND, episode: { attempts: 0 } });
  });
});

it('remembers the revision that was healthy when all pods had it', () => {
  look({ level: 'Healthy', revision: 'r1' });
  look({ level: 'Warning', revision: 'r2' });
  expect(state.healthyRevision).toBe('r1');
});

it('waits for the initial time at least and for the longest at most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      const wait = waitAfter(attempt, rules.backoff, random);
      expect(wait).toBeGreaterThanOrEqual(rules.backoff.initial);
      expect(wait).toBeLessThanOrEqual(rules.backoff.max);
    }),
    { seed: 1 },
  );
});

it('never acts more often than the initial backoff, nor more than so many times in one illness, whatever happens', () => {
  const moment = fc.record({
    level: fc.constantFrom<Health>('Healthy', 'Warning', 'Degraded', 'Failed', 'Unknown'),
    isHeld: fc.boolean(),
    sick: fc.constantFrom([], sick),
    rollbackTo: fc.constantFrom(undefined, 'r1'),
    random: fc.double({ min: 0, max: 1, noNaN: true }),
    seconds: fc.integer({ min: 1, max: 90 }),
  });
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 60 }), (moments) => {
      state = WELL;
      now = START;
      const acts: { readonly wait: number; readonly isHeld: boolean; readonly attempts: number }[] = [];
      let last = -Infinity;
      let attempts = 0;
      for (const { seconds, ...over } of moments) {
        const act = look(over);
        if (state.episode === undefined) attempts = 0;
        if (act !== undefined) {
          acts.push({ wait: now - last, isHeld: over.isHeld, attempts: ++attempts });
          last = now;
        }
        now += seconds * SECOND;
      }
      const isWrong = ({ wait, isHeld, attempts: count }: (typeof acts)[number]): boolean =>
        wait < rules.backoff.initial || isHeld || count > rules.maxAttempts;
      expect(acts.filter(isWrong)).toEqual([]);
    }),
    { seed: 2, numRuns: 300 },
  );
});

describe('a workflow that an act started', () => {
  const actions = ['Restart', 'Workflow'] as const;
  const started = (over: Partial<HealingState> = {}): HealingState => ({
    ...WELL,
    episode: { since: START - 60 * SECOND, recoveredAt: undefined, attempts: 1 },
    ...over,
  });
  const given = (workflow: HealingFacts['workflow'], over: Partial<HealingFacts> = {}) =>
    facts({ rules: { ...rules, actions }, workflow, ...over });
  let begun: string | undefined;

  beforeEach(() => {
    const intended = step(started({ nextAttemptAt: START }), given(undefined));
    begun = intended.intent?.type;
    state = acted(intended, given(undefined), 1, 'web-heal-1');
  });

  it('is the act of that rung, and counts as an attempt', () => {
    expect(begun).toBe('Workflow');
    expect(state).toMatchObject({ workflow: 'web-heal-1', awaits: true, episode: { attempts: 2 } });
  });

  it('is in the status until it has ended, and nothing else is done before that', () => {
    now += 3_600 * SECOND;
    for (const standing of ['Waiting', 'Running', undefined] as const) {
      const next = step(readHealing(writeHealing(state)), given(standing));
      expect(next).toMatchObject({ workflow: 'web-heal-1', failures: 0, intent: undefined });
    }
  });

  it('that succeeded has some time to show it, and failed as an act where it does not', () => {
    now += 3_600 * SECOND;
    const ended = step(state, given('Succeeded'));
    expect(ended).toMatchObject({ workflow: undefined, failures: 0, awaits: true, intent: undefined });
    expect(ended.nextAttemptAt).toBe(now + 30 * SECOND);
    now += 30 * SECOND;
    const next = step(ended, given(undefined));
    expect([next.failures, next.intent?.type]).toEqual([1, 'Workflow']);
  });

  it('that failed is an act that did not help, at once when the next is due', () => {
    now += 3_600 * SECOND;
    const next = step(state, given('Failed'));
    expect([next.workflow, next.failures, next.intent?.type]).toEqual([undefined, 1, 'Workflow']);
  });

  it('is known to run also when the service is well again, so that a relapse starts no second one', () => {
    now += 10 * SECOND;
    const well = step(state, given('Running', { level: 'Healthy' }));
    expect(well).toMatchObject({ workflow: 'web-heal-1', episode: { recoveredAt: now } });
    now += 100 * SECOND;
    const again = step(well, given('Running'));
    now += 100 * SECOND;
    expect(step(again, given('Running'))).toMatchObject({ workflow: 'web-heal-1', intent: undefined });
    expect(step(again, given('Succeeded'))).toMatchObject({ workflow: undefined, intent: { type: 'Workflow' } });
  });
});
