import type { Health } from '../../../api/kinds.ts';
import type { ActionKind } from '../../../domain/workflow/action.ts';
import type { Answer, Effect, Operation } from '../../../domain/workflow/operation.ts';
import type { StepActor } from './actor.ts';
import { APPROVAL_STEP } from './approval.ts';
import { ChildStep } from './child.ts';
import { type RunContext, type StepContext, type StepKind, waiting } from './contract.ts';
import { FailoverStep } from './failover.ts';
import { HealthStep } from './health.ts';
import { HttpStep } from './http.ts';
import { JobStep } from './job.ts';
import { PatchStep } from './patch.ts';
import type { ObjectsPort, Requests } from './ports.ts';
import { RestartStep } from './restart.ts';
import { ScaleStep } from './scale.ts';
import { WaitStep } from './wait.ts';
import type { Waiters } from './waiters.ts';

export interface StepsOptions {
  readonly objects: ObjectsPort;
  readonly actor: StepActor;
  readonly waiters: Waiters;
  readonly requests: Requests;
  /** The level of an OrchestratedService as last written; undefined where there is none of that name. */
  readonly healthOf: (namespace: string, name: string) => Health | undefined;
  /** How many workflows may start one another, the first and the last included. */
  readonly maxDepth: () => number;
  readonly now: () => number;
  /** Something that was not expected to go wrong, for the log. */
  readonly onError: (operation: Operation, error: unknown) => void;
}

/** Does what the engine wants done with operations, by the kind of their action. */
export class Steps {
  readonly #options: StepsOptions;
  readonly #kinds: Readonly<Record<ActionKind, StepKind>>;
  readonly #http: HttpStep;
  #epoch: number | undefined;

  constructor(options: StepsOptions) {
    this.#options = options;
    this.#http = new HttpStep({ ...options, wake: (workflow) => options.waiters.wake(workflow) });
    this.#kinds = {
      scale: new ScaleStep(options),
      restart: new RestartStep(options),
      patch: new PatchStep(options),
      job: new JobStep(options),
      wait: new WaitStep(options),
      health: new HealthStep(options),
      http: this.#http,
      failover: new FailoverStep(options),
      approval: APPROVAL_STEP,
      workflow: new ChildStep(options),
    };
  }

  /** This replica leads from now on, in that term of the lease: what it remembers of an earlier one does not count. */
  begin(epoch: number): void {
    // Where it only was late to renew the lease nobody else has led, and it knows what it sent.
    if (epoch !== this.#epoch) this.#http.forget();
    this.#epoch = epoch;
  }

  /**
   * Answers whatever goes wrong, but for the signal of the context, with whose reason it rejects: where the API server does not answer, with
   * `waiting`. An Apply that ended so may have been done; the next one finds out.
   */
  async run({ want, operation, undo, scope }: Effect, run: RunContext): Promise<Answer> {
    const { waiters, onError } = this.#options;
    const context: StepContext = { ...run, undo, scope };
    const kind = this.#kinds[operation.action.kind];
    // Before it is looked: what changes after that is told.
    const watched = want === 'Verify' || want === 'Stop' ? kind.watches(operation, context) : [];
    const forget = waiters.wait(context.workflow, operation.opId, watched);
    try {
      const answer = await ASK[want](kind, operation, context);
      if (answer.kind !== 'waiting') forget();
      return answer;
    } catch (error) {
      context.signal.throwIfAborted();
      onError(operation, error);
      return waiting(`it is tried again: ${error instanceof Error ? error.message : String(error)}`, false);
    }
  }
}

const ASK: Record<Effect['want'], (kind: StepKind, operation: Operation, context: StepContext) => Promise<Answer>> = {
  Prepare: (kind, operation, context) => kind.prepare(operation, context),
  Apply: (kind, operation, context) => kind.apply(operation, context),
  Verify: (kind, operation, context) => kind.verify(operation, context),
  Stop: (kind, operation, context) => kind.stop(operation, context),
};
