import { SCHEDULED_AT } from '../../api/annotations.ts';
import { GROUP, VERSION } from '../../api/kinds.ts';
import type { CachedSchedule } from './caches.ts';

/** A workflow for a time of a schedule. Its account and who asked for it are those that were checked when the schedule was written. */
export function scheduled({ namespace, name: schedule, uid, spec }: CachedSchedule, name: string, at: number) {
  const { template, parameters, priority, requestedBy, serviceAccountName } = spec;
  const owner = { apiVersion: `${GROUP}/${VERSION}`, kind: 'ScheduledWorkflow', name: schedule, uid, controller: true };
  return {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: 'Workflow',
    metadata: {
      namespace,
      name,
      annotations: { [SCHEDULED_AT]: new Date(at).toISOString() },
      ownerReferences: [{ ...owner, blockOwnerDeletion: true }],
    },
    spec: {
      templateRef: { name: template },
      priority,
      ...(parameters && { parameters }),
      ...(requestedBy !== undefined && { requestedBy }),
      ...(serviceAccountName !== undefined && { serviceAccountName }),
    },
  };
}
