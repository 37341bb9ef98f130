import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, Api } from '../support/api.ts';
import { installCrds } from '../support/crds.ts';
import { eventually } from '../support/eventually.ts';
import { attempt } from './refusals.ts';

const api = new Api();
let namespace: Awaited<ReturnType<Api['namespace']>>;
let services: string;

beforeAll(async () => {
  await installCrds(api);
  namespace = await api.namespace('admission');
  services = `/apis/baton.dev/v1alpha1/namespaces/${namespace.name}/orchestratedservices`;
});
afterAll(() => namespace[Symbol.asyncDispose]());

const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' };
const service = (name: string, spec: object = {}) => ({
  apiVersion: 'baton.dev/v1alpha1',
  kind: 'OrchestratedService',
  metadata: { name },
  spec: { targetRef, ...spec },
});
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
const padded = (prefix: string, at: number, length: number) => `${prefix}${at}`.padEnd(length, 'x');

/** Every list at its most items and every text at its most characters. */
const biggest = () =>
  service('n'.repeat(253), {
    targetRef: { apiVersion: `${'g'.repeat(250)}/v1`, kind: 'K'.repeat(63), name: 't'.repeat(253) },
    priority: 'Maintenance',
    dependsOn: times(32, (at) => ({ name: padded('d', at, 253), namespace: padded('n', at, 63) })),
    scaling: { minReplicas: 100_000 },
    health: {
      checks: [
        ...times(5, (at) => ({
          name: padded('p', at, 63),
          weight: 100,
          critical: true,
          interval: '1m59s999ms',
          prometheus: { query: 'q'.repeat(4096) },
          thresholds: { warning: 1e15, degraded: 0, critical: -1e15 },
        })),
        ...times(6, (at) => ({
          name: padded('h', at, 63),
          interval: '59m59s999ms',
          http: {
            target: 'Service',
            service: 's'.repeat(63),
            port: 'p'.repeat(15),
            path: `/${'~'.repeat(1023)}`,
            scheme: 'HTTPS',
            timeout: '29s999ms',
          },
        })),
        ...times(5, (at) => ({
          name: padded('b', at, 63),
          staleAfter: '23h59m59s999ms',
          heartbeat: { metric: 'response_time_seconds' },
          thresholds: { warning: 1, degraded: 2, critical: 3 },
        })),
      ],
      hysteresis: { fall: '59m59s999ms', rise: '59m59s999ms' },
    },
    objectives: [{ name: 'availability', target: 99.999, window: '2160h' }],
    maintenanceWindows: times(8, () => ({
      schedule: `${'0,'.repeat(59)}0 3 1 11 1`,
      duration: '167h59m59s999ms',
      timeZone: 'Z'.repeat(64),
    })),
  });

const at = '2026-11-21T05:00:00Z';
const biggestStatus = () => ({
  observedGeneration: Number.MAX_SAFE_INTEGER,
  health: 'Degraded',
  score: 100,
  confidence: '100.000%',
  phase: 'Progressing',
  replicas: { current: 2_147_483_647, ready: 2_147_483_647, desired: 2_147_483_647 },
  selector: 's'.repeat(1024),
  activeTarget: 'a'.repeat(320),
  signals: times(24, (index) => ({
    name: padded('s', index, 63),
    value: 'v'.repeat(64),
    score: 100,
    weight: 100,
    evidence: 'ä'.repeat(512),
    observedAt: at,
  })),
  objectives: times(4, (index) => ({
    name: padded('o', index, 63),
    availability: '9'.repeat(16),
    budgetRemaining: '9'.repeat(16),
    burnRate: '9'.repeat(16),
  })),
  uptime: {
    state: 'Maintenance',
    since: at,
    up: '9'.repeat(32),
    down: '9'.repeat(32),
    unknown: '9'.repeat(32),
    maintenance: '9'.repeat(32),
    segments: times(64, () => ({ state: 'Maintenance', from: at, to: at, total: '9'.repeat(32) })),
  },
  pending: { health: 'Degraded', since: at },
  startingSince: at,
  everAvailable: true,
  lastDecision: { kind: 'k'.repeat(32), verdict: 'v'.repeat(64), because: 'b'.repeat(1024), at },
  conditions: times(16, (index) => ({
    type: padded('T', index, 64),
    status: 'Unknown',
    observedGeneration: 1,
    lastTransitionTime: at,
    reason: 'r'.repeat(128),
    message: 'm'.repeat(2048),
  })),
});

describe('an OrchestratedService is accepted', () => {
  it('with nothing but a targetRef, and is told nothing else than a priority', async () => {
    const { status, body } = await attempt(api, services, service('bare'));
    expect(status).toBe(201);
    expect(body['spec']).toEqual({ targetRef, priority: 'Normal', mode: 'Enforce' });
  });

  it('with checks that say only what they must, and shows their defaults', async () => {
    const checks = [
      { name: 'page', http: { port: 'http' } },
      { name: 'open', tcp: { port: 80 } },
      { name: 'cpu', resource: { name: 'cpu' }, thresholds: { warning: 0.7, degraded: 0.8, critical: 0.9 } },
    ];
    const { body } = await attempt(api, services, service('checks', { health: { checks } }));
    const always = { weight: 20, critical: false };
    expect((body['spec'] as { health: object }).health).toEqual({
      checks: [
        { ...checks[0], ...always, http: { port: 'http', target: 'Pod', path: '/', scheme: 'HTTP', timeout: '2s' } },
        { ...checks[1], ...always, tcp: { port: 80, target: 'Pod', timeout: '2s' } },
        { ...checks[2], ...always, resource: { name: 'cpu', of: 'limit' } },
      ],
    });
  });

  it('with every list and every text as long as it may be, and so is its status', async () => {
    const strict = { fieldValidation: 'Strict' };
    const created = await api.call('POST', services, { body: biggest(), query: strict });
    expect(created.message).toBe('');
    const path = `${services}/${'n'.repeat(253)}/status`;
    const written = await api.call('PATCH', path, { body: { status: biggestStatus() }, query: strict });
    expect(written.message).toBe('');
    expect(written.body['status']).toEqual(biggestStatus());
    expect(JSON.stringify(written.body).length).toBeLessThan(1_500_000);
  });

  it('without a field that it does not have, where a client asks for no validation', async () => {
    const query = { dryRun: 'All', fieldValidation: 'Ignore' };
    const { status, body } = await api.call('POST', services, { body: service('loose', { replicas: 3 }), query });
    expect(status).toBe(201);
    expect(body['spec']).not.toHaveProperty('replicas');
  });
});

describe('an OrchestratedService that is there', () => {
  const change = (name: string, spec: object) => api.call('PATCH', `${services}/${name}`, { body: { spec } });

  it('keeps its targetRef, and says how to look after another workload', async () => {
    await api.call('POST', services, { body: service('kept') });
    const refused = await change('kept', { targetRef: { name: 'other' } });
    expect(refused.status).toBe(422);
    expect(refused.message).toContain('delete this OrchestratedService and create one for the other workload');
    const accepted = await change('kept', { targetRef: { name: 'checkout' }, priority: 'High' });
    expect(accepted.message).toBe('');
    expect(accepted.body['spec']).toEqual({ targetRef, priority: 'High', mode: 'Enforce' });
  });

  it('does not change its status by a write to the object, nor its spec by a write to the status', async () => {
    await api.call('POST', services, { body: { ...service('split'), status: { health: 'Healthy' } } });
    const status = { health: 'Failed', score: 0 };
    const { body } = await api.call('PATCH', `${services}/split/status`, {
      body: { spec: { priority: 'Low' }, status },
    });
    expect(body).toMatchObject({ spec: { priority: 'Normal' }, status });
    expect((await change('split', { priority: 'High' })).body).toMatchObject({ spec: { priority: 'High' }, status });
  });

  it.each([
    [{ health: 'Fine' }, 'supported values: "Healthy", "Warning", "Degraded", "Critical", "Failed", "Unknown"'],
    [{ score: 101 }, 'status.score: Invalid value: 101: score in body should be less than or equal to 100'],
    [{ conditions: [{ type: 'Ready', status: 'True' }] }, 'status.conditions[0].reason: Required value'],
  ])('refuses a status that the reference does not have: %j', async (status, says) => {
    await api.call('POST', services, { body: service('typed') });
    const refused = await api.call('PATCH', `${services}/typed/status`, { body: { status } });
    expect(refused.message).toContain(says);
  });

  it('is listed with the columns of the reference, wide ones last', async () => {
    const { body } = await api.call('GET', services, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    const columns = body['columnDefinitions'] as { name: string; priority: number; description: string }[];
    const named = (wide: boolean) => columns.filter(({ priority }) => priority > 0 === wide).map(({ name }) => name);
    expect(named(false)).toEqual([
      'Name',
      'Health',
      'Score',
      'Ready',
      'Current',
      'Desired',
      'Predicted',
      'Active',
      'Phase',
      'Reason',
      'Age',
    ]);
    expect(named(true)).toEqual([
      'Priority',
      'Confidence',
      'Budget',
      'Circuit',
      'Strategy',
      'Recommended',
      'Limited',
      'Suspended',
      'Message',
    ]);
  });
});

describe('an Orchestration is accepted', () => {
  const orchestrations = '/apis/baton.dev/v1alpha1/orchestrations';
  const policy = { apiVersion: 'baton.dev/v1alpha1', kind: 'Orchestration', metadata: { name: 'default' } };
  const apply = (spec: object) =>
    api.call('PATCH', `${orchestrations}/default`, {
      body: { ...policy, ...spec },
      contentType: 'application/apply-patch+yaml',
      query: { dryRun: 'All', fieldManager: 'admission-test', force: 'true' },
    });

  /** As if it were new, also where there is one already. */
  async function asNew(): Promise<Answer> {
    const created = await attempt(api, orchestrations, policy);
    if (created.body['reason'] !== 'AlreadyExists') return created;
    const { body } = await api.call('GET', `${orchestrations}/default`);
    const { resourceVersion } = body['metadata'] as { resourceVersion: string };
    const replaced = { ...policy, metadata: { name: 'default', resourceVersion } };
    return api.call('PUT', `${orchestrations}/default`, { body: replaced, query: { dryRun: 'All' } });
  }

  it('with nothing in it, and shows the policy that then holds', async () => {
    const { body } = await eventually('nobody writes in between', 10, asNew, ({ status }) => status !== 409);
    expect(body['spec']).toEqual({
      metricSources: { resourceMetrics: { enabled: true, interval: '15s' } },
      httpChecks: { allowedDestinations: [], maxConcurrent: 50 },
      health: { hysteresis: { fall: '0s', rise: '10s' } },
      guard: {
        disruptions: { perCluster: 10, perNamespace: 5, window: '10m' },
        massFailure: { floor: 5, share: 40 },
      },
      emergency: {
        halt: 'None',
        onHalt: {},
        protectedNamespaces: [],
        remindAfter: '1h',
        resumePatience: '1m',
        resumePerSecond: 10,
        rules: {
          nodeCPU: { action: 'DryRun', above: 95, atLeast: 3, for: '10m' },
          nodeMemory: { action: 'DryRun', above: 95, atLeast: 3, for: '10m' },
          servicesFailed: { action: 'DryRun', above: 50, atLeast: 10, for: '5m' },
          workflowsFailed: { action: 'DryRun', above: 30, atLeast: 10, for: '5m' },
          workflowsOverdue: { action: 'DryRun' },
        },
      },
      limits: { maxConcurrentWorkflows: 10, maxWorkflowDepth: 5, maxWorkflowDuration: '24h' },
      workflows: { slots: [], ageing: 10, haltExempt: [] },
      stoppedNamespaces: [],
      maintenanceWindows: [],
    });
  });

  it('with every list as long as it may be', async () => {
    const { message } = await apply({
      spec: {
        metricSources: {
          prometheus: { url: `https://${'p'.repeat(504)}`, namespaces: times(256, (index) => padded('n', index, 63)) },
        },
        maintenanceWindows: times(16, () => ({ schedule: '0 3 * * 0', duration: '1h' })),
      },
    });
    expect(message).toBe('');
  });
});
