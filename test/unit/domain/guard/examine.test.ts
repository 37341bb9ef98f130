import { describe, expect, it, test } from 'vitest';
import type { MoveBoundsAct, ScaleAct } from '../../../../src/domain/guard/act.ts';
import { examine, isPermit } from '../../../../src/domain/guard/examine.ts';
import type { Asker, Facts } from '../../../../src/domain/guard/facts.ts';
import { POLICIES } from '../../../../src/domain/guard/policies.ts';

const target = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'w' };
const scale: ScaleAct = { type: 'Scale', target, from: 2, to: 5, annotations: {} };
const asker: Asker = { uid: 's', generation: 3, terminating: false, mode: 'Enforce' };
const live = { uid: 'w', resourceVersion: '7', terminating: false, replicas: 2, annotations: {} };
const facts = (over: Partial<Facts<ScaleAct>> = {}): Facts<ScaleAct> => ({
  leads: true,
  cause: 'Scaling',
  decidedOn: asker,
  asker,
  live,
  objection: undefined,
  ...over,
});

describe('the guard', () => {
  it('permits what is still as it was decided on, and hands on what it saw', () => {
    const found = examine(scale, facts());
    expect(found).toMatchObject({ kind: 'permitted', permit: { act: scale, live } });
  });

  test.each<[string, string, Partial<Facts<ScaleAct>>, object]>([
    ['leadership', 'objected', { leads: false }, { reason: 'NotLeading' }],
    ['asker', 'gone', { asker: undefined }, {}],
    ['asker', 'gone', { asker: { ...asker, uid: 'other' } }, {}],
    ['asker', 'gone', { asker: { ...asker, terminating: true } }, {}],
    ['asker', 'conflict', { asker: { ...asker, generation: 4 } }, {}],
    ['mode', 'objected', { asker: { ...asker, mode: 'Observe' } }, { reason: 'ObserveOnly' }],
    ['mode', 'objected', { asker: { ...asker, mode: 'Recommend' } }, { reason: 'RecommendOnly' }],
    ['target', 'gone', { live: undefined }, {}],
    ['target', 'gone', { live: { ...live, uid: 'other' } }, {}],
    ['target', 'gone', { live: { ...live, terminating: true } }, {}],
    ['target', 'conflict', { live: { ...live, replicas: 3 } }, {}],
    ['reason', 'conflict', { objection: 'all pods are ready' }, { message: 'all pods are ready' }],
  ])('asks %s: %s', (policy, kind, over, more) => {
    expect(examine(scale, facts(over))).toMatchObject({ kind, policy, ...more });
  });

  it('lets the first policy speak', () => {
    expect(examine(scale, facts({ leads: false, asker: undefined, live: undefined }))).toMatchObject({
      policy: 'leadership',
    });
    expect(POLICIES.map(({ name }) => name)).toEqual(['leadership', 'asker', 'mode', 'target', 'reason']);
  });

  it('knows the bounds that an autoscaler had', () => {
    const bounds = { minReplicas: 1, maxReplicas: 9 };
    const act: MoveBoundsAct = { type: 'MoveBounds', target, from: bounds, to: { minReplicas: 3, maxReplicas: 9 } };
    const { live: _, ...rest } = facts();
    const seen = { uid: 'w', resourceVersion: '7', terminating: false, ...bounds };
    expect(examine(act, { ...rest, live: seen })).toMatchObject({ kind: 'permitted' });
    expect(examine(act, { ...rest, live: { ...seen, maxReplicas: 8 } })).toMatchObject({ kind: 'conflict' });
  });

  it('alone makes permits', () => {
    const found = examine(scale, facts());
    if (found.kind !== 'permitted') throw new Error('refused');
    expect(isPermit(found.permit)).toBe(true);
    expect(isPermit({ act: scale, live })).toBe(false);
    expect(isPermit(Object.create(Object.getPrototypeOf(found.permit) as object) as object)).toBe(false);
  });
});
