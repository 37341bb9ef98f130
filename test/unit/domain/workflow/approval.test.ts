import { describe, expect, it, test } from 'vitest';
import type { ApprovalAction } from '../../../../src/domain/workflow/action.ts';
import { decide } from '../../../../src/domain/workflow/approval.ts';
import { Bench, instant, specOf } from './world.ts';

const asked = (more: Partial<ApprovalAction> = {}): ApprovalAction => ({
  kind: 'approval',
  users: [],
  groups: [],
  required: 1,
  message: '',
  ...more,
});
/** `user:groups:decision`, for the step `go`. */
const entries = (...texts: string[]) =>
  texts.map((text) => {
    const [user = '', groups = '', decision = 'Approve'] = text.split(':');
    return { step: 'go', user, groups: groups.split(',').filter(Boolean), decision: decision as 'Approve' | 'Reject' };
  });

test.each([
  ['nobody', asked(), [], 'open'],
  ['anybody, where nobody is named', asked(), ['bob'], 'approved'],
  ['a user who is named', asked({ users: ['bob'] }), ['bob'], 'approved'],
  ['a user who is not', asked({ users: ['bob'] }), ['eve'], 'open'],
  ['a member of a group', asked({ groups: ['ops'] }), ['eve:dev,ops'], 'approved'],
  ['a member of another group', asked({ groups: ['ops'] }), ['eve:dev'], 'open'],
  ['one twice, where two are wanted', asked({ required: 2 }), ['bob', 'bob'], 'open'],
  ['two, where two are wanted', asked({ required: 2 }), ['bob', 'eve'], 'approved'],
  ['the one who asked for it, of one', asked(), ['alice'], 'approved'],
  ['the one who asked for it, of two', asked({ required: 2 }), ['alice', 'bob'], 'open'],
  ['a refusal', asked(), ['bob::Reject'], 'rejected'],
  ['a refusal after enough agreed', asked(), ['bob', 'eve::Reject'], 'rejected'],
  ['a refusal of who asked for it', asked({ required: 2 }), ['alice::Reject'], 'rejected'],
  ['a refusal of somebody who is not asked', asked({ users: ['bob'] }), ['eve::Reject'], 'open'],
] as const)('%s decides', (_, action, given, kind) => {
  const decision = decide('go', action, { approvals: entries(...given), requestedBy: 'alice' });
  expect(decision.kind).toBe(kind);
});

it('entries for other steps do not count, and what is said names who is missing, and for what', () => {
  const approvals = [{ step: 'other', user: 'bob', decision: 'Approve' as const }, ...entries('eve:ops')];
  const action = asked({ groups: ['ops'], required: 3, message: 'May it stay?' });
  const message = 'waits for 2 approvals of group ops; eve agreed: May it stay?';
  expect(decide('go', action, { approvals })).toEqual({ kind: 'open', message });
});

describe('a step', () => {
  const spec = () => specOf([{ name: 'go', approval: { required: 1 } }, instant('on', { dependsOn: ['go'] })]);

  it('waits for people without a timer of its own, tells them once, and goes on', () => {
    const bench = new Bench(spec()).look();
    expect(bench.status).toMatchObject({ phase: 'Running', reason: 'ApprovalNeeded', current: 'go (approval)' });
    expect(bench.told).toEqual(['WorkflowStarted', 'ApprovalNeeded']);
    // No sooner than the workflow has to be over.
    expect((bench.last?.lookAgainAt ?? 0) - bench.now).toBe(3_600_000);
    bench.spec.approvals = entries('bob');
    bench.look();
    expect(bench.status.phase).toBe('Succeeded');
    expect(bench.status.steps?.[0]?.message).toBe('approved by bob');
  });

  it('fails where somebody refuses, whatever retry says', () => {
    const bench = new Bench(spec());
    bench.spec.approvals = entries('bob::Reject');
    expect(bench.look().status.steps?.[0]).toMatchObject({ state: 'Failed', reason: 'Rejected' });
    expect(bench.status.phase).toBe('Failed');
  });
});
