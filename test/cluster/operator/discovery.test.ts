import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrchestratedService, Orchestration } from '../../../src/api/kinds.ts';
import { eventually } from '../support/eventually.ts';
import { accept, Bed, conditionOf } from './support/bed.ts';
import { osvc, workload } from './support/objects.ts';
import { Operator } from './support/process.ts';

// Discovery follows the one policy and labels of namespaces: an operator that looks after all of them.

const ALL = '/apis/baton.dev/v1alpha1/orchestrations';
const POLICY = `${ALL}/default`;
const RULE = 'baton.dev/discovered-by';
const ASKS = { metadata: { labels: { 'baton.dev/discover': 'true' } } };
const ASKS_NO_MORE = { metadata: { labels: { 'baton.dev/discover': null } } };

let bed: Bed;
let operator: Operator;
const start = async (): Promise<void> => {
  operator = bed.own(await Operator.start(['--lease-namespace', `${bed.namespace}-op`, '--heartbeat-address', '']));
};

beforeAll(async () => {
  bed = await Bed.make('op-discovery');
  await bed.addNamespace(`${bed.namespace}-op`);
  await bed.api.call('DELETE', POLICY);
  await start();
  await eventually('the policy', 30, policy, (seen) => seen?.status?.state === 'Active');
});
afterAll(async () => {
  await bed.api.call('DELETE', POLICY);
  await bed.close();
});

async function policy(): Promise<Orchestration | undefined> {
  const answer = await bed.api.call('GET', POLICY);
  return answer.status === 200 ? (answer.body as unknown as Orchestration) : undefined;
}

/** The template of what carries the label; and what else fits by the namespace, which only this test has. */
async function rules(template: object, ...others: object[]): Promise<void> {
  const discovery = { rules: [{ name: 'labelled', template }, ...others] };
  accept(await bed.api.call('PATCH', POLICY, { body: { spec: { discovery } } }));
}

const whole = (what: string, holds: (seen: Orchestration) => boolean | undefined): Promise<Orchestration | undefined> =>
  eventually(`Orchestration/default: ${what}`, 60, policy, (seen) => seen !== undefined && holds(seen) === true);

const ready = (seen: Orchestration) => conditionOf({ status: seen.status ?? {} }, 'DiscoveryReady');
const skips = (seen: Orchestration, reason: string): string | undefined =>
  seen.status?.discovery?.skipped?.find((one) => one.reason === reason)?.first;

/** Waits for the service of a name; undefined when there is none. */
async function service(
  name: string,
  what: string,
  holds: (seen: OrchestratedService | undefined) => boolean | undefined,
): Promise<OrchestratedService> {
  const look = async () => (await bed.services()).find(({ metadata }) => metadata.name === name);
  const seen = await eventually(`${name}: ${what}`, 60, look, (found) => holds(found) === true);
  return seen as OrchestratedService;
}
const appears = (name: string) => service(name, 'is there', (seen) => seen !== undefined);
const goes = (name: string) => service(name, 'is gone', (seen) => seen === undefined);

const label = (kind: string, name: string, body: object) => bed.patch(kind, name, body);
const QUICK = { health: { hysteresis: { rise: '0s' } } };

describe('discovery', () => {
  it('gives a workload with the label a service, tells its health, and takes it back with the label', async () => {
    await rules({ metadata: { labels: { team: 'a' } }, spec: { ...QUICK, priority: 'High' } });
    await bed.create(workload('Deployment', 'web'));
    await label('Deployment', 'web', ASKS);
    const made = await appears('web');
    expect(made.metadata.labels).toEqual({ team: 'a', 'app.kubernetes.io/managed-by': 'baton' });
    expect(made.metadata.annotations?.[RULE]).toBe('labelled');
    expect(made.spec).toMatchObject({
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      priority: 'High',
      mode: 'Enforce',
    });
    await bed.healthy('web');
    const seen = await whole('one is counted', ({ status }) => status?.discovery?.discovered === 1);
    expect(seen && ready(seen)).toMatchObject({ status: 'True', reason: 'Discovering' });
    expect(await operator.metric('baton_discovered_services')).toBe(1);
    await label('Deployment', 'web', ASKS_NO_MORE);
    await goes('web');
    await bed.told('web', /^Discover/, ['Normal Discovered', 'Normal DiscoveryDeleted']);
  });

  it('keeps what people edited when the template changes, and brings up the rest; made again when somebody deletes it', async () => {
    await bed.create(workload('Deployment', 'shop'));
    await label('Deployment', 'shop', ASKS);
    await appears('shop');
    // As kubectl edit does it: one field changed, one removed, one added.
    await bed.patchService('shop', { spec: { priority: 'Critical', suspend: true, health: null } });
    await rules({
      metadata: { labels: { team: 'b' } },
      spec: { health: { hysteresis: { rise: '1s' } }, priority: 'Low', mode: 'Observe' },
    });
    const after = await service('shop', 'has the new mode', (seen) => seen?.spec.mode === 'Observe');
    expect(after.spec).toMatchObject({ priority: 'Critical', suspend: true, mode: 'Observe' });
    expect(after.spec.health).toBeUndefined();
    expect(after.metadata.labels).toMatchObject({ team: 'b' });
    await bed.told('shop', /^Discover/, ['Normal Discovered', 'Normal DiscoveryRevised']);
    await bed.removeService('shop');
    const again = await service(
      'shop',
      'is there again',
      (seen) => seen !== undefined && seen.metadata.uid !== after.metadata.uid,
    );
    expect(again.spec.priority).toBe('Low');
  });

  it('leaves to people what they edited, when nothing asks for it any more', async () => {
    await bed.patchService('shop', { spec: { priority: 'Critical' } });
    await label('Deployment', 'shop', ASKS_NO_MORE);
    const kept = await service(
      'shop',
      'is theirs',
      (seen) => seen !== undefined && seen.metadata.annotations?.[RULE] === undefined,
    );
    expect(kept.spec.priority).toBe('Critical');
    expect(kept.metadata.labels).toEqual({ team: 'b' });
    await eventually(
      'they are told',
      30,
      () => bed.events('shop'),
      (seen) => seen.some(({ reason }) => reason === 'DiscoveryHandedOver'),
    );
    // It is a service like any that people wrote: asked again, discovery leaves the workload alone.
    await label('Deployment', 'shop', ASKS);
    await whole(
      'it is left alone',
      (seen) => skips(seen, 'TargetAlreadyManaged') === `Deployment ${bed.namespace}/shop`,
    );
    expect((await bed.service('shop')).metadata.uid).toBe(kept.metadata.uid);
  });

  it('gives way to the service that a person writes for the same workload', async () => {
    await bed.create(workload('Deployment', 'mine'));
    await label('Deployment', 'mine', ASKS);
    await appears('mine');
    const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'mine' };
    await bed.create(osvc('my-own', { targetRef, health: { hysteresis: { rise: '0s' } } }));
    await goes('mine');
    await bed.healthy('my-own');
    await bed.removeService('my-own');
    expect((await appears('mine')).metadata.annotations?.[RULE]).toBe('labelled');
  });

  it('obeys a label that says no, on the workload and on the namespace', async () => {
    const selected = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': bed.namespace } } };
    await rules({}, { name: 'all', ...selected });
    await bed.create(workload('Deployment', 'quiet'));
    expect((await appears('quiet')).metadata.annotations?.[RULE]).toBe('all');
    await label('Deployment', 'quiet', { metadata: { labels: { 'baton.dev/discover': 'false' } } });
    await goes('quiet');
    await label('Deployment', 'quiet', ASKS_NO_MORE);
    await appears('quiet');
    const namespace = `/api/v1/namespaces/${bed.namespace}`;
    accept(
      await bed.api.call('PATCH', namespace, { body: { metadata: { labels: { 'baton.dev/discover': 'false' } } } }),
    );
    await goes('quiet');
    await goes('mine');
    accept(await bed.api.call('PATCH', namespace, { body: ASKS_NO_MORE }));
    await appears('quiet');
    await rules({});
    await goes('quiet');
  });

  it('makes a service each for a Deployment and a StatefulSet of one name, whoever else has a name', async () => {
    await bed.create(workload('Deployment', 'web-2'));
    await bed.create(osvc('db', { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web-2' } }));
    for (const kind of ['Deployment', 'StatefulSet'] as const) {
      await bed.create(workload(kind, 'db', { replicas: 0, labels: { app: `db-${kind.toLowerCase()}` } }));
      await label(kind, 'db', ASKS);
    }
    expect((await appears('db-deployment')).spec.targetRef.kind).toBe('Deployment');
    expect((await appears('db-statefulset')).spec.targetRef.kind).toBe('StatefulSet');
    expect((await bed.service('db')).spec.targetRef.name).toBe('web-2');
    await bed.remove('Deployment', 'db');
    await goes('db-deployment');
    expect((await appears('db-statefulset')).metadata.deletionTimestamp).toBeUndefined();
  });

  it('says what the API server refuses of a template, and leaves its services as they are', async () => {
    const before = await appears('mine');
    await rules({ spec: { priority: 'Urgent', healling: {} } });
    const refused = await whole('the template is refused', (seen) => ready(seen)?.reason === 'TemplateInvalid');
    expect(refused && ready(refused)).toMatchObject({ status: 'False' });
    expect(refused && ready(refused)?.message).toMatch(
      /^the template of rule labelled is refused: .*(healling|Urgent)/,
    );
    await bed.create(workload('Deployment', 'late'));
    await label('Deployment', 'late', ASKS);
    await whole('it is skipped', (seen) => skips(seen, 'TemplateInvalid') === `Deployment ${bed.namespace}/late`);
    expect((await bed.service('mine')).spec).toEqual(before.spec);
    await rules({ spec: { priority: 'Low' } });
    expect((await appears('late')).spec.priority).toBe('Low');
    await service('mine', 'follows', (seen) => seen?.spec.priority === 'Low');
    await whole('all is well', (seen) => ready(seen)?.status === 'True');
  });

  it('says for which workload alone a template cannot be', async () => {
    await rules({ spec: { priority: 'Low', dependsOn: [{ name: 'cache' }] } });
    await bed.create(workload('Deployment', 'cache', { replicas: 0 }));
    await label('Deployment', 'cache', ASKS);
    const seen = await whole(
      'it is refused',
      (one) => skips(one, 'DiscoveryRefused') === `Deployment ${bed.namespace}/cache`,
    );
    expect(seen && ready(seen)?.message).toContain('a service cannot depend on itself');
    await rules({ spec: { priority: 'Low' } });
    await appears('cache');
    await whole('all is well again', (one) => ready(one)?.status === 'True');
  });

  it('makes no more than it may', async () => {
    const made = (await bed.services()).filter(({ metadata }) => metadata.annotations?.[RULE] !== undefined);
    const discovery = { maxServices: made.length };
    accept(await bed.api.call('PATCH', POLICY, { body: { spec: { discovery } } }));
    // Of the policy and of workloads it hears apart.
    const inForce = ({ status }: Orchestration) => status?.policy?.['discovery'] as typeof discovery | undefined;
    await whole('it is in force', (seen) => inForce(seen)?.maxServices === made.length);
    await bed.create(workload('Deployment', 'over', { replicas: 0 }));
    await label('Deployment', 'over', ASKS);
    await whole('the limit is told', (seen) => skips(seen, 'DiscoveryLimit') === `Deployment ${bed.namespace}/over`);
    await label('Deployment', 'cache', ASKS_NO_MORE);
    expect((await appears('over')).metadata.annotations?.[RULE]).toBe('labelled');
  });

  it('keeps a service while something of its workload is held', async () => {
    accept(await bed.api.call('PATCH', POLICY, { body: { spec: { stoppedNamespaces: [bed.namespace] } } }));
    const annotations = async () =>
      (await bed.get('Deployment', 'mine')).metadata['annotations'] as Record<string, string>;
    await eventually('mine is stopped', 60, annotations, (seen) => seen['baton.dev/halted-replicas'] === '2');
    await label('Deployment', 'mine', ASKS_NO_MORE);
    await whole('it waits', (seen) => skips(seen, 'DiscoveryHeld') === `Deployment ${bed.namespace}/mine`);
    accept(await bed.api.call('PATCH', POLICY, { body: { spec: { stoppedNamespaces: [] } } }));
    await goes('mine');
    const { spec } = await bed.get<{ spec: { replicas: number } }>('Deployment', 'mine');
    expect(spec.replicas).toBe(2);
  });

  it('goes on where another process left off, and takes back everything but what people edited when it is switched off', async () => {
    await appears('late');
    const edited = await appears('over');
    await operator.end();
    await label('Deployment', 'late', ASKS_NO_MORE);
    await bed.create(workload('Deployment', 'fresh', { replicas: 0 }));
    await label('Deployment', 'fresh', ASKS);
    await bed.patchService('over', { spec: { priority: 'Critical' } });
    await start();
    await goes('late');
    await appears('fresh');
    expect((await bed.service('over')).metadata.uid).toBe(edited.metadata.uid);
    accept(await bed.api.call('PATCH', POLICY, { body: { spec: { discovery: null } } }));
    await goes('fresh');
    await service('over', 'is theirs', (seen) => seen !== undefined && seen.metadata.annotations?.[RULE] === undefined);
    const off = await whole(
      'nothing is told any more',
      (seen) => seen.status?.discovery === undefined && ready(seen) === undefined,
    );
    expect(off?.status?.state).toBeDefined();
  });
});
