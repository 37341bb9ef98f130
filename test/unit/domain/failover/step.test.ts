import { describe, expect, it } from 'vitest';
import { step } from '../../../../src/domain/failover/step.ts';
import { MINUTE, NOW, SECOND, World } from './world.ts';

const names = (world: World) => ({ state: world.state.name, active: world.state.active, selects: world.selects });

/** A world whose primary has been down for long enough. */
function failedOver(world = new World()): World {
  world.breakDown();
  world.run();
  world.wait(30 * SECOND);
  return world;
}

describe('a failover', () => {
  it('begins when the primary was down for long enough, and not before', () => {
    const world = new World();
    world.breakDown();
    world.run();
    expect(names(world).state).toBe('Suspected');
    world.wait(29 * SECOND);
    expect(names(world).state).toBe('Suspected');
    world.wait(1 * SECOND);
    expect(names(world)).toEqual({ state: 'Completed', active: 'Standby', selects: 'Standby' });
    expect(world.reasons()).toEqual(['FailoverSuspected', 'FailoverStarted', 'Fenced', 'FailedOver']);
    expect(world.faults).toEqual([]);
  });

  it('comes no later than that when the clock is set back meanwhile', () => {
    const world = new World();
    world.breakDown();
    world.run();
    world.wait(20 * SECOND);
    world.now -= 60 * MINUTE;
    world.run();
    expect(names(world).state).toBe('Suspected');
    world.wait(30 * SECOND);
    expect(names(world)).toEqual({ state: 'Completed', active: 'Standby', selects: 'Standby' });
  });

  it('may come again a cooldown after the last one, also where the clock was set back', () => {
    const world = failedOver(new World({ failback: 'Automatic' }));
    world.mend('Primary');
    world.now -= 60 * MINUTE;
    world.run();
    world.wait(11 * MINUTE);
    expect(names(world)).toMatchObject({ active: 'Primary', selects: 'Primary' });
  });

  it('is called off when the primary recovers in time', () => {
    const world = new World();
    world.breakDown();
    world.run();
    world.mend('Primary');
    world.wait(29 * SECOND);
    expect(names(world).state).toBe('Idle');
    world.wait(MINUTE);
    expect(world.switches).toEqual([]);
  });

  it('counts only time of real evidence', () => {
    const world = new World();
    world.breakDown();
    world.run();
    world.health = 'Unknown';
    world.wait(60 * SECOND);
    expect(names(world).state).toBe('Idle');
    world.health = undefined;
    world.run();
    world.wait(29 * SECOND);
    expect(names(world).state).toBe('Suspected');
  });

  it('brings the standby to the count of the primary before anything is taken away', () => {
    const world = new World();
    world.breakDown();
    world.run();
    world.now += 30 * SECOND;
    world.look();
    expect(world.state).toMatchObject({ name: 'Preparing', wanted: 3, resting: 1 });
    expect(world.look().act).toEqual({ type: 'Scale', side: 'Standby', from: 1, to: 3, fences: undefined });
    world.look();
    expect(world.state.name).toBe('Preparing');
    expect(world.sides.Primary.desired).toBe(3);
  });

  it('asks for as many pods as it was told where it was told', () => {
    const world = failedOver(new World({ standbyReplicas: 2 }));
    expect(world.sides.Standby.desired).toBe(2);
  });

  it('leaves more pods at the standby than the primary has', () => {
    const world = new World();
    world.sides.Standby.desired = 5;
    world.settleCluster();
    failedOver(world);
    expect(world.sides.Standby.desired).toBe(5);
  });

  it('keeps the count of the primary where people find it', () => {
    const world = failedOver();
    expect(world.sides.Primary).toMatchObject({ desired: 0, annotation: 3 });
    expect(world.state.fenced).toBe(3);
  });

  it('does not switch while a pod of the primary is still terminating', () => {
    const world = new World();
    world.breakDown();
    world.run();
    world.now += 30 * SECOND;
    world.run((state) => state.name === 'Fencing');
    world.look();
    world.look();
    world.markTerminating(world.sides.Primary);
    for (let index = 0; index < 5; index++) world.look();
    expect(names(world)).toEqual({ state: 'Fencing', active: 'Primary', selects: 'Primary' });
    expect(world.look().waits).toBeUndefined();
    world.now += 30 * SECOND;
    expect(world.look().waits?.reason).toBe('FencingWaits');
    world.settleCluster();
    expect(world.run().name).toBe('Completed');
  });

  it('takes the primary down again when somebody scales it up meanwhile', () => {
    const world = new World();
    world.breakDown();
    world.run();
    world.now += 30 * SECOND;
    world.run((state) => state.name === 'Switching');
    world.sides.Primary.desired = 4;
    world.startPods(world.sides.Primary);
    expect(world.run().name).toBe('Completed');
    expect(world.sides.Primary).toMatchObject({ desired: 0, annotation: 4 });
    expect(world.faults).toEqual([]);
  });

  it('goes on with the standby when the primary is gone altogether', () => {
    const world = new World();
    world.sides.Primary = { ...world.sides.Primary, desired: 0, pods: [] };
    world.health = 'Down';
    world.run();
    world.now += 30 * SECOND;
    expect(world.run().active).toBe('Standby');
  });

  it('waits for the endpoints, and tells how long each part took', () => {
    const world = new World();
    world.breakDown();
    world.run();
    world.now += 30 * SECOND;
    world.run((state) => state.name === 'Switching');
    world.look();
    world.now += 700;
    world.look();
    expect(names(world)).toEqual({ state: 'Verifying', active: 'Standby', selects: 'Standby' });
    world.settleCluster();
    world.look();
    expect(world.state).toMatchObject({
      name: 'Completed',
      took: { detection: 30_000, preparation: 0, fencing: 0, switch: 700 },
    });
  });

  it('ends after a minute where the endpoints do not follow, and says so', () => {
    const world = new World();
    world.breakDown();
    world.run();
    world.now += 30 * SECOND;
    world.run((state) => state.name === 'Switching');
    world.look();
    world.look();
    world.sides.Primary.pods = [{ ready: true, terminating: false }];
    world.now += 59 * SECOND;
    expect(world.look().waits?.message).toContain('endpoints of Deployment/primary are still there');
    world.now += 1 * SECOND;
    world.look();
    expect(world.state.name).toBe('Completed');
    expect(world.told.at(-1)).toMatchObject({ reason: 'EndpointsBehind', type: 'Warning' });
  });

  it('without fencing touches nothing but the standby and the Service', () => {
    const world = failedOver(new World({ fencing: 'None' }));
    expect(names(world)).toEqual({ state: 'Completed', active: 'Standby', selects: 'Standby' });
    expect(world.sides.Primary.desired).toBe(3);
  });

  it('without fencing and with a warm standby needs four writes from the decision to the end', () => {
    const world = new World({ fencing: 'None', standbyReplicas: 1 });
    world.breakDown();
    world.run();
    world.now += 30 * SECOND;
    world.look();
    expect(world.state.name).toBe('Switching');
    expect(world.look().act?.type).toBe('Select');
    world.settleCluster();
    world.look();
    world.look();
    expect(world.state.name).toBe('Completed');
  });
});

describe('a failover is refused', () => {
  const cases: readonly [string, (world: World) => void, string][] = [
    [
      'while something is wrong with its ground',
      (world) => (world.obstacle = { reason: 'ServiceNotFound', message: 'no Service' }),
      'ServiceNotFound',
    ],
    [
      'in a mass failure',
      (world) => (world.freeze = { reason: 'MaintenanceWindow', message: 'many are down' }),
      'MaintenanceWindow',
    ],
    [
      'where a dependency is the cause',
      (world) => (world.elsewhere = { reason: 'DependencyUnhealthy', message: 'db is down' }),
      'DependencyUnhealthy',
    ],
    ['to a standby that is no better', (world) => world.breakDown('Standby'), 'StandbyNotReady'],
    ['when somebody changed the selector', (world) => (world.selects = 'Other'), 'ServiceSelectorDiffers'],
    ['in mode Recommend', (world) => (world.mode = 'Recommend'), 'RecommendOnly'],
    ['in mode Observe', (world) => (world.mode = 'Observe'), 'ObserveOnly'],
  ];

  it.each(cases)('%s, and nothing is touched', (_, arrange, reason) => {
    const world = new World();
    arrange(world);
    failedOver(world);
    expect(world.state).toMatchObject({ name: 'Refused', reason, active: 'Primary' });
    expect(world.sides.Primary.desired).toBe(3);
    expect(world.sides.Standby.desired).toBe(1);
    // Once, however often it is looked at.
    world.wait(SECOND);
    expect(world.reasons().filter((told) => told !== 'FailoverSuspected')).toHaveLength(1);
  });

  it('until what was in the way is gone', () => {
    const world = new World();
    world.obstacle = { reason: 'ServiceNotFound', message: 'no Service' };
    failedOver(world);
    world.obstacle = undefined;
    expect(world.run().name).toBe('Completed');
  });

  it.each(['MassFailure', 'DependencyUnhealthy'] as const)('anew for its own sake after %s is over', (reason) => {
    const world = new World();
    const message = 'others are down';
    if (reason === 'MassFailure') world.freeze = { reason, message };
    else world.elsewhere = { reason, message };
    failedOver(world);
    expect(world.state).toMatchObject({ name: 'Refused', reason });
    world.freeze = world.elsewhere = undefined;
    world.run();
    expect(world.state.name).toBe('Suspected');
    expect(world.sides.Standby.desired).toBe(1);
    world.now += 30 * SECOND;
    expect(world.run().name).toBe('Completed');
  });

  it('no longer when the primary is well again', () => {
    const world = new World();
    world.obstacle = { reason: 'ServiceNotFound', message: 'no Service' };
    failedOver(world);
    world.mend('Primary');
    expect(world.run().name).toBe('Idle');
  });

  it('after ten minutes in which the pods of the standby did not become ready; the primary was not touched', () => {
    const world = new World();
    world.sides.Standby = { ...world.sides.Standby, desired: 0, pods: [], isWell: false };
    failedOver(world);
    expect(world.state.name).toBe('Preparing');
    world.wait(10 * MINUTE);
    expect(world.state).toMatchObject({ name: 'Refused', reason: 'StandbyNotReady' });
    expect(world.sides.Primary.desired).toBe(3);
    expect(world.sides.Standby.desired).toBe(0);
    world.wait(5 * MINUTE);
    expect(world.state.name).toBe('Refused');
    world.sides.Standby.isWell = true;
    world.wait(5 * MINUTE);
    expect(world.state.active).toBe('Standby');
  });
});

describe('a failover that has begun', () => {
  it('is called off when the primary recovers while the standby starts, which goes back to its own count', () => {
    const world = new World();
    world.breakDown();
    world.run();
    world.sides.Standby.isWell = false;
    world.wait(30 * SECOND);
    expect(world.state.name).toBe('Preparing');
    world.mend('Primary');
    world.run();
    expect(names(world)).toEqual({ state: 'Idle', active: 'Primary', selects: 'Primary' });
    expect(world.sides.Standby.desired).toBe(1);
    expect(world.reasons()).toContain('FailoverAborted');
  });

  it('is turned round by a person while pods of the primary end', () => {
    const world = new World();
    world.breakDown();
    world.run();
    world.now += 30 * SECOND;
    world.run((state) => state.name === 'Fencing');
    world.look();
    world.look();
    world.markTerminating(world.sides.Primary);
    world.rules = { ...world.rules, desired: 'Primary' };
    world.mend('Primary');
    world.run();
    expect(names(world)).toEqual({ state: 'Idle', active: 'Primary', selects: 'Primary' });
    expect(world.sides.Primary).toMatchObject({ desired: 3, annotation: undefined });
    expect(world.sides.Standby.desired).toBe(1);
  });

  it('waits while somebody with more authority acts, and goes on afterwards', () => {
    const world = new World();
    world.breakDown();
    world.run();
    world.now += 30 * SECOND;
    world.run((state) => state.name === 'Fencing');
    world.held = { reason: 'MaintenanceWindow', message: 'halted' };
    world.wait(MINUTE);
    expect(world.state.name).toBe('Fencing');
    world.held = undefined;
    expect(world.run().name).toBe('Completed');
  });
});

describe('the way back', () => {
  it('is not taken by itself', () => {
    const world = failedOver();
    world.mend('Primary');
    world.wait(60 * MINUTE);
    expect(names(world)).toEqual({ state: 'Idle', active: 'Standby', selects: 'Standby' });
  });

  it('is taken when a person orders it, and everything is as it was', () => {
    const world = failedOver();
    world.mend('Primary');
    world.rules = { ...world.rules, desired: 'Primary' };
    world.run();
    expect(names(world)).toEqual({ state: 'Completed', active: 'Primary', selects: 'Primary' });
    expect(world.sides.Primary).toMatchObject({ desired: 3, annotation: undefined });
    expect(world.sides.Standby).toMatchObject({ desired: 1, annotation: undefined });
    expect(world.state.epoch).toBe(2);
  });

  it('is not ordered by what stood in the spec before', () => {
    const world = failedOver(new World({ desired: 'Primary' }));
    world.mend('Primary');
    world.wait(60 * MINUTE);
    expect(world.state.active).toBe('Standby');
    world.rules = { ...world.rules, desired: 'Standby' };
    world.run();
    world.rules = { ...world.rules, desired: 'Primary' };
    world.run();
    expect(world.state.active).toBe('Primary');
  });

  it('is taken by itself after the cooldown where the spec says so', () => {
    const world = failedOver(new World({ failback: 'Automatic' }));
    world.mend('Primary');
    world.wait(9 * MINUTE);
    expect(world.state.active).toBe('Standby');
    world.wait(1 * MINUTE);
    expect(names(world)).toEqual({ state: 'Completed', active: 'Primary', selects: 'Primary' });
  });

  it('is given up where the primary does not start, which is fenced again, and tried again a cooldown later', () => {
    const world = failedOver(new World({ failback: 'Automatic' }));
    world.wait(10 * MINUTE);
    expect(world.state).toMatchObject({ name: 'Preparing', to: 'Primary' });
    world.wait(10 * MINUTE);
    expect(world.state.active).toBe('Standby');
    expect(world.sides.Primary).toMatchObject({ desired: 0, annotation: 3 });
    world.mend('Primary');
    world.wait(9 * MINUTE);
    expect(world.state.active).toBe('Standby');
    world.wait(1 * MINUTE);
    expect(world.state.active).toBe('Primary');
  });

  const downTwice = (failback: 'Automatic' | 'Manual'): World => {
    const world = failedOver(new World({ failback }));
    world.mend('Primary');
    world.breakDown('Standby');
    world.run();
    world.wait(MINUTE);
    return world;
  };

  it('is taken when the standby is down, once the cooldown is over', () => {
    const world = downTwice('Automatic');
    expect(world.state).toMatchObject({ active: 'Standby', reason: 'FailoverCooldown' });
    expect(world.wait(10 * MINUTE).active).toBe('Primary');
  });

  it('is not taken when the standby is down and the way back is a person’s', () => {
    const world = downTwice('Manual');
    world.wait(10 * MINUTE);
    expect(world.wait(MINUTE).active).toBe('Standby');
  });
});

describe('an order', () => {
  it('moves traffic from a primary that is well', () => {
    const world = new World({ desired: 'Standby' });
    world.run();
    expect(names(world)).toEqual({ state: 'Completed', active: 'Standby', selects: 'Standby' });
    expect(world.switches).toEqual([{ at: NOW, to: 'Standby', cause: 'Order' }]);
  });

  it('is carried out in a maintenance window and within a cooldown', () => {
    const world = failedOver();
    world.freeze = { reason: 'MaintenanceWindow', message: 'a window is open' };
    world.mend('Primary');
    world.rules = { ...world.rules, desired: 'Primary' };
    expect(world.run().active).toBe('Primary');
  });

  it('is refused where the other side is not there, and carried out when it is', () => {
    const world = new World({ desired: 'Standby' });
    world.breakDown('Standby');
    world.run();
    expect(world.state).toMatchObject({ name: 'Refused', cause: 'Order', reason: 'StandbyNotReady' });
    world.mend('Standby');
    expect(world.run().active).toBe('Standby');
  });

  it('that is taken back is forgotten', () => {
    const world = new World({ desired: 'Standby' });
    world.breakDown('Standby');
    world.run();
    world.rules = { ...world.rules, desired: undefined };
    expect(world.run().name).toBe('Idle');
  });
});

describe('a service that follows another', () => {
  it('goes along with it, there and back, and by nothing else', () => {
    const world = new World({ follow: 'db' });
    world.followed = 'Primary';
    world.breakDown();
    world.wait(60 * MINUTE);
    expect(world.state.name).toBe('Idle');
    world.mend('Primary');
    world.followed = 'Standby';
    world.run();
    expect(world.state.active).toBe('Standby');
    world.followed = undefined;
    world.wait(60 * MINUTE);
    expect(world.state.active).toBe('Standby');
    world.followed = 'Primary';
    expect(world.run().active).toBe('Primary');
  });
});

it('asks for nothing in a state that is not written yet', () => {
  const world = new World();
  world.breakDown();
  world.run();
  world.now += 30 * SECOND;
  const { state, act, lookAgainInMs } = step(world.state, world.facts(), world.now);
  expect(state.name).toBe('Preparing');
  expect(act).toBeUndefined();
  expect(lookAgainInMs).toBe(0);
});

it('does not wait longer when the clock is set back', () => {
  const world = new World();
  world.breakDown();
  world.run();
  world.now -= 60 * MINUTE;
  expect(world.look().lookAgainInMs).toBeLessThanOrEqual(30 * SECOND);
});

/** In that state of a move to the standby. */
function during(name: string): World {
  const world = new World();
  world.breakDown();
  world.run();
  world.now += 30 * SECOND;
  world.run((state) => state.name === name);
  expect(names(world).state).toBe(name);
  return world;
}

describe('a service for which Baton is to do no more while its traffic moves', () => {
  const withdrawals: readonly [string, (world: World) => unknown][] = [
    ['mode is Observe', (world) => (world.mode = 'Observe')],
    ['mode is Recommend', (world) => (world.mode = 'Recommend')],
    ['spec.suspend is true', (world) => (world.isSuspended = true)],
  ];
  for (const [because, withdraw] of withdrawals) {
    it.each(['Preparing', 'Fencing', 'Switching'])(`gets back what was taken in %s when ${because}`, (name) => {
      const world = during(name);
      withdraw(world);
      world.run();
      for (let second = 0; second < 60; second++) world.wait(SECOND);
      expect([world.sides.Primary.desired, world.sides.Standby.desired]).toEqual([3, 1]);
      expect(world.sides.Primary.annotation).toBeUndefined();
      expect(names(world)).toMatchObject({ active: 'Primary', selects: 'Primary' });
      expect(world.state.untidy).toBeUndefined();
      expect(world.told.filter(({ reason }) => reason === 'FailoverAborted').map(({ message }) => message)).toEqual([
        `traffic stays at Deployment/primary and does not move to Deployment/standby: ${because}`,
      ]);
    });

    it(`is told that traffic has moved where it had before ${because}`, () => {
      const world = during('Verifying');
      withdraw(world);
      expect(world.run().name).toBe('Completed');
      expect(names(world)).toMatchObject({ active: 'Standby', selects: 'Standby' });
    });
  }

  it('moves when Baton may act again, without waiting for a cooldown', () => {
    const world = during('Fencing');
    world.mode = 'Observe';
    world.run();
    for (let second = 0; second < 60; second++) world.wait(SECOND);
    world.mode = 'Enforce';
    for (let second = 0; second < 60; second++) world.wait(SECOND);
    expect(names(world)).toMatchObject({ active: 'Standby', selects: 'Standby' });
  });
});

describe('a service that is deleted while its traffic moves', () => {
  const leaving = (name: string): World => {
    const world = during(name);
    world.isGoing = true;
    return world;
  };
  // Until nothing is moved or untidy the finalizer stays.
  const isSettled = ({ state }: World): boolean =>
    state.untidy !== true && !['Preparing', 'Fencing', 'Switching'].includes(state.name);

  it('goes although its primary is down, and leaves each workload what it had', () => {
    for (const name of ['Preparing', 'Fencing']) {
      const world = leaving(name);
      world.run();
      for (let second = 0; second < 60; second++) world.wait(SECOND);
      expect(isSettled(world)).toBe(true);
      expect([world.sides.Primary.desired, world.sides.Standby.desired]).toEqual([3, 1]);
      expect(world.look().lookAgainInMs).toBeGreaterThan(0);
    }
  });

  it('goes when its workloads are gone too, as with their namespace', () => {
    for (const name of ['Preparing', 'Fencing']) {
      const world = leaving(name);
      world.look();
      world.gone.add('Primary').add('Standby');
      world.run();
      expect(isSettled(world)).toBe(true);
    }
  });

  it('stays while nobody can say how its workloads are', () => {
    const world = leaving('Preparing');
    world.unread.add('Standby');
    world.run();
    world.wait(MINUTE);
    expect(isSettled(world)).toBe(false);
    world.unread.clear();
    for (let second = 0; second < 60; second++) world.wait(SECOND);
    expect(isSettled(world)).toBe(true);
    expect(world.sides.Standby.desired).toBe(1);
  });
});

it('takes an annotation of a fence off what serves, so that nobody who scales it to zero is taken for one', () => {
  const world = new World();
  // As a rollback to a revision of that time brings it back.
  world.sides.Primary.annotation = 3;
  world.run();
  expect(world.sides.Primary).toMatchObject({ desired: 3, annotation: undefined });
  world.sides.Primary.desired = 0;
  world.settleCluster();
  world.health = 'Up';
  world.run();
  expect(world.sides.Primary.desired).toBe(0);
});

it('goes on where somebody wrote a later epoch on the Service', () => {
  const world = new World();
  world.epoch = 100;
  failedOver(world);
  expect(names(world)).toEqual({ state: 'Completed', active: 'Standby', selects: 'Standby' });
  expect(world.epoch).toBe(101);
});
