import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCrd, type Schema } from '../../../hack/generate/crd.ts';
import { apiReference } from '../../../hack/generate/reference/api.ts';
import { settingsReference } from '../../../hack/generate/reference/settings.ts';
import { typesOf } from '../../../hack/generate/types.ts';
import { CONDITIONS } from '../../../src/api/conditions.ts';
import { settingsSchema } from '../../../src/config/schema.ts';

/** In the order of the reference. */
const FILES: Readonly<Record<string, string>> = {
  OrchestratedService: 'orchestrated-service',
  Workflow: 'workflow',
  WorkflowTemplate: 'workflow-template',
  ScheduledWorkflow: 'scheduled-workflow',
  Orchestration: 'orchestration',
};
const PLURALS = Object.keys(FILES).map((kind) => `${kind.toLowerCase()}s`);
const CRDS = PLURALS.map((plural) => `crds/${plural}.baton.dev.yaml`);
const reference = readFileSync('docs/reference/api.md', 'utf8');

/** Every field below `schema` with its path; `[]` stands for an element. */
function fields(schema: Schema, path = ''): [string, Schema][] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]): [string, Schema][] => [
    [`${path}.${name}`, field],
    ...fields(field, `${path}.${name}`),
  ]);
  return schema.items === undefined ? own : [...own, ...fields(schema.items, `${path}[]`)];
}

describe.each(CRDS)('%s', async (path) => {
  const crd = await readCrd(path);
  const { spec, status } = crd.schema.properties ?? {};
  const specFields = fields(spec ?? {}, 'spec');
  const all = [...specFields, ...fields(status ?? {}, 'status')];

  it('describes every field and column in sentences', () => {
    const bare = all.filter(([, { description }]) => !/^[A-Za-z].*\.$/.test(description ?? ''));
    expect(bare.map(([field]) => field)).toEqual([]);
    expect(crd.columns.filter(({ description }) => !description).map(({ name }) => name)).toEqual([]);
  });

  it('bounds every text and list of the spec, so that the rules stay in the budget of the API server', () => {
    const unbounded = specFields.filter(([, field]) => {
      const isText = field.type === 'string' && field.enum === undefined;
      return (isText && field.maxLength === undefined) || (field.items !== undefined && field.maxItems === undefined);
    });
    expect(unbounded.map(([field]) => field)).toEqual([]);
  });

  it('says of every rule what to write instead', () => {
    const rules = [crd.schema, spec ?? {}, ...specFields.flatMap(([, field]) => [field, field.items ?? {}])].flatMap(
      (schema) => schema['x-kubernetes-validations'] ?? [],
    );
    expect(rules.length).toBeGreaterThan(5);
    expect(rules.filter(({ message }) => !message)).toEqual([]);
  });

  it('is documented with every field and column', () => {
    const missing = all.filter(([field]) => {
      const [, parent = '', name = ''] = /^(.*)\.([^.]+)$/.exec(field) ?? [];
      const section = reference.split(`\n### ${crd.kind}: ${parent}\n`)[1]?.split('\n### ')[0];
      return section?.includes(`| \`${name}\``) !== true;
    });
    expect(missing.map(([field]) => field)).toEqual([]);
    const columns = reference.split(`\n### ${crd.kind}: columns\n`)[1]?.split('\n### ')[0] ?? '';
    for (const { name, jsonPath } of crd.columns) {
      const rows = ['', ' (wide)'].map((wide) => `| ${name.toUpperCase()}${wide} | \`${jsonPath}\` |`);
      expect(rows.filter((row) => columns.includes(row))).toHaveLength(1);
    }
  });

  it('has types that are up to date', async () => {
    expect(readFileSync(`src/api/generated/${FILES[crd.kind]}.ts`, 'utf8')).toBe(await typesOf(path));
  });

  it('has columns that read conditions there are', () => {
    const named = crd.columns.flatMap(({ jsonPath }) => /@\.type=="(\w+)"/.exec(jsonPath)?.[1] ?? []);
    expect(Object.keys(CONDITIONS)).toEqual(expect.arrayContaining(named));
  });
});

describe('a workflow and its template', async () => {
  const [workflow, template] = await Promise.all(
    ['workflows', 'workflowtemplates'].map(async (plural) => {
      const { schema } = await readCrd(`crds/${plural}.baton.dev.yaml`);
      return schema.properties?.['spec']?.properties ?? {};
    }),
  );
  const own = ['description', 'parameters'];
  const shared = Object.keys(template ?? {}).filter((field) => !own.includes(field));

  // The status of a workflow is written often, and with each write its rules are looked at: some look at what is new only.
  const always = (field: Schema | undefined): unknown =>
    JSON.parse(
      JSON.stringify(field).replaceAll('oldSelf.hasValue() || ', '').replaceAll(',"optionalOldSelf":true', ''),
    );

  it('have the same parts, with the same rules and words', () => {
    expect(shared).toHaveLength(9);
    expect(shared.map((field) => always(workflow?.[field]))).toEqual(shared.map((field) => always(template?.[field])));
  });

  it('have no default in what a template gives, which would look as if the workflow said it', () => {
    expect(shared.filter((field) => workflow?.[field]?.default !== undefined)).toEqual([]);
  });

  it('have every part of what is done fixed once it runs, and kept from others by the admission policy', async () => {
    const orders = ['suspend', 'cancel', 'priority', 'approvals'];
    const kept = ['requestedBy', 'serviceAccountName', 'templateRef'];
    const { schema } = await readCrd('crds/workflows.baton.dev.yaml');
    const rule = schema['x-kubernetes-validations']?.find(({ message }) =>
      message.includes('only suspend, cancel'),
    )?.rule;
    const rest = Object.keys(workflow ?? {}).filter((field) => ![...orders, ...kept].includes(field));
    expect(rest.filter((field) => rule?.includes(`self.spec.${field} == oldSelf.spec.${field}`) !== true)).toEqual([]);
    const policy = readFileSync('charts/baton/templates/admission.yaml', 'utf8');
    expect(policy).toContain(`f in ['${orders.join("', '")}']`);
    expect(policy).toContain(`f in ['${shared.join("', '")}']`);
  });
});

describe('the reference', () => {
  it('of the API is up to date', async () => {
    expect(reference).toBe(apiReference(await Promise.all(CRDS.map(readCrd))));
  });

  it('of the settings is up to date and has every key', () => {
    const settings = readFileSync('docs/reference/settings.md', 'utf8');
    expect(settings).toBe(settingsReference());
    for (const key of Object.keys(settingsSchema.shape)) expect(settings).toContain(`| \`${key}\` |`);
  });
});
