import { describe, expect, it } from 'vitest';
import type { Health } from '../../../src/api/kinds.ts';
import {
  type DependencyFacts,
  dependencyKeys,
  evaluateDependencies,
} from '../../../src/domain/dependencies/evaluate.ts';
import { condition, derive } from './fixtures.ts';
import { fc } from '../../support/properties.ts';

type Graph = Record<string, { dependsOn?: readonly string[]; health?: Health; score?: number }>;

/** Counts how often it is asked, because following a circle would never end. */
function lookupIn(graph: Graph): { asked: number; lookup: (key: string) => DependencyFacts | undefined } {
  const counter = {
    asked: 0,
    lookup: (key: string): DependencyFacts | undefined => {
      counter.asked += 1;
      const found = graph[key];
      return (
        found && { health: found.health ?? 'Healthy', score: found.score ?? 100, dependsOn: found.dependsOn ?? [] }
      );
    },
  };
  return counter;
}

function evaluate(self: string, graph: Graph) {
  const [namespace = '', name = ''] = self.split('/');
  const dependsOn = (graph[self]?.dependsOn ?? []).map((key) => {
    const [other = '', target = ''] = key.split('/');
    return { name: target, minimumHealth: 'Warning' as const, ...(other === namespace ? {} : { namespace: other }) };
  });
  return evaluateDependencies({ namespace, name }, dependsOn, lookupIn(graph).lookup);
}

describe('dependencies', () => {
  it('are ready at their minimum or above, below it otherwise, in the order of the spec', () => {
    const graph: Graph = {
      's/web': { dependsOn: ['s/db', 't/mail', 's/none', 's/new'] },
      's/db': { health: 'Degraded', score: 60 },
      't/mail': { health: 'Warning', score: 72 },
      's/new': { health: 'Unknown' },
    };
    expect(evaluate('s/web', graph)).toEqual([
      { key: 's/db', minimumHealth: 'Warning', state: 'Below', health: 'Degraded', score: 60 },
      { key: 't/mail', minimumHealth: 'Warning', state: 'Ready', health: 'Warning', score: 72 },
      { key: 's/none', minimumHealth: 'Warning', state: 'NotFound' },
      { key: 's/new', minimumHealth: 'Warning', state: 'Unknown' },
    ]);
  });

  it('keys take the namespace of the service where none is written', () => {
    const dependsOn = [
      { name: 'db', minimumHealth: 'Warning' as const },
      { name: 'mail', namespace: 'other', minimumHealth: 'Warning' as const },
    ];
    expect(dependencyKeys('shop', dependsOn)).toEqual(['shop/db', 'other/mail']);
    expect(dependencyKeys('shop', undefined)).toEqual([]);
  });

  it('in a circle are told alike by every member, and their health is not used', () => {
    const graph: Graph = {
      's/c': { dependsOn: ['s/a'], health: 'Failed', score: 0 },
      's/a': { dependsOn: ['s/b'], health: 'Failed', score: 0 },
      's/b': { dependsOn: ['s/c'], health: 'Failed', score: 0 },
    };
    for (const self of ['s/a', 's/b', 's/c']) {
      expect(evaluate(self, graph)).toEqual([
        { key: graph[self]?.dependsOn?.[0], minimumHealth: 'Warning', state: 'Cycle', ring: ['s/a', 's/b', 's/c'] },
      ]);
    }
    const result = derive({ dependencies: evaluate('s/a', graph) });
    expect(result.status.health).toBe('Healthy');
    expect(condition(result, 'DependenciesReady')).toMatchObject({ status: 'False', reason: 'DependencyCycle' });
    expect(condition(result, 'DependenciesReady')?.message).toBe(
      'the services depend on each other in a circle: s/a → s/b → s/c → s/a; remove one of the dependencies the message names',
    );
  });

  it('on a circle that one is not part of are ordinary dependencies', () => {
    const graph: Graph = {
      's/web': { dependsOn: ['s/a'] },
      's/a': { dependsOn: ['s/b'] },
      's/b': { dependsOn: ['s/a'] },
    };
    expect(evaluate('s/web', graph)).toMatchObject([{ key: 's/a', state: 'Ready' }]);
  });

  it('on oneself are the smallest circle', () => {
    expect(evaluate('s/a', { 's/a': { dependsOn: ['s/a'] } })).toMatchObject([{ state: 'Cycle', ring: ['s/a'] }]);
  });

  it('are a Cycle exactly where the way leads back', () => {
    const keys = ['s/a', 's/b', 's/c', 's/d', 's/e'];
    const edges = fc.array(fc.subarray(keys), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(edges, (all) => {
        const graph: Graph = Object.fromEntries(keys.map((key, index) => [key, { dependsOn: all[index] ?? [] }]));
        const reaches = (from: string, seen = new Set<string>()): boolean =>
          from === 's/a' ||
          (!seen.has(from) && (graph[from]?.dependsOn ?? []).some((next) => reaches(next, new Set([...seen, from]))));
        for (const dependency of evaluate('s/a', graph))
          expect(dependency.state === 'Cycle').toBe(reaches(dependency.key));
      }),
    );
  });

  it('of 1,000 services in one chain, each with a shortcut, ask each service a few times only', () => {
    const graph: Graph = {};
    for (let index = 0; index < 1000; index += 1)
      graph[`s/n${index}`] = { dependsOn: [`s/n${index + 1}`, `s/n${index + 2}`] };
    const counter = lookupIn(graph);
    const dependsOn = Array.from({ length: 32 }, (_, index) => ({
      name: `n${index + 1}`,
      minimumHealth: 'Warning' as const,
    }));
    evaluateDependencies({ namespace: 's', name: 'n0' }, dependsOn, counter.lookup);
    expect(counter.asked).toBeLessThan(2_000);
  });
});
