import { expect, it } from 'vitest';
import type { OrchestratedServiceSpec, OrchestrationSpec } from '../../../src/api/kinds.ts';
import { lookAtParts } from '../../../src/controllers/service/parts.ts';
import { upkeep } from '../../../src/controllers/service/upkeep.ts';
import { Bed } from './bed.ts';

const ALWAYS = [{ schedule: '* * * * *', duration: '2m', timeZone: 'UTC' }];
/** The clock of a bed is at ten in the morning. */
const AT_NIGHT = [{ schedule: '0 3 * * *', duration: '1h', timeZone: 'UTC' }];
const scaling = { minReplicas: 1, maxReplicas: 5 } as OrchestratedServiceSpec['scaling'] & object;

async function held(spec: Partial<OrchestratedServiceSpec>, windows: OrchestrationSpec['maintenanceWindows'] = []) {
  const bed = new Bed();
  bed.service('web', spec);
  const service = bed.stores.services.get('shop/web');
  if (!service) throw new Error('not there');
  const part = upkeep({ policy: () => ({ maintenanceWindows: windows }), now: () => bed.now });
  const target = { state: 'Found', workload: bed.deployment('web') } as const;
  const given = { key: 'shop/web', service, target, pods: [], dependencies: [], isSafe: true };
  return (await lookAtParts([part], { ...given, signal: new AbortController().signal })).held?.reason;
}

it('leaves replicas as they are while a window of the service or of the policy is open, and else not', async () => {
  expect(await held({ scaling, maintenanceWindows: ALWAYS })).toBe('MaintenanceWindow');
  expect(await held({ scaling }, ALWAYS)).toBe('MaintenanceWindow');
  expect(await held({ scaling, maintenanceWindows: AT_NIGHT }, AT_NIGHT)).toBeUndefined();
  expect(await held({ maintenanceWindows: ALWAYS })).toBeUndefined();
});
