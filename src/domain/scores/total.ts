import type { OrchestrationStatus } from '../../api/kinds.ts';
import type { ServiceScores } from './scores.ts';

/** Adds up the scores of services; see docs/scores.md. */
export class TotalScores {
  #points = 0;
  #weights = 0;
  #needed = 0;
  #cost = 0;
  #isPriced = false;

  /** `weight` is that of the service's priority. */
  add({ optimization, costEfficiency, costPerHour }: ServiceScores, weight: number): void {
    if (optimization !== undefined) {
      this.#points += weight * optimization;
      this.#weights += weight;
    }
    this.#isPriced ||= costPerHour !== undefined;
    if (costEfficiency !== undefined && costPerHour !== undefined) {
      this.#needed += costEfficiency * costPerHour;
      this.#cost += costPerHour;
    }
  }

  /** Both 0 to 100, exact; undefined while no service that weighs anything has one. */
  get optimization(): number | undefined {
    return this.#weights === 0 ? undefined : this.#points / this.#weights;
  }

  /** Whether any service says what its replicas cost. */
  get isPriced(): boolean {
    return this.#isPriced;
  }

  get costEfficiency(): number | undefined {
    return this.#cost === 0 ? undefined : (100 * this.#needed) / this.#cost;
  }
}

type Shown = NonNullable<OrchestrationStatus['scores']>;

/** Points by which a score must move before the status tells. */
const NOTICEABLE = 5;

/** What the status says: the figures of before until they moved noticeably. */
export function scoresShown(
  { optimization, costEfficiency, isPriced }: TotalScores,
  before: Shown | undefined,
): { scores?: Shown } {
  // After a restart it takes a while until there is evidence again.
  const efficiency = costEfficiency ?? (isPriced ? before?.costEfficiency : undefined);
  const scores: Shown = {
    ...(optimization !== undefined && { optimization: shown(optimization, before?.optimization) }),
    ...(efficiency !== undefined && { costEfficiency: shown(efficiency, before?.costEfficiency) }),
  };
  return Object.keys(scores).length === 0 ? {} : { scores };
}

const shown = (exact: number, before: number | undefined): number =>
  before !== undefined && Math.abs(before - exact) < NOTICEABLE ? before : Math.round(exact);
