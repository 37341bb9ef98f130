import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leasePort } from '../../../src/kube/lease.ts';
import { FakeApiServer, json, status, stream } from '../../support/fake-api-server.ts';

const spec = {
  holderIdentity: 'a',
  leaseDurationSeconds: 15,
  acquireTime: '2026-01-01T00:00:00.000000Z',
  renewTime: '2026-01-01T00:00:02.000000Z',
  leaseTransitions: 3,
};
const object = (version: string, more = {}) => ({
  metadata: { name: 'baton', resourceVersion: version },
  spec: { ...spec, ...more },
});
const { signal } = new AbortController();

let server: FakeApiServer;
beforeEach(async () => (server = await new FakeApiServer().start()));
afterEach(() => server.stop());
const port = () => leasePort(server.client(), { namespace: 'baton-system', name: 'baton' });

describe('a Lease', () => {
  test('reads, and is undefined when absent', async () => {
    server.answers = [json(object('7')), status(404, 'NotFound', 'no lease')];
    expect(await port().get(signal)).toEqual({ ...spec, resourceVersion: '7' });
    expect(await port().get(signal)).toBeUndefined();
    expect(server.seen[0]?.path).toBe('/apis/coordination.k8s.io/v1/namespaces/baton-system/leases/baton');
  });

  test('is written only at the version that was read', async () => {
    server.answers = [json(object('8')), status(409, 'Conflict', 'changed')];
    expect(await port().update(spec, '7', signal)).toMatchObject({ resourceVersion: '8' });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ metadata: { resourceVersion: '7' }, spec });
    expect(await port().update(spec, '7', signal)).toBeUndefined();
  });

  test('is created once', async () => {
    server.answers = [json(object('1'), 201), status(409, 'AlreadyExists', 'there')];
    expect(await port().create(spec, signal)).toMatchObject({ resourceVersion: '1' });
    expect(await port().create(spec, signal)).toBeUndefined();
  });

  test('refusals are errors, sent once: the elector knows when to try again', async () => {
    server.answers = [status(503, 'ServiceUnavailable', 'down')];
    await expect(port().get(signal)).rejects.toMatchObject({ status: 503 });
    expect(server.seen).toHaveLength(1);
  });

  test('is watched by name, from a version on', async () => {
    const line = (type: string, of: unknown) => `${JSON.stringify({ type, object: of })}\n`;
    server.answers = [
      stream(line('MODIFIED', object('8', { holderIdentity: '' })), line('DELETED', object('9')), 'end'),
    ];
    const seen: (string | undefined)[] = [];
    await port().watch('7', (lease) => seen.push(lease?.holderIdentity), signal);
    expect(seen).toEqual(['', undefined]);
    expect(server.seen[0]?.query.get('fieldSelector')).toBe('metadata.name=baton');
    expect(server.seen[0]?.query.get('resourceVersion')).toBe('7');
  });
});
