import { describe, expect, it, test } from 'vitest';
import type { MoveBoundsAct, RestartAct, ScaleAct, SelectAct } from '../../../../src/domain/guard/act.ts';
import { examine, isPermit } from '../../../../src/domain/guard/examine.ts';
import type { Asker, Facts } from '../../../../src/domain/guard/facts.ts';
import { POLICIES } from '../../../../src/domain/guard/policies.ts';
import { CALM, UNLOCKED } from '../../../../src/domain/guard/situation.ts';

const target = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'w' };
const scale: ScaleAct = { type: 'Scale', target, from: 2, to: 5, annotations: {} };
const asker: Asker = { uid: 's', generation: 3, terminating: false, mode: 'Enforce', suspended: false };
const live = { uid: 'w', resourceVersion: '7', terminating: false, replicas: 2, annotations: {} };
const held = { 'baton.dev/halt-id': 'halt-1', 'baton.dev/halted-replicas': '3' };
const facts = (over: Partial<Facts<ScaleAct>> = {}): Facts<ScaleAct> => ({
  leads: true,
  cause: 'Scaling',
  decidedOn: asker,
  asker,
  situation: CALM,
  live,
  halt: undefined,
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
    ['halted', 'objected', { live: { ...live, annotations: held } }, { reason: 'EmergencyHalt' }],
    ['suspended', 'objected', { asker: { ...asker, suspended: true } }, { reason: 'Suspended' }],
    ['suspended', 'objected', { cause: 'Halt', asker: { ...asker, suspended: true } }, { reason: 'Suspended' }],
    ['mode', 'objected', { cause: 'Halt', asker: { ...asker, mode: 'Observe' } }, { reason: 'ObserveOnly' }],
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

  it('leaves what a workflow has to itself alone, but for what is given back, and a halt', () => {
    const situation = { ...CALM, locked: { serving: 'a workflow has it', failover: undefined } };
    const kindOf = (cause: Facts['cause'], more: Partial<typeof CALM> = {}) =>
      examine(scale, facts({ cause, situation: { ...situation, ...more } }));
    const answer = { kind: 'objected', policy: 'locked', reason: 'TargetLocked', message: 'a workflow has it' };
    for (const cause of ['Scaling', 'Healing', 'Startup'] as const) expect(kindOf(cause)).toMatchObject(answer);
    for (const cause of ['GivingBack', 'Halt', 'Resume'] as const) expect(kindOf(cause).kind).toBe('permitted');
    // The workflow that has it ordered the failover.
    expect(kindOf('Failover').kind).toBe('permitted');
    const both = { locked: { ...UNLOCKED, failover: 'a workflow has it' } };
    expect(kindOf('Failover', both)).toMatchObject(answer);
    expect(kindOf('Scaling', both).kind).toBe('permitted');
  });

  it('lets a halt win over a workflow', () => {
    const situation = { ...CALM, locked: { serving: 'a workflow has it', failover: 'a workflow has it' } };
    const both = facts({ cause: 'Healing', situation, halt: 'halt-1' });
    expect(examine(scale, both)).toMatchObject({ policy: 'halted', reason: 'EmergencyHalt' });
  });

  test.each<[Exclude<keyof typeof CALM, 'locked'>, string]>([
    ['maintenance', 'MaintenanceWindow'],
    ['dependency', 'DependencyUnhealthy'],
    ['massFailure', 'MassFailure'],
    ['disruptions', 'DisruptionBudget'],
  ])('lets nothing be healed against %s, and other acts be done', (name, reason) => {
    const situation = { ...CALM, [name]: 'so it is' };
    const answer = { kind: 'objected', policy: name, reason, message: 'so it is' };
    expect(examine(scale, facts({ cause: 'Healing', situation }))).toMatchObject(answer);
    expect(examine(scale, facts({ cause: 'Failover', situation }))).toMatchObject({ kind: 'permitted' });
  });

  it('scales nothing in maintenance, and halts and gives back all the same', () => {
    const situation = { ...CALM, maintenance: 'so it is' };
    expect(examine(scale, facts({ situation }))).toMatchObject({ kind: 'objected', policy: 'maintenance' });
    for (const cause of ['Halt', 'Resume', 'GivingBack'] as const)
      expect(examine(scale, facts({ cause, situation }))).toMatchObject({ kind: 'permitted' });
  });

  it('starts nothing in maintenance, and lets neither failures nor budgets keep a start back', () => {
    const maintenance = { cause: 'Startup', situation: { ...CALM, maintenance: 'so it is' } } as const;
    expect(examine(scale, facts(maintenance))).toMatchObject({ kind: 'objected', policy: 'maintenance' });
    const rest = { dependency: 'ill', massFailure: 'all', disruptions: 'spent' };
    const others = { cause: 'Startup', situation: { ...CALM, ...rest } } as const;
    expect(examine(scale, facts(others))).toMatchObject({ kind: 'permitted' });
  });

  it('knows by its stamp what was done before', () => {
    const act: RestartAct = { type: 'Restart', target, id: 'one' };
    const { live: _, ...rest } = facts({ cause: 'Healing' });
    const stamped = { ...live, annotations: { 'baton.dev/act': 'one' } };
    expect(examine(act, { ...rest, live: stamped })).toMatchObject({ kind: 'already' });
    expect(examine({ ...act, id: 'two' }, { ...rest, live: stamped })).toMatchObject({ kind: 'permitted' });
  });

  it('lets a service that a halt does not hold be scaled while it lasts', () => {
    expect(examine(scale, facts({ halt: 'halt-1' }))).toMatchObject({ kind: 'permitted' });
  });

  it.each([
    ['a service that is gone', { decidedOn: undefined, asker: undefined }],
    ['a service that is suspended', { asker: { ...asker, suspended: true } }],
    ['a service that Baton may only observe', { asker: { ...asker, mode: 'Observe' as const } }],
    ['a service whose spec changed', { asker: { ...asker, generation: 4 } }],
  ])('lets what a halt took be given back to %s', (_, over) => {
    const more = { cause: 'Resume' as const, live: { ...live, annotations: held }, halt: 'halt-1', ...over };
    expect(examine(scale, facts(more))).toMatchObject({ kind: 'permitted' });
  });

  it('lets the first policy speak', () => {
    expect(examine(scale, facts({ leads: false, asker: undefined, live: undefined }))).toMatchObject({
      policy: 'leadership',
    });
    const names = [
      'leadership',
      'asker',
      'halted',
      'locked',
      'suspended',
      'mode',
      'maintenance',
      'dependency',
      'massFailure',
      'target',
      'reason',
      'disruptions',
    ];
    expect(POLICIES.map(({ name }) => name)).toEqual(names);
  });

  it('knows the bounds that an autoscaler had', () => {
    const bounds = { minReplicas: 1, maxReplicas: 9 };
    const act: MoveBoundsAct = { type: 'MoveBounds', target, from: bounds, to: { minReplicas: 3, maxReplicas: 9 } };
    const { live: _, ...rest } = facts();
    const seen = { uid: 'w', resourceVersion: '7', terminating: false, ...bounds };
    expect(examine(act, { ...rest, live: seen })).toMatchObject({ kind: 'permitted' });
    expect(examine(act, { ...rest, live: { ...seen, maxReplicas: 8 } })).toMatchObject({ kind: 'conflict' });
  });

  it('lets a selector be changed from what it is to be, and by no former leader', () => {
    const from = { role: 'a' };
    const act: SelectAct = { type: 'Select', target, from, to: { role: 'b' }, epoch: 4 };
    const { live: _, ...rest } = facts();
    const seen = { uid: 'w', resourceVersion: '7', terminating: false, selector: from, epoch: 3 };
    const kindOf = (over: object): string => examine(act, { ...rest, live: { ...seen, ...over } }).kind;
    expect(kindOf({})).toBe('permitted');
    expect(kindOf({ epoch: 4 })).toBe('conflict');
    expect(kindOf({ selector: { role: 'a', more: 'b' } })).toBe('conflict');
    expect(kindOf({ selector: undefined })).toBe('conflict');
    expect(kindOf({ uid: 'other' })).toBe('gone');
  });

  it('lets what was taken be given back while the asker goes, in every mode, and nothing else', () => {
    const going: Asker = { ...asker, terminating: true, mode: 'Observe' };
    expect(examine(scale, facts({ asker: going, cause: 'GivingBack' })).kind).toBe('permitted');
    expect(examine(scale, facts({ asker: going, cause: 'Failover' })).kind).toBe('gone');
    expect(examine(scale, facts({ asker: undefined, cause: 'GivingBack' })).kind).toBe('gone');
    expect(examine(scale, facts({ leads: false, asker: going, cause: 'GivingBack' })).kind).toBe('objected');
  });

  it('alone makes permits', () => {
    const found = examine(scale, facts());
    if (found.kind !== 'permitted') throw new Error('refused');
    expect(isPermit(found.permit)).toBe(true);
    expect(isPermit({ act: scale, live })).toBe(false);
    expect(isPermit(Object.create(Object.getPrototypeOf(found.permit) as object) as object)).toBe(false);
  });
});
