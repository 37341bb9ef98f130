import { expect, it } from 'vitest';
import { suspension } from '../../../src/controllers/service/suspension.ts';
import { Bed } from './bed.ts';

it('keeps everybody away from a service, but not from giving back what one has that is deleted', () => {
  const bed = new Bed();
  bed.service('web', { suspend: true });
  const service = bed.stores.services.get('shop/web');
  if (!service) throw new Error('not there');
  const look = (deletionTimestamp?: string) => {
    const metadata = { ...service.metadata, ...(deletionTimestamp !== undefined && { deletionTimestamp }) };
    const target = { state: 'Absent', reason: 'TargetNotFound' } as const;
    const given = { key: 'shop/web', target, pods: [], dependencies: [], held: undefined, isSafe: true };
    const answer = suspension.look({
      ...given,
      service: { ...service, metadata },
      signal: new AbortController().signal,
    });
    return answer && 'findings' in answer ? answer.findings : undefined;
  };
  expect(look()?.holds?.reason).toBe('Suspended');
  expect(look('2026-05-01T09:00:00Z')).toMatchObject({ holds: undefined, conditions: [{ type: 'Suspended' }] });
});
