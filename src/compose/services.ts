import type { Settings } from '../config/schema.ts';
import type { Chorus } from '../controllers/chorus.ts';
import { Healer, type HealerOptions } from '../controllers/healing/healer.ts';
import type { Policy } from '../controllers/orchestration/policy.ts';
import { lockedPart } from '../controllers/service/locked.ts';
import type { Part } from '../controllers/service/parts.ts';
import { FINALIZER, ServiceReconciler, type ServiceReconcilerOptions } from '../controllers/service/reconciler.ts';
import { suspension } from '../controllers/service/suspension.ts';
import { upkeep } from '../controllers/service/upkeep.ts';
import type { RestClient } from '../kube/rest.ts';
import { writeFinalizers } from '../kube/services.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/registry.ts';
import { RESOURCES } from './caches.ts';
import { createFailover } from './failover.ts';
import type { createSources } from './sources.ts';
import { createStarter } from './startup.ts';
import type { createTelling } from './telling.ts';

type Told = ReturnType<typeof createTelling>['told'];

interface ServicesOptions
  extends Pick<
      ServiceReconcilerOptions,
      'caches' | 'groups' | 'scaler' | 'advisor' | 'readForeign' | 'enqueue' | 'onChange'
    >,
    Pick<HealerOptions, 'actor' | 'situations'> {
  readonly told: Told;
  readonly chorus: Chorus;
  readonly rest: RestClient;
  /** Writes for a leader only. */
  readonly leading: RestClient;
  /** Throws where another replica may lead. */
  readonly assertLeads: () => void;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly policy: Policy;
  readonly sources: ReturnType<typeof createSources>;
  /** What halts make of a service. */
  readonly halts: Part;
  readonly lockedOf: Parameters<typeof lockedPart>[0];
  /** How it stands with a workflow that heals a service. */
  readonly standingOf: HealerOptions['workflow'];
  readonly hasTemplate: HealerOptions['hasTemplate'];
}

/** Services with all that acts for them, and the API server behind it. */
export function createServices(options: ServicesOptions): ServiceReconciler {
  const { told, chorus, leading, assertLeads, settings, policy, sources, actor, situations, enqueue } = options;
  const { now } = told;
  const latest = (key: string) => services.latest(key);
  const starter = createStarter({
    actor,
    situations,
    services: () => services,
    caches: options.caches,
    namespace: settings.namespace,
    enqueue,
    now,
  });
  const failover = createFailover({ ...options, latest, now, monotonic: () => options.clock.monotonic() });
  const healer = new Healer({ ...options, workflow: options.standingOf, now, random: Math.random });
  const services: ServiceReconciler = new ServiceReconciler({
    ...options,
    ...told,
    joins: (reference, transition) => chorus.joins(reference, transition),
    parts: [
      options.halts,
      suspension,
      starter,
      failover,
      lockedPart(options.lockedOf),
      healer,
      upkeep({ policy: () => policy.current.spec, now }),
    ],
    scalingIntervalMs: settings.scalingInterval,
    prober: sources.prober,
    sources: sources.sources,
    usage: sources.usage,
    policy: () => policy.current,
    setFinalizer: async (service, wanted, signal) => {
      assertLeads();
      const others = (service.metadata.finalizers ?? []).filter((one) => one !== FINALIZER);
      const finalizers = wanted ? [...others, FINALIZER] : others;
      return writeFinalizers(leading, RESOURCES.OrchestratedService, service, finalizers, signal);
    },
  });
  return services;
}
