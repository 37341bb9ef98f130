import { parseQuantity } from '../../api/quantity.ts';
import type { Resources } from '../snapshot.ts';
import { certainty, knewMore, proposedBy, type Recommendation, steady } from './draft.ts';
import type { AdviceFacts } from './facts.ts';
import { formatCpu, formatMemory, roundCpu, roundMemory } from './rounding.ts';
import type { PodUseFigures, UseFigures } from './use.ts';

export type SizeType = 'CPURequest' | 'MemoryRequest' | 'CPULimit' | 'MemoryLimit';

/** In sentences: a pod as a whole, or one container of it. */
interface Whose {
  readonly one: string;
  readonly fullest: string;
  readonly each: string;
}

/** When to say something of a ratio of what should be to what is, and when to go on saying it. */
interface Band {
  readonly begin: number;
  readonly end: number;
}

interface Size {
  readonly type: SizeType;
  readonly resource: keyof Resources;
  readonly of: 'requests' | 'limits';
  readonly words: string;
  /** What it should be, cores or bytes, and from what that follows. */
  readonly target: (use: UseFigures, whose: Whose) => { readonly value: number; readonly because: string };
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

const SIZES: Readonly<Record<SizeType, Size>> = {
  CPURequest: {
    ...CPU,
    type: 'CPURequest',
    of: 'requests',
    words: 'CPU request',
    target: ({ cpu }, { one }) => ({
      value: cpu.p90 * MARGIN,
      because: `${one} uses at most ${formatCpu(cpu.p90)} of CPU for 90 % of the time, and 15 % are to spare`,
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
    target: ({ memory }, { fullest }) => ({
      value: memory.p98 * MARGIN,
      because: `${fullest} holds at most ${formatMemory(memory.p98)} of memory in 98 % of the hours, and 15 % are to spare`,
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
    target: ({ cpu }, { one }) => ({
      value: cpu.p95 * 1.5,
      because: `${one} uses up to ${formatCpu(cpu.p95)} of CPU for 95 % of the time, so that it is slowed down at its limit`,
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
    target: ({ memory }, { one }) => ({
      value: memory.highest * 1.3,
      because: `${one} held or needed up to ${formatMemory(memory.highest)} of memory, and is killed at its limit`,
    }),
    // 1.17 is where 90 % of the limit are used, 1.1 is 85 %.
    raise: { begin: 1.17, end: 1.1 },
    isWanted: false,
  },
};

/** What one recommendation is about: a container, or the pod where the figure is set for all of it. */
interface Subject {
  readonly container: string | undefined;
  readonly set: number | undefined;
  readonly use: UseFigures | undefined;
  readonly isWanted: boolean;
}

/** What requests or limits of one type should be, container by container, from what was used. */
export function sizes(
  type: SizeType,
  facts: AdviceFacts,
  before: readonly Recommendation[],
): readonly Recommendation[] {
  const spec = SIZES[type];
  // Without a pod there is nothing that it could be about.
  if (facts.template === undefined) return isFollowed(spec, facts, undefined) ? [] : before;
  return subjectsOf(spec, facts.template, facts.use).flatMap((subject): readonly Recommendation[] => {
    if (isFollowed(spec, facts, subject.container)) return [];
    const found = size(
      spec,
      subject,
      before.find(({ container }) => container === subject.container),
    );
    return found === undefined ? [] : [found];
  });
}

function subjectsOf(
  { of, resource, isWanted }: Size,
  { podLevel, containers }: NonNullable<AdviceFacts['template']>,
  use: PodUseFigures | undefined,
): Subject[] {
  const whole = podLevel?.[of][resource];
  const each = containers.map((container): Subject => {
    const { name } = container;
    // Where the pod as a whole has a figure, its containers need none.
    const wants = isWanted && whole === undefined;
    return { container: name, set: container[of][resource], use: use?.containers.get(name), isWanted: wants };
  });
  return whole === undefined ? each : [{ container: undefined, set: whole, use, isWanted }, ...each];
}

/** A request is what utilization is a share of: who scales by it would follow each change of it. */
function isFollowed(
  { of, resource }: Size,
  { scaling, isScaledByOthers = false }: AdviceFacts,
  container?: string,
): boolean {
  if (of === 'limits') return false;
  const follows = (metric: NonNullable<NonNullable<AdviceFacts['scaling']>['metrics']>[number]): boolean =>
    (metric.resource?.name === resource && metric.resource.target.type === 'Utilization') ||
    (metric.containerResource?.name === resource &&
      metric.containerResource.target.type === 'Utilization' &&
      metric.containerResource.container === container);
  return isScaledByOthers || (scaling?.metrics ?? []).some(follows);
}

function size(
  spec: Size,
  { container, set, use, isWanted }: Subject,
  before: Recommendation | undefined,
): Recommendation | undefined {
  const { type } = spec;
  const whose = whoseOf(container);
  const known = use && certainty(use.observedMs);
  const stands = isAbout(before, spec, whose, set);
  if (use === undefined || known === undefined) return stands ? before : undefined;
  if (stands && knewMore(before, known.confidence, A_DAY)) return before;
  const { value, because } = spec.target(use, whose);
  const words =
    set === undefined ? (isWanted ? setWords(spec, whose) : undefined) : wordsFor(spec, whose, set, value, before);
  if (words === undefined) return undefined;
  const old = parseQuantity(proposedBy(before, words) ?? '');
  // A step that still fits stays, at the price of a part of what is to spare: a figure at the edge of two steps would go to and fro.
  const isFitting = old !== undefined && value <= old * 1.1 && value >= old * 0.7;
  const proposed = spec.format(isFitting ? old : spec.round(value));
  if (set !== undefined && proposed === spec.format(set)) return undefined;
  return steady(before, {
    type,
    ...(container !== undefined && { container }),
    action: `${words} ${proposed}`,
    confidence: known.confidence,
    because: `${because} (observed for more than ${known.words})`,
  });
}

const whoseOf = (container: string | undefined): Whose =>
  container === undefined
    ? { one: 'a pod', fullest: 'the fullest pod', each: 'each pod' }
    : {
        one: `container ${container}`,
        fullest: `container ${container} of the fullest pod`,
        each: `container ${container}`,
      };

const setWords = ({ words }: Size, { each }: Whose): string => `set the ${words} of ${each} to`;
const moveWords = (verb: 'raise' | 'lower', { words, format }: Size, { each }: Whose, from: number): string =>
  `${verb} the ${words} of ${each} from ${format(from)} to`;

function wordsFor(
  spec: Size,
  whose: Whose,
  set: number,
  value: number,
  before: Recommendation | undefined,
): string | undefined {
  const ratio = set > 0 ? value / set : Infinity;
  const raise = moveWords('raise', spec, whose, set);
  if (ratio >= (proposedBy(before, raise) === undefined ? spec.raise.begin : spec.raise.end)) return raise;
  if (spec.lower === undefined || set <= spec.trifle) return undefined;
  const lower = moveWords('lower', spec, whose, set);
  return ratio <= (proposedBy(before, lower) === undefined ? spec.lower.begin : spec.lower.end) ? lower : undefined;
}

/** Whether it is about what is set now, and not about what somebody has changed since. */
function isAbout(before: Recommendation | undefined, spec: Size, whose: Whose, set: number | undefined): boolean {
  if (before === undefined) return false;
  if (set === undefined) return proposedBy(before, setWords(spec, whose)) !== undefined;
  return (['raise', 'lower'] as const).some(
    (verb) => proposedBy(before, moveWords(verb, spec, whose, set)) !== undefined,
  );
}
