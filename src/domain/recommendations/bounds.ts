import { activeScaling } from '../scaling/from-spec.ts';
import type { DemandFigures } from './demand.ts';
import { certainty, knewMore, proposedBy, type Recommendation, steady } from './draft.ts';
import type { AdviceFacts } from './facts.ts';
import { roundCount } from './rounding.ts';

/** One bound of scaling as it should be; undefined where it is right. */
interface Wish {
  readonly words: string;
  readonly value: number;
  readonly because: string;
}

type Field = 'minReplicas' | 'maxReplicas';

const DAY = 86_400_000;
/** The confidence after three days, which some rules wait for. */
const THREE_DAYS = 0.85;

/** minReplicas that always or never binds. */
export function minReplicas(facts: AdviceFacts, before: Recommendation | undefined): Recommendation | undefined {
  return bound('minReplicas', facts, before, (demand, min, old) => {
    const lower = words('lower', 'minReplicas', min);
    const least = Math.max(floorOf(facts), demand.lowest);
    const always = old(lower) === undefined ? 0.9 : 0.75;
    if (demand.belowMin >= always && least < min && demand.observedMs >= DAY) {
      const because = `the metrics ask for fewer than minReplicas ${percent(demand.belowMin)} of the time, down to ${demand.lowest}`;
      return { words: lower, value: least, because };
    }
    const raise = words('raise', 'minReplicas', min);
    const never = old(raise) === undefined ? 2 : 1.5;
    if (demand.belowMin > 0 || demand.lowest < never * Math.max(1, min) || demand.observedMs < 3 * DAY)
      return undefined;
    const value = old(raise) ?? Math.ceil(demand.lowest * 0.75);
    const because = `the metrics never asked for fewer than ${demand.lowest}; a minimum near that costs nothing and holds when the metrics are wrong`;
    return { words: raise, value: value > demand.lowest ? Math.ceil(demand.lowest * 0.75) : value, because };
  });
}

/** maxReplicas that binds often, or is far from anything that was needed. */
export function maxReplicas(facts: AdviceFacts, before: Recommendation | undefined): Recommendation | undefined {
  return bound('maxReplicas', facts, before, (demand, max, old) => {
    const raise = words('raise', 'maxReplicas', max);
    const often = old(raise) === undefined ? 0.25 : 0.1;
    if (demand.aboveMax >= often && demand.highest > max) {
      const because = `the metrics ask for more than maxReplicas ${percent(demand.aboveMax)} of the time, up to ${demand.highest}`;
      return { words: raise, value: fitting(old(raise), demand.highest), because };
    }
    const lower = words('lower', 'maxReplicas', max);
    const far = old(lower) === undefined ? 0.4 : 0.5;
    if (demand.highest > far * max || demand.observedMs < 3 * DAY) return undefined;
    // Twice what was ever needed, and room for one more pod than minReplicas.
    const value = Math.max(fitting(old(lower), 2 * demand.highest), (facts.scaling?.minReplicas ?? 0) + 1);
    const because = `the metrics never asked for more than ${demand.highest}; a maximum nearer to that bounds what a wrong metric can cost`;
    return value < max ? { words: lower, value, because } : undefined;
  });
}

function bound(
  field: Field,
  facts: AdviceFacts,
  before: Recommendation | undefined,
  wish: (demand: DemandFigures, set: number, old: (words: string) => number | undefined) => Wish | undefined,
): Recommendation | undefined {
  const { demand } = facts;
  const set = activeScaling(facts.scaling)?.[field];
  if (set === undefined) return undefined;
  const known = demand && certainty(demand.observedMs);
  // About what is set now, and not about what somebody has changed since.
  const stands = [words('lower', field, set), words('raise', field, set)].some((verb) => proposedBy(before, verb));
  if (demand === undefined || known === undefined) return stands ? before : undefined;
  if (stands && knewMore(before, known.confidence, THREE_DAYS)) return before;
  const found = wish(demand, set, (verb) => {
    const old = proposedBy(before, verb);
    return old === undefined ? undefined : Number(old);
  });
  if (found === undefined || found.value === set) return undefined;
  return steady(before, {
    type: field === 'minReplicas' ? 'MinReplicas' : 'MaxReplicas',
    action: `${found.words} ${found.value}`,
    confidence: known.confidence,
    because: `${found.because} (decisions of more than ${known.words})`,
  });
}

const words = (verb: 'raise' | 'lower', field: Field, set: number): string => `${verb} scaling.${field} from ${set} to`;

/** What important services keep whatever the metrics say. */
const floorOf = ({ priority }: AdviceFacts): number => (priority === 'Critical' || priority === 'High' ? 2 : 1);

/** What was proposed while it is enough and not twice as much. */
const fitting = (old: number | undefined, needed: number): number =>
  old !== undefined && old >= needed && old <= 2 * needed ? old : roundCount(needed);

const percent = (share: number): string => `${Math.floor(share * 100)} %`;
