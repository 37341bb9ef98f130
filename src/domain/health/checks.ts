import type { Check } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import type { Reading } from '../reading.ts';
import { cut } from './names.ts';
import { clampScore, EVIDENCE_LIMIT, formatFigure, type LastSignal, missingSignal, type Signal } from './signal.ts';

/** Below this a check fails. */
export const FAILING = 40;

type Thresholds = NonNullable<Check['thresholds']>;

const PASSED = 'passed';
const FAILED = 'failed';

/** The signal of one check. `last` is what the status said of it under the same spec. */
export function check(spec: Check, reading: Reading | undefined, last: LastSignal | undefined): Signal {
  if (reading === undefined) return missing(spec, 'NotAskedYet', 'the check was not made yet', last);
  switch (reading.kind) {
    case 'missing':
      return missing(spec, reading.reason, reading.evidence, last);
    case 'verdict':
      return fresh(spec, reading.passed ? 100 : 0, reading.passed ? PASSED : FAILED, reading.evidence);
    case 'value':
      return figure(spec, reading.value, reading.evidence, last);
  }
}

/** 100 up to warning, 80 there, 55 at degraded, 20 at critical, straight lines between, 0 at twice the distance from warning to critical. */
export function scoreOfValue(value: number, { warning, degraded, critical }: Thresholds): number {
  const sign = critical >= warning ? 1 : -1;
  const excess = (value - warning) * sign;
  if (excess < 0) return 100;
  const toDegraded = (degraded - warning) * sign;
  const toCritical = (critical - warning) * sign;
  if (excess <= toDegraded) return 80 - 25 * (excess / toDegraded);
  if (excess <= toCritical) return 55 - 35 * ((excess - toDegraded) / (toCritical - toDegraded));
  return clampScore(20 - 20 * ((excess - toCritical) / toCritical));
}

function figure(spec: Check, value: number, evidence: string, last: LastSignal | undefined): Signal {
  if (!Number.isFinite(value)) return missing(spec, 'InvalidValue', evidence, last);
  // A check without thresholds is http or tcp, which give verdicts; the schema sees to that.
  const score = spec.thresholds === undefined ? 100 : scoreOfValue(value, spec.thresholds);
  return fresh(spec, score, formatFigure(value), `${evidence}${limitsOf(spec)}`);
}

function limitsOf({ thresholds }: Check): string {
  if (thresholds === undefined) return '';
  return ` (warning ${thresholds.warning}, degraded ${thresholds.degraded}, critical ${thresholds.critical})`;
}

function fresh(spec: Check, score: number, value: string, evidence: string): Signal {
  return {
    state: 'fresh',
    name: spec.name,
    weight: spec.weight,
    score,
    value,
    evidence: cut(evidence, EVIDENCE_LIMIT),
    finding: '',
    reason: 'CheckFailing',
    critical: spec.critical,
  };
}

function missing(spec: Check, reason: Reason, evidence: string, last: LastSignal | undefined): Signal {
  const { name, weight, critical } = spec;
  const scoreOf = (value: string): number | undefined => scoreOfText(spec, value);
  return missingSignal({ name, weight, critical, reason, evidence, last, scoreOf, whenBad: 'CheckFailing' });
}

/** The score that a value in the status stood for. */
function scoreOfText(spec: Check, value: string): number | undefined {
  if (value === PASSED) return 100;
  if (value === FAILED) return 0;
  const figure = Number.parseFloat(value);
  return Number.isNaN(figure) || spec.thresholds === undefined ? undefined : scoreOfValue(figure, spec.thresholds);
}
