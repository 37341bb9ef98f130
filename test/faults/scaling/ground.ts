import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, type ClusterOptions, startCluster } from '../../../hack/cluster/index.ts';
import { MetricsApis } from '../../../hack/cluster/metrics-apis.ts';
import { accept, Bed } from '../../cluster/operator/support/bed.ts';
import { Operator } from '../../cluster/operator/support/process.ts';

/** The HorizontalPodAutoscaler decides as often as the operator does. */
const AUTOSCALER_PACE = '--horizontal-pod-autoscaler-sync-period=1s';

/** A control plane of this file's own, with stand-ins of the metrics APIs, and an operator that decides every second. */
export class Ground {
  readonly bed: Bed;
  readonly metrics: MetricsApis;
  readonly operator: Operator;
  readonly #cluster: Cluster;
  readonly #dir: string;

  private constructor(parts: { bed: Bed; metrics: MetricsApis; operator: Operator; cluster: Cluster; dir: string }) {
    this.bed = parts.bed;
    this.metrics = parts.metrics;
    this.operator = parts.operator;
    this.#cluster = parts.cluster;
    this.#dir = parts.dir;
  }

  static async start(options: ClusterOptions = {}): Promise<Ground> {
    const dir = mkdtempSync(join(tmpdir(), 'baton-scaling-'));
    const controllerManagerFlags = [AUTOSCALER_PACE, ...(options.controllerManagerFlags ?? [])];
    const parts = { nodes: 3, log: () => undefined, ...options, controllerManagerFlags };
    const cluster = await startCluster({ dir: join(dir, 'cluster'), ...parts });
    process.env['KUBECONFIG'] = cluster.kubeconfig;
    const bed = await Bed.make('scaling');
    const { apis: metrics, prometheusUrl: url } = await MetricsApis.start(cluster, bed.namespace);
    const metricSources = {
      resourceMetrics: { interval: '1s' },
      // It is in the process of the test: where that stands still for a while, no figure is missing.
      prometheus: { url, namespaces: [bed.namespace], timeout: '30s' },
    };
    const policy = {
      apiVersion: 'baton.dev/v1alpha1',
      kind: 'Orchestration',
      metadata: { name: 'default' },
      spec: { metricSources },
    };
    accept(await bed.api.call('POST', '/apis/baton.dev/v1alpha1/orchestrations', { body: policy }));
    const args = [...bed.flags, '--scaling-interval', '1s'];
    const operator = bed.own(await Operator.start(args, 'leading', cluster.kubeconfig));
    return new Ground({ bed, metrics, operator, cluster, dir });
  }

  async stop(): Promise<void> {
    await this.bed.close();
    await this.metrics.stop();
    await this.#cluster.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
