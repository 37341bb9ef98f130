import { beforeEach, describe, expect, it } from 'vitest';
import type { OrchestratedServiceStatus } from '../../../../src/api/kinds.ts';
import { lockedPart } from '../../../../src/controllers/service/locked.ts';
import { lookAtParts } from '../../../../src/controllers/service/parts.ts';
import { Scheduler } from '../../../../src/controllers/workflow/scheduler.ts';
import { lockedOf, movesOf, servicesAbout } from '../../../../src/controllers/workflow/workloads.ts';
import type { Lock } from '../../../../src/domain/workflow/locks.ts';
import { Bed } from '../bed.ts';

const A = 'shop/apps/Deployment/a';
const B = 'shop/apps/Deployment/b';
const FAILOVER = {
  standbyRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'b' },
  serviceName: 'shop',
  selectors: { primary: { app: 'a' }, standby: { app: 'b' } },
};

let bed: Bed;
let scheduler: Scheduler;

function serve(status?: OrchestratedServiceStatus) {
  bed.service('a', { failover: FAILOVER } as never, status);
  const service = bed.stores.services.get('shop/a');
  if (service === undefined) throw new Error('not there');
  return service;
}

function ask(...locks: readonly Lock[]) {
  return scheduler.ask({ key: 'shop/wf', priority: 500, since: 0, locks, slots: [], blocked: undefined });
}

beforeEach(() => {
  bed = new Bed();
  scheduler = new Scheduler({
    limits: () => ({ maxConcurrent: 10, ageing: 10, slots: new Map() }),
    now: () => 0,
    foreign: { get: (key) => movesOf(key, bed.stores.services, (name) => bed.stores.services.get(name)) },
    onLocks: () => undefined,
    enqueue: () => undefined,
    soon: (run) => run(),
  });
});

describe('a workload that a workflow has to itself', () => {
  const message = 'Deployment a is held by workflow shop/wf';

  it('is left alone until that ends', () => {
    ask({ key: A, access: 'Exclusive' });
    expect(lockedOf(serve(), scheduler)).toEqual({ serving: message, failover: message });
    scheduler.release('shop/wf');
    expect(lockedOf(serve(), scheduler)).toEqual({ serving: undefined, failover: undefined });
  });

  it('is not left alone where it is only shared', () => {
    ask({ key: A, access: 'Shared' });
    expect(lockedOf(serve(), scheduler)).toEqual({ serving: undefined, failover: undefined });
  });

  it('fails over where the workflow orders that, and is neither scaled nor healed', () => {
    ask({ key: A, access: 'Exclusive', failsOver: true }, { key: B, access: 'Exclusive', failsOver: true });
    expect(lockedOf(serve(), scheduler)).toEqual({ serving: message, failover: undefined });
  });

  it('is what the standby is too, for a failover; and for all else when traffic goes there', () => {
    ask({ key: B, access: 'Exclusive' });
    const standby = 'Deployment b is held by workflow shop/wf';
    expect(lockedOf(serve(), scheduler)).toEqual({ serving: undefined, failover: standby });
    const moved = { failover: { state: 'Idle', active: 'Standby', epoch: 1, since: '2026-05-01T09:00:00Z' } } as const;
    expect(lockedOf(serve(moved as never), scheduler)).toEqual({ serving: standby, failover: standby });
  });

  it('holds the parts that come after, and scaling, with the name of the workflow and no news', async () => {
    ask({ key: A, access: 'Exclusive' });
    const service = serve();
    const target = { state: 'Absent', reason: 'TargetNotFound' } as const;
    const given = { key: 'shop/a', target, pods: [], dependencies: [], isSafe: true, signal: AbortSignal.any([]) };
    const parts = [lockedPart((one) => lockedOf(one, scheduler))];
    const answer = await lookAtParts(parts, { ...given, service });
    expect(answer).toMatchObject({ held: { reason: 'TargetLocked', message }, isUrgent: false });
    expect(answer.findings).toMatchObject([{ conditions: [], told: [] }]);
    const going = { ...service, metadata: { ...service.metadata, deletionTimestamp: '2026-05-01T09:00:00Z' } };
    expect((await lookAtParts(parts, { ...given, service: going })).held).toBeUndefined();
    scheduler.release('shop/wf');
    expect((await lookAtParts(parts, { ...given, service })).held).toBeUndefined();
  });

  it('is of the services that have it as target or standby', () => {
    serve();
    bed.service('b');
    expect([...servicesAbout(A, bed.stores.services)].map(({ name }) => name)).toEqual(['a']);
    expect([...servicesAbout(B, bed.stores.services)].map(({ name }) => name)).toEqual(['b', 'a']);
    expect([...servicesAbout('shop/batch/Job/a', bed.stores.services)]).toEqual([]);
  });
});

describe('a workflow that wants a workload to itself', () => {
  it.each(['Preparing', 'Fencing', 'Switching', 'Verifying'])('waits while its service fails over (%s)', (state) => {
    serve({ failover: { state, active: 'Primary', epoch: 0, since: '2026-05-01T09:00:00Z' } } as never);
    for (const key of [A, B]) {
      const grant = ask({ key, access: 'Exclusive' });
      expect(grant).toMatchObject({ kind: 'waiting', reason: 'WaitingForLock' });
      expect(grant).toMatchObject({ message: expect.stringContaining('its service a is being failed over') });
    }
    expect(lockedOf(serve(), scheduler).serving).toBeUndefined();
    serve({ failover: { state: 'Completed', active: 'Standby', epoch: 1, since: '2026-05-01T09:00:00Z' } } as never);
    expect(ask({ key: A, access: 'Exclusive' })).toEqual({ kind: 'granted' });
  });

  it('waits while its service is held at zero for its turn to start, and not when it failed to', () => {
    const startup = { since: '2026-05-01T09:00:00Z', replicas: 2 };
    for (const state of ['Waiting', 'Starting']) {
      serve({ startup: { ...startup, state } } as never);
      expect(ask({ key: A, access: 'Exclusive' })).toMatchObject({
        message: expect.stringContaining('its service a is being started in order'),
      });
    }
    serve({ startup: { ...startup, state: 'Failed' } } as never);
    expect(ask({ key: A, access: 'Exclusive' })).toEqual({ kind: 'granted' });
  });

  it('waits for no start that takes nothing', () => {
    serve({ startup: { since: '2026-05-01T09:00:00Z', state: 'Starting' } } as never);
    expect(ask({ key: A, access: 'Exclusive' })).toEqual({ kind: 'granted' });
  });

  it('waits while an act of healing is under way, and not for an illness', () => {
    const healing = { circuit: 'Closed', attempts: 0 } as const;
    serve({ healing: { ...healing, intent: { id: 'one', type: 'Restart' } } });
    expect(ask({ key: A, access: 'Exclusive' })).toMatchObject({
      message: expect.stringContaining('its service a is being healed'),
    });
    serve({ healing });
    expect(ask({ key: A, access: 'Exclusive' })).toEqual({ kind: 'granted' });
  });
});
