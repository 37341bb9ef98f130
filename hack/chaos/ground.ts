import type { OrchestratedService } from '../../src/api/kinds.ts';
import type { Bed, Pod } from '../../test/cluster/operator/support/bed.ts';
import { eventually } from '../../test/cluster/support/eventually.ts';
import type { Recording } from './record.ts';

/** What a scenario takes place on. */
export interface Ground {
  readonly bed: Bed;
  readonly seen: Pick<Recording, 'now'>;
  /** Puts the clocks of all replicas on, or back. */
  readonly jump: (ms: number) => void;
}

/** Kills, leases that must end and retries that wait are all in it. */
export const PATIENCE_S = 100;

export const servicesOf = (seen: Ground['seen']): readonly OrchestratedService[] =>
  seen.now('orchestratedservices') as unknown as readonly OrchestratedService[];

/** Those with the label app that are not ending. */
export const podsOf = (seen: Ground['seen'], app: string): readonly Pod[] =>
  (seen.now('pods') as readonly Pod[]).filter(
    ({ metadata }) => metadata.labels?.['app'] === app && metadata.deletionTimestamp === undefined,
  );

/** Waits for a status. */
export async function until(
  { seen }: Pick<Ground, 'seen'>,
  name: string,
  what: string,
  holds: (service: OrchestratedService) => boolean | undefined,
): Promise<void> {
  const look = () => Promise.resolve(servicesOf(seen).find(({ metadata }) => metadata.name === name));
  await eventually(`${name}: ${what}`, PATIENCE_S, look, (found) => found !== undefined && holds(found) === true);
}
