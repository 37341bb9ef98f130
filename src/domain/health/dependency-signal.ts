import type { DependencyState } from '../dependencies/evaluate.ts';
import { cut } from './names.ts';
import { type LastSignal, missingSignal, type Signal, WEIGHTS } from './signal.ts';

type Below = Extract<DependencyState, { state: 'Below' }>;

const NAME = 'dependencies';
const NONE = 'none';

/** 100, or the lowest score among the dependencies below their minimum. Those of which nothing is known, and circles, say nothing. */
export function dependencySignal(dependencies: readonly DependencyState[], last: LastSignal | undefined): Signal {
  let worst: Below | undefined;
  let known = 0;
  for (const dependency of dependencies) {
    if (dependency.state === 'Ready') known += 1;
    if (dependency.state !== 'Below') continue;
    known += 1;
    if (worst === undefined || isLower(dependency, worst)) worst = dependency;
  }
  if (worst !== undefined) {
    const finding = `${worst.key} is ${worst.health}, at least ${worst.minimumHealth} is needed`;
    return fresh(worst.score, `${worst.score} (${worst.key} ${worst.health})`, finding);
  }
  if (dependencies.length === 0) return fresh(100, NONE, 'it depends on no other service');
  if (known > 0)
    return fresh(100, `${known} of ${dependencies.length} ready`, 'the dependencies are at their minimum or above');
  return unknown(dependencies, last);
}

function isLower(a: Below, b: Below): boolean {
  return a.score === b.score ? a.key < b.key : a.score < b.score;
}

function fresh(score: number, value: string, finding: string): Signal {
  const { dependencies: weight } = WEIGHTS;
  const reason = 'DependencyUnhealthy';
  return {
    state: 'fresh',
    name: NAME,
    weight,
    score,
    value: cut(value, 64),
    finding,
    evidence: finding,
    reason,
    critical: false,
  };
}

function unknown(dependencies: readonly DependencyState[], last: LastSignal | undefined): Signal {
  const { dependencies: weight } = WEIGHTS;
  const isCycle = dependencies.every(({ state }) => state === 'Cycle');
  const isAbsent = dependencies.every(({ state }) => state === 'NotFound');
  const reason = isCycle ? 'DependencyCycle' : isAbsent ? 'DependencyNotFound' : 'DependencyUnknown';
  const evidence = 'nothing is known of the dependencies';
  return missingSignal({
    name: NAME,
    weight,
    critical: false,
    reason,
    evidence,
    last,
    scoreOf,
    whenBad: 'DependencyUnhealthy',
  });
}

/** Values are `35 (shop/db Critical)`, `2 of 2 ready` or `none`. */
function scoreOf(value: string): number | undefined {
  const [, score] = /^(\d+(?:\.\d+)?) \(/.exec(value) ?? [];
  return score === undefined ? 100 : Number(score);
}
