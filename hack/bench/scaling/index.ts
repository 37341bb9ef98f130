// What scaling costs and how fast it is; see docs/benchmark.md.
import type { Cluster } from '../../cluster/index.ts';
import type { Bench } from '../run.ts';
import { type CostPlan, measureCost } from './cost.ts';
import { type DecisionPlan, measureDecisions } from './decision.ts';
import { type LatencyPlan, measureLatency } from './latency.ts';
import type { ScalingResults } from './report.ts';

export interface ScalingPlan {
  readonly decisions: DecisionPlan;
  readonly latency: LatencyPlan;
  readonly cost: CostPlan;
}

/** Each part makes what it needs in the cluster and takes it away again. With a profile, only Baton's own cost. */
export async function measureScaling(
  context: Pick<Bench, 'api' | 'dir' | 'kubeconfigs' | 'profile'> & {
    readonly cluster: Cluster;
    readonly log: (line: string) => void;
  },
  plan: ScalingPlan,
): Promise<ScalingResults> {
  const { log, profile } = context;
  if (profile) return { decisions: [], latency: [], cost: await measureCost(context, plan.cost) };
  log('decisions in the process');
  const decisions = await measureDecisions(plan.decisions);
  const latency = await measureLatency(context, plan.latency);
  return { decisions, latency, cost: await measureCost(context, plan.cost) };
}
