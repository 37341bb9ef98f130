import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricDefinition, type MetricName } from './metrics.ts';

type Labels = Readonly<Record<string, string>>;
type Metric = Gauge | Counter | Histogram;

/** Emits one sample of a gauge while /metrics is answered. */
export type Emit = (name: MetricName, labels: Labels, value: number) => void;

/**
 * The metrics of this process. What changes with each reconcile (scores, levels) is not set there but asked for when somebody scrapes: a
 * gauge costs nothing between scrapes, and a service that is gone leaves no series behind.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #metrics = new Map<string, Metric>();
  readonly #bound = new Map<string, Counter.Internal | Histogram.Internal<string>>();
  readonly #asked = new Set<MetricName>();
  readonly #collectors: ((emit: Emit) => void)[] = [];

  constructor(options: { version: string }) {
    for (const definition of METRICS as readonly MetricDefinition[])
      this.#metrics.set(definition.name, this.#create(definition));
    this.set('baton_build_info', { version: options.version, node_version: process.version }, 1);
    this.#collectProcess();
  }

  /**
   * prom-client's histogram of the event loop's delay wakes the process a hundred times a second, which is most of what an idle operator
   * costs. `nodejs_eventloop_lag_seconds`, measured at each scrape, stays.
   */
  #collectProcess(): void {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 3_600_000 });
    for (const figure of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'])
      this.#registry.removeSingleMetric(`nodejs_eventloop_lag_${figure}_seconds`);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Asks `collector` for the samples of these gauges at each scrape; what it does not emit is gone. */
  collect(names: readonly MetricName[], collector: (emit: Emit) => void): void {
    for (const name of names) this.#asked.add(name);
    this.#collectors.push(collector);
  }

  async text(): Promise<string> {
    for (const name of this.#asked) this.#clear(this.#metrics.get(name) as Gauge);
    for (const collector of this.#collectors) collector((name, labels, value) => this.set(name, labels, value));
    return this.#registry.metrics();
  }

  /** `reset` alone leaves a gauge without labels at 0, which says something where nothing is known. */
  #clear(gauge: Gauge): void {
    gauge.reset();
    gauge.remove({});
  }

  set(name: MetricName, labels: Labels, value: number): void {
    (this.#metrics.get(name) as Gauge).set(labels, value);
  }

  increment(name: MetricName, labels: Labels, by = 1): void {
    (this.#series(name, labels) as Counter.Internal).inc(by);
  }

  observe(name: MetricName, labels: Labels, value: number): void {
    (this.#series(name, labels) as Histogram.Internal<string>).observe(value);
  }

  /**
   * The series of a metric with these label values. prom-client looks up and checks labels at each call, which is half of what a counter
   * costs; the series themselves are few (no name of an object is a label here) and are kept.
   */
  #series(name: MetricName, labels: Labels): Counter.Internal | Histogram.Internal<string> {
    const key = name + Object.values(labels).join('\0');
    let series = this.#bound.get(key);
    if (!series) {
      series = (this.#metrics.get(name) as Counter | Histogram).labels(labels);
      this.#bound.set(key, series);
    }
    return series;
  }

  #create({ name, type, help, labels, buckets }: MetricDefinition): Metric {
    const common = { name, help, labelNames: [...labels], registers: [this.#registry] };
    switch (type) {
      case 'gauge':
        return new Gauge(common);
      case 'counter':
        return new Counter(common);
      case 'histogram':
        return new Histogram({ ...common, ...(buckets && { buckets: [...buckets] }) });
    }
  }
}
