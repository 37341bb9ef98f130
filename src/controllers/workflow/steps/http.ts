import { isNestedDeeper } from '../../../domain/nesting.ts';
import type { HttpAction } from '../../../domain/workflow/action.ts';
import { changesSomething } from '../../../domain/workflow/action.ts';
import { compile, isTrue } from '../../../domain/workflow/expression.ts';
import type { Answer, Operation } from '../../../domain/workflow/operation.ts';
import type { StepActor } from './actor.ts';
import { bounded, failed, type StepContext, type StepKind, waiting, type WorkflowIdentity } from './contract.ts';
import type { Reply, Requests } from './ports.ts';

interface Ports {
  readonly actor: StepActor;
  readonly requests: Requests;
  readonly wake: (workflow: WorkflowIdentity) => void;
}

type Sent =
  /** This process wrote its intent, and has not sent it. */
  | { readonly state: 'prepared' }
  | { readonly state: 'running'; readonly end: AbortController }
  | { readonly state: 'ended'; readonly answer: Answer };

type Op = Operation<HttpAction>;

/** As much as a status keeps of what a step found, bytes; some of it are names. */
const KEPT = 3_900;
/** Answers that are remembered for workflows that have yet to be told. */
const REMEMBERED = 1_000;
/** A request that nobody ends by a timeout of its step. */
const LONGEST_MS = 3_600_000;
/** The other end says that it did nothing, and that it may later. */
const TRY_LATER: ReadonlySet<number> = new Set([408, 425, 429, 503]);

/**
 * Sends a request. It runs beside, so that nothing is held up by it, and the workflow is woken when it ends. What this process does not
 * remember was perhaps sent by one before: it is sent again where that does no harm, and else nobody can know.
 */
export class HttpStep implements StepKind<HttpAction> {
  readonly #ports: Ports;
  readonly #sent = new Map<string, Sent>();
  readonly watches = (): readonly never[] => [];

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Another process may have led meanwhile: what is remembered does not count any more. */
  forget(): void {
    for (const sent of this.#sent.values())
      if (sent.state === 'running') sent.end.abort(new Error('the lead was lost'));
    this.#sent.clear();
  }

  async prepare({ action, opId }: Op, { dryRun, scope }: StepContext): Promise<Answer> {
    const problem = problemOf(action, scope);
    if (problem !== undefined) return failed('InvalidSpec', problem);
    const barred = await this.#ports.requests.barred(action.url);
    if (barred !== undefined) return failed('DestinationNotAllowed', barred);
    if (!dryRun) {
      this.#remember(opId, { state: 'prepared' });
      return { kind: 'prepared', before: {} };
    }
    const { host, pathname } = new URL(action.url);
    const message = bounded(`sends ${action.method} to ${host}${pathname}; a rehearsal sends nothing`);
    return { kind: 'prepared', before: {}, rehearsal: { message } };
  }

  async apply(operation: Op, context: StepContext): Promise<Answer> {
    const sent = this.#sent.get(operation.opId);
    if (sent?.state === 'running' || sent?.state === 'ended') return { kind: 'applied' };
    if (sent === undefined && !operation.action.idempotent) return UNKNOWN;
    return (await this.#send(operation, context)) ?? { kind: 'applied' };
  }

  async verify(operation: Op, context: StepContext): Promise<Answer> {
    const sent = this.#sent.get(operation.opId);
    if (sent?.state === 'ended') return sent.answer;
    const { action } = operation;
    if (sent?.state !== 'running') {
      if (!action.idempotent) return UNKNOWN;
      const obstacle = await this.#send(operation, context);
      if (obstacle !== undefined) return obstacle;
    }
    return waiting(`waits for the answer of ${new URL(action.url).host}`, true);
  }

  stop({ opId }: Op): Promise<Answer> {
    const sent = this.#sent.get(opId);
    if (sent?.state === 'running') sent.end.abort(new Error('the step was ended'));
    return Promise.resolve({ kind: 'done' });
  }

  /** Why it may not be sent; undefined: it is under way. */
  async #send(operation: Op, context: StepContext): Promise<Answer | undefined> {
    const { action, opId, direction } = operation;
    const problem = problemOf(action, context.scope);
    if (problem !== undefined) return failed('InvalidSpec', problem);
    if (changesSomething(action)) {
      const act = { type: 'Send', url: action.url } as const;
      const objection = await this.#ports.actor.maySend({ act, purpose: direction, context });
      if (objection?.kind === 'gone') return failed(objection.reason, objection.message);
      if (objection?.kind === 'wait') return waiting(objection.message, false);
    }
    const end = new AbortController();
    this.#remember(opId, { state: 'running', end });
    void this.#exchange(operation, context, end.signal);
    return undefined;
  }

  /** Nobody waits for it, so that it must not reject. */
  async #exchange(operation: Op, context: StepContext, end: AbortSignal): Promise<void> {
    const { opId } = operation;
    const answer = await this.#answer(operation, context, end).catch((error: unknown): Answer => {
      const because = error instanceof Error ? error.message : String(error);
      return { kind: 'unknown', message: bounded(`what came of the request cannot be told: ${because}`) };
    });
    const known = this.#sent.get(opId);
    // Forgotten meanwhile.
    if (known?.state !== 'running' || known.end.signal !== end) return;
    this.#remember(opId, { state: 'ended', answer });
    this.#ports.wake(context.workflow);
  }

  async #answer({ action, opId }: Op, { scope }: StepContext, end: AbortSignal): Promise<Answer> {
    const { url, method, body } = action;
    const own = Object.fromEntries(action.headers.map(({ name, value }) => [name, value]));
    const headers = { ...own, 'idempotency-key': opId };
    const signal = AbortSignal.any([end, AbortSignal.timeout(LONGEST_MS)]);
    return answerOf(await this.#ports.requests.send({ url, method, headers, body }, signal), action, scope);
  }

  #remember(opId: string, sent: Sent): void {
    this.#sent.delete(opId);
    this.#sent.set(opId, sent);
    if (this.#sent.size <= REMEMBERED) return;
    for (const [oldest, { state }] of this.#sent) {
      if (state !== 'ended') continue;
      this.#sent.delete(oldest);
      return;
    }
  }
}

const UNKNOWN: Answer = {
  kind: 'unknown',
  message:
    'Baton was restarted, or another replica led, and whether the request was sent before cannot be told; idempotent: true has it sent again',
};

/** Headers that belong to the connection, or say what Baton says. */
const BARRED =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|idempotency-key|proxy-.*)$/i;

/** What is wrong with a request before anything of it is sent. */
function problemOf({ url, headers, expression }: HttpAction, scope: StepContext['scope']): string | undefined {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') return `${url} is no http or https URL`;
  if (parsed.username !== '' || parsed.password !== '') return 'a URL with a password would be seen by all';
  const barred = headers.find(({ name }) => BARRED.test(name));
  if (barred !== undefined) return `the header ${barred.name} is not for steps to set`;
  const bad = headers.find(
    ({ name, value }) => !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value),
  );
  if (bad !== undefined) return `the header ${bad.name} holds what a header cannot`;
  const compiled = expression === undefined ? undefined : compile(expression, namesOf(scope));
  return compiled?.ok === false ? `the expression ${compiled.message}` : undefined;
}

const namesOf = (scope: StepContext['scope']): string[] => ['status', 'headers', 'body', ...Object.keys(scope)];

/** What a reply means for its step. */
export function answerOf(reply: Reply, action: HttpAction, scope: StepContext['scope']): Answer {
  const { method, url, idempotent } = action;
  const what = `${method} ${new URL(url).host}`;
  switch (reply.kind) {
    case 'barred':
      return failed('DestinationNotAllowed', reply.because);
    case 'unsent':
      return failed('RequestFailed', `${what} could not be sent: ${reply.because}`, true);
    case 'unanswered':
      return idempotent
        ? failed('RequestFailed', `${what} had no answer: ${reply.because}`, true)
        : { kind: 'unknown', message: bounded(`${what} was sent and had no answer: ${reply.because}`) };
    case 'answered':
      return judge(reply, action, scope, what);
  }
}

function judge(
  { status, headers, body: text }: Extract<Reply, { kind: 'answered' }>,
  { status: wanted, expression, idempotent }: HttpAction,
  scope: StepContext['scope'],
  what: string,
): Answer {
  const isWanted = wanted?.includes(status) ?? (status >= 200 && status < 300);
  if (!isWanted) {
    return failed('ResponseUnexpected', `${what} was answered with ${status}`, idempotent || TRY_LATER.has(status));
  }
  const body = parsed(text);
  if (expression !== undefined) {
    const compiled = compile(expression, namesOf(scope));
    if (!compiled.ok) return failed('Unresolvable', `the expression ${compiled.message}`);
    const found = isTrue(compiled.expression, { ...scope, status, headers, body });
    if (!found.ok)
      return failed('ResponseUnexpected', `${what} was answered with ${status}; ${found.message}`, idempotent);
    if (!found.is)
      return failed('ResponseUnexpected', `${what} was answered with ${status}, and not so: ${expression}`, idempotent);
  }
  const isSmall = Buffer.byteLength(JSON.stringify(body)) <= KEPT;
  return isSmall
    ? { kind: 'done', outputs: { status, body } }
    : { kind: 'done', outputs: { status }, message: `the body of the answer is too large to be kept as an output` };
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isNestedDeeper(value) ? text : value;
  } catch {
    return text;
  }
}
