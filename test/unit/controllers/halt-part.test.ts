import { beforeEach, describe, expect, it } from 'vitest';
import type { OrchestratedServiceSpec, OrchestrationStatus } from '../../../src/api/kinds.ts';
import { HaltPart } from '../../../src/controllers/emergency/part.ts';
import { subjectsOf } from '../../../src/controllers/emergency/subjects.ts';
import { lookAtParts, type PartLook } from '../../../src/controllers/service/parts.ts';
import { DEFAULT_POLICY } from '../../../src/domain/orchestration/policy.ts';
import type { WorkloadSnapshot } from '../../../src/domain/snapshot.ts';
import type { Target } from '../../../src/domain/status/input.ts';
import { workload } from '../domain/fixtures.ts';
import { Bed } from './bed.ts';

const ID = 'halt-20260501t100000z';
const SINCE = '2026-05-01T09:00:00Z';
const STARTUP = { phase: 'Services', timeout: '60s', retries: 3, critical: false, onFailure: 'Hold' } as const;
const ZERO = { startup: STARTUP, emergency: { onHalt: 'ScaleToZero' } } as const;

const none = { autoscalerOf: () => undefined };

let bed: Bed;
let status: OrchestrationStatus;
let part: HaltPart;

beforeEach(() => {
  bed = new Bed();
  status = { halt: { id: ID, state: 'Halted' } };
  const options = { policy: () => DEFAULT_POLICY, ownNamespace: 'baton-system', status: () => status };
  part = new HaltPart({ ...options, now: () => bed.now });
});

interface Given {
  readonly isGoing?: boolean;
  readonly target?: Target;
  readonly halt?: { readonly id: string; readonly originalReplicas: number };
}

/** What parts after it see, and scaling. */
async function look(spec: Partial<OrchestratedServiceSpec>, { isGoing = false, target, halt }: Given = {}) {
  bed.service('web', spec, halt && { halt });
  const made = bed.stores.services.get('shop/web');
  if (!made) throw new Error('not there');
  const service = isGoing ? { ...made, metadata: { ...made.metadata, deletionTimestamp: SINCE } } : made;
  const seen: PartLook[] = [];
  const next = { look: (one: PartLook) => void seen.push(one), wasTold: () => undefined, forget: () => undefined };
  const found: Target = target ?? { state: 'Found', workload: bed.deployment('web', { desired: 0 }) };
  const given = { key: 'shop/web', service, target: found, pods: [], dependencies: [], isSafe: true };
  const answer = await lookAtParts([part, next], { ...given, signal: new AbortController().signal });
  return {
    parts: seen[0]?.held?.reason,
    scaling: answer.held?.reason,
    findings: answer.findings,
    needsFinalizer: answer.needsFinalizer,
  };
}

describe('while an emergency halt lasts', () => {
  it('a service that is to stop is left alone, and one that is kept is scaled and nothing else', async () => {
    expect(await look(ZERO)).toMatchObject({ parts: 'HeldByHalt', scaling: 'HeldByHalt' });
    expect(await look({ startup: STARTUP })).toMatchObject({ parts: 'EmergencyHalt', scaling: undefined });
    expect(await look({})).toMatchObject({ parts: undefined, scaling: undefined, findings: [] });
  });

  it('that was only found on workloads of others, nobody is left alone but those', async () => {
    status = { halt: { id: ID, state: 'Halted', by: 'Found' } };
    expect(await look(ZERO)).toMatchObject({ parts: undefined, scaling: undefined });
    expect(await look({ startup: STARTUP })).toMatchObject({ parts: undefined });
    const held = workload({ name: 'web', desired: 0, hold: { id: ID, original: 3, to: 0 } });
    expect(await look({}, { target: { state: 'Found', workload: held } })).toMatchObject({ scaling: 'HeldByHalt' });
  });

  it('one that is deleted gets back what was taken from it before', async () => {
    expect(await look(ZERO, { isGoing: true })).toMatchObject({ parts: undefined, scaling: undefined });
    expect(await look({ startup: STARTUP }, { isGoing: true })).toMatchObject({ parts: undefined });
  });
});

it('goes on saying what a halt took where a rollback took the annotations off, while the halt lasts', async () => {
  const given = { halt: { id: ID, originalReplicas: 3 } };
  const lost = await look(ZERO, given);
  expect(lost.findings).toMatchObject([{ status: given, told: [] }]);
  const { services, deployments } = bed.stores;
  const subjects = subjectsOf({ caches: bed.stores, foreign: new Map(), ...none, written: () => undefined });
  expect([services.size, deployments.size]).toEqual([1, 1]);
  expect(subjects).toMatchObject([{ remembered: { id: ID, original: 3 }, workload: { replicas: 0, hold: undefined } }]);
  status = { halt: { id: ID, state: 'Resumed' } };
  expect((await look(ZERO, given)).findings[0]).toMatchObject({ status: {}, told: [{ reason: 'ChangedByHand' }] });
});

it('says nothing more of a workload that is gone, and goes on saying what it knows of one that cannot be read', async () => {
  status = {};
  const halt = { id: ID, originalReplicas: 3 };
  const gone = await look(ZERO, { halt, target: { state: 'Absent', reason: 'TargetNotFound' } });
  expect(gone.findings[0]).toMatchObject({ told: [] });
  expect(gone.findings[0]?.status).toEqual({});
  const unread = await look(ZERO, { halt, target: { state: 'Absent', reason: 'TargetUnavailable' } });
  expect(unread.findings).toMatchObject([{ status: { halt }, told: [] }]);
});

it('wakes those that it held back without taking anything from them', () => {
  bed.service('web', ZERO);
  const tell = (halt: OrchestrationStatus['halt']): string[] => {
    bed.woken.length = 0;
    const resourceVersion = bed.version();
    const whole = { namespace: '', name: 'default', uid: 'o', resourceVersion, metadata: { name: 'default' } };
    bed.stores.orchestrations.upsert({ ...whole, status: { ...(halt && { halt }) } } as never);
    return [...bed.woken];
  };
  tell(undefined);
  tell({ id: ID, state: 'Halting' });
  expect(tell({ id: ID, state: 'Halted' })).toEqual(['shop/web']);
  expect(tell({ id: ID, state: 'Halted', held: 3 })).toEqual([]);
  expect(tell({ id: ID, state: 'Resuming' })).toEqual(['shop/web']);
  expect(tell({ id: ID, state: 'Resumed' })).toEqual(['shop/web']);
});

it('keeps a service of a kind that is in no cache until what a halt took from it is back, and the keeper finds it', async () => {
  const hold = { id: ID, original: 3, to: 0 };
  const foreign = (over: Partial<WorkloadSnapshot>): Target => ({
    state: 'Found',
    workload: workload({ apiVersion: 'example.com/v1', kind: 'Rollout', name: 'web', desired: 0, ...over }),
  });
  const subjects = () => {
    const metadata = { ...bed.stores.services.get('shop/web')?.metadata, deletionTimestamp: SINCE };
    const going = { ...bed.stores.services.get('shop/web'), metadata, resourceVersion: bed.version() };
    bed.stores.services.upsert(going as never);
    return subjectsOf({ caches: bed.stores, foreign: part.foreign, ...none, written: () => undefined });
  };
  expect((await look(ZERO, { target: foreign({ desired: 3 }) })).needsFinalizer).toBe(true);
  status = {};
  expect((await look(ZERO, { target: foreign({ hold }), isGoing: true })).needsFinalizer).toBe(true);
  expect(subjects()).toMatchObject([{ isOrphan: true, workload: { hold, replicas: 0 } }]);
  expect((await look(ZERO, { target: foreign({ desired: 3 }), isGoing: true })).needsFinalizer).toBe(false);
  expect(subjects()).toEqual([]);
});
