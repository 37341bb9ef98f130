/* Generated from crds/scheduledworkflows.baton.dev.yaml by npm run generate; edit that file instead. */

/**
 * What is started, and when.
 */
export interface ScheduledWorkflowSpec {
  /**
   * Five fields of cron (minute hour day month weekday), or @hourly, @daily, @weekly, @monthly, @yearly.
   */
  schedule: string
  /**
   * The time zone of the schedule, a name of the IANA database.
   */
  timeZone: string
  /**
   * A WorkflowTemplate of this namespace.
   */
  template: string
  /**
   * Its parameters.
   *
   * @maxItems 64
   */
  parameters?: {
    /**
     * Its name.
     */
    name: string
    /**
     * Its value, a text.
     */
    value: string
  }[]
  /**
   * Priority of its workflows.
   */
  priority: number
  /**
   * What happens when one is due and an earlier one has not ended: both run; it is left out; the earlier one is stopped, and rolled back, first.
   */
  concurrencyPolicy: ("Allow" | "Forbid" | "Replace")
  /**
   * How late one may begin that was missed, 10s to 168h; later it is left out. Without it the last one that was missed is made up for.
   */
  startingDeadline?: string
  /**
   * Starts nothing while it is true.
   */
  suspend: boolean
  /**
   * How many that succeeded are kept.
   */
  successfulHistoryLimit: number
  /**
   * How many that ended otherwise are kept.
   */
  failedHistoryLimit: number
  /**
   * Who wants it: the user that creates it. The API server compares.
   */
  requestedBy?: string
  /**
   * The ServiceAccount of this namespace as which steps that write act.
   */
  serviceAccountName?: string
}

/**
 * What was started.
 */
export interface ScheduledWorkflowStatus {
  /**
   * The generation of the spec that this status is about.
   */
  observedGeneration?: number
  /**
   * The time of the schedule for which one was last started, or left out.
   */
  lastScheduleTime?: string
  /**
   * When one last succeeded.
   */
  lastSuccessfulTime?: string
  /**
   * When the next one is due (UTC).
   */
  next?: string
  /**
   * Workflows of it that have not ended.
   */
  running?: number
  /**
   * Their names, the oldest first.
   *
   * @maxItems 20
   */
  active?: string[]
  /**
   * How many were left out since it was created.
   */
  missed?: number
  /**
   * Ready: whether workflows can be started.
   *
   * @maxItems 16
   */
  conditions?: {
    /**
     * What it is about.
     */
    type: string
    /**
     * Whether it is so.
     */
    status: ("True" | "False" | "Unknown")
    /**
     * The generation that it is about.
     */
    observedGeneration?: number
    /**
     * When status changed last.
     */
    lastTransitionTime: string
    /**
     * Why, in a word.
     */
    reason: string
    /**
     * Why, in a sentence.
     */
    message: string
  }[]
}
