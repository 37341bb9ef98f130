import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Settings } from '../config/schema.ts';
import { leasePort } from '../kube/lease.ts';
import type { RestClient } from '../kube/rest.ts';
import { LeaderElector } from '../runtime/leader.ts';
import { messageOf } from '../sources/contract.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/registry.ts';

/** `<name>_<host>:<port>`: who leads, and where its heartbeats go, so that replicas that do not lead know it from the Lease alone. */
function identityOf({ identity, advertiseHost, heartbeatAddress }: Settings): string {
  const name = identity || `${hostname()}_${process.pid}_${randomBytes(3).toString('hex')}`;
  if (heartbeatAddress === '') return name;
  // The address of an IPv6 pod comes without brackets.
  const host = isIP(advertiseHost) === 6 ? `[${advertiseHost}]` : advertiseHost || '127.0.0.1';
  return `${name}_${host}${heartbeatAddress.slice(heartbeatAddress.lastIndexOf(':'))}`;
}

/** Who leads, as those who listen ask it; undefined where nobody is known to. */
export function leaderOf(
  leads: boolean,
  holder: string | undefined,
): { self: true } | { self: false; address: string } | undefined {
  if (leads) return { self: true };
  const address = holder && /_([^_]+:\d+)$/.exec(holder)?.[1];
  return address ? { self: false, address } : undefined;
}

interface ElectorOptions {
  readonly settings: Settings;
  /** Of the Lease. */
  readonly namespace: string;
  readonly rest: RestClient;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Whether the lease may be given back: nothing that was sent can still arrive. */
  readonly mayRelease: () => boolean;
}

/** Who leads, by a Lease; undefined without election, where there is never another. */
export function createElector({ settings, namespace, rest, metrics, log, mayRelease }: ElectorOptions) {
  const leading = (leads: boolean): void =>
    metrics.set('leader_election_master_status', { name: settings.leaseName }, leads ? 1 : 0);
  if (!settings.leaderElection) {
    leading(true);
    return undefined;
  }
  return new LeaderElector({
    lease: leasePort(rest, { namespace, name: settings.leaseName }),
    identity: identityOf(settings),
    leaseDurationSeconds: settings.leaseDuration / 1_000,
    renewDeadlineSeconds: settings.renewDeadline / 1_000,
    retryPeriodSeconds: settings.retryPeriod / 1_000,
    mayRelease,
    metrics: { leading },
    onError: (error) => log.warn({ error: messageOf(error) }, 'leader election could not read or write the lease'),
  });
}
