import { GROUP, type HealthLevel, VERSION } from '../../api/kinds.ts';

/** An object of the workflow's namespace. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** The kind of what a step fails over. */
export const SERVICE = { apiVersion: `${GROUP}/${VERSION}`, kind: 'OrchestratedService' };

/** Whether objects of this namespace can be called so: what a template gives must not reach anything else. */
export const isObjectName = (text: string): boolean => /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(text);

export interface ScaleAction {
  readonly kind: 'scale';
  readonly target: ObjectReference;
  readonly replicas: number;
}

export interface RestartAction {
  readonly kind: 'restart';
  readonly target: ObjectReference;
}

export interface PatchAction {
  readonly kind: 'patch';
  readonly target: ObjectReference;
  readonly type: 'Merge' | 'Strategic' | 'JSON';
  /** An object, or for JSON a list of operations. */
  readonly patch: unknown;
}

export interface JobAction {
  readonly kind: 'job';
  /** The spec of a Job, batch/v1. */
  readonly template: Readonly<Record<string, unknown>>;
}

/** Exactly one of `durationMs`, `condition` and `expression`; the last two with a target. */
export interface WaitAction {
  readonly kind: 'wait';
  readonly durationMs?: number;
  readonly target?: ObjectReference;
  readonly condition?: string;
  /** CEL over object, parameters and steps. */
  readonly expression?: string;
}

export interface HealthAction {
  readonly kind: 'health';
  readonly service: string;
  readonly atLeast: Exclude<HealthLevel, 'Failed'>;
  readonly forMs: number;
}

export interface HttpAction {
  readonly kind: 'http';
  readonly url: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly body: string | undefined;
  /** Status codes that will do; undefined: 200 to 299. */
  readonly status: readonly number[] | undefined;
  /** CEL over status, headers and body. */
  readonly expression: string | undefined;
  /** Whether it may be sent again where nobody knows whether it arrived. */
  readonly idempotent: boolean;
}

export interface FailoverAction {
  readonly kind: 'failover';
  readonly service: string;
  readonly to: 'Primary' | 'Standby';
}

export interface ApprovalAction {
  readonly kind: 'approval';
  readonly users: readonly string[];
  readonly groups: readonly string[];
  readonly required: number;
  /** What they are asked; '' where it says nothing. */
  readonly message: string;
}

/** Exactly one of `template` and `name`. */
export interface ChildAction {
  readonly kind: 'workflow';
  readonly template?: string;
  readonly parameters?: readonly { readonly name: string; readonly value: string }[];
  readonly name?: string;
}

/** What a step, or its compensation, does: everything in it is resolved. */
export type Action =
  | ScaleAction
  | RestartAction
  | PatchAction
  | JobAction
  | WaitAction
  | HealthAction
  | HttpAction
  | FailoverAction
  | ApprovalAction
  | ChildAction;

export type ActionKind = Action['kind'];

export const ACTION_KINDS = [
  'scale',
  'restart',
  'patch',
  'job',
  'wait',
  'health',
  'http',
  'failover',
  'approval',
  'workflow',
] as const satisfies readonly ActionKind[];

/** Whether it changes something, so that an intent has to be in the status first. */
export function changesSomething(action: Action): boolean {
  switch (action.kind) {
    case 'wait':
    case 'health':
    case 'approval':
      return false;
    case 'http':
      return action.method !== 'GET' && action.method !== 'HEAD';
    case 'scale':
    case 'restart':
    case 'patch':
    case 'job':
    case 'failover':
    case 'workflow':
      return true;
  }
}
