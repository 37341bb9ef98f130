import type { ObjectAddress, SendAct, StepAct, StepPermit, WorkflowAsker } from '../../../domain/guard/step.ts';

/** A ServiceAccount, as which a request is made; undefined: Baton itself. */
export type Account = { readonly namespace: string; readonly name: string } | undefined;

/** Any object, whole. */
export interface LiveObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly uid: string;
      readonly controller?: boolean;
    }[];
  };
  readonly [field: string]: unknown;
}

/** RBAC has no such rule; in its words. */
export interface Denied {
  readonly kind: 'forbidden';
  readonly verb: string;
  readonly resource: string;
  /** It is Baton that may not impersonate the account. */
  readonly impersonation: boolean;
}

export type ObjectRead =
  | { readonly kind: 'found'; readonly object: LiveObject; readonly hasScale: boolean }
  | { readonly kind: 'absent' | 'unknownKind' | 'clusterScoped' }
  | Denied;

export type ObjectWritten =
  | { readonly kind: 'written'; readonly object: LiveObject }
  /** Somebody wrote in between. */
  | { readonly kind: 'conflict' }
  /** Of a creation: there is one of that name. */
  | { readonly kind: 'exists' }
  | { readonly kind: 'gone' }
  /** The API server, or an admission policy or webhook, refused. */
  | { readonly kind: 'refused'; readonly message: string }
  | Denied;

export type WriteAct = Exclude<StepAct, SendAct>;

/** Objects of any kind, from the API server and never from a cache. All reject where trying again may help. */
export interface ObjectsPort {
  read(address: ObjectAddress, account: Account, signal: AbortSignal): Promise<ObjectRead>;
  /** Its scale subresource (autoscaling/v1). */
  scale(address: ObjectAddress, account: Account, signal: AbortSignal): Promise<ObjectRead>;
  /** What the API server says would come of it; nothing is changed. */
  rehearse(act: WriteAct, account: Account, signal: AbortSignal): Promise<ObjectWritten>;
}

/** Writes what was permitted. Rejects where trying again may help. */
export interface WritesPort {
  write(permit: StepPermit<WriteAct>, account: Account, signal: AbortSignal): Promise<ObjectWritten>;
}

/** The Workflow that wants something, live; undefined when it is gone. */
export interface AskerPort {
  workflow(
    reference: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<WorkflowAsker | undefined>;
}
