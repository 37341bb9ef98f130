import type { WorkflowSpec, WorkflowTemplateSpec } from '../../api/kinds.ts';
import { whyTooLarge } from './bounds.ts';

type Values = NonNullable<WorkflowSpec['parameters']>;

export type Instance =
  | {
      readonly ok: true;
      /** What the spec of the workflow gets of the template. */
      readonly spec: Pick<
        WorkflowSpec,
        | 'type'
        | 'targets'
        | 'slots'
        | 'timeout'
        | 'estimatedDuration'
        | 'maxParallelSteps'
        | 'steps'
        | 'successCriteria'
        | 'rollback'
        | 'parameters'
      >;
    }
  | { readonly ok: false; readonly problems: readonly string[] };

type Matches = (pattern: string, text: string) => boolean | undefined;

const noPattern = (name: string, pattern = ''): string =>
  `the pattern of parameter ${name} is no regular expression (RE2), or takes too long: ${pattern}`;

/** What is wrong with the parameters that a template declares, whatever a workflow says. */
export function declarationProblems(
  { parameters = [] }: Pick<WorkflowTemplateSpec, 'parameters'>,
  matches: Matches,
): string[] {
  return parameters.flatMap(({ name, pattern, default: fallback }) => {
    if (pattern === undefined) return [];
    const fits = matches(pattern, fallback ?? '');
    if (fits === undefined) return [noPattern(name, pattern)];
    return fits || fallback === undefined
      ? []
      : [`the default of parameter ${name} does not match its pattern ${pattern}`];
  });
}

/**
 * What a workflow that names a template becomes: the template's content, with the parameters that the workflow says and the defaults of the
 * others. `matches` tells whether a whole text matches a regular expression (RE2).
 */
export function instantiate(
  { description: _description, parameters: declared = [], ...content }: WorkflowTemplateSpec,
  given: Values,
  matches: Matches,
): Instance {
  const names = declared.map(({ name }) => name);
  const problems = given
    .filter(({ name }) => !names.includes(name))
    .map(({ name }) => `the template has no parameter ${name}; it has ${names.join(', ') || 'none'}`);
  const parameters: Values = [];
  for (const parameter of declared) {
    const { name, default: fallback, pattern, enum: allowed } = parameter;
    const value = given.find((one) => one.name === name)?.value ?? fallback;
    if (value === undefined) {
      problems.push(`the template wants parameter ${name}, which has no default`);
      continue;
    }
    if (allowed !== undefined && !allowed.includes(value))
      problems.push(`parameter ${name} is ${JSON.stringify(value.slice(0, 80))}; it may be ${allowed.join(', ')}`);
    const fits = pattern === undefined || matches(pattern, value);
    if (fits === undefined) problems.push(noPattern(name, pattern));
    if (fits === false)
      problems.push(`parameter ${name} is ${JSON.stringify(value.slice(0, 80))}, which does not match ${pattern}`);
    parameters.push({ name, value });
  }
  const tooLarge = whyTooLarge(content);
  if (tooLarge !== undefined) problems.push(`the template cannot be copied: ${tooLarge}`);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, spec: { ...content, parameters } };
}
