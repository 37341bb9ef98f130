import type { RestartAction } from '../../../domain/workflow/action.ts';
import type { Answer, Failure, Operation } from '../../../domain/workflow/operation.ts';
import { isFailure, refusal, type Target, targetOf, untilStill } from './access.ts';
import type { StepActor } from './actor.ts';
import { failed, NOTHING_TO_STOP, type StepContext, type StepKind, waiting } from './contract.ts';
import type { LiveObject, ObjectsPort } from './ports.ts';
import { rolloutOf } from './rollout.ts';
import { stamp, stampOf } from './stamps.ts';

interface Ports {
  readonly objects: ObjectsPort;
  readonly actor: StepActor;
}

interface Before {
  readonly uid: string;
  readonly restartedAt: string | null;
  readonly stamp: string | null;
}

interface Rolled {
  readonly spec?: {
    readonly paused?: boolean;
    readonly updateStrategy?: { readonly type?: string };
    readonly template?: { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } };
  };
}

/** As kubectl rollout restart writes it. */
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';
const KINDS = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);
type Op = Operation<RestartAction>;

/** Rolls all pods of a workload, as kubectl rollout restart does, and waits as kubectl rollout status does. */
export class RestartStep implements StepKind<RestartAction> {
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
    const before: Before = {
      uid: found.object.metadata.uid,
      restartedAt: restartedAt(found.object),
      stamp: stampOf(found.object),
    };
    if (!context.dryRun) return { kind: 'prepared', before: { ...before } };
    const tried = await this.#ports.objects.rehearse(actOf(found, operation), found.account, context.signal);
    if (tried.kind !== 'written') return refusal(tried, found.account);
    const { kind, name } = operation.action.target;
    const rehearsal = {
      message: `restarts all pods of ${kind} ${name}`,
      diff: `spec.template.metadata.annotations[${RESTARTED_AT}]: ${before.restartedAt ?? '(none)'} → ${wantedOf(operation)}`,
    };
    return { kind: 'prepared', before: { ...before }, rehearsal };
  }

  apply(operation: Op, context: StepContext): Promise<Answer> {
    return untilStill(async () => {
      const found = await this.#look(operation, context);
      if (isFailure(found)) return found;
      const settled = settle(found.object, operation);
      if (settled !== undefined) return settled;
      const outcome = await this.#ports.actor.carryOut(
        {
          act: actOf(found, operation),
          purpose: operation.direction,
          context,
          live: found.object,
          locked: [operation.action.target],
        },
        found.account,
      );
      return outcome.kind === 'written' ? { kind: 'applied' } : refusal(outcome, found.account);
    });
  }

  async verify(operation: Op, context: StepContext): Promise<Answer> {
    const { target } = operation.action;
    const found = await targetOf(this.#ports.objects, target, context);
    if (isFailure(found)) return found;
    const isWoken = this.watches(operation).length > 0;
    // Who restarts it again meanwhile makes it later, and no less true.
    const rollout = rolloutOf(target.kind, found.object);
    switch (rollout.state) {
      case 'Complete':
        return { kind: 'done' };
      case 'Progressing':
        return waiting(rollout.message, isWoken);
      case 'Stuck':
        return failed('RolloutStuck', rollout.message, true);
    }
  }

  watches({ action: { target } }: Op) {
    return target.kind === 'Deployment' || target.kind === 'StatefulSet'
      ? [{ kind: target.kind, name: target.name }]
      : [];
  }

  async #look({ action }: Op, context: StepContext): Promise<Target | Failure> {
    const { apiVersion, kind, name } = action.target;
    if (apiVersion !== 'apps/v1' || !KINDS.has(kind)) {
      return failed('InvalidSpec', `a ${kind} of ${apiVersion} has no pods of a template that could be rolled`);
    }
    const found = await targetOf(this.#ports.objects, action.target, context);
    if (isFailure(found)) return found;
    const { spec } = found.object as Rolled;
    if (spec?.paused === true) return failed('StepRefused', `Deployment ${name} is paused; resume its rollout first`);
    return spec?.updateStrategy?.type === 'OnDelete'
      ? failed('StepRefused', `${kind} ${name} has the update strategy OnDelete: its pods are not rolled`)
      : found;
  }
}

const restartedAt = (object: LiveObject): string | null =>
  (object as Rolled).spec?.template?.metadata?.annotations?.[RESTARTED_AT] ?? null;

/** The same for each try of one attempt, but where the clock is set back meanwhile. */
const wantedOf = ({ attemptedAt }: Op): string => new Date(attemptedAt).toISOString();

function actOf({ object, address: target }: Target, operation: Op) {
  const { uid, resourceVersion } = object.metadata;
  const body = {
    metadata: { annotations: stamp(operation.opId) },
    spec: { template: { metadata: { annotations: { [RESTARTED_AT]: wantedOf(operation) } } } },
  };
  return { type: 'Patch', target, uid, resourceVersion, patch: 'merge', body } as const;
}

function settle(object: LiveObject, operation: Op): Answer | undefined {
  const before = operation.before as unknown as Before;
  const { kind, name } = operation.action.target;
  if (object.metadata.uid !== before.uid)
    return failed('TargetNotFound', `${kind} ${name} is another object by now`, true);
  // Both are one write. The moment in the template says nothing more: where the clock was set back, that of the attempt was set back with it.
  if (stampOf(object) === operation.opId) return { kind: 'applied' };
  if (stampOf(object) === before.stamp && restartedAt(object) === before.restartedAt) return undefined;
  return {
    kind: 'unknown',
    message: `${kind} ${name} was restarted or stamped by somebody else: whether this step did it too cannot be told`,
  };
}
