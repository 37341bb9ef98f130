/** The workload whose replicas are meant: this very one (uid). */
export interface WorkloadReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What became of a write; rejects where trying again may help. */
export type ScaleOutcome =
  | { readonly kind: 'written'; readonly resourceVersion: string }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'forbidden'; readonly verb: string; readonly resource: string };

/** What scaling asks of the API server. Each write is preceded by a look whether this replica still leads, and by a live read. */
export interface ScalePort {
  write(
    reference: WorkloadReference,
    change: { readonly from: number; readonly to: number; readonly stamp: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<ScaleOutcome>;
  /** Who last wrote the replicas, and what they are now; undefined where nobody can tell. */
  owner(
    reference: WorkloadReference,
    signal: AbortSignal,
  ): Promise<{ readonly replicas: number; readonly manager: string | undefined } | undefined>;
  moveBounds(
    reference: {
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
      readonly resourceVersion: string;
    },
    bounds: { readonly minReplicas: number; readonly maxReplicas: number },
    signal: AbortSignal,
  ): Promise<ScaleOutcome>;
  /** Whether a KEDA ScaledObject scales the workload; `none` also where there is no KEDA. */
  scaledObject(
    workload: { readonly namespace: string; readonly kind: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: 'found'; readonly name: string }
    | { readonly kind: 'none' }
    | { readonly kind: 'forbidden'; readonly verb: string; readonly resource: string }
  >;
}

/** Where the load of services is kept over restarts; see src/history for the contract. */
export interface LoadHistory {
  appendLoad(key: string, at: number, value: number): void;
  loadSeries(key: string, since: number): Promise<{ readonly at: Float64Array; readonly value: Float64Array }>;
}
