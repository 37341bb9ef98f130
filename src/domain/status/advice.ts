import type { OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { AdviceFacts } from '../recommendations/facts.ts';
import { newestPod } from '../recommendations/newest.ts';
import { recommend } from '../recommendations/recommend.ts';
import { withStrategy } from '../scaling/strategies.ts';
import { scoresOf, type ServiceScores } from '../scores/scores.ts';
import type { WorkloadSnapshot } from '../snapshot.ts';
import type { Findings } from './condition-set.ts';

type Recommendations = NonNullable<OrchestratedServiceStatus['recommendations']>;

/** The previous ones stand while the target cannot be read, as its counts do. */
export function recommendationsOf({ input, workload, objectives }: Findings): Recommendations {
  const { service, target, pods, advice } = input;
  const previous = service.status?.recommendations;
  if (workload === undefined) {
    const isUnread = target.state === 'Absent' && /^(Forbidden|TargetUnavailable)$/.test(target.reason);
    return isUnread ? [...(previous ?? [])] : [];
  }
  const { kind, name, desired, selector } = workload;
  const { priority, scaling: written } = service.spec;
  const scaling = written && withStrategy(written, undefined);
  const template = newestPod(pods)?.template;
  const facts: AdviceFacts = {
    coverage: 'Untold',
    ...advice,
    kind,
    name,
    priority,
    desired,
    selector,
    scaling,
    template,
    objectives,
  };
  return [...recommend(facts, previous)];
}

export function serviceScores(
  { input, objectives, assessment }: Findings,
  workload: WorkloadSnapshot | undefined,
): ServiceScores {
  if (workload === undefined) return {};
  return scoresOf({
    scaling: input.service.spec.scaling,
    objectives,
    health: assessment.level.level === 'Unknown' ? undefined : assessment.score,
    replicas: workload.desired,
    requests: newestPod(input.pods)?.template.requests,
    advice: input.advice ?? {},
  });
}
