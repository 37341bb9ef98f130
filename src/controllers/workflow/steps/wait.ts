import { formatDuration } from '../../../domain/duration.ts';
import type { ObjectReference, WaitAction } from '../../../domain/workflow/action.ts';
import { compile, isTrue } from '../../../domain/workflow/expression.ts';
import type { Answer, Operation } from '../../../domain/workflow/operation.ts';
import { accountOf, addressOf, isFailure, unreadable } from './access.ts';
import { failed, NOTHING_TO_STOP, type StepContext, type StepKind, waiting } from './contract.ts';
import type { LiveObject, ObjectsPort } from './ports.ts';

interface Ports {
  readonly objects: ObjectsPort;
  readonly now: () => number;
}

interface Conditions {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly observedGeneration?: number;
      readonly message?: string;
    }[];
  };
}

type Op = Operation<WaitAction>;

/** Waits for some time, or until an object is as it should be: as the workflow's ServiceAccount sees it, or not at all. */
export class WaitStep implements StepKind<WaitAction> {
  readonly #ports: Ports;
  readonly stop = NOTHING_TO_STOP;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  async prepare(operation: Op, context: StepContext): Promise<Answer> {
    const { durationMs } = operation.action;
    if (durationMs !== undefined) {
      const rehearsal = { message: `waits for ${formatDuration(durationMs)}` };
      return { kind: 'prepared', before: {}, rehearsal };
    }
    const now = await this.verify(operation, context);
    if (now.kind === 'failed') return now;
    const message = now.kind === 'waiting' ? `waits: ${now.message}` : 'waits for what is so already';
    return { kind: 'prepared', before: {}, rehearsal: { message } };
  }

  apply(): Promise<Answer> {
    return Promise.resolve({ kind: 'applied' });
  }

  async verify(operation: Op, context: StepContext): Promise<Answer> {
    const { action, attemptedAt } = operation;
    const { durationMs, target } = action;
    if (durationMs !== undefined) {
      const left = attemptedAt + durationMs - this.#ports.now();
      if (left <= 0) return { kind: 'done' };
      return { kind: 'waiting', message: `waits for ${formatDuration(durationMs)}`, lookAgainInMs: left };
    }
    if (target === undefined) return failed('InvalidSpec', 'wait needs a duration or a target');
    const account = accountOf(context);
    if (isFailure(account)) return account;
    const found = await this.#ports.objects.read(addressOf(target, context), account, context.signal);
    const isWoken = this.watches(operation).length > 0;
    if (found.kind === 'absent') return waiting(`there is no ${target.kind} ${target.name} yet`, isWoken);
    if (found.kind !== 'found') return unreadable(found, target, account);
    return action.condition === undefined
      ? byExpression(action.expression ?? 'false', found.object, context, isWoken)
      : byCondition(action.condition, target, found.object, isWoken);
  }

  watches({ action: { target } }: Op) {
    return target !== undefined && WATCHED.has(`${target.apiVersion.replace(/\/.*/, '')}/${target.kind}`)
      ? [{ kind: target.kind, name: target.name }]
      : [];
  }
}

const WATCHED = new Set(['apps/Deployment', 'apps/StatefulSet', 'baton.dev/OrchestratedService', 'baton.dev/Workflow']);

/** As kubectl wait looks at it: one that is about an older generation does not count. */
function byCondition(wanted: string, { kind, name }: ObjectReference, object: LiveObject, isWoken: boolean): Answer {
  const { conditions = [] } = (object as Conditions).status ?? {};
  const found = conditions.find(({ type }) => type?.toLowerCase() === wanted.toLowerCase());
  if (found === undefined) return waiting(`${kind} ${name} has no condition ${wanted} yet`, isWoken);
  const { status = 'Unknown', message = '', observedGeneration = Infinity } = found;
  if (observedGeneration < (object.metadata.generation ?? 0)) {
    return waiting(`${wanted} of ${kind} ${name} is about an older generation`, isWoken);
  }
  if (status === 'True') return { kind: 'done' };
  return waiting(`${wanted} of ${kind} ${name} is ${status}${message === '' ? '' : `: ${message}`}`, isWoken);
}

function byExpression(text: string, object: LiveObject, { scope }: StepContext, isWoken: boolean): Answer {
  const compiled = compile(text, ['object', ...Object.keys(scope)]);
  if (!compiled.ok) return failed('Unresolvable', `the expression ${compiled.message}`);
  const found = isTrue(compiled.expression, { ...scope, object });
  // Many fields are not there until something has happened.
  if (!found.ok) return waiting(`not yet: ${found.message}`, isWoken);
  return found.is ? { kind: 'done' } : waiting(`it is not so yet: ${text}`, isWoken);
}
