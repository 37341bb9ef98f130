import type { OrchestratedServiceSpec, OrchestratedServiceStatus } from '../../../api/kinds.ts';
import { parseDuration } from '../../../domain/duration.ts';
import { type FailoverAction, type ObjectReference, SERVICE } from '../../../domain/workflow/action.ts';
import type { Answer, Failure, Operation } from '../../../domain/workflow/operation.ts';
import { isFailure, refusal, type Target, targetOf, untilStill } from './access.ts';
import type { StepActor } from './actor.ts';
import { failed, NOTHING_TO_STOP, type StepContext, type StepKind, waiting } from './contract.ts';
import type { ObjectsPort } from './ports.ts';
import { isOwnStamp, stamp, stampOf } from './stamps.ts';

interface Ports {
  readonly objects: ObjectsPort;
  readonly actor: StepActor;
}

type Side = FailoverAction['to'];

interface Before {
  readonly uid: string;
  readonly desired: Side | null;
  readonly active: Side;
  readonly stamp: string | null;
}

interface Service extends Target {
  readonly spec: OrchestratedServiceSpec;
  readonly status: OrchestratedServiceStatus | undefined;
  readonly desired: Side | null;
  readonly active: Side;
}

type Op = Operation<FailoverAction>;

/**
 * Moves the traffic of an OrchestratedService by an order in its spec, and waits until it has moved. An order is carried out when it is new:
 * where the same one stands already and traffic is on the other side, that side is ordered first, which moves nothing.
 */
export class FailoverStep implements StepKind<FailoverAction> {
  readonly #ports: Ports;
  readonly stop = NOTHING_TO_STOP;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  prepare(operation: Op, context: StepContext): Promise<Answer> {
    return untilStill(async () => {
      const found = await this.#look(operation, context);
      if (isFailure(found)) return found;
      const { desired, active, object, account } = found;
      const before: Before = { uid: object.metadata.uid, desired, active, stamp: stampOf(object) };
      const drift = driftOf(before, operation);
      if (drift !== undefined) return drift;
      if (!context.dryRun) return { kind: 'prepared', before: { ...before } };
      const to = wantedOf(operation);
      const tried = await this.#ports.objects.rehearse(actOf(found, to, operation.opId), account, context.signal);
      if (tried.kind !== 'written') return refusal(tried, account);
      const { service } = operation.action;
      const message = active === to ? `${service} is on ${to} already` : `moves traffic of ${service} to ${to}`;
      const diff = active === to ? {} : { diff: `spec.failover.desired: ${desired ?? '(none)'} → ${to}` };
      return { kind: 'prepared', before: { ...before }, rehearsal: { message, ...diff } };
    });
  }

  apply(operation: Op, context: StepContext): Promise<Answer> {
    return untilStill(async () => {
      const found = await this.#look(operation, context);
      if (isFailure(found)) return found;
      const settled = settle(found, operation);
      if (typeof settled !== 'string') return settled;
      const { spec, account, object } = found;
      const { targetRef, failover } = spec;
      const locked: ObjectReference[] = [targetRef, ...(failover ? [failover.standbyRef] : [])];
      const outcome = await this.#ports.actor.carryOut(
        { act: actOf(found, settled, operation.opId), purpose: operation.direction, context, live: object, locked },
        account,
      );
      if (outcome.kind !== 'written') return refusal(outcome, account);
      return settled === wantedOf(operation)
        ? { kind: 'applied' }
        : waiting(`${settled} is ordered first, because ${wantedOf(operation)} was ordered before`, true);
    });
  }

  async verify(operation: Op, context: StepContext): Promise<Answer> {
    const found = await this.#look(operation, context);
    if (isFailure(found)) return found;
    const to = wantedOf(operation);
    const { service } = operation.action;
    const { failover, observedGeneration = 0 } = found.status ?? {};
    if (failover === undefined || observedGeneration < (found.object.metadata.generation ?? 0)) {
      return waiting(`the order for ${service} is not seen yet`, true);
    }
    const { state, active, ordered, took, message = '' } = failover;
    if (state === 'Refused' && ordered !== to) return failed('FailoverRefused', message, true);
    if (active === to && (state === 'Completed' || state === 'Idle')) {
      const hasMoved = firstOf(operation).active !== to;
      return { kind: 'done', outputs: { active, ...(hasMoved && took && { seconds: secondsOf(took) }) } };
    }
    if (found.desired !== to)
      return waiting(`somebody else ordered ${found.desired ?? 'nothing'} for ${service}`, true);
    return waiting(`${service} is on ${active}: ${state}${message === '' ? '' : `, ${message}`}`, true);
  }

  watches({ action }: Op) {
    return [{ kind: SERVICE.kind, name: action.service }];
  }

  async #look({ action }: Op, context: StepContext): Promise<Service | Failure> {
    const reference = { ...SERVICE, name: action.service };
    const found = await targetOf(this.#ports.objects, reference, context);
    if (isFailure(found)) return found;
    const { spec, status } = found.object as unknown as Pick<Service, 'spec' | 'status'>;
    const { failover, mode } = spec;
    if (failover === undefined) return failed('InvalidSpec', `${action.service} has no spec.failover`);
    if (failover.follow !== undefined) {
      return failed('FailoverRefused', `${action.service} moves with ${failover.follow}, and by nothing else`);
    }
    if (mode !== 'Enforce')
      return failed('FailoverRefused', `mode of ${action.service} is ${mode}: it moves no traffic`);
    return { ...found, spec, status, desired: failover.desired ?? null, active: status?.failover?.active ?? 'Primary' };
  }
}

/** Without an order of before, what is undone goes back to where traffic was. */
function wantedOf({ action, undoes }: Op): Side {
  if (undoes === undefined) return action.to;
  const { desired, active } = undoes.before as unknown as Before;
  return desired === undoes.action.to ? active : (desired ?? active);
}

/** Where traffic went before this step. */
const firstOf = ({ before, original = before }: Op): Before => original as unknown as Before;

type Took = NonNullable<NonNullable<OrchestratedServiceStatus['failover']>['took']>;

/** As numbers, so that expressions can compare them. */
const secondsOf = (took: Took): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(took).map(([part, text]) => [part, parseDuration(text) / 1_000]));

function actOf({ object, address: target }: Service, desired: Side, opId: string) {
  const { uid, resourceVersion } = object.metadata;
  const body = { metadata: { annotations: stamp(opId) }, spec: { failover: { desired } } };
  return { type: 'Patch', target, uid, resourceVersion, patch: 'merge', body } as const;
}

function driftOf(now: Before, operation: Op): Failure | undefined {
  if (operation.undoes === undefined) return undefined;
  const { action, before } = operation.undoes;
  const was = before as unknown as Before;
  if (now.uid !== was.uid) return failed('Drifted', `${action.service} is another object by now`);
  const isUntouched = now.stamp === was.stamp && now.desired === was.desired;
  const isOwn = isOwnStamp(now.stamp, operation);
  if (isUntouched || (isOwn && (now.desired === action.to || now.desired === was.desired))) return undefined;
  return failed('Drifted', `spec.failover.desired of ${action.service} is ${now.desired ?? 'gone'}, by somebody else`);
}

/** What is ordered next, or what came of it. */
function settle({ object, desired, active, status }: Service, operation: Op): Side | Answer {
  const before = operation.before as unknown as Before;
  const { opId, action, undoes } = operation;
  const to = wantedOf(operation);
  if (object.metadata.uid !== before.uid) {
    return failed('TargetNotFound', `${action.service} is another object by now`, true);
  }
  const now = stampOf(object);
  if (now === opId && desired === to) return { kind: 'applied' };
  if (now === opId) {
    return status?.failover?.ordered === desired ? to : waiting(`the order of ${desired} is not seen yet`, true);
  }
  const was = undoes?.before as unknown as Before | undefined;
  if (was !== undefined && now === was.stamp && desired === was.desired) {
    return { kind: 'applied', message: 'there is nothing to put back' };
  }
  if (now === before.stamp && desired === before.desired) return desired === to && active !== to ? active : to;
  return {
    kind: 'unknown',
    message: `somebody else ordered ${desired ?? 'nothing'} for ${action.service}: whether this step did so before cannot be told`,
  };
}
