import { describe, expect, it } from 'vitest';
import type { Write } from '../../../../hack/chaos/injector.ts';
import {
  ended,
  evictedOnce,
  givenBack,
  keptInMaintenance,
  type Law,
  ledByOne,
  movedOnce,
  onCondition,
  onePrimary,
  raisedInOrder,
  restartedOnce,
  stoppedInOrder,
} from '../../../../hack/chaos/laws.ts';
import type { Kind, Version } from '../../../../hack/chaos/record.ts';

/** Versions in the order in which they are given, from 1. */
function judged(
  law: Law,
  given: readonly Omit<Version, 'version'>[],
  writes: readonly Write[] = [],
  refused: readonly string[] = [],
): string[] {
  const versions = given.map((each, index) => ({ ...each, version: index + 1 }));
  return law({ versions, writes, refused, isHurried: false });
}

const object = (kind: Kind, name: string, more: object = {}, metadata: object = {}): Omit<Version, 'version'> => ({
  kind,
  name,
  isGone: false,
  object: { apiVersion: 'v1', kind, ...more, metadata: { name, uid: `uid-${name}`, ...metadata } },
});

const deployment = (name: string, replicas: number, annotations = {}, template = {}) =>
  object(
    'deployments',
    name,
    { spec: { replicas, template: { metadata: { annotations: template } } } },
    { annotations },
  );
const lease = (holderIdentity: string) => object('leases', 'baton', { spec: { holderIdentity } });
const pod = (name: string, app: string, isGone = false, status = 'True') => ({
  ...object('pods', name, { status: { conditions: [{ type: 'Ready', status }] } }, { labels: { app } }),
  isGone,
});
const write = (more: Partial<Write>): Write => ({
  point: 1,
  identity: 'a',
  method: 'PATCH',
  path: '/x',
  status: 200,
  resourceVersion: 2,
  tookMs: 5,
  isConditional: true,
  isIdle: false,
  ...more,
});

describe('one leader', () => {
  const leases = [lease('a'), object('services', 'x'), lease('b'), object('services', 'x')];

  it('is violated by a write of one that had lost the lease', () => {
    expect(judged(ledByOne, leases, [write({})])).toEqual([]);
    expect(judged(ledByOne, leases, [write({ resourceVersion: 4 })])).toEqual([
      'write 1 (/x) is by a while b had the lease, after 5 ms',
    ]);
  });

  it('is violated by a write while nobody has the lease', () => {
    const left = [lease('a'), lease(''), object('services', 'x')];
    expect(judged(ledByOne, left, [write({ resourceVersion: 3 })])).toEqual([
      'write 1 (/x) is by a while nobody had the lease, after 5 ms',
    ]);
  });

  it('is not violated by what was refused, or left all as it was', () => {
    const harmless = [write({ resourceVersion: 4, status: 409 }), write({ resourceVersion: 4, isIdle: true })];
    expect(judged(ledByOne, leases, harmless)).toEqual([]);
  });

  it('is not violated by what was on its way for longer than others wait for the lease', () => {
    const took = (tookMs: number) => judged(ledByOne, leases, [write({ resourceVersion: 4, tookMs })]);
    expect([took(999).length, took(1_000).length]).toEqual([1, 0]);
  });

  it('is violated by that too where the lease was given back, until it would have run out', () => {
    const passed = [lease('a'), lease(''), lease('b'), object('services', 'x')];
    const took = (tookMs: number) => judged(ledByOne, passed, [write({ resourceVersion: 4, tookMs })]);
    expect([took(2_999).length, took(3_000).length]).toEqual([1, 0]);
  });

  it('is told of an eviction by the version in which its pod ends', () => {
    const eviction = { path: '/pods/p/eviction', resourceVersion: undefined, status: 201 };
    const versions = [lease('a'), pod('p', 'x'), lease('b'), pod('p', 'x', true)];
    expect(judged(ledByOne, versions, [write({ ...eviction, identity: 'b' })])).toEqual([]);
    expect(judged(ledByOne, versions, [write(eviction)])).toHaveLength(1);
  });
});

it('writes name the version that they are meant for, where there is one', () => {
  expect(judged(onCondition, [], [write({})])).toEqual([]);
  const made = write({ method: 'POST', path: '/apis/baton.dev/v1alpha1/orchestrations', isConditional: false });
  expect(judged(onCondition, [], [made])).toEqual([]);
  expect(judged(onCondition, [], [write({ isConditional: false })])).toEqual([
    'write 1 (/x) would be done to any version',
  ]);
});

describe('healing', () => {
  const eviction = write({ path: '/pods/p/eviction', status: 201 });

  it('evicts each pod once, and none that was well', () => {
    const law = evictedOnce('x', new Set(['uid-p']));
    expect(judged(law, [pod('p', 'x'), pod('p', 'x', true)], [eviction])).toEqual([]);
    expect(judged(law, [pod('p', 'x')], [eviction, eviction])).toEqual(['pod p was evicted twice']);
    expect(judged(law, [pod('q', 'x'), pod('q', 'x', true)])).toEqual(['pod q, which was well, is gone']);
  });

  it('rolls once, for one act', () => {
    const rolled = (at: string, act: string) =>
      deployment('x', 1, { 'baton.dev/act': act }, { 'kubectl.kubernetes.io/restartedAt': at });
    const law = restartedOnce('x');
    expect(judged(law, [deployment('x', 1), rolled('1', 'a')])).toEqual([]);
    expect(judged(law, [deployment('x', 1)])).toHaveLength(1);
    expect(judged(law, [deployment('x', 1), rolled('1', 'a'), rolled('2', 'a')])).toHaveLength(2);
  });
});

it('nothing is done in a maintenance window', () => {
  const law = keptInMaintenance('x');
  const told = (status: string) =>
    object('orchestratedservices', 'x', { status: { conditions: [{ type: 'InMaintenance', status }] } });
  const [before, after] = [deployment('x', 1), deployment('x', 1, { 'baton.dev/act': 'a' })];
  expect(judged(law, [told('True'), before, told('False'), after])).toEqual([]);
  expect(judged(law, [before, after, told('True')])).toEqual([]);
  expect(judged(law, [before, told('True'), after, told('False')])).toEqual([
    'x was acted on in a maintenance window, in version 3',
  ]);
});

describe('failover', () => {
  const service = (app: string, epoch: number) =>
    object(
      'services',
      's',
      { spec: { selector: { app } } },
      { annotations: { 'baton.dev/failover-epoch': `${epoch}` } },
    );
  const law = (isFenced: boolean) =>
    onePrimary({ name: 's', sides: ['a', 'b'], isFenced, switches: 1, replicas: [0, 1] });
  const begin = [deployment('a', 0), deployment('b', 1), service('a', 0), pod('p', 'a')];

  it('switches when the other side has no pods any more, where it is fenced', () => {
    expect(judged(law(true), [...begin, pod('p', 'a', true), service('b', 1)])).toEqual([]);
    expect(judged(law(true), [...begin, service('b', 1)])).toEqual([
      's was switched to b while pod p of the other side was there',
    ]);
    expect(judged(law(false), [...begin, service('b', 1)])).toEqual([]);
  });

  it('switches once, by an epoch that rises, and leaves the replicas as they should be', () => {
    expect(judged(law(false), begin)).toEqual([
      's was switched 0 times, and not 1',
      'the epoch of s is 0 after 1 switches',
    ]);
    expect(judged(law(false), [...begin, service('b', 1), deployment('b', 3)])).toEqual([
      'b ends with 3 replicas, and not 1',
    ]);
  });

  it('has endpoints of one side', () => {
    const slice = object(
      'endpointslices',
      's-1',
      { endpoints: [{ targetRef: { name: 'p' } }, { targetRef: { name: 'q' } }] },
      { labels: { 'kubernetes.io/service-name': 's' } },
    );
    const versions = [...begin, pod('q', 'b'), service('b', 1), slice];
    expect(judged(law(false), versions)).toEqual(['s had endpoints of both sides in version 7']);
  });
});

describe('what is taken', () => {
  const KEPT = 'baton.dev/halted-replicas';

  it('is kept, and given back', () => {
    const law = givenBack('x', 3, KEPT);
    expect(judged(law, [deployment('x', 3), deployment('x', 0, { [KEPT]: '3' }), deployment('x', 3)])).toEqual([]);
    expect(judged(law, [deployment('x', 3), deployment('x', 0, { [KEPT]: '0' }), deployment('x', 0)])).toEqual([
      `${KEPT} of x is 0, and not 3, in version 2`,
      'x ends with 0 replicas, and not 3',
    ]);
    const told = object('orchestratedservices', 'x', { status: { halt: { originalReplicas: 2 } } });
    expect(judged(law, [told, deployment('x', 3)])).toHaveLength(1);
  });

  it('is taken once', () => {
    const counts = (...all: number[]) => all.map((count) => deployment('x', count));
    expect(judged(movedOnce('x'), counts(3, 0, 3))).toEqual([]);
    expect(judged(movedOnce('x'), counts(3, 0, 3, 0, 3))).toHaveLength(1);
  });

  it('comes in order', () => {
    const law = raisedInOrder('x', { y: 1 });
    expect(judged(law, [deployment('x', 0), pod('p', 'y'), deployment('x', 1)])).toEqual([]);
    expect(judged(law, [deployment('x', 0), pod('p', 'y', false, 'False'), deployment('x', 1)])).toHaveLength(1);
    const stops = [deployment('x', 1), deployment('y', 1), deployment('y', 0), deployment('x', 0)];
    expect(judged(stoppedInOrder('y', 'x'), stops)).toEqual([]);
    expect(judged(stoppedInOrder('x', 'y'), stops)).toEqual(['y was stopped before x, which needs it']);
    expect(judged(stoppedInOrder('x', 'y'), stops, [], ['/apis/apps/v1/namespaces/n/deployments/x'])).toEqual([]);
  });
});

it('at the end nothing is under way', () => {
  const service = (status: object, metadata = {}) => object('orchestratedservices', 'x', { status }, metadata);
  expect(judged(ended, [service({ health: 'Failed' }), service({ health: 'Healthy' })])).toEqual([]);
  const open = { health: 'Failed', healing: { intent: { id: 'i' } }, halt: { id: 'h' } };
  expect(judged(ended, [service(open, { finalizers: ['baton.dev/holds'] })])).toHaveLength(4);
});
