import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { freePorts } from '../../../hack/cluster/ports.ts';

const always = () => Promise.resolve(true);

describe('freePorts', () => {
  it('gives different ports even when chance repeats itself', async () => {
    const draws = [0.5, 0.5, 0.5, 0.25];
    const ports = await freePorts(2, always, () => draws.shift() ?? 0);
    expect(ports).toEqual([22_500, 18_750]);
  });

  it('stays below NodePorts and ephemeral ports', async () => {
    expect(await freePorts(1, always, () => 0)).toEqual([15_000]);
    expect(await freePorts(1, always, () => 0.999_999_9)).toEqual([29_999]);
  });

  it('passes over a port that somebody listens on', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const taken = typeof address === 'object' && address !== null ? address.port : 0;
    const draws = [(taken - 15_000) / 15_000];
    const chosen = await freePorts(1, undefined, () => draws.shift() ?? Math.random());
    server.close();
    expect(chosen[0]).not.toBe(taken);
  });

  it('gives a port to one of those that ask at the same time', async () => {
    const ask = () => {
      const draws = [0.123];
      return freePorts(1, undefined, () => draws.shift() ?? Math.random());
    };
    const chosen = (await Promise.all([ask(), ask()])).flat();
    expect(new Set(chosen).size).toBe(2);
  });

  it('gives up with a message when nothing is free', async () => {
    await expect(freePorts(1, () => Promise.resolve(false))).rejects.toThrow('no free port between 15000 and 29999');
  });
});
