import { describe, expect, it } from 'vitest';
import { advance } from '../../../../src/domain/workflow/advance.ts';
import { Bench, instant, scale, specOf } from './world.ts';

describe('steps', () => {
  it('that are over at once take one call and one write from Pending to Succeeded', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const steps = names.map((name, index) => instant(name, { dependsOn: names.slice(0, index) }));
    const bench = new Bench(specOf(steps));
    const { status, effects, told } = advance(bench.input(undefined));
    expect(status).toMatchObject({ phase: 'Succeeded', progress: '5/5', reason: 'WorkflowSucceeded', epoch: 7 });
    expect(effects).toEqual([]);
    expect(told.map(({ reason }) => reason)).toEqual(['WorkflowSucceeded']);
    bench.look();
    expect(bench.writes).toBe(1);
  });

  it('write their intent before the effect, and share the write with the outcome of the one before', () => {
    const states: unknown[] = [];
    const bench = new Bench(specOf([scale('a'), scale('b', { dependsOn: ['a'] })]), ({ want, operation }) => {
      if (want === 'Apply') states.push(bench.state(operation.step));
      return undefined;
    });
    bench.look();
    expect(states).toEqual(['Intent', 'Intent']);
    expect(bench.status).toMatchObject({ phase: 'Succeeded', progress: '2/2' });
    expect(bench.wanted).toEqual(['Prepare a', 'Apply a', 'Verify a', 'Prepare b', 'Apply b', 'Verify b']);
    expect(bench.writes).toBe(3);
  });
});

describe('one that is changed while it waits', () => {
  const waiting = { kind: 'waiting', reason: 'WaitingForSlot', message: 'all are taken' } as const;
  const changed = (more: object): Bench => {
    const bench = new Bench(specOf([scale('a')]));
    bench.facts = { admission: () => waiting };
    expect(bench.look().status.phase).toBe('Queued');
    bench.spec = { ...bench.spec, ...more };
    bench.generation = 2;
    bench.facts = {};
    return bench;
  };

  it('is looked at again before it begins', () => {
    const bench = changed({});
    const problem = { reason: 'CycleFound', message: 'steps wait for each other' } as const;
    bench.facts = { problems: () => [problem] };
    expect(bench.look().status).toMatchObject({ phase: 'Failed', reason: 'CycleFound' });
    expect(bench.wanted).toEqual([]);
  });

  it('to be rehearsed only is rehearsed only', () => {
    let aside = 0;
    const bench = changed({ mode: 'Plan' });
    bench.facts = { stepAside: () => (aside += 1) };
    expect(bench.look().status.phase).toBe('Planned');
    expect(bench.status).not.toHaveProperty('queuedAt');
    expect(bench.wanted).toEqual(['Prepare a']);
    expect(aside).toBe(1);
  });

  it('goes on where nothing is wrong with it', () => {
    expect(changed({ priority: 7 }).look().status.phase).toBe('Succeeded');
  });
});
