import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Orchestration, OrchestrationStatus } from '../../../src/api/kinds.ts';
import { unique } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { kubectl, kubectlBinary } from '../packaging/cluster.ts';
import { accept, Bed, conditionOf } from './support/bed.ts';
import { NOWHERE, type Obj, osvc, workload } from './support/objects.ts';
import { Operator } from './support/process.ts';
import { makeRunner, states, target, Workflows } from './support/workflows.ts';
import { Widgets } from './support/widgets.ts';

// A halt concerns the whole cluster: an operator that looks after all namespaces.

const ALL = '/apis/baton.dev/v1alpha1/orchestrations';
const POLICY = `${ALL}/default`;
const POLICIES = '/apis/admissionregistration.k8s.io/v1';

let bed: Bed;
let operator: Operator;
/** Baton's own namespace is never stopped, so the services are in another. */
const flags = () => ['--lease-namespace', `${bed.namespace}-op`, '--heartbeat-address', '', '--no-leader-election'];
const start = async (): Promise<void> => {
  operator = bed.own(await Operator.start(flags()));
};

beforeAll(async () => {
  bed = await Bed.make('op-halt');
  await bed.addNamespace(`${bed.namespace}-op`);
  await bed.api.call('DELETE', POLICY);
  await start();
  await eventually('the policy', 30, read, (seen) => seen?.status?.state === 'Active');
  for (const [name, { replicas, spec }] of Object.entries(SERVICES)) {
    await bed.create(workload('Deployment', name, { replicas }));
    await bed.create(osvc(name, spec));
  }
  await Promise.all(Object.keys(SERVICES).map((name) => bed.healthy(name)));
});
afterAll(async () => {
  await bed.api.call('DELETE', POLICY);
  await bed.close();
});

const zero = { emergency: { onHalt: 'ScaleToZero' } };
const SERVICES: Readonly<Record<string, { readonly replicas: number; readonly spec: Record<string, unknown> }>> = {
  db: { replicas: 1, spec: { ...zero, priority: 'Low' } },
  api: { replicas: 3, spec: { ...zero, priority: 'High', dependsOn: [{ name: 'db' }] } },
  web: { replicas: 2, spec: { priority: 'Low', dependsOn: [{ name: 'api' }] } },
  kept: { replicas: 2, spec: {} },
  surge: { replicas: 1, spec: { emergency: { onHalt: 'ScaleUp', replicas: 3 } } },
};
const NAMES = Object.keys(SERVICES);
const BEFORE = { db: 1, api: 3, web: 2, kept: 2, surge: 1 };
const HALTED = { db: 0, api: 0, web: 0, kept: 2, surge: 3 };

async function read(): Promise<Orchestration | undefined> {
  const answer = await bed.api.call('GET', POLICY);
  return answer.status === 200 ? (answer.body as unknown as Orchestration) : undefined;
}

const say = async (spec: object): Promise<void> => {
  accept(await bed.api.call('PATCH', POLICY, { body: { spec } }));
};

async function whole(
  what: string,
  holds: (status: OrchestrationStatus) => boolean | undefined,
): Promise<OrchestrationStatus> {
  const seen = await eventually(
    `Orchestration/default: ${what}`,
    60,
    read,
    (orch) => orch?.status !== undefined && holds(orch.status) === true,
  );
  return seen?.status as OrchestrationStatus;
}

interface Seen {
  readonly replicas: number;
  readonly saved: string | undefined;
  readonly id: string | undefined;
}

async function deployment(name: string): Promise<Seen> {
  const { metadata, spec } = await bed.get<Obj & { spec: { replicas: number } }>('Deployment', name);
  const annotations = metadata['annotations'] as Record<string, string> | undefined;
  const saved = annotations?.['baton.dev/halted-replicas'];
  return { replicas: spec.replicas, saved, id: annotations?.['baton.dev/halt-id'] };
}

async function replicas(): Promise<Record<string, number>> {
  const seen = await Promise.all(NAMES.map(async (name) => [name, (await deployment(name)).replicas] as const));
  return Object.fromEntries(seen);
}

const until = (what: string, wanted: object): Promise<unknown> =>
  eventually(what, 60, replicas, (seen) => NAMES.every((name) => seen[name] === (wanted as typeof seen)[name]));

async function halt(): Promise<string> {
  await say({ emergency: { halt: 'Halt', onHalt: { Low: 'ScaleToZero' }, resumePerSecond: 100 } });
  const status = await whole('Halted', (seen) => seen.halt?.state === 'Halted');
  expect(await replicas()).toEqual(HALTED);
  return status.halt?.id ?? '';
}

async function resume(id: string): Promise<void> {
  await say({ emergency: { halt: 'None', resume: id } });
  await whole('Resumed', (seen) => seen.halt?.state === 'Resumed' && seen.halt.id === id);
}

const held = async (): Promise<string[]> => {
  const seen = await Promise.all(NAMES.map(async (name) => ({ name, ...(await deployment(name)) })));
  return seen.filter(({ id, saved }) => id !== undefined || saved !== undefined).map(({ name }) => name);
};

/** Events of Orchestration/default: those without a namespace are in default. */
const told = (reason: string): Promise<unknown> =>
  eventually(
    `an Event ${reason}`,
    30,
    async () => (await bed.events('default', 'default')).map((event) => event.reason),
    (seen) => seen.includes(reason),
  );

/** As a person types it. */
async function shell(line: string): Promise<string> {
  const PATH = `${dirname(await kubectlBinary())}:${process.env['PATH']}`;
  const KUBECONFIG = process.env['KUBECONFIG'] || '.cluster/kubeconfig';
  const child = spawn('sh', ['-c', line], {
    env: { ...process.env, PATH, KUBECONFIG },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return output;
}

describe('an emergency halt', () => {
  it('is rehearsed: what would stop, in order, and nothing does', async () => {
    await say({ emergency: { halt: 'DryRun', onHalt: { Low: 'ScaleToZero' } } });
    const { rehearsal } = await whole('a rehearsal', (seen) => seen.rehearsal?.stopping === 3);
    const own = (service: string): boolean => service.startsWith(`${bed.namespace}/`);
    const steps = rehearsal?.plan?.filter(({ service }) => own(service)) ?? [];
    expect(steps.map(({ service, from, to }) => `${service.split('/')[1]} ${from} → ${to}`)).toEqual([
      'web 2 → 0',
      'api 3 → 0',
      'db 1 → 0',
      'surge 1 → 3',
    ]);
    await told('HaltRehearsed');
    expect(await replicas()).toEqual(BEFORE);
    await say({ emergency: { halt: 'None' } });
    await whole('no rehearsal', (seen) => seen.rehearsal === undefined);
  });

  it('stops in one write each with what they had, tells everybody, and gives back exactly that', async () => {
    await bed.patch('Deployment', 'api', { spec: { template: { metadata: { annotations: { revision: '2' } } } } });
    // What Baton tells of it may be of the time before.
    await eventually(
      'rolled out',
      60,
      () => bed.get<Obj & { status?: Record<string, number> }>('Deployment', 'api'),
      ({ metadata, status }) =>
        (status?.['observedGeneration'] ?? 0) >= (metadata.generation ?? 0) &&
        status?.['updatedReplicas'] === 3 &&
        status['replicas'] === 3,
    );
    await bed.healthy('api');
    const id = await halt();
    expect(await deployment('api')).toEqual({ replicas: 0, saved: '3', id });
    await bed.until('api', 'Halted', (seen) => seen.status?.halt?.id === id);
    expect(await deployment('surge')).toEqual({ replicas: 3, saved: '1', id });
    const status = await whole('the state', ({ state }) => state === 'EmergencyHalt');
    expect(status.halt).toMatchObject({ by: 'Manual', stopping: 3, raising: 1, held: 4, pods: 6 });
    expect(status.halt?.recoveryPlan?.map(({ service, replicas: to }) => `${service.split('/')[1]} ${to}`)).toEqual([
      'db 1',
      'api 3',
      'surge 1',
      'web 2',
    ]);
    expect(conditionOf({ status }, 'Halted')?.message).toContain(`"resume":"${id}"`);
    expect(status.history?.at(-1)).toMatchObject({ to: 'EmergencyHalt' });
    await told('EmergencyHalt');
    await told('HaltComplete');
    expect((await bed.service('api')).status?.halt).toMatchObject({ originalReplicas: 3, by: 'Manual' });
    await bed.condition('api', 'Halted', 'True', 'HeldByHalt');
    expect(await kubectl('get', 'orchestration', 'default')).toMatch(/EmergencyHalt/);
    expect(await operator.metric('baton_emergency_halts_total{trigger="Manual"}')).toBe(1);
    // Takes the annotations away with the template: those of the earlier revision are from before the halt.
    await kubectl('-n', bed.namespace, 'rollout', 'undo', 'deployment/api');
    await eventually(
      'the count again',
      60,
      () => deployment('api'),
      (seen) => seen.replicas === 0 && seen.saved === '3' && seen.id === id,
    );
    await resume(id);
    expect(await replicas()).toEqual(BEFORE);
    expect(await held()).toEqual([]);
    await told('HaltResumed');
    await bed.until('api', 'released', (seen) => seen.status?.halt === undefined);
    await bed.told('api', /^(HeldByHalt|HaltReleased)$/, ['Warning HeldByHalt', 'Normal HaltReleased']);
    await whole('Active again', ({ state }) => state === 'Active');
  });

  it('outlives Baton, leaves what people changed, and gives back what nobody looks after any more', async () => {
    const id = await halt();
    await operator.end('SIGKILL');
    await bed.scale('web', 1);
    await bed.removeService('db');
    await start();
    await eventually(
      'db is given back',
      60,
      () => deployment('db'),
      (seen) => seen.replicas === 1,
    );
    const status = await whole('what was changed', (seen) => seen.halt?.problems !== undefined);
    expect(status.halt).toMatchObject({
      id,
      state: 'Halted',
      problems: [{ service: `${bed.namespace}/web`, reason: 'ChangedByHand' }],
    });
    expect(await replicas()).toEqual({ ...HALTED, db: 1, web: 1 });
    await resume(id);
    expect(await replicas()).toEqual({ ...BEFORE, web: 1 });
    expect(await held()).toEqual([]);
    await bed.scale('web', 2);
    await bed.create(osvc('db', SERVICES['db']?.spec));
    await bed.healthy('db');
  });

  it('keeps Orchestration/default from being deleted', async () => {
    const objects = parseAllDocuments(await readFile('deploy/operator.yaml', 'utf8')).map((one) => one.toJS() as Obj);
    const mine = objects.filter(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy'));
    const pathOf = ({ kind }: Obj): string =>
      `${POLICIES}/${kind === 'ValidatingAdmissionPolicy' ? 'validatingadmissionpolicies' : 'validatingadmissionpolicybindings'}`;
    const id = await halt();
    for (const object of mine) accept(await bed.api.call('POST', pathOf(object), { body: object }));
    try {
      const attempt = () => bed.api.call('DELETE', POLICY, { query: { dryRun: 'All' } });
      const refused = await eventually('refused', 60, attempt, ({ status }) => status === 403);
      expect(refused.message).toContain(`"resume":"${id}"`);
      await resume(id);
      await eventually('allowed', 60, attempt, ({ status }) => status === 200);
    } finally {
      for (const object of mine) await bed.api.call('DELETE', `${pathOf(object)}/${object.metadata.name}`);
    }
    await until('everything is back', BEFORE);
  });

  it('is kept from nothing by annotations that somebody wrote, and these keep nobody else from anything', async () => {
    const annotations = { 'baton.dev/halt-id': 'halt-20200101t000000z', 'baton.dev/halted-replicas': '2' };
    const kept = { metadata: { annotations }, spec: { replicas: 0 } };
    await bed.patch('Deployment', 'kept', kept);
    const found = await whole('what was found', ({ halt: seen }) => seen?.by === 'Found');
    expect(found.state).not.toBe('EmergencyHalt');
    expect(conditionOf({ status: found }, 'Halted')).toMatchObject({ status: 'False', reason: 'HaltFound' });
    await told('HaltFound');
    await bed.condition('kept', 'Halted', 'True', 'HeldByHalt');
    await say({ emergency: { halt: 'Halt', onHalt: { Low: 'ScaleToZero' }, resumePerSecond: 100 } });
    const { halt: own } = await whole('Halted', ({ halt: seen }) => seen?.by === 'Manual' && seen.state === 'Halted');
    expect(await replicas()).toEqual({ ...HALTED, kept: 0 });
    await resume(own?.id ?? '');
    expect(await replicas()).toEqual(BEFORE);
    expect(await held()).toEqual([]);
  });

  it('holds a kind beside apps/v1 as well: the count on the object, the replicas through its scale', async () => {
    const widgets = new Widgets(bed, `${unique('h')}.example.dev`);
    const seen = async () => {
      const { metadata } = await bed.get('Widget', 'gear', `${widgets.group}/v1`);
      const annotations = metadata['annotations'] as Record<string, string> | undefined;
      return { replicas: await widgets.replicas('gear'), saved: annotations?.['baton.dev/halted-replicas'] };
    };
    try {
      await widgets.install(true);
      await widgets.create('gear', 2);
      await bed.createAll(widgets.pod('gear-0', 'gear'), widgets.pod('gear-1', 'gear'));
      await bed.create(
        osvc('gear', { targetRef: { apiVersion: `${widgets.group}/v1`, kind: 'Widget', name: 'gear' }, ...zero }),
      );
      await bed.healthy('gear');
      const id = await halt();
      expect(await seen()).toEqual({ replicas: 0, saved: '2' });
      await bed.condition('gear', 'Halted', 'True', 'HeldByHalt');
      await resume(id);
      expect(await seen()).toEqual({ replicas: 2, saved: undefined });
      await bed.removeService('gear');
      await eventually(
        'gone',
        60,
        () => bed.services(),
        (left) => left.every(({ metadata }) => metadata.name !== 'gear'),
      );
    } finally {
      await widgets.uninstall();
    }
  });

  it('is undone by hand, with the line of the documentation, where Baton is gone', async () => {
    await halt();
    await operator.end('SIGKILL');
    await bed.api.call('DELETE', POLICY);
    const [, line] = /```sh by hand\n([\s\S]*?)```/.exec(await readFile('docs/emergency.md', 'utf8')) ?? [];
    await shell(`${line?.replace('--all-namespaces', `-n ${bed.namespace}`).trim()}`);
    expect(await replicas()).toEqual(BEFORE);
    expect(await held()).toEqual([]);
    await start();
    await whole('there was no halt', (seen) => seen.state === 'Active' && seen.halt === undefined);
  });

  it('stops and starts a whole namespace on purpose, in the same order', async () => {
    await say({ stoppedNamespaces: [bed.namespace] });
    const stopped = await whole('Stopped', (seen) => seen.stoppedNamespaces?.[0]?.state === 'Stopped');
    expect(stopped.stoppedNamespaces).toEqual([{ namespace: bed.namespace, state: 'Stopped', held: 5 }]);
    expect(await deployment('kept')).toEqual({ replicas: 0, saved: '2', id: `stop-${bed.namespace}` });
    await bed.condition('kept', 'Halted', 'True', 'NamespaceStopped');
    await say({ stoppedNamespaces: [] });
    await until('everything is back', BEFORE);
    await whole('over', (seen) => seen.stoppedNamespaces === undefined);
    expect(await held()).toEqual([]);
  });
});

describe('workflows in an emergency halt', () => {
  const hold = { name: 'hold', approval: {} };
  const grow = (name: string, count: number, more: object = {}) => ({
    name: 'grow',
    scale: { target: target(name), replicas: count },
    ...more,
  });
  let workflows: Workflows;
  beforeAll(async () => {
    workflows = new Workflows(bed);
    await makeRunner(bed);
    // Their pods are never ready before somebody says so: what scales them is under way until then.
    for (const name of ['slow', 'undone']) {
      await bed.create(workload('Deployment', name, { replicas: 1, pod: NOWHERE }));
      await bed.create(osvc(name, zero));
      await bed.until(name, 'seen', ({ status }) => status?.replicas?.desired === 1);
    }
    await bed.createAll(...['plain', 'mended'].map((name) => workload('Deployment', name, { replicas: 1 })));
    await say({ workflows: { haltExempt: ['Recovery'] } });
  });

  it('pause and begin nothing, but for those of a type that goes on; after resume they go on', async () => {
    const after = { dependsOn: ['hold'] };
    await workflows.start('work', { type: 'Maintenance', steps: [hold, grow('plain', 2, after)] });
    await workflows.start('mend', { type: 'Recovery', steps: [hold, grow('mended', 2, after)] });
    await Promise.all(['work', 'mend'].map((name) => workflows.phase(name, 'Running')));
    await say({ emergency: { halt: 'DryRun' } });
    const named = [
      { workflow: `${bed.namespace}/mend`, effect: 'GoesOn' },
      { workflow: `${bed.namespace}/work`, effect: 'Pauses' },
    ] satisfies Named;
    await whole('its rehearsal names them', ({ rehearsal }) => isIn(named, rehearsal?.workflows?.named));

    const id = await halt();
    const paused = await workflows.until('work', 'Paused', ({ status }) => status?.phase === 'Paused');
    expect(paused.status).toMatchObject({ reason: 'WorkflowsHalted', message: expect.stringContaining(id) });
    await whole('the halt names them', (seen) => isIn(named, seen.halt?.workflows?.named));
    await workflows.start('late', { steps: [{ name: 'go', wait: { duration: '0s' } }] });
    await workflows.until('late', 'waits', ({ status }) => status?.reason === 'WorkflowsHalted');
    // What was begun is seen through, and what comes after it waits, as long as the one that goes on takes to do all of it.
    await workflows.approve('work', 'hold');
    await workflows.until('work', 'approved', (seen) => states(seen)['hold'] === 'Succeeded');
    await workflows.approve('mend', 'hold');
    await workflows.phase('mend', 'Succeeded');
    expect((await deployment('mended')).replicas).toBe(2);
    const still = await workflows.get('work');
    expect([still.status?.phase, states(still)['grow']]).toEqual(['Paused', 'Pending']);
    expect((await deployment('plain')).replicas).toBe(1);
    expect((await workflows.get('late')).status?.phase).toBe('Pending');

    await resume(id);
    await Promise.all(['work', 'late'].map((name) => workflows.phase(name, 'Succeeded')));
    expect((await deployment('plain')).replicas).toBe(2);
  });

  it('lose what they scale to the halt, find it as they left it after resume, and go on, or undo it', async () => {
    await workflows.start('grows', { steps: [grow('slow', 4)] });
    await workflows.start('undoes', { steps: [grow('undone', 4)] });
    await Promise.all(
      ['grows', 'undoes'].map((name) =>
        workflows.until(name, 'under way', (seen) => states(seen)['grow'] === 'Verifying'),
      ),
    );
    const id = await halt();
    for (const name of ['slow', 'undone']) expect(await deployment(name)).toEqual({ replicas: 0, saved: '4', id });
    await workflows.phase('grows', 'Paused');
    await workflows.patch('undoes', { cancel: 'StopAndRollback' });
    // It waits with that, too.
    await workflows.until('undoes', 'to be undone', ({ status }) => status?.phase === 'RollingBack');
    expect((await deployment('undone')).replicas).toBe(0);
    await resume(id);
    expect(await deployment('slow')).toEqual({ replicas: 4, saved: undefined, id: undefined });
    for (const name of ['slow', 'undone']) {
      const spec = { template: { spec: { nodeSelector: { 'example.dev/none': null } } } };
      await bed.patch('Deployment', name, { spec });
    }
    const undone = await workflows.phase('undoes', 'RolledBack');
    expect(states(undone)).toEqual({ grow: 'Compensated' });
    expect(await deployment('undone')).toEqual({ replicas: 1, saved: undefined, id: undefined });
    await workflows.phase('grows', 'Succeeded');
    expect((await deployment('slow')).replicas).toBe(4);
  });
});

type Named = NonNullable<NonNullable<OrchestrationStatus['halt']>['workflows']>['named'];

const isIn = (wanted: NonNullable<Named>, all: Named): boolean =>
  wanted.every(({ workflow, effect }) => all?.some((other) => other.workflow === workflow && other.effect === effect));
