import type { OrchestrationSpec } from '../api/kinds.ts';
import { Discoverer, type DiscovererOptions } from '../controllers/discovery/discoverer.ts';
import type { NamespaceSnapshot, WorkloadCaches } from '../controllers/discovery/facts.ts';
import type { DiscoveryPort } from '../controllers/discovery/ports.ts';
import { DiscoveryTriggers } from '../controllers/discovery/triggers.ts';
import type { Policy } from '../controllers/orchestration/policy.ts';
import { holdOf } from '../domain/emergency/hold.ts';
import { deepEqual } from '../domain/equal.ts';
import { keptReplicas } from '../domain/startup/kept.ts';
import { createService, deleteService, previewService, readMetadata, reviseService } from '../kube/discovered.ts';
import { protobufCodec } from '../kube/protobuf/codec.ts';
import { NAMESPACE } from '../kube/protobuf/kinds.ts';
import { Reflector, type ReflectorEvent } from '../kube/reflector.ts';
import type { KubeObject } from '../kube/resource.ts';
import type { RestClient } from '../kube/rest.ts';
import { readService } from '../kube/services.ts';
import { SERVICES } from './caches.ts';

const NAMESPACES = { group: '', version: 'v1', plural: 'namespaces' };

export interface DiscoveryOptions
  extends Pick<
    DiscovererOptions,
    'ownNamespace' | 'enqueue' | 'onChange' | 'emit' | 'record' | 'log' | 'count' | 'monotonic'
  > {
  readonly rest: RestClient;
  /** For what only a leader may write. */
  readonly leading: RestClient;
  readonly caches: WorkloadCaches;
  readonly policy: Policy;
  /** Whether Orchestration/default is known. */
  readonly hasOrchestration: () => boolean;
  readonly assertLeads: () => void;
  readonly onEvent: (resource: string, event: ReflectorEvent) => void;
  readonly onListenerError: (error: unknown) => void;
}

/** Discovery, with the API server behind it. Namespaces are watched only while there are rules, and by the leader alone. */
export function createDiscovery(options: DiscoveryOptions) {
  const { rest, leading, caches, policy, hasOrchestration, assertLeads, onEvent, onListenerError, ...told } = options;
  let namespaces: { readonly reflector: Reflector<NamespaceSnapshot>; readonly stop: AbortController } | undefined;
  const current = (): OrchestrationSpec | undefined => {
    const { spec, problems } = policy.current;
    // A process that has seen nothing but a policy with faults does not know what the rules were.
    const isUnknown = problems.length > 0 && spec.discovery === undefined;
    return hasOrchestration() && !isUnknown ? spec : undefined;
  };
  const discoverer: Discoverer = new Discoverer({
    ...told,
    caches,
    namespaces: () => namespaces?.reflector.store,
    policy: current,
    port: portOf(leading, options.ownNamespace, assertLeads),
    keys: () => triggers.keys(),
  });
  const triggers = new DiscoveryTriggers({
    caches,
    isOn: () => discoverer.isOn,
    hasRules: () => discoverer.hasRules,
    enqueue: options.enqueue,
    onRoom: () => discoverer.retryRefused(),
  });
  const watch = (): void => {
    const reflector = new Reflector<NamespaceSnapshot>({
      rest,
      resource: NAMESPACES,
      codec: protobufCodec(NAMESPACE),
      project: namespaceOf,
      onEvent: (event) => {
        onEvent(NAMESPACES.plural, event);
        if (event.kind === 'problem' || event.kind === 'recovered' || event.kind === 'synced') {
          discoverer.all();
          options.onChange();
        }
      },
      onListenerError,
    });
    reflector.store.subscribe((change) => triggers.namespace(change));
    const stop = new AbortController();
    namespaces = { reflector, stop };
    void reflector.run(stop.signal);
  };
  const unwatch = (): void => {
    namespaces?.stop.abort(new Error('discovery is off'));
    namespaces = undefined;
  };
  const ruled = () => ({ isKnown: current() !== undefined, discovery: current()?.discovery });
  let leads = false;
  let seen: unknown;
  const follow = (): void => {
    if (!leads) return;
    if (discoverer.hasRules && namespaces === undefined) watch();
    if (!discoverer.hasRules) unwatch();
    const now = ruled();
    if (deepEqual(seen, now)) return;
    seen = now;
    discoverer.all();
    options.onChange();
  };
  return {
    /** The policy changed, or came or went. */
    follow,
    /** Until the signal aborts; everything is looked at anew. */
    begin: (signal: AbortSignal): void => {
      leads = true;
      signal.addEventListener('abort', () => {
        leads = false;
        unwatch();
      });
      discoverer.reset();
      seen = ruled();
      follow();
      discoverer.all();
    },
    /** What caches can tell changed. */
    all: (): void => {
      if (leads) discoverer.all();
    },
    findings: () => discoverer.findings(),
    reconcile: (key: string, signal: AbortSignal) => discoverer.reconcile(key, signal),
  };
}

function portOf(rest: RestClient, ownNamespace: string, assertLeads: () => void): DiscoveryPort {
  return {
    preview: (spec, signal) => {
      const targetRef = targetOf({ kind: 'Deployment', name: 'discovery' });
      return previewService(rest, SERVICES, ownNamespace, { ...spec, targetRef }, signal);
    },
    create: async ({ namespace, name, target, annotations, content: { labels, spec } }, signal) => {
      assertLeads();
      const object = { namespace, name, labels, annotations, spec: { ...spec, targetRef: targetOf(target) } };
      return createService(rest, SERVICES, object, signal);
    },
    read: (service, signal) => readService(rest, SERVICES, service, signal),
    revise: async (live, to, signal) => {
      assertLeads();
      return reviseService(rest, SERVICES, live, to, signal);
    },
    remove: async (live, signal) => {
      assertLeads();
      return deleteService(rest, SERVICES, live, signal);
    },
    workload: async (workload, signal) => {
      const metadata = await readMetadata(rest, workload, signal);
      if (metadata === undefined || metadata.deletionTimestamp !== undefined) return undefined;
      const { labels = {}, annotations } = metadata;
      return { labels, isHeld: holdOf(annotations) !== undefined || keptReplicas(annotations) !== undefined };
    },
  };
}

const targetOf = ({ kind, name }: { readonly kind: string; readonly name: string }) => ({
  apiVersion: 'apps/v1',
  kind,
  name,
});

function namespaceOf({ metadata }: KubeObject): NamespaceSnapshot {
  const { name, uid, resourceVersion, labels = {}, deletionTimestamp } = metadata;
  return { namespace: undefined, name, uid, resourceVersion, labels, terminating: deletionTimestamp !== undefined };
}
