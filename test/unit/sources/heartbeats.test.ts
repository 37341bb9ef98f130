import { describe, expect, it } from 'vitest';
import type { Heartbeat } from '../../../src/sources/api.ts';
import { createHeartbeats } from '../../../src/sources/heartbeats.ts';
import type { HeartbeatQuery } from '../../../src/sources/queries.ts';
import { manualClock, realClock } from './clock.ts';
import { describeSource } from './contract.ts';
import { fc } from '../../support/properties.ts';

const cpu: HeartbeatQuery = {
  namespace: 'shop',
  service: 'cart',
  metric: 'cpu',
  staleAfterMs: 60_000,
  worst: 'highest',
};

describeSource('heartbeats', async () => {
  const source = createHeartbeats({ clock: realClock() });
  source.record({ namespace: 'shop', service: 'cart', sender: 'a', values: { cpu: 0.5 } });
  return {
    source,
    good: { ...cpu, staleAfterMs: 3_600_000 },
    none: { ...cpu, service: 'other' },
    breakBackend: async () => {},
    close: async () => {},
  };
});

function setUp(limits: { maxSendersPerService?: number; maxSenders?: number } = {}) {
  const clock = manualClock();
  const source = createHeartbeats({ clock, ...limits });
  const beat = (sender: string, value: number, more: Partial<Heartbeat> = {}): void =>
    source.record({ namespace: 'shop', service: 'cart', sender, values: { cpu: value }, ...more });
  const read = (more: Partial<HeartbeatQuery> = {}) => source.read({ ...cpu, ...more }, new AbortController().signal);
  return { clock, source, beat, read };
}

describe('heartbeats', () => {
  it('give NoData before the first, and for a metric that nobody sent', async () => {
    const { clock, beat, read } = setUp();
    await clock.advance(60_000);
    expect(await read()).toMatchObject({ kind: 'missing', reason: 'NoData' });
    beat('a', 0.5);
    expect(await read({ metric: 'memory' })).toMatchObject({ kind: 'missing', reason: 'NoData' });
  });

  it('give the highest sender where high is bad, the lowest where low is', async () => {
    const { beat, read } = setUp();
    beat('a', 0.5);
    beat('b', 0.9);
    beat('c', 0.1);
    expect(await read()).toMatchObject({ value: 0.9, evidence: 'cpu 0.9 from b, the highest of 3 senders' });
    expect(await read({ worst: 'lowest' })).toMatchObject({
      value: 0.1,
      evidence: 'cpu 0.1 from c, the lowest of 3 senders',
    });
  });

  it('that did not come since the start are no news before they had the time to come', async () => {
    const { clock, beat, read } = setUp();
    expect(await read()).toMatchObject({ kind: 'missing', reason: 'NotAskedYet' });
    await clock.advance(59_999);
    expect(await read()).toMatchObject({ reason: 'NotAskedYet' });
    expect(await read({ staleAfterMs: 30_000 })).toMatchObject({ reason: 'NoData' });
    await clock.advance(1);
    expect(await read()).toMatchObject({ reason: 'NoData' });
    beat('a', 0.5);
    expect(await read()).toMatchObject({ value: 0.5 });
  });

  it('of an earlier term are forgotten when this replica leads again', async () => {
    const { clock, source, beat, read } = setUp({ maxSenders: 1 });
    beat('a', 0.9);
    await clock.advance(3_600_000);
    source.begin();
    expect(await read({ staleAfterMs: 86_400_000 })).toMatchObject({ reason: 'NotAskedYet' });
    beat('b', 0.1);
    expect(await read({ staleAfterMs: 86_400_000 })).toMatchObject({ value: 0.1 });
    // A jump of the wall clock is no time in which they could have come.
    source.begin();
    clock.jump(3_600_000);
    expect(await read()).toMatchObject({ reason: 'NotAskedYet' });
  });

  it('that an old timestamp makes stale are no alarm either, right after the start', async () => {
    const { clock, beat, read } = setUp();
    beat('a', 0.5, { timestamp: clock.now() - 120_000 });
    expect(await read()).toMatchObject({ reason: 'NotAskedYet' });
    await clock.advance(60_000);
    expect(await read()).toMatchObject({ reason: 'StaleData' });
  });

  it('keep apart what services and namespaces of one name sent', async () => {
    const { clock, beat, read } = setUp();
    await clock.advance(60_000);
    beat('a', 0.5, { namespace: 'other' });
    beat('a', 0.6, { service: 'other' });
    expect(await read()).toMatchObject({ reason: 'NoData' });
  });

  it('are stale after staleAfter; a sender that went silent does not count beside fresh ones', async () => {
    const { clock, beat, read } = setUp();
    beat('gone', 0.9);
    await clock.advance(40_000);
    beat('here', 0.2);
    await clock.advance(30_000);
    expect(await read()).toMatchObject({ value: 0.2, evidence: 'cpu 0.2 from here' });
    await clock.advance(31_000);
    expect(await read()).toMatchObject({ kind: 'missing', reason: 'StaleData' });
    expect((await read()).evidence).toContain('2026-01-01T00:00:40.000Z');
    expect(await read({ staleAfterMs: 120_000 })).toMatchObject({ value: 0.9 });
  });

  it('a clock that jumps back does not make an old heartbeat fresh', async () => {
    const { clock, beat, read } = setUp();
    beat('a', 0.5, { timestamp: clock.now() });
    await clock.advance(61_000);
    clock.jump(-3_600_000);
    expect(await read()).toMatchObject({ reason: 'StaleData' });
  });

  it('a clock that jumps ahead does not make a fresh heartbeat old', async () => {
    const { clock, beat, read } = setUp();
    beat('a', 0.5, { timestamp: clock.now() });
    clock.jump(3_600_000);
    await clock.advance(1000);
    expect(await read()).toMatchObject({ value: 0.5, at: clock.now() - 1000 });
  });

  it('with an old timestamp are as old as they say', async () => {
    const { clock, beat, read } = setUp();
    await clock.advance(60_000);
    beat('a', 0.5, { timestamp: clock.now() - 50_000 });
    expect(await read()).toMatchObject({ value: 0.5, at: clock.now() - 50_000 });
    await clock.advance(11_000);
    expect(await read()).toMatchObject({ reason: 'StaleData' });
  });

  it('that arrive late do not replace newer ones of the same sender', async () => {
    const { clock, beat, read } = setUp();
    beat('a', 0.5);
    await clock.advance(1000);
    beat('a', 0.9, { timestamp: clock.now() - 10_000 });
    expect(await read()).toMatchObject({ value: 0.5 });
  });

  it('may tell each figure on its own', async () => {
    const { source, read } = setUp();
    const from = { namespace: 'shop', service: 'cart', sender: 'a' };
    source.record({ ...from, values: { cpu: 0.5 } });
    source.record({ ...from, values: { memory: 0.7 } });
    expect(await read()).toMatchObject({ value: 0.5 });
    expect(await read({ metric: 'memory' })).toMatchObject({ value: 0.7 });
  });

  it('keep at most so many senders per service: the one silent longest makes room', async () => {
    const { beat, read } = setUp({ maxSendersPerService: 3 });
    beat('a', 0.9);
    beat('b', 0.8);
    beat('c', 0.7);
    beat('a', 0.9);
    beat('d', 0.1);
    expect((await read()).evidence).toContain('from a, the highest of 3');
    expect((await read({ worst: 'lowest' })).evidence).toContain('from d');
    beat('e', 0.1);
    expect((await read()).evidence).toContain('from a');
    beat('f', 0.1);
    expect(await read()).toMatchObject({ value: 0.1 });
  });

  it('keep at most so many senders in all: the service silent longest makes room', async () => {
    const { clock, beat, read } = setUp({ maxSenders: 2 });
    await clock.advance(60_000);
    beat('a', 0.5, { service: 'first' });
    beat('a', 0.5, { service: 'second' });
    beat('a', 0.5);
    expect(await read({ service: 'first' })).toMatchObject({ reason: 'NoData' });
    expect(await read({ service: 'second' })).toMatchObject({ kind: 'value' });
    expect(await read()).toMatchObject({ kind: 'value' });
  });

  it('that one namespace invents cost no other one its own', async () => {
    const { beat, read } = setUp({ maxSenders: 100 });
    beat('a', 0.5);
    beat('b', 0.7);
    for (let index = 0; index < 300; index += 1) beat(`x${index}`, 0.1, { namespace: 'bad', service: `s${index % 3}` });
    expect(await read()).toMatchObject({ value: 0.7, evidence: 'cpu 0.7 from b, the highest of 2 senders' });
    const evidence = await Promise.all(
      ['s0', 's1', 's2'].map(async (service) => (await read({ namespace: 'bad', service })).evidence),
    );
    const kept = evidence.map((text) => Number(/of (\d+) senders/.exec(text)?.[1]));
    expect(kept.reduce((sum, count) => sum + count, 0)).toBe(98);
  });

  it('that are a day old are dropped when another one comes', async () => {
    const { clock, beat, read } = setUp();
    beat('a', 0.9);
    beat('b', 0.9, { service: 'other' });
    await clock.advance(86_400_001);
    beat('c', 0.1, { namespace: 'bank' });
    expect(await read({ staleAfterMs: 200_000_000 })).toMatchObject({ kind: 'missing' });
    expect(await read({ staleAfterMs: 200_000_000, service: 'other' })).toMatchObject({ kind: 'missing' });
  });

  it('of a service that is gone are forgotten, and give their room back', async () => {
    const { clock, source, beat, read } = setUp({ maxSenders: 2 });
    await clock.advance(60_000);
    beat('a', 0.5);
    beat('b', 0.5);
    source.forget('shop', 'cart');
    expect(await read()).toMatchObject({ reason: 'NoData' });
    beat('a', 0.5, { service: 'first' });
    beat('a', 0.5, { service: 'second' });
    expect(await read({ service: 'first' })).toMatchObject({ kind: 'value' });
  });

  it('call listeners with the service', () => {
    const { source, beat } = setUp();
    const heard: string[] = [];
    source.onBeat((namespace, service) => heard.push(`${namespace}/${service}`));
    beat('a', 0.5);
    expect(heard).toEqual(['shop/cart']);
  });

  it('in any order, from any number of senders, never hold more than allowed and give a worst that somebody sent', async () => {
    const beats = fc.array(
      fc.record({
        sender: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        value: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { minLength: 1, maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(beats, async (sent) => {
        const { beat, read } = setUp({ maxSendersPerService: 3 });
        for (const { sender, value } of sent) beat(sender, value);
        const last = new Map<string, number>();
        for (const { sender, value } of sent) {
          last.delete(sender);
          last.set(sender, value);
        }
        const kept = [...last.values()].slice(-3);
        expect(await read()).toMatchObject({ value: Math.max(...kept) });
        expect(await read({ worst: 'lowest' })).toMatchObject({ value: Math.min(...kept) });
      }),
    );
  });
});
