import { describe, expect, it } from 'vitest';
import { HOUR, SECOND } from '../fixtures.ts';
import { isInForce } from '../../../../src/domain/emergency/halt.ts';
import { type Workload, World } from './world.ts';

const zero = { onHalt: 'ScaleToZero' } as const;

/** web needs api needs db; batch needs db; shield is kept; surge rises. */
const shop = () =>
  new World(
    { key: 'shop/db', ...zero, priority: 'Low', replicas: 1 },
    { key: 'shop/api', ...zero, priority: 'High', dependsOn: ['shop/db'], replicas: 4 },
    { key: 'shop/web', ...zero, priority: 'Critical', dependsOn: ['shop/api'], replicas: 6 },
    { key: 'shop/batch', ...zero, priority: 'Low', dependsOn: ['shop/db'], replicas: 2 },
    { key: 'shop/shield', replicas: 3 },
    { key: 'shop/surge', onHalt: 'ScaleUp', raiseTo: 8, replicas: 2 },
  );
const STOPPED = { 'shop/db': 0, 'shop/api': 0, 'shop/web': 0, 'shop/batch': 0, 'shop/shield': 3, 'shop/surge': 8 };
const BEFORE = { 'shop/db': 1, 'shop/api': 4, 'shop/web': 6, 'shop/batch': 2, 'shop/shield': 3, 'shop/surge': 2 };

describe('an emergency halt', () => {
  it('stops the lowest priority first, and nothing before what needs it; then raises', () => {
    const world = shop();
    world.order('Halt');
    const first = world.look();
    expect(first.done).toEqual([
      'Take shop/batch',
      'Take shop/web',
      'Take shop/api',
      'Take shop/db',
      'Take shop/surge',
    ]);
    expect(first.transitions).toMatchObject([
      {
        reason: 'EmergencyHalt',
        type: 'Warning',
        message: `${world.halt.id} by Manual: spec.emergency.halt is Halt; 4 services stop, 1 rise, 1 are kept`,
      },
    ]);
    expect(world.halt).toMatchObject({ state: 'Halting', by: 'Manual', stopping: 4, raising: 1, keeping: 1, pods: 13 });
    expect(world.replicas()).toEqual(STOPPED);
    expect(world.look().transitions).toMatchObject([{ reason: 'HaltComplete' }]);
    expect(world.halt).toMatchObject({ state: 'Halted', held: 5 });
    expect(world.halt.recoveryPlan).toEqual([
      { service: 'shop/db', replicas: 1 },
      { service: 'shop/api', replicas: 4 },
      { service: 'shop/web', replicas: 6 },
      { service: 'shop/surge', replicas: 2 },
      { service: 'shop/batch', replicas: 2 },
    ]);
  });

  it('goes on when the order is taken back, and after any time, until its id is named', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    world.order('None');
    world.now += 100 * HOUR;
    world.settle();
    expect(world.replicas()).toEqual(STOPPED);
    world.order('None', 'halt-20200101t000000z');
    const { halted } = world.look();
    expect(world.replicas()).toEqual(STOPPED);
    expect(halted?.message).toContain('spec.emergency.resume names halt-20200101t000000z, which is another halt');
    world.order('None', world.halt.id);
    expect(world.settle()).toEqual([
      'GiveBack shop/db',
      'GiveBack shop/api',
      'GiveBack shop/web',
      'GiveBack shop/surge',
      'GiveBack shop/batch',
    ]);
    expect(world.replicas()).toEqual(BEFORE);
    expect(world.halt).toMatchObject({ state: 'Resumed', held: 0, restored: 5 });
    expect(world.held()).toEqual([]);
  });

  it('reminds after remindAfter, again and again, also when the clock was set back', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    const reminded = (hours: number): string[] => {
      world.now += hours * HOUR;
      return world.look().transitions.map(({ reason }) => reason);
    };
    expect(reminded(0.9)).toEqual([]);
    expect(reminded(0.2)).toEqual(['HaltReminder']);
    expect(reminded(0.5)).toEqual([]);
    expect(reminded(0.6)).toEqual(['HaltReminder']);
    expect(reminded(-1000)).toEqual([]);
    expect(reminded(1.1)).toEqual(['HaltReminder']);
  });

  it('does not begin again after it was resumed while the order still stands, and does once that was given anew', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    const first = world.halt.id;
    world.order('Halt', first);
    world.settle();
    expect(world.replicas()).toEqual(BEFORE);
    world.order('None', first);
    world.look();
    world.order('Halt', first);
    world.settle();
    expect(world.halt.state).toBe('Halted');
    expect(world.halt.id).not.toBe(first);
    expect(world.replicas()).toEqual(STOPPED);
    world.order('None', world.halt.id);
    world.settle();
    expect(world.replicas()).toEqual(BEFORE);
  });

  it('stops everything anew under one id when it is ordered again while resuming', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    world.order('None', world.halt.id);
    world.look(2);
    world.order('Halt', world.halt.id);
    world.settle();
    expect(world.replicas()).toEqual(STOPPED);
    world.order('None', world.halt.id);
    world.settle();
    expect(world.replicas()).toEqual(BEFORE);
    expect(world.held()).toEqual([]);
  });

  it('leaves replicas alone that people changed meanwhile, and says so', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    (world.workloads.get('shop/api') as { replicas: number }).replicas = 1;
    (world.workloads.get('shop/surge') as { replicas: number }).replicas = 5;
    world.settle();
    expect(world.halt.problems).toMatchObject([
      { service: 'shop/api', reason: 'ChangedByHand' },
      { service: 'shop/surge', reason: 'ChangedByHand' },
    ]);
    world.order('None', world.halt.id);
    world.settle();
    expect(world.replicas()).toEqual({ ...BEFORE, 'shop/api': 1, 'shop/surge': 5 });
    expect(world.held()).toEqual([]);
  });

  it('guesses nothing where the annotation was made unreadable', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    (world.workloads.get('shop/api') as { annotations: Record<string, string> }).annotations[
      'baton.dev/halted-replicas'
    ] = 'four';
    world.order('None', world.halt.id);
    world.settle();
    expect(world.replicas()).toEqual({ ...BEFORE, 'shop/api': 0 });
    expect(world.halt).toMatchObject({
      state: 'Resumed',
      problems: [{ service: 'shop/api', reason: 'HoldUnreadable' }],
    });
  });

  it('remembers what a workload had where a rollback took its annotations off', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    (world.workloads.get('shop/api') as Workload).annotations = {};
    expect(world.settle()).toEqual(['Remember shop/api']);
    expect(world.halt).toMatchObject({ held: 5 });
    world.order('None', world.halt.id);
    (world.workloads.get('shop/web') as Workload).annotations = {};
    world.settle();
    // Too late for the second: whoever leaves it at 0 while everything comes back may want that.
    expect(world.replicas()).toEqual({ ...BEFORE, 'shop/web': 0 });
  });

  it('is taken up from the workloads where the status of it is lost, and undone from them', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    const { id } = world.halt;
    world.order('None');
    world.status = {};
    expect(world.look().transitions).toMatchObject([{ reason: 'HaltFound' }]);
    expect(world.halt).toMatchObject({ id, state: 'Halted', by: 'Found', held: 5 });
    expect(world.replicas()).toEqual(STOPPED);
    world.status = {};
    world.order('None', id);
    world.settle();
    expect(world.replicas()).toEqual(BEFORE);
  });

  it('is begun anew where its order still stands and its status is lost, and gives everything back by the new id', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    const { id } = world.halt;
    world.status = {};
    world.settle();
    expect(world.halt).toMatchObject({ state: 'Halted', by: 'Manual', held: 5 });
    expect(world.halt.id).not.toBe(id);
    world.order('None', world.halt.id);
    world.settle();
    expect(world.replicas()).toEqual(BEFORE);
    expect(world.held()).toEqual([]);
  });

  it('is over although somebody keeps a workload of it from being deleted', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    (world.workloads.get('shop/api') as Workload).terminating = true;
    world.order('None', world.halt.id);
    world.settle();
    expect(world.halt).toMatchObject({ state: 'Resumed' });
  });

  it('gives a workload back at once when nobody looks after it any more', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    world.services.delete('shop/api');
    expect(world.look().done).toEqual(['GiveBack shop/api']);
    expect(world.replicas()).toEqual({ ...STOPPED, 'shop/api': 4 });
    expect(world.halt).toMatchObject({ state: 'Halted', held: 5 });
    expect(world.look().status.halt).toMatchObject({ held: 4 });
  });

  it('stops nothing new once it is complete', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    world.services.set('shop/new', { key: 'shop/new', ...zero });
    world.workloads.set('shop/new', { replicas: 2, annotations: {} });
    expect(world.settle()).toEqual([]);
  });

  it('is complete after ten minutes although something refuses to stop', () => {
    const world = shop();
    world.order('Halt');
    const problems = [{ service: 'shop/db', reason: 'ScalingRefused', message: 'a webhook says no' }];
    world.look(3, { problems });
    expect(world.halt.state).toBe('Halting');
    world.look(0, { problems });
    expect(world.halt.state).toBe('Halting');
    world.now += 600 * SECOND;
    expect(world.look(0, { problems }).transitions[0]?.message).toContain('1 with problems');
    expect(world.halt).toMatchObject({ state: 'Halted', problems });
  });

  it('spares what is protected, suspended, or not to be changed by Baton, and what says nothing', () => {
    const world = new World(
      { key: 'kube-system/dns', ...zero },
      { key: 'baton-system/baton', ...zero },
      { key: 'pay/api', ...zero },
      { key: 'shop/watched', ...zero, mode: 'Observe' },
      { key: 'shop/paused', ...zero, suspended: true },
      { key: 'shop/low', priority: 'Low' },
      { key: 'shop/kept', priority: 'Low', onHalt: 'Keep' },
      { key: 'shop/normal' },
    );
    world.emergency = { ...world.emergency, protectedNamespaces: ['pay'], onHalt: { Low: 'ScaleToZero' } };
    world.order('Halt');
    expect(world.settle()).toEqual(['Take shop/low']);
    expect(world.halt).toMatchObject({ stopping: 1, keeping: 7 });
  });

  it('names services that are kept and lose what they need', () => {
    const world = new World({ key: 'shop/db', ...zero }, { key: 'shop/web', dependsOn: ['shop/db'] });
    world.order('DryRun');
    world.look();
    expect(world.status.rehearsal?.stranded).toEqual([{ service: 'shop/web', needs: 'shop/db' }]);
  });
});

describe('annotations of a halt that nobody ordered', () => {
  const FORGED = 'halt-20260101t000000z';
  /** Whoever may edit workloads may write them. */
  function forge(world: World, key: string, id = FORGED): void {
    world.workloads.set(key, {
      replicas: 0,
      annotations: { 'baton.dev/halt-id': id, 'baton.dev/halted-replicas': '4' },
    });
  }
  const forged = (): World => {
    const world = shop();
    forge(world, 'shop/api');
    world.look();
    return world;
  };

  it('are told, with whose they are, and hold back nobody else', () => {
    const world = shop();
    forge(world, 'shop/api');
    const { halted, transitions } = world.look();
    expect(transitions).toMatchObject([{ reason: 'HaltFound', type: 'Warning' }]);
    expect(transitions[0]?.message).toContain('1 workloads (shop/api)');
    expect(halted).toMatchObject({ status: 'False', reason: 'HaltFound' });
    expect(halted?.message).toContain(`"resume":"${FORGED}"`);
    expect(world.halt).toMatchObject({ id: FORGED, by: 'Found' });
    expect(isInForce(world.halt)).toBe(false);
    expect(world.orders.halt).toBeUndefined();
    expect(world.settle()).toEqual([]);
  });

  it('keep no halt from being ordered, nor begun by a rule, nor rehearsed', () => {
    const world = forged();
    world.order('DryRun');
    world.look();
    expect(world.status.rehearsal).toMatchObject({ stopping: 3 });
    world.order('Halt');
    world.settle();
    expect(world.halt).toMatchObject({ by: 'Manual', state: 'Halted', held: 5 });
    expect(world.replicas()).toEqual(STOPPED);
    world.order('None', world.halt.id);
    world.settle();
    expect(world.replicas()).toEqual({ ...BEFORE, 'shop/api': 4 });

    const other = forged();
    const rules = { ...other.emergency.rules };
    rules.servicesFailed = { ...rules.servicesFailed, action: 'Halt' };
    other.emergency = { ...other.emergency, rules };
    other.look(0, { rules: [{ name: 'servicesFailed', because: 'many' }] });
    expect(other.halt).toMatchObject({ by: 'servicesFailed', state: 'Halting' });
  });

  it('keep no planned stop from being over', () => {
    const world = forged();
    world.stoppedNamespaces = ['shop'];
    world.settle();
    world.stoppedNamespaces = [];
    world.settle();
    expect(world.replicas()).toEqual({ ...BEFORE, 'shop/api': 0 });
  });

  it('are forgotten when they are gone', () => {
    const world = forged();
    world.workloads.set('shop/api', { replicas: 0, annotations: {} });
    expect(world.look().status).not.toHaveProperty('halt');
  });

  it('do not keep a true halt whose status was lost from being resumed by its id', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    const { id } = world.halt;
    for (let index = 0; index < 9; index++) {
      world.services.set(`evil/${index}`, { key: `evil/${index}` });
      forge(world, `evil/${index}`);
    }
    world.order('None');
    world.status = {};
    world.look();
    expect(world.halt.id).toBe(FORGED);
    world.order('None', id);
    world.settle();
    expect(world.replicas()).toMatchObject(BEFORE);
  });

  it('fill no list of the status with namespaces that somebody made up', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    forge(world, 'shop/shield', 'stop-nowhere');
    world.look();
    expect(world.status).not.toHaveProperty('stoppedNamespaces');
  });
});

describe('workflows', () => {
  const workflows = [
    { key: 'shop/sale', isExempt: false },
    { key: 'shop/mend', isExempt: true },
  ];
  const told = {
    pausing: 1,
    continuing: 1,
    named: [
      { workflow: 'shop/mend', effect: 'GoesOn' },
      { workflow: 'shop/sale', effect: 'Pauses' },
    ],
  };

  it('are rehearsed too: which would pause, and which would go on', () => {
    const world = shop();
    world.workflows = workflows;
    world.order('DryRun');
    expect(world.look().transitions[0]?.message).toContain('and raise 1; 1 workflows pause; status.rehearsal has');
    expect(world.status.rehearsal?.workflows).toEqual(told);
    world.workflows = [];
    world.look();
    expect(world.status.rehearsal).toBeDefined();
    expect(world.status.rehearsal).not.toHaveProperty('workflows');
  });

  it('that pause, and will go on, are named while a halt lasts, and no longer', () => {
    const world = shop();
    world.workflows = workflows;
    world.order('Halt');
    expect(world.look().transitions[0]?.message).toContain('1 are kept; 1 workflows pause');
    world.settle();
    expect(world.halt).toMatchObject({ state: 'Halted', workflows: told });
    world.workflows = [{ key: 'shop/sale', isExempt: false }];
    world.look();
    expect(world.halt.workflows).toMatchObject({ pausing: 1, continuing: 0 });
    world.order('None', world.halt.id);
    world.look();
    expect(world.halt).not.toHaveProperty('workflows');
  });

  it('are all counted, and the first hundred are named', () => {
    const world = shop();
    const keyOf = (n: number): string => `shop/w-${String(n).padStart(3, '0')}`;
    world.workflows = Array.from({ length: 250 }, (_, n) => ({ key: keyOf(249 - n), isExempt: n % 2 === 0 }));
    world.order('DryRun');
    world.look();
    const { pausing, continuing, named = [] } = world.status.rehearsal?.workflows ?? {};
    expect([pausing, continuing, named.length]).toEqual([125, 125, 100]);
    expect(named.map(({ workflow }) => workflow)).toEqual(Array.from({ length: 100 }, (_, n) => keyOf(n)));
  });
});

describe('a rehearsal', () => {
  it('names whose autoscaler would undo it: that of KEDA for what stops, any for what rises', () => {
    const hpa = { kind: 'HorizontalPodAutoscaler', name: 'h' } as const;
    const keda = { kind: 'ScaledObject', name: 'k' } as const;
    const world = new World(
      { key: 'shop/a', ...zero, autoscaler: hpa },
      { key: 'shop/b', ...zero, autoscaler: keda },
      { key: 'shop/c', onHalt: 'ScaleUp', raiseTo: 8, autoscaler: hpa },
      { key: 'shop/d', autoscaler: keda },
    );
    world.order('DryRun');
    world.look();
    const contested = [
      { service: 'shop/b', by: 'ScaledObject/k' },
      { service: 'shop/c', by: 'HorizontalPodAutoscaler/h' },
    ];
    expect(world.status.rehearsal?.contested).toEqual(contested);
    world.order('Halt');
    world.settle();
    expect(world.halt.contested).toEqual(contested);
  });

  it('lists what would stop, in order, changes nothing, and is told once', () => {
    const world = shop();
    world.order('DryRun');
    expect(world.look().transitions).toMatchObject([
      {
        reason: 'HaltRehearsed',
        type: 'Normal',
        message:
          'Manual: spec.emergency.halt is DryRun; a halt would stop 4 services with 13 pods and raise 1; status.rehearsal has the order',
      },
    ]);
    const { rehearsal } = world.status;
    expect(rehearsal?.plan?.map(({ service, from, to }) => `${service} ${from} → ${to}`)).toEqual([
      'shop/batch 2 → 0',
      'shop/web 6 → 0',
      'shop/api 4 → 0',
      'shop/db 1 → 0',
      'shop/surge 2 → 8',
    ]);
    (world.workloads.get('shop/api') as { replicas: number }).replicas = 5;
    expect(world.look().transitions).toEqual([]);
    expect(world.status.rehearsal).toEqual(rehearsal);
    expect(world.replicas()).toEqual({ ...BEFORE, 'shop/api': 5 });
    world.order('None');
    world.look();
    expect(world.status).not.toHaveProperty('rehearsal');
  });

  it('is what a rule does by default, and a halt when it says Halt', () => {
    const world = shop();
    const rules = [{ name: 'servicesFailed', because: 'services that are Failed: above 50 % for 5m' }] as const;
    expect(world.look(Infinity, { rules }).transitions).toMatchObject([{ reason: 'HaltRehearsed', type: 'Warning' }]);
    expect(world.status.rehearsal).toMatchObject({ by: 'servicesFailed', stopping: 4 });
    expect(world.replicas()).toEqual(BEFORE);
    const { servicesFailed } = world.emergency.rules;
    const on = { ...world.emergency.rules, servicesFailed: { ...servicesFailed, action: 'Halt' as const } };
    world.emergency = { ...world.emergency, rules: on };
    world.look(Infinity, { rules });
    expect(world.halt).toMatchObject({ state: 'Halting', by: 'servicesFailed' });
    expect(world.status).not.toHaveProperty('rehearsal');
    // The rule holds no longer; the halt does.
    world.settle();
    expect(world.replicas()).toEqual(STOPPED);
  });
});

describe('a planned stop of a namespace', () => {
  it('stops every service in it in the same order, and starts them in reverse', () => {
    const world = shop();
    world.services.set('other/web', { key: 'other/web' });
    world.workloads.set('other/web', { replicas: 2, annotations: {} });
    world.stoppedNamespaces = ['shop'];
    expect(world.look().done).toEqual([
      'Take shop/batch',
      'Take shop/shield',
      'Take shop/surge',
      'Take shop/web',
      'Take shop/api',
      'Take shop/db',
    ]);
    world.settle();
    expect(world.status.stoppedNamespaces).toEqual([{ namespace: 'shop', state: 'Stopped', held: 6 }]);
    expect(new Set(Object.values(world.replicas()))).toEqual(new Set([0, 2]));
    world.stoppedNamespaces = [];
    const told = world.look();
    expect(told.done).toEqual([
      'GiveBack shop/db',
      'GiveBack shop/api',
      'GiveBack shop/web',
      'GiveBack shop/surge',
      'GiveBack shop/shield',
      'GiveBack shop/batch',
    ]);
    expect(told.transitions).toMatchObject([{ reason: 'NamespaceStarted', to: 'Starting' }]);
    expect(world.look().transitions).toMatchObject([{ reason: 'NamespaceStarted', to: 'Started' }]);
    expect(world.replicas()).toEqual({ ...BEFORE, 'other/web': 2 });
  });

  it('is refused where nothing is ever stopped', () => {
    const world = new World({ key: 'baton-system/baton' });
    world.stoppedNamespaces = ['baton-system'];
    expect(world.look()).toMatchObject({ done: [], transitions: [{ reason: 'NamespaceProtected', type: 'Warning' }] });
    expect(world.status.stoppedNamespaces).toEqual([{ namespace: 'baton-system', state: 'Refused' }]);
  });

  it('and a halt at once: what the halt stopped stays stopped for the namespace, and starts when both are over', () => {
    const world = shop();
    world.order('Halt');
    world.settle();
    world.stoppedNamespaces = ['shop'];
    world.settle();
    world.order('None', world.halt.id);
    world.settle();
    expect(world.halt.state).toBe('Resumed');
    expect(new Set(Object.values(world.replicas()))).toEqual(new Set([0]));
    world.order('Halt', world.halt.id);
    world.settle();
    world.stoppedNamespaces = [];
    expect(world.settle()).toEqual([]);
    world.order('None', world.halt.id);
    world.settle();
    expect(world.replicas()).toEqual(BEFORE);
    expect(world.held()).toEqual([]);
  });
});

describe('annotations that somebody else wrote', () => {
  const forged = (annotations: Record<string, string>) => {
    const world = new World({ key: 'shop/web', ...zero, replicas: 0 });
    Object.assign(world.workloads.get('shop/web')?.annotations ?? {}, annotations);
    return world;
  };

  it('are no halt, and no namespace that starts, where they name none: the status could not hold them', () => {
    for (const id of ['x'.repeat(64), `stop-${'n'.repeat(80)}`, 'halt id', '', 'stop-', 'HALT']) {
      const world = forged({ 'baton.dev/halt-id': id, 'baton.dev/halted-replicas': '3' });
      expect(world.look().done).toEqual([]);
      expect(world.status).toEqual({});
    }
    const world = forged({ 'baton.dev/halted-replicas': '3' });
    world.look();
    expect(world.status).toEqual({});
  });
});
