import { describe, expect, it } from 'vitest';
import { clock, Progress, secondsLeft } from '../../../hack/cluster/progress.ts';

const steps = [
  { name: 'one', expectedSeconds: 10 },
  { name: 'two', expectedSeconds: 30 },
  { name: 'three', expectedSeconds: 20 },
];

describe('secondsLeft', () => {
  it('believes the known times at first', () => expect(secondsLeft(steps, [], 0)).toBe(60));
  it('counts what the step has taken', () => expect(secondsLeft(steps, [], 4)).toBe(56));
  it('scales by the speed of this machine', () => expect(secondsLeft(steps, [20], 0)).toBe(100));
  it('never counts a step that overruns as negative', () => expect(secondsLeft(steps, [10], 500)).toBe(20));
  it('is nothing at the end', () => expect(secondsLeft(steps, [10, 30, 20], 0)).toBe(0));
});

describe('Progress', () => {
  it('tells the step, the time so far and the time left', () => {
    let now = 0;
    const lines: string[] = [];
    const progress = new Progress(
      steps,
      (line) => lines.push(line),
      () => now,
    );
    progress.tick();
    now = 20_000;
    progress.finishStep();
    progress.tick();
    expect(lines).toEqual(['[1/3] one (0:00 so far, about 1:00 left)', '[2/3] two (0:20 so far, about 1:40 left)']);
  });
});

it('writes minutes and seconds', () =>
  expect([0, 59.6, 61, 3600].map(clock)).toEqual(['0:00', '1:00', '1:01', '60:00']));
