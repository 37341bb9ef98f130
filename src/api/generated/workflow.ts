/* Generated from crds/workflows.baton.dev.yaml by npm run generate; edit that file instead. */

/**
 * What is to be done.
 */
export interface WorkflowSpec {
  /**
   * A WorkflowTemplate of this namespace, whose content is copied into this spec when the workflow begins; instead of steps.
   */
  templateRef?: {
    /**
     * Its name.
     */
    name: string
  }
  /**
   * What it is for; Maintenance where it says nothing. It is a label of metrics, and the emergency halt may let workflows of a type go on.
   */
  type?: ("Optimization" | "Monitoring" | "Scaling" | "Maintenance" | "Recovery")
  /**
   * Plan resolves all and tries every step on the API server as a dry run, shows what would change, and changes nothing.
   */
  mode: ("Execute" | "Plan")
  /**
   * Who goes first when many wait; it rises while a workflow waits, so that none waits for ever.
   */
  priority: number
  /**
   * Values for the templates in steps, written parameters.NAME there.
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
   * Workflows of this namespace that have to end first.
   *
   * @maxItems 20
   */
  dependsOn?: {
    /**
     * Its name.
     */
    name: string
    /**
     * How it has to end.
     */
    condition: ("Succeeded" | "Finished" | "Failed")
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
   * Who wants it: the user that creates it. The API server compares.
   */
  requestedBy?: string
  /**
   * The ServiceAccount of this namespace as which steps that write act. Needed where a step writes.
   */
  serviceAccountName?: string
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
   * Begins no step while it is true. What has begun goes on.
   */
  suspend: boolean
  /**
   * An order to end it. It cannot be taken back.
   */
  cancel: ("None" | "Stop" | "StopAndRollback")
  /**
   * What is done, in the order of their dependencies.
   *
   * @minItems 1
   * @maxItems 200
   */
  steps?: {
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
  /**
   * Decisions of people, one for each step and person. Append your own; nobody can write for another.
   *
   * @maxItems 200
   */
  approvals: {
    /**
     * The step that waits for it.
     */
    step: string
    /**
     * Your name, as kubectl auth whoami gives it.
     */
    user: string
    /**
     * Groups of yours that allow you to.
     *
     * @maxItems 50
     */
    groups?: string[]
    /**
     * What you say.
     */
    decision: ("Approve" | "Reject")
    /**
     * Why.
     */
    comment?: string
  }[]
  /**
   * How long it is kept after its end, 0s to 8760h; for ever where it says nothing.
   */
  ttlAfterFinished?: string
}

/**
 * What has been done.
 */
export interface WorkflowStatus {
  /**
   * The generation of the spec that this status is about.
   */
  observedGeneration?: number
  /**
   * spec.type, or what it is without.
   */
  type?: string
  /**
   * Where it stands.
   */
  phase?: ("Pending" | "Queued" | "Running" | "Paused" | "Verifying" | "Succeeded" | "RollingBack" | "RolledBack" | "RollbackFailed" | "Failed" | "Cancelled" | "Planned")
  /**
   * The same in a sentence.
   */
  message?: string
  /**
   * The same in a word.
   */
  reason?: string
  /**
   * Steps that are over, of all.
   */
  progress?: string
  /**
   * The steps that are under way.
   */
  current?: string
  /**
   * When it is expected to be done, UTC; when that has passed, since when it is late.
   */
  eta?: string
  /**
   * When it began to wait.
   */
  queuedAt?: string
  /**
   * When it began to run.
   */
  startedAt?: string
  /**
   * When its last step ended and verification began.
   */
  stepsEndedAt?: string
  /**
   * When it ended.
   */
  finishedAt?: string
  /**
   * Since when it is paused.
   */
  pausedAt?: string
  /**
   * How long it was paused before, seconds; that does not count against its timeout.
   */
  pausedSeconds?: number
  /**
   * Transitions of the lease when it was last written by a leader.
   */
  epoch?: number
  /**
   * The template that it came from, and its generation.
   */
  template?: string
  /**
   * Why it is, or was, rolled back, or what it ended by.
   */
  outcome?: ("Failed" | "CriteriaFailed" | "TimedOut" | "Cancelled")
  /**
   * What went wrong first.
   */
  because?: string
  /**
   * What it holds.
   *
   * @maxItems 300
   */
  locks?: string[]
  /**
   * The rollback.
   */
  rollback?: {
    /**
     * When it began.
     */
    startedAt?: string
    /**
     * How long it was held, seconds; that does not count against its timeout.
     */
    pausedSeconds?: number
    /**
     * Steps that were left because somebody changed their target since.
     */
    drifted?: number
    /**
     * Steps that cannot be undone.
     */
    notUndone?: number
  }
  /**
   * The steps, in the order of the spec.
   *
   * @maxItems 200
   */
  steps?: {
    /**
     * Its name.
     */
    name: string
    /**
     * Where it stands.
     */
    state: ("Pending" | "Intent" | "Applying" | "Verifying" | "Succeeded" | "Failed" | "Skipped" | "Unknown" | "Compensating" | "Compensated" | "CompensationFailed")
    /**
     * Why, in a word.
     */
    reason?: string
    /**
     * Why, in a sentence.
     */
    message?: string
    /**
     * Which attempt it is, from 1.
     */
    attempt?: number
    /**
     * The stamp of this attempt on what it changes.
     */
    opId?: string
    /**
     * When its first attempt began.
     */
    startedAt?: string
    /**
     * When this attempt began.
     */
    attemptedAt?: string
    /**
     * When it ended.
     */
    finishedAt?: string
    /**
     * When it is tried again.
     */
    retryAt?: string
    /**
     * How long the workflow was paused during this attempt, seconds; that does not count against its timeout.
     */
    pausedSeconds?: number
    /**
     * Since when what it waits for is so.
     */
    since?: string
    /**
     * What was there before, for undoing it.
     */
    before?: Record<string, unknown>
    /**
     * What was there before an earlier attempt, where one may have changed something; that is what undoing puts back.
     */
    original?: Record<string, unknown>
    /**
     * What it found, for later steps.
     */
    outputs?: Record<string, unknown>
    /**
     * How it is undone.
     */
    compensation?: {
      /**
       * Where that stands.
       */
      state?: ("Intent" | "Applying" | "Verifying" | "Done" | "Failed" | "Unknown")
      /**
       * Why, in a word.
       */
      reason?: string
      /**
       * Why, in a sentence.
       */
      message?: string
      /**
       * Which attempt it is, from 1.
       */
      attempt?: number
      /**
       * Its stamp.
       */
      opId?: string
      /**
       * When it began.
       */
      startedAt?: string
      /**
       * When this attempt began.
       */
      attemptedAt?: string
      /**
       * When it ended.
       */
      finishedAt?: string
      /**
       * When it is tried again.
       */
      retryAt?: string
      /**
       * How long the rollback was held during this attempt, seconds; that does not count against its timeout.
       */
      pausedSeconds?: number
      /**
       * What was there before.
       */
      before?: Record<string, unknown>
    }
  }[]
  /**
   * successCriteria, in their order.
   *
   * @maxItems 10
   */
  criteria?: {
    /**
     * Whether it held for long enough.
     */
    met: boolean
    /**
     * Since when it holds.
     */
    since?: string
    /**
     * What is so.
     */
    message?: string
  }[]
  /**
   * What each step would do (mode Plan).
   *
   * @maxItems 200
   */
  plan?: {
    /**
     * Its name.
     */
    step: string
    /**
     * What it would do, or why it could not.
     */
    message: string
    /**
     * Whether the API server would accept it.
     */
    ok?: boolean
    /**
     * How it is undone.
     */
    undo?: ("Auto" | "Action" | "None" | "Nothing")
    /**
     * The fields that would change.
     */
    diff?: string
  }[]
  /**
   * Queued, Running, Succeeded, Stalled and RolledBack.
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
