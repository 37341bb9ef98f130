import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counted, run } from '../../../hack/test/stage.ts';

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

describe('a report', () => {
  let dir = '';
  beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'baton-report-'))));
  afterEach(() => rm(dir, { recursive: true }));

  const outcomeOf = async (testResults: readonly object[], numFailedTests: number): Promise<object> => {
    const file = join(dir, 'report.json');
    const counts = { numPassedTests: 1, numFailedTests, numPendingTests: 2, numFailedTestSuites: 1 };
    await writeFile(file, JSON.stringify({ ...counts, testResults }));
    return counted(file, 1);
  };

  it('names each test that failed, and why', async () => {
    const assertionResults = [
      { fullName: 'a thing works', status: 'passed' },
      { fullName: 'a thing ends', status: 'failed', failureMessages: ['expected 1 to be 2\n  at line 3'] },
    ];
    const file = { name: resolve('test/a.test.ts'), status: 'failed', message: '', assertionResults };
    expect(await outcomeOf([file], 1)).toEqual({
      passed: 1,
      failed: 1,
      skipped: 2,
      failures: ['test/a.test.ts > a thing ends\n    expected 1 to be 2\n      at line 3'],
    });
  });

  it('names a file that could not be run', async () => {
    const file = { name: resolve('test/a.test.ts'), status: 'failed', message: 'no such module', assertionResults: [] };
    expect(await outcomeOf([file], 0)).toMatchObject({
      failed: 1,
      failures: ['test/a.test.ts > the file itself\n    no such module'],
    });
  });
});
