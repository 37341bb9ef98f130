import type { Wish } from '../scaling/scale.ts';
import type { Prediction } from './forecaster.ts';

export interface Carriers {
  /** The load that one pod is to carry: the target of the metric. */
  readonly loadPerPod: number;
  readonly current: number;
  /** A predicted load that exceeds what the present pods are to carry by this share asks for nothing, as for measured load. */
  readonly tolerance: number;
}

/** The API holds counts in 32 bits. */
const MOST = 2 ** 31 - 1;

/** What a prediction asks of `decideScale` (its `proposals`); undefined while it is not trusted. */
export function wishFor(prediction: Prediction, { loadPerPod, current, tolerance }: Carriers): Wish | undefined {
  if (prediction.kind === 'Untrusted' || !(loadPerPod > 0)) return undefined;
  const exact = prediction.load / loadPerPod;
  const isNear = exact > current && exact <= current * (1 + tolerance);
  const replicas = isNear ? current : Math.min(MOST, Math.ceil(exact));
  const because = `a load of ${figure(prediction.load)} is expected by ${new Date(prediction.until).toISOString()}, ${figure(loadPerPod)} for each pod`;
  return { source: 'forecast', replicas, because };
}

const figure = (value: number): string => String(Number(value.toPrecision(4)));
