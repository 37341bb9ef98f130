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
      readonly name: string;
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
  /** Pods of a namespace that match a selector. */
  pods(
    namespace: string,
    selector: string,
    account: Account,
    signal: AbortSignal,
  ): Promise<readonly LiveObject[] | Denied>;
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

/** What came of a request to somebody outside. */
export type Reply =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
      /** As far as it is read. */
      readonly body: string;
    }
  /** It may not be sent there. */
  | { readonly kind: 'barred'; readonly because: string }
  /** Nothing of it left this process. */
  | { readonly kind: 'unsent'; readonly because: string }
  /** It may have arrived. */
  | { readonly kind: 'unanswered'; readonly because: string };

export interface Outgoing {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Requests to somebody outside of the API; none is answered with a redirect that is followed. Never rejects. */
export interface Requests {
  /** Why none may be sent there; undefined where it may, or where that cannot be told yet. */
  barred(url: string): Promise<string | undefined>;
  send(request: Outgoing, signal: AbortSignal): Promise<Reply>;
}
