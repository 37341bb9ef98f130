import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scoreOfValue } from '../../../src/domain/health/checks.ts';
import { levelOf } from '../../../src/domain/health/level.ts';
import { scoreOf } from '../../../src/domain/health/score.ts';
import { clampScore, type Signal, WEIGHTS } from '../../../src/domain/health/signal.ts';

const PAGE = readFileSync(new URL('../../../docs/health.md', import.meta.url), 'utf8');
/** As it reads, wherever its lines end. */
const TEXT = PAGE.replace(/\s+/g, ' ');
const THRESHOLDS = { warning: 0.01, degraded: 0.05, critical: 0.2 };

const fresh = (name: string, weight: number, score: number, critical = false): Signal => ({
  state: 'fresh',
  name,
  weight,
  score,
  critical,
  value: undefined,
  evidence: '',
  finding: '',
  reason: 'Healthy',
});

/** The signals of "An example by hand". */
const example = ({ ready = 3, figure = 0.03, critical = false } = {}): Signal[] => [
  fresh('availability', WEIGHTS.availability, (ready / 4) * 100),
  fresh('rollout', WEIGHTS.rollout, 100),
  fresh('stability', WEIGHTS.stability, 87.5),
  fresh('resources', WEIGHTS.resources, clampScore(((1 - 0.85) / 0.25) * 100)),
  fresh('dependencies', WEIGHTS.dependencies, 100),
  fresh('errors', 20, scoreOfValue(figure, THRESHOLDS), critical),
];

const limits = { desired: 4, ready: 3, minReplicas: 0 };

test('the page scores thresholds as the code does', () => {
  const rows = /\| figure (.*)\|\n\|[-|]+\n\| score (.*)\|/.exec(PAGE);
  const numbers = (row: string | undefined) =>
    (row ?? '')
      .split('|')
      .filter((cell) => cell.trim() !== '')
      .map(Number);
  const [figures, scores] = [numbers(rows?.[1]), numbers(rows?.[2])];
  expect(figures).toHaveLength(8);
  for (const [index, figure] of figures.entries())
    expect(scoreOfValue(figure, THRESHOLDS)).toBeCloseTo(scores[index] ?? -1, 6);
});

test('the example worked by hand comes to what the code comes to', () => {
  const { score = -1, confidence } = scoreOf(example(), limits);
  expect(TEXT).toContain(`8700 / 110 = ${score.toFixed(2)}: **${levelOf(score)}**`);
  expect(confidence).toBe(1);
});

test('its variations do, too', () => {
  const below = scoreOf(example(), { ...limits, minReplicas: 4 });
  expect([below.score, levelOf(below.score ?? -1)]).toEqual([69, 'Degraded']);
  expect(TEXT).toContain('it is at most 69: **Degraded**');
  const failing = scoreOf(example({ figure: 0.3, critical: true }), limits);
  expect([failing.score, levelOf(failing.score ?? -1)]).toEqual([39, 'Critical']);
  expect(TEXT).toContain(`= ${scoreOfValue(0.3, THRESHOLDS).toFixed(2)} and fails`);
  const silent = scoreOf(
    example().filter(({ name }) => name !== 'resources'),
    limits,
  );
  expect(silent.score).toBe(81);
  const mended = scoreOf(example({ ready: 4 }), { ...limits, ready: 4 });
  expect(TEXT).toContain(`9700 / 110 = ${mended.score?.toFixed(2)}. Still ${levelOf(mended.score ?? -1)}`);
});

test('the page names the weights of the code', () => {
  for (const [name, weight] of Object.entries(WEIGHTS)) expect(TEXT).toContain(`| \`${name}\` | ${weight} |`);
});
