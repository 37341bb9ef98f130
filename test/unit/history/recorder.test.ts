import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HistoryRecorder, type Thread } from '../../../src/history/recorder.ts';
import { type Answer, type Batch, type Decision, type Request, unpacked } from '../../../src/history/rows.ts';

/** A thread that answers when it is told to. */
class FakeThread implements Thread {
  readonly requests: Request[] = [];
  readonly #listeners = new Map<string, (it: never) => void>();

  postMessage(request: Request): void {
    this.requests.push(structuredClone(request));
  }

  on(event: string, listener: (it: never) => void): void {
    this.#listeners.set(event, listener);
  }

  terminate(): Promise<void> {
    return Promise.resolve();
  }

  answer(answer: Answer): void {
    this.#listeners.get('message')?.(answer as never);
  }

  crash(message: string): void {
    this.#listeners.get('error')?.(new Error(message) as never);
    this.#listeners.get('exit')?.(1 as never);
  }

  get batches(): Batch[] {
    return this.requests.flatMap((request) => (request.kind === 'write' ? [unpacked(request.parcel)] : []));
  }
}

let threads: FakeThread[];
let written: Record<string, number>;
let dropped: Record<string, number>;
let lines: string[];

const decision: Decision = {
  at: 5,
  subject: 'Orchestration',
  namespace: undefined,
  name: 'default',
  uid: 'o',
  kind: 'State',
  rule: 'Ready',
  before: 'Active',
  verdict: 'Degraded',
  confidence: undefined,
  inputs: { score: 70 },
  because: 'two services are Critical',
  outcome: 'Written',
};

function make(limits?: { points: number; decisions: number }, lastRowsMs?: number): HistoryRecorder {
  return new HistoryRecorder({
    path: '/data/history.db',
    retentionMs: 1,
    maxBytes: 1,
    startThread: () => {
      const thread = new FakeThread();
      threads.push(thread);
      return thread;
    },
    now: () => 42_000,
    log: {
      info: (_details, message) => lines.push(`info ${message}`),
      warn: (details, message) => lines.push(`warn ${message} ${(details as { error?: string }).error ?? ''}`.trim()),
    },
    onWritten: (table, rows) => (written[table] = (written[table] ?? 0) + rows),
    onDropped: (table, rows) => (dropped[table] = (dropped[table] ?? 0) + rows),
    ...(limits && { limits }),
    ...(lastRowsMs && { patience: { lastRowsMs } }),
  });
}

const last = (): FakeThread => threads.at(-1) as FakeThread;

async function started(limits?: { points: number; decisions: number }): Promise<HistoryRecorder> {
  const recorder = make(limits);
  const starting = recorder.start();
  last().answer({ kind: 'opened', bytes: 4_096 });
  await starting;
  return recorder;
}

beforeEach(() => {
  vi.useFakeTimers();
  threads = [];
  written = {};
  dropped = {};
  lines = [];
});
afterEach(() => {
  vi.useRealTimers();
});

describe('what is recorded', () => {
  it('is sent together after a second, and counts as written when the thread says so', async () => {
    const recorder = await started();
    recorder.appendLoad('a', 1.4, 2);
    recorder.recordDecision(decision);
    recorder.appendLoad('b', 2, 3);
    expect(last().batches).toEqual([]);
    vi.advanceTimersByTime(1_000);
    const [batch] = last().batches;
    expect(batch?.points).toEqual([
      { key: 'a', at: 1, value: 2 },
      { key: 'b', at: 2, value: 3 },
    ]);
    expect(batch?.decisions).toMatchObject([
      { ...decision, namespace: null, confidence: null, inputs: '{"score":70}' },
    ]);
    expect(written).toEqual({});
    last().answer({ kind: 'written', bytes: 8_192 });
    expect(written).toEqual({ points: 2, decisions: 1 });
    expect(recorder.figures).toEqual({ bytes: 8_192, lastErrorAt: undefined });
  });

  it('goes one batch at a time, and at once when a batch is full', async () => {
    const recorder = await started();
    for (let at = 0; at < 2_500; at++) recorder.appendLoad('a', at, at);
    expect(last().batches).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(last().batches.map(({ points }) => points.length)).toEqual([1_000]);
    vi.advanceTimersByTime(60_000);
    expect(last().batches).toHaveLength(1);
    last().answer({ kind: 'written', bytes: 1 });
    last().answer({ kind: 'written', bytes: 1 });
    vi.advanceTimersByTime(1_000);
    last().answer({ kind: 'written', bytes: 1 });
    expect(last().batches.map(({ points }) => points.length)).toEqual([1_000, 1_000, 500]);
    expect(written).toEqual({ points: 2_500 });
  });

  it('loses the oldest, and is counted, when the thread is slow; points and decisions apart', async () => {
    const recorder = await started({ points: 10, decisions: 2 });
    recorder.appendLoad('first', 0, 0);
    vi.advanceTimersByTime(1_000);
    for (let at = 0; at < 25; at++) recorder.appendLoad('a', at, at);
    recorder.recordDecision(decision);
    expect(dropped).toEqual({ points: 15 });
    last().answer({ kind: 'written', bytes: 1 });
    vi.advanceTimersByTime(1_000);
    expect(last().batches[1]?.points.map(({ at }) => at)).toEqual([15, 16, 17, 18, 19, 20, 21, 22, 23, 24]);
    expect(last().batches[1]?.decisions).toHaveLength(1);
  });

  it('has an id of its own for every decision, also in another run', async () => {
    const ids = new Set<string>();
    for (const run of [1, 2]) {
      const recorder = await started();
      expect(threads).toHaveLength(run);
      recorder.recordDecision(decision);
      recorder.recordDecision(decision);
      vi.advanceTimersByTime(1_000);
      for (const { id } of last().batches[0]?.decisions ?? []) ids.add(id);
    }
    expect(ids.size).toBe(4);
  });

  it('leaves out what is no number, and cuts evidence that is too long into JSON that is still valid', async () => {
    const recorder = await started();
    recorder.appendLoad('a', 1, NaN);
    recorder.appendLoad('a', Infinity, 1);
    recorder.recordDecision({ ...decision, inputs: { text: '"'.repeat(10_000) } });
    vi.advanceTimersByTime(1_000);
    expect(last().batches[0]?.points).toEqual([]);
    const inputs = last().batches[0]?.decisions[0]?.inputs ?? '';
    expect(inputs.length).toBeLessThan(5_000);
    expect(JSON.parse(inputs)).toMatchObject({ characters: 20_011 });
  });
});

describe('a disk that fails', () => {
  it('is told once, tried again ever more slowly, and told when it goes well again', async () => {
    const recorder = await started();
    recorder.appendLoad('a', 1, 1);
    vi.advanceTimersByTime(1_000);
    for (const [index, wait] of [1_000, 2_000, 4_000].entries()) {
      last().answer({ kind: 'failed', why: 'disk full', again: true });
      vi.advanceTimersByTime(wait - 1);
      expect(last().batches).toHaveLength(index + 1);
      vi.advanceTimersByTime(1);
      expect(last().batches).toHaveLength(index + 2);
    }
    expect(lines).toEqual(['warn the history cannot be written; it goes on without, and tries again disk full']);
    expect(recorder.figures.lastErrorAt).toBe(42_000);
    last().answer({ kind: 'written', bytes: 1 });
    expect(lines[1]).toBe('info the history is written again');
    expect([written, dropped]).toEqual([{ points: 1 }, {}]);
  });

  it('costs a batch that can never be written, and no other', async () => {
    const recorder = await started();
    recorder.appendLoad('a', 1, 1);
    vi.advanceTimersByTime(1_000);
    last().answer({ kind: 'failed', why: 'constraint', again: false });
    expect(dropped).toEqual({ points: 1 });
    recorder.appendLoad('a', 2, 2);
    vi.advanceTimersByTime(1_000);
    expect(last().batches[1]?.points).toEqual([{ key: 'a', at: 2, value: 2 }]);
  });

  it('does not hold up the start', async () => {
    const recorder = make();
    const starting = recorder.start();
    last().answer({ kind: 'unavailable', why: 'unable to open database file' });
    await starting;
    expect(lines[0]).toContain('unable to open database file');
    const silent = make();
    const waiting = silent.start();
    vi.advanceTimersByTime(10_000);
    await waiting;
    expect(lines[1]).toContain('no answer within 10000 ms');
  });

  it('ends the start where the file is somebody else’s', async () => {
    const starting = make().start();
    last().answer({ kind: 'refused', why: 'given "/x", which is a directory; allowed: a file in it' });
    await expect(starting).rejects.toThrow('which is a directory');
  });
});

describe('a thread that ends by itself', () => {
  it('is followed by another one, which gets the batch that has no answer', async () => {
    const recorder = await started();
    recorder.appendLoad('a', 1, 1);
    vi.advanceTimersByTime(1_000);
    const reading = recorder.loadSeries('a', 0);
    last().crash('out of memory');
    expect((await reading).at).toHaveLength(0);
    expect(lines[0]).toContain('out of memory');
    vi.advanceTimersByTime(1_000);
    expect(threads).toHaveLength(2);
    last().answer({ kind: 'opened', bytes: 1 });
    expect(last().batches).toHaveLength(1);
    last().answer({ kind: 'written', bytes: 1 });
    expect(written).toEqual({ points: 1 });
  });
});

describe('a series that is asked for', () => {
  it('is given when it comes, and is empty when nothing comes', async () => {
    const recorder = await started();
    const reading = recorder.loadSeries('a', 7);
    const late = recorder.loadSeries('b', 7);
    const request = last().requests[0];
    if (request?.kind !== 'load') throw new Error('it was not asked for');
    const series = { at: Float64Array.of(8), value: Float64Array.of(1) };
    last().answer({ kind: 'series', id: request.id, series });
    expect(await reading).toEqual(series);
    vi.advanceTimersByTime(10_000);
    expect((await late).at).toHaveLength(0);
  });
});

describe('a stop', () => {
  it('waits until what is left is written and the file is closed', async () => {
    const recorder = await started();
    for (let at = 0; at < 1_500; at++) recorder.appendLoad('a', at, at);
    let stopped = false;
    const stopping = recorder.stop().then(() => (stopped = true));
    last().answer({ kind: 'written', bytes: 1 });
    last().answer({ kind: 'written', bytes: 1 });
    await vi.advanceTimersByTimeAsync(0);
    expect(written).toEqual({ points: 1_500 });
    expect(last().requests.at(-1)).toEqual({ kind: 'close' });
    expect(stopped).toBe(false);
    last().answer({ kind: 'closed' });
    await stopping;
  });

  it('ends also when the thread says nothing', async () => {
    const recorder = await started();
    recorder.appendLoad('a', 1, 1);
    const stopping = recorder.stop();
    await vi.advanceTimersByTimeAsync(1_500);
    await expect(stopping).resolves.toBeUndefined();
  });

  it('takes no longer than there is time', async () => {
    const recorder = make(undefined, 20_000);
    void recorder.start();
    last().answer({ kind: 'opened', bytes: 1 });
    recorder.appendLoad('a', 1, 1);
    let stopped = false;
    const stopping = recorder.stop().then(() => (stopped = true));
    await vi.advanceTimersByTimeAsync(19_999);
    expect(stopped).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await stopping;
  });
});
