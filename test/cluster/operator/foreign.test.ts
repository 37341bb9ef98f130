import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Bed, accept, conditionOf } from './support/bed.ts';
import { unique } from '../support/api.ts';
import { type Obj, osvc, podTemplate } from './support/objects.ts';

let bed: Bed;
let group: string;
const installed: string[] = [];
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

beforeAll(async () => {
  bed = await Bed.make('op-foreign');
  await bed.start();
}, 120_000);
beforeEach(() => {
  group = `${unique('w')}.example.dev`;
});
afterAll(async () => {
  for (const name of installed) await bed.api.call('DELETE', `${CRDS}/${name}`);
  await bed.close();
}, 30_000);

/** A kind Widget of the group of this test, with or without a scale subresource. */
async function install(scale: boolean): Promise<void> {
  const name = `widgets.${group}`;
  const paths = {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  };
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const version = { name: 'v1', served: true, storage: true, schema, ...(scale && { subresources: { scale: paths } }) };
  const spec = { group, scope: 'Namespaced', names: { kind: 'Widget', plural: 'widgets' }, versions: [version] };
  const body = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name }, spec };
  installed.push(name);
  accept(await bed.api.call('POST', CRDS, { body }));
}

async function widget(name: string, replicas: number): Promise<void> {
  const object = { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name } };
  const made = { ...object, spec: { replicas }, status: { replicas, selector: `app=${name}` } };
  for (let tries = 0; ; tries++) {
    const answer = await bed.api.call('POST', `/apis/${group}/v1/namespaces/${bed.namespace}/widgets`, { body: made });
    if (answer.status === 201) return;
    // The API server begins to serve a kind a moment after its CRD was made.
    if (answer.status !== 404 || tries > 100) accept(answer);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const pod = (name: string, app: string): Obj => {
  const { metadata, spec } = podTemplate({ app }) as { metadata: object; spec: object };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec };
};

const forWidget = (name: string) => osvc(name, { targetRef: { apiVersion: `${group}/v1`, kind: 'Widget', name } });

describe('a kind that Baton does not know', { timeout: 90_000 }, () => {
  it('with a scale subresource has its pods by the selector of its scale', async () => {
    await install(true);
    await widget('gear', 2);
    await bed.create(pod('gear-0', 'gear'));
    await bed.create(pod('gear-1', 'gear'));
    await bed.create(forWidget('gear'));
    const { status } = await bed.healthy('gear');
    expect(status).toMatchObject({
      replicas: { current: 2, ready: 2, desired: 2 },
      selector: 'app=gear',
      activeTarget: 'Widget/gear',
      confidence: '100%',
    });
    // Such a kind does not tell how its rollouts go.
    expect(status?.signals?.map(({ name }) => name)).toEqual(['availability', 'stability', 'dependencies']);
    const [first] = await bed.pods('gear');
    if (first) await bed.setReady(first, false);
    // 20 + 20 + 10 of 70.
    expect((await bed.level('gear', 'Warning')).status?.score).toBe(71);
    if (first) await bed.setReady(first, true);
    await bed.healthy('gear');
  });

  it('is scaled by somebody else: desired follows', async () => {
    await install(true);
    await widget('scaled', 1);
    await bed.create(pod('scaled-0', 'scaled'));
    await bed.create(forWidget('scaled'));
    await bed.healthy('scaled');
    const path = `/apis/${group}/v1/namespaces/${bed.namespace}/widgets/scaled`;
    accept(await bed.api.call('PATCH', path, { body: { spec: { replicas: 4 } } }));
    const seen = await bed.until('scaled', 'four wanted', ({ status }) => status?.replicas?.desired === 4);
    // 10 + 20 + 10 of 70.
    expect(seen.status).toMatchObject({ health: 'Degraded', score: 57 });
  });

  it('without a scale subresource is told so', async () => {
    await install(false);
    await widget('rigid', 1);
    await bed.create(forWidget('rigid'));
    const stalled = await bed.condition('rigid', 'Stalled', 'True', 'TargetNotScalable');
    expect(stalled.message).toBe('the kind of Widget rigid has no scale subresource; name a workload that has one');
    await bed.create(osvc('config', { targetRef: { apiVersion: 'v1', kind: 'ConfigMap', name: 'kube-root-ca.crt' } }));
    await bed.condition('config', 'Stalled', 'True', 'TargetNotScalable');
  });

  it('that the API server does not know is told so, and found when its CRD is installed later', async () => {
    await bed.create(forWidget('future'));
    const stalled = await bed.condition('future', 'Stalled', 'True', 'TargetKindUnknown');
    expect(stalled.message).toBe(
      'the API server knows no kind like that of Widget future; correct targetRef, or install the CRD',
    );
    await install(true);
    await widget('future', 1);
    await bed.create(pod('future-0', 'future'));
    expect(conditionOf(await bed.healthy('future'), 'Stalled')).toBeUndefined();
  });

  it('whose object is deleted is Failed and stalled, and comes back with it', async () => {
    await install(true);
    await widget('brittle', 1);
    await bed.create(pod('brittle-0', 'brittle'));
    await bed.create(forWidget('brittle'));
    await bed.healthy('brittle');
    const path = `/apis/${group}/v1/namespaces/${bed.namespace}/widgets/brittle`;
    accept(await bed.api.call('DELETE', path));
    await bed.condition('brittle', 'Stalled', 'True', 'TargetNotFound');
    expect((await bed.service('brittle')).status).toMatchObject({ health: 'Failed', score: 0 });
    await widget('brittle', 1);
    await bed.healthy('brittle');
  });

  it('whose CRD is deleted is told as unknown', async () => {
    await install(true);
    await widget('orphan', 1);
    await bed.create(pod('orphan-0', 'orphan'));
    await bed.create(forWidget('orphan'));
    await bed.healthy('orphan');
    accept(await bed.api.call('DELETE', `${CRDS}/widgets.${group}`));
    const seen = await bed.until('orphan', 'stalled', (seen) =>
      /^Target(KindUnknown|NotFound)$/.test(conditionOf(seen, 'Stalled')?.reason ?? ''),
    );
    expect(seen.status?.phase).toBe('Stalled');
  });
});
