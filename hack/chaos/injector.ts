import { setTimeout as pause } from 'node:timers/promises';
import { pointOf } from './point.ts';
import type { Replica } from './replica.ts';
import type { Fault, Schedule } from './schedule.ts';
import { epochMs } from './sent-at.ts';
import type { Answered, Call, Fate, Hooks, Wire } from './wire.ts';

/** A write that reached the API server, and what it answered. */
export interface Write {
  readonly point: number;
  readonly identity: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  /** Of the object that was answered; undefined where it was none. */
  readonly resourceVersion: number | undefined;
  /** From the moment that the replica sent it until the API server had answered it, milliseconds. */
  readonly tookMs: number;
  /** It names the version, or the object, that it is meant for. */
  readonly isConditional: boolean;
  /** It left everything as it was: the version that it answers is the one that it names. */
  readonly isIdle: boolean;
}

export interface Side {
  readonly replica: Replica;
  readonly wire: Wire;
}

/** What is no act and tells nothing of one: leases, Events, questions about permissions, certificates. */
const ASIDE = /\/(leases|events|tokenreviews|self\w+reviews|secrets)(\/|$)/;
/** All of it is in the record. */
const POINT_SHOWN = 200;
const isWrite = ({ method, path }: Call): boolean =>
  method !== 'GET' && !ASIDE.test(bare(path)) && !/[?&]dryRun=/.test(path);
const bare = (path: string): string => path.split('?')[0] ?? path;
const isLease = ({ path }: Call): boolean => path.includes('/leases');

/** Counts the writes of all replicas and does to them what the schedule says. */
export class Injector {
  readonly writes: Write[] = [];
  /** Of writes that were answered with an error and never sent on. */
  readonly refused: string[] = [];
  readonly #faults: readonly Fault[];
  readonly #always: Schedule['always'];
  /** Writes at which a replica was killed because they were new. */
  readonly #known = new Set<string>();
  readonly #sides: readonly Side[];
  readonly #say: (line: string) => void;
  readonly #hit = new Set<Fault>();
  readonly #points = new WeakMap<Call, { readonly point: number; readonly identity: string }>();
  #armed = false;
  #point = 0;
  #refusals = { left: 0, status: 0 };

  constructor(
    { faults, always }: Pick<Schedule, 'faults' | 'always'>,
    sides: readonly Side[],
    say: (line: string) => void,
  ) {
    this.#faults = faults;
    this.#always = always;
    this.#sides = sides;
    this.#say = say;
  }

  /** From now on writes count. */
  arm(): void {
    this.#armed = true;
  }

  get points(): number {
    return this.#point;
  }

  /** How many faults came to pass. */
  get hits(): number {
    return this.#hit.size + this.#known.size;
  }

  hooksOf(index: number): Hooks {
    const side = (): Side => this.#sides[index] as Side;
    return { before: (call) => this.#before(call, side()), after: (call, answered) => this.#after(call, answered) };
  }

  async #before(call: Call, side: Side): Promise<Fate> {
    if (!this.#armed) return 'pass';
    const { identity } = side.replica;
    let fate: Fate = 'pass';
    if (isWrite(call)) {
      const counted = { point: (this.#point += 1), identity };
      this.#points.set(call, counted);
      this.#say(`write ${counted.point} of ${identity}: ${call.method} ${bare(call.path)}`);
      for (const fault of this.#faultsAt(counted.point)) fate = await this.#strike(fault, side, fate);
      if (this.#always === 'before' && this.#isNew(call)) fate = this.#kill(identity);
    }
    if (fate === 'pass' && this.#refusals.left > 0 && !isLease(call)) {
      this.#refusals.left -= 1;
      if (isWrite(call)) this.refused.push(bare(call.path));
      return { status: this.#refusals.status };
    }
    return fate;
  }

  async #after(call: Call, { status, body }: Answered): Promise<Fate> {
    const counted = this.#points.get(call);
    if (counted === undefined) return 'pass';
    const { method, path, sentAt } = call;
    const { point, identity } = counted;
    const resourceVersion = versionIn(body);
    const meant = meantFor(call.body);
    this.writes.push({
      point,
      identity,
      method,
      path: bare(path),
      status,
      resourceVersion,
      tookMs: epochMs() - sentAt,
      isConditional: meant !== undefined,
      isIdle: meant !== undefined && meant === String(resourceVersion),
    });
    this.#say(`write ${point}: ${status}${resourceVersion === undefined ? '' : `, version ${resourceVersion}`}`);
    let fate: Fate = 'pass';
    for (const fault of this.#faultsAt(point)) {
      if (!('when' in fault) || fault.when !== 'after') continue;
      if (fault.kind === 'kill') this.#kill(identity);
      fate = 'drop';
    }
    return this.#always === 'after' && this.#isNew(call) ? this.#kill(identity) : fate;
  }

  /** Unless it has ended already. */
  #kill(identity: string): Fate {
    this.#sides.find(({ replica }) => replica.identity === identity)?.replica.kill();
    return 'drop';
  }

  #isNew(call: Call): boolean {
    const point = pointOf(call);
    if (point === undefined || this.#known.has(point)) return false;
    this.#known.add(point);
    this.#say(`kill at a new write: ${point.slice(0, POINT_SHOWN)}`);
    return true;
  }

  #faultsAt(point: number): readonly Fault[] {
    return this.#faults.filter(({ at }) => at === point);
  }

  async #strike(fault: Fault, { replica, wire }: Side, fate: Fate): Promise<Fate> {
    this.#hit.add(fault);
    this.#say(`fault at write ${fault.at}: ${JSON.stringify(fault)}`);
    switch (fault.kind) {
      case 'kill':
        if (fault.when === 'after') return fate;
        replica.kill();
        return 'drop';
      case 'drop':
        return fault.when === 'after' ? fate : 'drop';
      case 'refuse':
        this.#refusals = { left: fault.count, status: fault.status };
        return fate;
      case 'stop':
        replica.terminate();
        await pause(fault.ms);
        return fate;
      case 'slow':
        await pause(fault.ms);
        return fate;
      case 'split':
        wire.cut(fault.ms);
        return 'drop';
      case 'freeze':
        replica.freeze(fault.ms);
        return fate;
      case 'jump':
        for (const each of this.#sides) each.replica.jump(fault.ms);
        return fate;
    }
  }
}

function versionIn(body: Buffer): number | undefined {
  try {
    const { metadata } = JSON.parse(body.toString()) as { metadata?: { resourceVersion?: string } };
    return metadata?.resourceVersion === undefined ? undefined : Number(metadata.resourceVersion);
  } catch {
    // Not JSON: no object.
    return undefined;
  }
}

interface Meant {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly deleteOptions?: Preconditions;
}

interface Preconditions {
  readonly preconditions?: { readonly uid?: string };
}

/** The version, or of an eviction and a deletion the uid, that a write names; undefined where it would be done to anything. */
function meantFor(body: Buffer): string | undefined {
  const parsed = JSON.parse(body.toString() || '{}') as
    | (Meant & Preconditions)
    | readonly { readonly path: string; readonly value: string }[];
  if ('find' in parsed) return parsed.find(({ path }) => path === '/metadata/resourceVersion')?.value;
  return parsed.metadata?.resourceVersion ?? (parsed.deleteOptions ?? parsed).preconditions?.uid;
}
