import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONDITIONS } from '../../../src/api/conditions.ts';
import { EVENTS } from '../../../src/api/events.ts';
import { type Reason, REASONS } from '../../../src/api/reasons.ts';
import type { MissingReason } from '../../../src/domain/reading.ts';
import type { Transition } from '../../../src/domain/status/transitions.ts';
import { METRICS } from '../../../src/telemetry/metrics.ts';
import { Metrics } from '../../../src/telemetry/registry.ts';

const page = (name: string): string => readFileSync(`docs/reference/${name}.md`, 'utf8');
/** Of the rows of a page's tables: the first column. */
const rows = (name: string): string[] => [...page(name).matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '');

const CATALOGUES = ['src/api', 'src/telemetry/metrics.ts'];
/** The source that uses the catalogues, without comments. */
const source = readdirSync('src', { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((path) => !CATALOGUES.some((catalogue) => path.startsWith(catalogue)))
  .map((path) => readFileSync(path, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''))
  .join('\n');
const unused = (words: readonly string[]): string[] =>
  words.filter((word) => !new RegExp(`['"\`.]${word}['"\`]|\\b${word}:`).test(source));

describe('the catalogue of reasons', () => {
  it('has every reason that a reading or a transition can carry', () => {
    // Checked by the compiler: the assignment stops being valid when a type has a word that the catalogue lacks.
    const used: readonly (MissingReason | Transition['reason'])[] = ['NoData', 'StateChanged'];
    const reasons: readonly Reason[] = used;
    expect(Object.keys(REASONS)).toEqual(expect.arrayContaining([...reasons]));
  });

  it('has none that the source does not use', () => {
    expect(unused(Object.keys(REASONS))).toEqual([]);
  });

  it('is documented, with every condition, and nothing else is', () => {
    expect(rows('reasons')).toEqual([...Object.keys(CONDITIONS), ...Object.keys(REASONS)]);
  });

  it('has conditions that the source uses', () => {
    expect(unused(Object.keys(CONDITIONS))).toEqual([]);
  });

  it.each(Object.entries(REASONS))('says of %s what it means and what to do, in sentences', (_, { means, todo }) => {
    expect(means).toMatch(/^[A-Z].*\.$/);
    expect(todo).toMatch(/^(kubectl|[A-Z]).*\.$/);
  });
});

describe('the catalogue of Events', () => {
  it('is documented, and nothing else is', () => {
    expect(rows('events')).toEqual(Object.keys(EVENTS));
  });

  it('has none that the source does not use', () => {
    expect(unused(Object.keys(EVENTS))).toEqual([]);
  });
});

describe('the catalogue of metrics', () => {
  it('is documented, and nothing else is', () => {
    expect(rows('metrics')).toEqual(METRICS.map(({ name }) => name));
  });

  it('has everything that is registered', async () => {
    const text = await new Metrics({ version: '0' }).text();
    const registered = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1] ?? '');
    const own = registered.filter((name) => !/^(process|nodejs)_/.test(name));
    expect(own.sort()).toEqual(METRICS.map(({ name }) => name).sort());
  });

  it('has none that the source does not use', () => {
    expect(unused(METRICS.map(({ name }) => name))).toEqual([]);
  });

  it('names units as Prometheus does, and never a pod', () => {
    const suffixes = { counter: '_total', histogram: '_seconds', gauge: '' };
    for (const { name, type, labels } of METRICS) {
      expect(name.endsWith(suffixes[type])).toBe(true);
      expect(labels).not.toContain('pod');
    }
  });
});
