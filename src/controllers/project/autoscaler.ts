import type { OwnerReference } from '../../domain/snapshot.ts';
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
