import type { WorkflowSpec, WorkflowStatus, WorkflowStep } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import type { Transition } from '../status/transitions.ts';
import type { Action, ActionKind } from './action.ts';
import type { Scope } from './expression.ts';
import type { Answered, Effect } from './operation.ts';

/** What a step, its compensation or a criterion says that it does, as it is written in the spec. */
export type WrittenAction = Pick<WorkflowStep, ActionKind>;

export type { Scope };

interface Wrong {
  readonly ok: false;
  readonly message: string;
}

export interface Ports {
  /** Hex digits, at least 32; the same for the same text everywhere and for ever. */
  readonly hash: (text: string) => string;
  readonly resolve: (written: WrittenAction, scope: Scope) => { readonly ok: true; readonly action: Action } | Wrong;
  readonly isTrue: (expression: string, scope: Scope) => { readonly ok: true; readonly is: boolean } | Wrong;
}

/** What is wrong with a spec that admission let through. */
export interface Problem {
  readonly reason: Reason;
  readonly message: string;
}

/** What the scheduler says. */
export type Admission =
  | { readonly kind: 'granted'; readonly locks: readonly string[] }
  | { readonly kind: 'waiting'; readonly reason: Reason; readonly message: string }
  /** It can never begin, such as where a workflow of dependsOn has failed. */
  | { readonly kind: 'refused'; readonly reason: Reason; readonly message: string };

export interface Facts {
  /** ms since the epoch */
  readonly now: number;
  /** Transitions of the lease. */
  readonly epoch: number;
  /** Asked while it is Pending. What a spec lacks that cannot be mended; the first one is the reason. */
  readonly problems: () => readonly Problem[];
  /** Asked when it may begin: not while it is suspended or halted, never for mode Plan. */
  readonly admission: () => Admission;
  /** It waits, and wants no turn for now: it keeps nothing from others. */
  readonly stepAside: () => void;
  /** Why no workflow may go on, in words. */
  readonly halted: string | undefined;
  /** How long earlier ones of the same template or name took that succeeded, ms. */
  readonly durations: readonly number[];
  /** No workflow runs longer, ms. */
  readonly maxDurationMs: number;
  /** `template` of the status. */
  readonly template: string | undefined;
  /**
   * As the last `advance` gave them, kept in memory and nowhere else: when what was asked before is to be asked again. Empty after a start, and
   * when something woke the workflow: then all is asked again that is under way.
   */
  readonly looks: Looks;
}

/** By `<want>/<opId>`, ms since the epoch. */
export type Looks = ReadonlyMap<string, number>;

export interface WorkflowInput {
  readonly workflow: {
    readonly uid: string;
    readonly namespace: string;
    readonly name: string;
    readonly generation: number;
    readonly isBeingDeleted: boolean;
    /** With its template copied into it. */
    readonly spec: WorkflowSpec;
  };
  /** As the last `advance` gave it; at first what is written. */
  readonly state: WorkflowStatus | undefined;
  /** What the API server has. */
  readonly written: WorkflowStatus | undefined;
  /** To the effects of the last `advance`. */
  readonly answers: readonly Answered[];
  readonly facts: Facts;
  readonly ports: Ports;
}

export interface Advanced {
  /** The very `written` where nothing changed that is worth a write. */
  readonly status: WorkflowStatus;
  /** To be carried out, all at once; then `advance` again with their answers. None: write the status, or wait. */
  readonly effects: readonly Effect[];
  readonly looks: Looks;
  /** When time alone changes something, ms since the epoch. */
  readonly lookAgainAt: number | undefined;
  /** What is news in `status` to those who know `written`: to be told once it is written. */
  readonly told: readonly Transition[];
}
