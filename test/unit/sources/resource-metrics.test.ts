import { describe, expect, it } from 'vitest';
import type { ResourceMetricsOptions } from '../../../src/sources/api.ts';
import type { ResourceQuery } from '../../../src/sources/queries.ts';
import { createResourceMetrics } from '../../../src/sources/resource-metrics.ts';
import { manualClock, realClock, type ManualClock } from './clock.ts';
import { describeSource } from './contract.ts';
import { until } from '../../support/until.ts';

const Mi = 2 ** 20;

interface Figure {
  readonly pod: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly at: number;
  readonly namespace?: string;
}

function podMetrics(...figures: Figure[]): readonly unknown[] {
  return figures.map(({ pod, cpu = '100m', memory = '50Mi', at, namespace = 'shop' }) => ({
    metadata: { name: pod, namespace },
    timestamp: new Date(at).toISOString(),
    window: '15s',
    containers: [{ name: 'main', usage: { cpu, memory } }],
  }));
}

const query = (...pods: string[]): ResourceQuery => ({
  namespace: 'shop',
  resource: 'cpu',
  of: 'limit',
  pods: pods.map((name) => ({ name, requests: { cpu: 0.5 }, limits: { cpu: 1, memory: 100 * Mi } })),
});

describeSource('resource-metrics', async () => {
  const clock = realClock();
  let isDown = false;
  const list: ResourceMetricsOptions['list'] = async (_path, onItem) => {
    if (isDown) throw Object.assign(new Error('the server is currently unable to handle the request'), { status: 503 });
    podMetrics({ pod: 'a', at: Date.now() }).forEach(onItem);
  };
  const source = createResourceMetrics({
    clock,
    list,
    policy: () => ({ intervalMs: 50 }),
    resourcesOf: () => undefined,
  });
  const life = new AbortController();
  const running = source.run(life.signal);
  await until('the first list', () => source.problem() === undefined);
  return {
    source,
    good: query('a'),
    none: query('unknown'),
    breakBackend: async () => void (isDown = true),
    close: async () => {
      life.abort();
      await running;
    },
  };
});

/** A source on virtual time whose API server answers what `answer` says. */
function setUp(more: Partial<ResourceMetricsOptions> = {}) {
  const clock = manualClock();
  const state = {
    answer: (): readonly unknown[] => podMetrics(),
    paths: [] as string[],
    changes: [] as Record<string, string[]>[],
    problems: 0,
  };
  const life = new AbortController();
  const source = createResourceMetrics({
    clock,
    policy: () => ({ intervalMs: 30_000 }),
    list: async (path, onItem) => {
      state.paths.push(path);
      state.answer().forEach(onItem);
    },
    resourcesOf: (_, pod) => (pod.startsWith('x') ? undefined : { requests: {}, limits: { cpu: 1, memory: 100 * Mi } }),
    ...more,
  });
  source.onChange((changes) =>
    state.changes.push(Object.fromEntries([...changes].map(([ns, pods]) => [ns, [...pods]]))),
  );
  source.onProblem(() => (state.problems += 1));
  const read = (asked: ResourceQuery) => source.read(asked, new AbortController().signal);
  return { clock, state, source, read, start: () => source.run(life.signal), stop: () => life.abort() };
}

const failing = (status: number, message: string) => (): never => {
  throw Object.assign(new Error(message), { status });
};
const fresh =
  (clock: ManualClock, ...figures: Omit<Figure, 'at'>[]) =>
  (): readonly unknown[] =>
    podMetrics(...figures.map((figure) => ({ ...figure, at: clock.now() - 5000 })));

describe('resource metrics', () => {
  it('lists the whole cluster once per interval, whatever the number of services', async () => {
    const { clock, state, start, stop } = setUp();
    const running = start();
    await clock.advance(95_000);
    expect(state.paths).toEqual(Array.from({ length: 4 }, () => '/apis/metrics.k8s.io/v1beta1/pods'));
    stop();
    await running;
    expect(clock.pending()).toBe(0);
  });

  it('lists one namespace where the operator watches only one', async () => {
    const { clock, state, start } = setUp({ namespace: 'shop' });
    void start();
    await clock.advance(0);
    expect(state.paths).toEqual(['/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods']);
  });

  it('sums the containers, and gives the highest pod as a ratio', async () => {
    const { clock, state, source, read, start } = setUp();
    state.answer = () => [
      {
        metadata: { name: 'a', namespace: 'shop' },
        timestamp: new Date(clock.now()).toISOString(),
        containers: [
          { name: 'main', usage: { cpu: '250m', memory: '40Mi' } },
          { name: 'proxy', usage: { cpu: '500000000n', memory: '10Mi' } },
        ],
      },
      // Of a pod without containers nothing is known, which is not 0.
      {
        metadata: { name: 'gone', namespace: 'shop' },
        timestamp: new Date(clock.now()).toISOString(),
        containers: [],
      },
      ...fresh(clock, { pod: 'b', cpu: '400m', memory: '90Mi' })(),
    ];
    void start();
    await clock.advance(0);
    expect(source.usage('shop').get('a')).toMatchObject({
      cpu: 0.75,
      memory: 50 * Mi,
      containers: [
        { name: 'main', cpu: 0.25, memory: 40 * Mi },
        { name: 'proxy', cpu: 0.5, memory: 10 * Mi },
      ],
    });
    expect(source.usage('shop').has('gone')).toBe(false);
    const cpu = await read(query('a', 'b', 'gone'));
    expect(cpu).toMatchObject({ kind: 'value', value: 0.75 });
    expect(cpu.evidence).toBe('cpu at 75 % of the limit in pod a, the highest of 2');
    expect(await read({ ...query('a', 'b'), resource: 'memory' })).toMatchObject({ value: 0.9 });
    expect(await read({ ...query('a', 'b'), of: 'request' })).toMatchObject({ value: 1.5 });
  });

  it('says NoTargets without pods, and what to set where no pod has the limit', async () => {
    const { clock, state, read, start } = setUp();
    state.answer = fresh(clock, { pod: 'a' });
    void start();
    await clock.advance(0);
    expect(await read(query())).toMatchObject({ reason: 'NoTargets' });
    expect(await read({ ...query('a'), resource: 'memory', of: 'request' })).toMatchObject({
      reason: 'NoData',
      evidence: 'no pod has a memory request; set resources.requests.memory',
    });
  });

  it('leaves out pods whose figures do not parse, and keeps the others', async () => {
    const { clock, state, source, start } = setUp();
    state.answer = fresh(clock, { pod: 'a' }, { pod: 'b', cpu: 'much' }, { pod: 'c', memory: '' });
    void start();
    await clock.advance(0);
    expect([...source.usage('shop').keys()]).toEqual(['a']);
  });

  it.each([
    [404, 'page not found', 'SourceUnavailable', 'install metrics-server'],
    [503, 'the server is currently unable to handle the request', 'SourceUnavailable', 'currently unable'],
    [403, 'pods.metrics.k8s.io is forbidden: User "x" cannot list', 'Forbidden', 'may not list pods.metrics.k8s.io'],
  ])('an answer %d: %s', async (status, message, reason, evidence) => {
    const { clock, state, source, read, start } = setUp();
    state.answer = failing(status, message);
    void start();
    await clock.advance(0);
    expect(source.problem()).toMatchObject({ reason });
    const reading = await read(query('a'));
    expect(reading).toMatchObject({ kind: 'missing', reason });
    expect(reading.evidence).toContain(evidence);
  });

  it('an answer that never comes: SourceTimeout, and the next list is tried', async () => {
    const list: ResourceMetricsOptions['list'] = (_path, _onItem, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    const { clock, source, start } = setUp({ list });
    void start();
    await clock.advance(15_000);
    expect(source.problem()).toMatchObject({ reason: 'SourceTimeout' });
  });

  it('keeps figures for 90 s when lists fail, then says so', async () => {
    const { clock, state, source, read, start } = setUp();
    state.answer = fresh(clock, { pod: 'a' });
    void start();
    await clock.advance(0);
    state.answer = failing(503, 'down');
    await clock.advance(60_000);
    expect(await read(query('a'))).toMatchObject({ kind: 'value' });
    await clock.advance(60_000);
    expect(await read(query('a'))).toMatchObject({ kind: 'missing', reason: 'SourceUnavailable' });
    expect(source.usage('shop').size).toBe(0);
  });

  it('a metrics-server that repeats an old figure: StaleData', async () => {
    const { clock, state, read, start } = setUp();
    const stuck = podMetrics({ pod: 'a', at: clock.now() });
    state.answer = () => stuck;
    void start();
    await clock.advance(60_000);
    expect(await read(query('a'))).toMatchObject({ kind: 'value' });
    await clock.advance(60_000);
    expect(await read(query('a'))).toMatchObject({ kind: 'missing', reason: 'StaleData' });
  });

  it('a metrics-server that always lags behind by more than 90 s: StaleData, and by less: a figure', async () => {
    const { clock, state, read, start } = setUp();
    let lag = 95_000;
    state.answer = () => podMetrics({ pod: 'a', at: clock.now() - lag });
    void start();
    await clock.advance(0);
    expect(await read(query('a'))).toMatchObject({ reason: 'StaleData' });
    await clock.advance(600_000);
    expect(await read(query('a'))).toMatchObject({ reason: 'StaleData' });
    // Such a figure is more than 90 s old by the time the next one comes.
    lag = 60_000;
    for (let times = 0; times < 8; times += 1) {
      await clock.advance(30_000);
      expect(await read(query('a'))).toMatchObject({ kind: 'value' });
    }
  });

  it('leaves out a pod that uses less than nothing', async () => {
    const { clock, state, source, start } = setUp();
    state.answer = fresh(clock, { pod: 'a' }, { pod: 'b', cpu: '-100m' }, { pod: 'c', memory: '-1' });
    void start();
    await clock.advance(0);
    expect([...source.usage('shop').keys()]).toEqual(['a']);
  });

  it('a clock that jumps back does not make an old figure fresh', async () => {
    const { clock, state, read, start } = setUp();
    const stuck = podMetrics({ pod: 'a', at: clock.now() });
    state.answer = () => stuck;
    void start();
    await clock.advance(120_000);
    clock.jump(-3_600_000);
    await clock.advance(30_000);
    expect(await read(query('a'))).toMatchObject({ reason: 'StaleData' });
  });

  it('a clock that jumps ahead makes no fresh figure old once it is measured anew', async () => {
    const { clock, state, read, start } = setUp();
    const skew = clock.now();
    const began = clock.monotonic();
    state.answer = () => podMetrics({ pod: 'a', at: skew + (clock.monotonic() - began) });
    void start();
    await clock.advance(0);
    clock.jump(3_600_000);
    await clock.advance(60_000);
    expect(await read(query('a'))).toMatchObject({ kind: 'value' });
    state.answer = () => podMetrics({ pod: 'new', at: skew + (clock.monotonic() - began) });
    await clock.advance(30_000);
    expect(await read(query('new'))).toMatchObject({ kind: 'value' });
  });

  it('tells of pods that gain, move by a hundredth or lose their figure; of nothing else', async () => {
    const { clock, state, start } = setUp();
    state.answer = fresh(clock, { pod: 'a', cpu: '500m' }, { pod: 'b', cpu: '100m' }, { pod: 'x1' });
    void start();
    await clock.advance(0);
    expect(state.changes.splice(0)).toEqual([{ shop: ['a', 'b'] }]);
    state.answer = fresh(clock, { pod: 'a', cpu: '505m' }, { pod: 'b', cpu: '109m' }, { pod: 'x1', cpu: '900m' });
    await clock.advance(30_000);
    expect(state.changes).toEqual([]);
    state.answer = fresh(clock, { pod: 'a', cpu: '509m' }, { pod: 'b', cpu: '110m' });
    await clock.advance(30_000);
    expect(state.changes.splice(0)).toEqual([{ shop: ['b'] }]);
    state.answer = fresh(clock, { pod: 'a', cpu: '511m' });
    await clock.advance(30_000);
    expect(state.changes.splice(0)).toEqual([{ shop: ['a', 'b'] }]);
  });

  it('a quiet cluster of 10,000 pods tells nothing', async () => {
    const { clock, state, start } = setUp();
    const pods = Array.from({ length: 10_000 }, (_, index) => ({ pod: `p${index}` }));
    state.answer = fresh(clock, ...pods);
    void start();
    await clock.advance(0);
    state.changes.splice(0);
    await clock.advance(300_000);
    expect(state.changes).toEqual([]);
  });

  it('tells when the problem changes its reason, not each time', async () => {
    const { clock, state, start } = setUp();
    state.answer = failing(403, 'forbidden');
    void start();
    await clock.advance(120_000);
    expect(state.problems).toBe(1);
    state.answer = fresh(clock, { pod: 'a' });
    await clock.advance(30_000);
    expect(state.problems).toBe(2);
  });

  it('forgets what it listed when this replica led before', async () => {
    const { clock, state, source, read } = setUp();
    state.answer = fresh(clock, { pod: 'a' });
    const [first, second] = [new AbortController(), new AbortController()];
    void source.run(first.signal);
    await clock.advance(0);
    first.abort();
    state.answer = failing(503, 'down');
    state.changes.length = 0;
    void source.run(second.signal);
    expect(source.usage('shop').size).toBe(0);
    expect(source.problem()).toMatchObject({ reason: 'NotAskedYet' });
    expect(state.changes).toEqual([{ shop: ['a'] }]);
    await clock.advance(0);
    expect(await read(query('a'))).toMatchObject({ kind: 'missing', reason: 'SourceUnavailable' });
    second.abort();
  });

  it('follows the policy: off drops what is known, on lists at the next poke', async () => {
    let policy: { intervalMs: number } | undefined = { intervalMs: 30_000 };
    const { clock, state, source, read, start } = setUp({ policy: () => policy });
    state.answer = fresh(clock, { pod: 'a' });
    void start();
    await clock.advance(0);
    policy = undefined;
    source.poke();
    await clock.advance(0);
    expect(await read(query('a'))).toMatchObject({ reason: 'SourceNotConfigured' });
    policy = { intervalMs: 30_000 };
    source.poke();
    await clock.advance(0);
    expect(await read(query('a'))).toMatchObject({ kind: 'value' });
  });
});
