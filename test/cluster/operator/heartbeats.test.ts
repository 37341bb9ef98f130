import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accept, Bed, conditionOf, signalOf } from './support/bed.ts';
import { eventually } from '../support/eventually.ts';
import { closedPort } from './support/listeners.ts';
import { osvc, workload } from './support/objects.ts';
import { Operator } from './support/process.ts';

let bed: Bed;
let leader: Operator;
let standby: Operator;
let ports: { leader: number; standby: number };
let ca: string;
let token: string;

beforeAll(async () => {
  bed = await Bed.make('op-beats');
  ports = { leader: await closedPort(), standby: await closedPort() };
  const flags = (port: number) => [...bed.flags.slice(0, -1), `127.0.0.1:${port}`, '--advertise-host', '127.0.0.1'];
  leader = bed.own(await Operator.start(flags(ports.leader)));
  standby = bed.own(await Operator.start(flags(ports.standby), 'standing for election'));
  const published = await eventually(
    'the authority is published',
    30,
    () => bed.api.call('GET', `/api/v1/namespaces/${bed.namespace}/configmaps/baton-ca`),
    ({ status }) => status === 200,
  );
  ca = (published.body['data'] as Record<string, string>)['ca.crt'] ?? '';
  token = await tokenOf(bed.namespace);
  await bed.create(workload('Deployment', 'web', { replicas: 1 }));
  await bed.create(osvc('web', { health: { checks: [beat('response_time_seconds', { staleAfter: FRESH })] } }));
  await bed.level('web', 'Healthy');
});
afterAll(() => bed.close());

const FRESH = '10m';
const staleAfter = (duration: string) =>
  bed.patchService('web', {
    spec: { health: { checks: [beat('response_time_seconds', { staleAfter: duration })] } },
  });

const beat = (metric: string, more: object = {}) => ({
  name: 'beat',
  heartbeat: { metric },
  thresholds: { warning: 1, degraded: 2, critical: 4 },
  weight: 20,
  ...more,
});

const RATIOS = { warning: 0.7, degraded: 0.8, critical: 0.9 };

/** A token of the namespace's default ServiceAccount, from the API server. */
async function tokenOf(namespace: string, audiences?: string[]): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`;
  const asked = await eventually(
    'a token',
    30,
    () => bed.api.call('POST', path, { body: { spec: audiences ? { audiences } : {} } }),
    ({ status }) => status < 300,
  );
  return (accept(asked).body['status'] as { token: string }).token;
}

interface Post {
  readonly port?: number;
  readonly bearer?: string;
  readonly namespace?: string;
  readonly service?: string;
}

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

/** As a component does it: who is told that it cannot be answered just now comes again. */
const post = (body: string | object, to?: Post): Promise<Answer> =>
  eventually(
    'an answer',
    30,
    () => postOnce(body, to),
    ({ status }) => status !== 503,
  );

function postOnce(
  body: string | object,
  { port = ports.leader, bearer = token, namespace = bed.namespace, service = 'web' }: Post = {},
): Promise<Answer> {
  const path = `/v1/namespaces/${namespace}/services/${service}/heartbeat`;
  const headers = { ...(bearer !== '' && { authorization: `Bearer ${bearer}` }), 'content-type': 'application/json' };
  const target = {
    host: '127.0.0.1',
    port,
    servername: `baton.${bed.namespace}.svc`,
    ca,
    path,
    method: 'POST',
    headers,
  };
  return new Promise((resolve, reject) => {
    const sent = request(target, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
    });
    sent.on('error', reject).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}

/** How many answers the tcp checks gave. */
async function askedOverTcp(): Promise<number> {
  const { text } = await leader.page('metrics', '/metrics');
  const lines = text.split('\n').filter((line) => /^baton_source_readings_total\{.*source="tcp-check"/.test(line));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

describe('heartbeats over TLS with a token of the API server', () => {
  it('are evidence, and grow stale', async () => {
    expect(await post({ response_time: 3, source: 'web-a' })).toEqual({ status: 202, text: 'accepted\n' });
    // Half way from degraded to critical: 37.5; (80 · 100 + 20 · 37.5) / 100.
    const seen = await bed.until('web', 'a figure', ({ status }) => status?.score === 87);
    expect(seen.status?.health).toBe('Warning');
    expect(signalOf(seen, 'beat')).toMatchObject({ score: 38, weight: 20 });
    expect(signalOf(seen, 'beat')?.evidence).toContain('response_time_seconds 3 from web-a');
    // Not before it was seen, however long that took.
    await staleAfter('5s');
    await bed.condition('web', 'MetricsAvailable', 'False', 'StaleData', 'beat has no fresh evidence');
    // Missing data alone moves no level.
    expect((await bed.service('web')).status?.health).toBe('Warning');
    await staleAfter(FRESH);
    expect((await post({ response_time_seconds: 0.2, source: 'web-a' })).status).toBe(202);
    await bed.level('web', 'Healthy');
  });

  it('that reach a standby arrive at the leader', async () => {
    expect(await post({ response_time: 8, source: 'by-way-of-standby' }, { port: ports.standby })).toEqual({
      status: 202,
      text: 'accepted\n',
    });
    const seen = await bed.until('web', 'the figure', (service) =>
      /by-way-of-standby/.test(signalOf(service, 'beat')?.evidence ?? ''),
    );
    expect(signalOf(seen, 'beat')).toMatchObject({ score: 0 });
    expect(await leader.metric('baton_heartbeats_total{code="202"}')).toBeGreaterThanOrEqual(1);
  });

  it('do not make the other checks of the service run', async () => {
    const port = { name: 'port', tcp: { target: 'Pod', port: 1, timeout: '100ms' }, interval: '1h', weight: 1 };
    await bed.create(workload('Deployment', 'both', { replicas: 1 }));
    // That a check finds nobody to ask is counted too.
    await eventually(
      'the pod is ready',
      30,
      () => bed.get<{ status: { readyReplicas?: number } }>('Deployment', 'both'),
      ({ status }) => status.readyReplicas === 1,
    );
    await bed.create(osvc('both', { health: { checks: [beat('response_time_seconds'), port] } }));
    await eventually('the check was made', 30, askedOverTcp, (times) => times === 1);
    // Each figure is seen before the next one comes, so there was time for more than one run of the other check.
    for (const [figure, score] of [
      [1, 80],
      [2, 55],
      [4, 20],
      [7, 0],
    ]) {
      expect((await post({ response_time: figure, source: 'both-a' }, { service: 'both' })).status).toBe(202);
      await bed.until('both', `${score} points`, (service) => signalOf(service, 'beat')?.score === score);
    }
    expect(await askedOverTcp()).toBe(1);
  });

  it('for another namespace than their own are refused, by the leader and by a standby', async () => {
    for (const port of [ports.leader, ports.standby]) {
      const answer = await post({ cpu: 0.1 }, { port, namespace: 'kube-system' });
      expect(answer.status).toBe(403);
      expect(answer.text).toContain(
        `system:serviceaccount:${bed.namespace}:default may send heartbeats for its own namespace only`,
      );
    }
    const foreign = await tokenOf('kube-system');
    expect((await post({ cpu: 0.1 }, { bearer: foreign })).status).toBe(403);
  });

  it('without a token that the API server knows are refused', async () => {
    expect((await post({ cpu: 0.1 }, { bearer: '' })).status).toBe(401);
    expect((await post({ cpu: 0.1 }, { bearer: 'forged' })).status).toBe(401);
    const [head = '', , signature = ''] = token.split('.');
    const claims = { iss: 'https://kubernetes.default.svc', sub: `system:serviceaccount:${bed.namespace}:default` };
    const forged = [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
    expect((await post({ cpu: 0.1 }, { bearer: forged })).status).toBe(401);
    expect((await post({ cpu: 0.1 }, { bearer: await tokenOf(bed.namespace, ['somebody-else']) })).status).toBe(401);
    expect((await post({ response_time: 0.1 }, { bearer: await tokenOf(bed.namespace, ['baton']) })).status).toBe(202);
  });

  it('of the future, too large or not as they should be are refused with the reason', async () => {
    const future = new Date(Date.now() + 120_000).toISOString();
    expect(await post({ cpu: 0.1, timestamp: future })).toMatchObject({
      status: 400,
      text: expect.stringContaining('timestamp'),
    });
    expect((await post({ source: 'x'.repeat(1 << 20), cpu: 0.1 })).status).toBe(413);
    expect((await post({ source: 'x'.repeat(1 << 20), cpu: 0.1 }, { port: ports.standby })).status).toBe(413);
    expect(await post({ error_rate: 7 })).toMatchObject({ status: 400, text: expect.stringContaining('error_rate') });
    expect(await post({ cpus: 0.1 })).toMatchObject({ status: 400, text: expect.stringContaining('cpus') });
    expect((await post('{"cpu":')).status).toBe(400);
    expect(await post({ cpu: 0.1 }, { service: 'nobody' })).toEqual({
      status: 404,
      text: `there is no OrchestratedService ${bed.namespace}/nobody\n`,
    });
    // None of it left a trace.
    expect(conditionOf(await bed.service('web'), 'Stalled')).toBeUndefined();
  });

  it('reach the new leader after the old one ended, and until then their silence is no news', async () => {
    await bed.create(workload('Deployment', 'steady', { replicas: 1 }));
    await bed.create(osvc('steady', { health: { checks: [beat('cpu', { thresholds: RATIOS, staleAfter: '10m' })] } }));
    await bed.level('steady', 'Healthy');
    expect((await post({ cpu: 0.85 }, { service: 'steady' })).status).toBe(202);
    const saw = await bed.until('steady', 'a figure', (seen) => signalOf(seen, 'beat')?.evidence?.includes('cpu 0.85'));
    const before = conditionOf(saw, 'MetricsAvailable');
    expect(before).toMatchObject({ status: 'True' });
    await leader.end();
    const answer = await eventually(
      'the standby leads and accepts',
      30,
      () => postOnce({ response_time: 0.5, source: 'after' }, { port: ports.standby }),
      ({ status }) => status === 202,
    );
    expect(answer.text).toBe('accepted\n');
    await bed.until('web', 'the figure', (service) => signalOf(service, 'beat')?.score === 100);
    await eventually(
      'the new leader has looked for the heartbeats of steady',
      20,
      async () => (await standby.page('metrics', '/metrics')).text,
      (text) => /baton_source_readings_total\{source="heartbeats",outcome="(NotAskedYet|NoData)"\} /.test(text),
    );
    // What it writes before this service it writes after that as well: this one would be written by now.
    await bed.create(workload('Deployment', 'later', { replicas: 1 }));
    await bed.create(osvc('later'));
    await bed.level('later', 'Healthy');
    const after = await bed.service('steady');
    expect(conditionOf(after, 'MetricsAvailable')).toEqual(before);
    expect(signalOf(after, 'beat')?.evidence).toContain('cpu 0.85');
  });
});
