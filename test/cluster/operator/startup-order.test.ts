import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { accept, Bed } from './support/bed.ts';
import { NOWHERE, type Obj, osvc, workload } from './support/objects.ts';
import { Timeline } from './support/timeline.ts';

const KEPT = 'baton.dev/startup-replicas';

interface Deployment extends Obj {
  spec: { replicas: number };
  metadata: Obj['metadata'] & { annotations?: Record<string, string> };
}

interface Member {
  readonly name: string;
  readonly phase: string;
  readonly dependsOn: readonly string[];
  readonly count: number;
  readonly pod?: object;
  readonly startup?: object;
}

const PATIENT = { timeout: '10m' };

/** Paused, it makes no pods: none is ready before its workload is held. */
async function make(bed: Bed, { name, phase, dependsOn, count, pod = {}, startup = PATIENT }: Member): Promise<void> {
  await bed.create(workload('Deployment', name, { replicas: count, pod, spec: { paused: true } }));
  const on = dependsOn.map((other) => ({ name: other }));
  await bed.create(osvc(name, { ...(on.length > 0 && { dependsOn: on }), startup: { phase, ...startup } }));
}

const resume = (bed: Bed, names: readonly string[]) =>
  Promise.all(names.map((name) => bed.patch('Deployment', name, { spec: { paused: false } })));

async function deployments(bed: Bed): Promise<Deployment[]> {
  const path = `/apis/apps/v1/namespaces/${bed.namespace}/deployments`;
  return accept(await bed.api.call('GET', path)).body['items'] as Deployment[];
}

/** Names of those whose start is in this state. */
const inState = async (bed: Bed, state: string): Promise<string[]> =>
  (await bed.services()).filter(({ status }) => status?.startup?.state === state).map(({ metadata }) => metadata.name);

const heldAtZero = async (bed: Bed): Promise<string[]> =>
  (await deployments(bed))
    .filter(({ spec, metadata }) => spec.replicas === 0 && metadata.annotations?.[KEPT] !== undefined)
    .map(({ metadata }) => metadata.name);

const GATED = { schedulingGates: [{ name: 'example.dev/slow' }] };

/** One root, 12 that need it, 24 that need two of these, 12 that need three of these, and one that needs them all. */
function diamond(): Member[] {
  const layer = (size: number, prefix: string): string[] =>
    Array.from({ length: size }, (_, index) => `${prefix}${index}`);
  const [base, wide, upper] = [layer(12, 'base'), layer(24, 'wide'), layer(12, 'upper')];
  const from = (names: readonly string[], ...indexes: number[]): string[] =>
    indexes.map((index) => names[index % names.length] ?? '');
  const count = (index: number): number => (index % 6 === 0 ? 2 : 1);
  return [
    { name: 'root', phase: 'Core', dependsOn: [], count: 2 },
    ...base.map((name, index) => ({ name, phase: 'Infrastructure', dependsOn: ['root'], count: count(index) })),
    ...wide.map((name, index) => ({
      name,
      phase: 'Services',
      // Nobody needs the one that fails.
      dependsOn: from(base.slice(0, 11), index, index + 5),
      count: count(index),
    })),
    ...upper.map((name, index) => ({
      name,
      phase: 'Services',
      dependsOn: from(wide, index, index + 7, index + 12),
      count: 1,
    })),
    { name: 'top', phase: 'Services', dependsOn: upper, count: 3 },
  ];
}

const SLOW = 'wide3';
const FAILING = 'base11';

it('a diamond of 50 services comes up in order, with slow and failing members and kills in between', async () => {
  const bed = await Bed.make('op-startup-diamond');
  const members = diamond().map((member) => {
    if (member.name === SLOW) return { ...member, pod: GATED };
    return member.name === FAILING ? { ...member, pod: NOWHERE, startup: { timeout: '3s', retries: 1 } } : member;
  });
  const names = members.map(({ name }) => name);
  expect(names).toHaveLength(50);
  const timeline = await Timeline.of(bed);
  try {
    let operator = await bed.start('--no-leader-election');
    // What others depend on first: one that is not there is waited for, and makes it slower.
    for (const member of members) await make(bed, member);
    await eventually(
      'all but the root are held',
      120,
      () => heldAtZero(bed),
      ({ length }) => length === 49,
    );
    await operator.end('SIGKILL');
    await resume(bed, names);
    operator = await bed.start('--no-leader-election');
    await eventually(
      'the first phases are up',
      120,
      () => inState(bed, 'Started'),
      ({ length }) => length >= 14,
    );
    await operator.end('SIGKILL');
    await bed.start('--no-leader-election');
    const slow = new Set([SLOW]);
    for (const { name, dependsOn } of members) if (dependsOn.some((other) => slow.has(other))) slow.add(name);
    const isQuick = (name: string): boolean => !slow.has(name) && name !== FAILING;
    // Nobody waits for the slow one but those that need it.
    await eventually(
      'the others are up',
      120,
      () => inState(bed, 'Started'),
      (up) => names.filter(isQuick).every((name) => up.includes(name)),
    );
    expect(await inState(bed, 'Failed')).toEqual([FAILING]);
    const waiting = names.filter((name) => slow.has(name) && name !== SLOW);
    expect(waiting.length).toBeGreaterThan(1);
    expect((await heldAtZero(bed)).sort()).toEqual(waiting.sort());
    for (const pod of await bed.pods(SLOW))
      await bed.patch('Pod', pod.metadata.name, { spec: { schedulingGates: null } }, 'v1');
    await eventually(
      'all are up',
      120,
      () => inState(bed, 'Started'),
      ({ length }) => length === 49,
    );
    await timeline.end();
    const up = new Map(members.map(({ name, count }) => [name, timeline.ready(name, count)]));
    const last = (those: readonly string[]): number => Math.max(0, ...those.map((name) => up.get(name) ?? Infinity));
    const base = names.filter((name) => name.startsWith('base') && name !== FAILING);
    const wrong = members.filter(({ name, phase, dependsOn }) => {
      const raised = timeline.turns(name, true);
      const before = Math.max(last(dependsOn), phase === 'Services' ? last(base) : 0);
      const times = name === 'root' ? 0 : name === FAILING ? 2 : 1;
      return raised.length !== times || raised.some((at) => at <= before);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
    for (const { metadata, spec } of await deployments(bed)) {
      expect([metadata.name, spec.replicas]).toEqual([
        metadata.name,
        members.find(({ name }) => name === metadata.name)?.count,
      ]);
      expect(metadata.annotations?.[KEPT]).toBeUndefined();
    }
  } finally {
    await timeline.end();
    await bed.close();
  }
});

it('a critical failure takes down in reverse what was raised before, until its spec changes', async () => {
  const bed = await Bed.make('op-startup-rollback');
  const members: Member[] = [
    { name: 'kernel', phase: 'Core', dependsOn: [], count: 2 },
    { name: 'store', phase: 'Infrastructure', dependsOn: ['kernel'], count: 3 },
    { name: 'queue', phase: 'Infrastructure', dependsOn: ['store'], count: 1 },
    {
      name: 'login',
      phase: 'Authentication',
      dependsOn: ['queue'],
      count: 2,
      pod: NOWHERE,
      startup: { timeout: '2s', retries: 0, critical: true, onFailure: 'Rollback' },
    },
    { name: 'shop', phase: 'Services', dependsOn: [], count: 4 },
  ];
  const names = members.map(({ name }) => name);
  const timeline = await Timeline.of(bed);
  try {
    await bed.create(workload('Deployment', 'old', { replicas: 1 }));
    await bed.create(osvc('old'));
    await bed.start();
    await bed.healthy('old');
    await bed.patchService('old', { spec: { startup: { phase: 'Core' } } });
    for (const member of members) await make(bed, member);
    await eventually(
      'all but the first are held',
      60,
      () => heldAtZero(bed),
      ({ length }) => length === 4,
    );
    await resume(bed, names);
    await bed.condition('login', 'Started', 'False', 'StartupFailed');
    await eventually(
      'all are down',
      60,
      () => heldAtZero(bed),
      ({ length }) => length === 5,
    );
    await bed.condition(
      'kernel',
      'Started',
      'False',
      'StartupRolledBack',
      /at zero, 2 replicas are kept: .*\/login, which is critical, failed to start/,
    );
    await bed.condition('shop', 'Started', 'False', 'StartupBlocked');
    await bed.told('kernel', /^Startup/, ['Warning StartupRolledBack']);
    await bed.patch('Deployment', 'login', {
      spec: { template: { spec: { nodeSelector: { 'example.dev/none': null } } } },
    });
    await bed.patchService('login', { spec: { startup: { timeout: '10m' } } });
    await eventually(
      'all are up',
      120,
      () => inState(bed, 'Started'),
      ({ length }) => length === 6,
    );
    await timeline.end();
    const down = ['login', 'queue', 'store', 'kernel'].map((name) => timeline.turns(name, false).at(-1) ?? 0);
    expect(down).toEqual(down.toSorted((a, b) => a - b));
    expect(timeline.turns('old', false)).toEqual([]);
    for (const { metadata, spec } of await deployments(bed)) {
      const count = members.find(({ name }) => name === metadata.name)?.count ?? 1;
      expect([metadata.name, spec.replicas]).toEqual([metadata.name, count]);
    }
  } finally {
    await timeline.end();
    await bed.close();
  }
});
