import { hostname } from 'node:os';
import { GROUP, VERSION } from '../api/kinds.ts';
import { Chorus } from '../controllers/chorus.ts';
import type { EmitEvent, RecordDecision, Reference, WriteStatus } from '../controllers/ports.ts';
import { EventRecorder } from '../kube/recorder.ts';
import type { RestClient } from '../kube/rest.ts';
import { writeStatus } from '../kube/status.ts';
import type { Clock } from '../runtime/clock.ts';
import { compareVersions } from '../runtime/store.ts';
import { decisionHooks } from '../telemetry/hooks.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/registry.ts';
import { RESOURCES } from './caches.ts';

interface TellingOptions {
  readonly rest: RestClient;
  /** Writes for a leader only. */
  readonly leading: RestClient;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
  /** Throws where another replica may lead. */
  readonly assertLeads: () => void;
  readonly record: RecordDecision;
  /** Orchestration/default, of which is told what many services tell at once. */
  readonly orchestration: () => Pick<Reference, 'name' | 'uid' | 'resourceVersion'> | undefined;
}

/** How controllers tell what they found: in statuses, Events, the log, metrics and the history. */
export function createTelling({
  rest,
  leading,
  metrics,
  log,
  clock,
  assertLeads,
  record,
  orchestration,
}: TellingOptions) {
  const recorder = new EventRecorder({
    rest,
    controller: `${GROUP}/baton`,
    instance: hostname(),
    onDropped: (why) => metrics.increment('baton_events_total', { outcome: why === 'full' ? 'dropped' : 'failed' }),
  });
  const emit: EmitEvent = (reference, { reason, type, note }) => {
    metrics.increment('baton_events_total', { outcome: 'recorded' });
    recorder.record({ apiVersion: `${GROUP}/${VERSION}`, ...reference }, { type, reason, action: 'Observe', note });
  };
  const write: WriteStatus = async (reference, status, abort) => {
    assertLeads();
    return writeStatus(leading, RESOURCES[reference.kind], reference, status, abort);
  };
  const isNewer = (a: string, b: string): boolean => compareVersions(a, b) > 0;
  const chorus = new Chorus({
    log,
    emit,
    whole: () => {
      const found = orchestration();
      return found && { kind: 'Orchestration', namespace: undefined, ...found };
    },
    monotonic: () => clock.monotonic(),
    later: (ms, run) => void clock.setTimeout(run, ms),
  });
  const now = (): number => clock.now();
  const told = { writeStatus: write, emit, record, isNewer, now, log, count: decisionHooks(metrics) };

  return { recorder, chorus, told };
}
