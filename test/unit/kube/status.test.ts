import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeStatus } from '../../../src/kube/status.ts';
import { cutOff, FakeApiServer, json, status } from '../../support/fake-api-server.ts';

const KIND = { group: 'baton.dev', version: 'v1alpha1', plural: 'orchestratedservices', kind: 'OrchestratedService' };
const REFERENCE = { namespace: 'shop', name: 'web', uid: 'u1', resourceVersion: '7' };
const STATUS = { observedGeneration: 2, health: 'Failed', score: undefined };
const conflict = status(409, 'Conflict', 'the object has been modified');
const object = (more: object = {}, health = 'Failed') =>
  json({
    metadata: { name: 'web', uid: 'u1', resourceVersion: '9', generation: 2, ...more },
    status: { health, observedGeneration: 2 },
  });

let server: FakeApiServer;
beforeEach(async () => (server = await new FakeApiServer().start()));
afterEach(() => server.stop());

const write = () => writeStatus(server.client(), KIND, REFERENCE, STATUS, new AbortController().signal);

describe('a status', () => {
  test('is written on condition of uid and version', async () => {
    server.answers = [object()];
    expect(await write()).toEqual({ kind: 'written', resourceVersion: '9' });
    expect(server.seen[0]).toMatchObject({ method: 'PUT', path: expect.stringMatching(/\/web\/status$/) });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ metadata: { uid: 'u1', resourceVersion: '7' } });
  });

  test('is not asked to be sent back', async () => {
    server.answers = [object()];
    await write();
    expect(server.seen[0]?.headers.accept).toMatch(/^application\/json;as=PartialObjectMetadata;g=meta\.k8s\.io;v=v1,/);
  });

  test('that somebody else was faster with is a conflict, and nothing more is asked', async () => {
    server.answers = [conflict];
    expect(await write()).toEqual({ kind: 'conflict' });
    expect(server.seen).toHaveLength(1);
  });

  test('whose object went is gone', async () => {
    server.answers = [status(404, 'NotFound', '')];
    expect(await write()).toEqual({ kind: 'gone' });
  });

  test.each([
    ['a lost answer', cutOff],
    ['a gateway that gave up', status(504, 'Timeout', '')],
  ])('that was written before %s is written, although the second attempt conflicts with it', async (_what, first) => {
    server.answers = [first, conflict, object()];
    expect(await write()).toEqual({ kind: 'written', resourceVersion: '9' });
  });

  test.each([
    ['another status', object({}, 'Healthy')],
    ['another object', object({ uid: 'u2' })],
    ['a spec that is newer than the status', object({ generation: 3 })],
  ])('is a conflict after a lost answer where %s is there', async (_what, found) => {
    server.answers = [cutOff, conflict, found];
    expect(await write()).toEqual({ kind: 'conflict' });
  });
});
