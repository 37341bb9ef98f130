/** What each source is asked. Durations are milliseconds, ratios are from 0 to 1. */
import type { Resources } from '../domain/snapshot.ts';
import type { Target } from './contract.ts';

export interface PrometheusQuery {
  readonly namespace: string;
  readonly query: string;
}

export interface ResourceQuery {
  readonly namespace: string;
  readonly resource: 'cpu' | 'memory';
  readonly of: 'limit' | 'request';
  readonly pods: readonly ResourcePod[];
}

export interface ResourcePod {
  readonly name: string;
  readonly requests: Resources;
  readonly limits: Resources;
}

/** Every target is asked; the check passes when all of them pass. */
export interface HttpQuery {
  readonly targets: readonly Target[];
  /** As written in the spec, for the evidence. */
  readonly port: number | string;
  readonly scheme: 'HTTP' | 'HTTPS';
  /** Begins with `/`. */
  readonly path: string;
  readonly timeoutMs: number;
}

export interface TcpQuery {
  readonly targets: readonly Target[];
  readonly port: number | string;
  readonly timeoutMs: number;
}

export type HeartbeatMetric = 'cpu' | 'memory' | 'error_rate' | 'response_time_seconds';

export interface HeartbeatQuery {
  readonly namespace: string;
  readonly service: string;
  readonly metric: HeartbeatMetric;
  readonly staleAfterMs: number;
  /** Which of several senders counts: the lowest where thresholds fall, else the highest. */
  readonly worst: 'highest' | 'lowest';
}
