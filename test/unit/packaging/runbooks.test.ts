import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readRunbook } from '../../../hack/demo/runbooks.ts';
import { shop } from '../../../hack/demo/shop.ts';
import { type KubernetesObject, parseObjects } from '../../../hack/generate/deploy.ts';
import type { WorkflowSpec, WorkflowStep, WorkflowTemplateSpec } from '../../../src/api/kinds.ts';
import { compile, isTrue, loadExpressions } from '../../../src/domain/workflow/expression.ts';
import { instantiate } from '../../../src/domain/workflow/instantiate.ts';
import { readTemplate } from '../../../src/domain/workflow/template.ts';

// What can be seen in deploy/runbooks without a cluster; test/cluster/operator/runbooks.test.ts runs them.

beforeAll(loadExpressions);

const NAMES = readdirSync('deploy/runbooks').map((file) => file.replace(/\.yaml$/, ''));

async function read(name: string) {
  const { manifest, workflow } = await readRunbook(name, 'shop');
  const objects = parseObjects(manifest);
  const found = (kind: string): unknown =>
    objects.find((object) => object.kind === kind && object.metadata.name === name);
  const { spec: template } = found('WorkflowTemplate') as { spec: WorkflowTemplateSpec };
  const { spec } = parse(workflow) as { spec: Pick<WorkflowSpec, 'serviceAccountName' | 'templateRef' | 'parameters'> };
  const { rules } = found('Role') as { rules: { resources: string[]; resourceNames?: string[]; verbs: string[] }[] };
  return { objects, template, spec, rules };
}

const matches = (pattern: string, text: string): boolean => new RegExp(`^(?:${pattern})$`).test(text);

it('has one of each type', async () => {
  const types = await Promise.all(NAMES.map(async (name) => String((await read(name)).template.type)));
  expect(types.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
    'Maintenance',
    'Monitoring',
    'Optimization',
    'Recovery',
    'Scaling',
  ]);
});

describe.each(NAMES)('%s', (name) => {
  it('is started by what its comments say, as the account that comes with it', async () => {
    const { objects, template, spec } = await read(name);
    expect([spec.templateRef?.name, spec.serviceAccountName]).toEqual([name, name]);
    const kinds = objects.map(({ kind }) => kind);
    for (const kind of ['WorkflowTemplate', 'ServiceAccount', 'Role', 'RoleBinding']) expect(kinds).toContain(kind);
    expect(instantiate(template, spec.parameters ?? [], matches)).toMatchObject({ ok: true });
  });

  it('has an account that may get and patch what it writes to, and nothing else by those verbs', async () => {
    const { template, spec, rules } = await read(name);
    const made = instantiate(template, spec.parameters ?? [], matches);
    const steps: readonly WorkflowStep[] = made.ok ? (made.spec.steps ?? []) : [];
    const parameters = Object.fromEntries(
      (made.ok ? (made.spec.parameters ?? []) : []).map((one) => [one.name, one.value]),
    );
    const named = steps.flatMap(({ scale, restart, patch, failover }) => {
      const name = (scale ?? restart ?? patch)?.target.name ?? failover?.service;
      if (name === undefined) return [];
      const read = readTemplate(name, ['parameters']);
      const filled = read.ok ? read.template.render({ parameters }) : read;
      return filled.ok ? [String(filled.value)] : [];
    });
    const writing = rules.filter(({ verbs }) => verbs.includes('patch'));
    expect(writing.map(({ verbs }) => verbs)).toEqual(writing.map(() => ['get', 'patch']));
    const granted = writing.flatMap(({ resourceNames = ['everything'] }) => resourceNames);
    expect(granted.toSorted()).toEqual([...new Set(named)].toSorted());
    const there = (shop('shop') as KubernetesObject[]).map(({ metadata }) => metadata.name);
    expect(there).toEqual(expect.arrayContaining(granted));
  });
});

it('has a drill that fails where the gap is longer than it may be', async () => {
  const { template } = await read('failover-drill');
  const expression = template.successCriteria?.[0]?.expression ?? '';
  const within = (most: string, seconds: object): unknown => {
    const compiled = compile(expression, ['parameters', 'steps']);
    if (!compiled.ok) throw new Error(compiled.message);
    return isTrue(compiled.expression, { parameters: { most }, steps: { away: { outputs: { seconds } } } });
  };
  expect(within('3', { preparation: 9, fencing: 2.5, switch: 0.5 })).toEqual({ ok: true, is: true });
  expect(within('3', { preparation: 0, fencing: 3, switch: 0.001 })).toEqual({ ok: true, is: false });
  expect(within('3', { preparation: 0, fencing: 1, switch: 2 })).toEqual({ ok: true, is: true });
});
