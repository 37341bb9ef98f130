import type { OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { AdviceFacts } from '../recommendations/facts.ts';
import { recommend } from '../recommendations/recommend.ts';
import { scoresOf, type ServiceScores } from '../scores/scores.ts';
import type { PodSnapshot, PodTemplateFacts, WorkloadSnapshot } from '../snapshot.ts';
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
  const { priority, scaling } = service.spec;
  const template = newestTemplate(pods);
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
    requests: newestTemplate(input.pods)?.requests,
    advice: input.advice ?? {},
  });
}

/** In a rollout the newest pod is the one that stays. */
function newestTemplate(pods: readonly PodSnapshot[]): PodTemplateFacts | undefined {
  let newest: PodSnapshot | undefined;
  for (const pod of pods) {
    if (!pod.terminating && (newest === undefined || pod.createdAt > newest.createdAt)) newest = pod;
  }
  return newest?.template;
}
