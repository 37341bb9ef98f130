/** On a workload that a failover took to zero: the replicas that it had. */
export const FENCED_REPLICAS = 'baton.dev/fenced-replicas';

/** On a Service whose traffic a failover moved: it rises with each switch. */
export const FAILOVER_EPOCH = 'baton.dev/failover-epoch';

/** On what a step of a workflow changed or made: the opId of that attempt. */
export const OPERATION = 'baton.dev/op';

/** A label of what a step of a workflow made: the uid of the Workflow. */
export const WORKFLOW = 'baton.dev/workflow';

/** On a Workflow whose content was copied from a template: `name@generation` of that, from the same write on. */
export const COPIED_FROM = 'baton.dev/copied-from';

/** On a workload or a namespace, as a label: "true" asks for discovery, "false" keeps it away and wins. */
export const DISCOVER = 'baton.dev/discover';

/** On an OrchestratedService that discovery made: by which of its rules. Without it the service is its people's. */
export const DISCOVERED_BY = 'baton.dev/discovered-by';

/** And what discovery last wrote, as JSON: what differs from it by now, people changed. */
export const DISCOVERY_WROTE = 'baton.dev/discovery-wrote';

/** The label by which Kubernetes' tools know who looks after an object, and what discovery writes there. */
export const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const MANAGED_BY_BATON = 'baton';

/** On a Workflow that healing started: the name of its OrchestratedService. */
export const HEALS = 'baton.dev/heals';

/** On a Workflow: for which time of its schedule it was started. */
export const SCHEDULED_AT = 'baton.dev/scheduled-at';
