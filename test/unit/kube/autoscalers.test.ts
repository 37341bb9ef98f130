import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { moveBounds, scaledObjectOf } from '../../../src/kube/autoscalers.ts';
import { FakeApiServer, json, status } from '../../support/fake-api-server.ts';

const web = { namespace: 'shop', kind: 'Deployment', name: 'web' };
const signal = new AbortController().signal;
const LIST = '/apis/keda.sh/v1alpha1/namespaces/shop/scaledobjects';

let server: FakeApiServer;
beforeEach(async () => {
  server = await new FakeApiServer().start();
});
afterEach(() => server.stop());

const paths = () => server.seen.map(({ path }) => path);

describe('whether a ScaledObject scales a workload', () => {
  const ask = () => scaledObjectOf(server.client(), web, signal);
  const item = (name: string, scaleTargetRef: object) => ({ metadata: { name }, spec: { scaleTargetRef } });
  const refused = () =>
    status(403, 'Forbidden', 'User "baton" cannot list resource "scaledobjects" in API group "keda.sh"');

  test('is told by its scaleTargetRef, which means a Deployment where it names no kind', async () => {
    const items = [item('other', { kind: 'StatefulSet', name: 'web' }), item('mine', { name: 'web' })];
    server.answers = [json({ items })];
    expect(await ask()).toEqual({ kind: 'found', name: 'mine' });
    server.answers = [json({ items: items.slice(0, 1) })];
    expect(await ask()).toEqual({ kind: 'none' });
  });

  test('is no question where there is no KEDA', async () => {
    server.answers = [status(404, 'NotFound', 'the server could not find the requested resource')];
    expect(await ask()).toEqual({ kind: 'none' });
  });

  test('is not known where Baton may not list them, and then it says what to grant', async () => {
    server.answers = [refused(), json({ resources: [] })];
    expect(await ask()).toEqual({ kind: 'forbidden', verb: 'list', resource: 'scaledobjects.keda.sh' });
    expect(paths()).toEqual([LIST, '/apis/keda.sh/v1alpha1']);
  });

  test('needs no grant where discovery knows of no KEDA, because the server refuses before it looks', async () => {
    server.answers = [refused(), status(404, 'NotFound', 'not found')];
    expect(await ask()).toEqual({ kind: 'none' });
  });

  test('is not known either where discovery is closed', async () => {
    server.answers = [refused(), status(403, 'Forbidden', 'User "baton" cannot get path "/apis/keda.sh/v1alpha1"')];
    expect(await ask()).toMatchObject({ kind: 'forbidden' });
  });
});

test.each([
  [409, 'Conflict', 'the object has been modified', { kind: 'conflict' }],
  [404, 'NotFound', 'not found', { kind: 'gone' }],
  [
    403,
    'Forbidden',
    'User "baton" cannot patch resource "horizontalpodautoscalers" in API group "autoscaling"',
    { kind: 'forbidden', verb: 'patch', resource: 'horizontalpodautoscalers.autoscaling' },
  ],
  [403, 'Forbidden', 'admission webhook "freeze" denied the request', { kind: 'refused' }],
  [422, 'Invalid', 'spec.minReplicas: must be above 0', { kind: 'refused' }],
])('bounds whose patch ends with %i %s (%s) are told so', async (code, reason, message, outcome) => {
  server.answers = [status(code, reason, message)];
  const hpa = { namespace: 'shop', name: 'web', uid: 'u1', resourceVersion: '7' };
  const moved = await moveBounds(server.client(), hpa, { minReplicas: 2, maxReplicas: 4 }, signal);
  expect(moved).toMatchObject(outcome);
});
