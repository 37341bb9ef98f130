import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** What a stage of the tests came to. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NOTHING: Outcome = { passed: 0, failed: 0, skipped: 0 };

export const plus = (a: Outcome, b: Outcome): Outcome => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/** The closing line of a run. CI reads it: a form of its own is not understood. */
export const summary = ({ passed, failed, skipped }: Outcome): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

/** Runs a command with its output on the terminal; resolves with its exit code. It gets Ctrl-C like everything in the group. */
export function run(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });
  const forward = (): void => void child.kill('SIGTERM');
  process.once('SIGTERM', forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('SIGTERM', forward);
      resolve(code ?? 1);
    });
  });
}

/** A command that counts as one test. */
export async function step(command: readonly string[]): Promise<Outcome> {
  return (await run(command)) === 0 ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1 };
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
}

/** Runs vitest and counts its tests. A run that breaks off without counting, or whose files cannot be read, is one failure. */
export async function vitest(
  args: readonly string[],
  reportFile: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const command = [
    'vitest',
    'run',
    ...args,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
  ];
  const code = await run(command, env);
  return counted(reportFile, code);
}

/** What the JSON report of a vitest run that ended with `code` says. */
export async function counted(reportFile: string, code: number): Promise<Outcome> {
  const text = await readFile(reportFile, 'utf8').catch(() => undefined);
  if (text === undefined) return { ...NOTHING, failed: 1 };
  const report = JSON.parse(text) as Report;
  const failed = report.numFailedTests || (code === 0 ? 0 : Math.max(1, report.numFailedTestSuites));
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests };
}
