import { createHash } from 'node:crypto';
import { OPERATION } from '../../../api/annotations.ts';
import type { PatchAction } from '../../../domain/workflow/action.ts';
import {
  areAsBefore,
  areAsWritten,
  type Change,
  changesBetween,
  escape,
  inverseOf,
  textOf,
  withoutValues,
} from '../../../domain/workflow/changes.ts';
import type { Answer, Failure, Operation } from '../../../domain/workflow/operation.ts';
import { isFailure, refusal, type Target, targetOf, untilStill } from './access.ts';
import type { StepActor } from './actor.ts';
import { failed, NOTHING_TO_STOP, type StepContext, type StepKind } from './contract.ts';
import { objectionTo } from './patch-rules.ts';
import type { LiveObject, ObjectsPort } from './ports.ts';
import { isOwnStamp, stamp, stampOf } from './stamps.ts';

interface Ports {
  readonly objects: ObjectsPort;
  readonly actor: StepActor;
}

interface Before {
  readonly uid: string;
  readonly stamp: string | null;
  /** What the patch changes, as the API server said it would; none where something is undone. */
  readonly changes?: readonly Change[];
}

type Op = Operation<PatchAction>;

/** All that the API server says where a JSON patch does not fit the object. */
const NO_REASON = 'the server rejected our request due to an error in our request';

/** As much as a status keeps of what was before, bytes. */
const LIMIT = 4_096;
const TYPES = { Merge: 'merge', Strategic: 'strategic', JSON: 'json' } as const;

/** Changes an object. What it changes is what the API server says in a dry run, with its defaults. */
export class PatchStep implements StepKind<PatchAction> {
  readonly #ports: Ports;
  readonly stop = NOTHING_TO_STOP;
  readonly watches = (): readonly never[] => [];

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  prepare(operation: Op, context: StepContext): Promise<Answer> {
    return untilStill(() => this.#prepare(operation, context));
  }

  async #prepare(operation: Op, context: StepContext): Promise<Answer | undefined> {
    const objection = objectionTo(operation.action);
    if (objection !== undefined) return failed('InvalidSpec', objection);
    const { objects } = this.#ports;
    const found = await targetOf(objects, operation.action.target, context);
    if (isFailure(found)) return found;
    const { object, account } = found;
    const held = this.#ports.actor.heldBack(object, context);
    if (held !== undefined) return held;
    const before: Before = { uid: object.metadata.uid, stamp: stampOf(object) };
    if (operation.undoes !== undefined)
      return driftOf(object, operation) ?? { kind: 'prepared', before: { ...before } };
    const tried = await objects.rehearse(actOf(found, operation), account, context.signal);
    if (tried.kind === 'refused' && operation.action.type === 'JSON' && tried.message.includes(NO_REASON))
      return failed('StepRefused', 'a path of the JSON patch is not there, or one of its tests does not hold');
    if (tried.kind !== 'written') return refusal(tried, account);
    const changes = changesBetween(object, tried.object, digest, isIgnored);
    const kept = keptOf(before, changes, context);
    if (sizeOf(kept) > LIMIT) return tooMuch(context);
    if (!context.dryRun) return { kind: 'prepared', before: kept };
    const { kind, name } = operation.action.target;
    const message = changes.length === 0 ? `changes nothing of ${kind} ${name}` : `changes ${kind} ${name}`;
    return { kind: 'prepared', before: kept, rehearsal: { message, diff: diffOf(changes, tried.object) } };
  }

  apply(operation: Op, context: StepContext): Promise<Answer> {
    return untilStill(async () => {
      const found = await targetOf(this.#ports.objects, operation.action.target, context);
      if (isFailure(found)) return found;
      const settled = this.#ports.actor.heldBack(found.object, context) ?? settle(found.object, operation);
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

  /** It is there as soon as it is written. */
  verify(): Promise<Answer> {
    return Promise.resolve({ kind: 'done' });
  }
}

function actOf({ object, address: target }: Target, { opId, action, undoes }: Op) {
  const { uid, resourceVersion } = object.metadata;
  const on = { type: 'Patch', target, uid, resourceVersion } as const;
  if (undoes !== undefined || action.type === 'JSON') {
    const operations =
      undoes === undefined
        ? (action.patch as object[])
        : (inverseOf(object, (undoes.before as unknown as Before).changes ?? []) ?? []);
    return { ...on, patch: 'json', body: [stamped(object, opId), ...operations] } as const;
  }
  const patch = action.patch as { metadata?: { annotations?: object } };
  const annotations = { ...patch.metadata?.annotations, ...stamp(opId) };
  const body = { ...patch, metadata: { ...patch.metadata, annotations } };
  return { ...on, patch: TYPES[action.type], body } as const;
}

/** Goes first, so that there are annotations for what follows. */
const stamped = ({ metadata }: LiveObject, opId: string): object =>
  metadata.annotations === undefined
    ? { op: 'add', path: '/metadata/annotations', value: stamp(opId) }
    : { op: 'add', path: `/metadata/annotations/${escape(OPERATION)}`, value: opId };

function settle(object: LiveObject, operation: Op): Answer | undefined {
  const { opId, undoes, action } = operation;
  const before = operation.before as unknown as Before;
  const { kind, name } = action.target;
  if (object.metadata.uid !== before.uid)
    return failed('TargetNotFound', `${kind} ${name} is another object by now`, true);
  const changes = (undoes === undefined ? before : (undoes.before as unknown as Before)).changes ?? [];
  const isOld = areAsBefore(object, changes, digest);
  const isNew = areAsWritten(object, changes, digest);
  const [isDone, isToDo] = undoes === undefined ? [isNew, isOld] : [isOld, isNew];
  const now = stampOf(object);
  if (now === opId && isDone) return { kind: 'applied' };
  // It never came to what is to be undone.
  if (undoes !== undefined && isOld) return { kind: 'applied', message: 'there is nothing to put back' };
  if (now === before.stamp && isToDo) return undefined;
  return {
    kind: 'unknown',
    message: `${kind} ${name} is neither as it was before nor as this step would have left it: whether it was changed cannot be told`,
  };
}

function driftOf(object: LiveObject, operation: Op): Failure | undefined {
  if (operation.undoes === undefined) return undefined;
  const { action, before } = operation.undoes;
  const { uid, stamp: was, changes = [] } = before as unknown as Before;
  const { kind, name } = action.target;
  if (object.metadata.uid !== uid) return failed('Drifted', `${kind} ${name} is another object by now`);
  const now = stampOf(object);
  const isOwn = isOwnStamp(now, operation);
  if (areAsBefore(object, changes, digest) && (isOwn || now === was)) return undefined;
  if (!isOwn) return failed('Drifted', `${kind} ${name} does not carry the stamp of this workflow any more`);
  if (areAsWritten(object, changes, digest) && inverseOf(object, changes) !== undefined) return undefined;
  const changed = changes.find((change) => !areAsWritten(object, [change], digest));
  return failed('Drifted', `${textOf(changed?.path ?? [])} of ${kind} ${name} was changed since`);
}

/** What was before is kept for undoing; where it is too much, and nothing is undone by it, only as much as tells whether it was done. */
function keptOf(before: Before, changes: readonly Change[], { undo }: StepContext) {
  const whole = { ...before, changes };
  return undo === 'Auto' || sizeOf(whole) <= LIMIT ? whole : { ...before, changes: withoutValues(changes, digest) };
}

const tooMuch = ({ undo }: StepContext): Failure =>
  failed(
    'StateTooLarge',
    `what the patch changes is more than the ${LIMIT} bytes that are kept of what was before${undo === 'Auto' ? ', so that it could not be undone by itself' : ''}; split it, or make it smaller`,
  );

/** Ours, the API server's, and what a controller writes: none of it is what the patch is about. */
function isIgnored([first, second, third]: readonly unknown[]): boolean {
  if (first === 'status') return true;
  if (first !== 'metadata' || second === undefined) return false;
  if (second === 'annotations') return third === OPERATION;
  return second !== 'labels';
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

const digest = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('hex').slice(0, 16);

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const DIFF_LIMIT = 1_024;
const VALUE_LIMIT = 80;

function diffOf(changes: readonly Change[], after: object): string {
  let text = '';
  for (const [index, { path, before }] of changes.entries()) {
    const line = `${textOf(path)}: ${short(before)} → ${short(valueAt(after, path))}\n`;
    if (text.length + line.length > DIFF_LIMIT - 24) return `${text}and ${changes.length - index} more`;
    text += line;
  }
  return text.trimEnd();
}

function short(value: unknown): string {
  const text = value === undefined ? '(none)' : JSON.stringify(value);
  return text.length <= VALUE_LIMIT ? text : `${text.slice(0, VALUE_LIMIT - 1).toWellFormed()}…`;
}

function valueAt(object: unknown, path: Change['path']): unknown {
  return path.reduce<unknown>((value, segment) => {
    if (typeof segment === 'string') return (value as Record<string, unknown> | undefined)?.[segment];
    return (value as { name?: string }[] | undefined)?.find(({ name }) => name === segment.name);
  }, object);
}
