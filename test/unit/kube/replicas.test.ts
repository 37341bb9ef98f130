import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Discovery } from '../../../src/kube/discovery.ts';
import { ReplicasWriter } from '../../../src/kube/replicas.ts';
import { FakeApiServer, json, status } from '../../support/fake-api-server.ts';

const web = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'u1' };
const chess = { apiVersion: 'games.dev/v1', kind: 'Game', namespace: 'shop', name: 'chess', uid: 'u1' };
const change = { to: 5, annotations: { 'baton.dev/scaled': 'why', 'baton.dev/held': null } };
const seen = { resourceVersion: '7', replicas: 2 };
const live = (over: object = {}, replicas: number | undefined = 2) => ({
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7', ...over },
  spec: { replicas },
});
const signal = new AbortController().signal;

let server: FakeApiServer;
let writer: ReplicasWriter;
beforeEach(async () => {
  server = await new FakeApiServer().start();
  const rest = server.client();
  writer = new ReplicasWriter(rest, new Discovery(rest));
});
afterEach(() => server.stop());

const sent = () => server.seen.map(({ method, path }) => `${method} ${path}`);
const WEB = '/apis/apps/v1/namespaces/shop/deployments/web';

describe('a Deployment', () => {
  test('gets replicas and annotations in one patch, on condition of the version that was read', async () => {
    server.answers = [json(live({ resourceVersion: '8' }, 5))];
    expect(await writer.write(web, seen, change, signal)).toEqual({ kind: 'written', resourceVersion: '8' });
    expect(sent()).toEqual([`PATCH ${WEB}`]);
    const [patch] = server.seen;
    expect(JSON.parse(patch?.body ?? '')).toEqual({
      metadata: { resourceVersion: '7', annotations: change.annotations },
      spec: { replicas: 5 },
    });
    expect(patch?.headers['content-type']).toBe('application/merge-patch+json');
    expect(patch?.query.get('fieldManager')).toBe('baton');
  });

  test('is read as it is now', async () => {
    const annotations = { 'baton.dev/scaled': 'why' };
    server.answers = [json(live({ annotations }))];
    const found = { uid: 'u1', resourceVersion: '7', terminating: false, replicas: 2, annotations };
    expect(await writer.read(web, signal)).toEqual(found);
    server.answers = [json(live({ deletionTimestamp: '2026-05-04T12:00:00Z' }))];
    expect(await writer.read(web, signal)).toMatchObject({ terminating: true });
  });

  test('that is gone, or may not be read, is told so', async () => {
    server.answers = [status(404, 'NotFound', 'not found')];
    expect(await writer.read(web, signal)).toBeUndefined();
    server.answers = [status(403, 'Forbidden', 'no')];
    expect(await writer.read(web, signal)).toEqual({ kind: 'forbidden', verb: 'get', resource: 'deployments.apps' });
  });

  test.each([
    [409, 'Conflict', 'the object has been modified', { kind: 'conflict' }],
    [404, 'NotFound', 'not found', { kind: 'gone' }],
    [
      403,
      'Forbidden',
      'User "baton" cannot patch resource "deployments" in API group "apps"',
      { kind: 'forbidden', verb: 'patch', resource: 'deployments.apps' },
    ],
    [403, 'Forbidden', 'admission webhook "freeze" denied the request', { kind: 'refused' }],
    [422, 'Invalid', 'spec.replicas: at most 3', { kind: 'refused' }],
  ])('whose patch ends with %i %s (%s) is told so', async (code, reason, message, outcome) => {
    server.answers = [status(code, reason, message)];
    expect(await writer.write(web, seen, change, signal)).toMatchObject(outcome);
  });

  test('tells who last wrote its replicas', async () => {
    const field = (manager: string, time: string, fields: object) => ({
      manager,
      time,
      fieldsV1: { 'f:spec': fields },
    });
    const managedFields = [
      field('gitops', '2026-05-04T12:00:00Z', { 'f:replicas': {} }),
      field('baton', '2026-05-04T11:00:00Z', { 'f:replicas': {} }),
      field('later', '2026-05-04T13:00:00Z', { 'f:template': {} }),
    ];
    server.answers = [json(live({ managedFields }))];
    expect(await writer.owner(web, signal)).toMatchObject({ replicas: 2, manager: 'gitops' });
  });
});

test('another kind is written through its scale subresource', async () => {
  const resources = [
    { name: 'games', kind: 'Game', namespaced: true },
    { name: 'games/scale', kind: 'Scale', namespaced: true },
  ];
  const scale = { ...live({ name: 'chess' }), status: { replicas: 2 } };
  server.answers = [json({ resources }), json(scale), json(live({ resourceVersion: '8' }, 5))];
  expect(await writer.read(chess, signal)).toMatchObject({ replicas: 2, resourceVersion: '7' });
  expect(await writer.write(chess, seen, change, signal)).toEqual({ kind: 'written', resourceVersion: '8' });
  const path = '/apis/games.dev/v1/namespaces/shop/games/chess/scale';
  expect(sent().slice(1)).toEqual([`GET ${path}`, `PUT ${path}`]);
  expect(JSON.parse(server.seen.at(-1)?.body ?? '')).toMatchObject({
    metadata: { resourceVersion: '7' },
    spec: { replicas: 5 },
  });
});

describe('another kind that a halt takes', () => {
  const resources = [
    { name: 'games', kind: 'Game', namespaced: true },
    { name: 'games/scale', kind: 'Scale', namespaced: true },
  ];
  const path = '/apis/games.dev/v1/namespaces/shop/games/chess';
  const version = (resourceVersion: string) => json(live({ name: 'chess', resourceVersion }));
  const take = { to: 0, annotations: { 'baton.dev/halted-replicas': '2' }, isRemembered: true };
  const back = { to: 2, annotations: { 'baton.dev/halted-replicas': null }, isRemembered: true };

  test('remembers what it had before its replicas go', async () => {
    server.answers = [json({ resources }), version('8'), version('9')];
    expect(await writer.write(chess, seen, take, signal)).toEqual({ kind: 'written', resourceVersion: '9' });
    expect(sent().slice(1)).toEqual([`PATCH ${path}`, `PUT ${path}/scale`]);
    expect(JSON.parse(server.seen[1]?.body ?? '')).toEqual({
      metadata: { resourceVersion: '7', annotations: take.annotations },
    });
    expect(JSON.parse(server.seen[2]?.body ?? '')).toMatchObject({ metadata: { resourceVersion: '8' } });
  });

  test('keeps its replicas where what it had cannot be remembered', async () => {
    const message = 'User "baton" cannot patch resource "games" in API group "games.dev"';
    server.answers = [json({ resources }), status(403, 'Forbidden', message)];
    const forbidden = { kind: 'forbidden', verb: 'patch', resource: 'games.games.dev' };
    expect(await writer.write(chess, seen, take, signal)).toEqual(forbidden);
    expect(sent().slice(1)).toEqual([`PATCH ${path}`]);
  });

  test('forgets it after its replicas are back', async () => {
    server.answers = [json({ resources }), version('8'), version('9')];
    expect(await writer.write(chess, { ...seen, replicas: 0 }, back, signal)).toMatchObject({ kind: 'written' });
    expect(sent().slice(1)).toEqual([`PUT ${path}/scale`, `PATCH ${path}`]);
  });
});
