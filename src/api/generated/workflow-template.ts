/* Generated from crds/workflowtemplates.baton.dev.yaml by npm run generate; edit that file instead. */

/**
 * What workflows from it do.
 */
export interface WorkflowTemplateSpec {
  /**
   * What it is for, in words.
   */
  description?: string
  /**
   * What a workflow has to say, or may.
   *
   * @maxItems 64
   */
  parameters?: {
    /**
     * Its name, as in parameters.NAME.
     */
    name: string
    /**
     * What it means.
     */
    description?: string
    /**
     * Its value where a workflow does not say it; without a default it has to.
     */
    default?: string
    /**
     * A regular expression (RE2) that the whole value has to match.
     */
    pattern?: string
    /**
     * Values there are.
     *
     * @minItems 1
     * @maxItems 64
     */
    enum?: string[]
  }[]
  /**
   * What it is for; Maintenance where it says nothing. It is a label of metrics, and the emergency halt may let workflows of a type go on.
   */
  type?: ("Optimization" | "Monitoring" | "Scaling" | "Maintenance" | "Recovery")
  /**
   * Workloads that this workflow has to itself, or shares. Those that its steps write to are held exclusively whether they are listed or not.
   *
   * @maxItems 50
   */
  targets?: {
    /**
     * Group and version of its kind.
     */
    apiVersion: string
    /**
     * Its kind.
     */
    kind: string
    /**
     * Its name; templates may use parameters.
     */
    name: string
    /**
     * Exclusive: no other workflow acts on it, and scaling, healing and failover wait. Shared: only those that want it exclusively wait.
     */
    access: ("Exclusive" | "Shared")
  }[]
  /**
   * Takes of what there is only so much of (Orchestration spec.workflows.slots), while it runs.
   *
   * @maxItems 16
   */
  slots?: {
    /**
     * Its name.
     */
    name: string
    /**
     * How many.
     */
    units: number
  }[]
  /**
   * How long it may run, 1s to 168h; 1h where it says nothing. After that it fails, and is rolled back where rollback.after says TimedOut.
   */
  timeout?: string
  /**
   * How long it is expected to take, 1s to 168h; without it earlier runs tell.
   */
  estimatedDuration?: string
  /**
   * Steps at one time; 4 where it says nothing.
   */
  maxParallelSteps?: number
  /**
   * What is done, in the order of their dependencies.
   *
   * @minItems 1
   * @maxItems 200
   */
  steps: {
    /**
     * Its name, as in steps.NAME.outputs; with a - in it steps['NAME'].outputs.
     */
    name: string
    /**
     * Steps that come before. Without it a step may begin at once.
     *
     * @maxItems 16
     */
    dependsOn?: string[]
    /**
     * CEL over parameters and steps; where it is false the step is Skipped.
     */
    when?: string
    /**
     * How often it is tried again.
     */
    retry?: {
      /**
       * Attempts after the first.
       */
      limit: number
      /**
       * The time between two attempts.
       */
      backoff: {
        /**
         * Before the second attempt, 10ms to 1h.
         */
        initial: string
        /**
         * By how much it grows each time.
         */
        factor: number
        /**
         * No longer than this, 10ms to 24h.
         */
        max: string
      }
    }
    /**
     * How long one attempt may take, 1s to 168h; 5m where it says nothing (approval: as long as the workflow may run).
     */
    timeout?: string
    /**
     * How it may end without the workflow failing; steps after it run all the same.
     *
     * @maxItems 3
     */
    continueOn?: ("Failed" | "TimedOut" | "Unknown")[]
    /**
     * Gives a workload another number of replicas, and waits until they are ready.
     */
    scale?: {
      /**
       * An object of this namespace.
       */
      target: {
        /**
         * Group and version of its kind.
         */
        apiVersion: string
        /**
         * Its kind.
         */
        kind: string
        /**
         * Its name; templates may use parameters.
         */
        name: string
      }
      /**
       * A number from 0 to 100000, or a template that gives one.
       */
      replicas: number | string
    }
    /**
     * Rolls all pods of a workload, as kubectl rollout restart does, and waits until the new ones are ready.
     */
    restart?: {
      /**
       * An object of this namespace.
       */
      target: {
        /**
         * Group and version of its kind.
         */
        apiVersion: string
        /**
         * Its kind.
         */
        kind: string
        /**
         * Its name; templates may use parameters.
         */
        name: string
      }
    }
    /**
     * Changes an object of this namespace.
     */
    patch?: {
      /**
       * An object of this namespace.
       */
      target: {
        /**
         * Group and version of its kind.
         */
        apiVersion: string
        /**
         * Its kind.
         */
        kind: string
        /**
         * Its name; templates may use parameters.
         */
        name: string
      }
      /**
       * As in kubectl patch --type.
       */
      type: ("Merge" | "Strategic" | "JSON")
      /**
       * JSON or YAML; its texts may be templates.
       */
      patch: string
    }
    /**
     * Runs a Job and waits for its end. What its container leaves as termination message (a JSON object) are the outputs.
     */
    job?: {
      /**
       * The spec of a Job (batch/v1); its texts may be templates.
       */
      template: Record<string, unknown>
    }
    /**
     * Waits for some time, or until an object is as it should be.
     */
    wait?: {
      /**
       * How long, 0s to 168h, or a template that gives it.
       */
      duration?: string
      /**
       * An object of this namespace.
       */
      target?: {
        /**
         * Group and version of its kind.
         */
        apiVersion: string
        /**
         * Its kind.
         */
        kind: string
        /**
         * Its name; templates may use parameters.
         */
        name: string
      }
      /**
       * A condition of the target that has to be True, such as Available.
       */
      condition?: string
      /**
       * CEL over object, parameters and steps that has to be true.
       */
      expression?: string
    }
    /**
     * Waits until an OrchestratedService of this namespace is healthy enough.
     */
    health?: {
      /**
       * Its name.
       */
      service: string
      /**
       * The lowest level that will do.
       */
      atLeast: ("Healthy" | "Warning" | "Degraded" | "Critical")
      /**
       * For how long it has to be so, 0s to 24h; 0s where it says nothing.
       */
      for?: string
    }
    /**
     * Sends a request.
     */
    http?: {
      /**
       * Where to; http or https.
       */
      url: string
      /**
       * The method.
       */
      method: ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE")
      /**
       * Headers of the request.
       *
       * @maxItems 32
       */
      headers?: {
        /**
         * Its name.
         */
        name: string
        /**
         * Its value.
         */
        value: string
      }[]
      /**
       * Its body.
       */
      body?: string
      /**
       * What the answer has to be.
       */
      expect: {
        /**
         * Status codes that will do; 200 to 299 where it says nothing.
         *
         * @maxItems 16
         */
        status?: number[]
        /**
         * CEL over status, headers and body (JSON where it is) that has to be true.
         */
        expression?: string
      }
      /**
       * Whether it may be sent again where nobody knows whether it arrived. GET, HEAD, PUT and DELETE are where it says nothing.
       */
      idempotent?: boolean
    }
    /**
     * Moves the traffic of an OrchestratedService with spec.failover, and waits until it has moved.
     */
    failover?: {
      /**
       * Its name.
       */
      service: string
      /**
       * Where to.
       */
      to: ("Primary" | "Standby")
    }
    /**
     * Waits until people agree, who write themselves into spec.approvals.
     */
    approval?: {
      /**
       * Who may.
       *
       * @maxItems 50
       */
      users?: string[]
      /**
       * Whose members may. Without users and groups everybody may who is allowed to change the workflow.
       *
       * @maxItems 50
       */
      groups?: string[]
      /**
       * How many people. From two on the one who asked for the workflow is none of them.
       */
      required: number
      /**
       * What they should know.
       */
      message?: string
    }
    /**
     * Starts a workflow from a WorkflowTemplate, or one that is suspended, and waits for its end.
     */
    workflow?: {
      /**
       * A WorkflowTemplate of this namespace.
       */
      template?: string
      /**
       * Its parameters; values may be templates.
       *
       * @maxItems 64
       */
      parameters?: {
        /**
         * Its name.
         */
        name: string
        /**
         * Its value.
         */
        value: string
      }[]
      /**
       * A Workflow of this namespace; where it is suspended it is let go.
       */
      name?: string
    }
    /**
     * How this step is undone. Where it says nothing: as with auto for scale, patch and failover, and none for all others.
     */
    compensate?: {
      /**
       * Puts back what was before: for scale, patch and failover.
       */
      auto?: boolean
      /**
       * It cannot be undone: a point of no return, which Plan and status show.
       */
      none?: boolean
      /**
       * Gives a workload another number of replicas, and waits until they are ready.
       */
      scale?: {
        /**
         * An object of this namespace.
         */
        target: {
          /**
           * Group and version of its kind.
           */
          apiVersion: string
          /**
           * Its kind.
           */
          kind: string
          /**
           * Its name; templates may use parameters.
           */
          name: string
        }
        /**
         * A number from 0 to 100000, or a template that gives one.
         */
        replicas: number | string
      }
      /**
       * Rolls all pods of a workload, as kubectl rollout restart does, and waits until the new ones are ready.
       */
      restart?: {
        /**
         * An object of this namespace.
         */
        target: {
          /**
           * Group and version of its kind.
           */
          apiVersion: string
          /**
           * Its kind.
           */
          kind: string
          /**
           * Its name; templates may use parameters.
           */
          name: string
        }
      }
      /**
       * Changes an object of this namespace.
       */
      patch?: {
        /**
         * An object of this namespace.
         */
        target: {
          /**
           * Group and version of its kind.
           */
          apiVersion: string
          /**
           * Its kind.
           */
          kind: string
          /**
           * Its name; templates may use parameters.
           */
          name: string
        }
        /**
         * As in kubectl patch --type.
         */
        type: ("Merge" | "Strategic" | "JSON")
        /**
         * JSON or YAML; its texts may be templates.
         */
        patch: string
      }
      /**
       * Runs a Job and waits for its end. What its container leaves as termination message (a JSON object) are the outputs.
       */
      job?: {
        /**
         * The spec of a Job (batch/v1); its texts may be templates.
         */
        template: Record<string, unknown>
      }
      /**
       * Waits for some time, or until an object is as it should be.
       */
      wait?: {
        /**
         * How long, 0s to 168h, or a template that gives it.
         */
        duration?: string
        /**
         * An object of this namespace.
         */
        target?: {
          /**
           * Group and version of its kind.
           */
          apiVersion: string
          /**
           * Its kind.
           */
          kind: string
          /**
           * Its name; templates may use parameters.
           */
          name: string
        }
        /**
         * A condition of the target that has to be True, such as Available.
         */
        condition?: string
        /**
         * CEL over object, parameters and steps that has to be true.
         */
        expression?: string
      }
      /**
       * Sends a request.
       */
      http?: {
        /**
         * Where to; http or https.
         */
        url: string
        /**
         * The method.
         */
        method: ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE")
        /**
         * Headers of the request.
         *
         * @maxItems 32
         */
        headers?: {
          /**
           * Its name.
           */
          name: string
          /**
           * Its value.
           */
          value: string
        }[]
        /**
         * Its body.
         */
        body?: string
        /**
         * What the answer has to be.
         */
        expect: {
          /**
           * Status codes that will do; 200 to 299 where it says nothing.
           *
           * @maxItems 16
           */
          status?: number[]
          /**
           * CEL over status, headers and body (JSON where it is) that has to be true.
           */
          expression?: string
        }
        /**
         * Whether it may be sent again where nobody knows whether it arrived. GET, HEAD, PUT and DELETE are where it says nothing.
         */
        idempotent?: boolean
      }
      /**
       * Moves the traffic of an OrchestratedService with spec.failover, and waits until it has moved.
       */
      failover?: {
        /**
         * Its name.
         */
        service: string
        /**
         * Where to.
         */
        to: ("Primary" | "Standby")
      }
      /**
       * Starts a workflow from a WorkflowTemplate, or one that is suspended, and waits for its end.
       */
      workflow?: {
        /**
         * A WorkflowTemplate of this namespace.
         */
        template?: string
        /**
         * Its parameters; values may be templates.
         *
         * @maxItems 64
         */
        parameters?: {
          /**
           * Its name.
           */
          name: string
          /**
           * Its value.
           */
          value: string
        }[]
        /**
         * A Workflow of this namespace; where it is suspended it is let go.
         */
        name?: string
      }
    }
  }[]
  /**
   * What has to be so after the last step. Where it is not, the workflow has failed.
   *
   * @maxItems 10
   */
  successCriteria?: {
    /**
     * Health of an OrchestratedService of this namespace.
     */
    health?: {
      /**
       * Its name.
       */
      service: string
      /**
       * The lowest level that will do.
       */
      atLeast: ("Healthy" | "Warning" | "Degraded" | "Critical")
    }
    /**
     * CEL over parameters and steps, and object where there is a target.
     */
    expression?: string
    /**
     * An object of this namespace.
     */
    target?: {
      /**
       * Group and version of its kind.
       */
      apiVersion: string
      /**
       * Its kind.
       */
      kind: string
      /**
       * Its name; templates may use parameters.
       */
      name: string
    }
    /**
     * For how long it has to be so without a break, 0s to 24h.
     */
    for: string
    /**
     * Until when, counted from the last step, 1s to 168h.
     */
    within: string
  }[]
  /**
   * When and how what was done is undone. Where it says nothing: after Failed and CriteriaFailed, going on where one step could not be undone, for 1h.
   */
  rollback?: {
    /**
     * After what. Failed and CriteriaFailed where it says nothing; [] means never. cancel: StopAndRollback always does.
     *
     * @maxItems 4
     */
    after?: ("Failed" | "CriteriaFailed" | "TimedOut" | "Cancelled")[]
    /**
     * Whether to go on undoing where one step could not be undone.
     */
    onError: ("Continue" | "Stop")
    /**
     * How long it may take in all, 1s to 168h.
     */
    timeout: string
  }
}

/**
 * Whether it can be used.
 */
export interface WorkflowTemplateStatus {
  /**
   * The generation of the spec that this status is about.
   */
  observedGeneration?: number
  /**
   * Steps it has.
   */
  steps?: number
  /**
   * Ready: whether a workflow can be started from it.
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
