import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, Api } from '../support/api.ts';
import { installCrds } from '../support/crds.ts';
import { attempt, refuses } from './refusals.ts';

const api = new Api();
let namespace: Awaited<ReturnType<Api['namespace']>>;

beforeAll(async () => {
  await installCrds(api);
  namespace = await api.namespace('admission-startup');
});
afterAll(() => namespace[Symbol.asyncDispose]());

const tryIt = (object: object): Promise<Answer> =>
  attempt(api, `/apis/baton.dev/v1alpha1/namespaces/${namespace.name}/orchestratedservices`, object);
const withStartup = (startup: unknown) => ({
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'OrchestratedService',
  metadata: { name: 'checkout' },
  spec: { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' }, startup },
});

describe('a start in order is refused with what to write instead', () => {
  refuses('a phase', tryIt, withStartup, [
    {
      title: 'that there is not',
      wrong: { phase: 'Database' },
      right: { phase: 'Infrastructure' },
      says: 'supported values: "Core", "Infrastructure", "Authentication", "Network", "Services"',
    },
    { title: 'by number', wrong: { phase: 1 }, right: { phase: 'Core' }, says: 'phase' },
  ]);

  refuses('a limit', tryIt, withStartup, [
    {
      title: 'a time without a unit',
      wrong: { timeout: '60' },
      right: { timeout: '60s' },
      says: 'timeout must be a duration from 1s to 24h, such as 60s',
    },
    {
      title: 'no time at all',
      wrong: { timeout: '0s' },
      right: { timeout: '1s' },
      says: 'timeout must be a duration from 1s to 24h, such as 60s',
    },
    {
      title: 'retries below none',
      wrong: { retries: -1 },
      right: { retries: 0 },
      says: 'should be greater than or equal to 0',
    },
    {
      title: 'retries without end',
      wrong: { retries: 101 },
      right: { retries: 100 },
      says: 'should be less than or equal to 100',
    },
  ]);

  refuses('a failure', tryIt, withStartup, [
    {
      title: 'that rolls back for one that is not critical',
      wrong: { onFailure: 'Rollback' },
      right: { onFailure: 'Rollback', critical: true },
      says: 'write critical: true with it, or onFailure: Hold',
    },
    {
      title: 'that does something else',
      wrong: { critical: true, onFailure: 'Ignore' },
      right: { critical: true, onFailure: 'Hold' },
      says: 'supported values: "Hold", "Rollback"',
    },
    {
      title: 'with a word that there is not',
      wrong: { order: 1 },
      right: {},
      says: 'unknown field "spec.startup.order"',
    },
  ]);
});

it('has defaults for all that is not written', async () => {
  const { body } = await tryIt(withStartup({}));
  expect(body['spec']).toMatchObject({
    startup: { phase: 'Services', timeout: '60s', retries: 3, critical: false, onFailure: 'Hold' },
  });
});
