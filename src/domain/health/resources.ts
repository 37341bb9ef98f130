import type { Reason } from '../../api/reasons.ts';
import type { PodSnapshot, PodUsage, Resources } from '../snapshot.ts';
import type { Usage } from '../status/input.ts';
import { isCurrent } from './pods.ts';
import { clampScore, formatFigure, type LastSignal, missingSignal, type Signal, WEIGHTS } from './signal.ts';

const NAME = 'resources';
const REASON = 'ResourcesExhausted';
/** Full score up to this share, none at all of it. */
const COMFORTABLE = 0.75;

interface Worst {
  ratio: number;
  resource: keyof Resources;
  of: 'limit' | 'request';
  pod: string;
}

/**
 * The worst share of CPU or memory that any pod uses of its limit, else of its request. Undefined where no pod has either or there is no
 * pod: then there is nothing that could be measured, and the signal is left out of score and confidence.
 */
export function resources(
  pods: readonly PodSnapshot[],
  usage: Usage,
  last: LastSignal | undefined,
): Signal | undefined {
  if (!pods.some((pod) => isCurrent(pod) && isBounded(pod))) return undefined;
  if (usage.kind === 'missing') return missing(usage.reason, usage.evidence, last);
  const worst = worstOf(pods, usage.pods);
  if (worst === undefined) return missing('NoData', 'metrics.k8s.io has no figure for any of the pods', last);
  const percent = formatFigure(worst.ratio * 100);
  return {
    state: 'fresh',
    name: NAME,
    weight: WEIGHTS.resources,
    score: scoreOf(worst.ratio),
    value: `${percent}% of the ${worst.resource} ${worst.of}`,
    evidence: `pod ${worst.pod} uses ${percent}% of its ${worst.resource} ${worst.of}`,
    finding: '',
    reason: REASON,
    critical: false,
  };
}

function missing(reason: Reason, evidence: string, last: LastSignal | undefined): Signal {
  const { resources: weight } = WEIGHTS;
  return missingSignal({
    name: NAME,
    weight,
    critical: false,
    reason,
    evidence,
    last,
    scoreOf: scoreOfText,
    whenBad: REASON,
  });
}

function scoreOfText(value: string): number | undefined {
  const percent = Number.parseFloat(value);
  return Number.isNaN(percent) ? undefined : scoreOf(percent / 100);
}

function scoreOf(ratio: number): number {
  return clampScore(((1 - ratio) / (1 - COMFORTABLE)) * 100);
}

function isBounded({ template: { limits, requests } }: PodSnapshot): boolean {
  return bound(limits, requests, 'cpu') !== undefined || bound(limits, requests, 'memory') !== undefined;
}

function worstOf(pods: readonly PodSnapshot[], usage: ReadonlyMap<string, PodUsage>): Worst | undefined {
  let worst: Worst | undefined;
  for (const pod of pods) {
    const use = isCurrent(pod) ? usage.get(pod.name) : undefined;
    if (use === undefined) continue;
    for (const resource of ['cpu', 'memory'] as const) {
      const { limits, requests } = pod.template;
      const total = bound(limits, requests, resource);
      if (total === undefined) continue;
      const ratio = use[resource] / total;
      // Of two pods that are equal the first by name is told, so that the order of the pods does not matter.
      if (worst === undefined || ratio > worst.ratio || (ratio === worst.ratio && pod.name < worst.pod)) {
        worst = { ratio, resource, of: positive(limits[resource]) === undefined ? 'request' : 'limit', pod: pod.name };
      }
    }
  }
  return worst;
}

function bound(limits: Resources, requests: Resources, resource: keyof Resources): number | undefined {
  return positive(limits[resource]) ?? positive(requests[resource]);
}

function positive(amount: number | undefined): number | undefined {
  return amount !== undefined && amount > 0 ? amount : undefined;
}
