import { createHash } from 'node:crypto';
import type { WorkflowSpec, WorkflowStatus, WorkflowStep } from '../../../../src/api/kinds.ts';
import { advance } from '../../../../src/domain/workflow/advance.ts';
import { compile, isTrue, loadExpressions } from '../../../../src/domain/workflow/expression.ts';
import type { Advanced, Facts, Ports, WorkflowInput } from '../../../../src/domain/workflow/input.ts';
import type { Answer, Answered, Effect } from '../../../../src/domain/workflow/operation.ts';
import { NAMES, resolve } from '../../../../src/domain/workflow/resolve.ts';

await loadExpressions();

export const START = Date.parse('2026-05-04T12:00:00Z');

export const ports: Ports = {
  hash: (text) => createHash('sha256').update(text).digest('hex'),
  resolve,
  isTrue: (text, scope) => {
    const compiled = compile(text, NAMES);
    return compiled.ok ? isTrue(compiled.expression, scope) : compiled;
  },
};

export const deployment = (name: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', name });

export const scale = (name: string, more: Partial<WorkflowStep> = {}): WorkflowStep => ({
  name,
  scale: { target: deployment(name), replicas: 3 },
  ...more,
});

/** A step that is over at once. */
export const instant = (name: string, more: Partial<WorkflowStep> = {}): WorkflowStep => ({
  name,
  wait: { duration: '0s' },
  ...more,
});

export const specOf = (steps: WorkflowStep[], more: Partial<WorkflowSpec> = {}): WorkflowSpec => ({
  mode: 'Execute',
  priority: 500,
  suspend: false,
  cancel: 'None',
  rollback: { onError: 'Continue', timeout: '1h' },
  approvals: [],
  steps,
  ...more,
});

/** Answers an effect; undefined: as if all went well at once. */
export type Answering = (effect: Effect) => Answer | undefined;

/** Answers some effects so, `want step` or `want undo step`, and all others well. */
export const answers =
  (given: Readonly<Record<string, Answer>>): Answering =>
  ({ want, operation: { direction, step } }) =>
    given[`${want} ${direction === 'Backward' ? 'undo ' : ''}${step}`];

const WELL: Readonly<Record<Effect['want'], Answer>> = {
  Prepare: { kind: 'prepared', before: { replicas: 1 } },
  Apply: { kind: 'applied' },
  Verify: { kind: 'done' },
  Stop: { kind: 'done' },
};

/** A workflow and what keeps its status, as the controller of workflows does it. */
export class Bench {
  spec: WorkflowSpec;
  now = START;
  facts: Partial<Facts> = {};
  isBeingDeleted = false;
  generation = 1;
  written: WorkflowStatus | undefined;
  last: Advanced | undefined;
  answering: Answering = () => undefined;
  /** Everything that was wanted, in order: `Apply a`, `Apply undo a`. */
  readonly wanted: string[] = [];
  readonly told: string[] = [];
  writes = 0;
  #looks: Facts['looks'] = new Map();

  constructor(spec: WorkflowSpec, answering?: Answering) {
    this.spec = spec;
    if (answering) this.answering = answering;
  }

  get status(): WorkflowStatus {
    if (this.written === undefined) throw new Error('nothing is written');
    return this.written;
  }

  input(state: WorkflowStatus | undefined, answers: readonly Answered[] = []): WorkflowInput {
    const { spec, written, generation, isBeingDeleted } = this;
    const facts: Facts = {
      now: this.now,
      epoch: 7,
      problems: () => [],
      admission: () => ({ kind: 'granted', locks: [] }),
      stepAside: () => undefined,
      halted: undefined,
      durations: [],
      maxDurationMs: 24 * 3_600_000,
      template: undefined,
      looks: this.#looks,
      ...this.facts,
    };
    const workflow = { uid: 'uid', namespace: 'shop', name: 'w', generation, isBeingDeleted, spec };
    return { workflow, state, written, answers, facts, ports };
  }

  /** One reconcile: until there is nothing to do and nothing to write. */
  look({ woken = false, crashAfterWrites = Infinity } = {}): this {
    if (woken) this.#looks = new Map();
    let state = this.written;
    let answers: Answered[] = [];
    let writes = 0;
    for (let round = 0; round < 10_000; round++) {
      const advanced = advance(this.input(state, answers));
      this.last = advanced;
      this.#looks = advanced.looks;
      state = advanced.status;
      if (advanced.effects.length > 0) {
        answers = advanced.effects.map((effect) => this.#carryOut(effect));
        continue;
      }
      answers = [];
      if (advanced.status === this.written) return this;
      this.written = JSON.parse(JSON.stringify(advanced.status)) as WorkflowStatus;
      state = this.written;
      this.told.push(...advanced.told.map(({ reason }) => reason));
      this.writes += 1;
      writes += 1;
      if (writes >= crashAfterWrites) return this;
    }
    throw new Error('it does not come to rest');
  }

  /** The process dies: all but the written status is lost. */
  crash(): this {
    this.#looks = new Map();
    return this;
  }

  /** Time passes as far as the next look. */
  wait(): this {
    const at = this.last?.lookAgainAt;
    if (at === undefined) throw new Error('it waits for nothing');
    this.now = Math.max(this.now + 1, at);
    return this.look();
  }

  after(ms: number): this {
    this.now += ms;
    return this.look();
  }

  state(step: string): string | undefined {
    return this.written?.steps?.find(({ name }) => name === step)?.state;
  }

  #carryOut(effect: Effect): Answered {
    const { want, operation } = effect;
    this.wanted.push(`${want} ${operation.direction === 'Backward' ? 'undo ' : ''}${operation.step}`);
    return { want, opId: operation.opId, answer: this.answering(effect) ?? WELL[want] };
  }
}
