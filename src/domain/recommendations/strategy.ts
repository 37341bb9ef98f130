import { activeScaling } from '../scaling/from-spec.ts';
import { proposedBy, type Recommendation, steady } from './draft.ts';
import type { AdviceFacts } from './facts.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;

interface Wish {
  readonly to: 'Reliability' | 'Scalability' | 'Cost';
  readonly confidence: number;
  readonly because: string;
}

/** A strategy that fits the objective better than the one in force. */
export function strategy(facts: AdviceFacts, before: Recommendation | undefined): Recommendation | undefined {
  const scaling = activeScaling(facts.scaling);
  if (scaling === undefined) return undefined;
  const words =
    scaling.strategy === undefined ? 'set scaling.strategy to' : `change scaling.strategy from ${scaling.strategy} to`;
  const said = proposedBy(before, words);
  const wish = spent(facts, said) ?? slow(facts, said) ?? wasteful(facts, said);
  if (wish === undefined) return isTooEarly(facts, said) ? before : undefined;
  const { to, confidence, because } = wish;
  return steady(before, { type: 'Strategy', action: `${words} ${to}`, confidence, because });
}

/** After a restart decisions are counted anew: what was found before stands for as long as it took to find it. */
const isTooEarly = ({ demand }: AdviceFacts, said: string | undefined): boolean =>
  (said === 'Cost' || said === 'Scalability') && (demand?.observedMs ?? 0) < (said === 'Cost' ? 3 * DAY : 6 * HOUR);

/** The error budget is overspent with a strategy that keeps nothing to spare. */
function spent({ objectives, scaling }: AdviceFacts, said: string | undefined): Wish | undefined {
  if (scaling?.strategy !== undefined && scaling.strategy !== 'Cost') return undefined;
  const enough = said === 'Reliability' ? 0.2 : 0;
  const objective = objectives.find(({ budgetRemaining }) => budgetRemaining < enough);
  if (objective === undefined) return undefined;
  const because = `the error budget of the objective ${objective.name} is spent, and this strategy keeps no pods for the loss of a node or a zone`;
  return { to: 'Reliability', confidence: 0.6, because };
}

/** The pace of scaling up holds it back; who chose Performance has another that is as fast, and who chose Cost wants to wait. */
function slow({ demand, scaling }: AdviceFacts, said: string | undefined): Wish | undefined {
  if (demand === undefined || /^(Scalability|Performance|Cost)$/.test(scaling?.strategy ?? '')) return undefined;
  if (demand.observedMs < 6 * HOUR || demand.paced < (said === 'Scalability' ? 0.05 : 0.1)) return undefined;
  const because = `the pace of scaling up held the replicas back ${Math.floor(demand.paced * 100)} % of the time`;
  return { to: 'Scalability', confidence: 0.6, because };
}

/** The objective is kept with ease, and half of what is paid for is not needed. */
function wasteful({ demand, scaling, objectives }: AdviceFacts, said: string | undefined): Wish | undefined {
  const isCostly = scaling?.strategy === 'Performance' || scaling?.strategy === 'Reliability';
  if (!isCostly || scaling.costPerReplicaHour === undefined || demand === undefined || objectives.length === 0)
    return undefined;
  const [ease, need] = said === 'Cost' ? [0.8, 0.6] : [0.9, 0.5];
  if (demand.observedMs < 3 * DAY || demand.needed > need) return undefined;
  if (objectives.some(({ budgetRemaining }) => budgetRemaining < ease)) return undefined;
  const because = `every objective has ${Math.floor(ease * 100)} % of its error budget left, and the metrics ask for ${Math.floor(demand.needed * 100)} % of the replicas that are paid for`;
  return { to: 'Cost', confidence: 0.5, because };
}
