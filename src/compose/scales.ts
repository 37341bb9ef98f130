import type { CachedService } from '../controllers/service/caches.ts';
import { servicesOfTarget } from '../controllers/service/ownership.ts';
import { workloadRefs } from '../domain/failover/serving.ts';
import { Discovery } from '../kube/discovery.ts';
import type { ReflectorEvent } from '../kube/reflector.ts';
import type { RestClient } from '../kube/rest.ts';
import { ScaleReader } from '../kube/scale.ts';
import { keyOf, type ReadonlyStore } from '../runtime/store.ts';
import type { Logger } from '../telemetry/log.ts';

export interface ScaleOptions {
  readonly rest: RestClient;
  /** One namespace only; empty means all. */
  readonly namespace: string;
  readonly services: ReadonlyStore<CachedService>;
  readonly enqueue: (key: string) => void;
  readonly onEvent: (resource: string, event: ReflectorEvent) => void;
  readonly onListenerError: (error: unknown) => void;
  readonly log: Logger;
}

/** Reads workloads of kinds outside apps/v1, and watches each such kind for as long as a service names it. */
export function createScales({ services, namespace, enqueue, log, ...options }: ScaleOptions): ScaleReader {
  function* of(apiVersion: string, kind: string): Generator<CachedService> {
    for (const service of services.list()) {
      if (workloadRefs(service).some((ref) => ref.apiVersion === apiVersion && ref.kind === kind)) yield service;
    }
  }
  const scales = new ScaleReader({
    ...options,
    discovery: new Discovery(options.rest),
    namespace: namespace || undefined,
    onChange: (reference) => servicesOfTarget(reference, { services }).forEach(enqueue),
    onKind: (apiVersion, kind) => {
      for (const service of of(apiVersion, kind)) enqueue(keyOf(service));
    },
    isUsed: (apiVersion, kind) => of(apiVersion, kind).next().done !== true,
    onFailure: ({ apiVersion, kind, namespace: at, name }, error) =>
      log.warn(
        { apiVersion, kind, namespace: at, name, error: error instanceof Error ? error.message : String(error) },
        'a workload could not be read',
      ),
  });
  services.subscribe(({ old, new: now }) => {
    if (old && kindsOf(old) !== (now && kindsOf(now))) scales.release();
  });
  return scales;
}

const kindsOf = (service: CachedService): string =>
  workloadRefs(service)
    .map(({ apiVersion, kind }) => `${apiVersion}/${kind}`)
    .join();
