import type { OrchestrationStatus } from '../api/kinds.ts';
import type { Actor } from '../controllers/acts/actor.ts';
import { EmergencyKeeper } from '../controllers/emergency/keeper.ts';
import { HaltPart } from '../controllers/emergency/part.ts';
import { RULE_INTERVAL_MS, RuleWatch } from '../controllers/emergency/rules.ts';
import type { Policy } from '../controllers/orchestration/policy.ts';
import type { Cache, Result } from '../controllers/ports.ts';
import { type AutoscalerSnapshot, autoscalerOf } from '../controllers/project/autoscaler.ts';
import type { Caches, CachedService } from '../controllers/service/caches.ts';
import type { EmergencyFindings } from '../domain/emergency/derive.ts';
import { isInForce } from '../domain/emergency/halt.ts';
import {
  failedServices,
  failedWorkflows,
  overdueWorkflows,
  type RuleName,
  type RuleReading,
  type ServiceEvidence,
  type WorkflowEvidence,
} from '../domain/emergency/rules.ts';
import type { BegunWorkflow } from '../domain/emergency/workflows.ts';
import { workflowPolicy } from '../domain/workflow/policy.ts';
import { emergencyOf } from '../domain/orchestration/policy.ts';
import type { RestClient } from '../kube/rest.ts';
import type { Clock } from '../runtime/clock.ts';
import { createNodeUsage } from '../sources/node-usage.ts';
import type { Metrics } from '../telemetry/registry.ts';

export interface EmergencyOptions {
  readonly rest: RestClient;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly caches: Caches;
  readonly autoscalers: Pick<Cache<AutoscalerSnapshot>, 'byIndex'>;
  readonly policy: Policy;
  /** The namespace that Baton runs in. */
  readonly ownNamespace: string;
  /** Of Orchestration/default, as last written. */
  readonly status: () => OrchestrationStatus | undefined;
  readonly actor: () => Actor;
  readonly latest: (key: string) => CachedService | undefined;
  /** What the rule about services goes by; undefined until every service was looked at. */
  readonly evidence: () => Iterable<ServiceEvidence> | undefined;
  /** What the rules about workflows go by. */
  readonly workflows: () => Iterable<WorkflowEvidence>;
  /** What a halt pauses, and what it does not. */
  readonly begunWorkflows: () => Iterable<BegunWorkflow>;
  readonly isNewer: (a: string, b: string) => boolean;
  readonly now: () => number;
  /** Sums up, soon. */
  readonly onReading: () => void;
  /** Something is to be done. */
  readonly wake: () => void;
}

/** Emergency halts and planned stops, with the API server behind them. */
export function createEmergency(options: EmergencyOptions) {
  const { rest, clock, metrics, caches, policy, ownNamespace, status, latest, evidence, isNewer, now } = options;
  const monotonic = (): number => clock.monotonic();
  const spec = () => policy.current.spec;
  const nodes = createNodeUsage({
    clock,
    policy: () => {
      const { nodeCPU, nodeMemory } = emergencyOf(spec()).rules;
      const isAsked = nodeCPU.action !== 'Disabled' || nodeMemory.action !== 'Disabled';
      const isOn = isAsked && spec().metricSources.resourceMetrics.enabled;
      return isOn ? { intervalMs: policy.current.resourceIntervalMs } : undefined;
    },
    get: (path, signal) => rest.get(path, { signal, attempts: 1 }),
  });
  const services = (): RuleReading => failedServices(evidence() ?? []);
  const readings: Readonly<Record<RuleName, () => RuleReading>> = {
    nodeCPU: () => nodes.reading('cpu'),
    nodeMemory: () => nodes.reading('memory'),
    servicesFailed: services,
    workflowsFailed: () => failedWorkflows(options.workflows(), now()),
    workflowsOverdue: () => overdueWorkflows(options.workflows(), workflowPolicy(spec()).maxDurationMs, now()),
  };
  const rules = new RuleWatch({ policy: spec, reading: (name) => readings[name](), monotonic });
  const part = new HaltPart({ policy: spec, ownNamespace, status, now });
  const isOver = (): boolean => {
    const halt = status()?.halt;
    return halt === undefined || (halt.state !== 'Resuming' && !isInForce(halt));
  };
  const keeper = new EmergencyKeeper({
    caches,
    foreign: part.foreign,
    autoscalerOf: (workload) => autoscalerOf(options.autoscalers, workload),
    ownNamespace,
    policy: spec,
    status,
    rules: () => {
      if (isOver()) return rules.look();
      // What happens while everything is stopped is no reason to stop it again.
      rules.reset();
      return [];
    },
    workflows: options.begunWorkflows,
    actor: { carryOut: (proposal, signal) => options.actor().carryOut(proposal, signal) },
    latest,
    isNewer,
    now,
    monotonic,
  });
  nodes.onReading(options.onReading);
  policy.onChange(() => nodes.poke());
  return {
    part,
    nodes,
    /** What the guard asks: the id of the halt that lasts. */
    haltId: (): string | undefined => {
      const halt = status()?.halt;
      return halt && isInForce(halt) ? halt.id : undefined;
    },
    isStopping: (): boolean => keeper.isStopping,
    reset: (): void => {
      keeper.reset();
      rules.reset();
    },
    reconcile: async (signal: AbortSignal): Promise<Result> => {
      try {
        return await keeper.carryOut(signal);
      } finally {
        options.onReading();
      }
    },
    /** What summing up asks of it. */
    forSum: {
      look: (previous: OrchestrationStatus | undefined) => {
        const found = keeper.look(previous);
        const soon = rules.isNear ? now() + RULE_INTERVAL_MS : Infinity;
        const lookAgainAt = Math.min(found.lookAgainAt ?? Infinity, soon);
        return { ...found, lookAgainAt: lookAgainAt === Infinity ? undefined : lookAgainAt };
      },
      wake: options.wake,
      begun: (halt: NonNullable<EmergencyFindings['status']['halt']>) =>
        metrics.increment('baton_emergency_halts_total', { trigger: halt.by ?? 'Found' }),
    },
  };
}
