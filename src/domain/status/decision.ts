import type { OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { ScalingTold } from '../scaling/findings.ts';
import { activeScaling } from '../scaling/from-spec.ts';
import { timestamp } from './conditions.ts';
import type { ServiceInput } from './input.ts';
import type { Transition } from './transitions.ts';

type Decision = OrchestratedServiceStatus['lastDecision'];

/**
 * What was done, or would be, is what somebody asks for who sees something change: a conclusion about health, which the conditions tell too,
 * takes its place only where Baton does not act.
 */
export function decisionOf(transitions: readonly Transition[], input: ServiceInput, confidence: number): Decision {
  const { service, scaling, parts, now } = input;
  const previous = service.status?.lastDecision;
  const act = parts?.flatMap(({ told }) => told).at(-1);
  if (act !== undefined) return of(act, act.outcome ?? 'Done', undefined, now);
  const told = scaling?.told.at(-1);
  if (told !== undefined && transitions.some(({ kind }) => kind === 'Scaling')) return decided(told, input);
  const health = transitions.find(({ kind }) => kind === 'Health');
  const isStale = previous?.kind === 'Scaling' && activeScaling(service.spec.scaling) === undefined;
  const gives = previous === undefined || previous.kind === 'Health' || isStale;
  return health === undefined || !gives ? previous : of(health, 'Written', confidence, now);
}

/** What nobody is called for, a refusal for example: told where the status is written anyway. */
export function refusalOf(input: ServiceInput): Decision {
  const told = input.scaling?.told.at(-1);
  return told === undefined || told.event !== undefined ? undefined : decided(told, input);
}

function decided({ rule, verdict, outcome, because }: ScalingTold, { scaling, now }: ServiceInput): Decision {
  const told = { kind: 'Scaling', to: verdict, reason: rule, message: because };
  return of(told, outcome, scaling?.evidence.confidence, now);
}

function of(
  {
    kind,
    to,
    reason,
    message,
  }: Pick<Transition, 'to' | 'message'> & { readonly kind: string; readonly reason: string },
  outcome: NonNullable<NonNullable<Decision>['outcome']>,
  confidence: number | undefined,
  now: number,
): Decision {
  return {
    kind,
    verdict: to,
    outcome,
    rule: reason,
    because: message.slice(0, 1024).toWellFormed(),
    ...(confidence !== undefined && { confidence: `${Math.floor(confidence * 100)}%` }),
    at: timestamp(now),
  };
}
