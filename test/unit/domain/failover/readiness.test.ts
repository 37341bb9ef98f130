import { expect, it } from 'vitest';
import { readiness } from '../../../../src/domain/failover/readiness.ts';
import { MINUTE, SECOND, World } from './world.ts';

const told = (world: World) => {
  const { waits } = world.look();
  return readiness(world.state, world.facts(), waits);
};
const reason = (world: World): string => told(world).reason;

it('is there when the standby could take over now, and says when it would have to start first', () => {
  const world = new World();
  expect(told(world)).toMatchObject({ status: 'True', reason: 'StandbyReady' });
  world.sides.Standby = { ...world.sides.Standby, desired: 0, pods: [] };
  expect(told(world)).toMatchObject({ status: 'True', reason: 'StandbyCold' });
});

it('says what stands in the way before anything breaks', () => {
  const world = new World();
  world.breakDown('Standby');
  expect(told(world)).toMatchObject({ status: 'False', reason: 'StandbyNotReady' });
  world.obstacle = { reason: 'ServiceNotFound', message: 'Service shop does not exist' };
  expect(told(world)).toMatchObject({ status: 'False', reason: 'ServiceNotFound' });
  world.obstacle = undefined;
  world.mend('Standby');
  world.selects = 'Other';
  expect(reason(world)).toBe('ServiceSelectorDiffers');
  world.selects = 'Standby';
  expect(reason(world)).toBe('ServiceSelectorDiffers');
  world.selects = 'Primary';
  world.mode = 'Recommend';
  expect(reason(world)).toBe('RecommendOnly');
});

it('follows a failover to its end', () => {
  const world = new World();
  world.breakDown();
  world.run();
  world.now += 30 * SECOND;
  world.look();
  expect(reason(world)).toBe('FailoverInProgress');
  world.run((state) => state.name === 'Fencing');
  for (let looks = 0; looks < 3; looks++) world.look();
  expect(reason(world)).toBe('FailoverInProgress');
  world.now += 30 * SECOND;
  expect(reason(world)).toBe('FencingWaits');
  world.run();
  expect(told(world)).toMatchObject({ status: 'False', reason: 'FailbackManual' });
  expect(told(world).message).toContain('write failover.desired: Primary');
  world.rules = { ...world.rules, desired: 'Primary' };
  // An order that stands in the spec already is no order.
  world.status = JSON.stringify({ ...JSON.parse(world.status), ordered: 'Primary' });
  expect(told(world).message).toContain('write failover.desired: Standby, and then Primary');
});

it('is not there within the cooldown', () => {
  const world = new World({ failback: 'Automatic' });
  world.breakDown();
  world.run();
  world.wait(30 * SECOND);
  world.mend('Primary');
  expect(told(world)).toMatchObject({ status: 'False', reason: 'FailoverCooldown' });
  world.wait(9 * MINUTE);
  expect(reason(world)).toBe('FailoverCooldown');
});
