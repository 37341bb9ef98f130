import type { OrchestratedServiceStatus } from '../../api/kinds.ts';
import { timestamp } from '../status/conditions.ts';
import type { HealingAction } from './rules.ts';

type HealingStatus = NonNullable<OrchestratedServiceStatus['healing']>;

export type Circuit = HealingStatus['circuit'];

/** An act that is about to be done: in the status before it is, so that whoever leads then finishes it, once. */
export interface Intent {
  /** Unique to this attempt of this service; the workload is stamped with it. */
  readonly id: string;
  readonly type: HealingAction;
  /** Those to evict. */
  readonly pods: readonly { readonly name: string; readonly uid: string }[];
  /** What to go back to. */
  readonly revision: string | undefined;
}

export interface Episode {
  /** When it was first seen to be ill. */
  readonly since: number;
  /** When it was seen to be well again; undefined while it is ill. */
  readonly recoveredAt: number | undefined;
  /** Acts that were done in it. */
  readonly attempts: number;
}

/** What is remembered of healing: in the status, all of it. Moments are ms since the epoch. */
export interface HealingState {
  readonly circuit: Circuit;
  /** Acts in a row that did not help. */
  readonly failures: number;
  readonly episode: Episode | undefined;
  /** No act before this. */
  readonly nextAttemptAt: number | undefined;
  readonly intent: Intent | undefined;
  /** Whether an act was done whose effect is still awaited. */
  readonly awaits: boolean;
  /** The workflow that an act started, until it has ended. */
  readonly workflow: string | undefined;
  /** The generation of the spec at which all attempts were used up. */
  readonly exhaustedAt: number | undefined;
  /** The revision of the pods when the service was last healthy with a complete rollout. */
  readonly healthyRevision: string | undefined;
  /** Moments of disruptions that count for budgets, oldest first. */
  readonly disruptions: readonly number[];
}

export const WELL: HealingState = {
  circuit: 'Closed',
  failures: 0,
  episode: undefined,
  nextAttemptAt: undefined,
  intent: undefined,
  awaits: false,
  workflow: undefined,
  exhaustedAt: undefined,
  healthyRevision: undefined,
  disruptions: [],
};

const moment = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));

export function readHealing(status: HealingStatus | undefined): HealingState {
  if (status === undefined) return WELL;
  const { circuit, failures = 0, attempts, since, recoveredAt, intent } = status;
  return {
    circuit,
    failures,
    episode: since === undefined ? undefined : { since: Date.parse(since), recoveredAt: moment(recoveredAt), attempts },
    nextAttemptAt: moment(status.nextAttemptAt),
    intent: intent && { id: intent.id, type: intent.type, pods: intent.pods ?? [], revision: intent.revision },
    awaits: status.awaits ?? false,
    workflow: status.workflow,
    exhaustedAt: status.exhaustedGeneration,
    healthyRevision: status.healthyRevision,
    disruptions: (status.disruptions ?? []).map((text) => Date.parse(text)),
  };
}

export function writeHealing(state: HealingState): HealingStatus {
  const { circuit, failures, episode, nextAttemptAt, intent, awaits, workflow } = state;
  const { exhaustedAt, healthyRevision, disruptions } = state;
  return {
    circuit,
    ...(failures > 0 && { failures }),
    attempts: episode?.attempts ?? 0,
    ...(episode && { since: timestamp(episode.since) }),
    ...(episode?.recoveredAt !== undefined && { recoveredAt: timestamp(episode.recoveredAt) }),
    ...(nextAttemptAt !== undefined && { nextAttemptAt: timestamp(Math.ceil(nextAttemptAt / 1_000) * 1_000) }),
    ...(intent && { intent: writeIntent(intent) }),
    ...(awaits && { awaits }),
    ...(workflow !== undefined && { workflow }),
    ...(exhaustedAt !== undefined && { exhaustedGeneration: exhaustedAt }),
    ...(healthyRevision !== undefined && { healthyRevision }),
    ...(disruptions.length > 0 && { disruptions: disruptions.map(timestamp) }),
  };
}

const writeIntent = ({ id, type, pods, revision }: Intent): NonNullable<HealingStatus['intent']> => ({
  id,
  type,
  ...(pods.length > 0 && { pods: pods.map(({ name, uid }) => ({ name, uid })) }),
  ...(revision !== undefined && { revision }),
});
