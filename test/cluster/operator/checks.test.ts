import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bed, conditionOf, type Pod, signalOf } from './support/bed.ts';
import { closedPort, ownAddress, serve } from './support/listeners.ts';
import { osvc, workload } from './support/objects.ts';

let bed: Bed;
let web: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  bed = await Bed.make('op-checks');
  await bed.start();
  web = await serve((request, response) => {
    switch (request.url ?? '') {
      case '/broken':
        return response.writeHead(500).end();
      case '/away':
        // Whoever followed it would get an answer that fails.
        return response.writeHead(302, { location: `http://127.0.0.1:${web.port}/broken` }).end();
      case '/home':
        return response.writeHead(301, { location: '/ok' }).end();
      case '/slow':
        return; // Never answers.
      case '/endless': {
        const chunk = Buffer.alloc(64 * 1024);
        const more = (): void => void response.write(chunk, () => response.destroyed || setImmediate(more));
        return more();
      }
      case '/trickle': {
        response.writeHead(200).flushHeaders();
        const timer = setInterval(() => response.write('.'), 50);
        return void response.on('close', () => clearInterval(timer));
      }
      default:
        return response.end('ok');
    }
  });
});
afterAll(async () => {
  await bed.close();
  await web.close();
});

/** One pod at `address` with its port named `web`, and a service with these checks; each weighs 1. */
async function checked(name: string, checks: Record<string, object>, address = ownAddress()): Promise<Pod> {
  await bed.create(workload('Deployment', name, { replicas: 1, ports: [{ name: 'web', containerPort: web.port }] }));
  await bed.create(osvc(name));
  await bed.healthy(name);
  const pod = await bed.moveTo(address, name);
  const list = Object.entries(checks).map(([check, asks]) => ({ name: check, weight: 1, interval: '1s', ...asks }));
  await bed.patchService(name, { spec: { health: { checks: list } } });
  return pod;
}

// Long enough for whatever answers in the end, however busy the machine is.
const PATIENT = '30s';
const tcp = (asks: object) => ({ tcp: { timeout: PATIENT, ...asks }, interval: PATIENT });
const http = (more: object) => ({ http: { port: web.port, timeout: PATIENT, ...more }, interval: PATIENT });

describe('checks of what really listens', () => {
  it('pass, fail or say why they could not be made, each with what was seen', async () => {
    const service = (name: string, spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec });
    await bed.createAll(
      service('headless', { clusterIP: 'None', ports: [{ name: 'web', port: 80 }] }),
      service('plain', { ports: [{ name: 'web', port: 80 }] }),
    );
    const pod = await checked('web', {
      fine: http({}),
      named: http({ port: 'web' }),
      broken: http({ path: '/broken' }),
      away: http({ path: '/away' }),
      home: http({ path: '/home' }),
      slow: http({ path: '/slow', timeout: '500ms' }),
      endless: http({ path: '/endless' }),
      trickle: http({ path: '/trickle', timeout: '500ms' }),
      open: tcp({ port: web.port }),
      closed: tcp({ port: await closedPort() }),
      noport: http({ port: 'admin' }),
      noservice: tcp({ target: 'Service', service: 'absent', port: 80 }),
      headless: tcp({ target: 'Service', service: 'headless', port: 80 }),
      serviceport: tcp({ target: 'Service', service: 'plain', port: 'admin' }),
    });
    const seen = await bed.until('web', 'every check was made', ({ status }) => {
      const made = status?.signals?.filter(
        ({ weight, evidence }) => weight === 1 && !/not made yet/.test(evidence ?? ''),
      );
      return made?.length === 14;
    });
    const told = (name: string) => {
      const { value, score, evidence } = signalOf(seen, name) ?? {};
      return [value, score, evidence];
    };
    const it = `pod ${pod.metadata.name}`;
    expect(told('fine')).toEqual(['passed', 100, expect.stringContaining(`${it}: `)]);
    expect(told('named')).toEqual(['passed', 100, expect.any(String)]);
    expect(told('broken')).toEqual(['failed', 0, expect.stringContaining('500')]);
    // As a kubelet does it: what is elsewhere is not asked.
    expect(told('away')).toEqual(['passed', 100, expect.stringMatching(/302.*127\.0\.0\.1/)]);
    expect(told('home')).toEqual(['passed', 100, expect.any(String)]);
    expect(told('slow')).toEqual(['failed', 0, `${it}: no complete answer within 500 ms`]);
    expect(told('endless')).toEqual(['passed', 100, expect.stringContaining('200')]);
    expect(told('trickle')).toEqual(['failed', 0, `${it}: no complete answer within 500 ms`]);
    expect(told('open')).toEqual(['passed', 100, expect.stringContaining(`port ${web.port} is open`)]);
    expect(told('closed')).toEqual(['failed', 0, expect.stringContaining('ECONNREFUSED')]);
    expect(told('noport')).toEqual([undefined, undefined, `PortNotFound: ${it} has no port admin`]);
    expect(told('noservice')).toEqual([undefined, undefined, 'NoTargets: there is no Service absent']);
    expect(told('headless')).toEqual([undefined, undefined, expect.stringContaining('is headless')]);
    expect(told('serviceport')).toEqual([undefined, undefined, expect.stringContaining('has no port admin')]);
    // 80 of 80 from the pods, 6 of 10 checks that could be made.
    expect(seen.status?.score).toBe(Math.floor(8600 / 90));
    expect(seen.status?.confidence).toBe(`${Math.floor((90 / 94) * 100)}%`);
    expect(conditionOf(seen, 'MetricsAvailable')).toMatchObject({ status: 'False', reason: 'PortNotFound' });
  });

  it('of a pod on loopback are not made, and that lowers nothing', async () => {
    await checked('loopback', { inside: http({ path: '/broken' }) }, '127.0.0.1');
    await bed.condition(
      'loopback',
      'MetricsAvailable',
      'False',
      'DestinationNotAllowed',
      /127\.0\.0\.1 is loopback.*; correct it, or allow it in httpChecks\.allowedDestinations$/,
    );
    expect((await bed.service('loopback')).status).toMatchObject({ health: 'Healthy', score: 100, confidence: '98%' });
  });

  it('follow what listens as it comes and goes', async () => {
    const own = await serve((_, response) => response.end());
    await checked('goes', { page: { http: { port: own.port, timeout: '500ms' }, weight: 40, critical: true } });
    await bed.until('goes', 'passed', (seen) => signalOf(seen, 'page')?.value === 'passed');
    await own.close();
    const down = await bed.level('goes', 'Critical');
    expect(conditionOf(down, 'Ready')).toMatchObject({ status: 'False', reason: 'CheckFailing' });
    own.server.listen(own.port);
    await bed.healthy('goes');
    await own.close();
  });

  it('go on with the pods there are: a new one is asked too', async () => {
    await checked('more', { page: { ...http({ timeout: '1s' }), interval: '1s', weight: 20 } });
    await bed.until('more', 'passed', (seen) => signalOf(seen, 'page')?.value === 'passed');
    await bed.scale('more', 2);
    await bed.until('more', 'two pods', ({ status }) => status?.replicas?.ready === 2);
    for (const pod of await bed.pods('more')) await bed.setAddress(pod, ownAddress());
    const seen = await bed.until(
      'more',
      'both',
      (service) =>
        signalOf(service, 'page')?.evidence?.startsWith('all 2 pass') === true || service.status?.score === 100,
    );
    expect(seen.status?.health).toBe('Healthy');
    for (const pod of await bed.pods('more')) await bed.setReady(pod, false);
    await bed.condition('more', 'MetricsAvailable', 'False', 'NoTargets');
  });
});
