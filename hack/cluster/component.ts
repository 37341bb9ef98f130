// One process of a cluster: started with its output in a file, put on record, and waited for until it answers.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Component } from './contract.ts';
import { until } from './poll.ts';
import { childOf, identify, isRunning, type ProcessIdentity, signal, terminate } from './processes.ts';
import { membership, type StateFile } from './state.ts';

export interface ComponentSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Asked until true; what it throws is the reason that is told when the deadline passes. */
  readonly ready: () => Promise<boolean>;
  /** The process meant is the only child of the one that is spawned (unshare and nsenter fork into a namespace). */
  readonly wrapped?: boolean;
  /** Default 180 s: a machine that runs other things beside stands still for some of them. */
  readonly deadlineMs?: number;
}

export class ManagedComponent implements Component {
  readonly name: string;
  readonly logFile: string;
  readonly #spec: ComponentSpec;
  readonly #state: StateFile;
  #identity: ProcessIdentity | undefined;

  constructor(spec: ComponentSpec, state: StateFile) {
    this.name = spec.name;
    this.logFile = join(state.dir, 'logs', `${spec.name}.log`);
    this.#spec = spec;
    this.#state = state;
  }

  get pid(): number | undefined {
    return this.#identity !== undefined && isRunning(this.#identity) ? this.#identity.pid : undefined;
  }

  async start(extraFlags: readonly string[] = []): Promise<void> {
    if (this.pid !== undefined) throw new Error(`${this.name} runs already (process ${this.pid})`);
    const child = this.#spawn([...this.#spec.args, ...extraFlags]);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    // The outer one first: should we be killed now, it is on record, and what it starts is found by its environment.
    this.#identity = child.pid === undefined ? undefined : identify(child.pid);
    if (this.#identity !== undefined) this.#state.record(this.name, this.#identity);
    if (this.#spec.wrapped === true) await this.#findWrapped(child);
    await this.#untilReady(child);
  }

  async stop(): Promise<void> {
    await this.#end(10_000);
  }

  async kill(): Promise<void> {
    await this.#end(0);
  }

  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  #signal(name: NodeJS.Signals): void {
    if (this.#identity === undefined || !signal(this.#identity, name)) throw new Error(`${this.name} does not run`);
  }

  async #end(graceMs: number): Promise<void> {
    if (this.#identity === undefined) return;
    await terminate(this.#identity, graceMs);
    this.#identity = undefined;
    this.#state.record(this.name, undefined);
  }

  /** In a session of its own, so that Ctrl-C reaches only us and things end in an order that we choose. */
  #spawn(args: readonly string[]): ChildProcess {
    mkdirSync(dirname(this.logFile), { recursive: true });
    const log = openSync(this.logFile, 'a');
    try {
      const { name } = membership(this.#state.dir);
      return spawn(this.#spec.command, args, {
        detached: true,
        stdio: ['ignore', log, log],
        env: { ...process.env, ...this.#spec.env, [name]: this.#state.dir },
      });
    } finally {
      closeSync(log);
    }
  }

  async #findWrapped(child: ChildProcess): Promise<void> {
    let inner: ProcessIdentity | undefined;
    await until(`the process inside ${this.#spec.command}`, 60_000, async () => {
      inner = child.pid === undefined ? undefined : childOf(child.pid);
      return inner !== undefined || child.exitCode !== null;
    });
    if (inner === undefined) throw new Error(`${this.name} ended at once:\n${this.#logTail()}`);
    this.#identity = inner;
    this.#state.record(this.name, inner);
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + (this.#spec.deadlineMs ?? 180_000);
    let reason = 'it does not answer';
    while (Date.now() < deadline) {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`${this.name} ended at once (${child.signalCode ?? child.exitCode}):\n${this.#logTail()}`);
      }
      try {
        if (await this.#spec.ready()) return;
      } catch (error) {
        reason = (error as Error).message;
      }
      await sleep(50);
    }
    throw new Error(`${this.name} is not ready (${reason}); the end of ${this.logFile}:\n${this.#logTail()}`);
  }

  #logTail(): string {
    return readFileSync(this.logFile, 'utf8').slice(-2000);
  }
}
