import type { DemandFigures } from '../../../../src/domain/recommendations/demand.ts';
import type { Recommendation } from '../../../../src/domain/recommendations/draft.ts';
import type { AdviceFacts } from '../../../../src/domain/recommendations/facts.ts';
import { recommend } from '../../../../src/domain/recommendations/recommend.ts';
import type { PodUseFigures, UseFigures } from '../../../../src/domain/recommendations/use.ts';
import type { Resources } from '../../../../src/domain/snapshot.ts';
import { HOUR } from '../fixtures.ts';

export const DAY = 24 * HOUR;
export const MI = 2 ** 20;

export type Scaling = NonNullable<AdviceFacts['scaling']>;

/** Three pods of a Normal service, protected, of which nothing was observed: nothing to recommend. */
export function facts(overrides: Partial<AdviceFacts> = {}): AdviceFacts {
  return {
    kind: 'Deployment',
    name: 'web',
    priority: 'Normal',
    desired: 3,
    selector: 'app=web',
    coverage: 'Covered',
    scaling: undefined,
    template: sized({ cpu: 0.5, memory: 512 * MI }, { cpu: 1, memory: 1024 * MI }),
    objectives: [],
    ...overrides,
  };
}

/** One container. */
export const sized = (requests: Resources, limits: Resources = {}) => ({
  containers: [{ name: 'main', requests, limits }],
});

/** Use of the one container that the requests of `facts` fit. */
export function use(overrides: Partial<UseFigures> = {}): PodUseFigures {
  const figures = {
    observedMs: 8 * DAY,
    cpu: { p90: 0.4, p95: 0.45 },
    memory: { p98: 400 * MI, highest: 420 * MI },
    ...overrides,
  };
  return { ...figures, containers: new Map([['main', figures]]) };
}

/** Scaling between 2 and 10 whose bounds are right. */
export function scaling(overrides: Partial<Scaling> = {}): Scaling {
  const metrics: Scaling['metrics'] = [
    { type: 'Prometheus', prometheus: { query: 'up', target: { type: 'AverageValue', averageValue: '100' } } },
  ];
  return { minReplicas: 2, maxReplicas: 10, metrics, ...overrides };
}

export function demand(overrides: Partial<DemandFigures> = {}): DemandFigures {
  return {
    observedMs: 8 * DAY,
    belowMin: 0.2,
    aboveMax: 0,
    paced: 0,
    lowest: 1,
    highest: 8,
    needed: 0.8,
    ...overrides,
  };
}

/** The one recommendation of a type, as it is told for the first time or after `previous`. */
export function told(
  type: Recommendation['type'],
  about: AdviceFacts,
  previous?: readonly Recommendation[],
  container?: string,
): Recommendation | undefined {
  const isMeant = (told: Recommendation) => container === undefined || told.container === container;
  return recommend(about, previous).find((recommendation) => recommendation.type === type && isMeant(recommendation));
}
