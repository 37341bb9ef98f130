import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Bed, conditionOf } from './support/bed.ts';
import { unique } from '../support/api.ts';
import { osvc, workload } from './support/objects.ts';
import { Widgets } from './support/widgets.ts';

let bed: Bed;
let widgets: Widgets;
const all: Widgets[] = [];

beforeAll(async () => {
  bed = await Bed.make('op-foreign');
  await bed.start();
});
beforeEach(() => {
  widgets = new Widgets(bed, `${unique('w')}.example.dev`);
  all.push(widgets);
});
afterAll(async () => {
  for (const each of all) await each.uninstall();
  await bed.close();
});

describe('a kind that Baton does not know', () => {
  it('with a scale subresource has its pods by the selector of its scale', async () => {
    await widgets.install(true);
    await widgets.create('gear', 2);
    await bed.create(widgets.pod('gear-0', 'gear'));
    await bed.create(widgets.pod('gear-1', 'gear'));
    await bed.create(widgets.osvc('gear'));
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

  it('has the pods of the StatefulSet that it owns, and follows them', async () => {
    await widgets.install(true);
    await widgets.create('owner', 2);
    const apiVersion = `${widgets.group}/v1`;
    const { uid } = (await bed.get('Widget', 'owner', apiVersion)).metadata;
    const ownerReferences = [{ apiVersion, kind: 'Widget', name: 'owner', uid, controller: true }];
    const labels = { app: 'owner' };
    const made = workload('StatefulSet', 'owner-main', { labels });
    await bed.create({ ...made, metadata: { ...made.metadata, ownerReferences } });
    // With the same labels, but nobody's that the Widget owns.
    await bed.create(workload('StatefulSet', 'neighbour', { labels, replicas: 1 }));
    await bed.create(widgets.osvc('owner'));
    expect((await bed.healthy('owner')).status?.replicas).toEqual({ current: 2, ready: 2, desired: 2 });
    await bed.condition('owner', 'SelectorUnique', 'False', 'SelectorOverlap');
    await bed.remove('StatefulSet', 'neighbour');
    await bed.until('owner', 'no overlap', (seen) => conditionOf(seen, 'SelectorUnique') === undefined);
    const [first] = await bed.pods('owner');
    if (first) await bed.setReady(first, false);
    await bed.level('owner', 'Warning');
    if (first) await bed.setReady(first, true);
    await bed.healthy('owner');
  });

  it('is scaled by somebody else: desired follows', async () => {
    await widgets.install(true);
    await widgets.create('scaled', 1);
    await bed.create(widgets.pod('scaled-0', 'scaled'));
    await bed.create(widgets.osvc('scaled'));
    await bed.healthy('scaled');
    await widgets.scale('scaled', 4);
    const seen = await bed.until('scaled', 'four wanted', ({ status }) => status?.replicas?.desired === 4);
    // 10 + 20 + 10 of 70.
    expect(seen.status).toMatchObject({ health: 'Degraded', score: 57 });
  });

  it('without a scale subresource is told so', async () => {
    await widgets.install(false);
    await widgets.create('rigid', 1);
    await bed.create(widgets.osvc('rigid'));
    await bed.condition(
      'rigid',
      'Stalled',
      'True',
      'TargetNotScalable',
      'the kind of Widget rigid has no scale subresource; name a workload that has one',
    );
    await bed.create(osvc('config', { targetRef: { apiVersion: 'v1', kind: 'ConfigMap', name: 'kube-root-ca.crt' } }));
    await bed.condition('config', 'Stalled', 'True', 'TargetNotScalable');
  });

  it('that the API server does not know is told so, and found when its CRD is installed later', async () => {
    await bed.create(widgets.osvc('future'));
    await bed.condition(
      'future',
      'Stalled',
      'True',
      'TargetKindUnknown',
      'the API server knows no kind like that of Widget future; correct targetRef, or install the CRD',
    );
    await widgets.install(true);
    await widgets.create('future', 1);
    await bed.create(widgets.pod('future-0', 'future'));
    expect(conditionOf(await bed.healthy('future'), 'Stalled')).toBeUndefined();
  });

  it('whose object is deleted is Failed and stalled, and comes back with it', async () => {
    await widgets.install(true);
    await widgets.create('brittle', 1);
    await bed.create(widgets.pod('brittle-0', 'brittle'));
    await bed.create(widgets.osvc('brittle'));
    await bed.healthy('brittle');
    await widgets.remove('brittle');
    await bed.condition('brittle', 'Stalled', 'True', 'TargetNotFound');
    expect((await bed.service('brittle')).status).toMatchObject({ health: 'Failed', score: 0 });
    await widgets.create('brittle', 1);
    await bed.healthy('brittle');
  });

  it('whose CRD is deleted is told as unknown', async () => {
    await widgets.install(true);
    await widgets.create('orphan', 1);
    await bed.create(widgets.pod('orphan-0', 'orphan'));
    await bed.create(widgets.osvc('orphan'));
    await bed.healthy('orphan');
    await widgets.uninstall();
    await bed.condition(
      'orphan',
      'Stalled',
      'True',
      'TargetKindUnknown',
      'the API server knows no kind like that of Widget orphan',
    );
  });

  it('whose objects nobody can convert holds up nobody else, and is right when they can be converted', async () => {
    await widgets.install(true);
    await widgets.create('stuck', 1);
    await bed.create(widgets.pod('stuck-0', 'stuck'));
    await widgets.addBrokenVersion();
    // More than there are workers.
    const names = ['stuck', ...Array.from({ length: 39 }, (_, at) => `idle-${at}`)];
    await bed.createAll(...names.map((name) => widgets.osvc(name, 'v2')));
    await bed.createAll(workload('Deployment', 'other'), osvc('other'));
    await bed.healthy('other');
    await bed.condition(
      'stuck',
      'Stalled',
      'True',
      'TargetUnavailable',
      'the API server does not say at present how Widget stuck is',
    );
    expect(conditionOf(await bed.service('stuck'), 'Ready')?.status).toBe('Unknown');
    for (const name of names) await bed.condition(name, 'Stalled', 'True', 'TargetUnavailable');
    await widgets.mendVersion();
    expect(conditionOf(await bed.healthy('stuck'), 'Stalled')).toBeUndefined();
    await bed.condition('idle-0', 'Stalled', 'True', 'TargetNotFound');
  });
});
