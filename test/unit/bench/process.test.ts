import { describe, expect, it } from 'vitest';
import { cpuMsOf, memoryOf } from '../../../hack/bench/process.ts';

describe('what /proc tells', () => {
  it('adds user and system time, whatever the name of the process', () => {
    const stat = '42 (a (b) c) S 1 42 42 0 -1 4194304 100 0 0 0 250 31 7 8 20 0 11 0 12345 1000000 500';
    expect(cpuMsOf(stat)).toBe(2810);
  });

  it('reads resident memory and its peak', () => {
    const status = 'Name:\tnode\nVmPeak:\t 900 kB\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\nRssAnon:\t 1 kB\n';
    expect(memoryOf(status)).toEqual({ resident: 1_048_576, peak: 2_097_152 });
  });
});
