import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../../../hack/chaos/options.ts';
import { ALONE, BESIDE, draw, LONG, scheduleSchema, SOLE, WORKFLOWS, words } from '../../../../hack/chaos/schedule.ts';

const drawn = Array.from({ length: 300 }, (_, run) => draw(7, run));

describe('schedules', () => {
  it('are the same for the same seed and run, and others for others', () => {
    expect(draw(7, 3)).toEqual(draw(7, 3));
    expect(new Set(drawn.map((each) => JSON.stringify(each))).size).toBeGreaterThan(290);
    expect(draw(8, 3)).not.toEqual(draw(7, 3));
  });

  it('are what --schedule takes, and can be said in words', () => {
    for (const schedule of drawn) {
      expect(scheduleSchema.parse(schedule)).toEqual(schedule);
      expect(words(schedule).split('\n')).toHaveLength(1 + schedule.faults.length);
    }
  });

  it('go through every scenario and every kind of fault', () => {
    expect(new Set(drawn.flatMap(({ scenarios }) => scenarios))).toEqual(
      new Set([...BESIDE, ...LONG, ...SOLE, ...ALONE]),
    );
    const kinds = new Set(drawn.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    expect([...kinds].sort()).toEqual(['drop', 'freeze', 'jump', 'kill', 'refuse', 'slow', 'split', 'stop']);
    const alone = new Set<string>([...SOLE, ...ALONE]);
    const drawnAlone = drawn.filter(({ scenarios }) => scenarios.some((name) => alone.has(name)));
    expect(drawnAlone.every(({ scenarios }) => scenarios.length === 1)).toBe(true);
  });
});

describe('options', () => {
  it('replay one run of a seed as it was among the others', () => {
    const { runs } = parseOptions(['--runs', '5', '--seed', '9'], 0);
    expect(runs.map(({ run }) => run)).toEqual([0, 1, 2, 3, 4]);
    expect(parseOptions(['--seed', '9', '--only', '3'], 0).runs).toEqual([runs[3]]);
  });

  it('take scenarios by name, and those of workflows all at once', () => {
    expect(parseOptions(['--always', 'evict,workflow-all'], 0)).toMatchObject({
      always: ['evict', 'workflow-all'],
      runs: [],
    });
    expect(parseOptions(['--every', 'workflows'], 0).every).toEqual(WORKFLOWS);
    expect(words({ scenarios: ['workflow-all'], replicas: 1, faults: [], always: 'before' })).toContain(
      'every new write',
    );
  });

  it.each([
    [['--runs', '0'], '--runs: allowed: a whole number from 1'],
    [['--seed', 'x'], '--seed: allowed: a whole number from 0'],
    [['--every', 'sleep'], '--every: no scenario sleep; there are evict'],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions(args, 0)).toThrow(message);
  });
});
