import { afterEach, beforeEach, expect, test } from 'vitest';
import { Discovery } from '../../../src/kube/discovery.ts';
import { FakeApiServer, json, status } from '../../support/fake-api-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const apps = json({
  resources: [
    { name: 'deployments', kind: 'Deployment', namespaced: true },
    { name: 'deployments/scale', kind: 'Scale', namespaced: true },
    { name: 'deployments/status', kind: 'Deployment', namespaced: true },
    { name: 'daemonsets', kind: 'DaemonSet', namespaced: true },
  ],
});

let server: FakeApiServer;
beforeEach(async () => (server = await new FakeApiServer().start()));
afterEach(() => server.stop());

test('a kind with scale is asked for once', async () => {
  server.answers = [apps];
  const clock = new FakeClock();
  const discovery = new Discovery(server.client(), clock);
  const expected = { group: 'apps', version: 'v1', plural: 'deployments', namespaced: true, hasScale: true };
  const many = await Promise.all([1, 2, 3].map(() => discovery.resolveScaleTarget('apps/v1', 'Deployment')));
  expect(many).toEqual([expected, expected, expected]);
  await clock.advance(60_000);
  await discovery.resolveScaleTarget('apps/v1', 'Deployment');
  expect(server.seen.map(({ path }) => path)).toEqual(['/apis/apps/v1']);
});

test('one without scale, or unknown, is asked for again, but not more than every 10 s', async () => {
  server.answers = [apps];
  const clock = new FakeClock();
  const discovery = new Discovery(server.client(), clock);
  for (let count = 0; count < 100; count += 1) {
    expect(await discovery.resolveScaleTarget('apps/v1', 'DaemonSet')).toMatchObject({ hasScale: false });
    expect(await discovery.resolveScaleTarget('apps/v1', 'Nothing')).toBeUndefined();
  }
  expect(server.seen).toHaveLength(1);
  await clock.advance(10_000);
  await discovery.resolveScaleTarget('apps/v1', 'Nothing');
  expect(server.seen).toHaveLength(2);
});

test('a group nobody serves is undefined until somebody does', async () => {
  server.answers = [
    status(404, 'NotFound', 'no such group'),
    json({ resources: [{ name: 'games', kind: 'Game', namespaced: true }] }),
  ];
  const clock = new FakeClock();
  const discovery = new Discovery(server.client(), clock);
  expect(await discovery.resolveScaleTarget('games.dev/v1', 'Game')).toBeUndefined();
  await clock.advance(10_000);
  expect(await discovery.resolveScaleTarget('games.dev/v1', 'Game')).toMatchObject({ plural: 'games' });
});

test('the core group has a path of its own, and an apiVersion from a user stays in its place', async () => {
  server.answers = [json({ resources: [] })];
  const discovery = new Discovery(server.client(), new FakeClock());
  await discovery.resolveScaleTarget('v1', 'Pod');
  await discovery.resolveScaleTarget('a?b/v1#c', 'Pod');
  expect(server.seen.map(({ path }) => path)).toEqual(['/api/v1', '/apis/a%3Fb/v1%23c']);
  await expect(discovery.resolveScaleTarget('../v1', 'Pod')).resolves.toBeUndefined();
  await expect(discovery.resolveScaleTarget('a/b/c', 'Pod')).resolves.toBeUndefined();
  expect(server.seen).toHaveLength(2);
});

test('no answer is an error for the next 5 s, and no knowledge', async () => {
  server.answers = [status(403, 'Forbidden', 'no')];
  const clock = new FakeClock();
  const discovery = new Discovery(server.client(), clock);
  await expect(discovery.resolveScaleTarget('apps/v1', 'Deployment')).rejects.toMatchObject({ status: 403 });
  server.answers = [apps];
  await expect(discovery.resolveScaleTarget('apps/v1', 'Deployment')).rejects.toMatchObject({ status: 403 });
  await clock.advance(5_000);
  expect(await discovery.resolveScaleTarget('apps/v1', 'Deployment')).toMatchObject({ hasScale: true });
});

test('where there is no answer an old one is good', async () => {
  server.answers = [apps];
  const clock = new FakeClock();
  const discovery = new Discovery(server.client(), clock);
  await discovery.resolveScaleTarget('apps/v1', 'Deployment');
  await clock.advance(600_000);
  server.answers = [status(500, 'InternalError', 'down')];
  expect(await discovery.resolveScaleTarget('apps/v1', 'Deployment')).toMatchObject({ plural: 'deployments' });
  expect(server.seen).toHaveLength(2);
});
