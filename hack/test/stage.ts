import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';

/** Where output goes; undefined for the terminal itself. */
export type Write = ((text: string) => void) | undefined;

/** What a part of the tests came to. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NOTHING: Outcome = { passed: 0, failed: 0, skipped: 0 };
export const FAILURE: Outcome = { ...NOTHING, failed: 1 };

export const plus = (a: Outcome, b: Outcome): Outcome => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/** The closing line of a run. CI reads it: a form of its own is not understood. */
export const summary = ({ passed, failed, skipped }: Outcome): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

interface Settings {
  readonly env?: Readonly<Record<string, string>>;
  /** Before other parts where both want the processor: its tests compare what happens with the clock. */
  readonly isUrgent?: boolean;
}

const NICENESS = 10;

/** Runs a command; resolves with its exit code. It gets Ctrl-C like everything in the group, and SIGTERM from us. */
export function run(command: readonly string[], write: Write, settings: Settings = {}): Promise<number> {
  const { env = {}, isUrgent = false } = settings;
  const [program = '', ...args] = command;
  const output = write === undefined ? 'inherit' : 'pipe';
  const child = spawn(program, args, { stdio: ['ignore', output, output], env: { ...process.env, ...env } });
  // Inherited by what it starts. Alone on the terminal there is nobody to give way to.
  if (write !== undefined && !isUrgent && child.pid !== undefined) setPriority(child.pid, NICENESS);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => write?.(text));
  }
  const forward = (): void => void child.kill('SIGTERM');
  process.once('SIGTERM', forward);
  return new Promise((resolve, reject) => {
    const end = (code: number | null): void => {
      process.off('SIGTERM', forward);
      resolve(code ?? 1);
    };
    child.on('error', reject);
    child.on('close', end);
    // What a test left running may hold the pipe open.
    child.on('exit', (code) => setTimeout(end, 5_000, code).unref());
  });
}

/** A command that counts as one test. */
export async function step(command: readonly string[], write: Write): Promise<Outcome> {
  return (await run(command, write)) === 0 ? { ...NOTHING, passed: 1 } : FAILURE;
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
  write: Write,
  settings: Settings = {},
): Promise<Outcome> {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  // Beside another part one worker is what there is room for.
  const workers = write === undefined ? [] : ['--maxWorkers=1'];
  const code = await run(
    ['vitest', 'run', ...args, ...workers, '--passWithNoTests=false', ...reporters],
    write,
    settings,
  );
  return counted(reportFile, code);
}

/** What the JSON report of a vitest run that ended with `code` says. */
export async function counted(reportFile: string, code: number): Promise<Outcome> {
  const text = await readFile(reportFile, 'utf8').catch(() => undefined);
  if (text === undefined) return FAILURE;
  const report = JSON.parse(text) as Report;
  const failed = report.numFailedTests || (code === 0 ? 0 : Math.max(1, report.numFailedTestSuites));
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests };
}
