import type { Worker } from 'node:worker_threads';
import { allot, type Allotments, type Budget, type Claim } from '../domain/capacity/allot.ts';
import type { Answer, Question } from './messages.ts';

export interface CapacitySolverOptions {
  readonly startThread: () => Worker;
  /** A thread that is not asked for so long is ended, and its memory given back, ms. */
  readonly idleMs?: number;
  /** Longer is not waited for an answer, ms. */
  readonly patienceMs?: number;
  readonly onSolved: (method: Allotments['method'], seconds: number) => void;
  readonly onFailed: (error: Error) => void;
}

const IDLE_MS = 60_000;
const PATIENCE_MS = 10_000;

/**
 * Shares capacity budgets: greedily at once, by annealing in a thread of its own, which is started when it is first needed. Where the thread fails
 * or takes too long the greedy way stands in, so that there is always an answer.
 */
export class CapacitySolver {
  readonly #options: CapacitySolverOptions;
  readonly #waiting = new Map<number, (answer: Answer | Error) => void>();
  #thread: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #asked = 0;

  constructor(options: CapacitySolverOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async allot(claims: readonly Claim[], budgets: readonly Budget[]): Promise<Allotments> {
    const answer = claims.some(({ annealed }) => annealed) ? await this.#ask(claims, budgets) : undefined;
    if (answer !== undefined && !(answer instanceof Error)) return this.#solved(answer.allotments, answer.ms);
    if (answer) this.#options.onFailed(answer);
    const started = performance.now();
    const greedily = allot(
      claims.map((claim) => ({ ...claim, annealed: false })),
      budgets,
    );
    return this.#solved(greedily, performance.now() - started);
  }

  /** Ends the thread. */
  async stop(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    this.#fail(new Error('the operator stops'));
    await thread?.terminate();
  }

  #solved(allotments: Allotments, ms: number): Allotments {
    this.#options.onSolved(allotments.method, ms / 1_000);
    return allotments;
  }

  #ask(claims: readonly Claim[], budgets: readonly Budget[]): Promise<Answer | Error> {
    const { patienceMs = PATIENCE_MS } = this.#options;
    const id = ++this.#asked;
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        this.#give(id, new Error(`no answer from the capacity thread within ${patienceMs} ms`));
        void this.stop();
      }, patienceMs);
      late.unref();
      this.#waiting.set(id, (answer) => {
        clearTimeout(late);
        resolve(answer);
      });
      try {
        this.#running().postMessage({ id, claims, budgets } satisfies Question, []);
      } catch (error) {
        this.#give(id, error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  #running(): Worker {
    clearTimeout(this.#idle);
    if (this.#thread) return this.#thread;
    const thread = this.#options.startThread();
    this.#thread = thread;
    const ended = (error: Error): void => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      this.#fail(error);
    };
    thread.on('message', (answer: Answer) => this.#give(answer.id, answer));
    thread.on('error', (error) => ended(error instanceof Error ? error : new Error(String(error))));
    thread.on('exit', (code) => ended(new Error(`the capacity thread ended with ${code}`)));
    thread.unref();
    return thread;
  }

  #give(id: number, answer: Answer | Error): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
    if (this.#waiting.size > 0 || !this.#thread) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.stop(), this.#options.idleMs ?? IDLE_MS);
    this.#idle.unref();
  }

  #fail(error: Error): void {
    for (const id of Array.from(this.#waiting.keys())) this.#give(id, error);
  }
}
