import type { ObjectAddress } from '../../../domain/guard/step.ts';
import type { ObjectReference } from '../../../domain/workflow/action.ts';
import type { Answer, Failure } from '../../../domain/workflow/operation.ts';
import type { StepOutcome } from './actor.ts';
import { failed, type StepContext, waiting } from './contract.ts';
import type { Account, Denied, LiveObject, ObjectRead, ObjectsPort, ObjectWritten } from './ports.ts';

/** What a step acts on, as the workflow's ServiceAccount sees it. */
export interface Target {
  readonly address: ObjectAddress;
  readonly account: NonNullable<Account>;
  readonly object: LiveObject;
  readonly hasScale: boolean;
}

export const addressOf = (
  { apiVersion, kind, name }: ObjectReference,
  { workflow }: Pick<StepContext, 'workflow'>,
): ObjectAddress => ({ apiVersion, kind, namespace: workflow.namespace, name });

/** The account as which the steps of a workflow act; a step that needs one cannot be done without. */
export function accountOf({ workflow }: Pick<StepContext, 'workflow'>): NonNullable<Account> | Failure {
  const { namespace, serviceAccountName: name } = workflow;
  return name === undefined
    ? failed('InvalidSpec', 'the step acts as a ServiceAccount, and spec.serviceAccountName names none')
    : { namespace, name };
}

export const isFailure = (value: object): value is Failure => 'kind' in value && value.kind === 'failed';

/** The target of a step, live, or why it cannot be had. */
export async function targetOf(
  objects: ObjectsPort,
  reference: ObjectReference,
  context: StepContext,
): Promise<Target | Failure> {
  const account = accountOf(context);
  if (isFailure(account)) return account;
  const address = addressOf(reference, context);
  const found = await objects.read(address, account, context.signal);
  return found.kind === 'found'
    ? { address, account, object: found.object, hasScale: found.hasScale }
    : unreadable(found, reference, account);
}

/** Why an object could not be read. */
export function unreadable(
  found: Exclude<ObjectRead, { kind: 'found' }>,
  { apiVersion, kind, name }: ObjectReference,
  account: Account,
): Failure {
  switch (found.kind) {
    case 'absent':
      return failed('TargetNotFound', `there is no ${kind} ${name}`);
    case 'unknownKind':
      return failed('TargetKindUnknown', `the API server knows no ${kind} of ${apiVersion}`);
    case 'clusterScoped':
      return failed('InvalidSpec', `a ${kind} belongs to no namespace, and workflows act in theirs only`);
    case 'forbidden':
      return deniedTo(account, found);
  }
}

/** Who lacks which permission, and who has to be given one. */
export function deniedTo(account: Account, { verb, resource, impersonation }: Denied): Failure {
  if (account === undefined) return failed('Forbidden', `Baton itself may not ${verb} ${resource}`);
  const { namespace, name } = account;
  return impersonation
    ? failed(
        'ImpersonationForbidden',
        `Baton may not act as ServiceAccount ${name}: it needs the verb impersonate on serviceaccounts in namespace ${namespace}`,
      )
    : failed('AccountForbidden', `ServiceAccount ${name} may not ${verb} ${resource} in namespace ${namespace}`);
}

/** What a write that did not happen means for its step; undefined where somebody was faster, and it has to be looked at again. */
export function refusal(
  outcome: Exclude<StepOutcome | ObjectWritten, { kind: 'written' }>,
  account: Account,
): Answer | undefined {
  switch (outcome.kind) {
    case 'conflict':
      return undefined;
    case 'exists':
      return failed('NameTaken', 'there is an object of that name that is not of this step', true);
    case 'gone':
      return failed('TargetNotFound', 'the target was deleted meanwhile');
    case 'refused':
      return failed('StepRefused', `the API server refuses: ${outcome.message}`);
    case 'forbidden':
      return deniedTo(account, outcome);
    case 'objected': {
      const { kind, reason, message } = outcome.objection;
      return kind === 'gone' ? failed(reason, message) : waiting(message, false);
    }
  }
}

/** How often a step looks again at once where others write to the same object, before it waits. */
const TURNS = 5;

/** Tries until nobody writes in between; `turn` answers undefined where somebody did. */
export async function untilStill(turn: () => Promise<Answer | undefined>): Promise<Answer> {
  for (let count = 0; count < TURNS; count += 1) {
    const answer = await turn();
    if (answer !== undefined) return answer;
  }
  return waiting('others keep writing to the target; it is tried again', false);
}
