import type { OwnerReference, WorkloadSnapshot } from '../../domain/snapshot.ts';
import type { Cache } from '../ports.ts';
import { targetKey } from '../service/caches.ts';
import { controllerOf, type RawMeta } from './meta.ts';

/** The part of an autoscaling/v2 HorizontalPodAutoscaler that is looked at. */
export interface RawAutoscaler {
  metadata: RawMeta;
  spec: {
    scaleTargetRef: { apiVersion?: string; kind: string; name: string };
    minReplicas?: number;
    maxReplicas: number;
  };
}

export interface AutoscalerSnapshot {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly owner: OwnerReference | undefined;
  /** As targetKey gives it. */
  readonly target: string;
  readonly minReplicas: number;
  readonly maxReplicas: number;
}

export const BY_SCALE_TARGET = 'scale-target';
export const AUTOSCALER_INDEXES = { [BY_SCALE_TARGET]: ({ target }: AutoscalerSnapshot): string => target };

/** Who gives a workload replicas: KEDA does it through a HorizontalPodAutoscaler of its own, which is there but while it is paused. */
export function autoscalerOf(
  autoscalers: Pick<Cache<AutoscalerSnapshot>, 'byIndex'>,
  { apiVersion, kind, namespace, name }: Pick<WorkloadSnapshot, 'apiVersion' | 'kind' | 'namespace' | 'name'>,
): { readonly kind: 'HorizontalPodAutoscaler' | 'ScaledObject'; readonly name: string } | undefined {
  const [found] = autoscalers.byIndex(BY_SCALE_TARGET, targetKey(apiVersion, kind, namespace, name));
  if (found === undefined) return undefined;
  const { owner } = found;
  return owner?.kind === 'ScaledObject'
    ? { kind: 'ScaledObject', name: owner.name }
    : { kind: 'HorizontalPodAutoscaler', name: found.name };
}

export function projectAutoscaler({ metadata, spec }: RawAutoscaler): AutoscalerSnapshot {
  const { namespace = '', name, uid, resourceVersion } = metadata;
  const { apiVersion = '', kind, name: of } = spec.scaleTargetRef;
  return {
    namespace,
    name,
    uid,
    resourceVersion,
    owner: controllerOf(metadata),
    target: targetKey(apiVersion, kind, namespace, of),
    minReplicas: spec.minReplicas ?? 1,
    maxReplicas: spec.maxReplicas,
  };
}
