import type {
  Act,
  Cause,
  EvictAct,
  MoveBoundsAct,
  RestartAct,
  RollBackAct,
  ScaleAct,
  SelectAct,
  StartWorkflowAct,
} from '../../domain/guard/act.ts';
import { examine, isPermit, type Permit } from '../../domain/guard/examine.ts';
import type { Asker, LiveOf } from '../../domain/guard/facts.ts';
import { CALM } from '../../domain/guard/situation.ts';
import type { CachedService } from '../service/caches.ts';
import type { Situations } from './situations.ts';
import type { ActOutcome, ActPort, Already, Forbidden, LivePort, WriteOutcome } from './ports.ts';

/** An act that somebody wants done. */
export interface Proposal<A extends Act = Act> {
  readonly act: A;
  readonly cause: Cause;
  /** For whom, as it was when that was decided; undefined where something is given back that nobody looks after any more. */
  readonly service: CachedService | undefined;
  /**
   * The target as the cache has it, for halts only: the write is on condition of that version, so that the API server does the live look, in
   * one request instead of three. A thousand services stop in a third of the time.
   */
  readonly seen?: LiveOf<A>;
  /** Computes the reason again from what is so at this moment: why the act is no longer right, or undefined. */
  readonly recheck?: (live: LiveOf<A>) => string | undefined;
}

export interface ActorOptions {
  readonly live: LivePort;
  readonly port: ActPort;
  readonly situations: Pick<Situations, 'of' | 'spend'>;
  /** Whether this replica leads, by the monotonic clock, at this moment. */
  readonly leads: () => boolean;
  /** The id of the emergency halt there is, as last written. */
  readonly halt: () => string | undefined;
  readonly onOutcome: (proposal: Proposal, outcome: ActOutcome) => void;
}

/** What part of the service the guard compares. */
export const askerOf = ({ metadata, spec }: Pick<CachedService, 'metadata' | 'spec'>): Asker => ({
  uid: metadata.uid,
  generation: metadata.generation,
  terminating: metadata.deletionTimestamp !== undefined,
  mode: spec.mode,
  suspended: spec.suspend === true,
});

/** The status of a Deployment whose pods come and go is written many times a second. */
const TRIES = 4;
const DONE: WriteOutcome = { kind: 'written', resourceVersion: '' };

const isHalting = (cause: Cause): boolean => cause === 'Halt' || cause === 'Resume';

/** The one place that acts: whatever is done to workloads and what belongs to them was read live, examined by the guard and is done here. */
export class Actor {
  readonly #options: ActorOptions;

  constructor(options: ActorOptions) {
    this.#options = options;
  }

  /** Rejects where trying again may help, and when `signal` aborts. */
  async carryOut<A extends Act>(proposal: Proposal<A>, signal: AbortSignal): Promise<ActOutcome> {
    // What was decided by the cache is looked at again by the one that decided it.
    const outcome = await this.#tryOut(proposal, signal, proposal.seen === undefined ? TRIES : 1);
    this.#options.onOutcome(proposal, outcome);
    return outcome;
  }

  async #tryOut<A extends Act>(proposal: Proposal<A>, signal: AbortSignal, left: number): Promise<ActOutcome> {
    const { act, cause, service, recheck } = proposal;
    const { leads, halt, situations } = this.#options;
    const [asker, live] = await this.#look(proposal, signal);
    if (live !== undefined && 'kind' in live) return live;
    const seen = live as LiveOf<A> | undefined;
    const objection = seen && recheck?.(seen);
    signal.throwIfAborted();
    const found = examine(act, {
      leads: leads(),
      cause,
      decidedOn: service && askerOf(service),
      asker,
      situation: service === undefined || isHalting(cause) ? CALM : situations.of(service),
      live: seen,
      halt: halt(),
      objection,
    });
    switch (found.kind) {
      case 'permitted': {
        const outcome = await this.#spend(proposal, () => this.#perform(found.permit, signal));
        // Somebody wrote since the look, often only a status; or it was this act, and its first answer was lost.
        return outcome.kind === 'conflict' && left > 1 ? this.#tryOut(proposal, signal, left - 1) : outcome;
      }
      case 'objected':
        // A lease that is renewed late is no refusal, which would count and be waited for: whoever leads decides again, and be it this replica.
        if (found.reason === 'NotLeading') throw new Error(found.message);
        return found;
      case 'already':
        // Found by a look after the first, it was done by this call.
        if (left < TRIES) await this.#spend(proposal, () => Promise.resolve(DONE));
        return { kind: 'already' };
      case 'conflict':
      case 'gone':
        return { kind: found.kind };
    }
  }

  /** What disrupts counts from the moment that it is permitted, so that two at once do not both take the last of a budget. */
  async #spend<O extends ActOutcome>({ act, cause, service }: Proposal, perform: () => Promise<O>): Promise<O> {
    if (cause !== 'Healing' || service === undefined) return perform();
    const giveBack = this.#options.situations.spend(service.namespace, 'id' in act ? act.id : act.target.uid);
    const outcome = await perform();
    if (outcome.kind !== 'written') giveBack();
    return outcome;
  }

  #look<A extends Act>({ act, cause, service, seen }: Proposal<A>, signal: AbortSignal) {
    const { live } = this.#options;
    if (seen !== undefined && isHalting(cause)) return [service && askerOf(service), seen] as const;
    return Promise.all([service && live.asker(service, signal), this.#read(act, signal)]);
  }

  #read(act: Act, signal: AbortSignal): Promise<LiveOf<Act> | Forbidden | undefined> {
    const { live } = this.#options;
    switch (act.type) {
      case 'Scale':
        return live.workload(act.target, signal);
      case 'MoveBounds':
        return live.autoscaler(act.target, signal);
      case 'Evict':
        return live.pod(act.target, signal);
      case 'Restart':
      case 'RollBack':
      case 'StartWorkflow':
        return live.workload(act.target, signal);
      case 'Select':
        return live.traffic(act.target, signal);
    }
  }

  #perform(permit: Permit, signal: AbortSignal): Promise<WriteOutcome | Already> {
    if (!isPermit(permit)) throw new Error('an act without a permit');
    const { port } = this.#options;
    switch (permit.act.type) {
      case 'Scale':
        return port.scale(permit as Permit<ScaleAct>, signal);
      case 'MoveBounds':
        return port.moveBounds(permit as Permit<MoveBoundsAct>, signal);
      case 'Evict':
        return port.evict(permit as Permit<EvictAct>, signal);
      case 'Restart':
        return port.restart(permit as Permit<RestartAct>, signal);
      case 'RollBack':
        return port.rollBack(permit as Permit<RollBackAct>, signal);
      case 'Select':
        return port.select(permit as Permit<SelectAct>, signal);
      case 'StartWorkflow':
        return port.startWorkflow(permit as Permit<StartWorkflowAct>, signal);
    }
  }
}
