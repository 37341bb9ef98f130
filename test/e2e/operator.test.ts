import { beforeAll, describe, expect, it } from 'vitest';
import type { Workflow } from '../../src/api/kinds.ts';
import * as bed from './bed.ts';
import { apply, condition, eventually, get, inPods, kubectl, level, may, pods, service, signal } from './bed.ts';
import { post } from './heartbeat.ts';
import { account, jobTemplate, namespace, poster, shop } from './shop.ts';

// One story in order: installed, used, upgraded, uninstalled. Each part stands on the one before.

const [repository, tag] = bed.image.split(/:(?=[^:]+$)/);
const CHART = ['charts/baton', '--namespace', 'baton-system'];
const IMAGE = ['--set', `image.repository=${repository},image.tag=${tag}`];

interface Workload {
  kind: string;
  metadata: { name: string; uid: string; generation: number; resourceVersion: string };
  spec: { replicas: number };
  status: { observedGeneration?: number; readyReplicas?: number; availableReplicas?: number };
}
const ALWAYS_FAILING = ['crashing', 'no-image'];

const WELL = /^web +Healthy +100 +2 +2 +2 +Deployment\/web +Running +Healthy/i;

/** '' while there is no lease, or nobody has it. */
const leader = () =>
  kubectl(
    'get',
    'lease',
    'baton',
    '-n',
    'baton-system',
    '--ignore-not-found',
    '--output',
    'jsonpath={.spec.holderIdentity}',
  );
const leadsNot = (before: string, seconds: number) =>
  eventually('another leader', seconds, leader, (holder) => holder !== '' && holder !== before);
const serviceAddress = async () =>
  (await get<{ spec: { clusterIP: string } }>('service', 'baton', '-n', 'baton-system')).spec.clusterIP;
const workloads = async () => (await get<{ items: Workload[] }>('deployments,statefulsets', '-n', 'shop')).items;
/** Until nothing moves any more but those that fail all the time. */
const atRest = () =>
  eventually('all pods are ready', 60, workloads, (all) =>
    all.every(
      ({ metadata, spec, status }) =>
        ALWAYS_FAILING.includes(metadata.name) ||
        (status.observedGeneration === metadata.generation &&
          status.readyReplicas === spec.replicas &&
          status.availableReplicas === spec.replicas),
    ),
  );
/** What Baton must not have touched: the whole of a workload at rest, and the spec of those that fail all the time. */
const untouched = (all: Workload[]) =>
  all.map(({ kind, spec, metadata: { name, uid, generation, resourceVersion } }) => {
    return { kind, name, uid, generation, spec, ...(!ALWAYS_FAILING.includes(name) && { resourceVersion }) };
  });

beforeAll(async () => {
  await apply(namespace('baton-system'), namespace('shop'), namespace('elsewhere'));
});

describe('installed with Helm and its defaults', () => {
  it('runs under the restricted profile, unable to write to its own root', async () => {
    await bed.helm('install', 'baton', ...CHART, ...IMAGE, '--wait', '--timeout', '240s');
    const script = "try{require('fs').writeFileSync('/x','')}catch(e){console.log(process.getuid(),e.code)}";
    const told = await kubectl('exec', '-n', 'baton-system', 'deploy/baton', '--', '/usr/local/bin/node', '-e', script);
    expect(told.trim()).toBe('65532 EROFS');
    const [pod] = await pods('baton-system', 'baton');
    // It is ready before it leads.
    await eventually('it leads', 30, leader, (holder) => holder.includes(pod?.metadata.name ?? 'no pod'));
  });

  it('creates Orchestration/default, and finds the workloads of the shop', async () => {
    await kubectl('wait', '--for=create', 'orchestration/default', '--timeout=240s');
    await apply(...shop, ...poster('shop'), ...poster('elsewhere'));
    await kubectl(
      'wait',
      '--for=condition=Ready',
      'osvc/web',
      'osvc/db',
      'osvc/cart',
      'osvc/hungry',
      '-n',
      'shop',
      '--timeout=240s',
    );
    for (const where of ['shop', 'elsewhere'])
      await kubectl('wait', '--for=condition=Ready', 'pod/poster', '-n', where, '--timeout=240s');
    // Ready may be said of one that is not quite well yet.
    const rows = await eventually(
      'the row of one that is well',
      60,
      async () => (await kubectl('get', 'osvc', '-n', 'shop')).split('\n'),
      (seen) => seen.some((row) => WELL.test(row)),
    );
    expect(rows[0]).toMatch(/NAME +HEALTH +SCORE +READY +CURRENT +DESIRED +PREDICTED +ACTIVE +PHASE +REASON +AGE/);
  });
});

describe('the health of real pods', () => {
  it('falls to Failed when no pod passes its readiness probe, and rises when they do', async () => {
    await inPods('web', 'rm /www/ready');
    // One after the other, and the level may say so before the last.
    const failed = await eventually(
      'web Failed without a ready pod',
      30,
      () => service('web'),
      ({ status }) => status?.health === 'Failed' && status.replicas?.ready === 0,
    );
    expect(condition(failed, 'Ready')).toMatchObject({ status: 'False' });
    expect(failed.status?.replicas).toMatchObject({ ready: 0, desired: 2 });
    await inPods('web', 'touch /www/ready');
    const healthy = await level('web', 30, 'Healthy');
    expect(condition(healthy, 'Ready')).toMatchObject({ status: 'True' });
    const about = 'involvedObject.name=web,reason=HealthChanged';
    await eventually(
      'an Event that tells of it',
      30,
      () => kubectl('get', 'events', '-n', 'shop', '--field-selector', about),
      (events) => events.includes('Failed'),
    );
  });

  it('counts the restart that a failing liveness probe causes', async () => {
    await inPods('web', 'rm /www/alive', 1);
    const restarted = await eventually(
      'a restart in the signal stability',
      60,
      () => service('web'),
      (seen) => /containers restarted/.test(signal(seen, 'stability')?.evidence ?? ''),
    );
    expect(signal(restarted, 'stability')?.score).toBeLessThan(100);
    await kubectl('wait', '--for=condition=Ready', 'osvc/web', '-n', 'shop', '--timeout=240s');
  });

  it('tells a container that ran out of memory', async () => {
    await inPods('hungry', 'touch /www/eat');
    const hungry = await eventually(
      'OOMKilled in the signal stability',
      60,
      () => service('hungry'),
      (seen) => /memory|OOM/i.test(signal(seen, 'stability')?.evidence ?? ''),
    );
    expect(signal(hungry, 'stability')?.score).toBe(0);
  });

  it('tells an image that cannot be pulled and a container that crashes, once their deadline has passed', async () => {
    // The deadline may pass before the first pull was tried, and between two starts a container is neither running nor waiting, for a moment.
    const failing = (name: string, reason: string) =>
      eventually(
        `${name} Failed by ${reason}`,
        60,
        () => service(name),
        (seen) => seen.status?.health === 'Failed' && condition(seen, 'Ready')?.reason === reason,
      );
    expect(condition(await failing('no-image', 'ImagePullFailing'), 'Ready')).toMatchObject({ status: 'False' });
    expect(condition(await failing('crashing', 'PodsCrashing'), 'Ready')).toMatchObject({ status: 'False' });
  });

  it('of a dependency shows in what needs it', async () => {
    await inPods('db', 'rm /www/ready');
    await level('db', 30, 'Failed');
    const web = await eventually(
      'a missing dependency',
      30,
      () => service('web'),
      (seen) => condition(seen, 'DependenciesReady')?.status === 'False',
    );
    expect(condition(web, 'DependenciesReady')?.message).toContain('db');
    await inPods('db', 'touch /www/ready');
    await level('db', 30, 'Healthy');
  });
});

describe('heartbeats from pods', () => {
  it('count over TLS with the published authority and the pod’s own token', async () => {
    const before = await service('cart');
    // Baton has not waited for as long as a heartbeat may take, so nothing is missing yet.
    expect(condition(before, 'MetricsAvailable')).toMatchObject({ status: 'Unknown', reason: 'NotAskedYet' });
    expect(await post('shop', await serviceAddress(), 'cart', { response_time_seconds: 0.1 })).toMatchObject({
      status: 202,
    });
    await eventually(
      'the figure',
      30,
      () => service('cart'),
      (seen) => signal(seen, 'latency')?.score === 100,
    );
    expect(await post('shop', await serviceAddress(), 'cart', { response_time_seconds: 300 })).toMatchObject({
      status: 202,
    });
    await eventually(
      'the bad figure',
      30,
      () => service('cart'),
      (seen) => signal(seen, 'latency')?.score === 0,
    );
    await post('shop', await serviceAddress(), 'cart', { response_time_seconds: 0.2 });
    await level('cart', 30, 'Healthy');
  });

  it('are refused for the services of another namespace', async () => {
    const answer = await post('elsewhere', await serviceAddress(), 'cart', { response_time_seconds: 0.1 });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('elsewhere');
  });
});

describe('a workflow', () => {
  it('runs a Job as its ServiceAccount, and goes on with what the Job left', async () => {
    const shell = 'echo {\\"replicas\\": 2, \\"tidied\\": true} > /dev/termination-log';
    const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    await apply(...account('tidier'));
    await may('system:serviceaccount:baton-system:baton', 'impersonate', 'serviceaccounts/tidier');
    for (const [verb, resource] of [
      ['create', 'jobs'],
      ['patch', 'deployments'],
    ] as const)
      await may('system:serviceaccount:shop:tidier', verb, resource);
    await apply({
      apiVersion: 'baton.dev/v1alpha1',
      kind: 'Workflow',
      metadata: { name: 'tidy', namespace: 'shop' },
      spec: {
        serviceAccountName: 'tidier',
        steps: [
          { name: 'count', job: { template: { backoffLimit: 0, template: jobTemplate(shell) } } },
          {
            name: 'scale',
            dependsOn: ['count'],
            when: 'steps.count.outputs.tidied',
            scale: { target, replicas: '{{ steps.count.outputs.replicas }}' },
          },
        ],
      },
    });
    const look = () => get<Workflow>('owf', 'tidy', '--namespace', 'shop');
    const ended = ['Succeeded', 'Failed', 'RolledBack', 'RollbackFailed', 'Cancelled'];
    const seen = await eventually('the workflow ends', 90, look, ({ status }) => ended.includes(status?.phase ?? ''));
    const { phase, message } = seen.status ?? {};
    expect({ phase, message }).toMatchObject({ phase: 'Succeeded' });
    expect(seen.status?.steps).toMatchObject([
      { name: 'count', state: 'Succeeded', outputs: { replicas: 2, tidied: true } },
      { name: 'scale', state: 'Succeeded', outputs: { replicas: 2 } },
    ]);
    // The Job was made by the account, and not by what Baton itself may do.
    const jobs = await get<{ items: { metadata: { name: string } }[] }>('jobs', '--namespace', 'shop');
    expect(jobs.items).toHaveLength(1);
    // With it goes what it made.
    await kubectl('delete', 'owf', 'tidy', '--namespace', 'shop', '--timeout=240s');
    await kubectl(
      'wait',
      '--for=delete',
      `job/${jobs.items[0]?.metadata.name}`,
      '--namespace',
      'shop',
      '--timeout=240s',
    );
  });
});

describe('metrics through the Service', () => {
  it('tell each service, one leader, and no request that was forbidden', async () => {
    await level('web', 30, 'Healthy');
    const url = `http://${await serviceAddress()}:8080/metrics`;
    const inIt = (text: string, pattern: RegExp) => text.split('\n').filter((line) => pattern.test(line));
    // What the status says is counted a moment later.
    const text = await eventually(
      'the levels of the services',
      30,
      async () => (await fetch(url)).text(),
      (seen) =>
        inIt(seen, /^baton_service_health\{.*service="web".*level="Healthy".*\} 1$/).length === 1 &&
        inIt(seen, /^baton_service_health\{.*service="crashing".*level="Failed".*\} 1$/).length === 1,
    );
    const sample = (pattern: RegExp) => inIt(text, pattern);
    expect(sample(/^leader_election_master_status\{.*\} 1$/)).toHaveLength(1);
    expect(sample(/^rest_client_requests_total\{.*code="200".*\}/).length).toBeGreaterThan(0);
    expect(sample(/^rest_client_requests_total\{.*code="403".*\}/)).toEqual([]);
  });
});

describe('an upgrade', () => {
  it('passes leadership on, loses nothing that happens meanwhile, and touches no workload', async () => {
    const before = untouched(await atRest());
    const first = await leader();
    const history = (await service('cart')).status?.uptime;
    const upgrade = bed.helm(
      'upgrade',
      'baton',
      ...CHART,
      '--reuse-values',
      '--set',
      'replicas=2,config.logLevel=debug',
      '--wait',
      '--timeout',
      '240s',
    );
    await inPods('db', 'rm /www/ready');
    await upgrade;
    await level('db', 40, 'Failed');
    await inPods('db', 'touch /www/ready');
    await level('db', 40, 'Healthy');
    expect(await leadsNot(first, 20)).not.toBe(first);
    await eventually(
      'two replicas, and nothing of the one before',
      30,
      () => pods('baton-system', 'baton'),
      (all) => all.length === 2,
    );
    expect((await service('cart')).status?.uptime).toEqual(history);
    await atRest();
    const quiet = (all: ReturnType<typeof untouched>) => all.filter(({ name }) => name !== 'db');
    expect(quiet(untouched(await workloads()))).toEqual(quiet(before));
  });

  it('leaves a replica that stands by: it passes heartbeats on, and takes over from a leader that stops', async () => {
    const first = await leader();
    const replicas = await pods('baton-system', 'baton');
    const standby = replicas.find(({ metadata }) => !first.startsWith(metadata.name));
    const passedOn = await post('shop', standby?.status.podIP ?? '', 'cart', { response_time_seconds: 0.3 });
    expect(passedOn).toMatchObject({ status: 202 });
    const leading = replicas.find(({ metadata }) => first.startsWith(metadata.name));
    const node = await kubectl('get', 'nodes', '--output', 'jsonpath={.items[0].metadata.name}');
    // Who takes the place of the one that goes could be faster, were it there.
    await kubectl('cordon', node);
    using lease = bed.holders();
    await eventually(
      'the lease is followed',
      30,
      async () => lease.seen(),
      ({ length }) => length > 0,
    );
    await kubectl('delete', 'pod', leading?.metadata.name ?? '', '-n', 'baton-system', '--wait=false');
    const second = await leadsNot(first, 30);
    expect(second).toContain(standby?.metadata.name);
    const seen = await eventually(
      'all of it is told',
      30,
      async () => lease.seen(),
      (all) => all.at(-1) === second,
    );
    // The leader gave it back, so that nobody waited for it to run out.
    expect(seen).toEqual([first, '', second]);
    await kubectl('uncordon', node);
    await inPods('web', 'rm /www/ready');
    await level('web', 30, 'Failed');
    await inPods('web', 'touch /www/ready');
    await level('web', 30, 'Healthy', 'Warning');
  });
});

describe('an uninstall', () => {
  it('leaves the CRDs, the services and every workload as they were', async () => {
    const before = untouched(await atRest());
    const services = (await get<{ items: object[] }>('osvc', '-n', 'shop')).items.length;
    await bed.helm('uninstall', 'baton', '--namespace', 'baton-system', '--wait', '--timeout', '240s');
    await eventually(
      'no pod of Baton',
      30,
      () => pods('baton-system', 'baton'),
      (left) => left.length === 0,
    );
    expect(untouched(await workloads())).toEqual(before);
    expect((await get<{ items: object[] }>('osvc', '-n', 'shop')).items).toHaveLength(services);
    expect(await kubectl('get', 'clusterroles,clusterrolebindings', '-o', 'name')).not.toMatch(/\/baton-/);
  });

  it('gives everything back to a new installation', async () => {
    await bed.helm('install', 'baton', ...CHART, ...IMAGE, '--wait', '--timeout', '240s');
    await inPods('web', 'rm /www/ready');
    const failed = await level('web', 60, 'Failed');
    expect(condition(failed, 'Ready')).toMatchObject({ status: 'False' });
  });
});
