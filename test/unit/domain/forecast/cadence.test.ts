import { describe, expect, it } from 'vitest';
import { blocksOf, CadenceFinder, EACH_STEP } from '../../../../src/domain/forecast/cadence.ts';
import { StepHistory } from '../../../../src/domain/forecast/steps.ts';

/** Looked at in every step, with a new figure every `every` steps from `phase` on. */
function looked(every: number, phase: number, steps = 400): CadenceFinder {
  const finder = new CadenceFinder();
  for (let step = 0; step < steps; step++) finder.observe(step, Math.floor((step + every - phase) / every));
  return finder;
}

describe('how often a series has a new figure', () => {
  it('is found, with where in the hour it comes', () => {
    expect(looked(5, 3).cadenceFor(1_440)).toEqual({ steps: 5, phase: 3 });
    expect(looked(1, 0).cadenceFor(1_440)).toEqual(EACH_STEP);
  });

  it('is each step while too little was seen, or where a season would be no whole number of blocks', () => {
    expect(looked(5, 0, 100).cadenceFor(1_440)).toEqual(EACH_STEP);
    expect(looked(5, 0).cadenceFor(1_442)).toEqual(EACH_STEP);
  });

  it('makes blocks of the steps that are over', () => {
    const history = new StepHistory(1_000, { capacity: 20 });
    for (let step = 3; step <= 14; step++) history.observe(step * 1_000, step);
    expect(blocksOf(history, { steps: 5, phase: 3 })).toEqual({ first: 0, values: Float32Array.of(5, 10) });
    expect(blocksOf(history, { steps: 5, phase: 3 }, 1)).toEqual({ first: 1, values: Float32Array.of(10) });
  });
});
