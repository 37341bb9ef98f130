import type { OrchestratedService } from '../../api/kinds.ts';
import type { Content } from '../../domain/discovery/content.ts';
import type { DiscoverableKind } from '../../domain/discovery/rules.ts';
import type { Forbidden, WriteOutcome } from '../acts/ports.ts';

export interface WorkloadName {
  readonly kind: DiscoverableKind;
  readonly namespace: string;
  readonly name: string;
}

export interface LiveCandidate {
  readonly labels: Readonly<Record<string, string>>;
  /** A halt or a start keeps what it had in its annotations. */
  readonly isHeld: boolean;
}

/** What the API server makes of a template, or why it makes nothing of it. */
export type Preview =
  | { readonly kind: 'accepted'; readonly spec: object }
  | { readonly kind: 'refused'; readonly message: string }
  | Forbidden;

export interface NewService {
  readonly namespace: string;
  readonly name: string;
  readonly target: WorkloadName;
  readonly annotations: Readonly<Record<string, string>>;
  readonly content: Content;
}

/** Everything about a service but its status; its targetRef never changes. */
export interface Revised {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: OrchestratedService['spec'];
}

export type Creation =
  | Exclude<WriteOutcome, { kind: 'written' }>
  | { readonly kind: 'created'; readonly service: OrchestratedService };

/** How discovery reads and writes, always the API server itself. All reject where trying again may help. */
export interface DiscoveryPort {
  /** Has a template completed and checked, and keeps nothing. */
  preview(spec: object, signal: AbortSignal): Promise<Preview>;
  /** `conflict` where one of that name is there. */
  create(service: NewService, signal: AbortSignal): Promise<Creation>;
  read(
    service: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<OrchestratedService | undefined>;
  /** On condition that it is as it was read. */
  revise(live: OrchestratedService, to: Revised, signal: AbortSignal): Promise<WriteOutcome>;
  /** On condition that it is as it was read. */
  remove(live: OrchestratedService, signal: AbortSignal): Promise<WriteOutcome>;
  /** Undefined where there is none, or it is being deleted. */
  workload(workload: WorkloadName, signal: AbortSignal): Promise<LiveCandidate | undefined>;
}
