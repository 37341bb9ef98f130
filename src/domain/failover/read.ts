import type { OrchestratedServiceStatus } from '../../api/kinds.ts';
import { REASONS, type Reason } from '../../api/reasons.ts';
import { parseDuration } from '../duration.ts';
import type { FailoverState, Move, Moving, Settled, Took } from './state.ts';

type Status = NonNullable<OrchestratedServiceStatus['failover']>;

/** The state that status.failover tells; the inverse of writeState. What it does not tell completely is as if nothing had begun. */
export function readState(status: Status): FailoverState {
  const standing = {
    active: status.active,
    epoch: status.epoch,
    since: moment(status.since) ?? 0,
    switchedAt: moment(status.switchedAt),
    ordered: status.ordered,
    retryAt: moment(status.retryAt),
    resting: status.restingReplicas,
    fenced: status.fencedReplicas,
    untidy: status.tidying,
  };
  switch (status.state) {
    case 'Idle':
    case 'Suspected':
      return { ...standing, name: status.state };
    case 'Completed':
      return { ...standing, name: 'Completed', took: readTook(status.took) };
    case 'Refused': {
      const refusal = readRefusal(status);
      return refusal ? { ...standing, ...refusal } : { ...standing, name: 'Idle' };
    }
    case 'Preparing':
    case 'Fencing':
    case 'Switching':
    case 'Verifying': {
      const move = readMove(status);
      return move ? ({ ...standing, ...move, name: status.state } satisfies Moving) : { ...standing, name: 'Idle' };
    }
  }
}

function readMove(status: Status): Move | undefined {
  const { to, cause, wantedReplicas } = status;
  const decidedAt = moment(status.decidedAt);
  if (to === undefined || cause === undefined || wantedReplicas === undefined || decidedAt === undefined)
    return undefined;
  return {
    to,
    cause,
    wanted: wantedReplicas,
    suspectedAt: moment(status.suspectedAt) ?? decidedAt,
    decidedAt,
    preparedAt: moment(status.preparedAt),
    fencedAt: moment(status.fencedAt),
    movedAt: moment(status.movedAt),
    leaving: status.leavingReplicas,
  };
}

function readRefusal({ to, cause, suspectedAt, since, reason = '', message = '' }: Status) {
  if (to === undefined || cause === undefined || !isReason(reason)) return undefined;
  const suspected = moment(suspectedAt) ?? moment(since) ?? 0;
  return { name: 'Refused', to, cause, suspectedAt: suspected, reason, message } as const satisfies Partial<Settled>;
}

function readTook(took: Status['took']): Took {
  const part = (text: string | undefined): number => (text === undefined ? 0 : parseDuration(text));
  return {
    detection: part(took?.detection),
    preparation: part(took?.preparation),
    fencing: part(took?.fencing),
    switch: part(took?.switch),
  };
}

const isReason = (text: string): text is Reason => Object.hasOwn(REASONS, text);

function moment(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? undefined : at;
}
