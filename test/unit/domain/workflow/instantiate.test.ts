import { describe, expect, it } from 'vitest';
import type { WorkflowTemplateSpec } from '../../../../src/api/kinds.ts';
import { declarationProblems, instantiate } from '../../../../src/domain/workflow/instantiate.ts';

const steps = [{ name: 'pause', wait: { duration: '0s' } }];
const matches = (pattern: string, text: string): boolean => new RegExp(`^(?:${pattern})$`).test(text);
const made = (parameters: WorkflowTemplateSpec['parameters'], given: { name: string; value: string }[]) =>
  instantiate(
    {
      description: 'words',
      steps,
      timeout: '5m',
      rollback: { onError: 'Continue', timeout: '1h' },
      ...(parameters && { parameters }),
    },
    given,
    matches,
  );

describe('a workflow from a template', () => {
  it('gets all of it but its description, with what it says and the defaults of the rest', () => {
    expect(
      made([{ name: 'a' }, { name: 'b', default: '2' }, { name: 'c', default: '' }], [{ name: 'a', value: '1' }]),
    ).toEqual({
      ok: true,
      spec: {
        steps,
        timeout: '5m',
        rollback: { onError: 'Continue', timeout: '1h' },
        parameters: [
          { name: 'a', value: '1' },
          { name: 'b', value: '2' },
          { name: 'c', value: '' },
        ],
      },
    });
  });

  it('says all that is wrong with its parameters', () => {
    const declared = [{ name: 'must' }, { name: 'color', enum: ['red', 'blue'] }, { name: 'count', pattern: '[0-9]+' }];
    expect(
      made(declared, [
        { name: 'color', value: 'green' },
        { name: 'count', value: '3x' },
        { name: 'more', value: '' },
      ]),
    ).toEqual({
      ok: false,
      problems: [
        'the template has no parameter more; it has must, color, count',
        'the template wants parameter must, which has no default',
        'parameter color is "green"; it may be red, blue',
        'parameter count is "3x", which does not match [0-9]+',
      ],
    });
  });
});

it('a template is told what is wrong with its parameters before somebody needs it', () => {
  const parameters = [
    { name: 'free' },
    { name: 'wanted', pattern: '[a-z]+' },
    { name: 'fits', pattern: '[a-z]+', default: 'a' },
    { name: 'differs', pattern: '[a-z]+', default: '1' },
    { name: 'broken', pattern: '(' },
  ];
  const read = (pattern: string, text: string) => (pattern === '(' ? undefined : matches(pattern, text));
  expect(declarationProblems({ parameters }, read)).toEqual([
    'the default of parameter differs does not match its pattern [a-z]+',
    'the pattern of parameter broken is no regular expression (RE2), or takes too long: (',
  ]);
});

it('a template that leaves no room for a status, or that nothing can walk, is not copied', () => {
  const deep = JSON.parse(`${'{"template":'.repeat(9_000)}{}${'}'.repeat(9_000)}`) as { template: object };
  expect(instantiate({ steps: [{ name: 'a', job: { template: deep } }] }, [], matches)).toMatchObject({
    ok: false,
    problems: ['the template cannot be copied: it is nested deeper than 100 levels'],
  });
  const large = [{ name: 'a', job: { template: { template: { args: ['x'.repeat(1_048_576)] } } } }];
  expect(instantiate({ steps: large }, [], matches)).toMatchObject({
    ok: false,
    problems: [expect.stringContaining('the template cannot be copied: it takes 1048')],
  });
});
