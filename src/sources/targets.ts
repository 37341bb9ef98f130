import type { Missing, Reading } from '../domain/reading.ts';
import type { Clock, Target } from './contract.ts';
import { bounded, messageOf, missing } from './contract.ts';
import { deadlineWithin, inWords } from './deadline.ts';
import type { DestinationPolicy } from './api.ts';
import { permit } from './destinations.ts';

/** What one target said. */
export type Answer =
  | { readonly kind: 'passed'; readonly what: string }
  | { readonly kind: 'failed'; readonly what: string }
  | { readonly kind: 'unasked'; readonly missing: Missing };

/** Connects to the address that was permitted, never to the name. */
export type Ask = (destination: Destination, signal: AbortSignal) => Promise<Answer>;

export interface Destination {
  readonly host: string;
  readonly port: number;
  readonly address: string;
}

export interface Round {
  readonly clock: Clock;
  readonly destinations: () => DestinationPolicy;
  readonly targets: readonly Target[];
  readonly port: number | string;
  readonly timeoutMs: number;
  readonly ask: Ask;
}

/** Of one check; how many checks run at once is the prober's. */
const TARGETS_AT_ONCE = 10;
const NAMED_IN_EVIDENCE = 3;

/** Asks every target, each within the timeout. One that fails is evidence whatever the others say; one that could not be asked is not. */
export async function askAll(round: Round, signal: AbortSignal): Promise<Reading> {
  const { clock, targets } = round;
  if (targets.length === 0) return missing('NoTargets', 'there is no ready pod or Service to ask', clock.now());
  const answers: Answer[] = [];
  const queue = targets.entries();
  const worker = async (): Promise<void> => {
    for (const [index, target] of queue) answers[index] = await askOne(round, target, signal);
  };
  await Promise.all(Array.from({ length: Math.min(TARGETS_AT_ONCE, targets.length) }, worker));
  return readingOf(targets, answers, clock.now());
}

async function askOne(round: Round, target: Target, parent: AbortSignal): Promise<Answer> {
  const { clock, timeoutMs } = round;
  if (target.port === undefined) {
    return {
      kind: 'unasked',
      missing: missing('PortNotFound', `${target.name} has no port ${round.port}`, clock.now()),
    };
  }
  const deadline = deadlineWithin(clock, parent, timeoutMs);
  try {
    const permission = await within(permit(target.host, target.port, round.destinations()), deadline.signal);
    if (!permission.allowed) {
      const because = `${target.name}: ${permission.because}`;
      return { kind: 'unasked', missing: missing('DestinationNotAllowed', because, clock.now()) };
    }
    return await round.ask({ host: target.host, port: target.port, address: permission.address }, deadline.signal);
  } catch (error) {
    if (deadline.expired()) return { kind: 'failed', what: `no complete answer within ${inWords(timeoutMs)}` };
    if (parent.aborted) {
      return { kind: 'unasked', missing: missing('SourceTimeout', 'given up before an answer came', clock.now()) };
    }
    return { kind: 'failed', what: bounded(messageOf(error), 120) };
  } finally {
    deadline.end();
  }
}

/** Resolving a name cannot be aborted; waiting for it can. */
function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Error('aborted'));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject);
  });
}

function readingOf(targets: readonly Target[], answers: readonly Answer[], at: number): Reading {
  const failed: string[] = [];
  for (const [index, answer] of answers.entries()) {
    if (answer.kind === 'failed') failed.push(`${targets[index]?.name}: ${answer.what}`);
  }
  if (failed.length > 0) {
    const count = targets.length === 1 ? '' : `${failed.length} of ${targets.length} fail; `;
    return {
      kind: 'verdict',
      passed: false,
      at,
      evidence: bounded(count + failed.slice(0, NAMED_IN_EVIDENCE).join('; ')),
    };
  }
  const unasked = answers.find((answer) => answer.kind === 'unasked');
  if (unasked !== undefined) return unasked.missing;
  const [first] = answers;
  const what = first?.kind === 'passed' ? first.what : '';
  const evidence =
    targets.length === 1 ? `${targets[0]?.name}: ${what}` : `all ${targets.length} pass, the first: ${what}`;
  return { kind: 'verdict', passed: true, at, evidence: bounded(evidence) };
}
