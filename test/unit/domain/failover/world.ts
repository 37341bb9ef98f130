import type { FailoverFacts, Obstacle } from '../../../../src/domain/failover/facts.ts';
import { type FailoverRules, other, type Side } from '../../../../src/domain/failover/rules.ts';
import { readState } from '../../../../src/domain/failover/read.ts';
import { type FailoverState, isMoving, sameState, writeState } from '../../../../src/domain/failover/state.ts';
import type { FailoverAct, Told } from '../../../../src/domain/failover/next.ts';
import { step, type Step } from '../../../../src/domain/failover/step.ts';

export const NOW = Date.parse('2026-05-01T10:00:00Z');
export const SECOND = 1_000;
export const MINUTE = 60_000;

export const RULES: FailoverRules = {
  after: 30 * SECOND,
  cooldown: 10 * MINUTE,
  fencing: 'ScaleToZero',
  failback: 'Manual',
  desired: undefined,
  standbyReplicas: undefined,
  follow: undefined,
};

export const IDLE: FailoverState = { name: 'Idle', active: 'Primary', epoch: 0, since: NOW };

interface Pod {
  ready: boolean;
  terminating: boolean;
}

export interface Workload {
  desired: number;
  pods: Pod[];
  /** The count in the annotation of a fenced workload. */
  annotation: number | undefined;
  /** Its pods become ready. */
  isWell: boolean;
}

const workload = (desired: number, isWell = true): Workload => ({
  desired,
  pods: Array.from({ length: desired }, () => ({ ready: isWell, terminating: false })),
  annotation: undefined,
  isWell,
});

/** A Primary and a Standby, a Service, and what Baton has written: everything that a failover reads and changes, played. */
export class World {
  now = NOW;
  rules: FailoverRules;
  mode: FailoverFacts['mode'] = 'Enforce';
  sides: Record<Side, Workload> = { Primary: workload(3), Standby: workload(1) };
  selects: Side | 'Other' = 'Primary';
  /** The endpoints follow the selector when their controller runs. */
  endpointsOf: Side | 'Other' = 'Primary';
  epoch = 0;
  health: FailoverFacts['health'] | undefined;
  obstacle: Obstacle | undefined;
  freeze: Obstacle | undefined;
  elsewhere: Obstacle | undefined;
  held: Obstacle | undefined;
  isGoing = false;
  isSuspended = false;
  /** Workloads that are not there any more, and those that cannot be read. */
  readonly gone = new Set<Side>();
  readonly unread = new Set<Side>();
  followed: Side | undefined;
  /** status.failover, as the API server keeps it. */
  status = JSON.stringify(writeState(IDLE));
  readonly told: Told[] = [];
  readonly switches: { at: number; to: Side; cause: string }[] = [];
  readonly faults: string[] = [];

  constructor(rules: Partial<FailoverRules> = {}) {
    this.rules = { ...RULES, ...rules };
  }

  get state(): FailoverState {
    return readState(JSON.parse(this.status));
  }

  get serving(): Workload {
    return this.sides[this.state.active];
  }

  facts(): FailoverFacts {
    const { state, rules, mode, obstacle, freeze, elsewhere, held, followed, now } = this;
    const left = isMoving(state) ? other(state.to) : other(state.active);
    const side = (of: Side) => {
      const { desired, pods, annotation } = this.sides[of];
      const ready = pods.filter(isReady).length;
      const name = `Deployment/${of.toLowerCase()}`;
      const isGone = this.gone.has(of);
      if (isGone || this.unread.has(of))
        return { name, desired: undefined, ready: 0, fencedReplicas: undefined, isGone };
      return { name, desired, ready, fencedReplicas: annotation, isGone };
    };
    const active = this.sides[state.active];
    const isUp = active.pods.filter(isReady).length >= Math.max(1, active.desired);
    return {
      now,
      rules,
      mode,
      isGoing: this.isGoing,
      isSuspended: this.isSuspended,
      health: this.health ?? (isUp ? 'Up' : 'Down'),
      because: 'no pod is ready',
      sides: { Primary: side('Primary'), Standby: side('Standby') },
      obstacle,
      freeze,
      elsewhere,
      held,
      followed,
      selects: this.selects,
      epoch: this.epoch,
      service: { name: 'shop', selector: 'role=other' },
      podsGone: isMoving(state) ? this.sides[left].pods.length === 0 : undefined,
      endpoints: isMoving(state) ? this.#endpoints(state.to) : undefined,
    };
  }

  #endpoints(to: Side): FailoverFacts['endpoints'] {
    const count = this.endpointsOf === 'Other' ? 0 : this.sides[this.endpointsOf].pods.filter(isReady).length;
    return this.endpointsOf === to ? { arrived: count, left: 0 } : { arrived: 0, left: count };
  }

  /** One look of the operator; `dies` ends the process before its write, or right after it without knowing. */
  look(dies?: 'before' | 'after'): Step {
    const before = this.state;
    const found = step(before, this.facts(), this.now);
    if (dies === 'before') return found;
    if (!sameState(before, found.state)) {
      if (found.state.epoch < before.epoch) this.faults.push(`epoch fell from ${before.epoch} to ${found.state.epoch}`);
      this.status = JSON.stringify(writeState(found.state));
      if (dies === undefined) this.told.push(...found.told);
    } else if (found.act) this.carryOut(found.act, before);
    return found;
  }

  /** As the API server lets an act through; `isLate`: it was on its way when another process began to lead. */
  carryOut(act: FailoverAct, decidedIn: FailoverState, isLate = false): void {
    const fault = (what: string): void => void (isLate || this.faults.push(what));
    if (act.type === 'Scale') {
      const side = this.sides[act.side];
      if (side.desired !== act.from) return;
      if (act.to === 0 && act.fences !== act.from && act.side === decidedIn.active)
        fault('fenced another count than the state has');
      if (act.to === 0 && act.side === this.selects && !this.#isOtherReady(act.side, decidedIn))
        fault('fenced before the other side was ready');
      side.desired = act.to;
      side.annotation = act.fences;
      return;
    }
    if (this.selects !== act.from || this.epoch >= act.epoch) return;
    const left = this.sides[act.from];
    if (this.rules.fencing === 'ScaleToZero' && (left.desired > 0 || left.pods.length > 0))
      fault('switched before fencing was complete');
    this.selects = act.to;
    this.epoch = act.epoch;
    this.switches.push({ at: this.now, to: act.to, cause: isMoving(decidedIn) ? decidedIn.cause : '' });
  }

  #isOtherReady(side: Side, decidedIn: FailoverState): boolean {
    const wanted = isMoving(decidedIn) ? decidedIn.wanted : 0;
    return this.sides[other(side)].pods.filter(isReady).length >= Math.min(1, wanted);
  }

  /** What the controllers of Kubernetes and the kubelets do, at once. */
  settleCluster(): void {
    for (const side of [this.sides.Primary, this.sides.Standby]) {
      this.startPods(side);
      this.markTerminating(side);
      side.pods = side.pods.filter(({ terminating }) => !terminating);
      for (const pod of side.pods) pod.ready = side.isWell;
    }
    this.endpointsOf = this.selects;
  }

  startPods(side: Workload): void {
    while (side.pods.filter(({ terminating }) => !terminating).length < side.desired)
      side.pods.push({ ready: false, terminating: false });
  }

  markTerminating(side: Workload): void {
    const living = side.pods.filter(({ terminating }) => !terminating);
    for (const pod of living.slice(side.desired)) Object.assign(pod, { ready: false, terminating: true });
  }

  breakDown(side: Side = this.state.active): void {
    this.sides[side].isWell = false;
    for (const pod of this.sides[side].pods) pod.ready = false;
  }

  mend(side: Side): void {
    this.sides[side].isWell = true;
    for (const pod of this.sides[side].pods) pod.ready = !pod.terminating;
  }

  /** Looks, with the cluster following at once, until nothing changes or `until` holds. */
  run(until: (state: FailoverState) => boolean = () => false, looks = 60): FailoverState {
    for (let index = 0; index < looks; index++) {
      const before = JSON.stringify([this.status, this.sides, this.selects]);
      this.look();
      this.settleCluster();
      if (until(this.state)) return this.state;
      if (before === JSON.stringify([this.status, this.sides, this.selects])) return this.state;
    }
    return this.state;
  }

  /** Time passes, and a look follows. */
  wait(ms: number): FailoverState {
    this.now += ms;
    return this.run();
  }

  reasons(): string[] {
    return this.told.map(({ reason }) => reason);
  }
}

const isReady = ({ ready, terminating }: Pod): boolean => ready && !terminating;
