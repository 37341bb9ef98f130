import type { OrchestrationSpec } from '../../api/kinds.ts';
import type { Allotment, Allotments, Budget, Claim } from '../../domain/capacity/allot.ts';
import { budgetOf, type BudgetSpec, coversService } from '../../domain/capacity/budgets.ts';
import { deepEqual } from '../../domain/equal.ts';
import type { Cache } from '../ports.ts';
import type { CachedService } from '../service/caches.ts';

export interface CapacityOptions {
  readonly services: Cache<CachedService>;
  readonly policy: () => OrchestrationSpec;
  /** Shares the budgets; never rejects. */
  readonly allot: (claims: readonly Claim[], budgets: readonly Budget[]) => Promise<Allotments>;
  /** Another share than before: look at that service again. */
  readonly enqueue: (key: string) => void;
  /** Runs after a while, once. */
  readonly later: (ms: number, run: () => void) => void;
}

/** What a service may ask for at most, and why. */
export type Ceiling = Allotment;

interface Entry {
  claim: Claim;
  /** What its workload asks for at present. */
  current: number;
  /** What its last look was allowed to ask for: that may be on its way, whatever was shared out since. */
  allowed: number;
  /** The claim that was last shared out, and what it got; undefined where it got all. */
  shared: { readonly claim: Claim; readonly allotment: Allotment | undefined } | undefined;
}

/** Wishes come one by one: those of the same moment are shared out together. */
const GATHER_MS = 50;

/**
 * The wishes of all services that share capacity budgets, and what each may have. A service says at each look what it wants; while that is not
 * shared out yet it may have what it had, and it rises only into what others have given back, so that never more is asked for than the budgets hold.
 */
export class Capacity {
  readonly #options: CapacityOptions;
  readonly #entries = new Map<string, Entry>();
  #specs: readonly BudgetSpec[] | undefined;
  #budgets: readonly Budget[] = [];
  /** Replicas of those that are covered and of which nothing was said yet, as their status has them. */
  #unscaled: ReadonlyMap<string, number> = new Map();
  /** Who may have more as soon as others have given theirs back. */
  readonly #waiting = new Set<string>();
  #isDue = false;
  #isSharing = false;

  constructor(options: CapacityOptions) {
    this.#options = options;
  }

  /** The budgets as last shared out, with what was wanted and given; for metrics. */
  *figures(): Iterable<{ readonly budget: Budget; readonly wanted: Usage; readonly given: Usage }> {
    for (const budget of this.#budgets) {
      const entries = budget.covers.flatMap((key) => this.#entries.get(key) ?? []);
      yield {
        budget,
        wanted: usageOf(entries, ({ claim }) => claim.wanted),
        given: usageOf(entries, ({ claim, shared }) => shared?.allotment?.replicas ?? claim.wanted),
      };
    }
  }

  /**
   * What the service may ask for at most; undefined where no budget covers it, or all of it fits. `current` is what it has now.
   */
  ceiling(service: CachedService, claim: Claim, current: number): Ceiling | undefined {
    const specs = this.#options.policy().capacityBudgets ?? [];
    const covering = specs.filter((spec) => covers(spec, service));
    if (covering.length === 0) {
      this.forget(claim.key);
      return undefined;
    }
    const entry = this.#entries.get(claim.key) ?? { claim, current, allowed: current, shared: undefined };
    const before = Math.max(entry.current, entry.allowed);
    entry.claim = claim;
    entry.current = current;
    this.#entries.set(claim.key, entry);
    const { shared } = entry;
    if (!deepEqual(specs, this.#specs) || shared === undefined || !deepEqual(shared.claim, claim)) this.#soon();
    const ceiling = claim.fixed ? undefined : this.#ceilingOf(entry, covering);
    entry.allowed = claim.fixed ? current : Math.min(claim.wanted, ceiling?.replicas ?? claim.wanted);
    if (Math.max(current, entry.allowed) < before) this.#wakeWaiting();
    return ceiling;
  }

  #ceilingOf(entry: Entry, covering: readonly BudgetSpec[]): Ceiling | undefined {
    const { claim, current, shared } = entry;
    if (shared?.claim.wanted === claim.wanted) return this.#inTurn(entry, shared.allotment);
    const had = shared === undefined ? current : (shared.allotment?.replicas ?? shared.claim.wanted);
    if (claim.wanted <= had) return this.#inTurn(entry, undefined);
    const budgets = covering.map(({ name }) => name).join(', ');
    const because = `budget ${budgets} is being shared out`;
    return this.#inTurn(entry, { replicas: had, budgets, because, belowMinimum: had < claim.minReplicas });
  }

  forget(key: string): void {
    this.#waiting.delete(key);
    if (this.#entries.delete(key)) this.#soon();
  }

  /** Its allotment, or less while others still have what they are to give back. */
  #inTurn({ claim, current }: Entry, allotment: Allotment | undefined): Ceiling | undefined {
    const gets = allotment?.replicas ?? claim.wanted;
    if (gets <= current) return allotment;
    const covering = this.#budgets.filter(({ covers }) => covers.includes(claim.key));
    const now = Math.max(current, Math.min(gets, ...covering.map((budget) => this.#room(budget, claim))));
    if (now >= gets) return allotment;
    this.#waiting.add(claim.key);
    const budgets = covering.map(({ name }) => name).join(', ');
    const because = `budget ${budgets} still waits for replicas that others give back`;
    return { replicas: now, budgets, because, belowMinimum: false };
  }

  /** Replicas of that claim that a budget has room for beside what the others have, may be about to have, or may have, whichever is most. */
  #room({ covers, maxReplicas = Infinity, cpu = Infinity, memory = Infinity }: Budget, claim: Claim): number {
    const others = covers.flatMap((key) => (key === claim.key ? [] : (this.#entries.get(key) ?? [])));
    const held = usageOf(others, ({ current, allowed, shared, claim }) =>
      Math.max(
        current,
        allowed,
        Math.min(claim.wanted, shared?.allotment?.replicas ?? shared?.claim.wanted ?? current),
      ),
    );
    const unscaled = covers.reduce(
      (sum, key) => sum + (this.#entries.has(key) ? 0 : (this.#unscaled.get(key) ?? 0)),
      0,
    );
    const rooms = [
      maxReplicas - held.replicas - unscaled,
      claim.cpu > 0 ? (cpu - held.cpu) / claim.cpu : Infinity,
      claim.memory > 0 ? (memory - held.memory) / claim.memory : Infinity,
    ];
    return Math.floor(Math.min(...rooms) + 1e-9);
  }

  #wakeWaiting(): void {
    for (const key of this.#waiting) this.#options.enqueue(key);
    this.#waiting.clear();
  }

  #soon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#options.later(GATHER_MS, () => void this.#share());
  }

  async #share(): Promise<void> {
    // Those that came while it was being shared out are next.
    if (this.#isSharing) {
      this.#options.later(GATHER_MS, () => void this.#share());
      return;
    }
    this.#isDue = false;
    this.#isSharing = true;
    try {
      const specs = this.#options.policy().capacityBudgets ?? [];
      const claims = new Map(this.#entries.values().map(({ claim }) => [claim.key, claim]));
      const scaled = new Set(claims.keys());
      const budgets = this.#gather(specs, claims);
      const unscaled = claims.values().filter(({ key }) => !scaled.has(key));
      this.#unscaled = new Map(unscaled.map(({ key, wanted }) => [key, wanted]));
      const { reduced } = await this.#options.allot(
        claims
          .values()
          .map((claim) => ({ ...claim, given: givenTo(this.#entries.get(claim.key)) }))
          .toArray(),
        budgets,
      );
      this.#specs = specs;
      this.#budgets = budgets;
      for (const [key, entry] of this.#entries) {
        const claim = claims.get(key);
        if (claim) this.#give(key, entry, claim, reduced.get(key));
      }
    } finally {
      this.#isSharing = false;
    }
  }

  /** The budgets with whom they cover. Who is covered and has said nothing yet takes the replicas that its status has. */
  #gather(specs: readonly BudgetSpec[], claims: Map<string, Claim>): Budget[] {
    const keysOf = new Map<BudgetSpec, string[]>(specs.map((spec) => [spec, []]));
    for (const service of this.#options.services.list()) {
      const key = `${service.namespace}/${service.name}`;
      for (const [spec, keys] of keysOf) {
        if (!covers(spec, service)) continue;
        keys.push(key);
        if (!claims.has(key)) claims.set(key, unclaimed(key, service));
      }
    }
    return specs.map((spec) => budgetOf(spec, keysOf.get(spec) ?? []));
  }

  #give(key: string, entry: Entry, claim: Claim, allotment: Allotment | undefined): void {
    const before = entry.shared;
    entry.shared = { claim, allotment };
    const isSame =
      before?.claim.wanted === claim.wanted &&
      before.allotment?.replicas === allotment?.replicas &&
      before.allotment?.belowMinimum === allotment?.belowMinimum;
    if (!isSame && !claim.fixed) this.#options.enqueue(key);
  }
}

const givenTo = (entry: Entry | undefined): number | undefined =>
  entry?.shared && (entry.shared.allotment?.replicas ?? entry.shared.claim.wanted);

interface Usage {
  readonly replicas: number;
  readonly cpu: number;
  readonly memory: number;
}

function usageOf(entries: readonly Entry[], replicasOf: (entry: Entry) => number): Usage {
  const sum = { replicas: 0, cpu: 0, memory: 0 };
  for (const entry of entries) {
    const replicas = replicasOf(entry);
    sum.replicas += replicas;
    sum.cpu += replicas * entry.claim.cpu;
    sum.memory += replicas * entry.claim.memory;
  }
  return sum;
}

const covers = (spec: BudgetSpec, { namespace, metadata }: CachedService): boolean =>
  coversService(spec, namespace, metadata.labels ?? {});

const unclaimed = (key: string, { spec, status }: CachedService): Claim => ({
  key,
  priority: spec.priority,
  minReplicas: 0,
  wanted: status?.replicas?.desired ?? 0,
  risk: 0,
  costPerReplicaHour: undefined,
  cpu: 0,
  memory: 0,
  fixed: true,
  annealed: false,
});
