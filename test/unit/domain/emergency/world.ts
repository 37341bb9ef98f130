import type { OrchestrationSpec, OrchestrationStatus, Priority } from '../../../../src/api/kinds.ts';
import { deriveEmergency, type EmergencyInput, ordersOf } from '../../../../src/domain/emergency/derive.ts';
import { holdOf } from '../../../../src/domain/emergency/hold.ts';
import { type Due, type DueStep, dueSteps, type Orders, writeOf } from '../../../../src/domain/emergency/next.ts';
import type { Subject } from '../../../../src/domain/emergency/plan.ts';
import type { BegunWorkflow } from '../../../../src/domain/emergency/workflows.ts';
import { readHalt } from '../../../../src/domain/emergency/status.ts';
import { DEFAULT_POLICY } from '../../../../src/domain/orchestration/policy.ts';
import { NOW, SECOND } from '../fixtures.ts';

const OWN = 'baton-system';

type Emergency = OrchestrationSpec['emergency'];

/** A workload on an API server: replicas and annotations are written together or not at all. */
export interface Workload {
  replicas: number;
  annotations: Record<string, string>;
  terminating?: boolean;
}

export interface Played {
  readonly key: string;
  readonly priority?: Priority;
  readonly dependsOn?: readonly string[];
  readonly onHalt?: Subject['onHalt'];
  readonly raiseTo?: number;
  readonly autoscaler?: Subject['autoscaler'];
  readonly mode?: Subject['mode'];
  readonly suspended?: boolean;
  readonly replicas?: number;
}

/** A cluster in which Baton may die between any two writes: all that it knows afterwards is in here. */
export class World {
  readonly workloads = new Map<string, Workload>();
  readonly services = new Map<string, Played>();
  /** What the statuses of services say that halts took. */
  readonly remembered = new Map<string, { readonly id: string; readonly original: number }>();
  emergency: Emergency = DEFAULT_POLICY.emergency;
  stoppedNamespaces: string[] = [];
  workflows: BegunWorkflow[] = [];
  status: OrchestrationStatus = {};
  now = NOW;

  constructor(...services: readonly Played[]) {
    for (const service of services) {
      this.services.set(service.key, service);
      this.workloads.set(service.key, { replicas: service.replicas ?? 3, annotations: {} });
    }
  }

  subjects(): Subject[] {
    return [...this.workloads].map(([key, { replicas, annotations, terminating = false }]) => {
      const service = this.services.get(key);
      const {
        priority = 'Normal',
        dependsOn = [],
        onHalt,
        raiseTo,
        autoscaler,
        mode = 'Enforce',
        suspended = false,
      } = service ?? {
        key,
      };
      return {
        key,
        namespace: key.split('/')[0] ?? '',
        priority,
        dependsOn,
        isOrphan: service === undefined,
        mode,
        suspended,
        onHalt,
        raiseTo,
        autoscaler,
        remembered: service && this.remembered.get(key),
        workload: { replicas, hold: holdOf(annotations), terminating, isTwoWrites: false },
      };
    });
  }

  derive(more: Partial<EmergencyInput> = {}) {
    return deriveEmergency({
      policy: this.policy,
      ownNamespace: OWN,
      subjects: this.subjects(),
      rules: [],
      workflows: this.workflows,
      problems: [],
      previous: this.status,
      now: this.now,
      ...more,
    });
  }

  /** As it follows from the written status alone. */
  due(): Due {
    return dueSteps(this.subjects(), this.orders);
  }

  get orders(): Orders {
    return ordersOf(this.policy, OWN, readHalt(this.status.halt));
  }

  get policy(): OrchestrationSpec {
    return { ...DEFAULT_POLICY, emergency: this.emergency, stoppedNamespaces: this.stoppedNamespaces };
  }

  write({ subject, step }: DueStep): void {
    const workload = this.workloads.get(subject.key);
    const { from, to, annotations } = writeOf(step);
    // A precondition of the real write.
    if (workload === undefined || workload.replicas !== from) return;
    const next = Object.entries({ ...workload.annotations, ...annotations }).filter(([, value]) => value !== null);
    this.workloads.set(subject.key, { replicas: to, annotations: Object.fromEntries(next) as Record<string, string> });
  }

  /** One look: the status is written, then at most `writes` of what is due; gives back what was done, in order. */
  look(writes = Infinity, more: Partial<EmergencyInput> = {}) {
    this.now += SECOND;
    const derived = this.derive(more);
    this.status = JSON.parse(JSON.stringify(derived.status)) as OrchestrationStatus;
    const { taking, givingBack } = this.due();
    const done = [...taking, ...givingBack].slice(0, writes);
    for (const one of done) this.write(one);
    for (const [key, { replicas, annotations }] of this.workloads) {
      const { id = '', original = 0 } = holdOf(annotations) ?? {};
      if (original > 0) this.remembered.set(key, { id, original });
      else if (replicas > 0) this.remembered.delete(key);
    }
    return { ...derived, done: done.map(({ subject, step }) => `${step.kind} ${subject.key}`) };
  }

  /** Looks until nothing is left to do; what was done, in order. */
  settle(): string[] {
    const done: string[] = [];
    for (let round = 0; round < 10; round++) done.push(...this.look().done);
    return done;
  }

  order(halt: Emergency['halt'], resume?: string): void {
    const { resume: _, ...rest } = this.emergency;
    this.emergency = { ...rest, halt, ...(resume !== undefined && { resume }) };
  }

  get halt(): NonNullable<OrchestrationStatus['halt']> {
    if (this.status.halt === undefined) throw new Error('there is no halt');
    return this.status.halt;
  }

  replicas(): Record<string, number> {
    return Object.fromEntries([...this.workloads].map(([key, { replicas }]) => [key, replicas]));
  }

  held(): string[] {
    return [...this.workloads].flatMap(([key, { annotations }]) => (holdOf(annotations) === undefined ? [] : [key]));
  }
}
