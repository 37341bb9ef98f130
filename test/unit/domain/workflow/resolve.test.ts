import { describe, expect, it } from 'vitest';
import { loadExpressions } from '../../../../src/domain/workflow/expression.ts';
import { expressionsOf, resolve, type WrittenAction } from '../../../../src/domain/workflow/resolve.ts';

await loadExpressions();

const TARGET = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop' };
const SCOPE = {
  parameters: { replicas: '3', name: 'shop', evil: '"}}, {"op": "remove"}' },
  steps: { probe: { state: 'Succeeded', outputs: { count: 7, words: ['a', 'b'] } } },
  workflow: { name: 'sale' },
};
const resolved = (action: WrittenAction): unknown => {
  const found = resolve(action, SCOPE);
  return found.ok ? found.action : found.message;
};

describe('what a step says becomes an action', () => {
  it.each([
    ['{{parameters.replicas}}', 3],
    ['{{ steps.probe.outputs.count + 1 }}', 8],
    ['{{ int(parameters.replicas) * 2 }}', 6],
    [5, 5],
  ])('replicas %s', (replicas, number) => {
    expect(resolved({ scale: { target: TARGET, replicas } })).toEqual({
      kind: 'scale',
      target: TARGET,
      replicas: number,
    });
  });

  it.each(['{{parameters.name}}', '-1', '{{ -1 }}', '1.5', '{{ 1000000 }}', '', '{{ true }}'])(
    'refuses replicas %s',
    (replicas) => {
      expect(resolved({ scale: { target: TARGET, replicas } })).toContain('has to be a whole number from 0 to 100000');
    },
  );

  it('tells people who are asked what was found', () => {
    const message = '{{steps.probe.outputs.count}} rows are left. May it go on?';
    expect(resolved({ approval: { groups: ['dba'], required: 1, message } })).toEqual({
      kind: 'approval',
      users: [],
      groups: ['dba'],
      required: 1,
      message: '7 rows are left. May it go on?',
    });
  });

  it('fills templates in after a patch was parsed, so that a value cannot change its structure', () => {
    const patch =
      '{"metadata": {"annotations": {"by": "{{parameters.evil}}", "of": "{{workflow.name}} {{steps.probe.outputs.words}}"}}, "spec": {"n": "{{steps.probe.outputs.count}}"}}';
    expect(resolved({ patch: { target: TARGET, type: 'Merge', patch } })).toEqual({
      kind: 'patch',
      target: TARGET,
      type: 'Merge',
      patch: { metadata: { annotations: { by: SCOPE.parameters.evil, of: 'sale ["a","b"]' } }, spec: { n: 7 } },
    });
  });

  it.each([
    ['JSON', '{"a": 1}', 'has to be a list of operations'],
    ['Merge', '[]', 'has to be an object'],
    ['Merge', 'text', 'has to be an object'],
    ['Merge', '{a: [}', 'neither JSON nor YAML'],
    [
      'Merge',
      'mode: 0644',
      '0644 is 420 to kubectl, which reads it as octal, and 644 in YAML 1.2: write 420, or quotes for a text',
    ],
    ['Merge', 'a: [-0755]', '-0755 is -493 to kubectl'],
    ['JSON', '- {op: add, path: /a, value: 0089}', '0089 is 89 with zeros before it: write 89, or quotes for a text'],
    ['Merge', 'a: &a [1, 2]\nb: [*a, *a]', 'neither JSON nor YAML'],
    ['Merge', 'replicas: {{ parameters.replicas }}', "write templates in quotes: '{{ ... }}'"],
    ['Merge', 'spec: {replicas: .inf}', 'there is no number Infinity in JSON'],
    ['Merge', 'spec: {replicas: "{{ 0.0 / 0.0 }}"}', 'there is no number NaN in JSON'],
  ] as const)('refuses a %s patch %s', (type, patch, message) => {
    expect(resolved({ patch: { target: TARGET, type, patch } })).toContain(message);
  });

  it.each(['../secrets', 'Shop', 'a/b', '', 'a b', '{{ steps.probe.outputs.words }}'])(
    'refuses the name %s',
    (name) => {
      expect(
        resolved({
          restart: { target: { ...TARGET, name: name.includes('{{') ? name : `{{ ${JSON.stringify(name)} }}` } },
        }),
      ).toContain('has to be the name of an object');
    },
  );

  it('fills in every text of a Job, and leaves numbers', () => {
    const template = {
      backoffLimit: 0,
      template: { spec: { containers: [{ name: 'c', args: ['--n={{parameters.replicas}}'] }] } },
    };
    expect(resolved({ job: { template } })).toEqual({
      kind: 'job',
      template: { backoffLimit: 0, template: { spec: { containers: [{ name: 'c', args: ['--n=3'] }] } } },
    });
  });

  it('a wait says how long, or for what', () => {
    expect(resolved({ wait: { duration: '{{parameters.replicas}}s' } })).toEqual({ kind: 'wait', durationMs: 3_000 });
    expect(resolved({ wait: { duration: '169h' } })).toContain('wait.duration has to be from 0s to 168h');
    expect(resolved({ wait: { duration: 'soon' } })).toContain('wait.duration has to be from 0s to 168h');
    expect(resolved({ wait: { target: TARGET, expression: 'object.spec.replicas == 1' } })).toEqual({
      kind: 'wait',
      target: TARGET,
      expression: 'object.spec.replicas == 1',
    });
  });

  it.each([
    ['GET', undefined, true],
    ['PUT', undefined, true],
    ['POST', undefined, false],
    ['POST', true, true],
    ['DELETE', false, false],
  ] as const)('http %s, idempotent %s', (method, idempotent, is) => {
    const http = {
      url: 'http://{{parameters.name}}/x',
      method,
      expect: {},
      ...(idempotent !== undefined && { idempotent }),
    };
    expect(resolved({ http })).toMatchObject({ url: 'http://shop/x', idempotent: is });
  });

  it('a template that fails says which', () => {
    expect(resolved({ wait: { duration: '{{ steps.none.outputs.x }}' } })).toBe(
      '{{ steps.none.outputs.x }}: field not found: none',
    );
    expect(resolved({ wait: { duration: '{{ 1s' } })).toBe('{{ has no }} in "{{ 1s"');
  });

  // Where each {{ is followed to the end of the text this takes minutes.
  it('reads a text with many {{ and no }} in no time', () => {
    const text = '{{'.repeat(5_000) + 'x'.repeat(10_000_000);
    expect(resolved({ wait: { duration: text } })).toContain('{{ has no }} in "{{{{');
  });

  it("a literal {{ is written {{ '{{' }}", () => {
    expect(resolved({ http: { url: "http://x/{{ '{{' }}y", method: 'GET', expect: {} } })).toMatchObject({
      url: 'http://x/{{y',
    });
  });

  it('knows all expressions of an action', () => {
    const found = expressionsOf({
      http: {
        url: 'http://{{parameters.name}}/',
        method: 'GET',
        body: '{{steps.a.state}}',
        expect: { expression: '{{' },
      },
    });
    expect(found.ok && found.expressions.map(({ text }) => text)).toEqual(['parameters.name', 'steps.a.state']);
    // As it is written in JSON, or in YAML.
    for (const patch of [
      '{"a": "{{ parameters.name + \\"b\\" }}"}',
      "a: '{{ parameters.name + ''b'' }}'",
      'a: "{{ parameters.name + \'b\' }}" # {{',
    ]) {
      const inPatch = expressionsOf({ patch: { target: TARGET, type: 'Merge', patch } });
      expect(inPatch.ok && inPatch.expressions.map(({ text }) => text.replaceAll('"', "'"))).toEqual([
        "parameters.name + 'b'",
      ]);
    }
    expect(
      expressionsOf({ job: { template: { template: { metadata: { annotations: { expression: '{{ nope }}' } } } } } }),
    ).toMatchObject({ ok: false });
    expect(expressionsOf({ wait: { duration: '{{ nope }}' } })).toEqual({
      ok: false,
      message: '{{ nope }} uses nope; there is parameters, steps, workflow',
    });
  });
});
