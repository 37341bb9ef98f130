import { beforeEach, expect, it } from 'vitest';
import type { OrchestratedServiceSpec, OrchestratedServiceStatus } from '../../../src/api/kinds.ts';
import type { Proposal } from '../../../src/controllers/acts/actor.ts';
import type { ActOutcome } from '../../../src/controllers/acts/ports.ts';
import { Failover } from '../../../src/controllers/failover/failover.ts';
import type { FailoverPort } from '../../../src/controllers/failover/ports.ts';
import type { PartAnswer, PartLook } from '../../../src/controllers/service/parts.ts';
import { NOW } from '../domain/fixtures.ts';
import { Bed } from './bed.ts';
import { CALM, type Locked, UNLOCKED } from '../../../src/domain/guard/situation.ts';

const FAILOVER = {
  standbyRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'b' },
  serviceName: 'shop',
  selectors: { primary: { app: 'a' }, standby: { app: 'b' } },
  fencing: 'ScaleToZero',
  after: '0s',
} as const;
const IDLE = { state: 'Idle', active: 'Primary', epoch: 0, since: '2026-05-01T09:00:00.000Z' } as const;
const DOWN: OrchestratedServiceStatus = { health: 'Failed', signals: [{ name: 'availability', score: 0 }] };

let bed: Bed;
let asked: string[];
let proposals: Proposal[];
let outcome: ActOutcome;
let selector: Record<string, string>;
let annotations: Record<string, Record<string, string>>;
let left: string[];
let massFailure: string | undefined;
let locked: Locked;
let mayPatch: boolean;
let silent: boolean;
/** What happens while the API server is asked. */
let meanwhile: () => void;
let part: Failover;

beforeEach(() => {
  bed = new Bed();
  [asked, proposals, left] = [[], [], []];
  outcome = { kind: 'written', resourceVersion: '9' };
  selector = { app: 'a' };
  annotations = {};
  massFailure = undefined;
  locked = UNLOCKED;
  mayPatch = true;
  silent = false;
  meanwhile = () => undefined;
  const answer =
    <T>(name: string, value: () => T) =>
    (): Promise<T> => {
      asked.push(name);
      if (silent) return Promise.reject(new Error('no answer'));
      return Promise.resolve(value());
    };
  const port: FailoverPort = {
    traffic: answer('traffic', () => ({ uid: 's', resourceVersion: '1', terminating: false, selector, epoch: 0 })),
    endpoints: answer('endpoints', () => []),
    pods: answer('pods', () => left),
    labels: ({ name }) => Promise.resolve({ labels: { app: name }, annotations: annotations[name] ?? {} }),
    scaledObject: () => Promise.resolve({ kind: 'none' }),
    mayDo: answer('mayDo', () => mayPatch),
  };
  const meanwhilePort: FailoverPort = {
    ...port,
    traffic: (...question) => {
      meanwhile();
      return port.traffic(...question);
    },
  };
  part = new Failover({
    caches: bed.stores,
    port: meanwhilePort,
    actor: {
      carryOut: (proposal) => {
        proposals.push(proposal);
        return Promise.resolve(outcome);
      },
    },
    readForeign: () => Promise.resolve({ state: 'Absent', reason: 'TargetNotFound' }),
    situations: { of: () => ({ ...CALM, massFailure, locked }) },
    latest: (key) => bed.stores.services.get(key),
    enqueue: () => undefined,
    now: () => bed.now,
    monotonic: () => bed.monotonic,
    onUnanswered: (key) => void asked.push(`unanswered ${key}`),
    onMoved: () => undefined,
  });
  for (const name of ['a', 'b']) bed.pod(`${name}-1`, bed.replicaSet(`${name}-rs`, bed.deployment(name)), name);
});

/** A look at the service with this status, with its finalizer. */
async function look(
  status?: OrchestratedServiceStatus,
  spec: Partial<OrchestratedServiceSpec> = {},
  held?: PartLook['held'],
) {
  bed.service('a', { failover: FAILOVER, ...spec }, status);
  const service = bed.stores.services.get('shop/a');
  const workload = bed.stores.deployments.get('shop/a');
  if (!service || !workload) throw new Error('not there');
  const target = { state: 'Found', workload } as const;
  const given = { key: 'shop/a', service, target, pods: [], dependencies: [], held, isSafe: true };
  return part.look({ ...given, signal: new AbortController().signal });
}

const stateOf = (answer: PartAnswer | undefined) => answer?.findings.status.failover?.state;

it('costs a plain service nothing, not even a wait', () => {
  bed.service('a');
  const service = bed.stores.services.get('shop/a');
  if (!service) throw new Error('not there');
  const target = { state: 'Absent', reason: 'TargetNotFound' } as const;
  const given = { key: 'shop/a', service, target, pods: [], dependencies: [], held: undefined, isSafe: false };
  expect(part.look({ ...given, signal: new AbortController().signal })).toBeUndefined();
});

it('asks nobody while nothing is wrong, for half a minute', async () => {
  await look({ failover: IDLE });
  const before = asked.length;
  await look({ failover: IDLE });
  expect(asked).toHaveLength(before);
  bed.monotonic += 30_000;
  await look({ failover: IDLE });
  expect(asked.length).toBeGreaterThan(before);
});

it('asks for its permissions once for all, and soon again for one that is missing', async () => {
  const grants = () => asked.filter((name) => name === 'mayDo').length;
  await look({ failover: IDLE });
  const first = grants();
  bed.monotonic += 30_000;
  await look({ failover: IDLE });
  expect(grants()).toBe(first);
  bed.monotonic += 300_000;
  mayPatch = false;
  const answer = await look({ failover: IDLE });
  expect(answer?.findings.conditions[0]).toMatchObject({ status: 'False', reason: 'Forbidden' });
  mayPatch = true;
  bed.monotonic += 5_000;
  expect((await look({ failover: IDLE }))?.findings.conditions[0]).toMatchObject({ status: 'True' });
});

it('keeps its state while nobody answers, and asks again soon', async () => {
  const since = new Date(NOW).toISOString();
  const move = { to: 'Standby', cause: 'Failure', wantedReplicas: 1, decidedAt: since } as const;
  const failover = { ...IDLE, state: 'Fencing', since, ...move } as const;
  silent = true;
  const answer = await look({ ...DOWN, failover });
  expect(answer?.findings.status).toEqual({ failover });
  expect(answer?.findings.holds?.reason).toBe('FailoverInProgress');
  expect(answer).toMatchObject({ needsFinalizer: true, lookAgainInMs: 1_000 });
  expect(asked).toContain('unanswered shop/a');
});

it('finds where traffic goes, and what the primary had, when its status was lost', async () => {
  selector = { app: 'b' };
  annotations = { a: { 'baton.dev/fenced-replicas': '4' } };
  const found = (await look())?.findings.status.failover;
  expect(found).toMatchObject({ state: 'Idle', active: 'Standby', fencedReplicas: 4 });
});

it('takes no pod for a stranger that one of the two got while the API server was asked', async () => {
  const set = bed.stores.replicaSets.get('shop/a-rs');
  meanwhile = () => void bed.pod('a-2', set, 'a');
  const answer = await look({ failover: IDLE });
  expect(answer?.findings.conditions[0]).toMatchObject({ type: 'FailoverReady', status: 'True' });
});

it('acts for a state only once that is written', async () => {
  const suspected = { ...IDLE, state: 'Suspected', since: new Date(NOW - 1_000).toISOString() } as const;
  const first = await look({ ...DOWN, failover: suspected });
  // Pods are ready at the standby, so that preparing is done at once.
  expect(stateOf(first)).toBe('Fencing');
  expect(proposals).toEqual([]);
  await look({ ...DOWN, ...first?.findings.status });
  expect(proposals.map(({ act }) => act)).toEqual([
    expect.objectContaining({ type: 'Scale', from: 1, to: 0, annotations: { 'baton.dev/fenced-replicas': '1' } }),
  ]);
});

it('takes a level that only stands for no evidence', async () => {
  const stale: OrchestratedServiceStatus = { health: 'Failed', signals: [{ name: 'availability' }] };
  expect(stateOf(await look({ ...stale, failover: IDLE }))).toBe('Idle');
  expect(stateOf(await look({ ...DOWN, failover: IDLE }))).not.toBe('Idle');
});

it('is frozen in a mass failure', async () => {
  massFailure = '9 of 10 services are down at once';
  const suspected = { ...IDLE, state: 'Suspected', since: new Date(NOW - 1_000).toISOString() } as const;
  const answer = await look({ ...DOWN, failover: suspected });
  expect(answer?.findings.status.failover).toMatchObject({ state: 'Refused', reason: 'MassFailure' });
});

it('gives up where fencing is refused, and says by whom', async () => {
  outcome = { kind: 'forbidden', verb: 'patch', resource: 'deployments.apps' };
  const since = new Date(NOW).toISOString();
  const move = { to: 'Standby', cause: 'Failure', wantedReplicas: 1, decidedAt: since, leavingReplicas: 1 } as const;
  const fencing = { ...IDLE, state: 'Fencing', since, ...move } as const;
  await look({ ...DOWN, failover: fencing });
  expect(proposals).toHaveLength(1);
  const answer = await look({ ...DOWN, failover: fencing });
  expect(answer?.findings.status.failover).toMatchObject({
    state: 'Refused',
    reason: 'Forbidden',
    message: 'Baton may not patch deployments.apps',
  });
});

it('holds back others while it moves, and only then', async () => {
  expect((await look({ failover: IDLE }))?.findings.holds).toBeUndefined();
  const since = new Date(NOW).toISOString();
  const move = { to: 'Standby', cause: 'Failure', wantedReplicas: 5, decidedAt: since } as const;
  const answer = await look({ ...DOWN, failover: { ...IDLE, state: 'Preparing', since, ...move } });
  expect(answer?.findings.holds?.reason).toBe('FailoverInProgress');
  expect(answer?.needsFinalizer).toBe(true);
});

it('takes an old annotation of a fence off what serves once, without reading it again', async () => {
  annotations = { a: { 'baton.dev/fenced-replicas': '4' } };
  await look({ failover: IDLE });
  await look({ failover: IDLE });
  const act = { type: 'Scale', from: 1, to: 1, annotations: { 'baton.dev/fenced-replicas': null } };
  expect(proposals).toMatchObject([{ cause: 'Failover', act }]);
});

it('gives back what it took when it may do no more, as what the guard lets through then', async () => {
  const since = new Date(NOW).toISOString();
  const move = { to: 'Primary', cause: 'Failure', wantedReplicas: 1, decidedAt: since, leavingReplicas: 1 } as const;
  const status = { ...DOWN, failover: { ...IDLE, state: 'Preparing', since, ...move } } as const;
  bed.deployment('a', { desired: 0 });
  await look(status, { mode: 'Observe' });
  await look(status, { suspend: true }, { reason: 'Suspended', message: 'spec.suspend is true' });
  await look(status, { suspend: true }, { reason: 'HeldByHalt', message: 'a halt has it' });
  const raised = { cause: 'GivingBack', act: { type: 'Scale', from: 0, to: 1 } };
  expect(proposals).toMatchObject([raised, raised]);
});

it('gives back what it took when it is deleted, also where another service has the workload by then', async () => {
  const since = new Date(NOW).toISOString();
  const move = { to: 'Standby', cause: 'Failure', wantedReplicas: 1, decidedAt: since, leavingReplicas: 1 } as const;
  bed.deployment('a', { desired: 0 });
  bed.service('a', { failover: FAILOVER }, { ...DOWN, failover: { ...IDLE, state: 'Fencing', since, ...move } });
  const made = bed.stores.services.get('shop/a');
  if (!made) throw new Error('not there');
  const service = { ...made, metadata: { ...made.metadata, deletionTimestamp: since } };
  const target = { state: 'Absent', reason: 'TargetAlreadyManaged', by: 'other' } as const;
  const given = { key: 'shop/a', service, target, pods: [], dependencies: [], held: undefined, isSafe: true };
  const answer = await part.look({ ...given, signal: new AbortController().signal });
  expect(answer).toMatchObject({ needsFinalizer: true, findings: { status: { failover: { to: 'Primary' } } } });
});

it('waits for a workflow that has a workload to itself, without a word, and goes on for one that ordered it', async () => {
  locked = { serving: 'a workflow has it', failover: 'a workflow has it' };
  const answer = await look({ ...DOWN, failover: IDLE });
  expect(stateOf(answer)).toBe('Idle');
  expect(answer?.findings.told).toEqual([]);
  expect(answer?.findings.conditions[0]).toMatchObject({ reason: 'TargetLocked' });
  locked = { ...locked, failover: undefined };
  expect(stateOf(await look({ ...DOWN, failover: IDLE }))).not.toBe('Idle');
});
