import { compile, type Evaluated, type Expression, type Problem, type Scope } from './expression.ts';

/** A text with expressions in it: `{{ CEL }}`. */
export interface Template {
  readonly expressions: readonly Expression[];
  /** A text that is one expression and nothing else gives the value as it is; any other gives a text. */
  render(scope: Scope): Evaluated;
}

export const isTemplate = (text: string): boolean => text.includes('{{');

/** Reads a template. An expression ends at the first `}}`; a literal `{{` is written `{{ '{{' }}`. */
export function readTemplate(
  text: string,
  names: readonly string[],
): { readonly ok: true; readonly template: Template } | Problem {
  const pieces: (string | Expression)[] = [];
  let end = 0;
  for (let start = text.indexOf('{{'); start >= 0; start = text.indexOf('{{', end)) {
    const stop = text.indexOf('}}', start);
    if (stop < 0) return { ok: false, message: `{{ has no }} in ${JSON.stringify(text.slice(start, start + 60))}` };
    const inside = text.slice(start + 2, stop);
    const compiled = compile(inside.trim(), names);
    if (!compiled.ok) return { ok: false, message: `{{${inside}}} ${compiled.message}` };
    if (start > end) pieces.push(text.slice(end, start));
    pieces.push(compiled.expression);
    end = stop + 2;
  }
  const rest = text.slice(end);
  if (rest !== '') pieces.push(rest);
  const expressions = pieces.filter((piece) => typeof piece !== 'string');
  return { ok: true, template: { expressions, render: (scope) => render(pieces, scope) } };
}

function render(pieces: readonly (string | Expression)[], scope: Scope): Evaluated {
  const values: unknown[] = [];
  for (const piece of pieces) {
    const found: Evaluated = typeof piece === 'string' ? { ok: true, value: piece } : piece.evaluate(scope);
    if (!found.ok) return { ok: false, message: `{{ ${(piece as Expression).text} }}: ${found.message}` };
    values.push(found.value);
  }
  if (values.length === 1) return { ok: true, value: values[0] };
  return { ok: true, value: values.map(textOf).join('') };
}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
