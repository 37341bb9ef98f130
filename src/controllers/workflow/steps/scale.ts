import { holdOf } from '../../../domain/emergency/hold.ts';
import type { ScaleAction } from '../../../domain/workflow/action.ts';
import type { Answer, Failure, Operation } from '../../../domain/workflow/operation.ts';
import { isFailure, refusal, type Target, targetOf, unreadable, untilStill } from './access.ts';
import type { StepActor, StepOutcome } from './actor.ts';
import { failed, NOTHING_TO_STOP, type StepContext, type StepKind, waiting } from './contract.ts';
import type { LiveObject, ObjectsPort, WriteAct } from './ports.ts';
import { isOwnStamp, stamp, stampOf } from './stamps.ts';

interface Ports {
  readonly objects: ObjectsPort;
  readonly actor: StepActor;
}

/** What was there before: of this very object. */
interface Before {
  readonly uid: string;
  readonly replicas: number;
  readonly stamp: string | null;
}

interface Scaled extends Target {
  readonly replicas: number;
  /** What it had when a halt took it, where it still has what the halt gave it: nobody but the halt has changed it since. */
  readonly halted: number | undefined;
  /** Its scale, for kinds that are written through it; they are stamped in a write of its own before. */
  readonly scale: LiveObject | undefined;
}

const APPS = new Set(['Deployment', 'StatefulSet', 'ReplicaSet']);
type Op = Operation<ScaleAction>;

/** Gives a workload another number of replicas, and waits until they are ready. */
export class ScaleStep implements StepKind<ScaleAction> {
  readonly #ports: Ports;
  readonly stop = NOTHING_TO_STOP;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  prepare(operation: Op, context: StepContext): Promise<Answer> {
    return untilStill(() => this.#prepare(operation, context));
  }

  async #prepare(operation: Op, context: StepContext): Promise<Answer | undefined> {
    const found = await this.#look(operation, context);
    if (isFailure(found)) return found;
    const held = this.#ports.actor.heldBack(found.object, context);
    if (held !== undefined) return held;
    const before: Before = { uid: found.object.metadata.uid, replicas: found.replicas, stamp: stampOf(found.object) };
    const drift = driftOf(found, operation);
    if (drift !== undefined) return drift;
    if (!context.dryRun) return { kind: 'prepared', before: { ...before } };
    const to = wantedOf(operation);
    const acts = actsOf(found, to, operation.opId);
    for (const act of acts) {
      const tried = await this.#ports.objects.rehearse(act, found.account, context.signal);
      // The second is on condition of a version that the first has not made.
      if (tried.kind !== 'written' && !(tried.kind === 'conflict' && acts.length > 1)) {
        return refusal(tried, found.account);
      }
    }
    const { kind, name } = operation.action.target;
    const message = found.replicas === to ? `${kind} ${name} has ${to} replicas already` : `scales ${kind} ${name}`;
    const diff = found.replicas === to ? {} : { diff: `spec.replicas: ${found.replicas} → ${to}` };
    return { kind: 'prepared', before: { ...before }, rehearsal: { message, ...diff } };
  }

  apply(operation: Op, context: StepContext): Promise<Answer> {
    return untilStill(async () => {
      const found = await this.#look(operation, context);
      if (isFailure(found)) return found;
      const settled = this.#ports.actor.heldBack(found.object, context) ?? settle(found, operation);
      if (settled !== undefined) return settled;
      let outcome: StepOutcome | undefined;
      let version = found.object.metadata.resourceVersion;
      for (const act of actsOf(found, wantedOf(operation), operation.opId)) {
        outcome = await this.#ports.actor.carryOut(
          {
            act: { ...act, resourceVersion: version },
            purpose: operation.direction,
            context,
            live: found.object,
            locked: [operation.action.target],
          },
          found.account,
        );
        if (outcome.kind !== 'written') return refusal(outcome, found.account);
        version = outcome.object.metadata.resourceVersion;
      }
      return { kind: 'applied' };
    });
  }

  async verify(operation: Op, context: StepContext): Promise<Answer> {
    const found = await this.#look(operation, context);
    if (isFailure(found)) return found;
    const to = wantedOf(operation);
    const isWoken = this.watches(operation).length > 0;
    const { kind, name } = operation.action.target;
    if (found.replicas !== to) {
      return waiting(`${kind} ${name} is asked for ${found.replicas} replicas by somebody else, not ${to}`, isWoken);
    }
    const { generation = 0 } = found.object.metadata;
    const status = (found.object['status'] ?? {}) as Status;
    if (Number(status.observedGeneration ?? generation) < generation) {
      return waiting(`the controller of ${kind} ${name} has not seen it yet`, isWoken);
    }
    const there = (found.scale?.['status'] as Status | undefined)?.replicas ?? status.replicas ?? 0;
    // A kind of others may not tell how many are ready; of those of Kubernetes none is absent.
    const ready = status.readyReplicas ?? (found.scale ? there : 0);
    if (ready === to && there === to) return { kind: 'done', outputs: { replicas: to, before: firstOf(operation) } };
    return waiting(`${ready} of ${to} replicas are ready, ${there} are there`, isWoken);
  }

  watches({ action: { target } }: Op) {
    return target.apiVersion === 'apps/v1' && (target.kind === 'Deployment' || target.kind === 'StatefulSet')
      ? [{ kind: target.kind, name: target.name }]
      : [];
  }

  async #look({ action }: Op, context: StepContext): Promise<Scaled | Failure> {
    const { target } = action;
    const found = await targetOf(this.#ports.objects, target, context);
    if (isFailure(found)) return found;
    if (!found.hasScale) return failed('TargetNotScalable', `a ${target.kind} has no scale subresource`);
    if (target.apiVersion === 'apps/v1' && APPS.has(target.kind)) {
      const replicas = (found.object['spec'] as Status | undefined)?.replicas ?? 1;
      return { ...found, scale: undefined, replicas, halted: haltedOf(found.object, replicas) };
    }
    const scale = await this.#ports.objects.scale(found.address, found.account, context.signal);
    if (scale.kind !== 'found') return unreadable(scale, target, found.account);
    const replicas = (scale.object['spec'] as Status | undefined)?.replicas ?? 0;
    return { ...found, scale: scale.object, replicas, halted: haltedOf(found.object, replicas) };
  }
}

interface Status {
  readonly observedGeneration?: number | string;
  readonly replicas?: number;
  readonly readyReplicas?: number;
}

function haltedOf({ metadata }: LiveObject, replicas: number): number | undefined {
  const hold = holdOf(metadata.annotations);
  return hold?.to === replicas ? hold.original : undefined;
}

/** Whether it has so many, or had until a halt took it. */
const has = ({ replicas, halted }: Scaled, count: number): boolean => replicas === count || halted === count;

/** Forward what the step asks for, backward what there was before it. */
const wantedOf = ({ action, undoes }: Op): number =>
  undoes === undefined ? action.replicas : (undoes.before as unknown as Before).replicas;

/** How many there were before this step. */
const firstOf = ({ before, original = before }: Op): number => (original as unknown as Before).replicas;

function actsOf({ object, address, scale }: Scaled, replicas: number, opId: string) {
  const { uid, resourceVersion } = object.metadata;
  const on = { target: address, uid, resourceVersion };
  const metadata = { annotations: stamp(opId) };
  const patch = { type: 'Patch', ...on, patch: 'merge' } as const;
  if (scale === undefined) return [{ ...patch, body: { metadata, spec: { replicas } } }] satisfies WriteAct[];
  return [
    { ...patch, body: { metadata } },
    { type: 'Scale', ...on, replicas },
  ] satisfies WriteAct[];
}

/** Whether undoing may begin: what the step wrote is there as it wrote it, or it never came to that. */
function driftOf(found: Scaled, operation: Op): Failure | undefined {
  if (operation.undoes === undefined) return undefined;
  const { action, before: first } = operation.undoes;
  const { uid, replicas, stamp: was } = first as unknown as Before;
  const { kind, name } = action.target;
  const now = stampOf(found.object);
  if (found.object.metadata.uid !== uid) return failed('Drifted', `${kind} ${name} is another object by now`);
  const isAsWritten = isOwnStamp(now, operation) && has(found, action.replicas);
  // Stamped, and not scaled yet: the two are one write only for kinds of apps/v1.
  const isUntouched = has(found, replicas) && (now === was || isOwnStamp(now, operation));
  if (isAsWritten || isUntouched) return undefined;
  const by = isOwnStamp(now, operation) ? '' : ', and without the stamp of this workflow';
  return failed(
    'Drifted',
    `${kind} ${name} has ${found.replicas} replicas${by}; the step gave it ${action.replicas}, and before it had ${replicas}`,
  );
}

/** What a stamp and the replicas say of an operation that may have been done before; undefined: it is to be done. */
function settle(found: Scaled, operation: Op): Answer | undefined {
  const before = operation.before as unknown as Before;
  const { uid } = found.object.metadata;
  const now = stampOf(found.object);
  const to = wantedOf(operation);
  const { kind, name } = operation.action.target;
  if (uid !== before.uid) return failed('TargetNotFound', `${kind} ${name} is another object by now`, true);
  const isStampedOnly = found.scale !== undefined && now === operation.opId;
  if (now === operation.opId && has(found, to)) return { kind: 'applied' };
  if (has(found, before.replicas) && (now === before.stamp || isStampedOnly)) return undefined;
  return {
    kind: 'unknown',
    message: `${kind} ${name} had ${before.replicas} replicas, was to get ${to}, and has ${found.replicas}: who did that cannot be told`,
  };
}
