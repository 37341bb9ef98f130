import type { LeasePort, LeaseRecord, StoredLease } from '../runtime/leader.ts';
import { ApiError } from './errors.ts';
import { LineSplitter } from './lines.ts';
import type { RestClient } from './rest.ts';

interface LeaseObject {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

interface LeaseEvent {
  readonly type: string;
  readonly object: LeaseObject & { readonly message?: string };
}

const LEASES = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };
const WATCH_SECONDS = 290;

/** The Lease `namespace/name` on the API server. Attempts are not repeated here: the elector knows its own times. */
export function leasePort(rest: RestClient, { namespace, name }: { namespace: string; name: string }): LeasePort {
  const target = { ...LEASES, namespace, name };
  const once = (signal: AbortSignal) => ({ signal, attempts: 1 });
  const body = (spec: LeaseRecord, resourceVersion?: string) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name, resourceVersion },
    spec,
  });
  return {
    get: (signal) => unless([404], rest.get<LeaseObject>(target, once(signal)).then(fromObject)),
    create: (record, signal) =>
      unless([409], rest.create<LeaseObject>({ ...LEASES, namespace }, body(record), once(signal)).then(fromObject)),
    update: (record, version, signal) =>
      unless([404, 409], rest.update<LeaseObject>(target, body(record, version), once(signal)).then(fromObject)),
    async watch(resourceVersion, onChange, signal) {
      const lines = new LineSplitter((line) => {
        const event = JSON.parse(line) as LeaseEvent;
        if (event.type === 'ERROR') throw new Error(`watch of lease ${namespace}/${name}: ${event.object.message}`);
        if (event.type !== 'BOOKMARK') onChange(event.type === 'DELETED' ? undefined : fromObject(event.object));
      });
      const query = {
        watch: 'true',
        // RBAC by resourceNames allows a watch only when it asks for that name.
        fieldSelector: `metadata.name=${name}`,
        resourceVersion: resourceVersion || undefined,
        timeoutSeconds: String(WATCH_SECONDS),
      };
      const options = { signal, stallMs: (WATCH_SECONDS + 30) * 1_000, onOpen: () => undefined };
      await rest.stream({ ...LEASES, namespace }, query, options, (chunk) => lines.push(chunk));
    },
  };
}

function fromObject({ metadata, spec = {} }: LeaseObject): StoredLease {
  return {
    resourceVersion: metadata.resourceVersion,
    holderIdentity: spec.holderIdentity ?? '',
    leaseDurationSeconds: spec.leaseDurationSeconds ?? 0,
    acquireTime: spec.acquireTime,
    renewTime: spec.renewTime,
    leaseTransitions: spec.leaseTransitions ?? 0,
  };
}

async function unless<T>(statuses: readonly number[], request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof ApiError && statuses.includes(error.status)) return undefined;
    throw error;
  }
}
