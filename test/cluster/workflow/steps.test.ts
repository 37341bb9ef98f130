import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Action } from '../../../src/domain/workflow/action.ts';
import type { Operation } from '../../../src/domain/workflow/operation.ts';
import { osvc, workload } from '../operator/support/objects.ts';
import { installCrds } from '../support/crds.ts';
import { type Fields, NOBODY, operationOf, StepBed, undoingOf, WIDGET_GROUP } from './bed.ts';

const APPS = '/apis/apps/v1';
const BATON = '/apis/baton.dev/v1alpha1';
const WIDGETS = `/apis/${WIDGET_GROUP}/v1`;

/** A kind of step on an object: what it does, and how that looks. */
interface Case {
  readonly name: string;
  readonly group: string;
  readonly plural: string;
  readonly object: (name: string) => object;
  readonly action: (name: string) => Action;
  /** What of the object the step is about. */
  readonly shows: (object: Fields) => unknown;
  readonly before: unknown;
  readonly after: unknown;
  /** Undefined where it is not undone by itself. */
  readonly drift?: object;
  /** What its controller would do. */
  readonly play?: (bed: StepBed, name: string) => Promise<void>;
  /** What later steps are told. */
  readonly outputs?: object;
  /** Writes that one effect takes. */
  readonly writes: number;
  /** What somebody needs for it, as the refusal names it. */
  readonly needs: RegExp;
}

const DEPLOYMENT = ['apps/v1', 'Deployment'] as const;
const target = (apiVersion: string, kind: string, name: string) => ({ apiVersion, kind, name });

const CASES: readonly Case[] = [
  {
    name: 'scale of a Deployment',
    group: APPS,
    plural: 'deployments',
    object: (name) => workload('Deployment', name, { replicas: 1 }),
    action: (name) => ({ kind: 'scale', target: target('apps/v1', 'Deployment', name), replicas: 2 }),
    shows: ({ spec }) => spec.replicas,
    before: 1,
    after: 2,
    drift: { spec: { replicas: 3 } },
    outputs: { replicas: 2, before: 1 },
    writes: 1,
    needs: /deployments\.apps/,
  },
  {
    name: 'scale of a kind that is written through its scale',
    group: WIDGETS,
    plural: 'widgets',
    object: (name) => ({
      apiVersion: `${WIDGET_GROUP}/v1`,
      kind: 'Widget',
      metadata: { name },
      spec: { replicas: 1 },
    }),
    action: (name) => ({
      kind: 'scale',
      target: target(`${WIDGET_GROUP}/v1`, 'Widget', name),
      replicas: 0,
    }),
    shows: ({ spec }) => spec.replicas,
    before: 1,
    after: 0,
    drift: { spec: { replicas: 3 } },
    outputs: { replicas: 0, before: 1 },
    writes: 2,
    play: async (where, name) => {
      const { spec } = await where.get(WIDGETS, 'widgets', name);
      await where.patch(WIDGETS, 'widgets', `${name}/status`, { status: { replicas: spec.replicas } });
    },
    needs: /widgets\.widgets/,
  },
  {
    name: 'restart of a StatefulSet',
    group: APPS,
    plural: 'statefulsets',
    object: (name) => workload('StatefulSet', name, { replicas: 1 }),
    action: (name) => ({ kind: 'restart', target: target('apps/v1', 'StatefulSet', name) }),
    shows: ({ spec }) =>
      spec.template.metadata.annotations?.['kubectl.kubernetes.io/restartedAt'] === undefined ? 'as made' : 'restarted',
    before: 'as made',
    after: 'restarted',
    writes: 1,
    needs: /statefulsets\.apps/,
  },
  {
    name: 'merge patch',
    group: '/api/v1',
    plural: 'configmaps',
    object: (name) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: '1', b: '2' } }),
    action: (name) => ({
      kind: 'patch',
      target: target('v1', 'ConfigMap', name),
      type: 'Merge',
      patch: { metadata: { labels: { tier: 'x' } }, data: { a: '5', b: null, c: '3' } },
    }),
    shows: ({ metadata, data }) => ({ labels: metadata.labels, data }),
    before: { data: { a: '1', b: '2' } },
    after: { labels: { tier: 'x' }, data: { a: '5', c: '3' } },
    drift: { data: { c: '4' } },
    writes: 1,
    needs: /configmaps/,
  },
  {
    name: 'strategic patch',
    group: APPS,
    plural: 'deployments',
    object: (name) => workload('Deployment', name, { replicas: 0 }),
    action: (name) => ({
      kind: 'patch',
      target: target('apps/v1', 'Deployment', name),
      type: 'Strategic',
      patch: { spec: { template: { spec: { containers: [{ name: 'main', image: 'example/other' }] } } } },
    }),
    shows: ({ spec }) => spec.template.spec.containers[0].image,
    before: 'example/none',
    after: 'example/other',
    drift: { spec: { template: { spec: { containers: [{ name: 'main', image: 'example/third' }] } } } },
    writes: 1,
    needs: /deployments\.apps/,
  },
  {
    name: 'JSON patch',
    group: '/api/v1',
    plural: 'configmaps',
    object: (name) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: '1', b: '2' } }),
    action: (name) => ({
      kind: 'patch',
      target: target('v1', 'ConfigMap', name),
      type: 'JSON',
      patch: [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'move', from: '/data/a', path: '/data/z' },
        { op: 'add', path: '/metadata/annotations/example.dev~1team', value: 'shop' },
      ],
    }),
    shows: ({ metadata, data }) => ({ team: metadata.annotations?.['example.dev/team'], data }),
    before: { data: { a: '1', b: '2' } },
    after: { team: 'shop', data: { b: '2', z: '1' } },
    drift: { data: { z: '9' } },
    writes: 1,
    needs: /configmaps/,
  },
  {
    name: 'failover',
    group: BATON,
    plural: 'orchestratedservices',
    object: (name) =>
      osvc(name, {
        failover: {
          standbyRef: target('apps/v1', 'Deployment', `${name}-standby`),
          serviceName: name,
          selectors: { primary: { role: 'a' }, standby: { role: 'b' } },
        },
      }),
    action: (name) => ({ kind: 'failover', service: name, to: 'Standby' }),
    shows: ({ spec }) => spec.failover.desired ?? 'Primary',
    before: 'Primary',
    after: 'Standby',
    drift: { spec: { failover: { desired: 'Primary' } } },
    outputs: { active: 'Standby', seconds: { preparation: 0.02, fencing: 1.2, switch: 0 } },
    writes: 1,
    needs: /orchestratedservices\.baton\.dev/,
    play: async (where, name) => {
      const { metadata, spec } = await where.get(BATON, 'orchestratedservices', name);
      const active = spec.failover.desired ?? 'Primary';
      const took = { preparation: '20ms', fencing: '1s200ms', switch: '0s' };
      const failover = { state: 'Completed', active, ordered: active, epoch: 1, since: '2026-01-01T00:00:00Z', took };
      const status = { observedGeneration: metadata.generation, failover };
      await where.patch(BATON, 'orchestratedservices', `${name}/status`, { status });
    },
  },
];

let bed: StepBed;
let other: StepBed;
let count = 0;

beforeAll(async () => {
  [bed, other] = await Promise.all([StepBed.make('steps'), StepBed.make('steps-other')]);
  await installCrds(bed.api);
  await bed.installWidgets();
  await bed.knows(DEPLOYMENT, ['v1', 'ConfigMap'], ['baton.dev/v1alpha1', 'OrchestratedService']);
  await bed.knows([`${WIDGET_GROUP}/v1`, 'Widget']);
});
beforeEach(() => void bed.written());
afterAll(() => Promise.all([bed.uninstallWidgets(), bed.close(), other.close()]));

describe.each(CASES)('$name', (each) => {
  const { group, plural, action, shows } = each;

  const made = async (where = bed): Promise<string> => {
    count += 1;
    const name = `it-${count}`;
    await where.create(group, plural, each.object(name));
    return name;
  };
  const seen = async (name: string, where = bed) => shows(await where.get(group, plural, name));
  const done = async (name: string, operation: Operation) => {
    const ready = await bed.applied(operation);
    await each.play?.(bed, name);
    await bed.verified(ready);
    return ready;
  };
  /** What steps may change; the status and the version are controllers' work too. */
  const fields = async (name: string) => {
    const { metadata, status: _, ...rest } = await bed.get(group, plural, name);
    const { annotations = {}, labels, generation } = metadata as Fields;
    const { 'deployment.kubernetes.io/revision': __, ...others } = annotations as Fields;
    return { ...rest, labels, generation, annotations: others };
  };

  it('changes nothing when it is prepared, nor when it is rehearsed', async () => {
    const name = await made();
    const before = await fields(name);
    const operation = operationOf(action(name));
    await bed.prepared(operation);
    const answer = await bed.run('Prepare', operation, bed.context({ dryRun: true }));
    expect(answer).toMatchObject({ kind: 'prepared', rehearsal: { diff: expect.stringContaining('→') } });
    expect(await fields(name)).toEqual(before);
    expect(bed.written()).toEqual([]);
  });

  it('is done once however often it is applied, also by a process that comes later', async () => {
    const name = await made();
    expect(await seen(name)).toEqual(each.before);
    const ready = await bed.prepared(operationOf(action(name)));
    const process = bed.process();
    expect(await bed.run('Apply', ready, bed.context(), process)).toMatchObject({ kind: 'applied' });
    const once = await fields(name);
    expect(await bed.run('Apply', ready, bed.context(), process)).toMatchObject({ kind: 'applied' });
    expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'applied' });
    expect(await fields(name)).toEqual(once);
    expect(bed.written()).toHaveLength(each.writes);
    expect(await seen(name)).toEqual(each.after);
    await each.play?.(bed, name);
    expect(await bed.verified(ready)).toMatchObject({ kind: 'done', ...(each.outputs && { outputs: each.outputs }) });
  });

  it('is done by the next process where one died with its intent written and nothing sent', async () => {
    const name = await made();
    const ready = await bed.prepared(operationOf(action(name)));
    expect(await bed.run('Apply', ready, bed.context(), bed.process(0))).toMatchObject({ kind: 'waiting' });
    expect(await seen(name)).toEqual(each.before);
    expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'applied' });
    expect(bed.written()).toHaveLength(each.writes);
    expect(await seen(name)).toEqual(each.after);
  });

  it('says that it cannot know where somebody else changed the target in between', async () => {
    const name = await made();
    const ready = await bed.prepared(operationOf(action(name)));
    const change = each.drift ?? { metadata: { annotations: { 'baton.dev/op': 'of-another' } } };
    await bed.patch(group, plural, name, change);
    expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'unknown' });
    expect(bed.written()).toEqual([]);
  });

  it('needs the rights of the account, and says which', async () => {
    const name = await made();
    const denied = { kind: 'failed', reason: 'AccountForbidden', mayRetry: false };
    const operation = operationOf(action(name));
    const answer = await bed.run('Prepare', operation, bed.powerless());
    expect(answer).toMatchObject(denied);
    expect(answer).toMatchObject({ message: expect.stringMatching(each.needs) });
    expect(answer).toMatchObject({ message: expect.stringMatching(/ServiceAccount nobody may not \w+/) });
    const ready = await bed.prepared(operation);
    expect(await bed.run('Apply', ready, bed.powerless())).toMatchObject(denied);
    expect(await seen(name)).toEqual(each.before);
  });

  it('reaches no other namespace', async () => {
    const name = await made(other);
    const path = `../../${other.namespace}/${plural}/${name}`;
    expect(await bed.run('Prepare', operationOf(action(name)))).toMatchObject({ reason: 'TargetNotFound' });
    const elsewhere = await bed.run('Prepare', operationOf(action(path)));
    expect(elsewhere).toMatchObject({ kind: 'failed' });
    // The account of that name there is another one.
    const workflow = { ...bed.workflow, namespace: other.namespace, serviceAccountName: 'absent' };
    const answer = await bed.run('Prepare', operationOf(action(name)), bed.context({ workflow }));
    expect(answer).toMatchObject({ reason: 'AccountForbidden' });
    expect(await seen(name, other)).toEqual(each.before);
  });

  it('waits where the guard objects', async () => {
    const name = await made();
    const ready = await bed.prepared(operationOf(action(name)));
    const asker = bed.asker;
    if (asker === undefined) throw new Error('no asker');
    try {
      bed.asker = { ...asker, suspended: true };
      expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'waiting' });
      bed.asker = { ...asker, cancelled: true };
      expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'failed', reason: 'Stopped', mayRetry: false });
      bed.asker = asker;
      bed.holdsLocks = false;
      expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'waiting' });
      bed.holdsLocks = true;
      bed.halt = 'halt-1';
      expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'waiting' });
      expect(await seen(name)).toEqual(each.before);
      const exempt = bed.context({ workflow: { ...bed.workflow, type: 'Recovery' } });
      expect(await bed.run('Apply', ready, exempt)).toMatchObject({ kind: 'applied' });
    } finally {
      Object.assign(bed, { asker, holdsLocks: true, halt: undefined });
    }
  });

  const { drift } = each;
  if (drift === undefined) return;

  it('is undone once, and puts back what was there', async () => {
    const name = await made();
    const first = await fields(name);
    const forward = await done(name, operationOf(action(name)));
    bed.written();
    const backward = await done(name, undoingOf(forward));
    expect(await bed.run('Apply', backward)).toMatchObject({ kind: 'applied' });
    expect(bed.written()).toHaveLength(each.writes);
    expect(await seen(name)).toEqual(each.before);
    const { annotations, generation: _, ...rest } = await fields(name);
    expect({ ...rest, annotations }).toEqual({
      ...rest,
      annotations: { ...first.annotations, 'baton.dev/op': backward.opId },
    });
  });

  it('is undone also where it never came to it', async () => {
    const name = await made();
    const forward = await bed.prepared(operationOf(action(name)));
    await done(name, undoingOf(forward));
    expect(await seen(name)).toEqual(each.before);
  });

  it('is not undone where somebody changed it since', async () => {
    const name = await made();
    const forward = await done(name, operationOf(action(name)));
    await bed.patch(group, plural, name, drift);
    const undoing = await bed.run('Prepare', undoingOf(forward));
    expect(undoing).toMatchObject({ kind: 'failed', reason: 'Drifted', mayRetry: false });
  });

  it('is not undone where somebody else stamped it since, but is where that was this workflow', async () => {
    const name = await made();
    const forward = await done(name, operationOf(action(name)));
    await bed.patch(group, plural, name, { metadata: { annotations: { 'baton.dev/op': 'later' } } });
    expect(await bed.run('Prepare', undoingOf(forward))).toMatchObject({ reason: 'Drifted' });
    await done(name, { ...undoingOf(forward), own: ['later'] });
    expect(await seen(name)).toEqual(each.before);
  });
});

describe('scale', () => {
  it('tells how many there were before its first attempt', async () => {
    await bed.create(APPS, 'deployments', workload('Deployment', 'twice', { replicas: 1 }));
    const operation = operationOf({ kind: 'scale', target: target('apps/v1', 'Deployment', 'twice'), replicas: 2 });
    const { before } = await bed.applied(operation);
    const second = await bed.applied({ ...operation, attempt: 2, opId: 'b', own: [operation.opId], original: before });
    expect(await bed.verified(second)).toMatchObject({ outputs: { replicas: 2, before: 1 } });
  });
});

describe('scale of a kind that is written through its scale', () => {
  it('goes on where Baton died between the stamp and the replicas, and is undone there', async () => {
    const make = async (name: string) => {
      const metadata = { name };
      const widget = { apiVersion: `${WIDGET_GROUP}/v1`, kind: 'Widget' };
      await bed.create(WIDGETS, 'widgets', { ...widget, metadata, spec: { replicas: 1 } });
      return operationOf({ kind: 'scale', target: { ...widget, name }, replicas: 4 });
    };
    const replicas = async (name: string) => (await bed.get(WIDGETS, 'widgets', name))['spec'].replicas;
    const half = async (name: string) => {
      const ready = await bed.prepared(await make(name));
      expect(await bed.run('Apply', ready, bed.context(), bed.process(1))).toMatchObject({ kind: 'waiting' });
      expect(await replicas(name)).toBe(1);
      return ready;
    };
    const first = await half('half');
    expect(await bed.run('Apply', first)).toMatchObject({ kind: 'applied' });
    expect(await replicas('half')).toBe(4);
    await bed.applied(undoingOf(await half('undone')));
    expect(await replicas('undone')).toBe(1);
  });
});

describe('failover to where it was ordered before', () => {
  const status = (active: string, ordered: string, generation: number, more: object = {}) => ({
    status: {
      observedGeneration: generation,
      failover: { state: 'Idle', active, ordered, epoch: 2, since: '2026-01-01T00:00:00Z', ...more },
    },
  });
  const look = () => bed.get(BATON, 'orchestratedservices', 'again');

  it('orders the other side first, which moves nothing, and tells of a refusal', async () => {
    const failover = {
      standbyRef: target('apps/v1', 'Deployment', 'again-standby'),
      serviceName: 'again',
      selectors: { primary: { role: 'a' }, standby: { role: 'b' } },
      desired: 'Standby',
    };
    await bed.create(BATON, 'orchestratedservices', osvc('again', { failover }));
    // It was carried out, and traffic came back by itself.
    await bed.patch(BATON, 'orchestratedservices', 'again/status', status('Primary', 'Standby', 1));
    const ready = await bed.prepared(operationOf({ kind: 'failover', service: 'again', to: 'Standby' }));
    expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'waiting' });
    expect((await look())['spec'].failover.desired).toBe('Primary');
    expect(await bed.run('Apply', ready)).toMatchObject({ kind: 'waiting' });
    await bed.patch(BATON, 'orchestratedservices', 'again/status', status('Primary', 'Primary', 2));
    expect(await bed.run('Apply', ready)).toEqual({ kind: 'applied' });
    expect(await bed.run('Apply', ready)).toEqual({ kind: 'applied' });
    expect((await look())['spec'].failover.desired).toBe('Standby');
    expect(await bed.run('Verify', ready)).toMatchObject({ kind: 'waiting' });
    const refused = { state: 'Refused', to: 'Standby', reason: 'StandbyNotReady', message: 'no pod is ready' };
    await bed.patch(BATON, 'orchestratedservices', 'again/status', status('Primary', 'Primary', 3, refused));
    expect(await bed.run('Verify', ready)).toMatchObject({
      kind: 'failed',
      reason: 'FailoverRefused',
      message: 'no pod is ready',
    });
    const moved = status('Standby', 'Standby', 3, { state: 'Completed', took: { switch: '1s' } });
    await bed.patch(BATON, 'orchestratedservices', 'again/status', moved);
    expect(await bed.run('Verify', ready)).toEqual({
      kind: 'done',
      outputs: { active: 'Standby', seconds: { switch: 1 } },
    });
    // What is there already takes no time, whatever an earlier move took.
    const there = await bed.prepared(operationOf({ kind: 'failover', service: 'again', to: 'Standby' }));
    expect(await bed.run('Verify', there)).toEqual({ kind: 'done', outputs: { active: 'Standby' } });
    const later = { ...there, original: ready.before };
    expect(await bed.run('Verify', later)).toMatchObject({ outputs: { seconds: { switch: 1 } } });
  });

  it('is refused where the service moves no traffic', async () => {
    await bed.create(BATON, 'orchestratedservices', osvc('plain'));
    const answer = await bed.run('Prepare', operationOf({ kind: 'failover', service: 'plain', to: 'Standby' }));
    expect(answer).toMatchObject({ kind: 'failed', reason: 'InvalidSpec' });
  });
});

describe('patch', () => {
  const config = target('v1', 'ConfigMap', 'large');

  it('is not begun where what was before is too much to be kept', async () => {
    await bed.create('/api/v1', 'configmaps', { metadata: { name: 'large' }, data: { a: 'x'.repeat(4_096) } });
    const operation = operationOf({ kind: 'patch', target: config, type: 'Merge', patch: { data: { a: 'y' } } });
    const answer = await bed.run('Prepare', operation);
    expect(answer).toMatchObject({ kind: 'failed', reason: 'StateTooLarge', mayRetry: false });
    expect(answer).toMatchObject({ message: expect.stringContaining('could not be undone by itself') });
    expect(await bed.run('Prepare', operation, bed.context({ undo: 'None' }))).toMatchObject({ kind: 'prepared' });
  });

  it('says of a JSON patch that does not fit what the API server does not', async () => {
    const patch = [{ op: 'remove', path: '/data/none' }];
    const operation = operationOf({ kind: 'patch', target: config, type: 'JSON', patch });
    expect(await bed.run('Prepare', operation)).toMatchObject({
      kind: 'failed',
      reason: 'StepRefused',
      message: 'a path of the JSON patch is not there, or one of its tests does not hold',
    });
  });

  it('keeps of what was before no more than its digest where it is not undone by itself, and is done once', async () => {
    const operation = operationOf({ kind: 'patch', target: config, type: 'Merge', patch: { data: { a: 'z' } } });
    const context = bed.context({ undo: 'None' });
    const answer = await bed.run('Prepare', operation, context);
    if (answer.kind !== 'prepared') throw new Error(`not prepared: ${JSON.stringify(answer)}`);
    const ready = { ...operation, before: answer.before };
    expect(JSON.stringify(ready.before).length).toBeLessThan(1_000);
    expect(await bed.run('Apply', ready, context)).toEqual({ kind: 'applied' });
    expect(await bed.run('Apply', ready, context)).toEqual({ kind: 'applied' });
    await bed.patch('/api/v1', 'configmaps', 'large', { data: { a: 'w' } });
    expect(await bed.run('Apply', ready, context)).toMatchObject({ kind: 'unknown' });
  });
});

describe('restart', () => {
  it('is refused of what would not be rolled', async () => {
    await bed.create(APPS, 'deployments', workload('Deployment', 'paused', { replicas: 0, spec: { paused: true } }));
    const strategy = { updateStrategy: { type: 'OnDelete' } };
    await bed.create(APPS, 'statefulsets', workload('StatefulSet', 'by-hand', { replicas: 0, spec: strategy }));
    const prepare = (of: ReturnType<typeof target>) => bed.run('Prepare', operationOf({ kind: 'restart', target: of }));
    const refused = { kind: 'failed', reason: 'StepRefused' };
    expect(await prepare(target('apps/v1', 'Deployment', 'paused'))).toMatchObject(refused);
    expect(await prepare(target('apps/v1', 'StatefulSet', 'by-hand'))).toMatchObject(refused);
    expect(await prepare(target('v1', 'ConfigMap', 'large'))).toMatchObject({ reason: 'InvalidSpec' });
  });
});

it('says that it is Baton that may not act as the account, of what it reads and of what it writes', async () => {
  await bed.create(APPS, 'deployments', workload('Deployment', 'denied', { replicas: 0 }));
  const to = target('apps/v1', 'Deployment', 'denied');
  const job = { kind: 'job', template: { template: { spec: { restartPolicy: 'Never', containers: [] } } } } as const;
  const scale = operationOf({ kind: 'scale', target: to, replicas: 1 });
  const weak = await StepBed.as(bed, NOBODY);
  try {
    await weak.knows(DEPLOYMENT, ['batch/v1', 'Job']);
    const denied = {
      kind: 'failed',
      reason: 'ImpersonationForbidden',
      mayRetry: false,
      message: `Baton may not act as ServiceAccount runner: it needs the verb impersonate on serviceaccounts in namespace ${bed.namespace}`,
    };
    expect(await weak.run('Prepare', scale)).toEqual(denied);
    expect(await weak.run('Apply', { ...operationOf(job), before: {} })).toEqual(denied);
  } finally {
    await weak.disconnect();
  }
});
