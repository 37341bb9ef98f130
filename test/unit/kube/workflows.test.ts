import { expect, it } from 'vitest';
import { ApiError } from '../../../src/kube/errors.ts';
import type { RestClient } from '../../../src/kube/rest.ts';
import { startWorkflow } from '../../../src/kube/workflows.ts';

const RESOURCE = { group: 'baton.dev', version: 'v1alpha1', plural: 'workflows' };
const body = { metadata: { namespace: 'shop', name: 'web-heal-1', annotations: { stamp: 'one' } } };

const failure = (status: number, reason: string, message = reason): ApiError =>
  new ApiError({ status, reason, message });

/** An API server that answers a create with that failure, and has that there. */
const start = (problem: ApiError | undefined, there?: object) => {
  const answer = async (value: object | undefined, otherwise: ApiError | undefined): Promise<object | undefined> => {
    if (otherwise !== undefined) throw otherwise;
    return value;
  };
  const rest = {
    create: () => answer({ metadata: { resourceVersion: '7' } }, problem),
    get: () => answer(there, there === undefined ? failure(404, 'NotFound') : undefined),
  } as unknown as RestClient;
  return startWorkflow(rest, RESOURCE, body, 'stamp', new AbortController().signal);
};

const TAKEN = failure(409, 'AlreadyExists');
const stamped = (stamp: string) => ({ metadata: { annotations: { stamp } } });

it('starts a workflow once: one that is there with the stamp was started before', async () => {
  expect(await start(undefined)).toEqual({ kind: 'written', resourceVersion: '7' });
  expect(await start(TAKEN, stamped('one'))).toEqual({ kind: 'already' });
  expect(await start(TAKEN, stamped('two'))).toMatchObject({ kind: 'refused' });
  expect(await start(TAKEN, { metadata: {} })).toMatchObject({ kind: 'refused' });
  // It went in between: the next look tries again.
  expect(await start(TAKEN)).toEqual({ kind: 'conflict' });
});

it('says what stands in the way of it', async () => {
  const denied = failure(403, 'Forbidden', 'User "baton" cannot create resource "workflows" in API group "baton.dev"');
  expect(await start(denied)).toEqual({ kind: 'forbidden', verb: 'create', resource: 'workflows.baton.dev' });
  expect(await start(failure(422, 'Invalid', 'no'))).toEqual({ kind: 'refused', message: 'no' });
  await expect(start(failure(500, 'InternalError'))).rejects.toThrow('InternalError');
});
