import { deepEqual } from '../../../../src/domain/equal.ts';
import type { WorkflowPhase, WorkflowSpec, WorkflowStatus } from '../../../../src/api/kinds.ts';
import { advance } from '../../../../src/domain/workflow/advance.ts';
import { isOver } from '../../../../src/domain/workflow/phase.ts';
import { Graph } from '../../../../src/domain/workflow/graph.ts';
import type { Advanced, Facts, Looks } from '../../../../src/domain/workflow/input.ts';
import type { Answer, Answered, Effect } from '../../../../src/domain/workflow/operation.ts';
import { undoOf } from '../../../../src/domain/workflow/undo.ts';
import { ports, START } from './world.ts';

/** How often things go wrong, each from 0 to 1. */
export interface Weather {
  readonly seed: number;
  readonly failures: number;
  readonly crashes: number;
  readonly unknowns: number;
  readonly waits: number;
  /** People suspend, halt, wake. */
  readonly disturbance: number;
  readonly drift: number;
  /** The clock is set, on or back, by hours; a few times. */
  readonly jumps: number;
  readonly cancel: 'None' | 'Stop' | 'StopAndRollback';
  /** ms after the start; also of a deletion. */
  readonly cancelAt: number;
  readonly deletes: boolean;
  readonly rejects: boolean;
}

const MOST_JUMPS = 3;

class Crash extends Error {}

/** Where a step writes. */
interface Target {
  value: string;
  stamp: string | undefined;
}

/** Phases that may follow on each, at once or by way of others. */
const NEXT: Readonly<Record<WorkflowPhase, readonly WorkflowPhase[]>> = {
  Pending: ['Queued', 'Failed', 'Cancelled', 'Planned'],
  Queued: ['Running', 'Cancelled', 'Failed'],
  Running: ['Paused', 'Verifying', 'Succeeded', 'RollingBack', 'Failed', 'Cancelled'],
  Paused: ['Running', 'Verifying', 'Succeeded'],
  Verifying: ['Succeeded', 'RollingBack', 'Failed', 'Cancelled', 'Paused'],
  RollingBack: ['RolledBack', 'RollbackFailed'],
  Succeeded: [],
  RolledBack: [],
  RollbackFailed: [],
  Failed: [],
  Cancelled: [],
  Planned: [],
};

function reachable(from: WorkflowPhase): ReadonlySet<WorkflowPhase> {
  const found = new Set<WorkflowPhase>([from]);
  for (const phase of found) for (const next of NEXT[phase]) found.add(next);
  return found;
}

/** A workflow, the cluster that it acts on, and a process that may die at any moment. Laws are checked at every call of `advance`. */
export class Simulation {
  readonly spec: WorkflowSpec;
  readonly violations: string[] = [];
  /** How often what an opId stands for was really done. */
  readonly done = new Map<string, number>();
  readonly forward = new Map<string, number>();
  readonly backward = new Map<string, number>();
  readonly targets = new Map<string, Target>();
  readonly drifted = new Set<string>();
  written: WorkflowStatus | undefined;
  told = 0;
  now = START;
  calls = 0;
  readonly #weather: Weather;
  readonly #graph: Graph;
  readonly #attempts = new Map<string, string>();
  #random: number;
  #looks: Looks = new Map();
  #halted: string | undefined;
  #jumps = 0;
  #isDeleted = false;
  #healthyAt: number;

  constructor(spec: WorkflowSpec, weather: Weather) {
    this.spec = structuredClone(spec);
    this.#weather = weather;
    this.#graph = new Graph(spec.steps ?? []);
    this.#random = weather.seed >>> 0;
    this.#healthyAt = START + this.#draw() * 60_000;
  }

  get status(): WorkflowStatus {
    if (this.written === undefined) throw new Error('nothing was written');
    return this.written;
  }

  run(): this {
    for (let round = 0; !isOver(this.written?.phase); round++) {
      if (round > 3_000) throw new Error(`it does not end: ${JSON.stringify(this.written)}`);
      this.#people();
      const next = this.#reconcile();
      this.now = this.#wake(next);
    }
    // Whoever looks at it afterwards changes nothing.
    const { status, effects } = this.#advance(this.written, []);
    if (status !== this.written || effects.length > 0) this.violations.push('what has ended is changed');
    return this;
  }

  /** What was not undone although it should be, or undone twice or needlessly. */
  wrongRollback(): string[] {
    const { phase, outcome = '', steps = [] } = this.status;
    const { rollback, cancel } = this.spec;
    const after: readonly string[] = rollback?.after ?? ['Failed', 'CriteriaFailed'];
    const isDue = outcome !== '' && (cancel === 'StopAndRollback' || after.includes(outcome));
    return (this.spec.steps ?? []).flatMap((step) => {
      const { name } = step;
      const [forward = 0, backward = 0] = [this.forward.get(name), this.backward.get(name)];
      const { state } = steps.find((status) => status.name === name) ?? {};
      const what = `${name} ${undoOf(step)} ${state}: done ${forward}, undone ${backward} times, ${phase}`;
      const isUndoable = /^(Auto|Action)$/.test(undoOf(step));
      if (!isDue || !isUndoable) return backward > 0 ? [what] : [];
      if (forward > 0 && phase !== 'RolledBack' && phase !== 'RollbackFailed') return [what];
      // An action of its own is repeated where the step asks for that, once an attempt of it took too long.
      const most = undoOf(step) === 'Action' ? 1 + (step.retry?.limit ?? 0) : 1;
      if (phase !== 'RolledBack') return backward > most ? [what] : [];
      const isWrong = forward > 0 && (backward < 1 || state !== 'Compensated');
      const isLeft = undoOf(step) === 'Auto' && (this.targets.get(name)?.value ?? 'first') !== 'first';
      return isWrong || isLeft || backward > most ? [what] : [];
    });
  }

  #draw(): number {
    // mulberry32
    this.#random = (this.#random + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  #happens(chance: number): boolean {
    return this.#draw() < chance;
  }

  #wake(at: number | undefined): number {
    // An event wakes it, or its timer; one without a timer waits for people.
    if (at === undefined || this.#happens(0.2)) this.#looks = new Map();
    if (this.#weather.jumps > 0 && this.#jumps < MOST_JUMPS && this.#happens(this.#weather.jumps)) {
      this.#jumps += 1;
      // What is asked later is asked at once, as the controller of workflows has it.
      this.#looks = new Map();
      return this.now + Math.round((this.#draw() - 0.7) * 4 * 3_600_000);
    }
    const step = 1 + Math.floor(this.#draw() * 20_000);
    return at === undefined || this.#happens(0.1) ? this.now + step : Math.max(this.now + 1, at);
  }

  #people(): void {
    const { disturbance, cancel, cancelAt, deletes, rejects, drift } = this.#weather;
    const late = this.now > START + 4 * 3_600_000;
    this.spec.suspend = !late && (this.spec.suspend ? this.#happens(0.5) : this.#happens(disturbance));
    const isHalted = !late && (this.#halted === undefined ? this.#happens(disturbance) : this.#happens(0.5));
    this.#halted = isHalted ? 'an emergency halt lasts' : undefined;
    if (this.now - START >= cancelAt) {
      this.spec.cancel = cancel;
      this.#isDeleted ||= deletes;
    }
    for (const { name, state } of this.written?.steps ?? []) {
      const isAsked = state === 'Verifying' && this.spec.steps?.some((step) => step.name === name && step.approval);
      if (!isAsked || !this.#happens(0.5)) continue;
      const decision = rejects ? 'Reject' : 'Approve';
      this.spec.approvals = [...(this.spec.approvals ?? []), { step: name, user: 'bob', decision }];
    }
    for (const [name, target] of this.targets) {
      if (!this.#happens(drift)) continue;
      target.value = 'somebody';
      this.drifted.add(name);
    }
  }

  #reconcile(): number | undefined {
    try {
      return this.#chain();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.#looks = new Map();
      return this.now + 1;
    }
  }

  #chain(): number | undefined {
    let state = this.written;
    let answers: Answered[] = [];
    for (let round = 0; round < 2_000; round++) {
      const advanced = this.#advance(state, answers);
      state = advanced.status;
      this.#looks = advanced.looks;
      if (advanced.effects.length > 0) {
        answers = advanced.effects.map((effect) => ({
          want: effect.want,
          opId: effect.operation.opId,
          answer: this.#carryOut(effect),
        }));
        continue;
      }
      answers = [];
      if (advanced.status === this.written) {
        const isHeld = this.#halted !== undefined || this.spec.suspend;
        const isLost = advanced.lookAgainAt === undefined && !isHeld && !isOver(advanced.status.phase);
        if (isLost) this.violations.push('it waits for nothing');
        if ((advanced.lookAgainAt ?? Infinity) <= this.now) this.violations.push('it looks again at once');
        return advanced.lookAgainAt;
      }
      if (this.#happens(this.#weather.crashes)) throw new Crash();
      this.#write(advanced);
      state = this.written;
      if (this.#happens(this.#weather.crashes)) throw new Crash();
    }
    throw new Error('it does not come to rest');
  }

  #write({ status, told }: Advanced): void {
    const from = this.written?.phase ?? 'Pending';
    const to = status.phase ?? 'Pending';
    if (!reachable(from).has(to)) this.violations.push(`from ${from} to ${to}`);
    this.told += told.length;
    this.written = JSON.parse(JSON.stringify(status)) as WorkflowStatus;
  }

  #advance(state: WorkflowStatus | undefined, answers: readonly Answered[]): Advanced {
    this.calls += 1;
    const facts: Facts = {
      now: this.now,
      epoch: 1,
      problems: () => [],
      admission: () => ({ kind: 'granted', locks: [] }),
      stepAside: () => undefined,
      halted: this.#halted,
      durations: [],
      maxDurationMs: 86_400_000,
      template: undefined,
      looks: this.#looks,
    };
    const workflow = { uid: 'uid', namespace: 'shop', name: 'w', generation: 1, isBeingDeleted: this.#isDeleted };
    const input = { workflow: { ...workflow, spec: this.spec }, state, written: this.written, answers, facts, ports };
    const frozen = JSON.stringify([state, this.written]);
    const advanced = advance(input);
    if (JSON.stringify([state, this.written]) !== frozen) this.violations.push('what went in was changed');
    this.#laws(advanced);
    const again = advance({
      ...input,
      state: advanced.status,
      answers: [],
      facts: { ...facts, looks: advanced.looks },
    });
    if (!deepEqual(again.status, advanced.status)) {
      this.violations.push(`again: ${JSON.stringify(advanced.status)} → ${JSON.stringify(again.status)}`);
    }
    if (!deepEqual(inOrder(again.effects), inOrder(advanced.effects))) {
      this.violations.push(`again: ${wants(advanced.effects)} → ${wants(again.effects)}`);
    }
    return advanced;
  }

  #laws({ status, effects }: Advanced): void {
    const { maxParallelSteps = 4, steps = [] } = this.spec;
    const of = (name: string) => status.steps?.find((step) => step.name === name);
    const isHeld = this.#halted !== undefined || this.spec.suspend;
    const busy = new Set<string>();
    for (const step of status.steps ?? []) {
      if (/^(Intent|Applying|Verifying)$/.test(step.state)) busy.add(step.name);
      if (/^(Intent|Applying|Verifying)$/.test(step.compensation?.state ?? '')) busy.add(`undo ${step.name}`);
    }
    for (const { want, operation } of effects) {
      const { step, direction, opId, attempt } = operation;
      const which = `${step}/${attempt}/${direction}`;
      if ((this.#attempts.get(opId) ?? which) !== which)
        this.violations.push(`${which} has the opId of another attempt`);
      this.#attempts.set(opId, which);
      if (step.startsWith('success')) continue;
      busy.add(direction === 'Forward' ? step : `undo ${step}`);
      const known = this.written?.steps?.find(({ name }) => name === step);
      const record = direction === 'Forward' ? known : known?.compensation;
      const isRecorded = record?.opId === opId && /^(Intent|Applying|Verifying)$/.test(record.state ?? '');
      if (want === 'Apply' && !isRecorded) this.violations.push(`${step} is applied without a written intent`);
      if (want === 'Stop' && !/^(TimedOut|Stopping)$/.test(record?.reason ?? ''))
        this.violations.push(`${step} is stopped before that is written`);
      if (want === 'Prepare' && direction === 'Forward') {
        if (isHeld) this.violations.push(`${step} begins while nothing may`);
        if (status.outcome !== undefined) this.violations.push(`${step} begins after the end`);
        for (const above of this.#graph.before(step)) {
          const { state = 'Pending' } = of(above) ?? {};
          const spec = steps.find(({ name }) => name === above);
          const isOver = /^(Succeeded|Skipped|Failed|Unknown)$/.test(state);
          if (!isOver || !isTolerated(spec?.continueOn, state, of(above)?.reason))
            this.violations.push(`${step} begins while ${above} is ${state}`);
        }
      }
      if (want === 'Prepare' && direction === 'Backward') {
        if (this.#halted !== undefined) this.violations.push(`${step} is undone in a halt`);
        for (const below of this.#graph.after(step)) {
          const { state = 'Pending', before } = of(below) ?? {};
          const spec = steps.find(({ name }) => name === below);
          const isLeft = spec === undefined || /^(None|Nothing)$/.test(undoOf(spec)) || before === undefined;
          const isUndone = /^Compensat(ed|ionFailed)$/.test(state);
          if (/^(Intent|Applying|Verifying|Compensating)$/.test(state) || (!isUndone && !isLeft))
            this.violations.push(`${step} is undone before ${below}, which is ${state}`);
        }
      }
    }
    if (busy.size > maxParallelSteps) this.violations.push(`${[...busy].join()} at one time`);
  }

  #carryOut(effect: Effect): Answer {
    if (this.#happens(this.#weather.crashes)) throw new Crash();
    const answer = this.#really(effect);
    if (this.#happens(this.#weather.crashes)) throw new Crash();
    return answer;
  }

  #really(effect: Effect): Answer {
    const { failures, waits, unknowns } = this.#weather;
    const { want, operation } = effect;
    const waiting: Answer = { kind: 'waiting', message: 'not yet', lookAgainInMs: 5_000 };
    if (this.#happens(waits)) return waiting;
    switch (want) {
      case 'Prepare':
        if (this.#happens(failures)) return this.#failure('no');
        return { kind: 'prepared', before: { value: this.#target(operation.step).value } };
      case 'Apply': {
        // Failed means for certain that nothing came of it.
        if (!this.done.has(operation.opId) && this.#happens(failures)) return this.#failure('refused');
        const answer = this.#apply(effect);
        // Nobody knows; only forward, so that what is undone can be counted.
        return operation.direction === 'Forward' && this.#happens(unknowns)
          ? { kind: 'unknown', message: 'the connection broke' }
          : answer;
      }
      case 'Verify':
        if (operation.action.kind === 'health') return this.now >= this.#healthyAt ? { kind: 'done' } : waiting;
        if (operation.direction === 'Forward' && this.#happens(failures)) return this.#failure('not ready');
        return { kind: 'done', outputs: { ready: true } };
      case 'Stop':
        return { kind: 'done' };
    }
  }

  #failure(message: string): Answer {
    return { kind: 'failed', reason: 'StepRefused', message, mayRetry: this.#happens(0.7) };
  }

  #target(step: string): Target {
    const known = this.targets.get(step);
    if (known !== undefined) return known;
    const target = { value: 'first', stamp: undefined };
    this.targets.set(step, target);
    return target;
  }

  /** As the kinds of steps do it: by the stamp, and by what was there before. */
  #apply({ operation }: Effect): Answer {
    const { step, opId, direction, before, undoes, own } = operation;
    const target = this.#target(step);
    if (direction === 'Backward' && undoes === undefined) {
      if (!this.done.has(opId)) this.#count(opId, step, this.backward);
      return { kind: 'applied' };
    }
    if (target.stamp === opId) return { kind: 'applied' };
    if (undoes !== undefined) {
      const isOurs = target.stamp === undoes.opId || own.includes(target.stamp ?? '');
      const asBefore = undoes.before['value'];
      if (isOurs && target.value === step) {
        target.value = String(asBefore);
        target.stamp = opId;
        this.#count(opId, step, this.backward);
        return { kind: 'applied' };
      }
      if (target.value === asBefore) return { kind: 'applied' };
      return { kind: 'failed', reason: 'Drifted', message: 'somebody changed it', mayRetry: false };
    }
    if (target.value !== before?.['value']) return { kind: 'unknown', message: 'neither as before nor as wanted' };
    target.value = step;
    target.stamp = opId;
    this.#count(opId, step, this.forward);
    return { kind: 'applied' };
  }

  #count(opId: string, step: string, of: Map<string, number>): void {
    const times = (this.done.get(opId) ?? 0) + 1;
    this.done.set(opId, times);
    if (times > 1) this.violations.push(`${step}: ${opId} was done ${times} times`);
    of.set(step, (of.get(step) ?? 0) + 1);
  }
}

/** They are carried out at once. */
const inOrder = (effects: readonly Effect[]): readonly Effect[] =>
  effects.toSorted((a, b) => (`${a.want}/${a.operation.opId}` < `${b.want}/${b.operation.opId}` ? -1 : 1));

/** Whether what comes after may run. */
function isTolerated(continueOn: readonly string[] = [], state: string, reason: string | undefined): boolean {
  if (state === 'Unknown') return continueOn.includes('Unknown');
  return state !== 'Failed' || continueOn.includes(reason === 'TimedOut' ? 'TimedOut' : 'Failed');
}

const wants = (effects: readonly Effect[]): string =>
  effects.map(({ want, operation }) => `${want} ${operation.direction} ${operation.step}`).join(', ');
