import type { StepStatus, WorkflowPhase, WorkflowStatus, WorkflowStep } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import type { Action } from './action.ts';
import { line, messageBytes } from './bounds.ts';
import { Graph } from './graph.ts';
import type { Facts, Ports, Scope, WorkflowInput, WrittenAction } from './input.ts';
import type { Answer, Effect, Want } from './operation.ts';
import { type Direction, stepsOf, typeOf } from './rules.ts';

type Draft = WorkflowStatus & { steps: StepStatus[] };

/** One call of `advance`: what goes in, and what has come of it so far. */
export class Run {
  readonly input: WorkflowInput;
  readonly facts: Facts;
  readonly ports: Ports;
  readonly now: number;
  readonly spec: WorkflowInput['workflow']['spec'];
  /** A copy that may be changed. */
  readonly status: Draft;
  readonly looks = new Map<string, number>();
  lookAgainAt: number | undefined;
  /** Whether undoing may be tried again. */
  mayUndo = true;
  readonly #answers: Map<string, Answer>;
  readonly #asked = new Map<string, () => Effect>();
  readonly #actions = new Map<WrittenAction, ReturnType<Ports['resolve']>>();
  readonly #specs: Map<string, WorkflowStep>;
  readonly #steps: Map<string, StepStatus>;
  readonly #written: Map<string, StepStatus>;
  #graph: Graph | undefined;

  constructor(input: WorkflowInput) {
    this.input = input;
    this.facts = input.facts;
    this.ports = input.ports;
    this.now = input.facts.now;
    this.spec = input.workflow.spec;
    this.status = draftOf(input);
    this.#answers = new Map(input.answers.map(({ want, opId, answer }) => [`${want}/${opId}`, answer]));
    this.#specs = new Map(stepsOf(this.spec).map((step) => [step.name, step]));
    this.#steps = new Map(this.status.steps.map((step) => [step.name, step]));
    this.#written = new Map(input.written?.steps?.map((step) => [step.name, step]));
  }

  get graph(): Graph {
    return (this.#graph ??= new Graph(stepsOf(this.spec)));
  }

  enter(phase: WorkflowPhase): void {
    this.status.phase = phase;
  }

  /** What it ends by; the first one stands. */
  fail(outcome: NonNullable<WorkflowStatus['outcome']>, because: string): void {
    if (this.status.outcome !== undefined) return;
    this.status.outcome = outcome;
    this.status.because = line(because, 1_024);
  }

  say(reason: Reason, message: string): void {
    this.status.reason = reason;
    this.status.message = line(message, 1_024);
  }

  /** Of the spec and of the status; both are there for every step of the spec. */
  step(name: string): { readonly step: WorkflowStep; readonly status: StepStatus } {
    return { step: this.#specs.get(name) as WorkflowStep, status: this.#steps.get(name) as StepStatus };
  }

  /** As the API server has it. */
  written(name: string): StepStatus | undefined {
    return this.#written.get(name);
  }

  /** What was asked so far follows from what is no longer so: who asks after this asks for all. */
  askAnew(): void {
    this.#asked.clear();
    this.lookAgainAt = undefined;
  }

  wake(at: number): void {
    if (at < Infinity) this.lookAgainAt = Math.min(this.lookAgainAt ?? Infinity, at);
  }

  /** The answer to what was asked, once. */
  take(want: Want, opId: string): Answer | undefined {
    const key = `${want}/${opId}`;
    const answer = this.#answers.get(key);
    this.#answers.delete(key);
    return answer;
  }

  /** The same is to be asked again then. */
  postpone(want: Want, opId: string, at: number): void {
    this.looks.set(`${want}/${opId}`, at);
    this.wake(at);
  }

  /** Asks for an effect, unless it was asked and is to be asked again later. It is made at the end, of what is so then. */
  ask(want: Want, opId: string, rest: () => Omit<Effect, 'want'>, isUrgent = false): void {
    const key = `${want}/${opId}`;
    const later = this.looks.get(key) ?? this.facts.looks.get(key);
    if (!isUrgent && later !== undefined && later > this.now) this.postpone(want, opId, later);
    else this.#asked.set(key, () => ({ want, ...rest() }));
  }

  effects(): Effect[] {
    return [...this.#asked.values()].map((make) => make());
  }

  resolve(
    written: WrittenAction,
    scope: () => Scope,
  ): { readonly ok: true; readonly action: Action } | { readonly ok: false; readonly message: string } {
    const known = this.#actions.get(written);
    if (known !== undefined) return known;
    const resolved = this.ports.resolve(written, scope());
    this.#actions.set(written, resolved);
    return resolved;
  }

  opId(step: string, attempt: number, direction: Direction): string {
    return this.ports.hash(`${this.input.workflow.uid}/${step}/${attempt}/${direction}`).slice(0, 32);
  }

  /** From 0 to 1, always the same for the same attempt. */
  jitter(opId: string): number {
    return Number.parseInt(this.ports.hash(`${opId}/jitter`).slice(0, 8), 16) / 0xffff_ffff;
  }

  /** What is told of a step. */
  words(text: string): string {
    return line(text, messageBytes(this.status.steps.length));
  }
}

function draftOf({ state, workflow, facts }: WorkflowInput): Draft {
  const { spec, generation } = workflow;
  const known = new Map(state?.steps?.map((step) => [step.name, step]));
  const steps = stepsOf(spec).map(({ name }): StepStatus => {
    const step = known.get(name) ?? { name, state: 'Pending' };
    return { ...step, ...(step.compensation && { compensation: { ...step.compensation } }) };
  });
  return {
    ...state,
    observedGeneration: generation,
    type: typeOf(spec),
    phase: state?.phase ?? 'Pending',
    ...(facts.template !== undefined && { template: facts.template }),
    ...(state?.rollback && { rollback: { ...state.rollback } }),
    ...(state?.criteria && { criteria: state.criteria.map((criterion) => ({ ...criterion })) }),
    steps,
  };
}
