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
   * How many and how long.
   */
  limits: {
    /**
     * Workflows that run at once; others wait, by priority.
     */
    maxConcurrentWorkflows: number
    /**
     * How deep workflows may start workflows: 1 lets none start another.
     */
    maxWorkflowDepth: number
    /**
     * How long a workflow may run whatever its own timeout says, 1m to 168h. The emergency rule workflowsOverdue looks at it.
     */
    maxWorkflowDuration: string
  }
  /**
   * How workflows take turns.
   */
  workflows: {
    /**
     * What there is only so much of, in all namespaces together. A workflow takes of it by spec.slots; what has no entry here has no units.
     *
     * @maxItems 64
     */
    slots: {
      /**
       * Its name.
       */
      name: string
      /**
       * How many units there are; 0 lets none begin that takes of it.
       */
      capacity: number
    }[]
    /**
     * By how much the priority of a workflow rises with each minute that it waits. With 0 one of low priority may wait for ever.
     */
    ageing: number
    /**
     * Types of workflows that go on during an emergency halt. None do by default; Recovery is what may.
     *
     * @maxItems 5
     */
    haltExempt: ("Optimization" | "Monitoring" | "Scaling" | "Maintenance" | "Recovery")[]
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
  /**
   * The emergency halt: what stops, in which order, and when; see docs/emergency.md.
   */
  emergency: {
    /**
     * Halt: stop the services that say so, now. DryRun: tell in status.rehearsal what would stop, in order. A halt goes on when this is None again: resume ends it.
     */
    halt: ("None" | "DryRun" | "Halt")
    /**
     * The id of a halt (status.halt.id) that is to end: everything gets back what it had.
     */
    resume?: string
    /**
     * Services that get their replicas back in a second, at most.
     */
    resumePerSecond: number
    /**
     * How long a service that resumes waits for the health of what it needs, 0s to 1h; then it goes on without.
     */
    resumePatience: string
    /**
     * While a halt lasts, people are reminded this often, 1m to 168h.
     */
    remindAfter: string
    /**
     * What happens to services that do not say it themselves in spec.emergency.onHalt, by priority.
     */
    onHalt: {
      /**
       * What happens to services of priority Critical that do not say it themselves; Keep when absent.
       */
      Critical?: ("Keep" | "ScaleToZero")
      /**
       * What happens to services of priority High that do not say it themselves; Keep when absent.
       */
      High?: ("Keep" | "ScaleToZero")
      /**
       * What happens to services of priority Normal that do not say it themselves; Keep when absent.
       */
      Normal?: ("Keep" | "ScaleToZero")
      /**
       * What happens to services of priority Low that do not say it themselves; Keep when absent.
       */
      Low?: ("Keep" | "ScaleToZero")
      /**
       * What happens to services of priority Maintenance that do not say it themselves; Keep when absent.
       */
      Maintenance?: ("Keep" | "ScaleToZero")
    }
    /**
     * Namespaces in which nothing is ever stopped, beside kube-system, kube-public, kube-node-lease and the one that Baton runs in.
     *
     * @maxItems 256
     */
    protectedNamespaces: string[]
    /**
     * What halts without a person. Every rule only rehearses (DryRun) until it is switched on; missing figures never halt.
     */
    rules: {
      /**
       * CPU in use on all nodes that are ready, as metrics.k8s.io tells it, of what they have for pods.
       */
      nodeCPU: {
        /**
         * Disabled; DryRun tells what a halt would stop; Halt stops it.
         */
        action: ("Disabled" | "DryRun" | "Halt")
        /**
         * In percent; the rule holds above it.
         */
        above: number
        /**
         * How long it must last without a break, 30s to 24h.
         */
        for: string
        /**
         * With fewer nodes that can be judged the rule says nothing.
         */
        atLeast: number
      }
      /**
       * Memory in use on all nodes that are ready, as metrics.k8s.io tells it, of what they have for pods.
       */
      nodeMemory: {
        /**
         * Disabled; DryRun tells what a halt would stop; Halt stops it.
         */
        action: ("Disabled" | "DryRun" | "Halt")
        /**
         * In percent; the rule holds above it.
         */
        above: number
        /**
         * How long it must last without a break, 30s to 24h.
         */
        for: string
        /**
         * With fewer nodes that can be judged the rule says nothing.
         */
        atLeast: number
      }
      /**
       * Services that are Failed, of those that were available once and have fresh evidence.
       */
      servicesFailed: {
        /**
         * Disabled; DryRun tells what a halt would stop; Halt stops it.
         */
        action: ("Disabled" | "DryRun" | "Halt")
        /**
         * In percent; the rule holds above it.
         */
        above: number
        /**
         * How long it must last without a break, 30s to 24h.
         */
        for: string
        /**
         * With fewer services that can be judged the rule says nothing.
         */
        atLeast: number
      }
      /**
       * Workflows that failed, of those that ended within an hour.
       */
      workflowsFailed: {
        /**
         * Disabled; DryRun tells what a halt would stop; Halt stops it.
         */
        action: ("Disabled" | "DryRun" | "Halt")
        /**
         * In percent; the rule holds above it.
         */
        above: number
        /**
         * How long it must last without a break, 30s to 24h.
         */
        for: string
        /**
         * With fewer workflows that ended the rule says nothing.
         */
        atLeast: number
      }
      /**
       * A workflow that has run for longer than limits.maxWorkflowDuration and has not ended.
       */
      workflowsOverdue: {
        /**
         * Disabled; DryRun tells what a halt would stop; Halt stops it.
         */
        action: ("Disabled" | "DryRun" | "Halt")
      }
    }
  }
  /**
   * Which workloads get an OrchestratedService without anybody writing one; see docs/discovery.md. Without it, and with no rules, none.
   */
  discovery?: {
    /**
     * Services that discovery makes at most; a selector that matches too much makes no more.
     */
    maxServices: number
    /**
     * The first rule that fits a workload holds for it.
     *
     * @maxItems 16
     */
    rules: {
      /**
       * Name of the rule, written on each service that it makes (baton.dev/discovered-by).
       */
      name: string
      /**
       * Labels of the namespaces. With a workloadSelector too, both must fit; with neither the rule is for workloads and namespaces with the label baton.dev/discover=true.
       */
      namespaceSelector?: {
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
       * Labels of the workloads themselves, not of their pods.
       */
      workloadSelector?: {
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
       * Kinds of workloads. DaemonSets have no replicas that Baton could look after.
       *
       * @minItems 1
       * @maxItems 2
       */
      kinds: ("Deployment" | "StatefulSet")[]
      /**
       * What each service is made of. Without it Baton tells the health and does nothing else.
       */
      template: {
        /**
         * What the services carry beside what discovery writes itself.
         */
        metadata: {
          /**
           * Labels of the services.
           */
          labels: {
            [k: string]: string
          }
        }
        /**
         * spec of an OrchestratedService, without targetRef.
         */
        spec: Record<string, unknown>
      }
    }[]
  }
  /**
   * Namespaces whose services are stopped on purpose: all of them, in the order of an emergency halt. Each starts again in reverse when it is taken off this list.
   *
   * @maxItems 256
   */
  stoppedNamespaces: string[]
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
   * The first that is so of: ShuttingDown while the operator ends; EmergencyHalt until a halt is resumed and undone; Initializing until every service was looked at once; Failover while a service moves to or from its standby; Maintenance in a window of the policy; Degraded while a service is Failed or Critical; Scaling while pods start or end because Baton scales; Coordinating while workflows run; Optimizing while a capacity budget decides who gets pods; Active.
   */
  state?: ("Initializing" | "Active" | "Optimizing" | "Coordinating" | "Scaling" | "Degraded" | "Failover" | "Maintenance" | "EmergencyHalt" | "ShuttingDown")
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
   * Workflows that have not ended, by where they stand.
   */
  workflows?: {
    /**
     * Pending and Queued.
     */
    queued?: number
    /**
     * Running and Verifying.
     */
    running?: number
    /**
     * Paused.
     */
    paused?: number
    /**
     * RollingBack.
     */
    rollingBack?: number
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
   * The emergency halt there is, or was last. Workloads carry its id and what they had in annotations.
   */
  halt?: {
    /**
     * What spec.emergency.resume must say to end it.
     */
    id: string
    /**
     * Halting while services are being stopped, Halted until a person resumes, Resuming while they come back, Resumed when all have.
     */
    state: ("Halting" | "Halted" | "Resuming" | "Resumed")
    /**
     * A person, a rule, or workloads that were found halted: these are held, and nothing else follows until a person resumes them.
     */
    by?: ("Manual" | "nodeCPU" | "nodeMemory" | "servicesFailed" | "workflowsFailed" | "workflowsOverdue" | "Found")
    /**
     * Why, in a sentence.
     */
    because?: string
    /**
     * When it began.
     */
    startedAt?: string
    /**
     * When nothing was left to stop.
     */
    haltedAt?: string
    /**
     * When everything had come back.
     */
    resumedAt?: string
    /**
     * When people were last reminded.
     */
    remindedAt?: string
    /**
     * Whether spec.emergency.halt has said Halt ever since: it orders no other halt until it said something else.
     */
    orderSpent?: boolean
    /**
     * Workloads that are held: stopped, or raised.
     */
    held?: number
    /**
     * Workloads that came back since Resuming began.
     */
    restored?: number
    /**
     * Services that stop.
     */
    stopping?: number
    /**
     * Services that rise.
     */
    raising?: number
    /**
     * Services that go on as they are.
     */
    keeping?: number
    /**
     * Pods that end.
     */
    pods?: number
    /**
     * Services that go on and need one that stops.
     *
     * @maxItems 20
     */
    stranded?: {
      /**
       * The service that goes on, as namespace/name.
       */
      service: string
      /**
       * What it needs and loses, as namespace/name.
       */
      needs: string
    }[]
    /**
     * Services whose autoscaler would undo it, so that it has to be paused: a KEDA ScaledObject of one that stops, any of one that rises.
     *
     * @maxItems 20
     */
    contested?: {
      /**
       * The service, as namespace/name.
       */
      service: string
      /**
       * Its autoscaler, as kind/name.
       */
      by: string
    }[]
    /**
     * Workflows that have begun and not ended; absent where there are none.
     */
    workflows?: {
      /**
       * Those that begin nothing while a halt lasts, and go on when it is resumed.
       */
      pausing: number
      /**
       * Those that go on, because spec.workflows.haltExempt names their type.
       */
      continuing: number
      /**
       * The first 100 by name.
       *
       * @maxItems 100
       */
      named?: {
        /**
         * The workflow, as namespace/name.
         */
        workflow: string
        /**
         * Pauses: goes on when the halt is resumed.
         */
        effect: ("Pauses" | "GoesOn")
      }[]
    }
    /**
     * What resume will do, in order: who comes back first, with how many replicas. The first 1000.
     *
     * @maxItems 1000
     */
    recoveryPlan?: {
      /**
       * The service, as namespace/name.
       */
      service: string
      /**
       * What it had, and will have.
       */
      replicas: number
    }[]
    /**
     * Workloads that could not be stopped or brought back so far, and what people changed meanwhile.
     *
     * @maxItems 20
     */
    problems?: {
      /**
       * The service, as namespace/name.
       */
      service: string
      /**
       * Why, in one word (docs/reference/reasons.md).
       */
      reason: string
      /**
       * Why, in a sentence.
       */
      message: string
    }[]
  }
  /**
   * What a halt would do: there while spec.emergency.halt is DryRun, or a rule with action DryRun holds.
   */
  rehearsal?: {
    /**
     * Who asks.
     */
    by: ("Manual" | "nodeCPU" | "nodeMemory" | "servicesFailed" | "workflowsFailed" | "workflowsOverdue")
    /**
     * Why, in a sentence.
     */
    because?: string
    /**
     * Since when.
     */
    since?: string
    /**
     * Services that stop.
     */
    stopping?: number
    /**
     * Services that rise.
     */
    raising?: number
    /**
     * Services that go on as they are.
     */
    keeping?: number
    /**
     * Pods that end.
     */
    pods?: number
    /**
     * Services that go on and need one that stops.
     *
     * @maxItems 20
     */
    stranded?: {
      /**
       * The service that goes on, as namespace/name.
       */
      service: string
      /**
       * What it needs and loses, as namespace/name.
       */
      needs: string
    }[]
    /**
     * Services whose autoscaler would undo it, so that it has to be paused: a KEDA ScaledObject of one that stops, any of one that rises.
     *
     * @maxItems 20
     */
    contested?: {
      /**
       * The service, as namespace/name.
       */
      service: string
      /**
       * Its autoscaler, as kind/name.
       */
      by: string
    }[]
    /**
     * Workflows that have begun and not ended; absent where there are none.
     */
    workflows?: {
      /**
       * Those that begin nothing while a halt lasts, and go on when it is resumed.
       */
      pausing: number
      /**
       * Those that go on, because spec.workflows.haltExempt names their type.
       */
      continuing: number
      /**
       * The first 100 by name.
       *
       * @maxItems 100
       */
      named?: {
        /**
         * The workflow, as namespace/name.
         */
        workflow: string
        /**
         * Pauses: goes on when the halt is resumed.
         */
        effect: ("Pauses" | "GoesOn")
      }[]
    }
    /**
     * What would be done, in order; the replicas are those of when the order last changed. The first 1000.
     *
     * @maxItems 1000
     */
    plan?: {
      /**
       * The service, as namespace/name.
       */
      service: string
      /**
       * What is done with it.
       */
      action: ("ScaleToZero" | "ScaleUp")
      /**
       * Its replicas before.
       */
      from?: number
      /**
       * Its replicas after.
       */
      to?: number
    }[]
  }
  /**
   * Namespaces of spec.stoppedNamespaces, and those that start again.
   *
   * @maxItems 512
   */
  stoppedNamespaces?: {
    /**
     * Name of the namespace.
     */
    namespace: string
    /**
     * Refused where nothing is ever stopped.
     */
    state: ("Stopping" | "Stopped" | "Starting" | "Refused")
    /**
     * Workloads that are stopped.
     */
    held?: number
  }[]
  /**
   * What discovery found; there while it has rules, or holds something yet.
   */
  discovery?: {
    /**
     * Services that discovery made and looks after.
     */
    discovered?: number
    /**
     * Workloads that rules fit and that have no service by discovery, by reason; and services that cannot be taken back yet.
     *
     * @maxItems 16
     */
    skipped?: {
      /**
       * Why, in one word (docs/reference/reasons.md).
       */
      reason: string
      /**
       * How many.
       */
      workloads: number
      /**
       * The first of them by name, as Kind namespace/name.
       */
      first?: string
      /**
       * What was answered for that one, where the API server refused it.
       */
      message?: string
    }[]
  }
  /**
   * The last 20 changes of state, oldest first.
   *
   * @maxItems 20
   */
  history?: {
    /**
     * The state before; new for the first.
     */
    from: string
    /**
     * The state after.
     */
    to: string
    /**
     * When.
     */
    at: string
    /**
     * Why, in a sentence.
     */
    because?: string
  }[]
  /**
   * How the score of the last 5 minutes stands to the hour before: 5 points above or below, or not. Absent until 15 minutes were seen.
   */
  trend?: ("Improving" | "Steady" | "Worsening")
  /**
   * Services with objectives.
   */
  objectives?: {
    /**
     * How many there are.
     */
    total?: number
    /**
     * How many keep all of theirs.
     */
    met?: number
  }
  /**
   * What would do most services good: what status.recommendations of the services say, counted.
   *
   * @maxItems 5
   */
  recommendations?: {
    /**
     * What it is about, such as MemoryLimit.
     */
    type: string
    /**
     * To how many services it is recommended.
     */
    services: number
    /**
     * The first of them by name, as namespace/name.
     */
    first?: string
  }[]
  /**
   * The policy that is in force, as last read; to tell what a change changed after a restart.
   */
  policy?: Record<string, unknown>
  /**
   * Ready: the policy is in force and every service was looked at. Reconciling, Stalled, InMaintenance and Halted only while they hold.
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
