import type { OrchestrationSpec } from '../../api/kinds.ts';
import { maintenanceOf } from '../../domain/guard/situation.ts';
import type { Part, PartAnswer, PartLook } from './parts.ts';

export interface UpkeepOptions {
  readonly policy: () => Pick<OrchestrationSpec, 'maintenanceWindows'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** While a maintenance window is open replicas stay as they are: what acts beside scaling asks for windows itself, and comes before this. */
export const upkeep = ({ policy, now }: UpkeepOptions): Part => ({
  look({ service: { spec } }: PartLook): PartAnswer | undefined {
    if (spec.scaling === undefined) return undefined;
    const message = maintenanceOf([spec.maintenanceWindows, policy().maintenanceWindows], now());
    if (message === undefined) return undefined;
    const holds = { reason: 'MaintenanceWindow', message } as const;
    // The end of the window is looked at for the condition InMaintenance.
    return { findings: { status: {}, conditions: [], told: [], holds }, lookAgainInMs: Infinity };
  },
  wasTold: () => undefined,
  forget: () => undefined,
});
