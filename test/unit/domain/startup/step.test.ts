import { beforeEach, describe, expect, it } from 'vitest';
import type { StartupRules } from '../../../../src/domain/startup/rules.ts';
import {
  isToBeDown,
  isToBeRaised,
  readStartup,
  type StartupState,
  writeStartup,
} from '../../../../src/domain/startup/state.ts';
import { type StartupFacts, step, type WorkloadFacts } from '../../../../src/domain/startup/step.ts';

const START = Date.parse('2026-05-04T12:00:00Z');
const SECOND = 1_000;
const rules: StartupRules = {
  phase: 'Services',
  timeout: 60 * SECOND,
  retries: 2,
  critical: false,
  onFailure: 'Hold',
};

let now: number;
let state: StartupState | undefined;
let workload: WorkloadFacts;
beforeEach(() => {
  now = START;
  state = undefined;
  workload = { desired: 3, kept: undefined, carries: true, pods: 3, wasAvailable: false };
});

const facts = (over: Partial<StartupFacts> = {}): StartupFacts => ({
  rules,
  generation: 1,
  now,
  isKnown: true,
  everAvailable: false,
  isUp: false,
  workload,
  waits: false,
  mayAct: true,
  isTimed: true,
  rollback: undefined,
  ...over,
});

/** One look as the controller has it: through the status and back, and what it asks for is done after it was written. */
function look(over: Partial<StartupFacts> = {}): StartupState['state'] | undefined {
  const before = state && readStartup(writeStartup(state));
  state = step(before, facts(over));
  if (before && state && isToBeDown(before) && isToBeDown(state) && workload.desired > 0)
    workload = { ...workload, desired: 0, pods: 0, kept: workload.carries ? workload.desired : undefined };
  if (before && state && isToBeRaised(before) && isToBeRaised(state) && workload.desired === 0)
    workload = { ...workload, desired: state.replicas ?? 0, pods: state.replicas ?? 0, kept: undefined };
  return state?.state;
}

function looks(times: number, over: Partial<StartupFacts> = {}): StartupState['state'] | undefined {
  for (let each = 0; each < times; each++) look(over);
  return state?.state;
}

const later = (seconds: number): void => void (now += seconds * SECOND);
const failure = (since: number) => ({ key: 'shop/db', generation: 1, since, isTurn: true, isOwn: false });

describe('a service that was never available', () => {
  it('is held at zero while it waits, keeps its replicas, and has them when nothing is in its way', () => {
    expect(looks(4, { waits: true })).toBe('Waiting');
    expect(workload).toMatchObject({ desired: 0, kept: 3 });
    expect(state).toMatchObject({ replicas: 3, downAt: START });
    expect(looks(3)).toBe('Starting');
    expect(workload).toMatchObject({ desired: 3, kept: undefined });
    expect(state).toMatchObject({ raisedAt: START, attempts: 1, replicas: undefined });
    expect(look({ isUp: true })).toBe('Started');
    expect(look({ waits: true })).toBe('Started');
  });

  it('is not touched before it is known whether it was available', () => {
    expect(looks(3, { isKnown: false, waits: true })).toBeUndefined();
    expect(workload.desired).toBe(3);
  });

  it('starts at once where nothing is in its way', () => {
    expect(look()).toBe('Starting');
    expect(state).toMatchObject({ raisedAt: START, attempts: 1 });
  });

  it.each([
    ['was available before', { everAvailable: true }, {}, 'Started'],
    ['has pods that are ready', {}, { wasAvailable: true }, 'Starting'],
    ['asks for no pods', {}, { desired: 0 }, undefined],
  ])('is left alone when it %s', (_, over, of, becomes) => {
    workload = { ...workload, ...of };
    const { desired } = workload;
    expect(looks(5, { waits: true, ...over })).toBe(becomes);
    expect(workload.desired).toBe(desired);
  });

  it('is held as soon as Baton may act', () => {
    looks(3, { waits: true, mayAct: false });
    expect(workload.desired).toBe(3);
    looks(3, { waits: true });
    expect(workload.desired).toBe(0);
  });

  it('waits for its workload', () => {
    expect(look({ workload: undefined })).toBe('Waiting');
    expect(look()).toBe('Starting');
    expect(look({ workload: undefined })).toBe('Waiting');
    expect(looks(3, { waits: true })).toBe('Waiting');
    expect(workload.desired).toBe(0);
  });

  it('keeps what an object before it kept', () => {
    workload = { ...workload, desired: 0, kept: 7 };
    looks(4);
    expect(workload).toMatchObject({ desired: 7, kept: undefined });
  });

  it('is held where its kind has no annotations, by what the status keeps', () => {
    workload = { ...workload, carries: false };
    looks(4, { waits: true });
    expect(workload.desired).toBe(0);
    looks(3);
    expect(workload.desired).toBe(3);
  });
});

describe('a person', () => {
  it.each([true, false])('who scales a held workload wins (annotations: %s)', (carries) => {
    workload = { ...workload, carries };
    looks(4, { waits: true });
    workload = { ...workload, desired: 5 };
    expect(look({ waits: true })).toBe('Starting');
    expect(state).toMatchObject({ byHand: true, replicas: undefined, raisedAt: undefined });
    workload = { ...workload, kept: undefined };
    looks(5, { waits: true });
    expect(workload.desired).toBe(5);
  });

  it('who takes the annotation away, or scales to zero, is left alone', () => {
    looks(4, { waits: true });
    workload = { ...workload, kept: undefined };
    expect(looks(3)).toBeUndefined();
    expect(workload.desired).toBe(0);
  });

  it('who writes another count into the annotation gets that', () => {
    looks(4, { waits: true });
    workload = { ...workload, kept: 9 };
    looks(3, {});
    expect(workload.desired).toBe(9);
  });

  it('who scales a started one to zero is left alone', () => {
    looks(2, { isUp: true });
    workload = { ...workload, desired: 0 };
    expect(looks(3, { waits: true })).toBe('Started');
    expect(workload.desired).toBe(0);
  });
});

describe('one that does not get up', () => {
  function fail(over: Partial<StartupFacts> = {}): number[] {
    const counts: number[] = [];
    for (let second = 0; second < 400; second++) {
      look(over);
      if (counts.at(-1) !== workload.desired) counts.push(workload.desired);
      later(1);
    }
    return counts;
  }

  it('goes down and up again as often as it may, and fails up', () => {
    expect(fail()).toEqual([3, 0, 3, 0, 3]);
    expect(state).toMatchObject({ state: 'Failed', attempts: 3, replicas: undefined, generation: 1 });
  });

  it('counts as started when it is up after all, and begins anew with another spec', () => {
    fail();
    const before = state;
    expect(look({ isUp: true })).toBe('Started');
    state = before;
    expect(look({ generation: 2 })).toBe('Starting');
    expect(state).toMatchObject({ attempts: 1 });
  });

  it('is not taken down where Baton did not raise it, or may not act', () => {
    expect(fail({ mayAct: false })).toEqual([3]);
    expect(state?.state).toBe('Failed');
  });

  it('has all the time in maintenance', () => {
    expect(fail({ mayAct: false, isTimed: false })).toEqual([3]);
    expect(state?.state).toBe('Starting');
  });

  it('waits until its pods are gone before it is raised again, but not for ever', () => {
    look();
    later(61);
    looks(2);
    workload = { ...workload, pods: 1 };
    expect(looks(3)).toBe('Waiting');
    expect(workload.desired).toBe(0);
    later(61);
    expect(looks(3)).toBe('Starting');
    expect(workload.desired).toBe(3);
  });
});

describe('a rollback', () => {
  it('takes down what was raised before the failure, until a spec changes', () => {
    looks(2, { isUp: true });
    later(10);
    const rollback = failure(now);
    expect(looks(4, { isUp: true, rollback: { ...rollback, isTurn: false } })).toBe('Started');
    expect(looks(4, { isUp: true, rollback })).toBe('RolledBack');
    expect(workload).toMatchObject({ desired: 0, kept: 3 });
    later(600);
    expect(looks(4, { rollback })).toBe('RolledBack');
    expect(looks(4, { rollback: { ...rollback, generation: 2 } })).toBe('Starting');
    expect(workload).toMatchObject({ desired: 3, kept: undefined });
  });

  it('is over for one whose own spec changes', () => {
    looks(2, { isUp: true });
    const rollback = failure(now);
    looks(4, { rollback });
    later(1);
    expect(looks(4, { rollback, generation: 2 })).toBe('Starting');
    expect(looks(4, { rollback, generation: 2, isUp: true })).toBe('Started');
  });

  it('leaves alone what was available before, and what was raised since', () => {
    look({ everAvailable: true });
    expect(looks(4, { rollback: failure(now + SECOND) })).toBe('Started');
    state = undefined;
    looks(2, { isUp: true });
    expect(looks(4, { isUp: true, rollback: failure(now - SECOND) })).toBe('Started');
    expect(workload.desired).toBe(3);
  });

  it('takes the one that failed down too, which stays Failed', () => {
    looks(2);
    later(200);
    looks(2, { rules: { ...rules, retries: 0 } });
    expect(state?.state).toBe('Failed');
    expect(looks(4, { rollback: { ...failure(now), isOwn: true } })).toBe('Failed');
    expect(workload).toMatchObject({ desired: 0, kept: 3 });
    expect(looks(4, { generation: 2 })).toBe('Starting');
    expect(workload.desired).toBe(3);
  });

  it('stops those that still wait', () => {
    looks(3, { waits: true });
    expect(looks(3, { rollback: failure(now) })).toBe('Waiting');
    expect(looks(3)).toBe('Starting');
  });
});
