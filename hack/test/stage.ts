import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { getPriority, setPriority } from 'node:os';
import { relative } from 'node:path';

/** Where output goes; undefined for the terminal itself. */
export type Write = ((text: string) => void) | undefined;

/** What a part of the tests came to. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Each test that failed and why, for the end of a run: the output of a part is thousands of lines up by then. */
  readonly failures: readonly string[];
}

export const NOTHING: Outcome = { passed: 0, failed: 0, skipped: 0, failures: [] };
export const FAILURE: Outcome = { ...NOTHING, failed: 1 };

export const plus = (a: Outcome, b: Outcome): Outcome => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  failures: [...a.failures, ...b.failures],
});

/** The closing line of a run. CI reads it: a form of its own is not understood. */
export const summary = ({ passed, failed, skipped }: Outcome): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

interface Settings {
  readonly env?: Readonly<Record<string, string>>;
  /** Before other parts where both want the processor: its tests compare what happens with the clock. */
  readonly isUrgent?: boolean;
  /** After all others, also after the control planes that they start: its tests do not care how long they take. */
  readonly isModest?: boolean;
  /** Files of tests at a time where other parts run beside. */
  readonly workers?: number;
}

/** A tenth of the weight of what nobody lowered. */
const NICENESS = 10;

/**
 * The kernel weighs sessions before it weighs the processes of each (autogroup), so that among the sessions of control planes the niceness of a
 * process counts for nothing; it has to be said of its session. Where there are no such groups nothing is lost.
 */
function lowerSession(leader: number): void {
  try {
    writeFileSync(`/proc/${leader}/autogroup`, String(NICENESS));
  } catch (error) {
    if (!['ENOENT', 'EIO', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Runs a command; resolves with its exit code. It gets Ctrl-C like everything in the group, and SIGTERM from us. */
export function run(command: readonly string[], write: Write, settings: Settings = {}): Promise<number> {
  const { env = {}, isUrgent = false } = settings;
  const isModest = settings.isModest === true && write !== undefined;
  const [program = '', ...args] = command;
  const output = write === undefined ? 'inherit' : 'pipe';
  const options = { env: { ...process.env, ...env }, detached: isModest };
  const child = spawn(program, args, { stdio: ['ignore', output, output], ...options });
  // Inherited by what it starts. Alone on the terminal there is nobody to give way to.
  const niceness = Math.max(getPriority(), NICENESS);
  if (write !== undefined && !isUrgent && child.pid !== undefined) setPriority(child.pid, niceness);
  if (isModest && child.pid !== undefined) lowerSession(child.pid);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => write?.(text));
  }
  const forward = (): void => void child.kill('SIGTERM');
  // Ctrl-C does not reach a session of its own.
  const signals = isModest ? (['SIGTERM', 'SIGINT'] as const) : (['SIGTERM'] as const);
  for (const signal of signals) process.once(signal, forward);
  return new Promise((resolve, reject) => {
    const end = (code: number | null): void => {
      for (const signal of signals) process.off(signal, forward);
      resolve(code ?? 1);
    };
    child.on('error', reject);
    child.on('close', end);
    // What a test left running may hold the pipe open.
    child.on('exit', (code) => setTimeout(end, 5_000, code).unref());
  });
}

/** A command that counts as one test. */
export async function step(command: readonly string[], write: Write, settings: Settings = {}): Promise<Outcome> {
  return (await run(command, write, settings)) === 0 ? { ...NOTHING, passed: 1 } : FAILURE;
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly ReportedFile[];
}

interface ReportedFile {
  readonly name: string;
  readonly status: string;
  /** Why the file itself could not be run. */
  readonly message: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages?: readonly string[];
  }[];
}

/** Enough for what was expected and for the place; a whole object that differs is in the output of the part. */
const REASON_LINES = 12;

function failuresOf({ name, status, message, assertionResults }: ReportedFile): readonly string[] {
  const file = relative('.', name);
  const told = (title: string, reason: string): string =>
    [`${file} > ${title}`, ...reason.split('\n').slice(0, REASON_LINES)].join('\n    ');
  const tests = assertionResults.filter((test) => test.status === 'failed');
  if (tests.length === 0) return status === 'failed' ? [told('the file itself', message)] : [];
  return tests.map(({ fullName, failureMessages = [] }) => told(fullName, failureMessages.join('\n')));
}

/** Runs vitest and counts its tests. A run that breaks off without counting, or whose files cannot be read, is one failure. */
export async function vitest(
  args: readonly string[],
  reportFile: string,
  write: Write,
  settings: Settings = {},
): Promise<Outcome> {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const { workers: atOnce = 1 } = settings;
  const workers = write === undefined ? [] : [`--maxWorkers=${atOnce}`];
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
  const failures = report.testResults.flatMap(failuresOf);
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests, failures };
}
