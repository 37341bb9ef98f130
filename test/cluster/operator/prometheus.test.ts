import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SqliteHistory } from '../../../src/history/sqlite.ts';
import { accept, Bed, conditionOf, signalOf } from './support/bed.ts';
import { serve } from './support/listeners.ts';
import { osvc, workload } from './support/objects.ts';
import type { Operator } from './support/process.ts';

const HOUR = 3_600_000;
const POLICY = '/apis/baton.dev/v1alpha1/orchestrations/default';

let bed: Bed;
let folder: string;
let operator: Operator;
let prometheus: Awaited<ReturnType<typeof serve>>;
let answer: (response: ServerResponse, query: URLSearchParams) => void;

const vector = (...values: string[]) => ({
  status: 'success',
  data: {
    resultType: 'vector',
    result: values.map((value, index) => ({ metric: { pod: `p-${index}` }, value: [1.5e9, value] })),
  },
});
const json =
  (body: object, code = 200) =>
  (response: ServerResponse) =>
    void response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'baton-load-'));
  bed = await Bed.make('op-prom');
  await remember(join(folder, 'history.db'));
  prometheus = await serve((request, response) => {
    void text(request).then((form) => answer(response, new URLSearchParams(form)));
  });
  operator = await bed.start('--history-path', join(folder, 'history.db'), '--scaling-interval', '1s');
  await setPolicy({ url: `http://127.0.0.1:${prometheus.port}`, namespaces: [bed.namespace], timeout: '400ms' });
  await bed.create(workload('Deployment', 'web', { replicas: 1 }));
  const check = { name: 'errors', prometheus: { query: 'sum(errors)' }, interval: '1s', weight: 20 };
  answer = FINE;
  await bed.create(
    osvc('web', { health: { checks: [{ ...check, thresholds: { warning: 0.01, degraded: 0.05, critical: 0.2 } }] } }),
  );
});
afterAll(async () => {
  await bed.api.call('PATCH', POLICY, { body: { spec: { metricSources: { prometheus: null } } } });
  await bed.close();
  await prometheus.close();
  rmSync(folder, { recursive: true });
});

/** As an operator before this one would have left it: for 18 hours, half of each was busy, and the next busy half begins in four minutes, when these tests are over. */
async function remember(path: string): Promise<void> {
  const history = await SqliteHistory.open({ path, maxBytes: 64 * 1_024 * 1_024 });
  const key = `${bed.namespace}/shop/query-${createHash('sha256').update('sum(load)').digest('hex').slice(0, 12)}`;
  const now = Math.floor(Date.now() / 15_000) * 15_000;
  const isBusy = (at: number): boolean => (at - now - 240_000 + 24 * HOUR) % HOUR < HOUR / 2;
  const moments = Array.from({ length: 18 * 240 }, (_, index) => now - (index + 1) * 15_000).toReversed();
  const points = moments.map((at) => ({ key, at, value: isBusy(at) ? 160 : 40 }));
  await history.store.write({ points, decisions: [] });
  history.close();
}

/** Creates Orchestration/default where it is absent: an operator that looks after one namespace does not. */
async function setPolicy(to: object): Promise<void> {
  const metadata = { name: 'default' };
  const body = {
    apiVersion: 'baton.dev/v1alpha1',
    kind: 'Orchestration',
    metadata,
    spec: { metricSources: { prometheus: to } },
  };
  await bed.api.call('POST', '/apis/baton.dev/v1alpha1/orchestrations', { body: { ...body, spec: {} } });
  accept(await bed.api.call('PATCH', POLICY, { body: { spec: body.spec } }));
}

/** Below the warning: 100, and far enough above 90 to be Healthy whatever went before. */
const FINE = json(vector('0.005'));
const good = () =>
  bed.until('web', 'a good figure', (seen) => {
    const isFresh = conditionOf(seen, 'MetricsAvailable')?.status === 'True';
    return isFresh && signalOf(seen, 'errors')?.score === 100 && seen.status?.health === 'Healthy';
  });

beforeEach(async () => {
  answer = FINE;
  await good();
});

const SERIES = Array.from({ length: 10_000 }, (_, index) => String(index));

describe('a Prometheus', () => {
  it('that answers is evidence, asked with the query of the check and its own timeout', async () => {
    const asked = Promise.withResolvers<URLSearchParams>();
    answer = (response, query) => {
      asked.resolve(query);
      json(vector('0.125'))(response);
    };
    expect(Object.fromEntries(await asked.promise)).toEqual({ query: 'sum(errors)', timeout: '400ms' });
    // Half way between degraded and critical: 37.5.
    const seen = await bed.until('web', 'the worse figure', (service) => signalOf(service, 'errors')?.score === 38);
    expect(seen.status).toMatchObject({ health: 'Warning', score: 87 });
    expect(signalOf(seen, 'errors')?.value).toBe('0.125');
  });

  it.each([
    ['is slow', 'SourceTimeout', () => {}, /no answer within 400 ms/],
    ['answers NaN', 'InvalidValue', json(vector('NaN')), /NaN/],
    ['answers +Inf', 'InvalidValue', json(vector('+Inf')), /Inf/],
    [
      'answers a string',
      'InvalidValue',
      json({ status: 'success', data: { resultType: 'string', result: [1, 'five'] } }),
      /a string.*five/,
    ],
    ['answers 10,000 series', 'AmbiguousResult', json(vector(...SERIES)), /series/],
    ['answers no series', 'NoData', json(vector()), /no series/],
    [
      'refuses the query',
      'InvalidValue',
      json({ status: 'error', errorType: 'bad_data', error: 'parse error' }, 400),
      /parse error/,
    ],
    ['fails', 'SourceUnavailable', json({ oh: 'no' }, 500), /500/],
    [
      'is a page of something else',
      'SourceUnavailable',
      (response: ServerResponse) => void response.end('<html>'),
      /no JSON/,
    ],
    ['breaks off', 'SourceUnavailable', (response: ServerResponse) => void response.destroy(), /127\.0\.0\.1/],
  ])('that %s ends as %s while the level stands', async (_, reason, how, said) => {
    answer = how;
    const told = await bed.condition('web', 'MetricsAvailable', 'False', reason, said);
    expect(told.message).toMatch(/^errors has no fresh evidence \(/);
    const seen = await bed.service('web');
    expect(seen.status).toMatchObject({ health: 'Healthy', confidence: '80%' });
    expect(conditionOf(seen, 'Ready')?.status).toBe('True');
  });

  it('that is down ends as SourceUnavailable, and its return is told', async () => {
    const { port } = prometheus;
    await prometheus.close();
    await bed.condition('web', 'MetricsAvailable', 'False', 'SourceUnavailable');
    expect((await bed.service('web')).status?.health).toBe('Healthy');
    prometheus.server.listen(port);
    await good();
  });

  it('is not asked for namespaces that the policy does not name, nor when the policy names none', async () => {
    await setPolicy({ namespaces: ['other'] });
    await bed.condition('web', 'MetricsAvailable', 'False', 'NamespaceNotAllowed', `does not name ${bed.namespace}`);
    await bed.api.call('PATCH', POLICY, { body: { spec: { metricSources: { prometheus: null } } } });
    await bed.condition('web', 'MetricsAvailable', 'False', 'SourceNotConfigured');
    await setPolicy({ url: `http://127.0.0.1:${prometheus.port}`, namespaces: ['*'], timeout: '400ms' });
    await good();
  });
});

it('a load that is expected has its pods before it comes, from what the history knows', async () => {
  answer = (response, query) => (query.get('query') === 'sum(load)' ? json(vector('40'))(response) : FINE(response));
  const metrics = [
    { type: 'Prometheus', prometheus: { query: 'sum(load)', target: { type: 'AverageValue', averageValue: 10 } } },
  ];
  const prediction = { season: '1h', horizon: '5m' };
  await bed.createAll(
    workload('Deployment', 'shop', { replicas: 4 }),
    osvc('shop', { scaling: { minReplicas: 1, maxReplicas: 30, metrics, prediction } }),
  );
  await bed.condition('shop', 'PredictionTrusted', 'True', 'BetterThanNaive', 'season of 1h');
  const seen = await bed.until('shop', '16 pods', ({ status }) => (status?.replicas?.desired ?? 0) >= 16);
  expect(seen.status?.replicas?.predicted).toBeGreaterThanOrEqual(16);
  const notes = async () =>
    (await bed.events('shop')).filter(({ reason }) => reason === 'Scaled').map(({ note }) => note);
  await expect.poll(async () => (await notes()).join()).toContain('a load of 160 is expected by');
  const series = `{namespace="${bed.namespace}",service="shop"}`;
  expect(await operator.metric(`baton_service_predicted_replicas${series}`)).toBeGreaterThanOrEqual(16);
  await bed.patchService('shop', { spec: { scaling: { prediction: { enabled: false } } } });
  const off = await bed.until('shop', 'no prediction', ({ status }) => status?.replicas?.predicted === undefined);
  expect(conditionOf(off, 'PredictionTrusted')).toBeUndefined();
});
