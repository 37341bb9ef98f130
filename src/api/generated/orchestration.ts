/* Generated from crds/orchestrations.baton.dev.yaml by npm run generate; edit that file instead. */

/**
 * The policy. It is read again at each change, without a restart.
 */
export interface OrchestrationSpec {
  /**
   * Where figures come from.
   */
  metricSources: {
    /**
     * metrics.k8s.io (metrics-server).
     */
    resourceMetrics: {
      /**
       * Whether to ask metrics.k8s.io at all.
       */
      enabled: boolean
      /**
       * How often to ask, 1s to 10m.
       */
      interval: string
    }
    /**
     * A Prometheus server; without it prometheus checks have no evidence.
     */
    prometheus?: {
      /**
       * Base address, without /api/v1.
       */
      url: string
      /**
       * Namespaces whose services may run PromQL with the operator's credentials; * means all. Empty: none.
       *
       * @maxItems 256
       */
      namespaces: string[]
      /**
       * How long one query may take, 100ms to 1m.
       */
      timeout: string
    }
  }
  /**
   * Limits of http and tcp checks.
   */
  httpChecks: {
    /**
     * Addresses that http and tcp checks may reach beside ordinary ones. They reach none of these by default.
     *
     * @maxItems 3
     */
    allowedDestinations: ("Loopback" | "LinkLocal" | "APIServer")[]
    /**
     * Checks under way at once.
     */
    maxConcurrent: number
  }
  /**
   * What holds for services that do not say it themselves.
   */
  health: {
    /**
     * How long a change must last before the level follows.
     */
    hysteresis: {
      /**
       * A fall takes effect after this, 0s to 1h.
       */
      fall: string
      /**
       * A rise takes effect after this, with 5 points to spare, 0s to 1h.
       */
      rise: string
    }
  }
  /**
   * What services may ask for together. When the replicas that they want are more than a budget holds, Baton allots them by priority, objective and cost; see docs/strategies.md.
   *
   * @maxItems 32
   */
  capacityBudgets?: {
    /**
     * Name of the budget, shown in conditions and metrics.
     */
    name: string
    /**
     * Namespaces of the services that share the budget; * means all. With a selector too, both must fit.
     *
     * @minItems 1
     * @maxItems 256
     */
    namespaces?: string[]
    /**
     * Labels of the OrchestratedServices that share the budget, as in any LabelSelector.
     */
    selector?: {
      /**
       * Labels and the values that they must have.
       */
      matchLabels?: {
        [k: string]: string
      }
      /**
       * Requirements that must all hold.
       *
       * @maxItems 8
       */
      matchExpressions?: {
        /**
         * Key of the label.
         */
        key: string
        /**
         * How the label must stand to the values.
         */
        operator: ("In" | "NotIn" | "Exists" | "DoesNotExist")
        /**
         * Values for In and NotIn.
         *
         * @maxItems 32
         */
        values?: string[]
      }[]
    }
    /**
     * Replicas that all these services may ask for together.
     */
    maxReplicas?: number
    /**
     * CPU that the requests of these replicas may come to, as a quantity such as 40 or 2500m.
     */
    cpu?: number | string
    /**
     * Memory that the requests of these replicas may come to, as a quantity such as 128Gi.
     */
    memory?: number | string
  }[]
  /**
   * What is not done, however good the reason.
   */
  guard: {
    /**
     * How many pods healing may evict, and rollouts it may begin, within a time.
     */
    disruptions: {
      /**
       * In all namespaces together; 0 heals nothing.
       */
      perCluster: number
      /**
       * In one namespace.
       */
      perNamespace: number
      /**
       * The time, 1m to 24h.
       */
      window: string
    }
    /**
     * When so many services fail at once, healing and failover stop: then the network, the nodes or the monitoring are more likely at fault than each service.
     */
    massFailure: {
      /**
       * Percent of the services that were available once and are Critical or Failed now, not counting those whose dependencies are.
       */
      share: number
      /**
       * And at least so many.
       */
      floor: number
    }
  }
  /**
   * Times of planned work for all services.
   *
   * @maxItems 16
   */
  maintenanceWindows: {
    /**
     * When a window begins: five cron fields (minute, hour, day of month, month, day of week).
     */
    schedule: string
    /**
     * How long it lasts, 1m to 168h.
     */
    duration: string
    /**
     * IANA time zone, such as Europe/Berlin.
     */
    timeZone: string
  }[]
}

/**
 * The state of the whole system.
 */
export interface OrchestrationStatus {
  /**
   * The generation of the policy that is in force.
   */
  observedGeneration?: number
  /**
   * Initializing until every service was looked at once; Maintenance in a window of the policy; Degraded while a service is Failed or Critical; ShuttingDown while the operator ends.
   */
  state?: ("Initializing" | "Active" | "Degraded" | "Maintenance" | "ShuttingDown")
  /**
   * Since when.
   */
  since?: string
  /**
   * Mean score of the services with evidence, weighted by priority.
   */
  score?: number
  /**
   * How good all of it is for what it costs; formulas in docs/scores.md. They move in status when they move by 5 points.
   */
  scores?: {
    /**
     * How near the services are to their objectives, less what they have more than they need; weighted by priority.
     */
    optimization?: number
    /**
     * Share of the cost that pays for pods that are needed, in percent, over services with scaling.costPerReplicaHour.
     */
    costEfficiency?: number
  }
  /**
   * Services by level.
   */
  services?: {
    /**
     * All services, also those that do not count yet.
     */
    total?: number
    /**
     * Score of 90 and above.
     */
    healthy?: number
    /**
     * Score from 70.
     */
    warning?: number
    /**
     * Score from 40.
     */
    degraded?: number
    /**
     * Score above 0, or a critical check fails.
     */
    critical?: number
    /**
     * Score of 0.
     */
    failed?: number
    /**
     * Without evidence so far.
     */
    unknown?: number
  }
  /**
   * The worst five services below Healthy.
   *
   * @maxItems 5
   */
  worst?: {
    /**
     * Namespace of the service.
     */
    namespace: string
    /**
     * Name of the service.
     */
    name: string
    /**
     * Its level.
     */
    health?: string
    /**
     * Its score.
     */
    score?: number
    /**
     * Reason of its condition Ready.
     */
    reason?: string
    /**
     * Message of its condition Ready.
     */
    message?: string
  }[]
  /**
   * The policy that is in force, as last read; to tell what a change changed after a restart.
   */
  policy?: Record<string, unknown>
  /**
   * Ready: the policy is in force and every service was looked at. Reconciling, Stalled and InMaintenance only while they hold.
   *
   * @maxItems 16
   */
  conditions?: {
    /**
     * Which condition.
     */
    type: string
    /**
     * Whether it holds.
     */
    status: ("True" | "False" | "Unknown")
    /**
     * The generation of the spec that it is about.
     */
    observedGeneration?: number
    /**
     * When its status last changed.
     */
    lastTransitionTime: string
    /**
     * Why, in one word of a closed list (docs/reference/reasons.md).
     */
    reason: string
    /**
     * Why, in a sentence, and what to do.
     */
    message: string
  }[]
}
