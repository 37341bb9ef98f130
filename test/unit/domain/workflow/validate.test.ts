import { describe, expect, it, test } from 'vitest';
import type { WorkflowSpec, WorkflowStep } from '../../../../src/api/kinds.ts';
import { accountProblems, requesterProblems } from '../../../../src/domain/workflow/account.ts';
import { compile } from '../../../../src/domain/workflow/expression.ts';
import { expressionsOf } from '../../../../src/domain/workflow/resolve.ts';
import { readTemplate } from '../../../../src/domain/workflow/template.ts';
import { validate } from '../../../../src/domain/workflow/validate.ts';
import { deployment, instant, scale, specOf } from './world.ts';

const compiler = { compile, readTemplate, expressionsOf };
const problems = (steps: WorkflowStep[], more: Partial<WorkflowSpec> = {}): string[] =>
  validate(specOf(steps, more), compiler).map(({ reason, message }) => `${reason}: ${message}`);
const get = { method: 'GET', url: 'http://shop/x', expect: {} } as const;
type Job = NonNullable<WorkflowStep['job']>['template'];
const named = (name: string): NonNullable<WorkflowStep['scale']> => ({ target: deployment(name), replicas: 1 });

it('finds nothing wrong with what is right', () => {
  const steps: WorkflowStep[] = [
    { name: 'probe', http: { ...get, expect: { expression: 'status == 200 && body.ok' } } },
    scale('grow', { dependsOn: ['probe'], when: "steps.probe.outputs.load > 0.7 && parameters['size'] != ''" }),
    {
      name: 'add',
      dependsOn: ['grow'],
      http: { ...get, method: 'POST', body: '{{ steps.probe.outputs.x }}' },
      compensate: { http: { ...get, method: 'DELETE', url: 'http://shop/{{ steps.add.outputs.id }}' } },
    },
    instant('wait', { wait: { target: deployment('x'), expression: 'object.spec.replicas > int(parameters.size)' } }),
    { name: 'last', scale: named('{{ parameters.size }}-x') },
  ];
  const successCriteria: WorkflowSpec['successCriteria'] = [
    { expression: "steps.grow.state == 'Succeeded'", for: '0s', within: '1m' },
    { target: deployment('x'), expression: 'object.status.ready', for: '1m', within: '10m' },
  ];
  const parameters = [{ name: 'size', value: '3' }];
  expect(problems(steps, { parameters, successCriteria, timeout: '2h', estimatedDuration: '1m30s' })).toEqual([]);
});

test.each<[string, WorkflowStep[], Partial<WorkflowSpec>, RegExp]>([
  ['no steps', [], {}, /^InvalidSpec: it has no steps/],
  [
    'a cycle',
    [instant('a', { dependsOn: ['b'] }), instant('b', { dependsOn: ['a'] })],
    {},
    /^CycleFound: .*a → b → a$/,
  ],
  ['an unknown dependency', [instant('a', { dependsOn: ['x'] })], {}, /step a depends on x, which is no step/],
  ['CEL that cannot be read', [instant('a', { when: '1 +' })], {}, /step a: when: 1 \+ cannot be read/],
  [
    'a template that cannot be read',
    [instant('a', { wait: { duration: '{{ 1 + }}' } })],
    {},
    /step a: .*cannot be read/,
  ],
  ['a template without an end', [instant('a', { wait: { duration: '{{ 1' } })], {}, /has no }}/],
  ['an unknown name', [instant('a', { when: 'secrets.x == 1' })], {}, /uses secrets/],
  ['an unknown parameter', [instant('a', { when: 'parameters.x == 1' })], {}, /there is no parameter x/],
  ['a step that is not over', [instant('a', { when: 'steps.b.state == 1' }), instant('b')], {}, /uses steps\.b/],
  [
    'a step that comes after',
    [instant('a', { when: "steps.b.state == ''" }), instant('b', { dependsOn: ['a'] })],
    {},
    /steps\.b/,
  ],
  [
    'its own outputs',
    [scale('a', { scale: { target: deployment('x'), replicas: '{{ steps.a.outputs.n }}' } })],
    {},
    /steps\.a/,
  ],
  [
    'steps in the name of a target',
    [scale('a', { scale: named('{{ steps.b.outputs.n }}') }), scale('b')],
    {},
    /parameters only/,
  ],
  [
    'steps in the name of a listed target',
    [scale('a')],
    { targets: [{ ...deployment('{{ steps.a.outputs.n }}'), access: 'Shared' }] },
    /parameters only/,
  ],
  [
    'steps in the name of a service',
    [{ name: 'a', failover: { service: '{{ steps.b.outputs.n }}', to: 'Standby' } }],
    {},
    /parameters only/,
  ],
  [
    'an unknown name in a compensation',
    [scale('a', { compensate: { wait: { duration: '{{ parameters.x }}' } } })],
    {},
    /compensate: there is no parameter x/,
  ],
  [
    'an unreadable expectation',
    [{ name: 'a', http: { ...get, expect: { expression: 'code == 1' } } }],
    {},
    /uses code/,
  ],
  ['an unreadable wait', [{ name: 'a', wait: { target: deployment('x'), expression: 'objekt.x' } }], {}, /uses objekt/],
  ['no action', [{ name: 'a' }], {}, /step a has no action: write exactly one/],
  ['two actions', [instant('a', { approval: { required: 1 } })], {}, /step a has wait and approval: write exactly one/],
  [
    'auto where it is not possible',
    [{ name: 'a', restart: { target: deployment('x') }, compensate: { auto: true } }],
    {},
    /step a cannot be undone by compensate.auto/,
  ],
  ['a timeout that is none', [instant('a', { timeout: 'soon' })], {}, /step a: "soon" is not a duration/],
  [
    'a criterion that has no time',
    [instant('a')],
    { successCriteria: [{ expression: 'true', for: '2m', within: '1m' }] },
    /successCriteria\[0\]: it cannot hold for 2m within 1m/,
  ],
  [
    'a criterion of an unknown step',
    [instant('a')],
    { successCriteria: [{ expression: "steps.b.state == ''", for: '0s', within: '1m' }] },
    /successCriteria\[0\]: uses steps.b/,
  ],
  [
    'object without a target',
    [instant('a')],
    { successCriteria: [{ expression: 'object.x == 1', for: '0s', within: '1m' }] },
    /uses object/,
  ],
  [
    'an unreadable patch',
    [{ name: 'a', patch: { target: deployment('x'), type: 'Merge', patch: 'spec: {replicas: {{ parameters.n }}}' } }],
    { parameters: [{ name: 'n', value: '1' }] },
    /step a: .*write templates in quotes/,
  ],
  [
    'a Job that is nested deeply',
    [{ name: 'a', job: { template: JSON.parse('{"template":'.repeat(9_000) + '{}' + '}'.repeat(9_000)) as Job } }],
    {},
    /step a: job.template is nested deeper than 100 levels/,
  ],
  [
    'more templates than anybody wants to wait for',
    [{ name: 'a', job: { template: { template: { args: Array<string>(5_001).fill('{{1}}') } } } }],
    {},
    /it has 5001 templates, and at most 5000 are read/,
  ],
  [
    'more than leaves room for a status',
    [{ name: 'a', job: { template: { template: { args: ['x'.repeat(1_048_576)] } } } }],
    {},
    /it takes 1048\d{3} bytes, and at most 1048576 leave room for its status/,
  ],
  [
    'more patches than anybody wants to wait for',
    Array.from({ length: 9 }, (_, n) => ({
      name: `a${n}`,
      patch: { target: deployment('x'), type: 'Merge', patch: `#${'x'.repeat(16_383)}` },
    })),
    {},
    /its patches have 147456 characters together, and at most 131072 are read/,
  ],
])('names %s', (_, steps, more, message) => {
  expect(problems(steps, more).join('\n')).toMatch(message);
});

it('says everything at once', () => {
  const found = problems([instant('a', { when: 'x' }), instant('b', { when: 'parameters.y', timeout: 'never' })]);
  expect(found).toHaveLength(3);
});

describe('of a workflow without an account', () => {
  const read = { target: deployment('x'), condition: 'Available' };
  const without = (steps: WorkflowStep[], more: Partial<WorkflowSpec> = {}): string[] =>
    accountProblems(specOf(steps, more)).map(({ message }) => message);

  it('nothing is wrong where nobody needs one', () => {
    expect(without([instant('a'), { name: 'b', workflow: { template: 'x' } }])).toEqual([]);
    expect(accountProblems(specOf([scale('a')], { serviceAccountName: 'ops' }))).toEqual([]);
  });

  test.each<[string, WorkflowStep]>([
    ['writes', scale('a')],
    ['waits for an object', instant('a', { wait: read })],
    ['lets another one go', { name: 'a', workflow: { name: 'x' } }],
    ['undoes by waiting for an object', instant('a', { compensate: { wait: read } })],
  ])('a step that %s needs one', (_, step) => {
    expect(without([step])).toEqual([
      'step a reads or writes as a ServiceAccount: write one with spec.serviceAccountName',
    ]);
  });

  it('a criterion that reads an object needs one', () => {
    const criterion = { target: deployment('x'), expression: 'true', for: '0s', within: '1m' };
    expect(without([instant('a')], { successCriteria: [criterion] })[0]).toMatch(/^successCriteria\[0\] reads/);
  });
});

it.each<[string, number, Partial<WorkflowSpec>, string[]]>([
  [
    'two people, for nobody',
    2,
    {},
    ['step a asks for two or more people beside who asked for the workflow: write yourself with spec.requestedBy'],
  ],
  ['two people, for somebody', 2, { requestedBy: 'alice' }, []],
  ['one, for nobody', 1, {}, []],
])('asks %s', (_, required, more, said) => {
  const found = requesterProblems(specOf([{ name: 'a', approval: { required } }], more));
  expect(found.map(({ message }) => message)).toEqual(said);
});
