import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Strategy } from '../../../src/domain/scaling/strategies.ts';
import { scoresOf } from '../../../src/domain/scores/scores.ts';
import { demand, scaling } from '../domain/recommendations/fixtures.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

const optimization = (needed: number, budgetRemaining: number, strategy?: Strategy): number | undefined =>
  scoresOf({
    scaling: scaling({ costPerReplicaHour: '0.12', ...(strategy && { strategy }) }),
    objectives: [{ budgetRemaining }],
    health: 100,
    replicas: 4,
    requests: undefined,
    advice: { demand: demand({ needed }) },
  }).optimization;

it('the table of recommendations has every type of the schema, in the order in which they are told', () => {
  const { spec } = parse(read('crds/orchestratedservices.baton.dev.yaml')) as {
    spec: { versions: [{ schema: { openAPIV3Schema: Schema } }] };
  };
  const { status } = spec.versions[0].schema.openAPIV3Schema.properties ?? {};
  const types = status?.properties?.['recommendations']?.items?.properties?.['type']?.enum;
  const rows = [...read('docs/recommendations.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, type]) => type);
  expect(rows.slice(0, types?.length)).toEqual(types);
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly string[];
}

it('what waste takes away is as the page says', () => {
  const [head = '', figures = ''] = read('docs/scores.md').match(/^\| (strategy|`waste`) .*$/gm) ?? [];
  const cells = (row: string) => row.split('|').slice(2, -1);
  const said = cells(head).flatMap((names, column) =>
    names.split(',').map((name) => [name.trim(), Number(cells(figures)[column])] as const),
  );
  expect(said).toHaveLength(6);
  for (const [name, waste] of said) {
    const strategy = name === 'none' ? undefined : (name as Strategy);
    expect(optimization(0, 1, strategy)).toBeCloseTo(100 * (1 - waste));
  }
});

it('the example comes out as the page says', () => {
  expect(optimization(0.6, 0, 'Cost')).toBeCloseTo(80);
  expect(optimization(0.6, -0.25, 'Cost')).toBeCloseTo(60);
});
