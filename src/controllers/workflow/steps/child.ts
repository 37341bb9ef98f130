import { GROUP, VERSION, type Workflow } from '../../../api/kinds.ts';
import type { ChildAction } from '../../../domain/workflow/action.ts';
import type { Answer, Failure, Operation } from '../../../domain/workflow/operation.ts';
import { isOver } from '../../../domain/workflow/phase.ts';
import { accountOf, addressOf, isFailure, refusal, unreadable, untilStill } from './access.ts';
import type { StepActor } from './actor.ts';
import { awaitedBy } from './awaited.ts';
import { failed, type StepContext, type StepKind, waiting } from './contract.ts';
import { isOwnedBy, nameOf, ownedBy } from './names.ts';
import type { Account, LiveObject, ObjectsPort } from './ports.ts';
import { stamp, stampOf } from './stamps.ts';

interface Ports {
  readonly objects: ObjectsPort;
  readonly actor: StepActor;
  /** How many workflows may start one another, the first and the last included. */
  readonly maxDepth: () => number;
}

/** A workflow that is named is not stamped: annotations of Baton on workflows are Baton's own to write, and it is let go as the account. */
interface Before {
  /** Who is waited for, so that deadlocks are found (awaited.ts). */
  readonly name: string;
  readonly uid: string;
  readonly suspend: boolean;
}

/** Workflows that are looked through for a circle. */
const MOST_AWAITED = 50;

type Child = LiveObject & Pick<Workflow, 'spec' | 'status'>;
type Op = Operation<ChildAction>;

const WORKFLOWS = { apiVersion: `${GROUP}/${VERSION}`, kind: 'Workflow' };

/**
 * Starts a workflow from a template, or lets one go that is suspended, and waits for its end. What is made from a template is made by Baton
 * itself, for the same person and the same ServiceAccount as this workflow; another workflow is let go as the ServiceAccount.
 */
export class ChildStep implements StepKind<ChildAction> {
  readonly #ports: Ports;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  prepare(operation: Op, context: StepContext): Promise<Answer> {
    return operation.action.template === undefined
      ? untilStill(() => this.#prepareNamed(operation, context))
      : this.#prepareChild(operation, operation.action.template, context);
  }

  apply(operation: Op, context: StepContext): Promise<Answer> {
    return operation.action.template === undefined
      ? untilStill(() => this.#letGo(operation, context))
      : this.#create(operation, context);
  }

  async verify(operation: Op, context: StepContext): Promise<Answer> {
    const { name } = referenceOf(operation, context);
    const child = await this.#find(operation, context);
    if (child === undefined) return failed('ChildFailed', `Workflow ${name} was deleted`);
    if (isFailure(child)) return child;
    const { phase = 'Pending', message = '' } = child.status ?? {};
    if (phase === 'Succeeded' || phase === 'Planned') return { kind: 'done', outputs: { name, phase } };
    const text = `Workflow ${name} is ${phase}${message === '' ? '' : `: ${message}`}`;
    return isOver(phase) ? failed('ChildFailed', text, true) : waiting(text, true);
  }

  async stop(operation: Op, context: StepContext): Promise<Answer> {
    const child = await this.#find(operation, context);
    if (child === undefined) return { kind: 'done' };
    if (isFailure(child)) return child;
    const { name } = child.metadata;
    // One that ran before is not this step's to end.
    const before = operation.before as unknown as Before | undefined;
    const isOurs = operation.action.template !== undefined || (before?.uid === child.metadata.uid && before.suspend);
    if (!isOurs || child.spec.suspend || isOver(child.status?.phase)) return { kind: 'done' };
    if (child.spec.cancel !== 'None') return waiting(`Workflow ${name} ends, and is rolled back`, true);
    const account = this.#accountOf(operation, context);
    if (account !== undefined && isFailure(account)) return account;
    const act = patchOf(child, context, { spec: { cancel: 'StopAndRollback' } });
    const outcome = await this.#ports.actor.carryOut({ act, purpose: 'Stop', context, live: child }, account);
    if (outcome.kind === 'written') return waiting(`Workflow ${name} was told to end`, true);
    return refusal(outcome, account) ?? waiting('somebody writes to it meanwhile', false);
  }

  watches(operation: Op, context: Pick<StepContext, 'workflow'>) {
    return [{ kind: 'Workflow', name: referenceOf(operation, context).name }];
  }

  async #prepareChild(operation: Op, template: string, context: StepContext): Promise<Answer> {
    const { objects } = this.#ports;
    const { workflow, signal, dryRun } = context;
    const reference = { ...WORKFLOWS, kind: 'WorkflowTemplate', name: template };
    const found = await objects.read(addressOf(reference, context), undefined, signal);
    if (found.kind !== 'found') return unreadable(found, reference, undefined);
    const obstacle = await this.#obstacle(template, context);
    if (obstacle !== undefined) return obstacle;
    if (!dryRun) return { kind: 'prepared', before: {} };
    const tried = await objects.rehearse(createOf(operation, context), undefined, signal);
    if (tried.kind !== 'written') return refusal(tried, undefined) ?? waiting('there is one of that name', false);
    const message = `starts a workflow from ${template}, and waits for its end`;
    const diff = `Workflow ${nameOf(workflow, operation)}: (none) → created`;
    return { kind: 'prepared', before: {}, rehearsal: { message, diff } };
  }

  async #create(operation: Op, context: StepContext): Promise<Answer> {
    const act = createOf(operation, context);
    const outcome = await this.#ports.actor.carryOut({ act, purpose: operation.direction, context }, undefined);
    if (outcome.kind === 'written') return { kind: 'applied' };
    if (outcome.kind !== 'exists') return refusal(outcome, undefined) ?? waiting('it is tried again', false);
    const found = await this.#find(operation, context);
    if (found === undefined) return waiting('a Workflow of that name is going', false);
    return isFailure(found) ? found : { kind: 'applied' };
  }

  async #prepareNamed(operation: Op, context: StepContext): Promise<Answer | undefined> {
    const child = await this.#find(operation, context);
    const { name } = referenceOf(operation, context);
    if (child === undefined) return failed('TargetNotFound', `there is no Workflow ${name}`);
    if (isFailure(child)) return child;
    const obstacle = await this.#circle(child, context);
    if (obstacle !== undefined) return obstacle;
    const before: Before = { name, uid: child.metadata.uid, suspend: child.spec.suspend };
    if (!context.dryRun) return { kind: 'prepared', before: { ...before } };
    if (!child.spec.suspend) {
      return {
        kind: 'prepared',
        before: { ...before },
        rehearsal: { message: `waits for the end of Workflow ${name}` },
      };
    }
    const account = accountOf(context);
    if (isFailure(account)) return account;
    const tried = await this.#ports.objects.rehearse(letGoOf(child, context), account, context.signal);
    if (tried.kind !== 'written') return refusal(tried, account);
    const rehearsal = { message: `lets Workflow ${name} go`, diff: 'spec.suspend: true → false' };
    return { kind: 'prepared', before: { ...before }, rehearsal };
  }

  async #letGo(operation: Op, context: StepContext): Promise<Answer | undefined> {
    const child = await this.#find(operation, context);
    const { name } = referenceOf(operation, context);
    if (child === undefined) return failed('TargetNotFound', `there is no Workflow ${name}`);
    if (isFailure(child)) return child;
    const { uid } = operation.before as unknown as Before;
    if (child.metadata.uid !== uid) return failed('TargetNotFound', `Workflow ${name} is another one by now`, true);
    // Again, now that others can read that this one waits: of two that would wait for each other at least one sees the other.
    const obstacle = await this.#circle(child, context);
    if (obstacle !== undefined) return obstacle;
    // By this step before, or by somebody else: there is nothing left to do.
    if (!child.spec.suspend) return { kind: 'applied' };
    const account = accountOf(context);
    if (isFailure(account)) return account;
    const act = letGoOf(child, context);
    const outcome = await this.#ports.actor.carryOut(
      { act, purpose: operation.direction, context, live: child },
      account,
    );
    return outcome.kind === 'written' ? { kind: 'applied' } : refusal(outcome, account);
  }

  /** The child of this very attempt, or the workflow that is named; undefined where there is none. */
  async #find(operation: Op, context: StepContext): Promise<Child | Failure | undefined> {
    const account = this.#accountOf(operation, context);
    if (account !== undefined && isFailure(account)) return account;
    const reference = referenceOf(operation, context);
    const found = await this.#ports.objects.read(addressOf(reference, context), account, context.signal);
    if (found.kind === 'absent') return undefined;
    if (found.kind !== 'found') return unreadable(found, reference, account);
    const child = found.object as Child;
    if (operation.action.template === undefined) return child;
    return isOwnedBy(child, context.workflow) && stampOf(child) === operation.opId
      ? child
      : failed('NameTaken', `there is a Workflow ${reference.name} that is not of this step`, true);
  }

  #accountOf({ action }: Op, context: StepContext): Account | Failure {
    return action.template === undefined ? accountOf(context) : undefined;
  }

  /** Why a workflow from that template would start workflows without end. */
  async #obstacle(template: string, context: StepContext): Promise<Failure | undefined> {
    const line = await this.#ancestors(context);
    const limit = this.#ports.maxDepth();
    const names = line.map(({ spec }) => spec.templateRef?.name);
    if (names.includes(template)) {
      const circle = [...names.slice(0, names.indexOf(template) + 1).toReversed(), template];
      return failed('CycleFound', `templates start one another in a circle: ${circle.join(' → ')}`);
    }
    return line.length < limit
      ? undefined
      : failed('DepthExceeded', `workflows may start one another ${limit} deep, and this one is the last`);
  }

  /** A workflow cannot wait for itself, nor for one that waits for it by its steps. */
  async #circle(child: Child, context: StepContext): Promise<Failure | undefined> {
    const { namespace } = context.workflow;
    const line = await this.#ancestors(context);
    const ways = [[child]];
    const seen = new Set<string>();
    for (const way of ways) {
      const last = way.at(-1) as Child;
      const waits = line.findIndex(({ metadata }) => metadata.uid === last.metadata.uid);
      if (waits >= 0) {
        const circle = [...line.slice(0, waits + 1).toReversed(), ...way].map(({ metadata }) => metadata.name);
        return failed('CycleFound', `workflows wait for one another in a circle: ${circle.join(' → ')}`);
      }
      for (const { name } of isOver(last.status?.phase) ? [] : awaitedBy(last)) {
        if (seen.has(name) || seen.size >= MOST_AWAITED) continue;
        seen.add(name);
        const found = await this.#ports.objects.read({ ...WORKFLOWS, namespace, name }, undefined, context.signal);
        if (found.kind === 'found') ways.push([...way, found.object as Child]);
      }
    }
    return undefined;
  }

  /** This workflow, the one that started it, and so on; as far as the limit goes. */
  async #ancestors({ workflow, signal }: StepContext): Promise<Child[]> {
    const { namespace } = workflow;
    const line: Child[] = [];
    let next: { readonly name: string; readonly uid: string } | undefined = workflow;
    while (next !== undefined && line.length < this.#ports.maxDepth()) {
      const { name, uid }: { readonly name: string; readonly uid: string } = next;
      const found = await this.#ports.objects.read({ ...WORKFLOWS, namespace, name }, undefined, signal);
      if (found.kind !== 'found' || found.object.metadata.uid !== uid) break;
      line.push(found.object as Child);
      next = found.object.metadata.ownerReferences?.find(
        ({ kind, controller }) => kind === 'Workflow' && controller === true,
      );
    }
    return line;
  }
}

const referenceOf = (operation: Op, { workflow }: Pick<StepContext, 'workflow'>) => ({
  ...WORKFLOWS,
  name: operation.action.name ?? nameOf(workflow, operation),
});

function createOf(operation: Op, { workflow }: StepContext) {
  const { namespace, requestedBy, serviceAccountName } = workflow;
  const { template = '', parameters } = operation.action;
  const name = nameOf(workflow, operation);
  const body = {
    ...WORKFLOWS,
    metadata: { name, namespace, annotations: stamp(operation.opId), ownerReferences: ownedBy(workflow) },
    spec: {
      templateRef: { name: template },
      ...(parameters && { parameters }),
      ...(requestedBy !== undefined && { requestedBy }),
      ...(serviceAccountName !== undefined && { serviceAccountName }),
    },
  };
  return { type: 'Create', target: { ...WORKFLOWS, namespace, name }, body } as const;
}

function patchOf({ metadata }: Child, { workflow }: StepContext, body: object) {
  const { name, uid, resourceVersion } = metadata;
  const target = { ...WORKFLOWS, namespace: workflow.namespace, name };
  return { type: 'Patch', target, uid, resourceVersion, patch: 'merge', body } as const;
}

const letGoOf = (child: Child, context: StepContext) => patchOf(child, context, { spec: { suspend: false } });
