import type { OrchestratedService } from '../../api/kinds.ts';
import type { WorkloadSnapshot } from '../snapshot.ts';
import { readState } from './read.ts';
import { isMoving } from './state.ts';

type Service = Pick<OrchestratedService, 'spec' | 'status'>;
export type WorkloadRef = OrchestratedService['spec']['targetRef'];

/** The workload that serves: health, replicas and scaling are its. That of targetRef, but while a failover has traffic at the standby. */
export function servingRef({ spec, status }: Service): WorkloadRef {
  return spec.failover !== undefined && status?.failover?.active === 'Standby'
    ? spec.failover.standbyRef
    : spec.targetRef;
}

/** Both workloads of a service, the one that serves and the one that may. */
export const workloadRefs = ({ spec }: Pick<Service, 'spec'>): readonly WorkloadRef[] =>
  spec.failover === undefined ? [spec.targetRef] : [spec.targetRef, spec.failover.standbyRef];

/**
 * A workload that was fenced before traffic could leave it is not one that somebody scaled to zero on purpose: it still wants the pods that
 * were taken from it, and serves nobody.
 */
export function asServing({ spec, status }: Service, workload: WorkloadSnapshot): WorkloadSnapshot {
  if (workload.desired > 0 || spec.failover === undefined || status?.failover === undefined) return workload;
  const state = readState(status.failover);
  const isFenced = isMoving(state) && state.to !== state.active && state.leaving !== undefined;
  return isFenced ? { ...workload, desired: state.leaving ?? 0 } : workload;
}
