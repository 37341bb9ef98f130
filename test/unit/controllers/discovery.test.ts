import { describe, expect, it } from 'vitest';
import type { OrchestratedService, OrchestrationSpec } from '../../../src/api/kinds.ts';
import { Discoverer } from '../../../src/controllers/discovery/discoverer.ts';
import type { NamespaceSnapshot } from '../../../src/controllers/discovery/facts.ts';
import type {
  Creation,
  DiscoveryPort,
  LiveCandidate,
  NewService,
  Preview,
} from '../../../src/controllers/discovery/ports.ts';
import { DiscoveryTriggers } from '../../../src/controllers/discovery/triggers.ts';
import type { CacheProblem } from '../../../src/controllers/ports.ts';
import { type CachedService, INDEXES } from '../../../src/controllers/service/caches.ts';
import { contentOf, formatContent } from '../../../src/domain/discovery/content.ts';
import type { DiscoveryRule } from '../../../src/domain/discovery/rules.ts';
import { DEFAULT_POLICY } from '../../../src/domain/orchestration/policy.ts';
import type { WorkloadSnapshot } from '../../../src/domain/snapshot.ts';
import { type Projected, Store } from '../../../src/runtime/store.ts';
import { workload } from '../domain/fixtures.ts';

const SIGNAL = new AbortController().signal;
const ASKED = { 'baton.dev/discover': 'true' };
const rule: DiscoveryRule = {
  name: 'labelled',
  kinds: ['Deployment', 'StatefulSet'],
  template: { metadata: { labels: {} }, spec: {} },
};

function store<T extends Projected>(indexes = {}): Store<T> {
  const made = new Store<T>({
    indexes,
    onListenerError: (error) => {
      throw error;
    },
  });
  made.replace(new Map(), '1');
  return made;
}

/** Real stores, triggers and discoverer; the API server is whatever a test says. */
class Bed {
  readonly services = store<CachedService>(INDEXES.services);
  readonly deployments = store<WorkloadSnapshot>();
  readonly statefulSets = store<WorkloadSnapshot>();
  readonly woken: string[] = [];
  readonly made: NewService[] = [];
  readonly removed: string[] = [];
  readonly handedOver: string[] = [];
  previews = 0;
  preview: Preview = { kind: 'accepted', spec: { mode: 'Enforce' } };
  creation: Creation | undefined;
  /** What the API server says of every workload; the cache where undefined. */
  live: { readonly candidate: LiveCandidate | undefined } | undefined;
  synced = true;
  problem: CacheProblem | undefined;
  policy: OrchestrationSpec | undefined = { ...DEFAULT_POLICY, discovery: { maxServices: 500, rules: [rule] } };
  monotonic = 0;
  readonly discoverer: Discoverer;

  constructor() {
    const caches = { services: this.services, deployments: this.deployments, statefulSets: this.statefulSets };
    this.discoverer = new Discoverer({
      caches,
      namespaces: () => ({
        synced: this.synced,
        problem: this.problem,
        get: (name): NamespaceSnapshot => ({
          namespace: undefined,
          name,
          uid: name,
          resourceVersion: '1',
          labels: {},
          terminating: false,
        }),
      }),
      policy: () => this.policy,
      ownNamespace: 'baton-system',
      port: this.#port(),
      keys: () => triggers.keys(),
      enqueue: (key) => void this.woken.push(key),
      onChange: () => undefined,
      emit: () => undefined,
      record: () => undefined,
      log: { info: () => undefined, warn: () => undefined },
      count: { decision: () => undefined, statusWrite: () => undefined },
      monotonic: () => this.monotonic,
    });
    const triggers: DiscoveryTriggers = new DiscoveryTriggers({
      caches,
      isOn: () => this.discoverer.isOn,
      hasRules: () => this.discoverer.hasRules,
      enqueue: (key) => void this.woken.push(key),
      onRoom: () => this.discoverer.retryRefused(),
    });
  }

  #port(): DiscoveryPort {
    return {
      preview: () => {
        this.previews += 1;
        return Promise.resolve(this.preview);
      },
      create: (service) => {
        this.made.push(service);
        const metadata = { namespace: service.namespace, name: service.name, uid: 'u', resourceVersion: '9' };
        return Promise.resolve(this.creation ?? { kind: 'created', service: { metadata } as OrchestratedService });
      },
      read: ({ namespace, name }) => Promise.resolve(this.services.get(`${namespace}/${name}`)),
      revise: ({ metadata }, to) => {
        if (to.annotations['baton.dev/discovered-by'] === undefined) this.handedOver.push(metadata.name);
        return Promise.resolve({ kind: 'written', resourceVersion: '9' });
      },
      remove: ({ metadata }) => {
        this.removed.push(metadata.name);
        return Promise.resolve({ kind: 'written', resourceVersion: '9' });
      },
      workload: ({ namespace, name }) => {
        const cached = this.deployments.get(`${namespace}/${name}`);
        const seen = cached && { labels: cached.labels ?? {}, isHeld: false };
        return Promise.resolve(this.live ? this.live.candidate : seen);
      },
    };
  }

  deployment(name: string, labels: Record<string, string> = ASKED): string {
    this.deployments.upsert(workload({ name, uid: `uid-${name}`, resourceVersion: '2', labels }));
    return `Deployment/shop/${name}`;
  }

  /** One that discovery made, where no other annotations are given, as the cache has it. */
  service(
    name: string,
    wrote: object = {},
    spec: object = wrote,
    annotations: object = {
      'baton.dev/discovered-by': 'labelled',
      'baton.dev/discovery-wrote': formatContent(contentOf({}, wrote)),
    },
  ): void {
    const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
    const metadata = { namespace: 'shop', name, uid: `osvc-${name}`, resourceVersion: '2', generation: 1, annotations };
    this.services.upsert({ ...metadata, metadata, spec: { targetRef, ...spec } } as unknown as CachedService);
  }

  look(key: string) {
    return this.discoverer.reconcile(key, SIGNAL);
  }
}

describe('while discovery is off', () => {
  it('workloads and services wake nobody, and nothing is asked', async () => {
    const bed = new Bed();
    bed.policy = DEFAULT_POLICY;
    const key = bed.deployment('web');
    bed.service('mine', {}, {}, {});
    bed.discoverer.all();
    expect(bed.woken).toEqual([]);
    await bed.look(key);
    expect(bed.previews).toBe(0);
    expect(bed.discoverer.findings()).toEqual({ status: undefined, condition: undefined });
  });

  it('what it made before is taken back', async () => {
    const bed = new Bed();
    bed.policy = DEFAULT_POLICY;
    const key = bed.deployment('web');
    bed.service('web');
    bed.discoverer.all();
    expect(bed.woken).toContain(key);
    await bed.look(key);
    expect(bed.removed).toEqual(['web']);
  });
});

describe('nothing is made or given up', () => {
  it('while the policy cannot be told', async () => {
    const bed = new Bed();
    bed.service('web');
    bed.policy = undefined;
    await bed.look('Deployment/shop/web');
    await bed.look(bed.deployment('api'));
    expect([bed.removed, bed.made]).toEqual([[], []]);
  });

  it('while namespaces cannot be read, and the condition says so', async () => {
    const bed = new Bed();
    bed.service('web');
    bed.problem = { reason: 'Forbidden', verb: 'list', resource: 'namespaces' };
    await bed.look('Deployment/shop/web');
    await bed.look(bed.deployment('api'));
    expect([bed.removed, bed.made]).toEqual([[], []]);
    expect(bed.discoverer.findings()).toMatchObject({ condition: { status: 'False', reason: 'Forbidden' } });
  });

  it('while namespaces are not listed yet, and what was said before stands', async () => {
    const bed = new Bed();
    const key = bed.deployment('api');
    bed.synced = false;
    bed.discoverer.all();
    for (const one of bed.woken.slice()) await bed.look(one);
    expect([bed.made, bed.discoverer.findings()]).toEqual([[], 'Unsettled']);
    bed.synced = true;
    await bed.look(key);
    expect(bed.discoverer.findings()).toMatchObject({ status: { discovered: 1 }, condition: { status: 'True' } });
  });

  it('by a cache that is behind: the workload itself decides', async () => {
    const bed = new Bed();
    bed.service('web');
    bed.live = { candidate: { labels: ASKED, isHeld: false } };
    expect(await bed.look('Deployment/shop/web')).toMatchObject({ kind: 'requeueAfter' });
    expect(bed.removed).toEqual([]);
    bed.live = { candidate: undefined };
    await bed.look('Deployment/shop/web');
    expect(bed.removed).toEqual(['web']);
  });
});

describe('what is made', () => {
  it('is made once, also while the cache does not show it yet, and counts for the limit', async () => {
    const bed = new Bed();
    bed.policy = { ...DEFAULT_POLICY, discovery: { maxServices: 1, rules: [rule] } };
    const [first, second] = [bed.deployment('a'), bed.deployment('b')];
    await bed.look(first);
    expect(await bed.look(first)).toMatchObject({ kind: 'requeueAfter' });
    await bed.look(second);
    expect(bed.made.map(({ name }) => name)).toEqual(['a']);
    expect(bed.previews).toBe(1);
  });

  it('is tried again soon when the name was taken in between', async () => {
    const bed = new Bed();
    bed.creation = { kind: 'conflict' };
    expect(await bed.look(bed.deployment('a'))).toMatchObject({ kind: 'requeueAfter', ms: 200 });
  });

  it('is no more than twenty in a second', async () => {
    const bed = new Bed();
    const keys = Array.from({ length: 25 }, (_, index) => bed.deployment(`w${index}`));
    for (const key of keys) await bed.look(key);
    expect(bed.made).toHaveLength(20);
    bed.monotonic = 1_000;
    for (const key of keys.slice(20)) await bed.look(key);
    expect(bed.made).toHaveLength(25);
  });

  it('is nothing by a template that is too large to be kept on each service', async () => {
    const bed = new Bed();
    const template = { metadata: { labels: {} }, spec: { priority: 'x'.repeat(33 * 1024) } };
    bed.policy = { ...DEFAULT_POLICY, discovery: { maxServices: 1, rules: [{ ...rule, template }] } };
    await bed.look(bed.deployment('a'));
    expect([bed.previews, bed.made]).toEqual([0, []]);
  });

  it('by a template that was refused, is made when that is mended', async () => {
    const bed = new Bed();
    bed.preview = { kind: 'refused', message: 'spec.mode: Unsupported value' };
    const key = bed.deployment('a');
    expect(await bed.look('templates')).toEqual({ kind: 'requeueAfter', ms: 60_000 });
    await bed.look(key);
    bed.preview = { kind: 'accepted', spec: {} };
    bed.monotonic = 60_000;
    bed.woken.length = 0;
    await bed.look('templates');
    expect(bed.woken).toContain(key);
    await bed.look(key);
    expect(bed.made).toHaveLength(1);
  });
});

describe('what people edited', () => {
  it('is handed over to them', async () => {
    const bed = new Bed();
    bed.service('web', { mode: 'Enforce' }, { mode: 'Observe' });
    await bed.look('Deployment/shop/web');
    expect([bed.removed, bed.handedOver]).toEqual([[], ['web']]);
  });
});

it('when a service goes, those that the limit kept out are looked at again', async () => {
  const bed = new Bed();
  bed.policy = { ...DEFAULT_POLICY, discovery: { maxServices: 1, rules: [rule] } };
  bed.deployment('a');
  bed.service('a');
  const kept = bed.deployment('b');
  await bed.look(kept);
  bed.woken.length = 0;
  bed.services.delete('shop/a', '5');
  expect(bed.woken).toContain(kept);
});
