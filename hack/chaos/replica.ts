import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
/** As quick as a kubelet is with the first restart. */
const RESTART_MS = 300;

export interface ReplicaOptions {
  readonly name: string;
  readonly flags: readonly string[];
  readonly kubeconfig: string;
  readonly logFile: string;
  /** The bundle of the operator. */
  readonly program: string;
  readonly say: (line: string) => void;
}

/** An operator that is started again whenever it ends, by a name of its own each time. */
export class Replica {
  readonly name: string;
  readonly #options: ReplicaOptions;
  #child: ChildProcess | undefined;
  #lives = 0;
  #stopped = false;
  #ahead = 0;

  constructor(options: ReplicaOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** What it is called in the lease at present. */
  get identity(): string {
    return `${this.name}-${this.#lives}`;
  }

  start(): void {
    const { flags, kubeconfig, logFile, program, say } = this.#options;
    this.#lives += 1;
    const log = openSync(logFile, 'a');
    const preloaded = ['clock.ts', 'stamp.ts'].flatMap((file) => ['--import', resolve(import.meta.dirname, file)]);
    const args = [...preloaded, program, ...flags];
    const child = spawn(process.execPath, [...args, '--identity', this.identity], {
      cwd: ROOT,
      env: { ...process.env, KUBECONFIG: kubeconfig, CHAOS_CLOCK_MS: String(this.#ahead) },
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#child = child;
    child.on('error', (error) => say(`${this.identity}: ${error.message}`));
    child.once('exit', (code, signal) => {
      if (this.#stopped) return;
      say(`${this.identity} ended by ${signal ?? `itself (${code})`}`);
      setTimeout(() => !this.#stopped && this.start(), RESTART_MS);
    });
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** As a kubelet stops it; it is started again when it has ended. */
  terminate(): void {
    this.#child?.kill('SIGTERM');
  }

  freeze(ms: number): void {
    const child = this.#child;
    child?.kill('SIGSTOP');
    setTimeout(() => child?.kill('SIGCONT'), ms);
  }

  /** Also for its next lives. */
  jump(ms: number): void {
    this.#ahead += ms;
    // It may have ended just now.
    this.#child?.send(this.#ahead, () => undefined);
  }

  /** For good: nothing that it would say is of interest any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
