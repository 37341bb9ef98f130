import { type CelInput, celEnv, celFunc, celMethod, CelScalar, parse, plan } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { Budget, Exhausted, weightOf, workOfPattern } from './cel-budget.ts';
import { type AstNode, children, freeNames, isComprehension, selectedFields } from './cel-tree.ts';
import { fromCel, toCel } from './cel-values.ts';
import type { Compiled, Evaluated, Scope } from './expression.ts';

// Workflows are written by people who may not take the operator's time and memory from others, and CEL has macros that multiply. What an
// expression can cost follows from these.
const MAX_TEXT = 1_024;
/** Turns of all its macros together. */
const MAX_TURNS = 2_000;
/** Characters of a text, and items of a list, that an operator or function gives. */
const MAX_CHARACTERS = 16_384;
const MAX_ITEMS = 1_000;

const budget = new Budget();
let turns = 0;

const MARK = '@bounded';
const TURN = '@turn';
/** What is given to it is looked at as a whole, and its texts from end to end. */
const WHOLE = '@whole';
const READ = '@read';
const COMPARING: ReadonlySet<string> = new Set(['_==_', '_!=_', '@in']);
/** They look at nothing but true and false, or at one element. */
const CHOOSING: ReadonlySet<string> = new Set(['_&&_', '_||_', '_?_:_', '!_', '_[_]', '@not_strictly_false']);
/** They give texts whose size is not bounded by that of what they were given. */
const UNBOUNDED = new Set(['replace', 'format']);
const matcher = plan(celEnv(), parse('text.matches(pattern)'));

const environment = celEnv({
  funcs: [
    ...strings.filter(({ name }) => !UNBOUNDED.has(name)),
    celMethod('replace', CelScalar.STRING, [CelScalar.STRING, CelScalar.STRING], CelScalar.STRING, function (from, to) {
      const parts = this.split(from);
      if (this.length + (parts.length - 1) * to.length > MAX_CHARACTERS) throw tooLong();
      return parts.join(to);
    }),
    celMethod('matches', CelScalar.STRING, [CelScalar.STRING], CelScalar.BOOL, function (pattern) {
      budget.take(workOfPattern(pattern, this));
      const found = matcher({ text: this, pattern });
      if (typeof found === 'boolean') return found;
      throw found;
    }),
    celFunc(WHOLE, [CelScalar.DYN], CelScalar.DYN, (value) => {
      budget.take(weightOf(value, budget.left));
      return value;
    }),
    celFunc(READ, [CelScalar.DYN], CelScalar.DYN, (value) => {
      if (typeof value === 'string') budget.take(weightOf(value, budget.left));
      return value;
    }),
    celFunc(TURN, [CelScalar.DYN], CelScalar.DYN, (value) => {
      turns += 1;
      if (turns > MAX_TURNS) throw new Exhausted(`takes more than ${MAX_TURNS} turns of its macros`);
      return value;
    }),
    celFunc(MARK, [CelScalar.DYN], CelScalar.DYN, (value) => {
      if (typeof value === 'string' && value.length > MAX_CHARACTERS) throw tooLong();
      if (sizeOf(value) > MAX_ITEMS) throw new Exhausted(`makes a list of more than ${MAX_ITEMS} items`);
      return value;
    }),
  ],
});

const tooLong = (): Exhausted => new Exhausted(`makes a text of more than ${MAX_CHARACTERS} characters`);

const sizeOf = (value: unknown): number =>
  typeof value === 'object' && value !== null && 'size' in value && typeof value.size === 'number' ? value.size : 0;

export function compile(text: string, names: readonly string[]): Compiled {
  if (text.length > MAX_TEXT) return { ok: false, message: `is longer than ${MAX_TEXT} characters` };
  try {
    const tree = (parse(text) as unknown as { expr: AstNode }).expr;
    const foreign = [...freeNames(tree)].find((name) => !names.includes(name));
    if (foreign !== undefined) return { ok: false, message: `uses ${foreign}; there is ${names.join(', ')}` };
    const uses = new Map([...selectedFields(tree)].filter(([name]) => names.includes(name)));
    const run = plan(environment, bound(tree) as unknown as Parameters<typeof plan>[1]);
    return { ok: true, expression: { text, uses, evaluate: (scope) => evaluate(run, scope) } };
  } catch (error) {
    return { ok: false, message: `cannot be read: ${wordsOf(error)}` };
  }
}

function evaluate(run: (scope: Record<string, CelInput>) => unknown, scope: Scope): Evaluated {
  turns = 0;
  budget.fill();
  try {
    const values = Object.fromEntries(Object.entries(scope).map(([name, value]) => [name, toCel(value)]));
    const result = run(values);
    if (result instanceof Error) return { ok: false, message: wordsOf(result) };
    budget.take(weightOf(result, budget.left));
    return { ok: true, value: fromCel(result) };
  } catch (error) {
    return { ok: false, message: wordsOf(error) };
  }
}

/** Bounds the result of each call, counts each turn of a macro, and has what takes time take it from the budget. */
function bound(node: AstNode): AstNode {
  for (const child of children(node)) bound(child);
  const { exprKind } = node;
  if (isComprehension(exprKind)) {
    const { loopCondition } = exprKind.value;
    exprKind.value.loopCondition = called(TURN, loopCondition);
  } else if (exprKind.case === 'callExpr') {
    const { value } = exprKind;
    const look = COMPARING.has(value.function) ? WHOLE : READ;
    if (!CHOOSING.has(value.function)) {
      value.args = value.args.map((argument) => called(look, argument));
      if (value.target) value.target = called(look, value.target);
    }
    node.exprKind = called(MARK, { ...node }).exprKind;
  } else if (exprKind.case === 'listExpr' || exprKind.case === 'structExpr') {
    // Lists in lists of the same value grow faster than anything else.
    node.exprKind = called(WHOLE, { ...node }).exprKind;
  }
  return node;
}

const called = (name: string, argument: AstNode): AstNode => ({
  $typeName: 'cel.expr.Expr',
  id: argument.id,
  exprKind: { case: 'callExpr', value: { $typeName: 'cel.expr.Expr.Call', function: name, args: [argument] } },
});

const wordsOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Exhausted ? error.cause : error;
  if (cause instanceof RangeError) return 'it is nested too deeply, or too large';
  return (
    (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0]?.replace(/^<input>:/, 'position ') ?? ''
  );
};
