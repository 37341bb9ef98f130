import { describe, expect, it } from 'vitest';
import { scaled } from '../../../../src/domain/scaling/history.ts';
import type { Behavior } from '../../../../src/domain/scaling/rules.ts';
import { decideScale, type ScaleDecision, type ScaleInput } from '../../../../src/domain/scaling/scale.ts';
import { NO_DATA, NOW, pods, rules, total, value } from './fixtures.ts';

/** A service whose load is a number of pods, and time that passes in seconds. */
class Bed {
  replicas: number;
  seconds = 0;
  readonly #over: Partial<ScaleInput>;
  #state: ScaleInput['state'];

  constructor(replicas: number, over: Partial<ScaleInput>) {
    this.replicas = replicas;
    this.#over = over;
  }

  /** Looks once, `seconds` later, at a load that needs so many pods. */
  look(seconds: number, load: number | 'unknown', over: Partial<ScaleInput> = {}): ScaleDecision {
    this.seconds += seconds;
    const at = NOW + this.seconds * 1_000;
    const input: ScaleInput = {
      rules: rules(),
      current: this.replicas,
      pods: pods(this.replicas),
      metrics: [total({ average: 1 }, load === 'unknown' ? { ...NO_DATA, at } : value(load, at))],
      state: this.#state,
      now: at,
      monotonic: this.seconds * 1_000,
      ...this.#over,
      ...over,
    };
    const decision = decideScale(input);
    this.#state = scaled(decision.state, input.rules, this.replicas, decision.desired, input.monotonic);
    this.replicas = decision.desired;
    return decision;
  }
}

const bed = (replicas: number, behavior: Behavior | undefined, bounds = {}): Bed =>
  new Bed(replicas, { rules: rules(bounds, behavior ?? {}) });

const AT_ONCE = [{ type: 'Pods', value: 1_000, periodSeconds: 1 }] as const;

describe('stabilisation', () => {
  it('goes down by default after 300 s of needing no more', () => {
    const service = bed(10, undefined);
    service.look(0, 10);
    const first = service.look(15, 2);
    expect(first).toMatchObject({ desired: 10, rule: 'ScaleDownStabilized', limited: { status: 'True' } });
    expect(first.lookAgainInMs).toBe(285_000);
    service.look(200, 6);
    expect(service.look(100, 2).desired).toBe(6);
    expect(service.look(201, 2).desired).toBe(2);
  });

  it('goes up after the lowest recommendation of the window', () => {
    const service = bed(2, { scaleUp: { stabilizationWindowSeconds: 30, policies: AT_ONCE } });
    service.look(0, 2);
    expect(service.look(10, 9)).toMatchObject({ desired: 2, rule: 'ScaleUpStabilized' });
    expect(service.look(10, 5).desired).toBe(2);
    expect(service.look(11, 9).desired).toBe(5);
    expect(service.look(20, 9).desired).toBe(9);
  });

  it('lets nothing happen between two windows that disagree', () => {
    const service = bed(5, {
      scaleUp: { stabilizationWindowSeconds: 60, policies: AT_ONCE },
      scaleDown: { stabilizationWindowSeconds: 60, policies: AT_ONCE },
    });
    for (let turn = 0; turn < 20; turn++) expect(service.look(10, turn % 2 === 0 ? 2 : 9).desired).toBe(5);
  });
});

describe('a clock that is set', () => {
  it.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('%s by an hour neither empties a window nor fills one', (_, jump) => {
    const service = bed(10, undefined);
    service.look(0, 10);
    const at = NOW + 20_000 + jump;
    const metrics = [total({ average: 1 }, value(2, at))];
    expect(service.look(20, 2, { now: at, metrics })).toMatchObject({ desired: 10, rule: 'ScaleDownStabilized' });
    // Figures from before a jump forward are too old; nothing is concluded from them.
    const stale = service.look(20, 2, { now: NOW + 3_600_000 });
    expect(stale).toMatchObject({ desired: 10, active: { status: 'False', reason: 'StaleData' } });
  });
});

describe('policies', () => {
  it('goes up by 4 pods or by 100 %, what is more, in 15 s by default', () => {
    const service = bed(1, undefined);
    expect(service.look(0, 100)).toMatchObject({ desired: 5, rule: 'ScaleUpLimit', lookAgainInMs: undefined });
    expect(service.look(5, 100)).toMatchObject({ desired: 5, rule: 'ScaleUpLimit', lookAgainInMs: 10_000 });
    expect(service.look(10, 100).desired).toBe(10);
    expect(service.look(15, 100).desired).toBe(20);
  });

  it('takes the smaller change with Min', () => {
    const policies = [
      { type: 'Pods', value: 4, periodSeconds: 60 },
      { type: 'Percent', value: 10, periodSeconds: 60 },
    ] as const;
    const service = bed(20, {
      scaleUp: { selectPolicy: 'Min', policies },
      scaleDown: { stabilizationWindowSeconds: 0, selectPolicy: 'Min', policies },
    });
    expect(service.look(1, 50).desired).toBe(22);
    expect(service.look(61, 1).desired).toBe(19);
  });

  it('counts what was added when it takes away within a period', () => {
    const service = bed(10, {
      scaleUp: { policies: AT_ONCE },
      scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }] },
    });
    expect(service.look(1, 20).desired).toBe(20);
    // The period began with 10: two below that would be allowed.
    expect(service.look(1, 1).desired).toBe(8);
    expect(service.look(1, 1).desired).toBe(8);
    expect(service.look(60, 1).desired).toBe(6);
  });

  it('does nothing in a direction that is Disabled', () => {
    const service = bed(5, { scaleDown: { stabilizationWindowSeconds: 0, selectPolicy: 'Disabled' } });
    expect(service.look(1, 1)).toMatchObject({ desired: 5, rule: 'ScaleDownLimit' });
    expect(service.look(1, 9).desired).toBe(9);
  });

  it('has a tolerance for each direction', () => {
    const tolerant = {
      scaleUp: { tolerance: 0.5, policies: AT_ONCE },
      scaleDown: { tolerance: 0, stabilizationWindowSeconds: 0 },
    };
    const service = bed(10, tolerant);
    expect(service.look(1, 15)).toMatchObject({ desired: 10, rule: 'WithinTolerance' });
    expect(service.look(1, 15.1).desired).toBe(16);
    expect(service.look(1, 15.9).desired).toBe(16);
    expect(service.look(1, 14.9).desired).toBe(15);
  });
});

describe('bounds', () => {
  it('brings a workload that is out of range back at once', () => {
    expect(bed(30, undefined, { maxReplicas: 20 }).look(1, 'unknown')).toMatchObject({
      desired: 20,
      rule: 'TooManyReplicas',
    });
    expect(bed(1, undefined, { minReplicas: 4 }).look(1, 'unknown')).toMatchObject({
      desired: 4,
      rule: 'TooFewReplicas',
    });
  });

  it('says which bound held it', () => {
    expect(bed(5, undefined, { maxReplicas: 8 }).look(1, 50)).toMatchObject({ desired: 8, rule: 'TooManyReplicas' });
    const down = { scaleDown: { stabilizationWindowSeconds: 0 } };
    expect(bed(5, down, { minReplicas: 3 }).look(1, 1)).toMatchObject({ desired: 3, rule: 'TooFewReplicas' });
  });
});

describe('what else stands in the way', () => {
  const down = { scaleDown: { stabilizationWindowSeconds: 0 } };

  it('takes nothing away during a rollout', () => {
    const service = bed(5, down);
    expect(service.look(1, 1, { isRollingOut: true })).toMatchObject({ desired: 5, rule: 'RolloutInProgress' });
    expect(service.look(1, 7, { isRollingOut: true }).desired).toBe(7);
    expect(service.look(1, 1).desired).toBe(1);
  });

  it('asks for no more pods than a quota lets start', () => {
    const decision = bed(5, down).look(1, 9, { quota: 'exceeded quota: small' });
    expect(decision).toMatchObject({ desired: 5, rule: 'QuotaExceeded', because: expect.stringContaining('small') });
    // They were asked for in one step, and the half of them does not come.
    const half = bed(5, down).look(1, 5, { quota: 'exceeded quota: small' });
    expect(half).toMatchObject({ desired: 5, rule: 'QuotaExceeded', limited: { status: 'True' } });
    expect(bed(5, down).look(1, 2, { quota: 'exceeded quota: small' })).toMatchObject({ desired: 2 });
  });

  it('lets a count that somebody chose stand for the window, once', () => {
    const service = bed(5, { scaleDown: { stabilizationWindowSeconds: 60, policies: AT_ONCE } });
    service.look(1, 5);
    service.replicas = 9;
    expect(service.look(70, 5)).toMatchObject({ desired: 9, rule: 'ScaledByHand' });
    expect(service.look(59, 5).desired).toBe(9);
    expect(service.look(2, 5).desired).toBe(5);
  });
});

describe('metrics that come back', () => {
  it('take nothing away before a window has passed, however long they were away', () => {
    const service = bed(8, undefined);
    for (let turn = 0; turn < 40; turn++) service.look(15, 'unknown');
    expect(service.look(15, 2)).toMatchObject({ desired: 8, rule: 'ScaleDownStabilized' });
    expect(service.look(284, 2).desired).toBe(8);
    expect(service.look(2, 2).desired).toBe(2);
    // More is never held up by it.
    service.look(15, 'unknown');
    expect(service.look(1, 5).desired).toBe(5);
  });
});

describe('fallback', () => {
  it('comes after so many failures, a sync period apart, and never takes away', () => {
    const fallback = { replicas: 6, afterFailures: 3 };
    const service = bed(3, undefined, { fallback });
    expect(service.look(1, 'unknown')).toMatchObject({ desired: 3, rule: 'MetricsFailing' });
    for (let event = 0; event < 5; event++) expect(service.look(1, 'unknown').desired).toBe(3);
    service.look(15, 'unknown');
    expect(service.look(15, 'unknown')).toMatchObject({
      desired: 6,
      rule: 'FallbackInForce',
      active: { status: 'False', reason: 'FallbackInForce' },
    });
    const large = bed(9, undefined, { fallback: { replicas: 6, afterFailures: 1 } });
    expect(large.look(1, 'unknown')).toMatchObject({ desired: 9, rule: 'FallbackInForce' });
  });

  it('begins to count anew after an answer', () => {
    const service = bed(3, undefined, { fallback: { replicas: 6, afterFailures: 2 } });
    service.look(15, 'unknown');
    service.look(15, 3);
    expect(service.look(15, 'unknown').desired).toBe(3);
    expect(service.look(15, 'unknown').desired).toBe(6);
  });
});
