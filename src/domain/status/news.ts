import type { OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { ScalingFindings } from '../scaling/findings.ts';
import { advise } from './conditions.ts';
import type { Transition } from './transitions.ts';

type Anomalies = NonNullable<OrchestratedServiceStatus['anomalies']>;
type Recommendations = NonNullable<OrchestratedServiceStatus['recommendations']>;

/** What became unusual in one look is one Event, and what ended too. */
export function anomalyTransitions(
  before: Anomalies = [],
  after: Anomalies = [],
  scaling: ScalingFindings | undefined,
): Transition[] {
  const began = missingFrom(before, after);
  const ended = missingFrom(after, before).filter(({ metric }) => !after.some((one) => one.metric === metric));
  // Who learns anew, as after a restart without a history, knows no more than that it does not know.
  const over = ended.filter(({ metric }) => scaling?.unjudged?.get(metric) !== 'Learning');
  const news = (to: 'Found' | 'Over', list: Anomalies, note: string): Transition[] => {
    if (list.length === 0) return [];
    const from = to === 'Found' ? 'Over' : 'Found';
    const evidence = { confidence: scaling?.evidence.confidence, inputs: list };
    return [{ kind: 'Anomaly', from, to, reason: 'MetricUnusual', message: note, type: 'Normal', evidence }];
  };
  return [
    ...news('Found', began, advise(began.map(sentence).join('; '), 'MetricUnusual')),
    ...news('Over', scaling === undefined ? [] : over, `no longer: ${over.map(sentence).join('; ')}`),
  ];
}

const missingFrom = (some: Anomalies, others: Anomalies): Anomalies =>
  others.filter(
    (one) =>
      !some.some(
        ({ metric, since, direction }) => metric === one.metric && since === one.since && direction === one.direction,
      ),
  );

const sentence = ({ metric, since, direction, value, expected }: Anomalies[number]): string =>
  `${metric} is unusually ${direction === 'High' ? 'high' : 'low'} since ${since}: ${value}, where ${expected} was expected`;

/** Certainty that grows is no news; another action is. What is found when a service is adopted is in its status, and calls nobody. */
export function recommendationTransitions(
  before: Recommendations | undefined,
  after: Recommendations = [],
  isQuiet: boolean,
): Transition[] {
  const news = (one: Recommendations[number], to: string, from: string, message: string): Transition => {
    const evidence = { confidence: one.confidence, inputs: one };
    const told = {
      kind: 'Recommendation',
      from,
      to,
      reason: 'Recommended',
      message,
      type: 'Normal',
      evidence,
    } as const;
    return isQuiet ? { ...told, isQuiet } : told;
  };
  const made = after.flatMap((one) => {
    const old = before?.find(({ type }) => type === one.type);
    if (old?.action === one.action) return [];
    const message = `${one.action}: ${one.because}`;
    return [old === undefined ? news(one, 'Made', '', message) : news(one, 'Changed', old.action, message)];
  });
  const withdrawn = (before ?? []).filter(({ type }) => !after.some((one) => one.type === type));
  return [...made, ...withdrawn.map((one) => news(one, 'Withdrawn', one.action, `no longer: ${one.action}`))];
}
