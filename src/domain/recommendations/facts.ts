import type { OrchestratedServiceSpec, Priority } from '../../api/kinds.ts';
import type { PodTemplateFacts } from '../snapshot.ts';
import type { DemandFigures } from './demand.ts';
import type { PodUseFigures } from './use.ts';

/** Whether a PodDisruptionBudget selects the pods; `Untold` where Baton may not read them, `Unseen` while there is no pod to go by. */
export type Coverage = 'Covered' | 'Bare' | 'Untold' | 'Unseen';

/** What was gathered over time, and beside the status. */
export interface Advice {
  readonly coverage: Coverage;
  readonly use?: PodUseFigures | undefined;
  readonly demand?: DemandFigures | undefined;
  /** A HorizontalPodAutoscaler or a ScaledObject scales the workload, by whatever figures. */
  readonly isScaledByOthers?: boolean;
}

/** Everything that recommendations follow from. */
export interface AdviceFacts extends Advice {
  readonly kind: string;
  readonly name: string;
  readonly priority: Priority;
  /** The replicas that the workload asks for. */
  readonly desired: number;
  readonly selector: string;
  /** With what its strategy says filled in. */
  readonly scaling: OrchestratedServiceSpec['scaling'];
  /** Of the newest pod; undefined while there is no pod. */
  readonly template: Pick<PodTemplateFacts, 'containers' | 'podLevel'> | undefined;
  readonly objectives: readonly { readonly name: string; readonly budgetRemaining: number }[];
}
