import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { OrchestratedServiceStatus, OrchestrationStatus, Priority } from '../../../src/api/kinds.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { parseDuration } from '../../../src/domain/duration.ts';
import { DEFAULT_POLICY, policyChanges, validatePolicy } from '../../../src/domain/orchestration/policy.ts';
import { type ServiceSummary, summarise, type SummaryInput } from '../../../src/domain/orchestration/summarise.ts';
import { HOUR, MINUTE, NOW, policy } from './fixtures.ts';

function service(
  name: string,
  status: OrchestratedServiceStatus | undefined,
  priority: Priority = 'Normal',
): ServiceSummary {
  return { namespace: 'shop', name, priority, status: status && { everAvailable: true, ...status }, observed: true };
}

const healthy = (name: string, priority?: Priority) => service(name, { health: 'Healthy', score: 100 }, priority);
const failed = (name: string, priority?: Priority) => service(name, { health: 'Failed', score: 0 }, priority);

function sum(services: readonly ServiceSummary[], overrides: Partial<SummaryInput> = {}) {
  return summarise({
    services,
    policy: DEFAULT_POLICY,
    generation: 1,
    problems: [],
    shuttingDown: false,
    previous: undefined,
    now: NOW,
    ...overrides,
  });
}

const stored = (status: OrchestrationStatus): OrchestrationStatus =>
  JSON.parse(JSON.stringify(status)) as OrchestrationStatus;
const ready = ({ conditions }: OrchestrationStatus) => conditions?.find(({ type }) => type === 'Ready');

describe('the sum of all services', () => {
  it('counts by level', () => {
    const levels = ['Healthy', 'Healthy', 'Warning', 'Degraded', 'Critical', 'Failed', 'Unknown'] as const;
    const { status } = sum(levels.map((health, index) => service(`s${index}`, { health })));
    expect(status.services).toEqual({
      total: 7,
      healthy: 2,
      warning: 1,
      degraded: 1,
      critical: 1,
      failed: 1,
      unknown: 1,
    });
  });

  it('weighs the score by priority: (5·100 + 3·80 + 2·60 + 1·40 + 0·0) / 11 = 81.8', () => {
    const scores: [Priority, number][] = [
      ['Critical', 100],
      ['High', 80],
      ['Normal', 60],
      ['Low', 40],
      ['Maintenance', 0],
    ];
    const services = scores.map(([priority, score]) =>
      service(priority.toLowerCase(), { health: 'Warning', score }, priority),
    );
    expect(sum(services).status.score).toBe(81);
  });

  it('has no score where nothing that weighs has evidence', () => {
    const services = [service('new', { health: 'Unknown' }), healthy('idle', 'Maintenance')];
    expect(sum(services).status).not.toHaveProperty('score');
  });

  it('names the worst five below Healthy: priority, then score, then name, in any order of the services', () => {
    const services = [
      healthy('fine', 'Critical'),
      service('low', { health: 'Failed', score: 0 }, 'Low'),
      service('b', { health: 'Warning', score: 75 }),
      service('a', { health: 'Warning', score: 75 }),
      service('worse', { health: 'Degraded', score: 50 }),
      service('top', { health: 'Warning', score: 85 }, 'Critical'),
      service('high', { health: 'Critical', score: 20 }, 'High'),
    ];
    const names = ['top', 'high', 'worse', 'a', 'b'];
    expect(sum(services).status.worst?.map(({ name }) => name)).toEqual(names);
    expect(sum(services.toReversed()).status.worst?.map(({ name }) => name)).toEqual(names);
  });

  it('says why each of them is there', () => {
    const conditions = [
      {
        type: 'Ready',
        status: 'False' as const,
        lastTransitionTime: '2026-05-01T10:00:00Z',
        reason: 'PodsNotReady',
        message: '0 of 3',
      },
    ];
    const { status } = sum([service('web', { health: 'Failed', score: 0, conditions })]);
    expect(status.worst).toEqual([
      { namespace: 'shop', name: 'web', health: 'Failed', score: 0, reason: 'PodsNotReady', message: '0 of 3' },
    ]);
  });
});

describe('the state of the whole', () => {
  const unseen = { ...healthy('unseen'), observed: false };

  it('is Initializing until every service was looked at, and not again for one that is new later', () => {
    const first = sum([healthy('web'), unseen]);
    expect(first.status).toMatchObject({ state: 'Initializing', since: '2026-05-01T10:00:00Z' });
    expect(ready(first.status)).toMatchObject({ status: 'False', reason: 'Initializing' });
    const then = sum([healthy('web'), healthy('unseen')], { previous: stored(first.status), now: NOW + MINUTE });
    expect(then.status).toMatchObject({ state: 'Active', since: '2026-05-01T10:01:00Z' });
    expect(then.transitions).toMatchObject([
      { kind: 'State', from: 'Initializing', to: 'Active', reason: 'StateChanged', type: 'Normal' },
    ]);
    expect(sum([healthy('web'), unseen], { previous: stored(then.status) }).status.state).toBe('Active');
  });

  it('is Degraded while a service is Failed or Critical', () => {
    const active = sum([healthy('web')]);
    const degraded = sum([healthy('web'), failed('db')], { previous: stored(active.status), now: NOW + MINUTE });
    expect(degraded.status).toMatchObject({ state: 'Degraded', since: '2026-05-01T10:01:00Z' });
    expect(degraded.transitions).toMatchObject([
      { type: 'Warning', message: 'Active → Degraded: services are Failed or Critical, first of all shop/db' },
    ]);
    expect(sum([service('web', { health: 'Degraded', score: 50 })]).status.state).toBe('Active');
  });

  it('does not count a service that was never available', () => {
    const { status } = sum([healthy('web'), service('new', { health: 'Failed', score: 0, everAvailable: false })]);
    expect(status).toMatchObject({ state: 'Active', services: { failed: 1 } });
    expect(status.worst).toHaveLength(1);
  });

  it('is Maintenance in a window of the policy, until it ends', () => {
    const windows = policy({ maintenanceWindows: [{ schedule: '0 10 * * *', duration: '1h', timeZone: 'UTC' }] });
    const open = sum([failed('web')], { policy: windows });
    expect(open.status.state).toBe('Maintenance');
    expect(open.status.conditions).toMatchObject([
      { type: 'Ready' },
      { type: 'InMaintenance', reason: 'MaintenanceWindow' },
    ]);
    expect(open.lookAgainAt).toBe(NOW + HOUR);
    expect(sum([failed('web')], { policy: windows, previous: stored(open.status), now: NOW + HOUR }).status.state).toBe(
      'Degraded',
    );
  });

  it('is ShuttingDown at the end, and begins anew with the next process', () => {
    const down = sum([healthy('web')], { shuttingDown: true, previous: stored(sum([healthy('web')]).status) });
    expect(down.status.state).toBe('ShuttingDown');
    expect(ready(down.status)).toMatchObject({ status: 'False', reason: 'ShuttingDown' });
    expect(sum([unseen], { previous: stored(down.status) }).status.state).toBe('Initializing');
    expect(sum([healthy('web')], { previous: stored(down.status) }).status.state).toBe('Active');
  });

  it('does not change the status while nothing changed, whatever the clock says', () => {
    const before = stored(sum([healthy('web'), failed('db')]).status);
    for (const now of [NOW, NOW + HOUR, NOW - HOUR]) {
      const again = sum([failed('db'), healthy('web')], { previous: before, now });
      expect(again.status).toBe(before);
      expect(again.transitions).toEqual([]);
    }
  });

  it('tells of a policy that is not in force, and goes on with the one before', () => {
    const { status } = sum([healthy('web')], {
      problems: ['maintenanceWindows[0]: there is no time zone X'],
      generation: 1,
    });
    expect(status).toMatchObject({ state: 'Active', observedGeneration: 1 });
    expect(ready(status)).toMatchObject({ status: 'False', reason: 'PolicyInvalid' });
    expect(status.conditions).toMatchObject([
      { type: 'Ready' },
      { type: 'Stalled', status: 'True', reason: 'PolicyInvalid' },
    ]);
  });
});

describe('the policy', () => {
  it('by default is what the API server makes of an empty spec', () => {
    const crd = parse(
      readFileSync(new URL('../../../crds/orchestrations.baton.dev.yaml', import.meta.url), 'utf8'),
    ) as {
      spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: Schema } } } }[] };
    };
    expect(DEFAULT_POLICY).toEqual(defaulted({}, crd.spec.versions[0]?.schema.openAPIV3Schema.properties.spec ?? {}));
  });

  it('has CPU and memory read as often as replicas are decided on', () => {
    const { metricSources } = DEFAULT_POLICY;
    expect(parseDuration(metricSources?.resourceMetrics.interval ?? '')).toBe(loadSettings([], {}).scalingInterval);
  });

  it('says in words what changed', () => {
    const after = policy({
      httpChecks: { allowedDestinations: ['Loopback'], maxConcurrent: 20 },
      metricSources: {
        resourceMetrics: { enabled: true, interval: '15s' },
        prometheus: { url: 'http://prometheus:9090', namespaces: ['shop'], timeout: '5s' },
      },
    });
    expect(policyChanges(DEFAULT_POLICY, after)).toBe(
      'httpChecks.allowedDestinations [] → [Loopback], httpChecks.maxConcurrent 50 → 20, ' +
        'metricSources.prometheus none → {namespaces: [shop], timeout: 5s, url: http://prometheus:9090}',
    );
    expect(policyChanges(after, after)).toBe('');
    expect(policyChanges(after, policy())).toContain('metricSources.prometheus {');
  });

  it('is held to what the schema cannot see', () => {
    expect(validatePolicy(DEFAULT_POLICY)).toEqual([]);
    const bad = policy({
      maintenanceWindows: [{ schedule: '0 25 * * *', duration: '1h', timeZone: 'UTC' }],
      metricSources: {
        ...DEFAULT_POLICY.metricSources,
        prometheus: { url: 'http://[', namespaces: [], timeout: '5s' },
      },
    });
    expect(validatePolicy(bad)).toEqual([
      expect.stringMatching(/^maintenanceWindows\[0\]: the schedule '0 25 \* \* \*' cannot be read/),
      'metricSources.prometheus.url: http://[ is not an address; write one such as http://prometheus:9090',
    ]);
  });
});

interface Schema {
  default?: unknown;
  properties?: Record<string, Schema>;
}

/** Structural defaulting, as the API server does it. */
function defaulted(given: Record<string, unknown>, { properties = {} }: Schema): Record<string, unknown> {
  const result = { ...given };
  for (const [name, schema] of Object.entries(properties)) {
    const value = result[name] ?? schema.default;
    if (value === undefined) continue;
    result[name] = schema.properties === undefined ? value : defaulted(value as Record<string, unknown>, schema);
  }
  return result;
}
