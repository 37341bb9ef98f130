import type { WorkflowSpec, WorkflowStep } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';
import { DEEPEST, isNestedDeeper } from '../nesting.ts';
import { ACTION_KINDS } from './action.ts';
import { whyTooLarge } from './bounds.ts';
import { findCycle, Graph, unknownDependencies } from './graph.ts';
import type { Problem, WrittenAction } from './input.ts';
import { NAMES } from './resolve.ts';
import { rollbackTimeout, stepsOf } from './rules.ts';
import { AUTOMATIC, compensationOf } from './undo.ts';

/** What an expression takes of each name: `steps.a.outputs.x` gives steps → a; '*' where that is computed. */
interface Read {
  readonly uses: ReadonlyMap<string, ReadonlySet<string>>;
}

interface Unreadable {
  readonly ok: false;
  readonly message: string;
}

/** Reads expressions, and the templates of a text or of an action. */
export interface Compiler {
  readonly compile: (
    text: string,
    names: readonly string[],
  ) => { readonly ok: true; readonly expression: Read } | Unreadable;
  readonly readTemplate: (
    text: string,
    names: readonly string[],
  ) => { readonly ok: true; readonly template: { readonly expressions: readonly Read[] } } | Unreadable;
  readonly expressionsOf: (
    written: WrittenAction,
  ) => { readonly ok: true; readonly expressions: readonly Read[] } | Unreadable;
}

/** What is wrong with a spec and admission cannot see, in words; what matters most first. */
export function validate(spec: WorkflowSpec, compiler: Compiler): Problem[] {
  const steps = stepsOf(spec);
  if (steps.length === 0) return [invalid('it has no steps')];
  const unknown = unknownDependencies(steps).map(({ step, name }) =>
    invalid(`step ${step} depends on ${name}, which is no step`),
  );
  const cycle = findCycle(steps);
  if (cycle !== undefined)
    return [
      { reason: 'CycleFound', message: `steps wait for each other: ${[...cycle, cycle[0]].join(' → ')}` },
      ...unknown,
    ];
  if (unknown.length > 0) return unknown;
  const extent = extentOf(steps) ?? whyTooLarge(spec);
  if (extent !== undefined) return [invalid(extent)];
  const found = [
    ...steps.flatMap(actionProblems),
    ...new Expressions(spec, compiler).problems(),
    ...durations(spec),
    ...steps.flatMap(undoProblems),
  ];
  return found.map(invalid);
}

/** Reading one takes about 50 µs, and the process does nothing else meanwhile. */
const MOST_TEMPLATES = 5_000;
/** Characters of all of them; YAML takes up to 50 µs for one. */
const MOST_PATCHES = 131_072;

/** Why it cannot be read in a time that is worth it. Only what a Job is made of may be nested as one likes. */
function extentOf(steps: readonly WorkflowStep[]): string | undefined {
  const deep = steps.find(({ job, compensate }) => isNestedDeeper(job) || isNestedDeeper(compensate?.job));
  if (deep !== undefined) return `step ${deep.name}: job.template is nested deeper than ${DEEPEST} levels`;
  const patches = steps.flatMap(({ patch, compensate }) => [patch, compensate?.patch]);
  const characters = patches.reduce((sum, patch) => sum + (patch?.patch.length ?? 0), 0);
  if (characters > MOST_PATCHES)
    return `its patches have ${characters} characters together, and at most ${MOST_PATCHES} are read`;
  const templates = JSON.stringify(steps).split('{{').length - 1;
  return templates > MOST_TEMPLATES
    ? `it has ${templates} templates, and at most ${MOST_TEMPLATES} are read`
    : undefined;
}

const invalid = (message: string): Problem => ({ reason: 'InvalidSpec', message });

/** Admission refuses it where a step is new; one that is changed later is not looked through there again. */
function actionProblems(step: WorkflowStep): string[] {
  const kinds = ACTION_KINDS.filter((kind) => step[kind] !== undefined);
  return kinds.length === 1 ? [] : [`step ${step.name} has ${kinds.join(' and ') || 'no action'}: write exactly one`];
}

function undoProblems(step: WorkflowStep): string[] {
  const isAuto = step.compensate?.auto === true;
  if (!isAuto || AUTOMATIC.some((kind) => step[kind] !== undefined)) return [];
  return [`step ${step.name} cannot be undone by compensate.auto: only scale, patch and failover can`];
}

function durations(spec: WorkflowSpec): string[] {
  const problems: string[] = [];
  const check = (where: string, read: () => void): void => {
    try {
      read();
    } catch (error) {
      problems.push(`${where}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for (const field of ['timeout', 'estimatedDuration'] as const)
    check(field, () => spec[field] !== undefined && parseDuration(spec[field]));
  check('rollback.timeout', () => rollbackTimeout(spec));
  for (const { name, timeout, retry, health } of stepsOf(spec)) {
    for (const text of [timeout, retry?.backoff?.initial, retry?.backoff?.max, health?.for])
      check(`step ${name}`, () => text !== undefined && parseDuration(text));
  }
  spec.successCriteria?.forEach((criterion, index) => {
    check(`successCriteria[${index}]`, () => {
      const { for: lasting, within } = criterion;
      if (parseDuration(lasting) > parseDuration(within))
        throw new RangeError(`it cannot hold for ${lasting} within ${within}`);
    });
  });
  return problems;
}

/** Every expression of a spec: whether it can be read, and whether what it names is there when it is evaluated. */
class Expressions {
  readonly #spec: WorkflowSpec;
  readonly #compiler: Compiler;
  readonly #graph: Graph;
  readonly #parameters: ReadonlySet<string>;
  readonly #found: string[] = [];

  constructor(spec: WorkflowSpec, compiler: Compiler) {
    this.#spec = spec;
    this.#compiler = compiler;
    this.#graph = new Graph(stepsOf(spec));
    this.#parameters = new Set((spec.parameters ?? []).map(({ name }) => name));
  }

  problems(): readonly string[] {
    for (const step of stepsOf(this.#spec)) this.#step(step);
    for (const { name } of this.#spec.targets ?? []) this.#target(`target ${name}`, name);
    this.#criteria();
    return this.#found;
  }

  #step(step: WorkflowStep): void {
    const { name, when } = step;
    const before = this.#graph.before(name);
    const where = `step ${name}`;
    if (when !== undefined) this.#expression(`${where}: when`, when, NAMES, before);
    this.#action(where, actionIn(step), before);
    const compensation = compensationOf(step);
    if (compensation !== undefined) this.#action(`${where}: compensate`, compensation, new Set([...before, name]));
  }

  #action(where: string, written: WrittenAction, steps: ReadonlySet<string>): void {
    const read = this.#compiler.expressionsOf(written);
    if (!read.ok) this.#found.push(`${where}: ${read.message}`);
    else for (const expression of read.expressions) this.#uses(where, expression, steps);
    const { wait, http, scale, restart, patch, failover } = written;
    const target = (scale ?? restart ?? patch)?.target.name ?? failover?.service;
    if (target !== undefined) this.#target(where, target);
    if (wait?.expression !== undefined) this.#expression(where, wait.expression, ['object', ...NAMES], steps);
    const answer = http?.expect?.expression;
    if (answer !== undefined) this.#expression(where, answer, ['status', 'headers', 'body', ...NAMES], steps);
  }

  /** It is locked before the first step, so that steps have found nothing yet. */
  #target(where: string, name: string): void {
    const read = this.#compiler.readTemplate(name, ['parameters']);
    if (!read.ok) this.#found.push(`${where}: the name of a target uses parameters only: ${read.message}`);
    else for (const expression of read.template.expressions) this.#uses(where, expression, NONE);
  }

  #criteria(): void {
    const all = new Set(stepsOf(this.#spec).map(({ name }) => name));
    this.#spec.successCriteria?.forEach(({ expression, target }, index) => {
      const where = `successCriteria[${index}]`;
      if (target !== undefined) this.#action(where, { wait: { target } }, all);
      if (expression === undefined) return;
      this.#expression(where, expression, target === undefined ? NAMES : ['object', ...NAMES], all);
    });
  }

  #expression(where: string, text: string, names: readonly string[], steps: ReadonlySet<string>): void {
    const compiled = this.#compiler.compile(text, names);
    if (compiled.ok) this.#uses(where, compiled.expression, steps);
    else this.#found.push(`${where}: ${text} ${compiled.message}`);
  }

  #uses(where: string, { uses }: Read, steps: ReadonlySet<string>): void {
    for (const name of uses.get('parameters') ?? []) {
      if (name !== '*' && !this.#parameters.has(name)) this.#found.push(`${where}: there is no parameter ${name}`);
    }
    for (const name of uses.get('steps') ?? []) {
      if (name === '*' || steps.has(name)) continue;
      this.#found.push(
        `${where}: uses steps.${name}, which is none of the steps that are over before it; see dependsOn`,
      );
    }
  }
}

/** Without its compensation, whose templates may name the step itself. */
const actionIn = (step: WorkflowStep): WrittenAction =>
  Object.fromEntries(ACTION_KINDS.flatMap((kind) => (step[kind] === undefined ? [] : [[kind, step[kind]]])));

const NONE: ReadonlySet<string> = new Set();
