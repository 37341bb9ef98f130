import type { OrchestratedServiceSpec } from '../../api/kinds.ts';
import type { Wish } from './scale.ts';

type Scaling = NonNullable<OrchestratedServiceSpec['scaling']>;
type Behavior = NonNullable<Scaling['behavior']>;
export type Strategy = NonNullable<Scaling['strategy']>;

export interface StrategyParameters {
  /** Percent of the CPU requests of the pods, where no metric is written. */
  readonly targetUtilization: number;
  readonly behavior: { readonly scaleUp: Direction; readonly scaleDown: Direction };
  /** Whether a forecast is used where `prediction` is not written. */
  readonly prediction: boolean;
  /** What the strategy adds to the arithmetic of the metrics. */
  readonly objective: string;
}

type Direction = NonNullable<Behavior['scaleUp']>;
type Policy = NonNullable<Direction['policies']>[number];

const percent = (value: number, periodSeconds: number): Policy => ({ type: 'Percent', value, periodSeconds });
const pods = (value: number, periodSeconds: number): Policy => ({ type: 'Pods', value, periodSeconds });

/** Kubernetes' own defaults for `behavior`, written out. */
const ORDINARY = {
  scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [pods(4, 15), percent(100, 15)] },
  scaleDown: { stabilizationWindowSeconds: 300, selectPolicy: 'Max', policies: [percent(100, 15)] },
} as const satisfies StrategyParameters['behavior'];

/** The table of docs/strategies.md; a test compares them. */
export const STRATEGIES: Readonly<Record<Strategy, StrategyParameters>> = {
  Performance: {
    targetUtilization: 50,
    behavior: {
      scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [pods(10, 15), percent(300, 15)] },
      scaleDown: { stabilizationWindowSeconds: 600, selectPolicy: 'Max', policies: [percent(10, 60), pods(1, 60)] },
    },
    prediction: false,
    objective: 'fewer than 3 in 100 requests wait',
  },
  Cost: {
    targetUtilization: 80,
    behavior: {
      scaleUp: { stabilizationWindowSeconds: 60, selectPolicy: 'Max', policies: [percent(50, 60), pods(1, 60)] },
      scaleDown: { stabilizationWindowSeconds: 120, selectPolicy: 'Max', policies: [percent(100, 15)] },
    },
    prediction: false,
    objective: 'the cheapest count that holds the availability objective',
  },
  Reliability: {
    targetUtilization: 70,
    behavior: {
      scaleUp: ORDINARY.scaleUp,
      scaleDown: { stabilizationWindowSeconds: 600, selectPolicy: 'Max', policies: [percent(10, 60), pods(1, 60)] },
    },
    prediction: false,
    objective: 'still at target after losing the largest zone or node',
  },
  Scalability: {
    targetUtilization: 60,
    behavior: {
      scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [pods(20, 15), percent(900, 15)] },
      scaleDown: ORDINARY.scaleDown,
    },
    prediction: true,
    objective: 'any load in one step, and ahead of it where it can be foreseen',
  },
  QuantumInspired: {
    targetUtilization: 70,
    behavior: ORDINARY,
    prediction: false,
    objective: 'the least shortage over all services that share a capacity budget',
  },
};

/** How far the target of Cost goes to either side of the table's, in percent of the requests. */
const COST_SPAN = 10;

/**
 * spec.scaling with what the strategy says filled in where nothing is written; unchanged without a strategy. `risk` is `objectiveRisk` of the
 * service: Cost aims at 90 % while the error budget is untouched, at 70 % when it is spent, and at the table's 80 % where there is no objective.
 */
export function withStrategy(scaling: Scaling, risk: number | undefined): Scaling {
  const { strategy, behavior, metrics } = scaling;
  if (strategy === undefined || scaling.maxReplicas === undefined) return scaling;
  const parameters = STRATEGIES[strategy];
  return {
    ...scaling,
    metrics: metrics ?? [cpuAt(targetOf(strategy, risk))],
    behavior: {
      scaleUp: { ...parameters.behavior.scaleUp, ...behavior?.scaleUp },
      scaleDown: { ...parameters.behavior.scaleDown, ...behavior?.scaleDown },
    },
  };
}

function targetOf(strategy: Strategy, risk: number | undefined): number {
  const { targetUtilization } = STRATEGIES[strategy];
  if (strategy !== 'Cost' || risk === undefined) return targetUtilization;
  return Math.round(targetUtilization + COST_SPAN * (1 - 2 * risk));
}

const cpuAt = (averageUtilization: number): NonNullable<Scaling['metrics']>[number] => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});

/** Burning this fast an error budget of 30 days loses 2 % in an hour, and people are called (Google SRE workbook, chapter 5). */
const PAGE_BURN = 14.4;

/** The figures of an objective as the status has them. */
export interface ObjectiveStanding {
  /** Of the error budget: 1 is untouched, 0 spent. */
  readonly budgetRemaining: number;
  readonly burnRate: number;
}

/** How near the worst objective is to being missed: 0 with an untouched budget, 1 when it is spent or burns so fast that people are called. */
export function objectiveRisk(objectives: readonly ObjectiveStanding[]): number | undefined {
  if (objectives.length === 0) return undefined;
  const risks = objectives.map(({ budgetRemaining, burnRate }) =>
    Math.max(1 - budgetRemaining, Math.min(1, burnRate / PAGE_BURN)),
  );
  return Math.min(1, Math.max(0, ...risks));
}

/** Where a pod runs; undefined where that is not known. */
export interface Place {
  readonly node: string | undefined;
  readonly zone: string | undefined;
}

/** What the strategy asks for beside the metrics, which ask for `needed` replicas; undefined where that is enough. */
export function strategyWish(scaling: Scaling, needed: number, places: readonly Place[]): Wish | undefined {
  if (needed < 1) return undefined;
  if (scaling.strategy === 'Performance') return unqueued(needed, utilizationOf(scaling));
  if (scaling.strategy === 'Reliability') return survivable(needed, places);
  return undefined;
}

/** Share of waiting requests that is left: with β = 2 the formula of Halfin and Whitt gives 2.7 %. */
const BETA = 2;

/**
 * Square-root staffing (S. Halfin, W. Whitt, Heavy-traffic limits for queues with many exponential servers, Operations Research 29, 1981): a load that keeps
 * R replicas busy needs R + β·√R for few requests to wait. Small services need more room than their utilisation tells.
 */
function unqueued(needed: number, utilization: number): Wish | undefined {
  const busy = needed * utilization;
  const replicas = Math.ceil(busy + BETA * Math.sqrt(busy) - 1e-9);
  if (replicas <= needed) return undefined;
  const because = `${needed} replicas would hold the target, but ${replicas} are needed for fewer than 3 in 100 requests to wait (Performance)`;
  return { source: 'strategy', replicas, because };
}

function utilizationOf({ metrics = [] }: Scaling): number {
  const written = metrics.flatMap(
    ({ resource, containerResource }) => (resource ?? containerResource)?.target.averageUtilization ?? [],
  );
  return Math.min(100, ...(written.length > 0 ? written : [STRATEGIES.Performance.targetUtilization])) / 100;
}

/**
 * What is needed must still be there without the largest zone, or where zones are not known the largest node: needed + the pods in it. With
 * pods spread evenly over D of them that settles at needed · D / (D − 1). At most twice what is needed: where all pods are in one place, more of them there
 * would not help, and the reserve must not feed itself.
 */
function survivable(needed: number, places: readonly Place[]): Wish {
  const zones = countBy(places, ({ zone }) => zone);
  // One zone cannot be lost and survived, whatever the count.
  const [kind, domains] = zones.size > 1 ? ['zone', zones] : ['node', countBy(places, ({ node }) => node)];
  const [name, largest] = [...domains].reduce((most, next) => (next[1] > most[1] ? next : most), ['', 0] as const);
  const lost = Math.max(1, Math.min(largest, needed));
  const replicas = needed + lost;
  const which = name === '' ? `any ${kind}` : `${kind} ${name} with ${largest} of ${places.length} pods`;
  const because = `${needed} are needed after losing ${which}, so ${replicas} (Reliability)`;
  return { source: 'strategy', replicas, because };
}

function countBy(places: readonly Place[], by: (place: Place) => string | undefined): Map<string, number> {
  const counts = new Map<string, number>();
  for (const place of places) {
    const name = by(place);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
