import { LoadForecaster } from '../../src/domain/forecast/forecaster.ts';
import type { Season } from '../../src/domain/forecast/steps.ts';
import { wishFor } from '../../src/domain/forecast/wish.ts';
import { scaled, type ScaleState } from '../../src/domain/scaling/history.ts';
import { directionsOf, type ScaleRules } from '../../src/domain/scaling/rules.ts';
import { decideScale } from '../../src/domain/scaling/scale.ts';
import type { Look, Scaler } from './simulate.ts';

export interface BatonOptions {
  readonly loadPerPod: number;
  readonly min: number;
  readonly max: number;
  readonly interval: number;
  readonly season: Season | 'none';
  readonly quantile: number;
}

/** Baton's own decisions, as the operator makes them: the scaler, and the forecast as its proposal. */
export class Baton implements Scaler {
  readonly #options: BatonOptions;
  readonly #rules: ScaleRules;
  readonly #forecaster: LoadForecaster | undefined;
  #state: ScaleState | undefined;
  #looks = 0;
  #trustedLooks = 0;

  constructor(options: BatonOptions) {
    const { season, quantile, interval } = options;
    this.#options = options;
    this.#rules = { minReplicas: options.min, maxReplicas: options.max, ...directionsOf(undefined) };
    if (season !== 'none') this.#forecaster = new LoadForecaster({ season, quantile, horizonMs: interval });
  }

  /** Share of the time in which the forecast was trusted. */
  get trustedShare(): number {
    return this.#looks === 0 ? 0 : this.#trustedLooks / this.#looks;
  }

  decide({ at, load, current, pods, timeToReady }: Look): number {
    const { loadPerPod, interval } = this.#options;
    this.#forecaster?.setHorizon((timeToReady ?? 0) + interval);
    this.#forecaster?.observe(at, load);
    const prediction = this.#forecaster?.predict(at);
    this.#looks++;
    if (prediction?.kind === 'Trusted') this.#trustedLooks++;
    const tolerance = this.#rules.up.tolerance;
    const wish = prediction && wishFor(prediction, { loadPerPod, current, tolerance });
    const decision = decideScale({
      rules: this.#rules,
      current,
      pods: pods(),
      metrics: [
        {
          type: 'Total',
          name: 'load',
          target: { average: loadPerPod },
          reading: { kind: 'value', value: load, at, evidence: '' },
        },
      ],
      proposals: wish === undefined ? [] : [wish],
      state: this.#state,
      now: at,
      monotonic: at,
      syncMs: interval,
    });
    this.#state = scaled(decision.state, this.#rules, current, decision.desired, at);
    return decision.desired;
  }
}
