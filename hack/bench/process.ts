// A process under test: started, measured through /proc, and asked to stop.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

/** The unit of CPU times in /proc on every Linux that Go and Node support (USER_HZ). */
const TICK_MS = 10;
const STOP_TIMEOUT_MS = 15_000;

export interface Memory {
  /** Bytes resident now. */
  readonly resident: number;
  /** The most that was resident since the process began. */
  readonly peak: number;
}

export interface Ending {
  readonly seconds: number;
  /** It did not go after SIGTERM and had to be killed. */
  readonly killed: boolean;
  readonly code: number | null;
}

export class ProcessUnderTest {
  readonly startedAt = performance.now();
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #logFile: string;

  constructor(command: readonly [string, ...string[]], env: NodeJS.ProcessEnv, logFile: string) {
    const log = openSync(logFile, 'w');
    this.#logFile = logFile;
    this.#child = spawn(command[0], command.slice(1), { env, stdio: ['ignore', log, log] });
    this.#exited = once(this.#child, 'exit');
    closeSync(log);
    // A benchmark that ends early leaves nothing behind.
    const kill = (): boolean => this.#child.kill('SIGKILL');
    process.once('exit', kill);
    this.#child.once('exit', () => process.off('exit', kill));
  }

  /** Throws with the end of its log when the process is gone. */
  assertRunning(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return;
    const end = readFileSync(this.#logFile, 'utf8').split('\n').slice(-15).join('\n');
    throw new Error(
      `the process under test ended by itself (${this.#child.exitCode ?? this.#child.signalCode})\n${end}`,
    );
  }

  cpuMs(): number {
    return cpuMsOfProcess(this.#child.pid);
  }

  memory(): Memory {
    return memoryOfProcess(this.#child.pid);
  }

  async stop(): Promise<Ending> {
    const from = performance.now();
    this.#child.kill('SIGTERM');
    let killed = false;
    const timer = setTimeout(() => {
      killed = true;
      this.#child.kill('SIGKILL');
    }, STOP_TIMEOUT_MS);
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#exited;
    clearTimeout(timer);
    return { seconds: (performance.now() - from) / 1000, killed, code: this.#child.exitCode };
  }
}

/** User and system time of a process, in ms; throws when there is none. */
export function cpuMsOfProcess(pid: number | undefined): number {
  return cpuMsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

export function memoryOfProcess(pid: number | undefined): Memory {
  return memoryOf(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** User and system time of all threads, in ms, from /proc/PID/stat. The name in it may hold spaces and brackets. */
export function cpuMsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** From /proc/PID/status. */
export function memoryOf(status: string): Memory {
  const kibibytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN);
  return { resident: kibibytes('VmRSS') * 1024, peak: kibibytes('VmHWM') * 1024 };
}
