import type { Locked } from '../../domain/guard/situation.ts';
import type { CachedService } from './caches.ts';
import type { Part } from './parts.ts';

/** Keeps healing and scaling from a workload that a workflow has to itself; a start in order and a failover ask for themselves. */
export const lockedPart = (lockedOf: (service: CachedService) => Locked): Part => ({
  look({ service }) {
    if (service.metadata.deletionTimestamp !== undefined) return undefined;
    const { serving } = lockedOf(service);
    if (serving === undefined) return undefined;
    const holds = { reason: 'TargetLocked', message: serving } as const;
    // It ends with a word of the scheduler of workflows.
    return { findings: { status: {}, conditions: [], told: [], holds }, lookAgainInMs: Infinity };
  },
  wasTold: () => undefined,
  forget: () => undefined,
});
