import { expect, it } from 'vitest';
import { type Ground, obstacleOf } from '../../../../src/domain/failover/obstacles.ts';
import { workload } from '../fixtures.ts';

const GROUND: Ground = {
  primary: 'Deployment/a',
  standby: 'Deployment/b',
  standbyTarget: { state: 'Found', workload: workload({ name: 'b' }) },
  standbyLookedAfterBy: undefined,
  isCircle: false,
  standbySharedWith: undefined,
  serviceSharedWith: undefined,
  serviceName: 'shop',
  service: { kind: 'found', selector: { role: 'a' } },
  selectors: { primary: { role: 'a' }, standby: { role: 'b' } },
  labels: { primary: { app: 'shop', role: 'a' }, standby: { app: 'shop', role: 'b' } },
  stranger: undefined,
  lacks: undefined,
  fences: true,
  scaledObject: undefined,
  follow: undefined,
};

it('stands nowhere where all is as it should be', () => {
  expect(obstacleOf(GROUND)).toBeUndefined();
  // Nothing is known of pods that there never were.
  expect(obstacleOf({ ...GROUND, labels: { primary: undefined, standby: undefined } })).toBeUndefined();
  expect(obstacleOf({ ...GROUND, follow: { name: 'db', is: 'Found' } })).toBeUndefined();
  expect(obstacleOf({ ...GROUND, fences: false, scaledObject: 'keda' })).toBeUndefined();
});

const cases: readonly [string, Partial<Ground>, string, string][] = [
  [
    'no standby',
    { standbyTarget: { state: 'Absent', reason: 'TargetNotFound' } },
    'StandbyNotFound',
    'Deployment/b does not exist',
  ],
  [
    'a standby of no kind',
    { standbyTarget: { state: 'Absent', reason: 'TargetKindUnknown' } },
    'StandbyNotFound',
    'does not exist',
  ],
  [
    'a standby that cannot be scaled',
    { standbyTarget: { state: 'Absent', reason: 'TargetNotScalable' } },
    'FencingImpossible',
    'no scale',
  ],
  [
    'a standby that cannot be read',
    { standbyTarget: { state: 'Absent', reason: 'Forbidden', verb: 'list', resource: 'deployments.apps' } },
    'Forbidden',
    'may not list deployments.apps',
  ],
  [
    'a standby of which nothing is known',
    { standbyTarget: { state: 'Absent', reason: 'TargetUnavailable' } },
    'TargetUnavailable',
    'does not say',
  ],
  [
    'a standby that goes',
    { standbyTarget: { state: 'Found', workload: workload({ terminating: true }) } },
    'StandbyNotFound',
    'being deleted',
  ],
  ['a standby with an owner of its own', { standbyLookedAfterBy: 'other' }, 'StandbyManaged', 'other looks after'],
  ['two that fail over to each other', { standbyLookedAfterBy: 'other', isCircle: true }, 'FailoverCircle', 'other'],
  ['a standby for two', { standbySharedWith: 'older' }, 'StandbyManaged', 'standby of older too'],
  ['no Service', { service: { kind: 'absent' } }, 'ServiceNotFound', 'Service shop does not exist'],
  [
    'a Service that may not be read',
    { service: { kind: 'forbidden', verb: 'get', resource: 'services' } },
    'Forbidden',
    'may not get services',
  ],
  [
    'a Service without a selector',
    { service: { kind: 'found', selector: undefined } },
    'ServiceSelectorDiffers',
    'no selector',
  ],
  ['a Service for two', { serviceSharedWith: 'older' }, 'ServiceShared', 'older moves the traffic of Service shop too'],
  ['a stranger behind the selector', { stranger: 'other-1' }, 'ServiceShared', 'pod other-1 belongs to neither'],
  [
    'a selector for nobody',
    { labels: { primary: { role: 'a' }, standby: { role: 'c' } } },
    'SelectorMismatch',
    'selectors.standby (role=b) matches no pod of Deployment/b',
  ],
  [
    'a primary selector for nobody',
    { labels: { primary: { role: 'x' }, standby: { role: 'b' } } },
    'SelectorMismatch',
    'selectors.primary (role=a) matches no pod of Deployment/a',
  ],
  ['a missing permission', { lacks: { verb: 'patch', resource: 'services' } }, 'Forbidden', 'may not patch services'],
  ['somebody who starts what is fenced', { scaledObject: 'keda' }, 'FencingImpossible', 'ScaledObject keda'],
  ['nobody to follow', { follow: { name: 'db', is: 'NotFound' } }, 'FollowedNotFound', 'no OrchestratedService db'],
  [
    'one to follow that stays',
    { follow: { name: 'db', is: 'WithoutFailover' } },
    'FollowedNotFound',
    'has no failover',
  ],
  ['two that follow each other', { follow: { name: 'db', is: 'Circle' } }, 'FailoverCircle', 'nobody leads'],
];

it.each(cases)('tells of %s', (_, part, reason, says) => {
  const obstacle = obstacleOf({ ...GROUND, ...part });
  expect(obstacle?.reason).toBe(reason);
  expect(obstacle?.message).toContain(says);
});

it('tells of a selector that matches the pods of both', () => {
  const labels = { primary: { app: 'shop', role: 'a' }, standby: { app: 'shop', role: 'b' } };
  const selectors = { primary: { app: 'shop' }, standby: { role: 'b' } };
  expect(obstacleOf({ ...GROUND, labels, selectors })).toMatchObject({
    reason: 'SelectorMismatch',
    message: 'failover.selectors.primary (app=shop) matches pods of Deployment/b too',
  });
});
