import { describe, expect, it } from 'vitest';
import { loadExpressions } from '../../../../src/domain/workflow/expression.ts';
import type { WorkflowSpec } from '../../../../src/api/kinds.ts';
import { lockName, locksOf, readLock, writeLock } from '../../../../src/domain/workflow/locks.ts';

await loadExpressions();

const deployment = (name: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', name });
const workloadsOf = (service: string) => [deployment(service), deployment(`${service}-standby`)];
const locks = (spec: Pick<WorkflowSpec, 'targets' | 'steps'>, parameters = {}) =>
  locksOf('shop', spec, parameters, workloadsOf).map(writeLock);

describe('what a workflow locks', () => {
  it('what it lists and what its steps and their compensations write to, each once, sorted', () => {
    expect(
      locks({
        targets: [
          { ...deployment('shared'), access: 'Shared' },
          { ...deployment('b'), access: 'Shared' },
        ],
        steps: [
          { name: 'one', scale: { target: deployment('b'), replicas: 1 } },
          {
            name: 'two',
            wait: { target: deployment('read'), condition: 'Available' },
            compensate: { restart: { target: deployment('a') } },
          },
          { name: 'three', failover: { service: 'db', to: 'Standby' } },
        ],
      }),
    ).toEqual([
      'shop/apps/Deployment/a',
      'shop/apps/Deployment/b',
      'shop/apps/Deployment/db fails over',
      'shop/apps/Deployment/db-standby fails over',
      'shop/apps/Deployment/shared shared',
    ]);
  });

  it('versions of a group are the same objects', () => {
    const target = { apiVersion: 'apps/v1beta2', kind: 'Deployment', name: 'a' };
    expect(
      locks({
        targets: [
          { ...target, access: 'Shared' },
          { ...deployment('a'), access: 'Exclusive' },
        ],
      }),
    ).toEqual(['shop/apps/Deployment/a']);
  });

  it('names are templates over parameters, and over nothing that is only known later', () => {
    expect(
      locks({ targets: [{ ...deployment('{{parameters.name}}-db'), access: 'Exclusive' }] }, { name: 'shop' }),
    ).toEqual(['shop/apps/Deployment/shop-db']);
    expect(() => locks({ targets: [{ ...deployment('{{steps.a.outputs.name}}'), access: 'Exclusive' }] })).toThrow(
      'a target is named by parameters only',
    );
  });

  it.each(['a/b', 'shop shared', '', 'x'.repeat(254), '../x'])('no target is called %j', (name) => {
    const targets = [{ ...deployment('{{parameters.name}}'), access: 'Exclusive' }] as const;
    expect(() => locks({ targets: [...targets] }, { name })).toThrow('no object can be called so');
  });

  it('the status has them as texts', () => {
    const key = 'shop/apps/Deployment/a';
    for (const lock of [
      { key, access: 'Exclusive' },
      { key, access: 'Shared' },
      { key, access: 'Exclusive', failsOver: true },
    ] as const)
      expect(readLock(writeLock(lock))).toEqual(lock);
    expect(lockName('shop/apps/Deployment/a')).toBe('Deployment a');
    expect(lockName('shop//ConfigMap/a')).toBe('ConfigMap a');
  });
});
