import type { Reason } from '../../api/reasons.ts';
import { holdOf } from '../emergency/hold.ts';

/** One object, or a subresource of it, of the workflow's namespace. */
export interface ObjectAddress {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

interface OnObject {
  readonly target: ObjectAddress;
  /** Of the target as it was read just now: the write is on condition of both. */
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Changes an object. `body` holds neither uid nor resourceVersion. */
export interface PatchAct extends OnObject {
  readonly type: 'Patch';
  readonly patch: 'merge' | 'strategic' | 'json';
  readonly body: unknown;
}

/** Writes the scale subresource of an object. */
export interface ScaleObjectAct extends OnObject {
  readonly type: 'Scale';
  readonly replicas: number;
}

export interface CreateAct {
  readonly type: 'Create';
  readonly target: ObjectAddress;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What it made goes in the background. */
export interface DeleteAct {
  readonly type: 'Delete';
  readonly target: ObjectAddress;
  readonly uid: string;
}

/** A request to somebody outside of the API. */
export interface SendAct {
  readonly type: 'Send';
  readonly url: string;
}

/** Everything that steps of workflows do to what is not their own status. */
export type StepAct = PatchAct | ScaleObjectAct | CreateAct | DeleteAct | SendAct;

/** What an act is for: a step, undoing one, or ending what still runs of one. */
export type StepPurpose = 'Forward' | 'Backward' | 'Stop';

/** A Workflow, as the API server has it at this moment. */
export interface WorkflowAsker {
  readonly uid: string;
  readonly terminating: boolean;
  readonly suspended: boolean;
  /** spec.cancel says so. */
  readonly cancelled: boolean;
  /** Its phase is an end. */
  readonly finished: boolean;
}

/** Everything that the guard knows when it looks at one act of a step. */
export interface StepFacts {
  /** By the monotonic clock, at this moment. */
  readonly leads: boolean;
  readonly purpose: StepPurpose;
  /** The uid of the Workflow that wants it. */
  readonly decidedFor: string;
  /** What that Workflow is by now; undefined when it is gone. */
  readonly asker: WorkflowAsker | undefined;
  /** Whether the workflow has every lock that the act needs. */
  readonly holdsLocks: boolean;
  /** The id of the emergency halt there is; undefined also where the workflow is exempt from it. */
  readonly halt: string | undefined;
  /** Whether workflows like this one go on during a halt. */
  readonly exempt: boolean;
  /** Of the target, where there is one that lives. */
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** Why a step may not act. `gone`: nobody wants it any more. `wait`: not now. */
export interface StepObjection {
  readonly kind: 'gone' | 'wait';
  /** The name of the policy that objects. */
  readonly policy: string;
  readonly reason: Reason;
  readonly message: string;
}

/** Not exported, so that nobody else can make one: whoever holds a permit was examined. */
class ExaminedStep<A extends StepAct> {
  readonly #act: A;

  static is(value: object): boolean {
    return #act in value;
  }

  constructor(act: A) {
    this.#act = act;
  }

  get act(): A {
    return this.#act;
  }
}

/** That an act of a step may be done, now. */
export type StepPermit<A extends StepAct = StepAct> = ExaminedStep<A>;

/** True only of what examineStep made, whatever its type says. */
export const isStepPermit = (value: object): boolean => ExaminedStep.is(value);

/** Of a halt, or a planned stop. */
export const notOver = (id: string): string => `${id} is not over; workflows wait meanwhile`;

type Policy = (facts: StepFacts) => Omit<StepObjection, 'policy'> | undefined;

const gone = (reason: Reason, message: string) => ({ kind: 'gone', reason, message }) as const;
const wait = (reason: Reason, message: string) => ({ kind: 'wait', reason, message }) as const;

/** In the order in which they are asked; the first objection counts. */
const POLICIES: Readonly<Record<string, Policy>> = {
  leadership: ({ leads }) => (leads ? undefined : wait('NotLeading', 'another replica of Baton may lead by now')),
  asker: ({ asker, decidedFor }) => (asker?.uid === decidedFor ? undefined : gone('Stopped', 'the Workflow is gone')),
  finished: ({ asker, purpose }) =>
    asker?.finished === true && purpose !== 'Stop' ? gone('Stopped', 'the Workflow has ended') : undefined,
  // What was begun may be undone, and ended.
  terminating: ({ asker, purpose }) =>
    asker?.terminating === true && purpose === 'Forward' ? gone('Stopped', 'the Workflow is being deleted') : undefined,
  cancelled: ({ asker, purpose }) =>
    asker?.cancelled === true && purpose === 'Forward' ? gone('Stopped', 'spec.cancel says to end it') : undefined,
  halted: ({ halt, exempt, annotations, purpose }) => {
    const id = exempt || purpose === 'Stop' ? undefined : (holdOf(annotations)?.id ?? halt);
    return id === undefined ? undefined : wait('EmergencyHalt', notOver(id));
  },
  suspended: ({ asker, purpose }) =>
    asker?.suspended === true && purpose === 'Forward' ? wait('Suspended', 'spec.suspend is true') : undefined,
  lock: ({ holdsLocks, purpose }) =>
    !holdsLocks && purpose !== 'Stop'
      ? wait('LockNotHeld', 'the workflow does not hold the lock of the target')
      : undefined,
};

/** The second opinion before each act of a step: every policy is asked in its order, with what is so at this moment. */
export function examineStep<A extends StepAct>(
  act: A,
  facts: StepFacts,
): { readonly kind: 'permitted'; readonly permit: StepPermit<A> } | StepObjection {
  for (const [policy, objection] of Object.entries(POLICIES)) {
    const found = objection(facts);
    if (found !== undefined) return { ...found, policy };
  }
  return { kind: 'permitted', permit: new ExaminedStep(act) };
}
