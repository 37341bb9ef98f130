import { afterAll, beforeAll, describe } from 'vitest';
import { type Answer, Api } from '../support/api.ts';
import { installCrds } from '../support/crds.ts';
import { attempt, refuses } from './refusals.ts';

const api = new Api();
let namespace: Awaited<ReturnType<Api['namespace']>>;

beforeAll(async () => {
  await installCrds(api);
  namespace = await api.namespace('admission');
});
afterAll(() => namespace[Symbol.asyncDispose]());

const tryIt = (object: object): Promise<Answer> =>
  attempt(api, `/apis/baton.dev/v1alpha1/namespaces/${namespace.name}/orchestratedservices`, object);

const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' };
const withSpec = (spec: unknown) => ({
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'OrchestratedService',
  metadata: { name: 'checkout' },
  spec,
});
const withPart = (field: string) => (part: unknown) => withSpec({ targetRef: target, [field]: part });
const withCheck = (part: unknown) => withSpec({ targetRef: target, health: { checks: [part] } });
const withHttp = (part: unknown) => withCheck({ name: 'page', http: { port: 8080, ...(part as object) } });

const rising = { warning: 0.1, degraded: 0.2, critical: 0.3 };
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
const tcpChecks = (count: number) => times(count, (at) => ({ name: `port-${at}`, tcp: { port: 80 } }));

describe('an OrchestratedService is refused with what to write instead', () => {
  refuses('spec', tryIt, withSpec, [
    { title: 'empty', wrong: {}, right: { targetRef: target }, says: 'spec.targetRef: Required value' },
    {
      title: 'a field that is in no version',
      wrong: { targetRef: target, replicas: 3 },
      right: { targetRef: target },
      says: 'unknown field "spec.replicas"',
    },
    {
      title: 'a typing error deep inside',
      wrong: { targetRef: target, health: { checks: [{ name: 'a', tcp: { port: 80, timeOut: '1s' } }] } },
      right: { targetRef: target, health: { checks: [{ name: 'a', tcp: { port: 80, timeout: '1s' } }] } },
      says: 'unknown field "spec.health.checks[0].tcp.timeOut"',
    },
    {
      title: 'a priority that there is not',
      wrong: { targetRef: target, priority: 'Urgent' },
      right: { targetRef: target, priority: 'Critical' },
      says: 'supported values: "Critical", "High", "Normal", "Low", "Maintenance"',
    },
  ]);

  refuses('targetRef', tryIt, (part) => withSpec({ targetRef: { ...target, ...(part as object) } }), [
    {
      title: 'kind in lower case',
      wrong: { kind: 'deployment' },
      right: { kind: 'Deployment' },
      says: 'such as Deployment (not deployment or deployments)',
    },
    {
      title: 'a Pod',
      wrong: { apiVersion: 'v1', kind: 'Pod' },
      right: { apiVersion: 'v1', kind: 'ReplicationController' },
      says: 'write the Deployment, StatefulSet or ReplicaSet that owns the pods',
    },
    {
      title: 'a DaemonSet, which has no scale',
      wrong: { kind: 'DaemonSet' },
      right: { kind: 'StatefulSet' },
      says: 'targetRef.kind must have a scale subresource',
    },
    {
      title: 'another OrchestratedService',
      wrong: { apiVersion: 'baton.dev/v1alpha1', kind: 'OrchestratedService' },
      right: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' },
      says: 'write the workload in targetRef, and the other service in dependsOn',
    },
    {
      title: 'a group without a version',
      wrong: { apiVersion: 'apps' },
      right: { apiVersion: 'apps/v1' },
      says: 'apiVersion must be a group and version such as apps/v1',
    },
    {
      title: 'a group of long ago',
      wrong: { apiVersion: 'extensions/v1beta1' },
      right: { apiVersion: 'apps/v1' },
      says: 'write apiVersion: apps/v1',
    },
    {
      title: 'a StatefulSet of long ago, which another group may have',
      wrong: { apiVersion: 'apps/v1beta2', kind: 'StatefulSet' },
      right: { apiVersion: 'apps.kruise.io/v1beta1', kind: 'StatefulSet' },
      says: 'StatefulSets and ReplicaSets of Kubernetes are in apps/v1',
    },
    {
      title: 'a Deployment of the core group',
      wrong: { apiVersion: 'v1' },
      right: { apiVersion: 'apps/v1' },
      says: 'write apiVersion: apps/v1',
    },
    {
      title: 'a namespace in the name',
      wrong: { name: 'shop/checkout' },
      right: { name: 'checkout' },
      says: 'no namespace/ in front',
    },
    { title: 'no name', wrong: { name: '' }, right: { name: 'checkout' }, says: 'name must be the name of a workload' },
    {
      title: 'a name made to tire a backtracking matcher',
      wrong: { name: `${'a-'.repeat(120)}!` },
      right: { name: `${'a-'.repeat(120)}a` },
      says: 'name must be the name of a workload',
    },
    {
      title: 'a name with a line break at its end',
      wrong: { name: 'checkout\n' },
      right: { name: 'checkout' },
      says: 'name must be the name of a workload',
    },
    {
      title: 'a huge name',
      wrong: { name: 'a'.repeat(100_000) },
      right: { name: 'a'.repeat(253) },
      says: 'spec.targetRef.name: Too long: may not be more than 253 bytes',
    },
  ]);

  refuses('dependsOn', tryIt, withPart('dependsOn'), [
    {
      title: 'the service itself',
      wrong: [{ name: 'checkout' }],
      right: [{ name: 'checkout', namespace: 'other' }],
      says: 'a service cannot depend on itself; remove it from dependsOn, or add the namespace',
    },
    {
      title: 'one service twice',
      wrong: [{ name: 'db' }, { name: 'db', minimumHealth: 'Healthy' }],
      right: [{ name: 'db' }, { name: 'db', namespace: 'other' }],
      says: 'write each dependency once, with the stricter minimumHealth',
    },
    {
      title: 'a namespace in the name',
      wrong: [{ name: 'shop/db' }],
      right: [{ name: 'db', namespace: 'shop' }],
      says: 'another namespace goes into dependsOn.namespace',
    },
    {
      title: 'a namespace in upper case',
      wrong: [{ name: 'db', namespace: 'Shop' }],
      right: [{ name: 'db', namespace: 'shop' }],
      says: 'dependsOn.namespace must be the name of a namespace: lower case letters, digits and -',
    },
    {
      title: 'a level that cannot be asked for',
      wrong: [{ name: 'db', minimumHealth: 'Failed' }],
      right: [{ name: 'db', minimumHealth: 'Critical' }],
      says: 'supported values: "Healthy", "Warning", "Degraded", "Critical"',
    },
    {
      title: 'too many',
      wrong: times(33, (at) => ({ name: `db-${at}` })),
      right: times(32, (at) => ({ name: `db-${at}` })),
      says: 'spec.dependsOn: Too many: 33: must have at most 32 items',
    },
  ]);

  refuses('scaling', tryIt, withPart('scaling'), [
    { title: 'nothing in it', wrong: {}, right: { minReplicas: 0 }, says: 'spec.scaling.minReplicas: Required value' },
    {
      title: 'less than none',
      wrong: { minReplicas: -1 },
      right: { minReplicas: 1 },
      says: 'spec.scaling.minReplicas in body should be greater than or equal to 0',
    },
    {
      title: 'a text for a number',
      wrong: { minReplicas: '2' },
      right: { minReplicas: 2 },
      says: 'spec.scaling.minReplicas in body must be of type integer: "string"',
    },
  ]);

  refuses('checks', tryIt, (part) => withSpec({ targetRef: target, health: { checks: part } }), [
    {
      title: 'seventeen of them',
      wrong: tcpChecks(17),
      right: tcpChecks(16),
      says: 'spec.health.checks: Too many: 17: must have at most 16 items',
    },
    {
      title: 'two of one name',
      wrong: [...tcpChecks(1), ...tcpChecks(1)],
      right: tcpChecks(2),
      says: 'spec.health.checks[1]: Duplicate value: {"name":"port-0"}',
    },
  ]);

  refuses('check', tryIt, withCheck, [
    {
      title: 'two measurements in one',
      wrong: { name: 'a', http: { port: 80 }, tcp: { port: 80 } },
      right: { name: 'a', http: { port: 80 } },
      says: 'exactly one of prometheus, resource, http, tcp or heartbeat; write one check per measurement',
    },
    {
      title: 'no measurement',
      wrong: { name: 'a' },
      right: { name: 'a', tcp: { port: 80 } },
      says: 'exactly one of prometheus, resource, http, tcp or heartbeat',
    },
    {
      title: 'a figure without thresholds',
      wrong: { name: 'a', prometheus: { query: 'up' } },
      right: { name: 'a', prometheus: { query: 'up' }, thresholds: { warning: 3, degraded: 2, critical: 1 } },
      says: 'need thresholds {warning, degraded, critical}',
    },
    {
      title: 'thresholds for what passes or fails',
      wrong: { name: 'a', tcp: { port: 80 }, thresholds: rising },
      right: { name: 'a', tcp: { port: 80 } },
      says: 'http and tcp checks pass or fail and take none',
    },
    {
      title: 'staleAfter for what is asked',
      wrong: { name: 'a', tcp: { port: 80 }, staleAfter: '60s' },
      right: { name: 'a', heartbeat: { metric: 'cpu' }, thresholds: rising, staleAfter: '60s' },
      says: 'staleAfter belongs to heartbeat checks',
    },
    {
      title: 'interval for what comes by itself',
      wrong: { name: 'a', resource: { name: 'cpu' }, thresholds: rising, interval: '60s' },
      right: { name: 'a', resource: { name: 'cpu' }, thresholds: rising },
      says: 'interval belongs to prometheus, http and tcp checks',
    },
    {
      title: 'the name of a signal that is always there',
      wrong: { name: 'availability', tcp: { port: 80 } },
      right: { name: 'available', tcp: { port: 80 } },
      says: 'are the names of the signals that are always there; choose another name',
    },
    {
      title: 'a name in upper case',
      wrong: { name: 'Errors', tcp: { port: 80 } },
      right: { name: 'errors', tcp: { port: 80 } },
      says: 'a check name has lower case letters, digits and - only',
    },
    {
      title: 'a name that is not ASCII',
      wrong: { name: 'größe', tcp: { port: 80 } },
      right: { name: 'groesse', tcp: { port: 80 } },
      says: 'a check name has lower case letters, digits and - only',
    },
    {
      title: 'no weight at all',
      wrong: { name: 'a', tcp: { port: 80 }, weight: 0 },
      right: { name: 'a', tcp: { port: 80 }, weight: 1 },
      says: 'weight in body should be greater than or equal to 1',
    },
    {
      title: 'a resource that is not measured',
      wrong: { name: 'a', resource: { name: 'gpu' }, thresholds: rising },
      right: { name: 'a', resource: { name: 'memory' }, thresholds: rising },
      says: 'supported values: "cpu", "memory"',
    },
    {
      title: 'a heartbeat of something else',
      wrong: { name: 'a', heartbeat: { metric: 'latency' }, thresholds: rising },
      right: { name: 'a', heartbeat: { metric: 'response_time_seconds' }, thresholds: rising },
      says: 'supported values: "cpu", "memory", "error_rate", "response_time_seconds"',
    },
    {
      title: 'a blank query of tabs and line breaks',
      wrong: { name: 'a', prometheus: { query: '\t \r\n' }, thresholds: rising },
      right: { name: 'a', prometheus: { query: '\tup\n' }, thresholds: rising },
      says: 'query is blank; write a PromQL expression with one number as its result, such as',
    },
    {
      title: 'a query of 5 MB would be one thing, one of 4097 characters is another',
      wrong: { name: 'a', prometheus: { query: 'a'.repeat(4097) }, thresholds: rising },
      right: { name: 'a', prometheus: { query: 'a'.repeat(4096) }, thresholds: rising },
      says: 'query: Too long: may not be more than 4096 bytes',
    },
  ]);

  const withThresholds = (part: unknown) => withCheck({ name: 'a', prometheus: { query: 'up' }, thresholds: part });
  refuses('thresholds', tryIt, withThresholds, [
    {
      title: 'up and down',
      wrong: { warning: 1, degraded: 3, critical: 2 },
      right: { warning: 1, degraded: 2, critical: 3 },
      says: 'must all rise (a value that should be low) or all fall (a value that should be high)',
    },
    {
      title: 'two of the same',
      wrong: { warning: 1, degraded: 1, critical: 0 },
      right: { warning: 2, degraded: 1, critical: 0 },
      says: 'must all rise (a value that should be low) or all fall (a value that should be high)',
    },
    {
      title: 'NaN',
      wrong: { warning: 'NaN', degraded: 2, critical: 3 },
      right: { warning: 1, degraded: 2, critical: 3 },
      says: 'thresholds.warning in body must be of type number: "string"',
    },
    {
      title: 'nearly infinite',
      wrong: { warning: 1, degraded: 2, critical: 1e300 },
      right: { warning: 1, degraded: 2, critical: 1e15 },
      says: 'thresholds.critical in body should be less than or equal to 1e+15',
    },
    {
      title: 'null',
      wrong: { warning: null, degraded: 2, critical: 3 },
      right: { warning: 1, degraded: 2, critical: 3 },
      says: 'thresholds.warning: Required value',
    },
  ]);
  refuses('ratios of a limit', tryIt, (part) => withCheck({ name: 'a', resource: { name: 'cpu' }, thresholds: part }), [
    {
      title: 'as percentages',
      wrong: { warning: 75, degraded: 85, critical: 95 },
      right: { warning: 0.75, degraded: 0.85, critical: 0.95 },
      says: 'write 0.75, not 75',
    },
    {
      title: 'below nothing',
      wrong: { warning: -0.1, degraded: 0.85, critical: 0.95 },
      right: { warning: 0, degraded: 0.85, critical: 0.95 },
      says: 'are ratios, from 0 to 1 of the limit or 0 to 10 of the request',
    },
  ]);
  refuses(
    'ratios of a heartbeat',
    tryIt,
    (part) => withCheck({ name: 'a', heartbeat: part, thresholds: { warning: 1, degraded: 5, critical: 60 } }),
    [
      {
        title: 'error_rate in percent',
        wrong: { metric: 'error_rate' },
        right: { metric: 'response_time_seconds' },
        says: 'ratios from 0 to 1 (write 0.05, not 5), or seconds from 0 for response_time_seconds',
      },
    ],
  );

  const interval = 'interval must be a duration from 1s to 1h, such as 15s';
  refuses('interval', tryIt, (part) => withCheck({ name: 'a', tcp: { port: 80, timeout: '100ms' }, interval: part }), [
    { title: 'too short', wrong: '10ms', right: '1s', says: interval },
    { title: 'negative', wrong: '-15s', right: '15s', says: interval },
    { title: 'without a unit', wrong: '15', right: '15s', says: interval },
    { title: 'with a fraction', wrong: '1.5m', right: '1m30s', says: interval },
    { title: 'NaN', wrong: 'NaNs', right: '9s', says: interval },
    { title: 'more hours than a duration can hold', wrong: '99999999999h', right: '1h', says: interval },
    { title: 'a number', wrong: 15, right: '15s', says: 'interval in body must be of type string: "integer"' },
    {
      title: 'a huge text',
      wrong: '1s'.repeat(50_000),
      right: '1s'.repeat(8),
      says: 'interval: Too long: may not be more than 16 bytes',
    },
  ]);
  refuses('timeout', tryIt, (part) => withCheck({ name: 'a', ...(part as object) }), [
    {
      title: 'longer than the interval',
      wrong: { http: { port: 80, timeout: '5s' }, interval: '4s' },
      right: { http: { port: 80, timeout: '5s' }, interval: '5s' },
      says: 'write a shorter timeout or a longer interval',
    },
    {
      title: 'longer than the interval that is not written',
      wrong: { tcp: { port: 80, timeout: '11s' } },
      right: { tcp: { port: 80, timeout: '10s' } },
      says: 'must not be longer than interval (10s when absent)',
    },
    {
      title: 'more than a timeout can be',
      wrong: { tcp: { port: 80, timeout: '31s' }, interval: '1m' },
      right: { tcp: { port: 80, timeout: '30s' }, interval: '1m' },
      says: 'timeout must be a duration from 100ms to 30s, such as 2s',
    },
  ]);

  const port = 'port must be a number from 1 to 65535 (without quotes) or the name of a port';
  refuses('port', tryIt, (part) => withHttp({ port: part }), [
    { title: 'a number in quotes', wrong: '8080', right: 8080, says: port },
    { title: 'zero', wrong: 0, right: 1, says: port },
    { title: 'too high', wrong: 65_536, right: 65_535, says: port },
    { title: 'a name in upper case', wrong: 'HTTP', right: 'http', says: port },
    { title: 'a name with a space', wrong: 'my port', right: 'my-port', says: port },
    { title: 'no name', wrong: '', right: '8080-tcp', says: port },
    {
      title: 'a name of 16 characters',
      wrong: 'a'.repeat(16),
      right: 'a'.repeat(15),
      says: 'may not be more than 15 bytes',
    },
    {
      title: 'an underscore',
      wrong: 'my_port',
      right: 'my-port',
      says: "should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'",
    },
  ]);

  const path = 'path must begin with one / and hold printable ASCII without #, spaces or backslashes';
  refuses('path', tryIt, (part) => withHttp({ path: part }), [
    { title: 'relative', wrong: 'healthz', right: '/healthz', says: path },
    { title: 'an address', wrong: 'http://evil.example/', right: '/', says: path },
    { title: 'another host in disguise', wrong: '//evil.example/', right: '/evil.example/', says: path },
    { title: 'another host behind a backslash', wrong: '/\\evil.example', right: '/%5Cevil.example', says: path },
    {
      title: 'a header slipped in',
      wrong: '/ HTTP/1.1\r\nHost: evil',
      right: '/%20HTTP/1.1%0D%0AHost:%20evil',
      says: path,
    },
    { title: 'a tab', wrong: '/a\tb', right: '/a%09b', says: path },
    { title: 'a fragment', wrong: '/a#b', right: '/a%23b', says: path },
    { title: 'a line separator of Unicode', wrong: '/a\u2028b', right: '/a%E2%80%A8b', says: path },
    { title: 'a control character', wrong: '/a\u0000b', right: '/a', says: path },
    { title: 'an umlaut', wrong: '/gr\u00f6sse', right: '/gr%C3%B6sse?q=[1]&"x"', says: path },
    {
      title: 'very long',
      wrong: `/${'a'.repeat(1024)}`,
      right: `/${'a'.repeat(1023)}`,
      says: 'may not be more than 1024 bytes',
    },
  ]);
  refuses('service', tryIt, withHttp, [
    {
      title: 'without target: Service',
      wrong: { service: 'web' },
      right: { service: 'web', target: 'Service' },
      says: 'add target: Service or remove service',
    },
    {
      title: 'in another namespace',
      wrong: { service: 'web.other.svc', target: 'Service' },
      right: { service: 'web', target: 'Service' },
      says: 'service must be the name of a Service in this namespace (no dots, no namespace)',
    },
  ]);

  refuses('hysteresis', tryIt, (part) => withSpec({ targetRef: target, health: { hysteresis: part } }), [
    {
      title: 'a fall of two hours',
      wrong: { fall: '2h' },
      right: { fall: '60m' },
      says: 'fall must be a duration from 0s to 1h, such as 5s',
    },
    {
      title: 'a negative rise',
      wrong: { rise: '-1s' },
      right: { rise: '0s' },
      says: 'rise must be a duration from 0s to 1h, such as 10s',
    },
  ]);

  const window = 'window must be whole hours or days from 1h to 90d, such as 30d';
  const objective = (part: unknown) =>
    withPart('objectives')([{ name: 'availability', target: 99.9, ...(part as object) }]);
  refuses('objective', tryIt, objective, [
    { title: 'of 100', wrong: { target: 100 }, right: { target: 99.999 }, says: '100 leaves no error budget' },
    { title: 'of too many nines', wrong: { target: 99.9991 }, right: { target: 99.999 }, says: 'from 50 to 99.999' },
    { title: 'as a ratio', wrong: { target: 0.999 }, right: { target: 99.9 }, says: 'write 99.9, not 0.999' },
    { title: 'over 100 days', wrong: { window: '100d' }, right: { window: '90d' }, says: window },
    { title: 'over no time', wrong: { window: '0d' }, right: { window: '1h' }, says: window },
    { title: 'over digits without end', wrong: { window: '9999999d' }, right: { window: '2160h' }, says: window },
    { title: 'in weeks', wrong: { window: '4w' }, right: { window: '28d' }, says: window },
    {
      title: 'of something else',
      wrong: { name: 'latency' },
      right: { name: 'availability' },
      says: 'supported values: "availability"',
    },
  ]);

  const schedule = 'schedule must have five cron fields';
  const maintenance = (part: unknown) =>
    withPart('maintenanceWindows')([{ schedule: '0 3 * * 0', duration: '1h', ...(part as object) }]);
  refuses('maintenance window', tryIt, maintenance, [
    { title: 'a nickname', wrong: { schedule: '@daily' }, right: { schedule: '0 0 * * *' }, says: schedule },
    { title: 'four fields', wrong: { schedule: '0 3 * *' }, right: { schedule: '0 3 * * *' }, says: schedule },
    { title: 'with seconds', wrong: { schedule: '0 0 3 * * 0' }, right: { schedule: '0 3 * * 0' }, says: schedule },
    {
      title: 'a minute that there is not',
      wrong: { schedule: '60 3 * * 0' },
      right: { schedule: '59 3 * * 0' },
      says: schedule,
    },
    {
      title: 'an hour that there is not',
      wrong: { schedule: '0 24 * * 0' },
      right: { schedule: '0 23 * * 0' },
      says: schedule,
    },
    {
      title: 'a month that there is not',
      wrong: { schedule: '*/15 3-5,7 1 13 *' },
      right: { schedule: '*/15 3-5,7 1 DEC MON-FRI' },
      says: schedule,
    },
    { title: 'a line break', wrong: { schedule: '0 3\n* * 0' }, right: { schedule: '0 3  * * 0' }, says: schedule },
    {
      title: 'longer than a week',
      wrong: { duration: '169h' },
      right: { duration: '168h' },
      says: 'duration must be from 1m to 168h, such as 1h30m',
    },
    {
      title: 'an offset for a time zone',
      wrong: { timeZone: '+02:00' },
      right: { timeZone: 'America/Argentina/Buenos_Aires' },
      says: 'timeZone must be an IANA name, such as Europe/Berlin',
    },
  ]);
});
