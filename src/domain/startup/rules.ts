import type { OrchestratedServiceSpec } from '../../api/kinds.ts';
import { parseDuration } from '../duration.ts';

type StartupSpec = NonNullable<OrchestratedServiceSpec['startup']>;

export type Phase = StartupSpec['phase'];

/** In the order in which they come up. */
export const PHASES: readonly Phase[] = ['Core', 'Infrastructure', 'Authentication', 'Network', 'Services'];

/** spec.startup with durations in milliseconds. */
export interface StartupRules {
  readonly phase: Phase;
  /** How long it may take after it was raised. */
  readonly timeout: number;
  /** How often it is taken down and raised again after that. */
  readonly retries: number;
  readonly critical: boolean;
  readonly onFailure: StartupSpec['onFailure'];
}

export const startupRules = ({ timeout, ...spec }: StartupSpec): StartupRules => ({
  ...spec,
  timeout: parseDuration(timeout),
});
