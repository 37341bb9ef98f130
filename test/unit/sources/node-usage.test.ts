import { describe, expect, it } from 'vitest';
import { createNodeUsage } from '../../../src/sources/node-usage.ts';
import { manualClock } from './clock.ts';

const node = (name: string, ready = true) => ({
  metadata: { name },
  status: {
    allocatable: { cpu: '4', memory: '8Gi' },
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
  },
});

/** A cluster whose API server answers what the state says. */
function setUp(use: Record<string, string> = { a: '3900m', b: '3900m' }) {
  const clock = manualClock();
  const state = {
    nodes: [node('a'), node('b')],
    use,
    minute: 0,
    isOn: true,
    isDown: false,
    asked: [] as string[],
  };
  const metrics = () =>
    Object.entries(state.use).map(([name, cpu]) => ({
      metadata: { name },
      timestamp: `2026-05-01T10:0${state.minute}:00Z`,
      usage: { cpu, memory: '4Gi' },
    }));
  const source = createNodeUsage({
    clock,
    policy: () => (state.isOn ? { intervalMs: 30_000 } : undefined),
    get: async (path) => {
      state.asked.push(path.replace(/\?.*/, ''));
      if (state.isDown) throw new Error('no metrics here');
      if (!path.startsWith('/api/v1/nodes')) return { items: metrics() };
      // Two pages.
      const rest = path.includes('continue');
      return rest
        ? { items: state.nodes.slice(1) }
        : { items: state.nodes.slice(0, 1), metadata: { continue: 'more' } };
    },
  });
  const life = new AbortController();
  const running = source.run(life.signal);
  const stop = async (): Promise<void> => {
    life.abort();
    await running;
  };
  return { clock, state, source, stop };
}

describe('use on the nodes', () => {
  it('is the sum over ready nodes of what they have for pods', async () => {
    const { clock, state, source, stop } = setUp();
    expect(source.reading('cpu')).toEqual({ kind: 'missing' });
    state.nodes.push(node('gone', false));
    await clock.advance(1);
    expect(source.reading('cpu')).toEqual({ kind: 'value', percent: 97.5, counted: 2, all: 2 });
    expect(source.reading('memory')).toEqual({ kind: 'value', percent: 50, counted: 2, all: 2 });
    await stop();
  });

  it('counts how many nodes have no figure', async () => {
    const { clock, source, stop } = setUp({ a: '4' });
    await clock.advance(1);
    expect(source.reading('cpu')).toEqual({ kind: 'value', percent: 100, counted: 1, all: 2 });
    await stop();
  });

  it('is missing when the figures are not measured anew, whatever the clock says', async () => {
    const { clock, source, stop } = setUp();
    await clock.advance(1);
    await clock.advance(60_000);
    expect(source.reading('cpu').kind).toBe('value');
    await clock.advance(60_000);
    expect(source.reading('cpu')).toEqual({ kind: 'missing' });
    await stop();
  });

  it('is missing while nothing answers, and while no rule asks, which asks nobody', async () => {
    const { clock, state, source, stop } = setUp();
    state.isDown = true;
    await clock.advance(1);
    expect(source.reading('cpu')).toEqual({ kind: 'missing' });
    state.isDown = false;
    state.minute = 1;
    await clock.advance(30_000);
    expect(source.reading('cpu').kind).toBe('value');
    state.isOn = false;
    await clock.advance(30_000);
    const asked = state.asked.length;
    expect(source.reading('cpu')).toEqual({ kind: 'missing' });
    await clock.advance(120_000);
    expect(state.asked.length).toBe(asked);
    await stop();
  });

  it('reads what nodes have only when there is a new one, or after five minutes', async () => {
    const { clock, state, source, stop } = setUp();
    const listed = (): number => state.asked.filter((path) => path === '/api/v1/nodes').length;
    await clock.advance(1);
    expect(listed()).toBe(2);
    await clock.advance(240_000);
    expect(listed()).toBe(2);
    state.nodes.push(node('c'));
    state.use = { ...state.use, c: '1' };
    state.minute = 5;
    await clock.advance(30_000);
    expect(listed()).toBe(4);
    expect(source.reading('cpu')).toMatchObject({ counted: 3, all: 3 });
    await clock.advance(300_000);
    expect(listed()).toBe(6);
    await stop();
  });
});
