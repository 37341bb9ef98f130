import { describe, expect, it } from 'vitest';
import { dependenciesOf, type Other } from '../../../../src/domain/workflow/dependency.ts';

const needs = (...names: string[]) => names.map((name) => ({ name, condition: 'Succeeded' as const }));
const among =
  (others: Record<string, Partial<Other>>) =>
  (name: string): Other | undefined => {
    const other = others[name];
    return other && { phase: undefined, dependsOn: [], ...other };
  };

describe('workflows that have to end first', () => {
  it.each([
    ['Succeeded', 'Succeeded', 'met'],
    ['Succeeded', 'Finished', 'met'],
    ['Succeeded', 'Failed', 'impossible'],
    ['RolledBack', 'Failed', 'met'],
    ['Failed', 'Finished', 'met'],
    ['Cancelled', 'Succeeded', 'impossible'],
    ['Running', 'Finished', 'waiting'],
    ['RollingBack', 'Failed', 'waiting'],
    ['Planned', 'Finished', 'impossible'],
  ] as const)('one that is %s where %s is wanted: %s', (phase, condition, kind) => {
    expect(dependenciesOf('a', [{ name: 'b', condition }], among({ b: { phase } })).kind).toBe(kind);
  });

  it('waits for one that is not there yet, and says so', () => {
    expect(dependenciesOf('a', needs('b', 'c'), among({ b: { phase: 'Queued' } }))).toEqual({
      kind: 'waiting',
      reason: 'WaitingForWorkflow',
      message: 'waits for the end of workflow b, c (there is none yet)',
    });
  });

  it('finds circles, and names them', () => {
    const others = among({ b: { dependsOn: needs('c') }, c: { dependsOn: needs('a') }, a: { dependsOn: needs('b') } });
    expect(dependenciesOf('a', needs('b'), others)).toEqual({
      kind: 'impossible',
      reason: 'CycleFound',
      message: 'workflows wait for each other: a → b → c → a',
    });
    expect(dependenciesOf('x', needs('a'), others).kind).toBe('waiting');
    expect(dependenciesOf('a', needs('a'), others).kind).toBe('impossible');
  });

  it('looks along a line of any length', () => {
    const length = 20_000;
    const next = (n: number) => ({ dependsOn: needs(`w${(n + 1) % length}`) });
    const ring = among(Object.fromEntries(Array.from({ length }, (_, n) => [`w${n}`, next(n)])));
    const found = dependenciesOf('w0', needs('w1'), ring);
    expect(found).toMatchObject({ kind: 'impossible', reason: 'CycleFound' });
    expect(dependenciesOf('x', needs('w0'), ring).kind).toBe('waiting');
  });
});
