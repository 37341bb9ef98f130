import type { Part, PartAnswer, PartLook } from './parts.ts';

const MESSAGE = 'nothing is done to the workload because spec.suspend is true';

/** spec.suspend: nobody acts, and health is told all the same. */
export const suspension: Part = {
  look({ service }: PartLook): PartAnswer | undefined {
    if (service.spec.suspend !== true) return undefined;
    const suspended = { reason: 'Suspended', message: MESSAGE } as const;
    const conditions = [{ type: 'Suspended', status: 'True', ...suspended }] as const;
    // What was taken before is given back to a service that goes.
    const holds = service.metadata.deletionTimestamp === undefined ? suspended : undefined;
    return { findings: { status: {}, conditions, told: [], holds }, lookAgainInMs: Infinity };
  },
  wasTold: () => undefined,
  forget: () => undefined,
};
