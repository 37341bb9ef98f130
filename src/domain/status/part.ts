import type { ConditionType } from '../../api/conditions.ts';
import type { Condition, OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import type { Transition } from './transitions.ts';

/** Why who comes later must leave the workload alone. */
export interface Held {
  readonly reason: Reason;
  readonly message: string;
}

/** What a part that acts for a service adds to its status: healing, for example. */
export interface PartFindings {
  /** The part's own fields; one that is absent is taken away. */
  readonly status: Partial<OrchestratedServiceStatus>;
  readonly conditions: readonly {
    readonly type: ConditionType;
    readonly status: Condition['status'];
    readonly reason: Reason;
    readonly message: string;
  }[];
  /** What was done and is in no written status yet. */
  readonly told: readonly Transition[];
  /** One owner at a time: the parts after this one, and scaling, must not act. */
  readonly holds?: Held | undefined;
  /** The parts after this one must not act, but scaling may. */
  readonly holdsParts?: Held | undefined;
  /** The workload asks for no pods because of this part, and not because its owner wants none: that says nothing of its health. */
  readonly keepsAtZero?: Held | undefined;
}
