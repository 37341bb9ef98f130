import { Advisor, type AdvisorOptions } from '../controllers/service/advisor.ts';
import { sleep, type Clock } from '../runtime/clock.ts';

/** As often as the VerticalPodAutoscaler's recommender looks. */
const INTERVAL_MS = 60_000;
/** So many services are looked at in one turn of the event loop. */
const SLICE = 100;

export interface AdvisingOptions extends Omit<AdvisorOptions, 'monotonic'> {
  readonly clock: Clock;
  readonly enqueue: (key: string) => void;
  /** All services were looked at. */
  readonly onRound: () => void;
}

/** The advisor, and what keeps its evidence growing while nothing else happens. */
export function createAdvising({ clock, enqueue, onRound, ...options }: AdvisingOptions) {
  const advisor = new Advisor({ ...options, monotonic: () => clock.monotonic() });
  return {
    advisor,
    async run(signal: AbortSignal): Promise<void> {
      await sleep(clock, INTERVAL_MS, signal);
      while (!signal.aborted) {
        let looked = 0;
        for (const key of advisor.keys) {
          if (advisor.sample(key)) enqueue(key);
          if (++looked % SLICE === 0) await sleep(clock, 0, signal);
          if (signal.aborted) return;
        }
        onRound();
        await sleep(clock, INTERVAL_MS, signal);
      }
    },
  };
}
