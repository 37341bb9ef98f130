import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Bed } from './support/bed.ts';
import {
  failoverSpec,
  inState,
  kubeService,
  pair,
  replicasOf,
  selectorOf,
  setAllReady,
  STANDBY,
} from './support/failover.ts';
import { osvc, workload } from './support/objects.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.make('failover-refused');
  await bed.start();
});
afterAll(() => bed.close());

const withoutService = (name: string) => pair(name).filter(({ kind }) => kind !== 'Service');

it('tells before anything breaks what stands in the way, and that it is gone', async () => {
  await bed.createAll(...withoutService('shop'));
  await bed.condition('shop', 'FailoverReady', 'False', 'ServiceNotFound', 'Service shop does not exist; create it');
  await bed.create(kubeService('shop', { app: 'other' }));
  await bed.condition('shop', 'FailoverReady', 'False', 'ServiceSelectorDiffers');
  await bed.patch('Service', 'shop', { spec: { selector: { app: 'shop', role: 'primary' } } }, 'v1');
  await bed.condition('shop', 'FailoverReady', 'True', 'StandbyReady');
  await bed.healthy('shop');
  await bed.remove('Deployment', 'shop-standby');
  await bed.condition('shop', 'FailoverReady', 'False', 'StandbyNotFound');
  await eventually(
    'its pods are gone',
    60,
    () => bed.pods('shop-standby'),
    ({ length }) => length === 0,
  );
  await bed.create(
    workload('Deployment', 'shop-standby', { replicas: 1, labels: { app: 'shop-standby', ...STANDBY } }),
  );
  await bed.condition('shop', 'FailoverReady', 'True', 'StandbyReady');
  await setAllReady(bed, 'shop-standby', false);
  await bed.condition('shop', 'FailoverReady', 'False', 'StandbyNotReady');
  // The standby is no better, so the primary keeps what it has.
  await setAllReady(bed, 'shop', false);
  await inState(bed, 'shop', 'Refused');
  expect(await replicasOf(bed, 'shop')).toBe(2);
  expect(await selectorOf(bed, 'shop')).toMatchObject({ role: 'primary' });
  await bed.told('shop', /^FailoverRefused$/, ['Warning FailoverRefused']);
});

it('refuses two services that fail over to each other', async () => {
  const ref = (name: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', name });
  const labels = (role: string) => ({ app: `ring-${role}`, role });
  const failover = (from: string, to: string) =>
    failoverSpec(`ring-${from}`, {
      standbyRef: ref(`ring-${to}`),
      selectors: { primary: labels(from), standby: labels(to) },
    });
  await bed.createAll(
    ...['a', 'b'].flatMap((role) => [
      workload('Deployment', `ring-${role}`, { replicas: 1, labels: labels(role) }),
      kubeService(`ring-${role}`, labels(role)),
    ]),
    osvc('ring-a', { failover: failover('a', 'b') }),
    osvc('ring-b', { failover: failover('b', 'a') }),
  );
  const circles = ['ring-a', 'ring-b'].map((name) => bed.condition(name, 'FailoverReady', 'False', 'FailoverCircle'));
  const [first, second] = await Promise.all(circles);
  expect(first?.message).toContain('ring-b looks after Deployment/ring-b and fails over to the workload of this one');
  expect(second?.message).toContain('ring-a looks after Deployment/ring-a');
});

it('refuses a standby that another looks after, a Service for two, and pods of others behind a selector', async () => {
  await bed.createAll(...pair('own'), osvc('own-standby'));
  await bed.condition('own', 'FailoverReady', 'False', 'StandbyManaged');
  await bed.removeService('own-standby');
  await bed.condition('own', 'FailoverReady', 'True');

  await bed.untilYounger('own');
  await bed.createAll(
    workload('Deployment', 'late', { labels: { app: 'late', role: 'primary' } }),
    workload('Deployment', 'late-standby', { labels: { app: 'late-standby', ...STANDBY } }),
    osvc('late', { failover: failoverSpec('late', { serviceName: 'own' }) }),
  );
  await bed.condition('late', 'FailoverReady', 'False', 'ServiceShared');

  const stranger = { app: 'shared', role: 'primary', guest: 'yes' };
  await bed.create(workload('Deployment', 'guest', { replicas: 1, labels: stranger }));
  await eventually(
    'the guest is there',
    30,
    () => bed.pods('shared'),
    (pods) => pods.length === 1,
  );
  await bed.createAll(...pair('shared'));
  await bed.condition('shared', 'FailoverReady', 'False', 'ServiceShared', /pod guest-\S+ belongs to neither workload/);
});

it('refuses selectors that its pods do not have', async () => {
  const selectors = { primary: { app: 'typo', role: 'primary' }, standby: { app: 'typo-standby', role: 'standbye' } };
  await bed.createAll(...pair('typo', { failover: { selectors } }));
  await bed.condition(
    'typo',
    'FailoverReady',
    'False',
    'SelectorMismatch',
    'selectors.standby (app=typo-standby,role=standbye) matches no pod of Deployment/typo-standby',
  );
});

it('changes nothing in mode Recommend, and says what it would do', async () => {
  await bed.createAll(...pair('rehearsed', { spec: { mode: 'Recommend' } }));
  await bed.healthy('rehearsed');
  await bed.condition('rehearsed', 'FailoverReady', 'False', 'RecommendOnly');
  await setAllReady(bed, 'rehearsed', false);
  await inState(bed, 'rehearsed', 'Refused');
  await bed.told('rehearsed', /^(WouldFailOver|FailoverStarted)$/, ['Normal WouldFailOver']);
  expect(await replicasOf(bed, 'rehearsed')).toBe(2);
  expect(await selectorOf(bed, 'rehearsed')).toMatchObject({ role: 'primary' });
});

it('moves services together that ask for it, there and back', async () => {
  const { after: _, ...follow } = failoverSpec('front', { follow: 'back' }) as Record<string, unknown>;
  await bed.createAll(...pair('back', { primary: 1, standby: 1 }));
  await bed.createAll(...pair('front', { primary: 1, standby: 1 }).slice(0, 3), osvc('front', { failover: follow }));
  await bed.condition('front', 'FailoverReady', 'True');
  await bed.condition('back', 'FailoverReady', 'True');
  await bed.patchService('back', { spec: { failover: { desired: 'Standby' } } });
  await inState(bed, 'back', 'Completed', 'Standby');
  await inState(bed, 'front', 'Completed', 'Standby');
  expect(await selectorOf(bed, 'front')).toMatchObject({ role: 'standby' });
  await bed.patchService('back', { spec: { failover: { desired: 'Primary' } } });
  await bed.until('front', 'is back', ({ status }) => status?.failover?.active === 'Primary');
  expect(await selectorOf(bed, 'front')).toMatchObject({ role: 'primary' });
});

it('goes back by itself after the cooldown where the spec says so', async () => {
  const failover = { failback: 'Automatic', cooldown: '10s' };
  await bed.createAll(...pair('returning', { failover }));
  await bed.healthy('returning');
  await bed.condition('returning', 'FailoverReady', 'True');
  await setAllReady(bed, 'returning', false);
  // Where it was meanwhile lasts no longer than the cooldown: the epoch counts the moves.
  await bed.until(
    'returning',
    'is back',
    ({ status }) => status?.failover?.active === 'Primary' && status.failover.epoch === 2,
  );
  expect(await selectorOf(bed, 'returning')).toMatchObject({ role: 'primary' });
});
