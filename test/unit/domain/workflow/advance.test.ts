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
