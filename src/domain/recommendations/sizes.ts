import { parseQuantity } from '../../api/quantity.ts';
import type { Resources } from '../snapshot.ts';
import { certainty, knewMore, proposedBy, type Recommendation, steady } from './draft.ts';
import type { AdviceFacts } from './facts.ts';
import { formatCpu, formatMemory, roundCpu, roundMemory } from './rounding.ts';
import type { UseFigures } from './use.ts';

type Type = 'CPURequest' | 'MemoryRequest' | 'CPULimit' | 'MemoryLimit';

/** When to say something of a ratio of what should be to what is, and when to go on saying it. */
interface Band {
  readonly begin: number;
  readonly end: number;
}

interface Size {
  readonly type: Type;
  readonly resource: keyof Resources;
  readonly of: 'requests' | 'limits';
  readonly words: string;
  /** What it should be, cores or bytes, and from what that follows. */
  readonly target: (use: UseFigures) => { readonly value: number; readonly because: string };
  readonly raise: Band;
  /** Absent where too much costs nothing. */
  readonly lower?: Band;
  /** What a figure that is to be lowered must be more than. */
  readonly trifle: number;
  /** Whether what is not set should be. */
  readonly isWanted: boolean;
  readonly round: (value: number) => number;
  readonly format: (value: number) => string;
}

/** The confidence after a day. */
const A_DAY = 0.7;
/** As the VerticalPodAutoscaler keeps to spare (recommendation-margin-fraction). */
const MARGIN = 1.15;
const CPU = { resource: 'cpu', round: roundCpu, format: formatCpu, trifle: 0.05 } as const;
const MEMORY = { resource: 'memory', round: roundMemory, format: formatMemory, trifle: 64 * 2 ** 20 } as const;

const SIZES: Readonly<Record<Type, Size>> = {
  CPURequest: {
    ...CPU,
    type: 'CPURequest',
    of: 'requests',
    words: 'CPU request',
    target: ({ cpu }) => ({
      value: cpu.p90 * MARGIN,
      because: `a pod uses at most ${formatCpu(cpu.p90)} of CPU for 90 % of the time, and 15 % are to spare`,
    }),
    raise: { begin: 1.2, end: 1.1 },
    lower: { begin: 0.5, end: 0.65 },
    isWanted: true,
  },
  MemoryRequest: {
    ...MEMORY,
    type: 'MemoryRequest',
    of: 'requests',
    words: 'memory request',
    target: ({ memory }) => ({
      value: memory.p98 * MARGIN,
      because: `the fullest pod holds at most ${formatMemory(memory.p98)} of memory in 98 % of the hours, and 15 % are to spare`,
    }),
    raise: { begin: 1.2, end: 1.1 },
    lower: { begin: 0.5, end: 0.65 },
    isWanted: true,
  },
  CPULimit: {
    ...CPU,
    type: 'CPULimit',
    of: 'limits',
    words: 'CPU limit',
    target: ({ cpu }) => ({
      value: cpu.p95 * 1.5,
      because: `a pod uses up to ${formatCpu(cpu.p95)} of CPU for 95 % of the time, so that it is slowed down at its limit`,
    }),
    // 1.35 is where 90 % of the limit are used, 1.2 is 80 %.
    raise: { begin: 1.35, end: 1.2 },
    isWanted: false,
  },
  MemoryLimit: {
    ...MEMORY,
    type: 'MemoryLimit',
    of: 'limits',
    words: 'memory limit',
    target: ({ memory }) => ({
      value: memory.highest * 1.3,
      because: `a pod held or needed up to ${formatMemory(memory.highest)} of memory, and is killed at its limit`,
    }),
    // 1.17 is where 90 % of the limit are used, 1.1 is 85 %.
    raise: { begin: 1.17, end: 1.1 },
    isWanted: false,
  },
};

/** What a request or a limit of each pod should be, from what was used. */
export function size(type: Type, facts: AdviceFacts, before: Recommendation | undefined): Recommendation | undefined {
  const { template, use, scaling, isScaledByOthers = false } = facts;
  const spec = SIZES[type];
  // A pod's request is what its utilization is a share of: who scales by it would follow each change of it.
  if (spec.of === 'requests' && (isScaledByOthers || scalesBy(scaling, spec.resource))) return undefined;
  // Without a pod there is nothing that it could be about.
  if (template === undefined) return before;
  const set = template[spec.of][spec.resource];
  const known = use && certainty(use.observedMs);
  const stands = isAbout(before, spec, set);
  if (use === undefined || known === undefined) return stands ? before : undefined;
  if (stands && knewMore(before, known.confidence, A_DAY)) return before;
  const { value, because } = spec.target(use);
  const words = wordsFor(spec, set, value, before);
  if (words === undefined) return undefined;
  const old = parseQuantity(proposedBy(before, words) ?? '');
  // A step that still fits stays, at the price of a part of what is to spare: a figure at the edge of two steps would go to and fro.
  const isFitting = old !== undefined && value <= old * 1.1 && value >= old * 0.7;
  const proposed = spec.format(isFitting ? old : spec.round(value));
  if (set !== undefined && proposed === spec.format(set)) return undefined;
  return steady(before, {
    type,
    action: `${words} ${proposed}`,
    confidence: known.confidence,
    because: `${because} (observed for more than ${known.words})`,
  });
}

function scalesBy(scaling: AdviceFacts['scaling'], resource: keyof Resources): boolean {
  const metrics = scaling?.metrics ?? [];
  return metrics.some((metric) => metric.resource?.name === resource && metric.resource.target.type === 'Utilization');
}

const setWords = ({ words }: Size): string => `set the ${words} of each pod to`;
const moveWords = (verb: 'raise' | 'lower', { words, format }: Size, from: number): string =>
  `${verb} the ${words} of each pod from ${format(from)} to`;

function wordsFor(
  spec: Size,
  set: number | undefined,
  value: number,
  before: Recommendation | undefined,
): string | undefined {
  if (set === undefined) return spec.isWanted ? setWords(spec) : undefined;
  const ratio = set > 0 ? value / set : Infinity;
  const raise = moveWords('raise', spec, set);
  if (ratio >= (proposedBy(before, raise) === undefined ? spec.raise.begin : spec.raise.end)) return raise;
  if (spec.lower === undefined || set <= spec.trifle) return undefined;
  const lower = moveWords('lower', spec, set);
  return ratio <= (proposedBy(before, lower) === undefined ? spec.lower.begin : spec.lower.end) ? lower : undefined;
}

/** Whether it is about what is set now, and not about what somebody has changed since. */
function isAbout(before: Recommendation | undefined, spec: Size, set: number | undefined): boolean {
  if (set === undefined) return proposedBy(before, setWords(spec)) !== undefined;
  return (['raise', 'lower'] as const).some((verb) => proposedBy(before, moveWords(verb, spec, set)) !== undefined);
}
