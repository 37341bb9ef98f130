import { holdOf } from '../../domain/emergency/hold.ts';
import type { WorkloadSnapshot } from '../../domain/snapshot.ts';
import type { Target } from '../../domain/status/input.ts';
import { moment, type RawMeta } from '../project/meta.ts';
import type { ReadForeign } from './target.ts';

/** The answers that the API server gives about an object of any kind; src/kube asks. Rejects when `signal` aborts. */
interface ForeignReader {
  /** The object and its scale subresource (autoscaling/v1). */
  read(
    reference: {
      readonly apiVersion: string;
      readonly kind: string;
      readonly namespace: string;
      readonly name: string;
    },
    signal: AbortSignal,
  ): Promise<ForeignAnswer>;
}

type ForeignAnswer =
  | { readonly kind: 'found'; readonly object: RawForeign; readonly scale: RawScale }
  | { readonly kind: 'unknownKind' | 'noScale' | 'notFound' | 'unavailable' }
  | { readonly kind: 'forbidden'; readonly verb: string; readonly resource: string };

interface RawForeign {
  readonly metadata: Pick<
    RawMeta,
    'name' | 'namespace' | 'uid' | 'resourceVersion' | 'generation' | 'creationTimestamp' | 'deletionTimestamp'
  > & { readonly annotations?: Readonly<Record<string, string>> };
  readonly status?: { readonly observedGeneration?: number | string };
}

interface RawScale {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly selector?: string };
}

const REASONS = {
  unknownKind: 'TargetKindUnknown',
  noScale: 'TargetNotScalable',
  notFound: 'TargetNotFound',
  unavailable: 'TargetUnavailable',
} as const;

/** Workloads of other kinds, through what every one of them has: metadata and a scale subresource. */
export function foreignTargets(reader: ForeignReader): ReadForeign {
  return async (reference, signal): Promise<Target> => {
    const answer = await reader.read(reference, signal);
    if (answer.kind === 'forbidden') {
      return { state: 'Absent', reason: 'Forbidden', verb: answer.verb, resource: answer.resource };
    }
    if (answer.kind !== 'found') return { state: 'Absent', reason: REASONS[answer.kind] };
    const { apiVersion, kind } = reference;
    return { state: 'Found', workload: project(apiVersion, kind, answer.object, answer.scale) };
  };
}

function project(
  apiVersion: string,
  kind: string,
  { metadata, status }: RawForeign,
  scale: RawScale,
): WorkloadSnapshot {
  const hold = holdOf(metadata.annotations);
  const observed = Number(status?.observedGeneration);
  return {
    apiVersion,
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    // Whoever owns it is of no kind that leads to pods.
    owner: undefined,
    terminating: metadata.deletionTimestamp !== undefined,
    createdAt: moment(metadata.creationTimestamp) ?? 0,
    generation: metadata.generation ?? 0,
    observedGeneration: status?.observedGeneration === undefined || Number.isNaN(observed) ? undefined : observed,
    // A scale that leaves out replicas asks for none (omitempty of autoscaling/v1).
    desired: scale.spec?.replicas ?? 0,
    ...(hold && { hold }),
    selector: scale.status?.selector ?? '',
    rollout: { state: 'Untold' },
  };
}
