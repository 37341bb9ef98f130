/** How fast and how far replicas may go in one direction; autoscaling/v2's HPAScalingRules with every default filled in. */
export interface DirectionRules {
  /** Recommendations of this long are considered, ms: the lowest of them limits going up, the highest going down. */
  readonly windowMs: number;
  readonly select: 'Max' | 'Min' | 'Disabled';
  readonly policies: readonly Policy[];
  /** A ratio of current to target that is off 1 by this much or less changes nothing. */
  readonly tolerance: number;
}

export interface Policy {
  readonly type: 'Pods' | 'Percent';
  readonly value: number;
  readonly periodMs: number;
}

export interface ScaleRules {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly up: DirectionRules;
  readonly down: DirectionRules;
  /** At least so many replicas when the metrics could not be read that many times in a row, a sync period apart. */
  readonly fallback?: { readonly replicas: number; readonly afterFailures: number };
}

/** spec.scaling.behavior, as autoscaling/v2 has it. */
export interface Behavior {
  readonly scaleUp?: Direction;
  readonly scaleDown?: Direction;
}

interface Direction {
  readonly stabilizationWindowSeconds?: number;
  readonly selectPolicy?: 'Max' | 'Min' | 'Disabled';
  readonly policies?: readonly {
    readonly type: 'Pods' | 'Percent';
    readonly value: number;
    readonly periodSeconds: number;
  }[];
  readonly tolerance?: number;
}

const TOLERANCE = 0.1;

/** The defaults that Kubernetes documents for `behavior` (kubernetes.io, Horizontal Pod Autoscaling, "Default Behavior"). */
const DEFAULT_UP: DirectionRules = {
  windowMs: 0,
  select: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodMs: 15_000 },
    { type: 'Percent', value: 100, periodMs: 15_000 },
  ],
  tolerance: TOLERANCE,
};

const DEFAULT_DOWN: DirectionRules = {
  windowMs: 300_000,
  select: 'Max',
  policies: [{ type: 'Percent', value: 100, periodMs: 15_000 }],
  tolerance: TOLERANCE,
};

/** What a service's `behavior` means; what it leaves out is Kubernetes' default. */
export function directionsOf(behavior: Behavior | undefined): Pick<ScaleRules, 'up' | 'down'> {
  return { up: filled(behavior?.scaleUp, DEFAULT_UP), down: filled(behavior?.scaleDown, DEFAULT_DOWN) };
}

function filled(given: Direction | undefined, defaults: DirectionRules): DirectionRules {
  if (given === undefined) return defaults;
  const { stabilizationWindowSeconds, selectPolicy, policies, tolerance } = given;
  return {
    windowMs: stabilizationWindowSeconds === undefined ? defaults.windowMs : stabilizationWindowSeconds * 1_000,
    select: selectPolicy ?? defaults.select,
    policies:
      policies?.map(({ type, value, periodSeconds }) => ({ type, value, periodMs: periodSeconds * 1_000 })) ??
      defaults.policies,
    tolerance: tolerance ?? defaults.tolerance,
  };
}

/** What is needed exactly: within the tolerance the metrics name the replicas there are, and a reserve on top of those would feed itself. */
export const withoutTolerance = (rules: ScaleRules): ScaleRules => ({
  ...rules,
  up: { ...rules.up, tolerance: 0 },
  down: { ...rules.down, tolerance: 0 },
});
