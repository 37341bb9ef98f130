import { describe, expect, it } from 'vitest';
import { scaled } from '../../../../src/domain/scaling/history.ts';
import { decideScale, type ScaleInput } from '../../../../src/domain/scaling/scale.ts';
import { NOW, pods, rules, total, value } from './fixtures.ts';

/** A service with default `behavior`, looked at every 15 s at a load that needs so many pods; what its status tells. */
class Bed {
  replicas: number;
  #at = 0;
  #state: ScaleInput['state'];

  constructor(replicas: number) {
    this.replicas = replicas;
  }

  look(load: number, over: Partial<ScaleInput> = {}): string | undefined {
    this.#at += 15_000;
    const at = NOW + this.#at;
    const input: ScaleInput = {
      rules: rules({ minReplicas: 2, maxReplicas: 20 }, {}),
      current: this.replicas,
      pods: pods(this.replicas),
      metrics: [total({ average: 1 }, value(load, at))],
      state: this.#state,
      now: at,
      monotonic: this.#at,
      ...over,
    };
    const { state, desired, limited } = decideScale(input);
    this.#state = scaled(state, input.rules, this.replicas, desired, this.#at);
    this.replicas = desired;
    return limited?.reason;
  }

  looks(times: number, load: number, over?: Partial<ScaleInput>): (string | undefined)[] {
    return Array.from({ length: times }, () => this.look(load, over));
  }
}

/** Numbers between -1 and 1 that are the same every time. */
function noise(seed: number): () => number {
  let last = seed;
  return () => {
    last = (last * 16_807) % 2_147_483_647;
    return (last / 2_147_483_647) * 2 - 1;
  };
}

describe('what limits the replicas', () => {
  // 10 pods: at 9 the tolerance ends. 2: one would do. 20: at 22 the tolerance ends.
  it.each([
    ['the tolerance', 10, 9],
    ['minReplicas', 2, 1],
    ['maxReplicas', 20, 22],
  ])('is told a handful of times in two hours of noise at the edge of %s', (_, replicas, load) => {
    for (let seed = 1; seed <= 20; seed++) {
      const next = noise(seed * 7_919);
      const service = new Bed(replicas);
      const told = Array.from({ length: 480 }, () => service.look(load * (1 + 0.03 * next())));
      expect(service.replicas).toBe(replicas);
      const changes = told.filter((reason, index) => index > 0 && reason !== told[index - 1]);
      expect(changes.length).toBeLessThanOrEqual(4);
    }
  });

  it('is told when it has lasted for a minute, though the replicas stay, and once more takes twice as long', () => {
    const service = new Bed(10);
    expect(service.looks(5, 10)).toEqual(Array(5).fill('DesiredWithinRange'));
    const up = { rules: rules({ minReplicas: 2, maxReplicas: 10 }, {}) };
    expect(service.looks(4, 20, up)).toEqual(Array(4).fill('DesiredWithinRange'));
    expect(service.look(10, up)).toBe('DesiredWithinRange');
    expect(service.looks(4, 20, up)).toEqual(Array(4).fill('DesiredWithinRange'));
    expect(service.looks(2, 20, up)).toEqual(Array(2).fill('TooManyReplicas'));
    expect(service.looks(8, 10, up)).toEqual(Array(8).fill('TooManyReplicas'));
    expect(service.look(10, up)).toBe('DesiredWithinRange');
  });

  it('is told at once within a minute of a change of the replicas', () => {
    const service = new Bed(10);
    service.looks(10, 10);
    expect(service.look(40)).toBe('TooManyReplicas');
    expect(service.replicas).toBe(20);
    expect(service.look(20)).toBe('DesiredWithinRange');
    expect(service.look(30)).toBe('TooManyReplicas');
  });

  it('is told at once where it is a capacity budget, and when it is one no more', () => {
    const service = new Bed(10);
    service.looks(10, 10);
    const ceiling = { ceiling: { replicas: 10, because: 'it is full' } };
    expect(service.look(15, ceiling)).toBe('CapacityBudget');
    expect(service.look(10, ceiling)).toBe('DesiredWithinRange');
  });

  it.each([
    ['RolloutInProgress', { isRollingOut: true }, 5],
    ['QuotaExceeded', { quota: 'exceeded quota: small' }, 20],
  ] as const)(
    'is told at once where it is %s, once while that lasts, and when that is over',
    (reason, hindered, load) => {
      const rule = rules({ minReplicas: 2, maxReplicas: 20 }, { scaleDown: { stabilizationWindowSeconds: 0 } });
      const service = new Bed(10);
      service.looks(10, 10, { rules: rule });
      const over = { rules: rule, ...hindered };
      expect(service.look(load, over)).toBe(reason);
      expect(service.replicas).toBe(10);
      expect(service.looks(3, 9, over)).toEqual([reason, reason, reason]);
      expect(service.look(load, over)).toBe(reason);
      expect(service.look(10, { rules: rule })).toBe('DesiredWithinRange');
      expect(service.look(load, over)).toBe(reason);
    },
  );
});
