/** On a workload that is held at zero until its turn to start: the replicas that it had. Written with the replicas, in one patch. */
export const STARTUP_REPLICAS = 'baton.dev/startup-replicas';

const COUNT = /^[1-9][0-9]{0,8}$/;

/** What the annotations of a workload say; undefined where nothing is kept, or what somebody wrote there is no count. */
export function keptReplicas(annotations: Readonly<Record<string, string>> | undefined): number | undefined {
  const text = annotations?.[STARTUP_REPLICAS];
  return text !== undefined && COUNT.test(text) ? Number(text) : undefined;
}

/** Whether a workload of that version can carry it: other kinds are written through their scale, which has no annotations. */
export const carriesKept = (apiVersion: string): boolean => apiVersion === 'apps/v1';
