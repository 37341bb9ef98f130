/* Generated from crds/orchestratedservices.baton.dev.yaml by npm run generate; edit that file instead. */

/**
 * What to look after, and what counts as healthy.
 */
export interface OrchestratedServiceSpec {
  /**
   * The workload to look after, in the same namespace: a Deployment, a StatefulSet, or any kind with a scale subresource. It cannot be changed later: the uptime and the budget in the status are those of this workload.
   */
  targetRef: {
    /**
     * Group and version of the workload, as in its own YAML.
     */
    apiVersion: string
    /**
     * Kind of the workload.
     */
    kind: string
    /**
     * Name of the workload.
     */
    name: string
  }
  /**
   * How much this service matters: it weighs in the score of the whole system (Critical 5, High 3, Normal 2, Low 1, Maintenance 0) and comes first among the worst.
   */
  priority: ("Critical" | "High" | "Normal" | "Low" | "Maintenance")
  /**
   * Services that this one needs. A cycle is reported and not followed.
   *
   * @maxItems 32
   */
  dependsOn?: {
    /**
     * Name of an OrchestratedService.
     */
    name: string
    /**
     * Namespace of that OrchestratedService; this one when absent.
     */
    namespace?: string
    /**
     * The dependency counts as missing below this level.
     */
    minimumHealth: ("Healthy" | "Warning" | "Degraded" | "Critical")
  }[]
  /**
   * Enforce: Baton acts. Recommend: it changes nothing and says what it would do, as Events too. Observe: it changes nothing; what it would do is in the status alone.
   */
  mode: ("Enforce" | "Recommend" | "Observe")
  /**
   * While true Baton does nothing to the workload: no scaling, no act of any kind. Its health is told all the same.
   */
  suspend?: boolean
  /**
   * What happens to this service in an emergency halt; see docs/emergency.md.
   */
  emergency?: {
    /**
     * Keep: goes on as it is. ScaleToZero: stops, and comes back with what it had. ScaleUp: rises to replicas. When absent what Orchestration/default says of the priority.
     */
    onHalt?: ("Keep" | "ScaleToZero" | "ScaleUp")
    /**
     * What ScaleUp raises it to; scaling.maxReplicas when absent. It never lowers it.
     */
    replicas?: number
  }
  /**
   * How many replicas the service needs. With minReplicas alone it only tells when there are too few; replicas are changed only where maxReplicas and metrics are written too.
   */
  scaling?: {
    /**
     * The fewest pods. With fewer ready pods than this the score is at most 69 (Degraded). 0 lets a service with a metric of type Prometheus sleep.
     */
    minReplicas: number
    /**
     * The most pods.
     */
    maxReplicas?: number
    /**
     * What the number of replicas is to be good for: target utilisation, behavior and prediction where they are not written, and one objective (docs/strategies.md).
     */
    strategy?: ("Performance" | "Cost" | "Reliability" | "Scalability" | "QuantumInspired")
    /**
     * What says how many pods are needed; the highest answer wins.
     *
     * @minItems 1
     * @maxItems 8
     */
    metrics?: {
      /**
       * Which of resource, containerResource and prometheus this is.
       */
      type: ("Resource" | "ContainerResource" | "Prometheus")
      /**
       * CPU or memory of the pods, as metrics.k8s.io tells it; the shape of autoscaling/v2.
       */
      resource?: {
        /**
         * Which resource.
         */
        name: ("cpu" | "memory")
        /**
         * What the pods should use on average.
         */
        target: {
          /**
           * Percent of the requests, or a quantity.
           */
          type: ("Utilization" | "AverageValue")
          /**
           * Percent of the requests of the pods.
           */
          averageUtilization?: number
          /**
           * Use of a pod, such as 500m or 200Mi.
           */
          averageValue?: number | string
        }
      }
      /**
       * CPU or memory of one container of the pods, where others would distort the mean; the shape of autoscaling/v2.
       */
      containerResource?: {
        /**
         * Which resource.
         */
        name: ("cpu" | "memory")
        /**
         * Name of the container; sidecars are containers too.
         */
        container: string
        /**
         * What the container should use on average.
         */
        target: {
          /**
           * Percent of the requests, or a quantity.
           */
          type: ("Utilization" | "AverageValue")
          /**
           * Percent of the requests of that container.
           */
          averageUtilization?: number
          /**
           * Use of that container, such as 500m or 200Mi.
           */
          averageValue?: number | string
        }
      }
      /**
       * A PromQL query that gives one number for the whole service. It runs with the operator's credentials, so it is off until Orchestration/default names this namespace in metricSources.prometheus.namespaces.
       */
      prometheus?: {
        /**
         * PromQL with a scalar, or a vector of exactly one series, as its result.
         */
        query: string
        /**
         * What the figure should be: so much for each pod (AverageValue), or so much in all (Value).
         */
        target: {
          /**
           * AverageValue: the pods share the figure, such as requests a second. Value: the figure is compared as it is, such as a delay.
           */
          type: ("AverageValue" | "Value")
          /**
           * The share of one pod.
           */
          averageValue?: number | string
          /**
           * The figure as it should be.
           */
          value?: number | string
        }
      }
    }[]
    /**
     * How fast replicas may change, word for word as in autoscaling/v2. When absent: up by 4 pods or 100 % in 15 s, whatever is more; down when fewer were enough for 300 s.
     */
    behavior?: {
      /**
       * How replicas may rise.
       */
      scaleUp?: {
        /**
         * Rise only to what was needed all of this time; 0 when absent.
         */
        stabilizationWindowSeconds?: number
        /**
         * Which policy counts: the one that allows the largest change (Max, when absent), the smallest (Min), or none at all (Disabled).
         */
        selectPolicy?: ("Max" | "Min" | "Disabled")
        /**
         * How many pods may come or go within a period; Kubernetes' own defaults when absent.
         *
         * @minItems 1
         * @maxItems 8
         */
        policies?: {
          /**
           * Whether value is a number of pods or a percentage of the pods at the beginning of the period.
           */
          type: ("Pods" | "Percent")
          /**
           * So many pods, or so many percent.
           */
          value: number
          /**
           * The period that value is for.
           */
          periodSeconds: number
        }[]
        /**
         * A ratio of current to target up to 1 plus this changes nothing; 0.1 when absent.
         */
        tolerance?: number | string
      }
      /**
       * How replicas may fall.
       */
      scaleDown?: {
        /**
         * Fall only to what was enough all of this time; 300 when absent.
         */
        stabilizationWindowSeconds?: number
        /**
         * Which policy counts: the one that allows the largest change (Max, when absent), the smallest (Min), or none at all (Disabled).
         */
        selectPolicy?: ("Max" | "Min" | "Disabled")
        /**
         * How many pods may come or go within a period; Kubernetes' own defaults when absent.
         *
         * @minItems 1
         * @maxItems 8
         */
        policies?: {
          /**
           * Whether value is a number of pods or a percentage of the pods at the beginning of the period.
           */
          type: ("Pods" | "Percent")
          /**
           * So many pods, or so many percent.
           */
          value: number
          /**
           * The period that value is for.
           */
          periodSeconds: number
        }[]
        /**
         * A ratio of current to target down to 1 minus this changes nothing; 0.1 when absent. Below 1, because a ratio is never below 0.
         */
        tolerance?: number | string
      }
    }
    /**
     * How the replicas are changed.
     */
    writer?: {
      /**
       * Direct: Baton writes the replicas of the workload. HorizontalPodAutoscaler: it moves minReplicas and maxReplicas of that one, which writes the replicas.
       */
      type: ("Direct" | "HorizontalPodAutoscaler")
      /**
       * Name of a HorizontalPodAutoscaler in this namespace for the same workload.
       */
      name?: string
    }
    /**
     * What holds while the metrics cannot be read. It only ever adds pods: without figures nothing is taken away.
     */
    fallback?: {
      /**
       * At least so many pods.
       */
      replicas: number
      /**
       * After so many failures in a row, one each 15 s.
       */
      afterFailures: number
    }
    /**
     * Pods are started before the load comes, where it repeats itself (docs/prediction.md). When absent, the strategy says whether; only Scalability does.
     */
    prediction?: {
      /**
       * false: replicas follow the metrics alone, whatever the strategy says.
       */
      enabled: boolean
      /**
       * After what time the load repeats itself: auto finds what is at most 36h, or 10m to 168h, such as 24h.
       */
      season: string
      /**
       * How far ahead to look: auto is the measured time until a pod is ready and one interval, or 15s to 1h.
       */
      horizon: string
      /**
       * Of the errors made so far, the share that the margin above the forecast covers: 0.5 to 0.99.
       */
      quantile: number
    }
    /**
     * What one pod costs in an hour, in any currency, such as 0.12; for reports and the Cost strategy.
     */
    costPerReplicaHour?: number | string
  }
  /**
   * What counts as healthy, beside what pod probes already say.
   */
  health?: {
    /**
     * Checks that are added to what pod probes, restarts, rollout, resources and dependencies say.
     *
     * @maxItems 16
     */
    checks?: {
      /**
       * Name of the check, shown in status.signals.
       */
      name: string
      /**
       * Weight in the score, beside availability 40, stability 20, rollout 10, resources 10 and dependencies 10.
       */
      weight: number
      /**
       * While this check fails (its score is below 40) the whole score is at most 39 (Critical).
       */
      critical: boolean
      /**
       * How often to ask, 1s to 1h; 10s for http and tcp, 30s for prometheus when absent.
       */
      interval?: string
      /**
       * A heartbeat older than this does not count any more, 5s to 24h; 60s when absent.
       */
      staleAfter?: string
      /**
       * Score 100 up to warning, 80 there, 55 at degraded, 20 at critical, straight lines between, 0 at twice the distance from warning to critical. For a value that should be high write thresholds that fall: the order tells.
       */
      thresholds?: {
        /**
         * Score 80 here.
         */
        warning: number
        /**
         * Score 55 here.
         */
        degraded: number
        /**
         * Score 20 here.
         */
        critical: number
      }
      /**
       * A PromQL query that gives one number. It runs with the operator's credentials, so it is off until Orchestration/default names this namespace in metricSources.prometheus.namespaces.
       */
      prometheus?: {
        /**
         * PromQL with a scalar, or a vector of exactly one series, as its result.
         */
        query: string
      }
      /**
       * Use of a resource by the pods as metrics.k8s.io tells it, as a ratio of the limit or the request; the highest pod counts.
       */
      resource?: {
        /**
         * Which resource.
         */
        name: ("cpu" | "memory")
        /**
         * Ratio to the pod's limit or to its request.
         */
        of: ("limit" | "request")
      }
      /**
       * GET an address; a status from 200 to 399 passes. A redirect to another host is not followed and passes.
       */
      http?: {
        /**
         * Ask every ready pod, or the Service.
         */
        target: ("Pod" | "Service")
        /**
         * Name of the Service for target Service; the name of this OrchestratedService when absent.
         */
        service?: string
        /**
         * Number of the port, or its name in the pod or the Service.
         */
        port: number | string
        /**
         * Path, with a query where needed.
         */
        path: string
        /**
         * HTTPS does not verify the certificate, as in kubelet probes.
         */
        scheme: ("HTTP" | "HTTPS")
        /**
         * How long the whole answer may take, 100ms to 30s.
         */
        timeout: string
      }
      /**
       * Open a connection; it passes when that succeeds.
       */
      tcp?: {
        /**
         * Try every ready pod, or the Service.
         */
        target: ("Pod" | "Service")
        /**
         * Name of the Service for target Service; the name of this OrchestratedService when absent.
         */
        service?: string
        /**
         * Number of the port, or its name in the pod or the Service.
         */
        port: number | string
        /**
         * How long the connection may take, 100ms to 30s.
         */
        timeout: string
      }
      /**
       * A figure that the component itself posts to Baton's heartbeat endpoint.
       */
      heartbeat?: {
        /**
         * cpu, memory and error_rate are ratios from 0 to 1; response_time_seconds is in seconds. With several senders the worst counts.
         */
        metric: ("cpu" | "memory" | "error_rate" | "response_time_seconds")
      }
    }[]
    /**
     * How long a change must last before the level follows.
     */
    hysteresis?: {
      /**
       * A fall takes effect after this, 0s to 1h; what the policy says when absent.
       */
      fall?: string
      /**
       * A rise takes effect after this, with 5 points to spare, 0s to 1h; what the policy says when absent.
       */
      rise?: string
    }
  }
  /**
   * A second workload that takes over the traffic of a Service when the first is down: its pods are ready first, then the first is fenced, then the Service selects the second. targetRef is the primary. See docs/failover.md.
   */
  failover?: {
    /**
     * The workload that takes over, in the same namespace: of any kind that targetRef may have. No other OrchestratedService may look after it.
     */
    standbyRef: {
      /**
       * Group and version of the workload, as in its own YAML.
       */
      apiVersion: string
      /**
       * Kind of the workload.
       */
      kind: string
      /**
       * Name of the workload.
       */
      name: string
    }
    /**
     * The Service whose traffic is moved, in the same namespace. Its selector must be selectors.primary when this is written.
     */
    serviceName: string
    /**
     * The whole selector that the Service has while each of the two serves.
     */
    selectors: {
      /**
       * Labels of the pods of targetRef.
       */
      primary: {
        [k: string]: string
      }
      /**
       * Labels of the pods of standbyRef.
       */
      standby: {
        [k: string]: string
      }
    }
    /**
     * Pods that must be ready at the standby before it gets traffic; as many as the primary asks for when absent.
     */
    standbyReplicas?: number
    /**
     * How long the active side must be Critical or Failed, 0s to 1h; 30s when absent.
     */
    after?: string
    /**
     * What is done to the side that is left, before the other gets traffic. ScaleToZero: it has no pods any more. None: nothing; for services without state only, where two may run at once.
     */
    fencing: ("ScaleToZero" | "None")
    /**
     * The way back to the primary. Manual (when absent): when a person writes desired. Automatic: after cooldown, when its pods are ready again, and also when the standby is down.
     */
    failback?: ("Manual" | "Automatic")
    /**
     * Traffic that was moved is not moved again by itself within this time, 10s to 24h; 10m when absent.
     */
    cooldown?: string
    /**
     * An order of a person to move traffic there, carried out once, when it is written; a failover later is not undone by it.
     */
    desired?: ("Primary" | "Standby")
    /**
     * The OrchestratedService of this namespace that this one goes along with: it moves to its standby and back when that one has moved, and by nothing else.
     */
    follow?: string
  }
  /**
   * What is promised. Time in maintenance and time without evidence count neither way.
   *
   * @maxItems 4
   */
  objectives?: {
    /**
     * availability: the share of time in which the level was not Failed or Critical.
     */
    name: "availability"
    /**
     * In percent.
     */
    target: number
    /**
     * The sliding window, 1h to 90d.
     */
    window: string
  }[]
  /**
   * When the service is started: never available so far, it is held at zero until its dependencies and the earlier phases of its namespace are up. Absent: it starts when it likes. See docs/startup.md.
   */
  startup?: {
    /**
     * A phase waits for the phases before it, in this order.
     */
    phase: ("Core" | "Infrastructure" | "Authentication" | "Network" | "Services")
    /**
     * How long it may take to be Healthy or Warning after it was raised, 1s to 24h.
     */
    timeout: string
    /**
     * How often it is taken down and raised again after that, before it counts as failed.
     */
    retries: number
    /**
     * Later phases do not start without it. One that is not critical and failed holds nobody up but those that depend on it.
     */
    critical: boolean
    /**
     * What follows when it is critical and failed. Hold: later phases stay held. Rollback: what was raised in this sequence goes down again as well, in reverse order.
     */
    onFailure: ("Hold" | "Rollback")
  }
  /**
   * What is done when the service is ill: a ladder of acts, one rung higher with each attempt. Absent: nothing is. See docs/healing.md.
   */
  healing?: {
    /**
     * The ladder, the mildest act first.
     *
     * @minItems 1
     * @maxItems 4
     */
    actions: {
      /**
       * DeletePod evicts pods that are not ready, as PodDisruptionBudgets allow. Restart rolls all pods. RollbackRevision goes back to the last revision that was healthy. Workflow starts a workflow from a template.
       */
      type: ("DeletePod" | "Restart" | "RollbackRevision" | "Workflow")
      /**
       * What an act of type Workflow starts.
       */
      workflow?: {
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
         * The ServiceAccount of this namespace as which steps of the workflow that write act. Who writes it has to be allowed to impersonate it.
         */
        serviceAccountName?: string
      }
    }[]
    /**
     * Restart, RollbackRevision and Workflow are for this level and worse ones; DeletePod is for pods that are not ready, at any level.
     */
    when: ("Degraded" | "Critical" | "Failed")
    /**
     * How long it must be so before the first act, 0s to 1h.
     */
    after: string
    /**
     * The wait after an act: initial, and above that a random part of initial times factor for each attempt, at most max.
     */
    backoff: {
      /**
       * The shortest wait, 1s to 1h.
       */
      initial: string
      /**
       * How much longer the wait may be with each attempt.
       */
      factor: number
      /**
       * The longest wait; well for so long, and the next illness begins at the first rung, 1s to 24h.
       */
      max: string
    }
    /**
     * Acts in one illness; after these a person is asked.
     */
    maxAttempts: number
    /**
     * Stops healing that does not help.
     */
    circuitBreaker: {
      /**
       * Acts in a row that did not help, after which the circuit opens.
       */
      failures: number
      /**
       * How long it stays open before one act is tried, 1s to 24h.
       */
      recovery: string
    }
  }
  /**
   * Times of planned work. Health is still told; time counts as maintenance, not as down.
   *
   * @maxItems 8
   */
  maintenanceWindows?: {
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
 * What Baton knows. Written only when it changes in a way a person would notice; exact figures are metrics.
 */
export interface OrchestratedServiceStatus {
  /**
   * The generation of the spec that this status is about.
   */
  observedGeneration?: number
  /**
   * The level: Healthy from 90, Warning from 70, Degraded from 40, Critical above 0, Failed at 0, Unknown before the first evidence.
   */
  health?: ("Healthy" | "Warning" | "Degraded" | "Critical" | "Failed" | "Unknown")
  /**
   * The score of the evidence, 0 to 100; absent before the first evidence.
   */
  score?: number
  /**
   * Share of the evidence, by weight, that is fresh, as a percentage.
   */
  confidence?: string
  /**
   * Where the service is in its life.
   */
  phase?: ("Pending" | "Progressing" | "Running" | "ScaledToZero" | "Stalled" | "Terminating")
  /**
   * Pods of the workload, counted.
   */
  replicas?: {
    /**
     * Pods of the workload that exist and are not terminating.
     */
    current?: number
    /**
     * Pods that are ready.
     */
    ready?: number
    /**
     * Pods that the workload asks for.
     */
    desired?: number
    /**
     * Pods that Baton wants, whether or not it may change them.
     */
    recommended?: number
    /**
     * Pods that the predicted load needs, before any bounds; absent while it is not trusted, and brought up to date when it moved by more than a tenth or something else changes.
     */
    predicted?: number
  }
  /**
   * The label selector of the pods.
   */
  selector?: string
  /**
   * The workload that serves now, as kind/name.
   */
  activeTarget?: string
  /**
   * The evidence that the score is made of.
   *
   * @maxItems 24
   */
  signals?: {
    /**
     * availability, rollout, stability, resources, dependencies, or the name of a check.
     */
    name: string
    /**
     * What was measured, with its unit.
     */
    value?: string
    /**
     * Absent while there is no fresh evidence.
     */
    score?: number
    /**
     * Weight in the score.
     */
    weight?: number
    /**
     * A sentence that says what was seen.
     */
    evidence?: string
    /**
     * When this score was first seen.
     */
    observedAt?: string
  }[]
  /**
   * The objectives of the spec, and how far they are kept.
   *
   * @maxItems 4
   */
  objectives?: {
    /**
     * Name of the objective.
     */
    name: string
    /**
     * Over the window, in percent.
     */
    availability?: string
    /**
     * What is left of the error budget, in percent; below 0 when it is overspent.
     */
    budgetRemaining?: string
    /**
     * How fast the budget is being spent over the last hour; 1 spends it exactly over the window.
     */
    burnRate?: string
  }[]
  /**
   * Closed times of each kind up to since; the open one runs from there.
   */
  uptime?: {
    /**
     * How it stands now: Down is Critical or Failed, Unknown is without evidence.
     */
    state?: ("Up" | "Down" | "Unknown" | "Maintenance")
    /**
     * When this state began.
     */
    since?: string
    /**
     * Time up before since.
     */
    up?: string
    /**
     * Time down (Critical or Failed) before since.
     */
    down?: string
    /**
     * Time without evidence before since.
     */
    unknown?: string
    /**
     * Time in maintenance windows before since.
     */
    maintenance?: string
    /**
     * The times that were not up, oldest first, as far back as the objectives look; neighbours are joined when there are too many.
     *
     * @maxItems 64
     */
    segments?: {
      /**
       * What this time was.
       */
      state: ("Down" | "Unknown" | "Maintenance")
      /**
       * When it began.
       */
      from: string
      /**
       * When it ended.
       */
      to: string
      /**
       * Time in that state between from and to, where that is less than all of it.
       */
      total?: string
    }[]
  }
  /**
   * Where traffic goes, and how far a move of it has come; another process goes on from here.
   */
  failover?: {
    /**
     * Suspected: the active side is down, but not for long enough. Preparing: pods of the other start. Fencing: pods of the active side end. Switching: the selector changes. Verifying: the endpoints follow. Completed: the cooldown runs. Refused: a move is due, and something stands in its way.
     */
    state: ("Idle" | "Suspected" | "Preparing" | "Fencing" | "Switching" | "Verifying" | "Completed" | "Refused")
    /**
     * Where traffic goes.
     */
    active: ("Primary" | "Standby")
    /**
     * Rises with each switch.
     */
    epoch: number
    /**
     * When this state began.
     */
    since: string
    /**
     * When traffic was last moved.
     */
    switchedAt?: string
    /**
     * The value of spec.failover.desired that was carried out last.
     */
    ordered?: ("Primary" | "Standby")
    /**
     * No attempt before this, after one that was given up.
     */
    retryAt?: string
    /**
     * Replicas that the standby goes back to when the primary serves again.
     */
    restingReplicas?: number
    /**
     * Replicas that the primary had when it was fenced.
     */
    fencedReplicas?: number
    /**
     * The side that does not serve is being brought to the replicas that it has at rest.
     */
    tidying?: boolean
    /**
     * Where traffic moves.
     */
    to?: ("Primary" | "Standby")
    /**
     * Why: the active side is down; spec.failover.desired; spec.failover.failback; spec.failover.follow.
     */
    cause?: ("Failure" | "Order" | "Failback" | "Follow")
    /**
     * Pods that must be ready there first.
     */
    wantedReplicas?: number
    /**
     * Replicas of the side that is left, before it was fenced.
     */
    leavingReplicas?: number
    /**
     * When the active side was first seen down.
     */
    suspectedAt?: string
    /**
     * When the move was decided.
     */
    decidedAt?: string
    /**
     * When enough pods were ready there.
     */
    preparedAt?: string
    /**
     * When the last pod of the side that is left had ended.
     */
    fencedAt?: string
    /**
     * When the selector had been changed.
     */
    movedAt?: string
    /**
     * Why it is refused, in one word.
     */
    reason?: string
    /**
     * Why it is refused, in a sentence.
     */
    message?: string
    /**
     * How long the parts of the last move took.
     */
    took?: {
      /**
       * From when the active side was first seen down to the decision.
       */
      detection?: string
      /**
       * Until enough pods were ready at the other side.
       */
      preparation?: string
      /**
       * Until the last pod of the side that is left had ended.
       */
      fencing?: string
      /**
       * Until the endpoints had followed the selector.
       */
      switch?: string
    }
  }
  /**
   * A change of level that waits for its hysteresis; so that it survives a restart.
   */
  pending?: {
    /**
     * The level that follows.
     */
    health?: ("Healthy" | "Warning" | "Degraded" | "Critical" | "Failed")
    /**
     * When the evidence for it began.
     */
    since?: string
  }
  /**
   * When the workload began to want pods again after it wanted none; until all of them were ready once.
   */
  startingSince?: string
  /**
   * Whether the workload was available once.
   */
  everAvailable?: boolean
  /**
   * Metrics of spec.scaling that are unusual now, with the figures of the moment when that was found. See docs/prediction.md.
   *
   * @maxItems 8
   */
  anomalies?: {
    /**
     * Which metric.
     */
    metric: string
    /**
     * When the first unusual step began.
     */
    since: string
    /**
     * Above or below what is expected.
     */
    direction: ("High" | "Low")
    /**
     * What was measured.
     */
    value: string
    /**
     * What was expected for that time.
     */
    expected: string
  }[]
  /**
   * What would do this service good, and how sure that is; the most important first. See docs/recommendations.md.
   *
   * @maxItems 5
   */
  recommendations?: {
    /**
     * What it is about; there is one of each at most, or one for each container.
     */
    type: ("Replicas" | "PodDisruptionBudget" | "MemoryLimit" | "MaxReplicas" | "MemoryRequest" | "CPURequest" | "CPULimit" | "Strategy" | "MinReplicas")
    /**
     * The container whose request or limit it is about; absent where it is about the pod or the service as a whole.
     */
    container?: string
    /**
     * What to do.
     */
    action: string
    /**
     * How sure it is, 0 to 1; it grows in a few steps with the time that was observed.
     */
    confidence: number
    /**
     * The evidence, in a sentence.
     */
    because: string
  }[]
  /**
   * How far the start has come; another process goes on from here.
   */
  startup?: {
    /**
     * Waiting: at zero, or about to be, until what it waits for is up. Starting: nothing is in its way and it is not up yet. RolledBack: at zero because a critical service failed.
     */
    state: ("Waiting" | "Starting" | "Started" | "Failed" | "RolledBack")
    /**
     * Since when it is in this state.
     */
    since: string
    /**
     * How often it was raised.
     */
    attempts: number
    /**
     * When it was raised last; absent where it was not, and then it is not taken down either.
     */
    raisedAt?: string
    /**
     * The replicas that are kept for it while it is at zero.
     */
    replicas?: number
    /**
     * When it was seen at zero.
     */
    downAt?: string
    /**
     * Somebody scaled it while it was held, and it was left alone.
     */
    byHand?: boolean
    /**
     * Of the spec for which it failed or was rolled back; another one begins anew.
     */
    generation?: number
    /**
     * Whose failure it was rolled back for.
     */
    cause?: {
      /**
       * namespace/name of that OrchestratedService.
       */
      key: string
      /**
       * Of its spec; another one begins anew.
       */
      generation: number
    }
  }
  /**
   * How far healing has come; another process goes on from here.
   */
  healing?: {
    /**
     * Closed: acts are done. Open: they did not help and are not done. HalfOpen: one is tried.
     */
    circuit: ("Closed" | "Open" | "HalfOpen")
    /**
     * Acts that were done in this illness.
     */
    attempts: number
    /**
     * Acts in a row that did not help.
     */
    failures?: number
    /**
     * When this illness began.
     */
    since?: string
    /**
     * When it ended; a relapse soon after goes on with its attempts.
     */
    recoveredAt?: string
    /**
     * No act before this.
     */
    nextAttemptAt?: string
    /**
     * The effect of an act is awaited.
     */
    awaits?: boolean
    /**
     * The Workflow that an act started and that has not ended.
     */
    workflow?: string
    /**
     * The generation of the spec for which every attempt was used up.
     */
    exhaustedGeneration?: number
    /**
     * The revision of the pods when the service was last Healthy and rolled out completely.
     */
    healthyRevision?: string
    /**
     * When pods were taken or rollouts begun, the oldest first; they count for the disruption budgets.
     *
     * @maxItems 50
     */
    disruptions?: string[]
    /**
     * The act that is being done.
     */
    intent?: {
      /**
       * What the workload is stamped with.
       */
      id: string
      /**
       * As in spec.healing.actions.
       */
      type: ("DeletePod" | "Restart" | "RollbackRevision" | "Workflow")
      /**
       * What is gone back to.
       */
      revision?: string
      /**
       * Those that are evicted.
       *
       * @maxItems 50
       */
      pods?: {
        /**
         * Name of the pod.
         */
        name: string
        /**
         * And which one of that name.
         */
        uid: string
      }[]
    }
  }
  /**
   * What an emergency halt or a planned stop took from the workload, and gives back.
   */
  halt?: {
    /**
     * Which halt; stop-<namespace> for a planned stop of the namespace.
     */
    id?: string
    /**
     * What the workload had, and gets back.
     */
    originalReplicas?: number
    /**
     * Who began it: Manual, the name of a rule, Found, or Planned.
     */
    by?: string
    /**
     * When that was seen.
     */
    at?: string
  }
  /**
   * The last thing that was done or was to be done, and why; where Baton does not act, the last conclusion about the health. All others are in the history, where that is switched on.
   */
  lastDecision?: {
    /**
     * What it was about, such as Scaling or Health.
     */
    kind?: string
    /**
     * What was decided, such as ScaledUp, WouldScaleDown or ScaleUpRefused.
     */
    verdict?: string
    /**
     * What came of it. Written: this status tells it. Done: something was changed. Refused: it was to be changed and was not. Rehearsed: spec.mode says to change nothing.
     */
    outcome?: ("Written" | "Done" | "Refused" | "Rehearsed")
    /**
     * What settled it, in one word of a closed list (docs/reference/reasons.md).
     */
    rule?: string
    /**
     * What was seen, and what follows.
     */
    because?: string
    /**
     * Share of the evidence that was fresh.
     */
    confidence?: string
    /**
     * When.
     */
    at?: string
  }
  /**
   * What holds and what does not, after kstatus; Ready is always there, Reconciling and Stalled only while they hold.
   *
   * @maxItems 24
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
