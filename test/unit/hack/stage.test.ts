import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { run } from '../../../hack/test/stage.ts';

const AUTOGROUP = '/proc/self/autogroup';

/** Runs a line of shell beside others; a weight is set as soon as the process is there, which may be a moment after it began. */
async function ends(script: string, isModest: boolean): Promise<string> {
  let output = '';
  expect(await run(['sh', '-c', script], (text) => void (output += text), { isModest })).toBe(0);
  return output;
}

const until = (condition: string): string => `until ${condition}; do sleep 0.05; done`;

describe('a command beside others', () => {
  it('gives way to those of the terminal', async () => {
    const niceness = await ends(`${until('[ $(nice) -ge 10 ]')}; nice`, false);
    expect(Number(niceness)).toBeGreaterThanOrEqual(10);
  });

  it.runIf(existsSync(AUTOGROUP))('gives way to other sessions where it is modest, as one of its own', async () => {
    const own = await ends(`${until(`grep -q 'nice 10' ${AUTOGROUP}`)}; cat ${AUTOGROUP}`, true);
    const ours = await ends(`cat ${AUTOGROUP}`, false);
    expect(own.split(' ')[0]).not.toBe(ours.split(' ')[0]);
  });
});
