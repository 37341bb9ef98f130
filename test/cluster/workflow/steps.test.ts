import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Action } from '../../../src/domain/workflow/action.ts';
import type { Operation } from '../../../src/domain/workflow/operation.ts';
import { osvc, workload } from '../operator/support/objects.ts';
import { installCrds } from '../support/crds.ts';
import { type Fields, operationOf, StepBed, undoingOf } from './bed.ts';

const APPS = '/apis/apps/v1';
const BATON = '/apis/baton.dev/v1alpha1';
const WIDGETS = '/apis/widgets.steps.example.dev/v1';

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
  /** Writes that one effect takes. */
  readonly writes: number;
  /** What somebody needs for it, as the refusal names it. */
  readonly needs: RegExp;
}

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
    writes: 1,
    needs: /deployments\.apps/,
  },
  {
    name: 'scale of a kind that is written through its scale',
    group: WIDGETS,
    plural: 'widgets',
    object: (name) => ({
      apiVersion: 'widgets.steps.example.dev/v1',
      kind: 'Widget',
      metadata: { name },
      spec: { replicas: 1 },
    }),
    action: (name) => ({
      kind: 'scale',
      target: target('widgets.steps.example.dev/v1', 'Widget', name),
      replicas: 0,
    }),
    shows: ({ spec }) => spec.replicas,
    before: 1,
    after: 0,
    drift: { spec: { replicas: 3 } },
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
    writes: 1,
    needs: /orchestratedservices\.baton\.dev/,
    play: async (where, name) => {
      const { metadata, spec } = await where.get(BATON, 'orchestratedservices', name);
      const active = spec.failover.desired ?? 'Primary';
      const failover = { state: 'Completed', active, ordered: active, epoch: 1, since: '2026-01-01T00:00:00Z' };
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
});
beforeEach(() => void bed.written());
afterAll(() => Promise.all([bed.close(), other.close()]));

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
    await bed.verified(ready);
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
