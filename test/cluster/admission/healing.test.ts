import { afterAll, beforeAll, describe } from 'vitest';
import { type Answer, Api } from '../support/api.ts';
import { installCrds } from '../support/crds.ts';
import { attempt, refuses } from './refusals.ts';

const api = new Api();
let namespace: Awaited<ReturnType<Api['namespace']>>;

beforeAll(async () => {
  await installCrds(api);
  namespace = await api.namespace('admission-healing');
});
afterAll(() => namespace[Symbol.asyncDispose]());

const tryIt = (object: object): Promise<Answer> =>
  attempt(api, `/apis/baton.dev/v1alpha1/namespaces/${namespace.name}/orchestratedservices`, object);
const withHealing = (healing: unknown) => ({
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'OrchestratedService',
  metadata: { name: 'checkout' },
  spec: { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' }, healing },
});
const base = { actions: [{ type: 'DeletePod' }] };

describe('healing is refused with what to write instead', () => {
  refuses('a ladder', tryIt, withHealing, [
    { title: 'no act', wrong: { actions: [] }, right: base, says: 'should have at least 1 items' },
    { title: 'no ladder', wrong: { maxAttempts: 3 }, right: base, says: 'spec.healing.actions: Required value' },
    {
      title: 'an act that there is not',
      wrong: { actions: [{ type: 'Reboot' }] },
      right: base,
      says: 'supported values: "DeletePod", "Restart", "RollbackRevision", "Workflow"',
    },
    {
      title: 'a workflow of which nothing is said',
      wrong: { actions: [{ type: 'Workflow' }] },
      right: { actions: [{ type: 'Workflow', workflow: { template: 'fix' } }] },
      says: 'an act of type Workflow has workflow, which says what to start',
    },
    {
      title: 'a workflow beside another act',
      wrong: { actions: [{ type: 'Restart', workflow: { template: 'fix' } }] },
      right: { actions: [{ type: 'Restart' }, { type: 'Workflow', workflow: { template: 'fix' } }] },
      says: 'write one entry per act',
    },
    {
      title: 'a workflow of another namespace',
      wrong: { actions: [{ type: 'Workflow', workflow: { template: 'ops/fix' } }] },
      right: {
        actions: [{ type: 'Workflow', workflow: { template: 'fix', parameters: [{ name: 'a', value: 'b' }] } }],
      },
      says: 'template must be the name of a WorkflowTemplate of this namespace',
    },
    {
      title: 'a workflow as an account by its long name',
      wrong: {
        actions: [{ type: 'Workflow', workflow: { template: 'fix', serviceAccountName: 'system:serviceaccount:a:b' } }],
      },
      right: { actions: [{ type: 'Workflow', workflow: { template: 'fix', serviceAccountName: 'b' } }] },
      says: 'without system:serviceaccount: in front',
    },
    {
      title: 'an act twice',
      wrong: { actions: [{ type: 'DeletePod' }, { type: 'DeletePod' }] },
      right: base,
      says: 'Duplicate value',
    },
    {
      title: 'a level that is well',
      wrong: { ...base, when: 'Healthy' },
      right: { ...base, when: 'Critical' },
      says: 'supported values: "Degraded", "Critical", "Failed"',
    },
  ]);

  refuses('times', tryIt, withHealing, [
    {
      title: 'a wait without a unit',
      wrong: { ...base, after: '30' },
      right: { ...base, after: '30s' },
      says: 'after must be a duration from 0s to 1h, such as 30s',
    },
    {
      title: 'a shortest wait that is the longest',
      wrong: { ...base, backoff: { initial: '10m', max: '5m' } },
      right: { ...base, backoff: { initial: '5m', max: '10m' } },
      says: 'backoff.initial is longer than backoff.max; write the shorter of the two first',
    },
    {
      title: 'no wait at all',
      wrong: { ...base, backoff: { initial: '0s' } },
      right: { ...base, backoff: { initial: '1s' } },
      says: 'initial must be a duration from 1s to 1h, such as 30s',
    },
    {
      title: 'a wait that shrinks',
      wrong: { ...base, backoff: { factor: 0 } },
      right: { ...base, backoff: { factor: 1 } },
      says: 'should be greater than or equal to 1',
    },
  ]);

  refuses('limits', tryIt, withHealing, [
    {
      title: 'a breaker with zero',
      wrong: { ...base, circuitBreaker: { failures: 0 } },
      right: { ...base, circuitBreaker: { failures: 1 } },
      says: 'should be greater than or equal to 1',
    },
    {
      title: 'no attempt',
      wrong: { ...base, maxAttempts: 0 },
      right: { ...base, maxAttempts: 1 },
      says: 'should be greater than or equal to 1',
    },
    {
      title: 'a breaker that closes at once',
      wrong: { ...base, circuitBreaker: { recovery: '0s' } },
      right: { ...base, circuitBreaker: { recovery: '1s' } },
      says: 'recovery must be a duration from 1s to 24h, such as 60s',
    },
  ]);
});
