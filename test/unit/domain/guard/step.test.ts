import { describe, expect, it } from 'vitest';
import {
  type CreateAct,
  examineStep,
  isStepPermit,
  type StepFacts,
  type StepPurpose,
} from '../../../../src/domain/guard/step.ts';

const act: CreateAct = {
  type: 'Create',
  target: { apiVersion: 'batch/v1', kind: 'Job', namespace: 'shop', name: 'tidy' },
  body: {},
};
const asker = { uid: 'w', terminating: false, suspended: false, cancelled: false, finished: false };
const FACTS: StepFacts = {
  leads: true,
  purpose: 'Forward',
  decidedFor: 'w',
  asker,
  holdsLocks: true,
  halt: undefined,
  exempt: false,
  annotations: undefined,
};
const held = { 'baton.dev/halt-id': 'halt-1', 'baton.dev/halted-replicas': '3' };

const verdict = (over: Partial<StepFacts>): string => {
  const found = examineStep(act, { ...FACTS, ...over });
  return found.kind === 'permitted' ? 'permitted' : `${found.policy}: ${found.kind}`;
};
const each = (over: Partial<StepFacts>) =>
  (['Forward', 'Backward', 'Stop'] satisfies StepPurpose[]).map((purpose) => verdict({ ...over, purpose }));

describe('the guard of steps', () => {
  it('permits what nothing speaks against, and nobody else can', () => {
    const found = examineStep(act, FACTS);
    expect(found.kind === 'permitted' && found.permit.act).toBe(act);
    expect(found.kind === 'permitted' && isStepPermit(found.permit)).toBe(true);
    expect(isStepPermit({ act })).toBe(false);
  });

  it.each([
    ['another may lead', { leads: false }, ['leadership: wait', 'leadership: wait', 'leadership: wait']],
    ['it is gone', { asker: undefined }, ['asker: gone', 'asker: gone', 'asker: gone']],
    ['it is another one', { decidedFor: 'v' }, ['asker: gone', 'asker: gone', 'asker: gone']],
    ['it has ended', { asker: { ...asker, finished: true } }, ['finished: gone', 'finished: gone', 'permitted']],
    ['it is cancelled', { asker: { ...asker, cancelled: true } }, ['cancelled: gone', 'permitted', 'permitted']],
    [
      'it is being deleted',
      { asker: { ...asker, terminating: true } },
      ['terminating: gone', 'permitted', 'permitted'],
    ],
    ['it is suspended', { asker: { ...asker, suspended: true } }, ['suspended: wait', 'permitted', 'permitted']],
    ['there is a halt', { halt: 'halt-1' }, ['halted: wait', 'halted: wait', 'permitted']],
    ['a halt holds the target', { annotations: held }, ['halted: wait', 'halted: wait', 'permitted']],
    ['it is exempt from halts', { annotations: held, exempt: true }, ['permitted', 'permitted', 'permitted']],
    ['it has not the lock', { holdsLocks: false }, ['lock: wait', 'lock: wait', 'permitted']],
  ] satisfies [string, Partial<StepFacts>, string[]][])('where %s', (_, over, wanted) => {
    expect(each(over)).toEqual(wanted);
  });
});
