import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../../hack/bench/options.ts';

describe('options of the benchmark', () => {
  it('measures both scales in five pairs unless told otherwise', () => {
    const options = parseOptions([]);
    expect(options).toMatchObject({ pairs: 5, systems: ['baton', 'peer'], profile: false, json: undefined });
    expect(options.scales).toEqual([
      { services: 200, replicas: 5 },
      { services: 1000, replicas: 10 },
    ]);
  });

  it('takes a scale, a trial and one system', () => {
    expect(parseOptions(['--scale', '20x2']).scales).toEqual([{ services: 20, replicas: 2 }]);
    expect(parseOptions(['--quick'])).toMatchObject({ pairs: 1, scales: [{ services: 50, replicas: 3 }] });
    expect(parseOptions(['--quick', '--scale', '9x9', '--pairs', '2'])).toMatchObject({
      pairs: 2,
      scales: [{ services: 9 }],
    });
    expect(parseOptions(['--profile'])).toMatchObject({ pairs: 1, systems: ['baton'] });
    expect(parseOptions(['--only', 'peer']).systems).toEqual(['peer']);
  });

  it('measures all parts, or one of them, at the last scale', () => {
    const { parts, scaling } = parseOptions([]);
    expect(parts).toEqual(['operators', 'scaling', 'halt', 'workflows']);
    expect(scaling.cost).toMatchObject({ scale: { services: 1000, replicas: 10 }, rounds: 3 });
    const trial = parseOptions(['--part', 'scaling', '--quick', '--scale', '9x3,20x2', '--pairs', '2']);
    expect(trial.parts).toEqual(['scaling']);
    expect(trial.scaling.cost).toMatchObject({ scale: { services: 20, replicas: 2 }, rounds: 2 });
    expect(parseOptions([]).halt).toEqual({ scale: { services: 1000, replicas: 2 }, rounds: 3 });
    const halt = parseOptions(['--part', 'halt', '--scale', '9x3,20x2', '--pairs', '2']);
    expect(halt).toMatchObject({ parts: ['halt'], halt: { scale: { services: 20, replicas: 2 }, rounds: 2 } });
    expect(parseOptions([]).workflows).toMatchObject({ instant: 500, scaling: 200, rounds: 3 });
    expect(parseOptions(['--quick']).workflows.rounds).toBe(1);
    expect(parseOptions(['--quick']).scaling.cost).toMatchObject({ scale: { services: 50 }, rounds: 1 });
  });

  it.each([
    [['--scale', '200'], 'SERVICESxPODS'],
    [['--part', 'healing'], 'none of operators, scaling, halt and workflows'],
    [['--scale', '0x5'], 'whole number'],
    [['--pairs', '1.5'], 'whole number'],
    [['--only', 'kopf'], 'neither baton nor peer'],
    [['--fast'], 'fast'],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
