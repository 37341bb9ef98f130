/** On a workload that a failover took to zero: the replicas that it had. */
export const FENCED_REPLICAS = 'baton.dev/fenced-replicas';

/** On a Service whose traffic a failover moved: it rises with each switch. */
export const FAILOVER_EPOCH = 'baton.dev/failover-epoch';

/** On what a step of a workflow changed or made: the opId of that attempt. */
export const OPERATION = 'baton.dev/op';

/** A label of what a step of a workflow made: the uid of the Workflow. */
export const WORKFLOW = 'baton.dev/workflow';
