import type { OrchestrationSpec } from '../../api/kinds.ts';
import { windowProblems } from '../maintenance/windows.ts';

/** What the API server makes of an empty spec; in force until Orchestration/default was read. A test holds it to the CRD. */
export const DEFAULT_POLICY: OrchestrationSpec = {
  metricSources: { resourceMetrics: { enabled: true, interval: '15s' } },
  httpChecks: { allowedDestinations: [], maxConcurrent: 50 },
  health: { hysteresis: { fall: '0s', rise: '10s' } },
  guard: {
    disruptions: { perCluster: 10, perNamespace: 5, window: '10m' },
    massFailure: { share: 40, floor: 5 },
  },
  emergency: {
    halt: 'None',
    resumePerSecond: 10,
    resumePatience: '1m',
    remindAfter: '1h',
    onHalt: {},
    protectedNamespaces: [],
    rules: {
      nodeCPU: { action: 'DryRun', above: 95, for: '10m', atLeast: 3 },
      nodeMemory: { action: 'DryRun', above: 95, for: '10m', atLeast: 3 },
      servicesFailed: { action: 'DryRun', above: 50, for: '5m', atLeast: 10 },
      workflowsFailed: { action: 'DryRun', above: 30, for: '5m', atLeast: 10 },
      workflowsOverdue: { action: 'DryRun' },
    },
  },
  limits: { maxConcurrentWorkflows: 10, maxWorkflowDepth: 5, maxWorkflowDuration: '24h' },
  workflows: { slots: [], ageing: 10, haltExempt: [] },
  stoppedNamespaces: [],
  maintenanceWindows: [],
};

/** What is in force for emergencies; a policy of an older release, which a status may remember, does not tell. */
export function emergencyOf(spec: OrchestrationSpec): OrchestrationSpec['emergency'] {
  const { emergency } = spec as Partial<OrchestrationSpec>;
  if (emergency === undefined) return DEFAULT_POLICY.emergency;
  const rules: Partial<OrchestrationSpec['emergency']['rules']> = emergency.rules;
  if (rules.workflowsFailed !== undefined && rules.workflowsOverdue !== undefined) return emergency;
  return { ...emergency, rules: { ...DEFAULT_POLICY.emergency.rules, ...rules } };
}

/** What the schema could not see, one sentence each; empty when the policy can come into force. */
export function validatePolicy(spec: OrchestrationSpec): readonly string[] {
  const problems = [...windowProblems(spec.maintenanceWindows)];
  const url = spec.metricSources?.prometheus?.url;
  if (url !== undefined && !URL.canParse(url)) {
    problems.push(`metricSources.prometheus.url: ${url} is not an address; write one such as http://prometheus:9090`);
  }
  return problems;
}

/** What differs, as `httpChecks.maxConcurrent 50 → 20`, joined with commas; empty when nothing does. */
export function policyChanges(before: OrchestrationSpec, after: OrchestrationSpec): string {
  const changes: string[] = [];
  compare('', before, after, changes);
  return changes.join(', ');
}

function compare(path: string, before: unknown, after: unknown, changes: string[]): void {
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const key of [...keys].sort()) compare(path === '' ? key : `${path}.${key}`, before[key], after[key], changes);
    return;
  }
  const [from, to] = [describe(before), describe(after)];
  if (from !== to) changes.push(`${path} ${from} → ${to}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Keys in alphabetical order, so that the same thing always reads the same. */
function describe(value: unknown): string {
  if (value === undefined) return 'none';
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`;
  if (!isObject(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  const parts = Object.keys(value)
    .sort()
    .map((key) => `${key}: ${describe(value[key])}`);
  return `{${parts.join(', ')}}`;
}
