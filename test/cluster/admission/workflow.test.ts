import { afterAll, beforeAll, describe } from 'vitest';
import { type Answer, Api } from '../support/api.ts';
import { installCrds } from '../support/crds.ts';
import { attempt, refuses } from './refusals.ts';
import {
  grow,
  pause,
  schedule,
  schedulesOf,
  template as templateWith,
  templatesOf,
  workflow,
  workflowsOf,
} from './workflows.ts';

const api = new Api();
let namespace: Awaited<ReturnType<Api['namespace']>>;

beforeAll(async () => {
  await installCrds(api);
  namespace = await api.namespace('admission-workflow');
});
afterAll(() => namespace[Symbol.asyncDispose]());

const tryWorkflow = (object: object): Promise<Answer> => attempt(api, workflowsOf(namespace.name), object);
const tryTemplate = (object: object): Promise<Answer> => attempt(api, templatesOf(namespace.name), object);
const trySchedule = (object: object): Promise<Answer> => attempt(api, schedulesOf(namespace.name), object);

const withSpec = (spec: unknown) => workflow(spec as object);
const withPart = (part: unknown) => workflow({ steps: [pause], ...(part as object) });
const withSteps = (steps: unknown) => workflow({ steps });
const withStep = (step: unknown) => workflow({ steps: [{ name: 'one', ...(step as object) }] });
const withAction = (kind: string) => (action: unknown) => withStep({ [kind]: action });
const withUndo = (compensate: unknown) => workflow({ steps: [{ ...grow, compensate }] });

const target = { kind: 'Deployment', name: 'checkout' };
const replicas = 3;

describe('a workflow is refused with what to write instead', () => {
  refuses('what it is made of', tryWorkflow, withSpec, [
    {
      title: 'nothing to do',
      wrong: {},
      right: { steps: [pause] },
      says: 'a workflow needs steps, or a templateRef that they come from; write one of the two',
    },
    {
      title: 'no step',
      wrong: { steps: [] },
      right: { steps: [pause] },
      says: 'spec.steps in body should have at least 1 items',
    },
    {
      title: 'a template and steps',
      wrong: { templateRef: { name: 'sale' }, steps: [pause] },
      right: { templateRef: { name: 'sale' } },
      says: 'steps come from the template; write steps or templateRef, not both',
    },
    {
      title: 'a template and a part of it',
      wrong: { templateRef: { name: 'sale' }, timeout: '2h' },
      right: { templateRef: { name: 'sale' }, parameters: [{ name: 'replicas', value: '3' }] },
      says: 'successCriteria and rollback come from the template too; remove them here',
    },
    {
      title: 'a template and a rollback of its own',
      wrong: { templateRef: { name: 'sale' }, rollback: {} },
      right: { templateRef: { name: 'sale' }, suspend: true },
      says: 'rollback come from the template too',
    },
    {
      title: 'a template elsewhere',
      wrong: { templateRef: { name: 'shop/sale' } },
      right: { templateRef: { name: 'sale' } },
      says: 'templateRef.name must be the name of a WorkflowTemplate of this namespace',
    },
    {
      title: 'an account by its long name',
      wrong: { steps: [grow], serviceAccountName: 'system:serviceaccount:shop:ops' },
      right: { steps: [grow] },
      says: 'without system:serviceaccount: in front',
    },
    {
      title: 'a decision before anybody could read it',
      wrong: { steps: [{ name: 'ask', approval: {} }], approvals: [{ step: 'ask', user: 'bob', decision: 'Approve' }] },
      right: { steps: [{ name: 'ask', approval: {} }], approvals: [] },
      says: 'nobody can decide on a workflow that is not there yet',
    },
    {
      title: 'an approval by two people that nobody asked for',
      wrong: { steps: [{ name: 'ask', approval: { required: 2 } }] },
      right: { steps: [{ name: 'ask', approval: { required: 2 } }], requestedBy: 'alice' },
      says: 'add requestedBy with your name, as kubectl auth whoami gives it',
    },
  ]);

  const needed = 'add serviceAccountName, the ServiceAccount of this namespace as which it does';
  const account = (step: object) => ({ steps: [{ name: 'one', ...step }], serviceAccountName: undefined });
  refuses(
    'the account',
    tryWorkflow,
    withSpec,
    [
      { scale: { target, replicas } },
      { restart: { target } },
      { patch: { target, patch: '{}' } },
      { job: { template: { template: {} } } },
      { failover: { service: 'checkout', to: 'Standby' } },
      { workflow: { name: 'other' } },
      { wait: { target, condition: 'Available' } },
      { wait: { duration: '1s' }, compensate: { restart: { target } } },
      { wait: { duration: '1s' }, compensate: { wait: { target, expression: 'true' } } },
    ].map((step) => ({
      title: `none, with ${Object.keys(step).join(' and ')}`,
      wrong: account(step),
      right: { steps: [{ name: 'one', ...step }] },
      says: needed,
    })),
  );

  refuses('the account of criteria', tryWorkflow, withPart, [
    {
      title: 'none, with one that reads an object',
      wrong: {
        successCriteria: [{ target, expression: 'true', for: '1s', within: '1m' }],
        serviceAccountName: undefined,
      },
      right: { successCriteria: [{ target, expression: 'true', for: '1s', within: '1m' }] },
      says: needed,
    },
  ]);

  refuses('steps', tryWorkflow, withSteps, [
    {
      title: 'two of one name',
      wrong: [pause, pause],
      right: [pause, { ...pause, name: 'more' }],
      says: 'Duplicate value',
    },
    {
      title: 'a step that does nothing',
      wrong: [{ name: 'one' }],
      right: [pause],
      says: 'a step has exactly one of scale, restart, patch, job, wait, health, http, failover, approval or workflow',
    },
    {
      title: 'a step that does two things',
      wrong: [{ ...pause, ...grow }],
      right: [pause, grow],
      says: 'write one step per action',
    },
    {
      title: 'a name that CEL could not read',
      wrong: [{ ...pause, name: '2nd' }],
      right: [{ ...pause, name: 'second-try' }],
      says: "in CEL one with - is steps['a-b']",
    },
    {
      title: 'an action that there is not',
      wrong: [{ name: 'one', delete: { target } }],
      right: [pause],
      says: 'unknown field "spec.steps[0].delete"',
    },
    {
      title: 'a dependency that there is not',
      wrong: [pause, { ...grow, dependsOn: ['pose'] }],
      right: [pause, { ...grow, dependsOn: ['pause'] }],
      says: 'dependsOn names a step that there is not; write names of steps of this workflow',
    },
    {
      title: 'a dependency on itself',
      wrong: [{ ...pause, dependsOn: ['pause'] }],
      right: [{ ...pause, dependsOn: [] }],
      says: 'a step cannot come before itself',
    },
    {
      title: 'more dependencies than can be looked up',
      wrong: crowd(17),
      right: crowd(16),
      says: 'spec.steps[17].dependsOn: Too many: 17: must have at most 16 items',
    },
    {
      title: 'more than there may be',
      wrong: Array.from({ length: 201 }, (_, at) => ({ ...pause, name: `s${at}` })),
      right: Array.from({ length: 200 }, (_, at) => ({ ...pause, name: `s${at}` })),
      says: 'spec.steps: Too many: 201: must have at most 200 items',
    },
  ]);

  refuses('a step', tryWorkflow, withStep, [
    {
      title: 'a time without a unit',
      wrong: { wait: { duration: '1s' }, timeout: '30' },
      right: { wait: { duration: '1s' }, timeout: '30s' },
      says: 'timeout must be a duration from 1s to 168h, such as 5m',
    },
    {
      title: 'waits between attempts that shrink',
      wrong: { restart: { target }, retry: { limit: 3, backoff: { initial: '10m' } } },
      right: { restart: { target }, retry: { limit: 3, backoff: { initial: '5m' } } },
      says: 'backoff.initial is longer than backoff.max',
    },
    {
      title: 'no wait between attempts',
      wrong: { restart: { target }, retry: { backoff: { initial: '0s' } } },
      right: { restart: { target }, retry: { backoff: { initial: '10ms' } } },
      says: 'backoff.initial must be a duration from 10ms to 1h',
    },
    {
      title: 'an end that is well anyway',
      wrong: { wait: { duration: '1s' }, continueOn: ['Succeeded'] },
      right: { wait: { duration: '1s' }, continueOn: ['Failed'] },
      says: 'supported values: "Failed", "TimedOut", "Unknown"',
    },
    {
      title: 'an approval that is tried again',
      wrong: { approval: {}, retry: { limit: 1 } },
      right: { approval: {}, timeout: '24h' },
      says: 'an approval is asked for once, for as long as timeout says; remove retry',
    },
    {
      title: 'automatic undoing of what it cannot undo',
      wrong: { restart: { target }, compensate: { auto: true } },
      right: { restart: { target }, compensate: { none: true } },
      says: 'auto puts back what scale, patch and failover changed',
    },
  ]);

  refuses('undoing', tryWorkflow, withUndo, [
    {
      title: 'two ways',
      wrong: { auto: true, none: true },
      right: { auto: true },
      says: 'compensate has exactly one of auto, none, or an action',
    },
    {
      title: 'two actions',
      wrong: { restart: { target }, wait: { duration: '1s' } },
      right: { restart: { target } },
      says: 'compensate has exactly one of auto, none, or an action',
    },
    { title: 'no way', wrong: {}, right: { none: true }, says: 'remove the others, or compensate' },
    {
      title: 'not not at all',
      wrong: { none: false },
      right: { none: true },
      says: 'auto and none are true or not there; remove what is false',
    },
    {
      title: 'by an approval',
      wrong: { approval: {} },
      right: { http: { url: 'https://chat.example.com/', method: 'POST' } },
      says: 'unknown field "spec.steps[0].compensate.approval"',
    },
  ]);
});

describe('an action is refused with what to write instead', () => {
  const kind = (name: string, apiVersion?: string) => ({
    kind: name,
    name: 'checkout',
    ...(apiVersion && { apiVersion }),
  });
  const patch = (of: object) => ({ target: of, patch: '{"data":{"a":"b"}}' });

  refuses('scale', tryWorkflow, withAction('scale'), [
    {
      title: 'less than none',
      wrong: { target, replicas: -1 },
      right: { target, replicas: 0 },
      says: 'replicas must be a number from 0 to 100000 without quotes',
    },
    {
      title: 'a number in quotes',
      wrong: { target, replicas: '3' },
      right: { target, replicas: '{{parameters.replicas}}' },
      says: "or one template such as '{{parameters.replicas}}'",
    },
    {
      title: 'more than a cluster has',
      wrong: { target, replicas: 100_001 },
      right: { target, replicas: 100_000 },
      says: 'replicas must be a number from 0 to 100000',
    },
    {
      title: 'what has no number of replicas',
      wrong: { target: kind('DaemonSet'), replicas },
      right: { target: kind('StatefulSet'), replicas },
      says: 'target.kind must have a scale subresource',
    },
    {
      title: 'an OrchestratedService',
      wrong: { target: kind('OrchestratedService', 'baton.dev/v1alpha1'), replicas },
      right: { target, replicas },
      says: 'write the workload that the OrchestratedService looks after',
    },
  ]);

  refuses('restart', tryWorkflow, withAction('restart'), [
    {
      title: 'what has no pods to roll',
      wrong: { target: kind('CronJob', 'batch/v1') },
      right: { target: kind('DaemonSet') },
      says: 'restart rolls the pods of a Deployment, StatefulSet or DaemonSet (apps/v1)',
    },
    {
      title: 'a workflow',
      wrong: { target: kind('Workflow', 'baton.dev/v1alpha1') },
      right: { target },
      says: 'restart rolls the pods of a Deployment, StatefulSet or DaemonSet (apps/v1)',
    },
    {
      title: 'a kind in small letters',
      wrong: { target: kind('deployment') },
      right: { target },
      says: 'kind must be the kind as in YAML, such as Deployment',
    },
    {
      title: 'another namespace',
      wrong: { target: { kind: 'Deployment', name: 'shop/checkout' } },
      right: { target: { kind: 'Deployment', name: '{{parameters.name}}' } },
      says: 'name must be the name of an object of this namespace (no namespace/ in front)',
    },
    {
      title: 'another namespace by a field',
      wrong: { target: { ...target, namespace: 'kube-system' } },
      right: { target },
      says: 'unknown field "spec.steps[0].restart.target.namespace"',
    },
  ]);

  const beyond =
    "a workflow cannot patch permissions, certificates, leases, admission or API objects, ServiceAccounts, or Baton's own";
  refuses('patch', tryWorkflow, withAction('patch'), [
    ...[
      kind('Workflow', 'baton.dev/v1alpha1'),
      kind('WorkflowTemplate', 'baton.dev/v1beta9'),
      kind('RoleBinding', 'rbac.authorization.k8s.io/v1'),
      kind('Lease', 'coordination.k8s.io/v1'),
      kind('ServiceAccount', 'v1'),
    ].map((of) => ({ title: `a ${of.kind}`, wrong: patch(of), right: patch(kind('ConfigMap', 'v1')), says: beyond })),
    {
      title: 'a Secret, whose content the status would show',
      wrong: patch(kind('Secret', 'v1')),
      right: patch(kind('ConfigMap', 'v1')),
      says: 'what a Secret holds would be seen in the status of the workflow',
    },
    {
      title: 'a ConfigMap of apps/v1, which is the group where none is said',
      wrong: patch(kind('ConfigMap')),
      right: patch(kind('ConfigMap', 'v1')),
      says: 'apps/v1 has no such kind; add the apiVersion of this kind',
    },
    {
      title: 'a kind that is a template',
      wrong: patch(kind('{{parameters.kind}}')),
      right: patch(target),
      says: 'kind must be the kind as in YAML',
    },
    {
      title: 'a group that is a template',
      wrong: patch(kind('Role', '{{parameters.group}}')),
      right: patch(kind('Service', 'v1')),
      says: 'apiVersion must be a group and version such as apps/v1, and no template',
    },
    { title: 'nothing', wrong: { target }, right: patch(target), says: 'spec.steps[0].patch.patch: Required value' },
  ]);

  refuses('job', tryWorkflow, withAction('job'), [
    {
      title: 'a Job instead of its spec',
      wrong: { template: { spec: { template: {} } } },
      right: { template: { backoffLimit: 0, template: { spec: { containers: [] } } } },
      says: 'spec.steps[0].job.template.template: Required value',
    },
    {
      title: 'a text where the metadata of its pods should be',
      wrong: { template: { template: { metadata: 'nightly' } } },
      right: {
        template: { template: { metadata: { labels: { app: '{{ parameters.size }}' }, annotations: { a: 'b' } } } },
      },
      says: 'spec.steps[0].job.template.template.metadata in body must be of type object: "string"',
    },
    {
      title: 'a text where their labels should be',
      wrong: { template: { template: { metadata: { labels: 'nightly' } } } },
      right: { template: { template: { metadata: {} } } },
      says: 'spec.steps[0].job.template.template.metadata.labels in body must be of type object: "string"',
    },
  ]);

  const oneOf = 'wait has exactly one of: duration; target and condition; target and expression';
  refuses('wait', tryWorkflow, withAction('wait'), [
    { title: 'for nothing', wrong: {}, right: { duration: '0s' }, says: oneOf },
    { title: 'some time, of an object', wrong: { duration: '5m', target }, right: { duration: '5m' }, says: oneOf },
    {
      title: 'a condition of nothing',
      wrong: { condition: 'Available' },
      right: { target, condition: 'Available' },
      says: oneOf,
    },
    {
      title: 'two things at once',
      wrong: { target, condition: 'Available', expression: 'true' },
      right: { target, expression: 'object.status.replicas == 3' },
      says: oneOf,
    },
    {
      title: 'longer than a week',
      wrong: { duration: '169h' },
      right: { duration: '{{parameters.pause}}' },
      says: 'duration must be from 0s to 168h, such as 30s, or a template that gives it',
    },
    {
      title: 'what a Secret says',
      wrong: { target: kind('Secret', 'v1'), expression: "object.data.password.startsWith('a')" },
      right: { target: kind('ConfigMap', 'v1'), expression: "object.data.mode == 'a'" },
      says: 'what a Secret holds would be seen in the status of the workflow',
    },
  ]);

  refuses('health', tryWorkflow, withAction('health'), [
    {
      title: 'a level that is none',
      wrong: { service: 'checkout', atLeast: 'Failed' },
      right: { service: 'checkout', atLeast: 'Critical' },
      says: 'supported values: "Healthy", "Warning", "Degraded", "Critical"',
    },
    {
      title: 'for days',
      wrong: { service: 'checkout', atLeast: 'Healthy', for: '25h' },
      right: { service: 'checkout', atLeast: 'Healthy', for: '1m' },
      says: 'for must be a duration from 0s to 24h',
    },
  ]);

  const url = 'https://hooks.example.com/release';
  refuses('http', tryWorkflow, withAction('http'), [
    ...['file:///etc/passwd', 'hooks.example.com', 'https://', 'https://user:secret@hooks.example.com/'].map(
      (wrong) => ({
        title: wrong,
        wrong: { url: wrong },
        right: { url: 'https://{{parameters.host}}/release' },
        says: 'url must begin with http:// or https:// and a host, without user and password',
      }),
    ),
    {
      title: 'a body of a GET',
      wrong: { url, body: '{}' },
      right: { url, body: '{}', method: 'POST' },
      says: 'a GET or HEAD has no body; remove body, or write method: POST',
    },
    {
      title: 'a header that makes two effects of one',
      wrong: { url, headers: [{ name: 'Idempotency-Key', value: 'x' }] },
      right: { url, headers: [{ name: 'Authorization', value: '{{parameters.token}}' }] },
      says: 'are set by Baton; remove this header',
    },
    {
      title: 'a header with its colon',
      wrong: { url, headers: [{ name: 'X-Team:', value: 'shop' }] },
      right: { url, headers: [{ name: 'X-Team', value: 'shop' }] },
      says: 'the name of a header has letters, digits and - only, and no colon',
    },
    {
      title: 'a status that there is not',
      wrong: { url, expect: { status: [99] } },
      right: { url, expect: { status: [100, 599] } },
      says: 'should be greater than or equal to 100',
    },
  ]);

  refuses('approval', (object) => tryWorkflow(asked(object)), withAction('approval'), [
    {
      title: 'by more people than may',
      wrong: { users: ['bob', 'carol'], required: 3 },
      right: { users: ['bob', 'carol'], groups: ['sre'], required: 3 },
      says: 'required is more than the users who may approve; name more users or a group, or lower required',
    },
    { title: 'by nobody', wrong: { required: 0 }, right: { required: 1 }, says: 'greater than or equal to 1' },
    { title: 'by a crowd', wrong: { required: 11 }, right: { required: 10 }, says: 'less than or equal to 10' },
  ]);

  refuses('workflow', tryWorkflow, withAction('workflow'), [
    {
      title: 'neither a new nor an old one',
      wrong: {},
      right: { template: 'sale' },
      says: 'workflow has exactly one of template (starts a new one) and name (lets one go that is suspended)',
    },
    {
      title: 'a new and an old one',
      wrong: { template: 'sale', name: 'other' },
      right: { name: 'other' },
      says: 'workflow has exactly one of template',
    },
    {
      title: 'parameters of one that has its own',
      wrong: { name: 'other', parameters: [{ name: 'a', value: 'b' }] },
      right: { template: 'sale', parameters: [{ name: 'a', value: 'b' }] },
      says: 'parameters belong to template; a workflow that is there has its own',
    },
  ]);

  refuses('failover', tryWorkflow, withAction('failover'), [
    {
      title: 'to where there is nothing',
      wrong: { service: 'checkout', to: 'Secondary' },
      right: { service: 'checkout', to: 'Standby' },
      says: 'supported values: "Primary", "Standby"',
    },
  ]);
});

describe('what holds for the whole of a workflow is refused with what to write instead', () => {
  refuses('bounds', tryWorkflow, withPart, [
    {
      title: 'a type of its own',
      wrong: { type: 'Fun' },
      right: { type: 'Recovery' },
      says: 'Unsupported value: "Fun"',
    },
    {
      title: 'a priority above all',
      wrong: { priority: 1001 },
      right: { priority: 1000 },
      says: 'less than or equal to 1000',
    },
    {
      title: 'longer than a week',
      wrong: { timeout: '169h' },
      right: { timeout: '168h' },
      says: 'timeout must be a duration from 1s to 168h',
    },
    {
      title: 'no time',
      wrong: { estimatedDuration: '0s' },
      right: { estimatedDuration: '10m' },
      says: 'estimatedDuration must be a duration from 1s to 168h',
    },
    {
      title: 'kept for years',
      wrong: { ttlAfterFinished: '8761h' },
      right: { ttlAfterFinished: '0s' },
      says: 'ttlAfterFinished must be a duration from 0s to 8760h',
    },
    {
      title: 'rolled back for weeks',
      wrong: { rollback: { timeout: '200h' } },
      right: { rollback: { after: ['TimedOut'] } },
      says: 'timeout must be a duration from 1s to 168h',
    },
    {
      title: 'rolled back after success',
      wrong: { rollback: { after: ['Succeeded'] } },
      right: { rollback: { after: [] } },
      says: 'supported values: "Failed", "CriteriaFailed", "TimedOut", "Cancelled"',
    },
    {
      title: 'a target twice',
      wrong: { targets: [target, { ...target, access: 'Shared' }] },
      right: { targets: [target, { ...target, kind: 'StatefulSet' }] },
      says: 'Duplicate value',
    },
    {
      title: 'a workflow before itself',
      wrong: { dependsOn: [{ name: 'sale' }] },
      right: { dependsOn: [{ name: 'backup' }] },
      says: 'a workflow cannot wait for itself; remove it from dependsOn',
    },
    {
      title: 'a workflow of another namespace before it',
      wrong: { dependsOn: [{ name: 'shop/backup' }] },
      right: { dependsOn: [{ name: 'backup', condition: 'Finished' }] },
      says: 'dependsOn.name must be the name of a Workflow of this namespace',
    },
    {
      title: 'a slot with spaces',
      wrong: { slots: [{ name: 'big jobs' }] },
      right: { slots: [{ name: 'big-jobs', units: 2 }] },
      says: 'the name of a slot has lower case letters, digits and - only',
    },
    {
      title: 'a parameter that CEL could not read',
      wrong: { parameters: [{ name: '1st', value: 'a' }] },
      right: { parameters: [{ name: 'first', value: 'a' }] },
      says: "in CEL one with - is parameters['a-b']",
    },
    {
      title: 'a parameter that is a number',
      wrong: { parameters: [{ name: 'replicas', value: 3 }] },
      right: { parameters: [{ name: 'replicas', value: '3' }] },
      says: 'must be of type string',
    },
  ]);

  const health = { service: 'checkout', atLeast: 'Healthy' };
  refuses('success', tryWorkflow, (criterion) => withPart({ successCriteria: [criterion] }), [
    {
      title: 'by nothing',
      wrong: { for: '1m' },
      right: { health, for: '1m' },
      says: 'a criterion has exactly one of health and expression',
    },
    {
      title: 'by two things',
      wrong: { health, expression: 'true' },
      right: { expression: 'true' },
      says: 'write one criterion for each',
    },
    {
      title: 'of a target that nothing reads',
      wrong: { health, target },
      right: { target, expression: 'object.status.readyReplicas == 3' },
      says: 'target is what expression reads as object',
    },
    {
      title: 'for longer than there is time',
      wrong: { health, for: '11m' },
      right: { health, for: '10m' },
      says: 'for is longer than within, so it could never be met',
    },
  ]);
});

describe('a template is refused with what to write instead', () => {
  refuses('its steps, by the rules of a workflow', tryTemplate, (steps) => templateWith({ steps }), [
    { title: 'no step', wrong: undefined, right: [pause], says: 'spec.steps: Required value' },
    {
      title: 'a dependency that there is not',
      wrong: [{ ...grow, dependsOn: ['pause'] }],
      right: [pause, { ...grow, dependsOn: ['pause'] }],
      says: 'dependsOn names a step that there is not',
    },
  ]);

  refuses('its parameters', tryTemplate, (parameter) => templateWith({ steps: [pause], parameters: [parameter] }), [
    {
      title: 'a default that is none of them',
      wrong: { name: 'size', enum: ['small', 'big'], default: 'huge' },
      right: { name: 'size', enum: ['small', 'big'], default: 'big' },
      says: 'default is none of enum; add it there, or write another default',
    },
    {
      title: 'no value that would do',
      wrong: { name: 'size', enum: [] },
      right: { name: 'size', enum: ['small'] },
      says: 'should have at least 1 items',
    },
    {
      title: 'a name that CEL could not read',
      wrong: { name: 'a b' },
      right: { name: 'a_b' },
      says: 'the name of a parameter has letters, digits, - and _',
    },
  ]);

  refuses('what is a workflow’s own', tryTemplate, (part) => templateWith({ steps: [pause], ...(part as object) }), [
    {
      title: 'an account, which who starts it has to answer for',
      wrong: { serviceAccountName: 'ops' },
      right: { type: 'Recovery' },
      says: 'unknown field "spec.serviceAccountName"',
    },
  ]);
});

describe('a schedule is refused with what to write instead', () => {
  refuses('a part', trySchedule, (part) => schedule(part as object), [
    ...['0 3 * *', '60 3 * * *', '0 24 * * *', 'every day', '@often', '0 0 3 * * *'].map((wrong) => ({
      title: `the schedule ${wrong}`,
      wrong: { schedule: wrong },
      right: { schedule: '*/15 8-18 * * MON-FRI' },
      says: 'schedule must have five cron fields',
    })),
    {
      title: 'a zone with spaces',
      wrong: { schedule: '@daily', timeZone: 'Central Europe' },
      right: { schedule: '@daily', timeZone: 'Europe/Berlin' },
      says: 'timeZone must be an IANA name, such as Europe/Berlin',
    },
    {
      title: 'no time to begin in',
      wrong: { startingDeadline: '1s' },
      right: { startingDeadline: '10s' },
      says: 'startingDeadline must be a duration from 10s to 168h',
    },
    {
      title: 'another policy',
      wrong: { concurrencyPolicy: 'Queue' },
      right: { concurrencyPolicy: 'Replace' },
      says: 'supported values: "Allow", "Forbid", "Replace"',
    },
    {
      title: 'no template',
      wrong: { template: null },
      right: { template: 'sale' },
      says: 'spec.template: Required value',
    },
    {
      title: 'a history without end',
      wrong: { failedHistoryLimit: 101 },
      right: { failedHistoryLimit: 0 },
      says: 'less than or equal to 100',
    },
  ]);
});

/** As many steps as that, and one that comes after all of them. */
function crowd(count: number): object[] {
  const first = Array.from({ length: count }, (_, at) => ({ ...pause, name: `first${at}` }));
  return [...first, { ...pause, dependsOn: first.map(({ name }) => name) }];
}

function asked(object: object): object {
  const it = object as ReturnType<typeof workflow>;
  return { ...it, spec: { ...it.spec, requestedBy: 'alice' } };
}
