import { beforeEach, describe, expect, it } from 'vitest';
import type { WorkflowSpec, WorkflowStatus, WorkflowStep } from '../../../../src/api/kinds.ts';
import { type CachedWorkflow, WORKFLOW_INDEXES } from '../../../../src/controllers/workflow/caches.ts';
import { Deadlocks } from '../../../../src/controllers/workflow/deadlocks.ts';
import { Entrance } from '../../../../src/controllers/workflow/entrance.ts';
import { WorkflowReconciler } from '../../../../src/controllers/workflow/reconciler.ts';
import { Scheduler } from '../../../../src/controllers/workflow/scheduler.ts';
import { compile } from '../../../../src/domain/workflow/expression.ts';
import type { Answer, Effect } from '../../../../src/domain/workflow/operation.ts';
import { expressionsOf } from '../../../../src/domain/workflow/resolve.ts';
import { readTemplate } from '../../../../src/domain/workflow/template.ts';
import { compareVersions, Store } from '../../../../src/runtime/store.ts';
import { instant, ports, scale, specOf, START } from '../../domain/workflow/world.ts';

/** The reconciler with the real scheduler, entrance and caches; what is written comes back through the watch when the test says so. */
class Bed {
  now = START;
  readonly writes: { readonly name: string; readonly status: WorkflowStatus }[] = [];
  /** What was done, as `Apply step`. */
  readonly done: string[] = [];
  readonly workflows = storeOf<CachedWorkflow>(WORKFLOW_INDEXES.workflows);
  readonly reconciler: WorkflowReconciler;
  answering: (effect: Effect) => Answer = () => ({ kind: 'done' });
  /** Who is to be looked at. */
  readonly queue = new Set<string>();
  #version = 1;

  constructor() {
    const { workflows } = this;
    const now = (): number => this.now;
    const scheduler = new Scheduler({
      limits: () => ({ maxConcurrent: 2, ageing: 10, slots: new Map() }),
      now,
      foreign: new Map(),
      onLocks: () => undefined,
      enqueue: (key) => this.queue.add(key),
      soon: (run) => this.#due.push(run),
    });
    const deadlocks = new Deadlocks({
      caches: { workflows },
      scheduler,
      latest: (key) => this.reconciler.latest(key),
      read: () => Promise.reject(new Error('nobody waits for another')),
      enqueue: (key) => this.queue.add(key),
    });
    const entrance = new Entrance({
      caches: { workflows, templates: storeOf() },
      services: storeOf(),
      scheduler,
      deadlocks,
      ports: { compile, readTemplate, expressionsOf },
      matches: () => undefined,
      writeContent: () => Promise.reject(new Error('there is no template')),
      now,
    });
    this.reconciler = new WorkflowReconciler({
      caches: { workflows },
      scheduler,
      entrance,
      deadlocks,
      steps: {
        run: (effect) => {
          this.done.push(`${effect.want} ${effect.operation.step}`);
          return Promise.resolve(this.answering(effect));
        },
      },
      ports,
      epoch: () => 7,
      halted: () => undefined,
      maxDurationMs: () => 24 * 3_600_000,
      durations: () => [],
      delete: () => Promise.reject(new Error('nothing is deleted')),
      enqueue: (key) => this.queue.add(key),
      onEnded: () => undefined,
      onChange: () => undefined,
      writeStatus: (reference, status) => {
        this.#version += 1;
        this.writes.push({ name: reference.name, status: structuredClone(status) as WorkflowStatus });
        return Promise.resolve({ kind: 'written', resourceVersion: String(this.#version) });
      },
      emit: () => undefined,
      record: () => undefined,
      isNewer: (a, b) => compareVersions(a, b) > 0,
      now,
      log: { info: () => undefined, warn: () => undefined },
      count: { decision: () => undefined, statusWrite: () => undefined },
    });
  }

  readonly #due: (() => void)[] = [];

  create(name: string, spec: WorkflowSpec): string {
    this.#version += 1;
    const resourceVersion = String(this.#version);
    const base = { namespace: 'shop', name, uid: `uid-${name}`, resourceVersion };
    const metadata = { ...base, generation: 1, creationTimestamp: '2026-05-04T12:00:00Z' };
    const object = { apiVersion: 'baton.dev/v1alpha1', kind: 'Workflow', metadata, spec, ...base, owner: undefined };
    this.workflows.upsert(object as CachedWorkflow);
    return `shop/${name}`;
  }

  /** Looks at each once, then at whoever is enqueued meanwhile. Gives when each wants to be looked at again, ms. */
  async look(...keys: string[]): Promise<Map<string, number | undefined>> {
    const again = new Map<string, number | undefined>();
    const { signal } = new AbortController();
    for (const key of keys) this.queue.add(key);
    while (this.queue.size > 0 || this.#due.length > 0) {
      for (const key of this.queue) {
        this.queue.delete(key);
        const result = await this.reconciler.reconcile(key, { signal });
        again.set(key, result.kind === 'requeueAfter' ? result.ms : undefined);
      }
      for (const run of this.#due.splice(0)) run();
    }
    return again;
  }

  phasesOf(name: string): (string | undefined)[] {
    return this.writes.filter((write) => write.name === name).map(({ status }) => status.phase);
  }

  statesOf(name: string): string[] {
    const of = this.writes.filter((write) => write.name === name);
    return of.map(({ status }) => (status.steps ?? []).map(({ state }) => state).join(' '));
  }
}

function storeOf<T extends { readonly name: string; readonly uid: string; readonly resourceVersion: string }>(
  indexes = {},
): Store<T> {
  const store = new Store<T>({
    indexes,
    onListenerError: (error) => {
      throw error;
    },
  });
  return store;
}

const FIVE = specOf(['a', 'b', 'c', 'd', 'e'].map((name) => instant(name)));
const HEALTHY: WorkflowStep = { name: 'healthy', health: { service: 'checkout', atLeast: 'Healthy', for: '0s' } };
const LASTING: Answer = { kind: 'waiting', message: 'the pods are not ready', lookAgainInMs: 15_000 };

let bed: Bed;
beforeEach(() => {
  bed = new Bed();
});

describe('how often a workflow is written', () => {
  it('is once where nothing has to wait, however many are created at one time', async () => {
    const keys = Array.from({ length: 20 }, (_, n) => bed.create(`w${n}`, FIVE));
    await bed.look(...keys);
    expect(bed.writes.map(({ status }) => status.phase)).toEqual(keys.map(() => 'Succeeded'));
  });

  it('is once more where it waits for its turn for longer than a moment', async () => {
    bed.answering = () => LASTING;
    const [first, second, third, fourth] = ['a', 'b', 'c', 'd'].map((name) => bed.create(name, specOf([HEALTHY])));
    await bed.look(first ?? '', second ?? '', third ?? '');
    expect(bed.phasesOf('c')).toEqual([]);
    bed.now += 500;
    await bed.look(fourth ?? '');
    // Somebody looks at it early: it is not said for that, and keeps its place before the fourth.
    const again = await bed.look(third ?? '');
    expect(bed.phasesOf('c')).toEqual([]);
    bed.now += again.get(third ?? '') ?? 0;
    await bed.look(third ?? '');
    expect(bed.phasesOf('c')).toEqual(['Queued']);
    expect(bed.writes.at(-1)?.status.queuedAt).toBe(new Date(START).toISOString());
    bed.answering = () => ({ kind: 'done' });
    bed.reconciler.awake(first ?? '');
    await bed.look();
    expect(bed.phasesOf('c').at(-1)).toBe('Succeeded');
    expect(bed.phasesOf('d')).toEqual(['Succeeded']);
    expect(bed.writes.findIndex(({ name }) => name === 'd')).toBe(bed.writes.length - 1);
  });

  it('is once for an intent, and once more for what became of it and the intent of the next step', async () => {
    const steps = [scale('a'), scale('b', { dependsOn: ['a'] })];
    const key = bed.create('w', specOf(steps, { serviceAccountName: 'ops' }));
    let ready = false;
    bed.answering = ({ want }) => {
      if (want === 'Prepare') return { kind: 'prepared', before: { replicas: 1 } };
      if (want === 'Apply') return { kind: 'applied' };
      return ready ? { kind: 'done' } : LASTING;
    };
    await bed.look(key);
    expect(bed.statesOf('w')).toEqual(['Intent Pending']);
    bed.now += 400;
    bed.reconciler.awake(key);
    await bed.look();
    // It is not applied again because that it was is not written.
    expect(bed.done).toEqual(['Prepare a', 'Apply a', 'Verify a', 'Verify a']);
    ready = true;
    bed.now += 400;
    bed.reconciler.awake(key);
    await bed.look();
    expect(bed.statesOf('w')).toEqual(['Intent Pending', 'Succeeded Intent', 'Succeeded Succeeded']);
    expect(bed.done.filter((what) => what.startsWith('Apply'))).toEqual(['Apply a', 'Apply b']);
  });

  it('is once more for what a step waits for when it waits for longer than a moment', async () => {
    const key = bed.create('w', specOf([scale('a')], { serviceAccountName: 'ops' }));
    let waits = 0;
    bed.answering = ({ want }) => {
      if (want === 'Prepare') return { kind: 'prepared', before: { replicas: 1 } };
      if (want === 'Apply') return { kind: 'applied' };
      waits += 1;
      return { kind: 'waiting', message: `${waits} of 9`, lookAgainInMs: 300 };
    };
    let again = (await bed.look(key)).get(key);
    for (let look = 0; look < 10; look++) {
      bed.now += again ?? 0;
      again = (await bed.look(key)).get(key);
    }
    const words = bed.writes.map(({ status }) => status.steps?.[0]?.message);
    expect(words).toEqual([undefined, '4 of 9', '8 of 9']);
    expect(bed.now - START).toBeGreaterThan(2_000);
  });

  it('begins with what is written when another has led meanwhile: what was begun is done again, which finds it done', async () => {
    const key = bed.create('w', specOf([scale('a')], { serviceAccountName: 'ops' }));
    bed.answering = ({ want }) => {
      if (want === 'Prepare') return { kind: 'prepared', before: { replicas: 1 } };
      return want === 'Apply' ? { kind: 'applied' } : LASTING;
    };
    await bed.look(key);
    bed.reconciler.reset();
    await bed.look(key);
    expect(bed.done).toEqual(['Prepare a', 'Apply a', 'Verify a', 'Apply a', 'Verify a']);
  });
});
