import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, Api } from '../support/api.ts';
import { installCrds } from '../support/crds.ts';
import { attempt, refuses } from './refusals.ts';

const api = new Api();
let namespace: Awaited<ReturnType<Api['namespace']>>;

beforeAll(async () => {
  await installCrds(api);
  namespace = await api.namespace('admission-failover');
});
afterAll(() => namespace[Symbol.asyncDispose]());

const path = (name = '') =>
  `/apis/baton.dev/v1alpha1/namespaces/${namespace.name}/orchestratedservices${name === '' ? '' : `/${name}`}`;
const tryIt = (object: object): Promise<Answer> => attempt(api, path(), object);

const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' };
const standbyRef = { ...targetRef, name: 'checkout-b' };
const selectors = { primary: { app: 'checkout', side: 'a' }, standby: { app: 'checkout', side: 'b' } };
const base = { standbyRef, serviceName: 'checkout', selectors };
const withFailover = (failover: unknown, name = 'checkout') => ({
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'OrchestratedService',
  metadata: { name },
  spec: { targetRef, failover },
});
const withPart = (part: unknown) => withFailover({ ...base, ...(part as object) });

describe('a failover is refused with what to write instead', () => {
  refuses('the standby', tryIt, (ref) => withPart({ standbyRef: ref }), [
    {
      title: 'the primary itself',
      wrong: targetRef,
      right: standbyRef,
      says: 'cannot stand in for itself; write a second workload',
    },
    {
      title: 'the primary in another version of its group',
      wrong: { apiVersion: 'apps/v2', kind: 'Deployment', name: 'checkout' },
      right: standbyRef,
      says: 'standbyRef',
    },
    {
      title: 'a DaemonSet',
      wrong: { ...standbyRef, kind: 'DaemonSet' },
      right: { ...standbyRef, kind: 'StatefulSet' },
      says: 'must have a scale subresource',
    },
    {
      title: 'an OrchestratedService',
      wrong: { ...standbyRef, kind: 'OrchestratedService' },
      right: standbyRef,
      says: 'standbyRef is a workload',
    },
    {
      title: 'a name with a namespace',
      wrong: { ...standbyRef, name: 'shop/checkout' },
      right: standbyRef,
      says: 'no namespace/ in front',
    },
    {
      title: 'a Deployment of an old group',
      wrong: { ...standbyRef, apiVersion: 'extensions/v1beta1' },
      right: standbyRef,
      says: 'write apiVersion: apps/v1',
    },
  ]);

  refuses('the selectors', tryIt, (given) => withPart({ selectors: given }), [
    {
      title: 'equal ones',
      wrong: { primary: { app: 'a' }, standby: { app: 'a' } },
      right: selectors,
      says: 'a pod could match both selectors',
    },
    {
      title: 'one that holds the other',
      wrong: { primary: { app: 'a' }, standby: { app: 'a', side: 'b' } },
      right: selectors,
      says: 'give primary and standby a label with different values',
    },
    { title: 'an empty one', wrong: { primary: {}, standby: { side: 'b' } }, right: selectors, says: 'at least 1' },
    {
      title: 'no label',
      wrong: { primary: { 'side!': 'a' }, standby: { 'side!': 'b' } },
      right: selectors,
      says: 'must hold labels as on the pods',
    },
    {
      title: 'a value that no label has',
      wrong: { primary: { side: 'a b' }, standby: { side: 'b' } },
      right: selectors,
      says: 'must hold labels as on the pods',
    },
    {
      title: 'too many',
      wrong: { ...selectors, primary: Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`k${index}`, 'a'])) },
      right: selectors,
      says: 'at most 8',
    },
  ]);

  refuses('the rest', tryIt, withPart, [
    {
      title: 'a Service with a port',
      wrong: { serviceName: 'checkout:80' },
      right: {},
      says: 'serviceName must be the name of a Service',
    },
    { title: 'days', wrong: { after: '1d' }, right: { after: '1h' }, says: 'after must be a duration from 0s to 1h' },
    {
      title: 'a cooldown of nothing',
      wrong: { cooldown: '0s' },
      right: { cooldown: '10s' },
      says: 'cooldown must be a duration from 10s to 24h',
    },
    {
      title: 'a fencing that there is not',
      wrong: { fencing: 'Delete' },
      right: { fencing: 'None' },
      says: '"ScaleToZero", "None"',
    },
    {
      title: 'a side that there is not',
      wrong: { desired: 'primary' },
      right: { desired: 'Primary' },
      says: '"Primary", "Standby"',
    },
    {
      title: 'a standby without pods',
      wrong: { standbyReplicas: 0 },
      right: { standbyReplicas: 1 },
      says: 'greater than or equal to 1',
    },
    { title: 'itself', wrong: { follow: 'checkout' }, right: { follow: 'db' }, says: 'a service cannot follow itself' },
    {
      title: 'an order to one that follows',
      wrong: { follow: 'db', desired: 'Standby' },
      right: { follow: 'db' },
      says: 'moves with the one it follows',
    },
    {
      title: 'a time for one that follows',
      wrong: { follow: 'db', after: '5s' },
      right: { follow: 'db', fencing: 'None' },
      says: 'moves with the one it follows',
    },
    { title: 'a word too many', wrong: { standby: 'b' }, right: {}, says: 'unknown field' },
  ]);
});

it('holds what a failover hangs on while traffic is at the standby', async () => {
  const created = await api.call('POST', path(), { body: withFailover(base, 'moved') });
  expect(created.status).toBe(201);
  const patch = (body: object, subresource = '') => api.call('PATCH', `${path('moved')}${subresource}`, { body });
  const since = '2026-05-01T10:00:00Z';
  const status = (state: string, active: string) =>
    patch({ status: { failover: { state, active, epoch: 1, since } } }, '/status');
  const move = { spec: { failover: { standbyRef: { name: 'checkout-c' } } } };

  for (const [state, active] of [
    ['Completed', 'Standby'],
    ['Fencing', 'Primary'],
  ] as const) {
    expect((await status(state, active)).status).toBe(200);
    for (const body of [move, { spec: { failover: null } }, { spec: { failover: { fencing: 'None' } } }]) {
      const refused = await patch(body);
      expect(refused.status).toBe(422);
      expect(refused.message).toContain('write failover.desired: Primary');
    }
    expect((await patch({ spec: { failover: { desired: 'Primary', after: '5s' } } })).status).toBe(200);
  }
  expect((await status('Idle', 'Primary')).status).toBe(200);
  expect((await patch(move)).status).toBe(200);
  expect((await patch({ spec: { failover: null } })).status).toBe(200);
});
