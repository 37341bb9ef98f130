import type { WorkloadReference } from '../../domain/guard/act.ts';
import type { Forbidden } from '../acts/ports.ts';

/** What scaling asks the API server, beside what it has done. */
export interface ScalePort {
  /** Who last wrote the replicas, and what they are now; undefined where nobody can tell. */
  owner(
    reference: WorkloadReference,
    signal: AbortSignal,
  ): Promise<{ readonly replicas: number; readonly manager: string | undefined } | undefined>;
  /** Whether a KEDA ScaledObject scales the workload; `none` also where there is no KEDA. */
  scaledObject(
    workload: { readonly namespace: string; readonly kind: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'found'; readonly name: string } | { readonly kind: 'none' } | Forbidden>;
}

/** Where the load of services is kept over restarts; see src/history for the contract. */
export interface LoadHistory {
  appendLoad(key: string, at: number, value: number): void;
  loadSeries(key: string, since: number): Promise<{ readonly at: Float64Array; readonly value: Float64Array }>;
}
