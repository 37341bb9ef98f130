import type { ConditionType } from '../../api/conditions.ts';
import type { Reason } from '../../api/reasons.ts';

/** Something a person would want to be told of: it becomes an Event and a line of the log. */
export interface Transition {
  readonly kind: 'Health' | 'State' | ConditionType;
  readonly from: string;
  readonly to: string;
  readonly reason: Reason;
  readonly message: string;
  /** The type of the Event. */
  readonly type: 'Normal' | 'Warning';
}
