import { Recent } from '../recent.ts';
import type * as Cel from './cel.ts';

/** CEL that was read, and can be evaluated as often as one likes. */
export interface Expression {
  readonly text: string;
  /** For the first name of each path, the fields that are taken of it: `steps.a.outputs.x` gives steps → a. '*' where that is computed. */
  readonly uses: ReadonlyMap<string, ReadonlySet<string>>;
  evaluate(scope: Scope): Evaluated;
}

/** What names in an expression mean; JSON. */
export type Scope = Readonly<Record<string, unknown>>;

export type Compiled = { readonly ok: true; readonly expression: Expression } | Problem;
export type Evaluated = { readonly ok: true; readonly value: unknown } | Problem;

export interface Problem {
  readonly ok: false;
  /** What is wrong with it, in words that follow on the expression's text. */
  readonly message: string;
}

let cel: typeof Cel | undefined;

/** Has to be done before the first expression is read. CEL takes some MiB of memory, which only those pay who have workflows. */
export async function loadExpressions(): Promise<void> {
  cel ??= await import('./cel.ts');
}

/** By characters of all texts: what is made of one takes some hundred bytes for each. A template is read again at each look at its workflow. */
const remembered = new Recent<Compiled>(65_536);

/** Reads CEL. Names other than `names` are refused here and not when it is evaluated, perhaps in the middle of a night. */
export function compile(text: string, names: readonly string[]): Compiled {
  const key = `${names.join(' ')}\n${text}`;
  return remembered.get(key, () => loaded().compile(text, names), key.length);
}

function loaded(): typeof Cel {
  if (cel === undefined) throw new Error('CEL was not loaded');
  return cel;
}

/** Whether it is true; anything but true and false is a problem. */
export function isTrue(expression: Expression, scope: Scope): { readonly ok: true; readonly is: boolean } | Problem {
  const { text } = expression;
  const found = expression.evaluate(scope);
  if (!found.ok) return { ok: false, message: `${quoted(text)}: ${found.message}` };
  if (typeof found.value !== 'boolean')
    return { ok: false, message: `${quoted(text)} has to be true or false, and is ${quoted(found.value)}` };
  return { ok: true, is: found.value };
}

/** Whether a whole text matches a regular expression, by RE2 as in expressions: patterns are written by those who may write templates. */
export function matchesWhole(pattern: string, text: string): boolean | undefined {
  const compiled = compile('text.matches(pattern)', ['text', 'pattern']);
  const found = compiled.ok ? compiled.expression.evaluate({ text, pattern: `^(?:${pattern})$` }) : compiled;
  return found.ok ? found.value === true : undefined;
}

const quoted = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};
