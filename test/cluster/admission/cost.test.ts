import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { Api } from '../support/api.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
/** How often each rule could be there: a server of another release estimates costs anew, and rules grow. */
const MARGIN = 2;

interface Definition {
  readonly metadata: { name: string };
  readonly spec: { group: string };
}

/** Every rule as often, in one expression: its own cost and the sum of all are multiplied. */
function repeated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(repeated);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) =>
      key === 'rule' && typeof child === 'string'
        ? [key, Array.from({ length: MARGIN }, () => `(${child})`).join(' && ')]
        : [key, repeated(child)],
    ),
  );
}

test.each(['orchestratedservices', 'orchestrations'])(
  'the rules of %s are far inside the budget of the API server',
  async (plural) => {
    const definition = parse(await readFile(`crds/${plural}.baton.dev.yaml`, 'utf8')) as Definition;
    const body = repeated(definition) as Definition;
    // A kind of its own, which is validated and not made.
    body.spec.group = 'cost.example.dev';
    body.metadata.name = `${plural}.${body.spec.group}`;
    const answer = await new Api().call('POST', CRDS, { body, query: { dryRun: 'All' } });
    expect([answer.status, answer.message]).toEqual([201, expect.anything()]);
  },
);
