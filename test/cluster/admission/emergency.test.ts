import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, Api } from '../support/api.ts';
import { installCrds } from '../support/crds.ts';
import { attempt, refuses } from './refusals.ts';

const api = new Api();
let namespace: Awaited<ReturnType<Api['namespace']>>;

beforeAll(async () => {
  await installCrds(api);
  namespace = await api.namespace('admission-emergency');
});
afterAll(() => namespace[Symbol.asyncDispose]());

const apiVersion = 'baton.dev/v1alpha1';
const tryPolicy = (object: object): Promise<Answer> => attempt(api, `/apis/${apiVersion}/orchestrations`, object);
const tryService = (object: object): Promise<Answer> =>
  attempt(api, `/apis/${apiVersion}/namespaces/${namespace.name}/orchestratedservices`, object);

const withSpec = (spec: unknown) => ({ apiVersion, kind: 'Orchestration', metadata: { name: 'default' }, spec });
const withEmergency = (emergency: unknown) => withSpec({ emergency });
const withRule = (rule: unknown) => withEmergency({ rules: { servicesFailed: rule } });
const withService = (part: unknown) => ({
  apiVersion,
  kind: 'OrchestratedService',
  metadata: { name: 'web' },
  spec: { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, ...(part as object) },
});

describe('what a halt is asked to do is refused with what to write instead', () => {
  refuses('emergency', tryPolicy, withEmergency, [
    {
      title: 'an order that there is not',
      wrong: { halt: 'Stop' },
      right: { halt: 'Halt' },
      says: 'supported values: "None", "DryRun", "Halt"',
    },
    { title: 'a switch', wrong: { halt: true }, right: { halt: 'DryRun' }, says: 'must be of type string' },
    {
      title: 'an id that is none',
      wrong: { resume: 'the last one' },
      right: { resume: 'halt-20260501t100000z' },
      says: 'resume must be the id of a halt as in status.halt.id',
    },
    {
      title: 'a rate of nothing, which would never end',
      wrong: { resumePerSecond: 0 },
      right: { resumePerSecond: 1 },
      says: 'resumePerSecond in body should be greater than or equal to 1',
    },
    {
      title: 'a patience of days',
      wrong: { resumePatience: '25h' },
      right: { resumePatience: '0s' },
      says: 'resumePatience must be a duration from 0s to 1h',
    },
    {
      title: 'a reminder every second',
      wrong: { remindAfter: '1s' },
      right: { remindAfter: '1m' },
      says: 'remindAfter must be a duration from 1m to 168h',
    },
    {
      title: 'a priority that there is not',
      wrong: { onHalt: { Medium: 'ScaleToZero' } },
      right: { onHalt: { Normal: 'ScaleToZero' } },
      says: 'unknown field "spec.emergency.onHalt.Medium"',
    },
    {
      title: 'raising a whole priority, which has no count',
      wrong: { onHalt: { High: 'ScaleUp' } },
      right: { onHalt: { High: 'Keep' } },
      says: 'supported values: "Keep", "ScaleToZero"',
    },
    {
      title: 'a pattern of namespaces',
      wrong: { protectedNamespaces: ['team-*'] },
      right: { protectedNamespaces: ['team-a'] },
      says: 'patterns such as team-* are not understood',
    },
  ]);

  refuses('rules', tryPolicy, withRule, [
    {
      title: 'Off, which YAML reads as false',
      wrong: { action: false },
      right: { action: 'Disabled' },
      says: 'must be of type string',
    },
    {
      title: 'a share that would halt at once',
      wrong: { above: 0 },
      right: { above: 10 },
      says: 'should be greater than or equal to 10',
    },
    {
      title: 'a share that is never passed',
      wrong: { above: 100 },
      right: { above: 99 },
      says: 'should be less than or equal to 99',
    },
    {
      title: 'a window of an instant',
      wrong: { for: '0s' },
      right: { for: '30s' },
      says: 'for must be a duration from 30s to 24h',
    },
    {
      title: 'no floor',
      wrong: { atLeast: 0 },
      right: { atLeast: 1 },
      says: 'atLeast in body should be greater than or equal to 1',
    },
  ]);

  refuses('stoppedNamespaces', tryPolicy, withSpec, [
    {
      title: 'what the cluster itself needs',
      wrong: { stoppedNamespaces: ['staging', 'kube-system'] },
      right: { stoppedNamespaces: ['staging'] },
      says: 'take these off the list',
    },
    {
      title: 'one twice',
      wrong: { stoppedNamespaces: ['staging', 'staging'] },
      right: { stoppedNamespaces: ['staging', 'demo'] },
      says: 'Duplicate value: "staging"',
    },
  ]);

  refuses('service', tryService, withService, [
    {
      title: 'ScaleUp to nobody knows what',
      wrong: { emergency: { onHalt: 'ScaleUp' } },
      right: { emergency: { onHalt: 'ScaleUp', replicas: 5 } },
      says: 'onHalt: ScaleUp needs to know how far; add emergency.replicas, or scaling.maxReplicas',
    },
    {
      title: 'a count that nothing rises to',
      wrong: { emergency: { onHalt: 'ScaleToZero', replicas: 2 } },
      right: { emergency: { onHalt: 'ScaleToZero' } },
      says: 'write onHalt: ScaleUp, or remove replicas',
    },
    {
      title: 'raising to nothing',
      wrong: { emergency: { onHalt: 'ScaleUp', replicas: 0 } },
      right: { emergency: { onHalt: 'ScaleUp', replicas: 1 } },
      says: 'replicas in body should be greater than or equal to 1',
    },
    { title: 'a text for suspend', wrong: { suspend: 'yes' }, right: { suspend: true }, says: 'of type boolean' },
  ]);

  it('takes 256 namespaces of 58 letters', async () => {
    const stoppedNamespaces = Array.from({ length: 256 }, (_, index) => `${'n'.repeat(54)}-${100 + index}`);
    const protectedNamespaces = stoppedNamespaces;
    const { status, message, body } = await tryPolicy(
      withSpec({ stoppedNamespaces, emergency: { protectedNamespaces } }),
    );
    expect(status === 201 || body['reason'] === 'AlreadyExists' ? '' : message).toBe('');
  });
});
