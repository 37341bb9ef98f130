import { OPERATION, WORKFLOW } from '../../../api/annotations.ts';
import { isNestedDeeper } from '../../../domain/nesting.ts';
import type { JobAction } from '../../../domain/workflow/action.ts';
import type { Answer, Failure, Operation, Outputs } from '../../../domain/workflow/operation.ts';
import { accountOf, isFailure, refusal, unreadable } from './access.ts';
import type { StepActor } from './actor.ts';
import { bounded, failed, type StepContext, type StepKind, waiting } from './contract.ts';
import { isOwnedBy, nameOf, ownedBy } from './names.ts';
import type { Account, LiveObject, ObjectsPort } from './ports.ts';
import { stamp, stampOf } from './stamps.ts';

interface Ports {
  readonly objects: ObjectsPort;
  readonly actor: StepActor;
}

interface Template {
  readonly template?: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
  readonly ttlSecondsAfterFinished?: number;
}

interface JobStatus {
  readonly status?: {
    readonly active?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

interface Pod {
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly {
      readonly state?: { readonly terminated?: { readonly message?: string; readonly finishedAt?: string } };
    }[];
  };
}

const JOBS = { apiVersion: 'batch/v1', kind: 'Job' };
/** As much as a status keeps of what a step found, bytes. */
const LIMIT = 4_096;
type Op = Operation<JobAction>;

/** Runs a Job and waits for its end. What its container leaves as termination message, a JSON object, are the outputs. */
export class JobStep implements StepKind<JobAction> {
  readonly #ports: Ports;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  async prepare(operation: Op, context: StepContext): Promise<Answer> {
    const account = accountOf(context);
    if (isFailure(account)) return account;
    if (!context.dryRun) return { kind: 'prepared', before: {} };
    const tried = await this.#ports.objects.rehearse(actOf(operation, context), account, context.signal);
    if (tried.kind !== 'written') return refusal(tried, account) ?? waiting('there is one of that name', false);
    const { name } = addressOf(operation, context);
    return {
      kind: 'prepared',
      before: {},
      rehearsal: { message: 'runs a Job', diff: `Job ${name}: (none) → created` },
    };
  }

  async apply(operation: Op, context: StepContext): Promise<Answer> {
    const account = accountOf(context);
    if (isFailure(account)) return account;
    const act = actOf(operation, context);
    const outcome = await this.#ports.actor.carryOut({ act, purpose: operation.direction, context }, account);
    if (outcome.kind === 'written') return { kind: 'applied' };
    if (outcome.kind !== 'exists') return refusal(outcome, account) ?? waiting('it is tried again', false);
    const found = await this.#find(operation, context);
    if (found === undefined) return waiting('a Job of that name is going', false);
    return isFailure(found) ? found : { kind: 'applied' };
  }

  async verify(operation: Op, context: StepContext): Promise<Answer> {
    const job = await this.#find(operation, context);
    const { name } = addressOf(operation, context);
    if (job === undefined) return failed('JobFailed', `Job ${name} was deleted by somebody else`);
    if (isFailure(job)) return job;
    const { conditions = [], active = 0 } = (job as JobStatus).status ?? {};
    const holds = (type: string) => conditions.find((each) => each.type === type && each.status === 'True');
    if (holds('Complete')) return this.#outputs(operation, context);
    const failure = holds('Failed');
    if (failure !== undefined) {
      const { reason = 'it failed', message = '' } = failure;
      return failed('JobFailed', `Job ${name}: ${reason}${message === '' ? '' : `, ${message}`}`, true);
    }
    // Both say how it will end, before the last of its pods has.
    if (holds('SuccessCriteriaMet')) return waiting(`Job ${name} has succeeded; its last pods end`, true);
    if (holds('FailureTarget')) return waiting(`Job ${name} has failed; its last pods end`, true);
    return waiting(`Job ${name} runs, ${active} of its pods at this moment`, true);
  }

  /** Baton itself looks for the pods that are left: whether there are any is all that is told. */
  async stop(operation: Op, context: StepContext): Promise<Answer> {
    const account = accountOf(context);
    if (isFailure(account)) return account;
    const job = await this.#find(operation, context);
    if (job !== undefined && isFailure(job)) return job;
    const target = addressOf(operation, context);
    if (job !== undefined && job.metadata.deletionTimestamp === undefined) {
      const act = { type: 'Delete', target, uid: job.metadata.uid } as const;
      const outcome = await this.#ports.actor.carryOut({ act, purpose: 'Stop', context, live: job }, account);
      const isGone = outcome.kind === 'written' || outcome.kind === 'gone';
      if (!isGone) return refusal(outcome, account) ?? waiting('it is tried again', false);
    }
    const left = await this.#pods(operation, context, undefined);
    if ('kind' in left) return unreadable(left, { ...JOBS, name: target.name }, undefined);
    const running = left.filter(({ status }) => !/^(Succeeded|Failed)$/.test(status?.phase ?? '')).length;
    return running === 0 ? { kind: 'done' } : waiting(`${running} pods of Job ${target.name} have yet to end`, false);
  }

  watches(operation: Op, { workflow }: Pick<StepContext, 'workflow'>) {
    return [{ kind: 'Job', name: nameOf(workflow, operation) }];
  }

  /** The Job of this very attempt; undefined where there is none. */
  async #find(operation: Op, context: StepContext): Promise<LiveObject | Failure | undefined> {
    const account = accountOf(context);
    if (isFailure(account)) return account;
    const address = addressOf(operation, context);
    const found = await this.#ports.objects.read(address, account, context.signal);
    if (found.kind === 'absent') return undefined;
    if (found.kind !== 'found') return unreadable(found, address, account);
    const { object } = found;
    return isOwnedBy(object, context.workflow) && stampOf(object) === operation.opId
      ? object
      : failed('NameTaken', `there is a Job ${address.name} that is not of this step`, true);
  }

  /** As the account: of what it may not see nothing is shown. */
  async #outputs(operation: Op, context: StepContext): Promise<Answer> {
    const account = accountOf(context);
    const pods = isFailure(account) ? account : await this.#pods(operation, context, account);
    if ('kind' in pods) {
      return { kind: 'done', message: 'without outputs: its ServiceAccount may not list pods' };
    }
    const terminated = pods
      .filter(({ status }) => status?.phase === 'Succeeded')
      .flatMap(({ status }) => status?.containerStatuses ?? [])
      .flatMap(({ state }) => (state?.terminated?.message ? [state.terminated] : []))
      .sort((a, b) => ((a.finishedAt ?? '') < (b.finishedAt ?? '') ? -1 : 1));
    return outputsOf(terminated.at(-1)?.message);
  }

  #pods(operation: Op, { workflow, signal }: StepContext, account: Account) {
    return this.#ports.objects.pods(workflow.namespace, `${OPERATION}=${operation.opId}`, account, signal) as Promise<
      readonly (LiveObject & Pod)[] | Extract<Awaited<ReturnType<ObjectsPort['pods']>>, { kind: string }>
    >;
  }
}

export function outputsOf(message: string | undefined): Answer {
  if (message === undefined) return { kind: 'done' };
  if (Buffer.byteLength(message) > LIMIT) {
    return { kind: 'done', message: `without outputs: its termination message is longer than ${LIMIT} bytes` };
  }
  const outputs = parse(message);
  return outputs === undefined
    ? { kind: 'done', message: bounded(`without outputs: its termination message is no JSON object: ${message}`) }
    : { kind: 'done', outputs };
}

function parse(message: string): Outputs | undefined {
  try {
    const value: unknown = JSON.parse(message);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && !isNestedDeeper(value) ? (value as Outputs) : undefined;
  } catch {
    return undefined;
  }
}

const addressOf = (operation: Op, { workflow }: StepContext) => ({
  ...JOBS,
  namespace: workflow.namespace,
  name: nameOf(workflow, operation),
});

function actOf(operation: Op, context: StepContext) {
  const { workflow } = context;
  const target = addressOf(operation, context);
  const { namespace, name } = target;
  // It would be gone before somebody saw how it ended; it goes with the workflow.
  const { ttlSecondsAfterFinished: _, template, ...spec } = operation.action.template as Template;
  const labels = { [WORKFLOW]: workflow.uid };
  const podLabels = { ...template?.metadata?.labels, ...labels, [OPERATION]: operation.opId };
  const body = {
    ...JOBS,
    metadata: { name, namespace, labels, annotations: stamp(operation.opId), ownerReferences: ownedBy(workflow) },
    spec: { ...spec, template: { ...template, metadata: { ...template?.metadata, labels: podLabels } } },
  };
  return { type: 'Create', target, body } as const;
}
