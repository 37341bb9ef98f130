import type { Workflow } from '../../api/kinds.ts';
import { deepEqual } from '../../domain/equal.ts';
import { type Deadlock, deadlockAt, type Wait, type Waiter } from '../../domain/workflow/deadlock.ts';
import type { Problem } from '../../domain/workflow/input.ts';
import { isOver } from '../../domain/workflow/phase.ts';
import { AWAITS, type CachedWorkflow, type WorkflowCaches } from './caches.ts';
import type { Scheduler } from './scheduler.ts';
import { awaitedBy } from './steps/awaited.ts';

export interface DeadlocksOptions {
  readonly caches: Pick<WorkflowCaches, 'workflows'>;
  readonly scheduler: Pick<Scheduler, 'waits'>;
  /** With the status that was last written. */
  readonly latest: (key: string) => CachedWorkflow | undefined;
  /** As the API server has it; undefined when it is gone. */
  readonly read: (workflow: CachedWorkflow, signal: AbortSignal) => Promise<Workflow | undefined>;
  readonly enqueue: (key: string) => void;
}

/**
 * Workflows that would wait for each other until a timeout: one that has not begun is refused. That is decided in two looks, so that nobody is
 * refused who only waits for one that has ended meanwhile: a circle that caches and memory show is read from the API server, and the one to be
 * refused is looked at again; the circle must then be the same, of the same generations. Nothing of it is kept that another leader would not find.
 */
export class Deadlocks {
  readonly #options: DeadlocksOptions;
  /** Circles that were read, by their victims. */
  readonly #read = new Map<string, string>();

  constructor(options: DeadlocksOptions) {
    this.#options = options;
  }

  /** Asked when a workflow has come to rest: whoever closes a circle does so by a write of one in it, and that one rests after it. */
  async look(key: string, signal: AbortSignal): Promise<void> {
    const found = this.#find(key);
    if (found === undefined || this.#read.get(found.victim) === this.#write(found)) return;
    for (const member of found.members) if (!(await this.#isAsKnown(member, signal))) return;
    this.#read.set(found.victim, this.#write(found));
    this.#options.enqueue(found.victim);
  }

  /** Asked while it waits: why it may not do so any longer. */
  refusalOf(key: string): Problem | undefined {
    const read = this.#read.get(key);
    if (read === undefined) return undefined;
    this.#read.delete(key);
    const found = this.#find(key);
    return found?.victim === key && this.#write(found) === read ? refusal(found) : undefined;
  }

  /** Another may have led in the meantime. */
  reset(): void {
    this.#read.clear();
  }

  /** It has ended, or is gone. */
  forget(key: string): void {
    this.#read.delete(key);
  }

  #find(key: string): Deadlock | undefined {
    const { caches, scheduler, latest } = this.#options;
    const own = latest(key);
    // Without one that waits for another that it started there is no circle but of dependencies, and those are refused before.
    if (own === undefined || (awaitedBy(own).length === 0 && caches.workflows.byIndex(AWAITS, 'true').length === 0))
      return undefined;
    const queued = scheduler.waits();
    return deadlockAt(key, (each) => {
      const workflow = latest(each);
      return workflow && waiterOf(workflow, queued(each));
    });
  }

  /** Who is in it, and as what. */
  #write({ members }: Deadlock): string {
    const known = members.map((member) => this.#options.latest(member));
    return JSON.stringify(
      members.map((member, index) => [member, known[index]?.uid, known[index]?.metadata.generation]),
    );
  }

  async #isAsKnown(key: string, signal: AbortSignal): Promise<boolean> {
    const known = this.#options.latest(key);
    const live = known && (await this.#options.read(known, signal));
    if (live === undefined || isOver(live.status?.phase)) return false;
    const { uid, generation, deletionTimestamp } = live.metadata;
    const isSame = uid === known?.uid && generation === known.metadata.generation && deletionTimestamp === undefined;
    return isSame && deepEqual(awaitedBy(live), awaitedBy(known));
  }
}

/** `queued`: for what it waits to begin. What has been told to end waits for nothing that it would not be freed of. */
function waiterOf(workflow: CachedWorkflow, queued: readonly Wait[] | undefined): Waiter | undefined {
  const { namespace, uid, spec, status, metadata } = workflow;
  if (isOver(status?.phase) || metadata.deletionTimestamp !== undefined || spec.cancel !== 'None') return undefined;
  const end = (name: string, why: string): Wait => ({
    on: [`${namespace}/${name}`],
    what: `for the end of workflow ${namespace}/${name}${why}`,
  });
  if (queued === undefined) {
    const waits = awaitedBy(workflow).map(({ step, name }) => end(name, ` (step ${step})`));
    return { waits, queuedSince: undefined };
  }
  const before = spec.dependsOn?.map(({ name }) => end(name, ' (dependsOn)')) ?? [];
  return { waits: [...before, ...queued], queuedSince: `${metadata.creationTimestamp} ${uid}` };
}

function refusal({ circle }: Deadlock): Problem {
  const waits = circle.map(({ key, what }) => `${key} waits ${what}`).join('; ');
  return {
    reason: 'Deadlock',
    message: `workflows would wait for each other until a timeout: ${waits}. List in spec.targets and spec.slots of the one that starts others what these need, or let one run after the other`,
  };
}
