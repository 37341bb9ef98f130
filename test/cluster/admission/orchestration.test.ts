import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, Api } from '../support/api.ts';
import { installCrds } from '../support/crds.ts';
import { attempt, refuses } from './refusals.ts';

const api = new Api();
beforeAll(() => installCrds(api));

const tryIt = (object: object): Promise<Answer> => attempt(api, '/apis/baton.dev/v1alpha1/orchestrations', object);

const named = (name: unknown) => ({
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'Orchestration',
  metadata: { name },
  spec: {},
});
const withSpec = (spec: unknown) => ({ ...named('default'), spec });
const withPrometheus = (part: unknown) =>
  withSpec({ metricSources: { prometheus: { url: 'http://prometheus:9090', ...(part as object) } } });
const withBudget = (part: unknown) => withSpec({ capacityBudgets: [{ name: 'nodes', ...(part as object) }] });
const withDiscovery = (rule: unknown) => withSpec({ discovery: { rules: [rule] } });

describe('an Orchestration is refused with what to write instead', () => {
  refuses('name', tryIt, named, [
    { title: 'not default', wrong: 'main', right: 'default', says: 'edit Orchestration/default instead' },
  ]);

  refuses('spec', tryIt, withSpec, [
    {
      title: 'a section of later releases',
      wrong: { notifications: {} },
      right: {},
      says: 'unknown field "spec.notifications"',
    },
    {
      title: 'no prometheus address',
      wrong: { metricSources: { prometheus: {} } },
      right: { metricSources: {} },
      says: 'spec.metricSources.prometheus.url: Required value',
    },
    {
      title: 'resource metrics asked too often',
      wrong: { metricSources: { resourceMetrics: { interval: '500ms' } } },
      right: { metricSources: { resourceMetrics: { interval: '1s' } } },
      says: 'interval must be a duration from 1s to 10m, such as 30s',
    },
    {
      title: 'a switch that is a text',
      wrong: { metricSources: { resourceMetrics: { enabled: 'no' } } },
      right: { metricSources: { resourceMetrics: { enabled: false } } },
      says: 'enabled in body must be of type boolean: "string"',
    },
    {
      title: 'all destinations at once',
      wrong: { httpChecks: { allowedDestinations: ['*'] } },
      right: { httpChecks: { allowedDestinations: ['Loopback', 'LinkLocal', 'APIServer'] } },
      says: 'supported values: "Loopback", "LinkLocal", "APIServer"',
    },
    {
      title: 'one destination twice',
      wrong: { httpChecks: { allowedDestinations: ['Loopback', 'Loopback'] } },
      right: { httpChecks: { allowedDestinations: ['Loopback'] } },
      says: 'allowedDestinations[1]: Duplicate value: "Loopback"',
    },
    {
      title: 'no check at once',
      wrong: { httpChecks: { maxConcurrent: 0 } },
      right: { httpChecks: { maxConcurrent: 1 } },
      says: 'maxConcurrent in body should be greater than or equal to 1',
    },
    {
      title: 'a fall of an instant too many',
      wrong: { health: { hysteresis: { fall: '1h1ms' } } },
      right: { health: { hysteresis: { fall: '1h' } } },
      says: 'fall must be a duration from 0s to 1h, such as 5s',
    },
    {
      title: 'a rise that overflows',
      wrong: { health: { hysteresis: { rise: '999999999999h' } } },
      right: { health: { hysteresis: { rise: '59m59s999ms' } } },
      says: 'rise must be a duration from 0s to 1h, such as 10s',
    },
    {
      title: 'a window without a duration',
      wrong: { maintenanceWindows: [{ schedule: '0 3 * * 0' }] },
      right: { maintenanceWindows: [{ schedule: '0 3 * * 0', duration: '1h' }] },
      says: 'spec.maintenanceWindows[0].duration: Required value',
    },
    {
      title: 'a window on a day that there is not',
      wrong: { maintenanceWindows: [{ schedule: '0 3 32 * *', duration: '1h' }] },
      right: { maintenanceWindows: [{ schedule: '0 3 31 * *', duration: '1h' }] },
      says: 'schedule must have five cron fields',
    },
  ]);

  const url = 'url must be the base address of Prometheus, such as http://prometheus.monitoring:9090';
  refuses('prometheus', tryIt, withPrometheus, [
    {
      title: 'without a scheme',
      wrong: { url: 'prometheus:9090' },
      right: { url: 'http://prometheus:9090' },
      says: url,
    },
    { title: 'another scheme', wrong: { url: 'file:///etc/passwd' }, right: { url: 'https://prometheus' }, says: url },
    {
      title: 'credentials',
      wrong: { url: 'http://me:secret@prometheus' },
      right: { url: 'http://prometheus' },
      says: url,
    },
    {
      title: 'the path of the API',
      wrong: { url: 'http://prometheus:9090/api/v1/query' },
      right: { url: 'http://prometheus:9090/prefix/' },
      says: url,
    },
    { title: 'a query', wrong: { url: 'http://prometheus/?a=b' }, right: { url: 'http://[fd00::1]:9090' }, says: url },
    {
      title: 'a line break',
      wrong: { url: 'http://prometheus/\nx' },
      right: { url: 'http://prometheus/x' },
      says: url,
    },
    {
      title: 'two ports',
      wrong: { url: 'http://prometheus:9090:1' },
      right: { url: 'http://prometheus:9090' },
      says: url,
    },
    {
      title: 'a pattern of namespaces',
      wrong: { namespaces: ['team-*'] },
      right: { namespaces: ['*'] },
      says: 'patterns such as team-* are not understood',
    },
    {
      title: 'a namespace twice',
      wrong: { namespaces: ['shop', 'shop'] },
      right: { namespaces: ['shop', 'shop-2'] },
      says: 'namespaces[1]: Duplicate value: "shop"',
    },
    {
      title: 'no time at all',
      wrong: { timeout: '0s' },
      right: { timeout: '100ms' },
      says: 'timeout must be a duration from 100ms to 1m, such as 5s',
    },
  ]);

  refuses('capacityBudgets', tryIt, withBudget, [
    {
      title: 'of nobody',
      wrong: { maxReplicas: 10 },
      right: { namespaces: ['*'], maxReplicas: 10 },
      says: 'a capacity budget needs namespaces, a selector of labels, or both',
    },
    {
      title: 'of nothing',
      wrong: { namespaces: ['shop'] },
      right: { namespaces: ['shop'], memory: '128Gi' },
      says: 'a capacity budget limits at least one of maxReplicas, cpu and memory',
    },
    {
      title: 'no replicas at all',
      wrong: { namespaces: ['shop'], maxReplicas: 0 },
      right: { namespaces: ['shop'], maxReplicas: 1 },
      says: 'maxReplicas in body should be greater than or equal to 1',
    },
    {
      title: 'no CPU at all',
      wrong: { namespaces: ['shop'], cpu: 0 },
      right: { namespaces: ['shop'], cpu: 40 },
      says: 'cpu must be more than 0, such as 40 or 2500m',
    },
    {
      title: 'no memory, with a unit',
      wrong: { namespaces: ['shop'], memory: '0Gi' },
      right: { namespaces: ['shop'], memory: '0.5Gi' },
      says: 'capacityBudgets[0].memory',
    },
    {
      title: 'a selector that matches everything',
      wrong: { selector: {}, maxReplicas: 10 },
      right: { selector: { matchLabels: { 'example.com/tier': 'web' } }, maxReplicas: 10 },
      says: 'an empty selector would match every service',
    },
    {
      title: 'an In without values',
      wrong: { selector: { matchExpressions: [{ key: 'tier', operator: 'In' }] }, maxReplicas: 10 },
      right: { selector: { matchExpressions: [{ key: 'tier', operator: 'In', values: ['web'] }] }, maxReplicas: 10 },
      says: 'In and NotIn need values; Exists and DoesNotExist take none',
    },
    {
      title: 'a label that cannot be',
      wrong: { selector: { matchLabels: { 'a tier': 'web' } }, maxReplicas: 10 },
      right: { selector: { matchLabels: { tier: 'web' } }, maxReplicas: 10 },
      says: 'matchLabels holds label keys such as tier',
    },
    {
      title: 'a pattern of namespaces',
      wrong: { namespaces: ['team-*'], maxReplicas: 10 },
      right: { namespaces: ['team-a', 'team-b'], maxReplicas: 10 },
      says: 'patterns such as team-* are not understood',
    },
  ]);

  refuses('discovery', tryIt, withDiscovery, [
    {
      title: 'a rule without a name',
      wrong: { namespaceSelector: { matchLabels: { team: 'a' } } },
      right: { name: 'team-a', namespaceSelector: { matchLabels: { team: 'a' } } },
      says: 'discovery.rules[0].name: Required value',
    },
    {
      title: 'a name that is no label',
      wrong: { name: 'Team A' },
      right: { name: 'team-a' },
      says: 'the name of a rule has lower case letters, digits and - only',
    },
    {
      title: 'every namespace by mistake',
      wrong: { name: 'all', namespaceSelector: {} },
      right: {
        name: 'all',
        namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'Exists' }] },
      },
      says: 'an empty selector would match every namespace; ask for kubernetes.io/metadata.name with operator Exists',
    },
    {
      title: 'every workload by mistake',
      wrong: { name: 'all', workloadSelector: { matchLabels: {} } },
      right: { name: 'all', workloadSelector: { matchLabels: { tier: 'web' } } },
      says: 'an empty selector would match every workload',
    },
    {
      title: 'a kind without replicas',
      wrong: { name: 'all', kinds: ['DaemonSet'] },
      right: { name: 'all', kinds: ['StatefulSet'] },
      says: 'supported values: "Deployment", "StatefulSet"',
    },
    {
      title: 'no kind',
      wrong: { name: 'all', kinds: [] },
      right: { name: 'all', kinds: ['Deployment'] },
      says: 'kinds in body should have at least 1 items',
    },
    {
      title: 'a target for all',
      wrong: { name: 'all', template: { spec: { targetRef: { kind: 'Deployment' } } } },
      right: { name: 'all', template: { spec: { mode: 'Observe' } } },
      says: 'discovery writes targetRef itself, for each workload; remove it',
    },
    {
      title: 'a misspelt part of the template',
      wrong: { name: 'all', template: { metdata: {} } },
      right: { name: 'all', template: { metadata: {} } },
      says: 'unknown field "spec.discovery.rules[0].template.metdata"',
    },
    {
      title: 'a label that says who manages it',
      wrong: { name: 'all', template: { metadata: { labels: { 'app.kubernetes.io/managed-by': 'me' } } } },
      right: { name: 'all', template: { metadata: { labels: { 'app.kubernetes.io/part-of': 'me' } } } },
      says: 'discovery writes app.kubernetes.io/managed-by itself; remove it',
    },
    {
      title: 'a label that cannot be',
      wrong: { name: 'all', template: { metadata: { labels: { tier: 'a b' } } } },
      right: { name: 'all', template: { metadata: { labels: { tier: 'a-b' } } } },
      says: 'labels holds label keys such as tier',
    },
    {
      title: 'a template of hundreds of fields',
      wrong: {
        name: 'all',
        template: { spec: Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`field${index}`, 1])) },
      },
      right: { name: 'all', template: { spec: { priority: 'Low' } } },
      says: 'must have at most 32 items',
    },
  ]);

  it('discovery: two rules of one name are refused', async () => {
    const twice = { rules: [{ name: 'all' }, { name: 'all' }] };
    const { message } = await tryIt(withSpec({ discovery: twice }));
    expect(message).toContain('discovery.rules[1]: Duplicate value');
  });
});
