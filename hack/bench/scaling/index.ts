// What scaling costs and how fast it is; see docs/benchmark.md.
import type { Cluster } from '../../cluster/index.ts';
import type { Bench } from '../run.ts';
import { plain } from '../table.ts';
import { type CostPlan, measureCost } from './cost.ts';
import { type DecisionPlan, measureDecisions } from './decision.ts';
import { type LatencyPlan, measureLatency } from './latency.ts';
import { type ScalingResults, tablesOf } from './report.ts';

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
  // Told as they come: what is measured after them may fail.
  const show = (results: ScalingResults): void => {
    for (const { title, headings, rows } of tablesOf(results)) log(`${title}\n${plain(headings, rows)}`);
  };
  const nothing: ScalingResults = { decisions: [], latency: [], cost: undefined };
  if (profile) return { ...nothing, cost: await measureCost(context, plan.cost) };
  log('decisions in the process');
  const decisions = await measureDecisions(plan.decisions);
  show({ ...nothing, decisions });
  const latency = await measureLatency(context, plan.latency);
  show({ ...nothing, latency });
  return { decisions, latency, cost: await measureCost(context, plan.cost) };
}
