/** Objects that are accepted as they are, for tests that change one part of them. */
const apiVersion = 'baton.dev/v1alpha1';
const deployment = { kind: 'Deployment', name: 'checkout' };

/** A step that needs no account. */
export const pause = { name: 'pause', wait: { duration: '1s' } };
export const grow = { name: 'grow', scale: { target: deployment, replicas: 3 } };

export const workflow = (spec: object, name = 'sale') => ({
  apiVersion,
  kind: 'Workflow',
  metadata: { name },
  spec: { serviceAccountName: 'ops', ...spec },
});

export const template = (spec: object, name = 'sale') => ({
  apiVersion,
  kind: 'WorkflowTemplate',
  metadata: { name },
  spec,
});

export const schedule = (spec: object, name = 'nightly') => ({
  apiVersion,
  kind: 'ScheduledWorkflow',
  metadata: { name },
  spec: { schedule: '0 3 * * *', template: 'sale', ...spec },
});

export const workflowsOf = (namespace: string) => `/apis/${apiVersion}/namespaces/${namespace}/workflows`;
export const templatesOf = (namespace: string) => `/apis/${apiVersion}/namespaces/${namespace}/workflowtemplates`;
export const schedulesOf = (namespace: string) => `/apis/${apiVersion}/namespaces/${namespace}/scheduledworkflows`;
