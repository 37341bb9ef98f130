import type { Workflow } from '../../../api/kinds.ts';
import { holdOf } from '../../../domain/emergency/hold.ts';
import {
  examineStep,
  isStepPermit,
  notOver,
  type SendAct,
  type StepAct,
  type StepObjection,
  type StepPurpose,
  type WorkflowAsker,
} from '../../../domain/guard/step.ts';
import type { ObjectReference } from '../../../domain/workflow/action.ts';
import type { Answer } from '../../../domain/workflow/operation.ts';
import { isOver } from '../../../domain/workflow/phase.ts';
import { type RunContext, type StepContext, waiting, type WorkflowIdentity } from './contract.ts';
import type { Account, AskerPort, LiveObject, ObjectWritten, WriteAct, WritesPort } from './ports.ts';

export interface StepActorOptions {
  readonly asker: AskerPort;
  readonly writes: WritesPort;
  /** Whether this replica leads, by the monotonic clock, at this moment. */
  readonly leads: () => boolean;
  /** The id of the emergency halt there is, as last written. */
  readonly halt: () => string | undefined;
  /** Whether workflows of this type go on during a halt. */
  readonly isExempt: (type: string) => boolean;
  readonly holdsLock: (workflow: WorkflowIdentity, target: ObjectReference) => boolean;
  /** Of an act: what it was, what it was for, and what came of it in a word. */
  readonly onOutcome: (act: StepAct['type'], purpose: StepPurpose, outcome: string) => void;
}

/** What part of the workflow the guard looks at. */
export const workflowAskerOf = ({ metadata, spec, status }: Workflow): WorkflowAsker => ({
  uid: metadata.uid,
  terminating: metadata.deletionTimestamp !== undefined,
  suspended: spec.suspend,
  cancelled: spec.cancel !== 'None',
  finished: isOver(status?.phase),
});

/** An act that a step wants done. */
export interface StepProposal<A extends StepAct = StepAct> {
  readonly act: A;
  readonly purpose: StepPurpose;
  readonly context: StepContext;
  /** The target as it was read just now, where there is one. */
  readonly live?: LiveObject;
  /** What has to be locked for it. */
  readonly locked?: readonly ObjectReference[];
}

export type StepOutcome = ObjectWritten | { readonly kind: 'objected'; readonly objection: StepObjection };

/** The one place where steps of workflows act: whatever they do was examined by the guard and is done here. */
export class StepActor {
  readonly #options: StepActorOptions;

  constructor(options: StepActorOptions) {
    this.#options = options;
  }

  /** What a halt or a planned stop holds is not as it was left: who has to wait for the end of that looks at it only then. */
  heldBack({ metadata }: LiveObject, { workflow, dryRun }: RunContext): Answer | undefined {
    const hold = holdOf(metadata.annotations);
    if (hold === undefined || dryRun || this.#options.isExempt(workflow.type)) return undefined;
    return waiting(notOver(hold.id), false);
  }

  /** Rejects where trying again may help, and when the signal of the context aborts. */
  async carryOut(proposal: StepProposal<WriteAct>, account: Account): Promise<StepOutcome> {
    const { act, purpose, context } = proposal;
    const found = await this.#examine(proposal);
    const outcome: StepOutcome =
      found.kind === 'permitted'
        ? await this.#options.writes.write(checked(found.permit), account, context.signal)
        : { kind: 'objected', objection: found };
    this.#options.onOutcome(act.type, purpose, outcome.kind);
    return outcome;
  }

  /** Whether a request to somebody outside may be sent now. */
  async maySend(proposal: StepProposal<SendAct>): Promise<StepObjection | undefined> {
    const found = await this.#examine(proposal);
    this.#options.onOutcome('Send', proposal.purpose, found.kind === 'permitted' ? 'sent' : 'objected');
    return found.kind === 'permitted' ? undefined : found;
  }

  async #examine<A extends StepAct>({ act, purpose, context, live, locked = [] }: StepProposal<A>) {
    const { asker, leads, halt, isExempt, holdsLock } = this.#options;
    const { workflow, signal } = context;
    const found = await asker.workflow(workflow, signal);
    signal.throwIfAborted();
    const exempt = isExempt(workflow.type);
    return examineStep(act, {
      leads: leads(),
      purpose,
      decidedFor: workflow.uid,
      asker: found,
      holdsLocks: locked.every((target) => holdsLock(workflow, target)),
      halt: exempt ? undefined : halt(),
      exempt,
      annotations: live?.metadata.annotations,
    });
  }
}

function checked<P extends object>(permit: P): P {
  if (!isStepPermit(permit)) throw new Error('an act without a permit');
  return permit;
}
