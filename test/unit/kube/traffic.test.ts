import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  mayDo,
  readEndpoints,
  readPods,
  readTraffic,
  readWorkloadLabels,
  writeSelector,
} from '../../../src/kube/traffic.ts';
import type { RestClient } from '../../../src/kube/rest.ts';
import { FakeApiServer, json, status } from '../../support/fake-api-server.ts';

const web = { namespace: 'shop', name: 'web' };
const signal = new AbortController().signal;
const live = (over: object = {}, selector: object | undefined = { role: 'a' }) => ({
  metadata: { ...web, uid: 'u1', resourceVersion: '7', ...over },
  spec: { ...(selector && { selector }) },
});

let server: FakeApiServer;
let rest: RestClient;
beforeEach(async () => {
  server = await new FakeApiServer().start();
  rest = server.client();
});
afterEach(() => server.stop());

describe('the Service', () => {
  test('is read with its selector and the epoch of the last switch', async () => {
    server.answers = [json(live({ annotations: { 'baton.dev/failover-epoch': '4' } }))];
    const found = { uid: 'u1', resourceVersion: '7', terminating: false, selector: { role: 'a' }, epoch: 4 };
    expect(await readTraffic(rest, web, signal)).toEqual(found);
  });

  test.each(['', '-1', '1.5', 'many', '1e99'])('has no epoch where its annotation is %o', async (epoch) => {
    server.answers = [json(live({ annotations: { 'baton.dev/failover-epoch': epoch } }))];
    expect(await readTraffic(rest, web, signal)).toMatchObject({ epoch: 0 });
  });

  test('that selects nothing has no selector', async () => {
    server.answers = [json(live({}, {}))];
    expect(await readTraffic(rest, web, signal)).toMatchObject({ selector: undefined });
  });

  test('that is gone, or may not be read, is told so', async () => {
    server.answers = [status(404, 'NotFound', 'not found')];
    expect(await readTraffic(rest, web, signal)).toBeUndefined();
    server.answers = [status(403, 'Forbidden', 'no')];
    expect(await readTraffic(rest, web, signal)).toEqual({ kind: 'forbidden', verb: 'get', resource: 'services' });
  });

  test('gets the whole other selector and the epoch in one patch, on condition of what was read', async () => {
    server.answers = [json(live({ resourceVersion: '8' }))];
    const seen = { uid: 'u1', resourceVersion: '7', terminating: false, selector: { role: 'a', old: 'x' }, epoch: 3 };
    const outcome = await writeSelector(rest, { ...web, ...seen }, { to: { role: 'b' }, epoch: 4 }, signal);
    expect(outcome).toEqual({ kind: 'written', resourceVersion: '8' });
    const [patch] = server.seen;
    expect(patch?.headers['content-type']).toBe('application/merge-patch+json');
    expect(JSON.parse(patch?.body ?? '')).toEqual({
      metadata: { uid: 'u1', resourceVersion: '7', annotations: { 'baton.dev/failover-epoch': '4' } },
      spec: { selector: { role: 'b', old: null } },
    });
  });
});

describe('the endpoints of a Service', () => {
  test('are those of all its slices, also of one that is empty', async () => {
    const slices = [
      {
        endpoints: [
          { conditions: { ready: true }, targetRef: { kind: 'Pod', name: 'a' } },
          { conditions: { ready: false }, targetRef: { kind: 'Pod', name: 'b' } },
          // Unknown counts as ready.
          { conditions: {}, targetRef: { kind: 'Node', name: 'n' } },
        ],
      },
      { endpoints: null },
    ];
    server.answers = [json({ items: slices })];
    expect(await readEndpoints(rest, web, signal)).toEqual([
      { pod: 'a', ready: true },
      { pod: 'b', ready: false },
      { pod: undefined, ready: true },
    ]);
    expect(server.seen[0]?.query.get('labelSelector')).toBe('kubernetes.io/service-name=web');
  });

  test('may be forbidden', async () => {
    server.answers = [status(403, 'Forbidden', 'no')];
    const forbidden = { kind: 'forbidden', verb: 'list', resource: 'endpointslices.discovery.k8s.io' };
    expect(await readEndpoints(rest, web, signal)).toEqual(forbidden);
  });
});

describe('pods that are still there', () => {
  const read = () => readPods(rest, { namespace: 'shop', selector: 'role=a' }, signal);
  const pod = (name: string, phase: string, deletionTimestamp?: string) => ({
    metadata: { name, deletionTimestamp },
    status: { phase },
  });

  test('are those that run and those that terminate, whatever their phase', async () => {
    const gone = '2026-05-01T10:00:00Z';
    const items = [
      pod('runs', 'Running'),
      pod('kept', 'Failed'),
      pod('ends', 'Failed', gone),
      pod('done', 'Succeeded'),
    ];
    server.answers = [json({ items })];
    expect(await read()).toEqual(['runs', 'ends']);
    expect(server.seen[0]?.query.get('labelSelector')).toBe('role=a');
  });

  test('may come after many that are only kept', async () => {
    server.answers = [
      json({ metadata: { continue: 'more' }, items: [pod('kept', 'Failed')] }),
      json({ items: [pod('waits', 'Pending')] }),
    ];
    expect(await read()).toEqual(['waits']);
    expect(server.seen.map(({ query }) => query.get('continue'))).toEqual([null, 'more']);
  });
});

describe('the labels of the pods of a workload', () => {
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', ...web };

  test('are those of its template', async () => {
    const template = { metadata: { labels: { role: 'a' } } };
    server.answers = [json({ metadata: { ...web, annotations: { some: 'thing' } }, spec: { template } })];
    const found = { labels: { role: 'a' }, annotations: { some: 'thing' } };
    expect(await readWorkloadLabels(rest, deployment, signal)).toEqual(found);
  });

  test('are not known of other kinds, nor where it is gone', async () => {
    expect(await readWorkloadLabels(rest, { ...deployment, kind: 'Rollout' }, signal)).toBeUndefined();
    expect(server.seen).toEqual([]);
    server.answers = [status(404, 'NotFound', 'not found')];
    expect(await readWorkloadLabels(rest, deployment, signal)).toBeUndefined();
  });
});

test('a permission is there, or not, or nobody says', async () => {
  const ask = { namespace: 'shop', verb: 'patch', group: '', resource: 'services' };
  server.answers = [json({ status: { allowed: true } })];
  expect(await mayDo(rest, ask, signal)).toBe(true);
  expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ spec: { resourceAttributes: ask } });
  server.answers = [json({ status: { allowed: false } })];
  expect(await mayDo(rest, ask, signal)).toBe(false);
  server.answers = [status(403, 'Forbidden', 'no')];
  expect(await mayDo(rest, ask, signal)).toBe(true);
});
