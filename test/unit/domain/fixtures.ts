import type { OrchestratedServiceSpec, OrchestratedServiceStatus, OrchestrationSpec } from '../../../src/api/kinds.ts';
import { DEFAULT_POLICY } from '../../../src/domain/orchestration/policy.ts';
import type { Reading } from '../../../src/domain/reading.ts';
import type { PodSnapshot, PodTemplateFacts, WorkloadSnapshot } from '../../../src/domain/snapshot.ts';
import { type Derived, deriveStatus } from '../../../src/domain/status/derive.ts';
import type { ServiceInput } from '../../../src/domain/status/input.ts';

export const NOW = Date.parse('2026-05-01T10:00:00Z');
export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

export type Check = NonNullable<NonNullable<OrchestratedServiceSpec['health']>['checks']>[number];

/** No requests and no limits: the resources signal does not apply. */
export const UNBOUNDED: PodTemplateFacts = {
  labels: { app: 'web' },
  ports: {},
  requests: {},
  limits: {},
  reserved: {},
  containers: [],
};

/** A limit of one core and 1,000 bytes, so that usage reads as a share. */
export const BOUNDED: PodTemplateFacts = {
  ...UNBOUNDED,
  limits: { cpu: 1, memory: 1000 },
  containers: [{ name: 'main', requests: {}, limits: { cpu: 1, memory: 1000 } }],
};

export function pod(name: string, overrides: Partial<PodSnapshot> = {}): PodSnapshot {
  return {
    namespace: 'shop',
    name,
    uid: `uid-${name}`,
    resourceVersion: '1',
    owner: { kind: 'ReplicaSet', name: 'web-1', uid: 'uid-web-1' },
    phase: 'Running',
    ready: true,
    terminating: false,
    createdAt: NOW - HOUR,
    ip: '10.0.0.1',
    hostNetwork: false,
    restarts: [],
    oomKilledAt: undefined,
    waiting: undefined,
    unschedulable: undefined,
    template: UNBOUNDED,
    ...overrides,
  };
}

/** `ready` pods that are, then others that are not, named web-a, web-b and so on. */
export function pods(ready: number, notReady = 0, overrides: Partial<PodSnapshot> = {}): PodSnapshot[] {
  return Array.from({ length: ready + notReady }, (_, index) =>
    pod(`web-${String.fromCodePoint(97 + index)}`, { ready: index < ready, ...overrides }),
  );
}

export function workload(overrides: Partial<WorkloadSnapshot> = {}): WorkloadSnapshot {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    namespace: 'shop',
    name: 'web',
    uid: 'uid-web',
    resourceVersion: '1',
    owner: undefined,
    terminating: false,
    createdAt: NOW - 24 * HOUR,
    generation: 1,
    observedGeneration: 1,
    desired: 3,
    selector: 'app=web',
    rollout: { state: 'Complete' },
    ...overrides,
  };
}

export function check(name: string, overrides: Partial<Check> = {}): Check {
  return { name, weight: 20, critical: false, ...overrides };
}

export function policy(overrides: Partial<OrchestrationSpec> = {}): OrchestrationSpec {
  return { ...DEFAULT_POLICY, ...overrides };
}

export function value(figure: number): Reading {
  return { kind: 'value', value: figure, at: NOW, evidence: 'it was measured' };
}

export function verdict(passed: boolean): Reading {
  return { kind: 'verdict', passed, at: NOW, evidence: passed ? 'GET answered 200' : 'GET answered 503' };
}

export interface World extends Partial<Omit<ServiceInput, 'service' | 'target'>> {
  spec?: Partial<OrchestratedServiceSpec>;
  generation?: number;
  status?: OrchestratedServiceStatus | undefined;
  workload?: Partial<WorkloadSnapshot>;
  target?: ServiceInput['target'];
}

/** Three ready pods of a Deployment, nothing else said: Healthy at 100. */
export function input({ spec, status, generation = 1, workload: facts, ...rest }: World = {}): ServiceInput {
  const metadata = {
    name: 'web',
    namespace: 'shop',
    uid: 'uid-osvc',
    resourceVersion: '1',
    generation,
    creationTimestamp: '2026-04-01T00:00:00Z',
  };
  const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  const service = { metadata, spec: { targetRef, priority: 'Normal' as const, mode: 'Enforce' as const, ...spec } };
  return {
    service: status === undefined ? service : { ...service, status },
    target: { state: 'Found', workload: workload(facts) },
    pods: pods(3),
    strangers: 0,
    usage: { kind: 'known', pods: new Map() },
    readings: new Map(),
    dependencies: [],
    policy: DEFAULT_POLICY,
    now: NOW,
    ...rest,
  };
}

export function derive(world: World = {}): Derived {
  return deriveStatus(input(world));
}

/** What comes back from the API server: another object, without fields that are undefined. */
export function stored<S extends object = OrchestratedServiceStatus>(status: S): S {
  return JSON.parse(JSON.stringify(status)) as S;
}

/** Derives one world after the other, each from the status of the one before. */
export function play(...worlds: readonly World[]): Derived {
  let last: Derived | undefined;
  for (const world of worlds)
    last = derive({ ...world, status: last === undefined ? world.status : stored(last.status) });
  if (last === undefined) throw new Error('no world was given');
  return last;
}

export function signal({ status }: Derived, name: string) {
  const found = status.signals?.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`there is no signal ${name}`);
  return found;
}

export function condition({ status }: Derived, type: string) {
  return status.conditions?.find((candidate) => candidate.type === type);
}
