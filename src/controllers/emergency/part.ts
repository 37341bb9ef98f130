import type { OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { ordersOf, wayBack } from '../../domain/emergency/derive.ts';
import { isInForce } from '../../domain/emergency/halt.ts';
import { type Hold, plannedNamespace } from '../../domain/emergency/hold.ts';
import { lasts } from '../../domain/emergency/next.ts';
import { haltAction } from '../../domain/emergency/plan.ts';
import { readHalt } from '../../domain/emergency/status.ts';
import type { WorkloadSnapshot } from '../../domain/snapshot.ts';
import { advise, timestamp } from '../../domain/status/conditions.ts';
import type { Held } from '../../domain/status/part.ts';
import type { Transition } from '../../domain/status/transitions.ts';
import type { Part, PartAnswer, PartLook } from '../service/parts.ts';
import { subjectOf } from './subjects.ts';
import type { KeeperOptions } from './keeper.ts';

export type HaltPartOptions = Pick<KeeperOptions, 'policy' | 'ownNamespace' | 'status' | 'now'>;

type HaltStatus = NonNullable<OrchestratedServiceStatus['halt']>;

/** What a halt means for one service: it tells of it, and keeps everybody else away. The keeper acts. */
export class HaltPart implements Part {
  readonly #options: HaltPartOptions;
  readonly #foreign = new Map<string, WorkloadSnapshot>();

  constructor(options: HaltPartOptions) {
    this.#options = options;
  }

  /** The targets of services of kinds outside apps/v1 by the keys of these, as last read. */
  get foreign(): ReadonlyMap<string, WorkloadSnapshot> {
    return this.#foreign;
  }

  look(look: PartLook): PartAnswer | undefined {
    const { key, service, target } = look;
    const workload = target.state === 'Found' ? target.workload : undefined;
    if (workload === undefined || workload.apiVersion === 'apps/v1') this.#foreign.delete(key);
    else this.#foreign.set(key, workload);
    const hold = workload?.hold;
    const previous = service.status?.halt;
    const holds = hold ? heldBy(hold) : this.#awaits(look, workload);
    const holdsParts = holds ?? this.#keepsStill(look);
    if (hold === undefined && previous === undefined && holdsParts === undefined) return undefined;
    // What cannot be read just now is still held.
    if (target.state === 'Absent' && UNREAD.has(target.reason) && previous !== undefined) {
      return {
        findings: { status: { halt: previous }, conditions: [], told: [], holds, holdsParts },
        lookAgainInMs: Infinity,
        needsFinalizer: isForeign(service.spec.targetRef),
      };
    }
    const isForgotten = hold === undefined && workload?.desired === 0 && this.#lasts(previous);
    const told = workload && !isForgotten ? toldOf(hold, previous, workload.desired) : [];
    const conditions = hold && holds ? [{ type: 'Halted', status: 'True', ...holds } as const] : [];
    // What a rollback took off the workload is known here alone: the keeper writes it again.
    const status = hold ? { halt: this.#status(hold, previous) } : isForgotten && previous ? { halt: previous } : {};
    // The keeper finds workloads that nobody looks after any more by its caches, and those have only kinds of apps/v1.
    const mayBeHeld = hold ? hold.original !== undefined : holds !== undefined;
    const needsFinalizer = workload !== undefined && isForeign(workload) && mayBeHeld;
    return { findings: { status, conditions, told, holds, holdsParts }, lookAgainInMs: Infinity, needsFinalizer };
  }

  wasTold(): void {
    // What is told follows from the written status.
  }

  forget(key: string): void {
    this.#foreign.delete(key);
  }

  #status({ id, original }: Hold, previous: HaltStatus | undefined): HaltStatus {
    const { status, now } = this.#options;
    const halt = status()?.halt;
    const by = plannedNamespace(id) === undefined ? (halt?.id === id ? halt.by : previous?.by) : 'Planned';
    return {
      id,
      ...(original !== undefined && { originalReplicas: original }),
      ...(by !== undefined && { by }),
      at: previous?.id === id && previous.at !== undefined ? previous.at : timestamp(now()),
    };
  }

  #lasts(halt: HaltStatus | undefined): boolean {
    const { policy, ownNamespace, status } = this.#options;
    return halt?.id !== undefined && lasts(halt.id, ordersOf(policy(), ownNamespace, readHalt(status()?.halt)));
  }

  /** What is kept is scaled and nothing else, as the guard has it. */
  #keepsStill({ service: { spec, metadata } }: PartLook): Held | undefined {
    const halt = this.#options.status()?.halt;
    if (halt === undefined || !isInForce(halt)) return undefined;
    const isAsked = spec.startup !== undefined || spec.failover !== undefined || spec.healing !== undefined;
    if (!isAsked || metadata.deletionTimestamp !== undefined) return undefined;
    return { reason: 'EmergencyHalt', message: `${halt.id} is not over; ${wayBack(halt.id)}` };
  }

  /** It is about to be taken, or has nothing to take and must not rise. */
  #awaits({ service }: PartLook, workload: WorkloadSnapshot | undefined): Held | undefined {
    // It is not taken any more, and what others took from it must not wait for the end of a halt.
    if (service.metadata.deletionTimestamp !== undefined) return undefined;
    const { policy, ownNamespace, status } = this.#options;
    const last = status()?.halt;
    const isHalting = last !== undefined && isInForce(last);
    if (!isHalting && (policy().stoppedNamespaces ?? []).length === 0) return undefined;
    const { halt, stopped, policy: emergency, shielded } = ordersOf(policy(), ownNamespace, readHalt(last));
    if (stopped.has(service.namespace)) return { reason: 'NamespaceStopped', message: STOPPED };
    if (halt === undefined || halt.phase === 'GivingBack') return undefined;
    const action = haltAction(subjectOf(service, workload), emergency, shielded);
    return action === 'Keep' ? undefined : { reason: 'HeldByHalt', message: `${halt.id} lasts` };
  }
}

const UNREAD: ReadonlySet<string> = new Set(['Forbidden', 'TargetUnavailable']);
const STOPPED = 'its namespace is stopped on purpose';
const UNREADABLE = 'its annotation baton.dev/halt-id names no halt, so nobody knows who is to give back what';

const isForeign = ({ apiVersion }: { readonly apiVersion: string }): boolean => apiVersion !== 'apps/v1';

function heldBy({ id, original, to }: Hold): Held {
  if (id === '') return { reason: 'HoldUnreadable', message: advise(UNREADABLE, 'HoldUnreadable') };
  const reason: Reason = plannedNamespace(id) === undefined ? 'HeldByHalt' : 'NamespaceStopped';
  return { reason, message: advise(`${id} took it from ${original ?? 'an unknown count'} to ${to} replicas`, reason) };
}

function toldOf(hold: Hold | undefined, previous: HaltStatus | undefined, replicas: number): Transition[] {
  if (hold?.id === previous?.id) return [];
  const tell = (reason: Reason, to: string, message: string, type: 'Normal' | 'Warning'): Transition[] => [
    { kind: 'Halted', from: previous?.id ?? '', to, reason, message, type },
  ];
  if (hold?.id === '') return tell('HoldUnreadable', 'Held', advise(UNREADABLE, 'HoldUnreadable'), 'Warning');
  if (hold) {
    const isPlanned = plannedNamespace(hold.id) !== undefined;
    const moved = `${hold.original ?? '?'} → ${hold.to}: ${hold.id}`;
    return isPlanned
      ? tell('NamespaceStopped', 'Stopped', moved, 'Normal')
      : tell('HeldByHalt', 'Held', moved, 'Warning');
  }
  const { id, originalReplicas: original } = previous ?? {};
  if (replicas === original)
    return tell('HaltReleased', 'Released', `${replicas} replicas again: ${id} is over`, 'Normal');
  return tell('ChangedByHand', 'Released', `${replicas} replicas stay, and not ${original}: ${id} is over`, 'Normal');
}
