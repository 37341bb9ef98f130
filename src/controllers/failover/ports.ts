import type { LiveTraffic } from '../../domain/guard/facts.ts';
import type { Forbidden } from '../acts/ports.ts';

type Labels = Readonly<Record<string, string>>;

interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** What a failover reads from the API server itself, and not from a cache. All reject where trying again may help. */
export interface FailoverPort {
  /** The Service; undefined where there is none. */
  traffic(service: Named, signal: AbortSignal): Promise<LiveTraffic | Forbidden | undefined>;
  /** The endpoints of the Service; `pod` is undefined for what is no pod. */
  endpoints(
    service: Named,
    signal: AbortSignal,
  ): Promise<readonly { readonly pod: string | undefined; readonly ready: boolean }[] | Forbidden>;
  /** Names of some pods that match a selector and are still there: terminating is there, ended and kept is not. */
  pods(
    of: { readonly namespace: string; readonly selector: string },
    signal: AbortSignal,
  ): Promise<readonly string[] | Forbidden>;
  /** Labels of the pods that a workload makes, and its own annotations; undefined where its kind does not tell. */
  labels(
    workload: Named & { readonly apiVersion: string; readonly kind: string },
    signal: AbortSignal,
  ): Promise<{ readonly labels: Labels; readonly annotations: Labels } | undefined>;
  /** The KEDA ScaledObject of a workload. */
  scaledObject(
    workload: Named & { readonly kind: string },
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'found'; readonly name: string } | { readonly kind: 'none' } | Forbidden>;
  /** Whether Baton has that permission. */
  mayDo(
    ask: { readonly namespace: string; readonly verb: string; readonly group: string; readonly resource: string },
    signal: AbortSignal,
  ): Promise<boolean>;
}
