import type { OrchestratedServiceSpec } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';

export type FailoverSpec = NonNullable<OrchestratedServiceSpec['failover']>;

/** The two workloads of a failover: targetRef is the Primary, standbyRef the Standby. Exactly one of them is in the Service. */
export type Side = 'Primary' | 'Standby';

export const other = (side: Side): Side => (side === 'Primary' ? 'Standby' : 'Primary');

/** spec.failover with what holds where nothing is written; durations in ms. */
export interface FailoverRules {
  readonly after: number;
  readonly cooldown: number;
  readonly fencing: FailoverSpec['fencing'];
  readonly failback: 'Manual' | 'Automatic';
  readonly desired: Side | undefined;
  /** Pods that must be ready at the Standby; undefined for as many as the Primary asks for. */
  readonly standbyReplicas: number | undefined;
  /** The OrchestratedService of the same namespace that this one goes along with, and then by nothing else. */
  readonly follow: string | undefined;
}

const AFTER = '30s';
const COOLDOWN = '10m';

export const rulesOf = (spec: FailoverSpec): FailoverRules => ({
  after: parseDuration(spec.after ?? AFTER),
  cooldown: parseDuration(spec.cooldown ?? COOLDOWN),
  fencing: spec.fencing,
  failback: spec.failback ?? 'Manual',
  desired: spec.desired,
  standbyReplicas: spec.standbyReplicas,
  follow: spec.follow,
});
