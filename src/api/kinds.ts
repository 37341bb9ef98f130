import type { OrchestrationSpec, OrchestrationStatus } from './generated/orchestration.ts';
import type { OrchestratedServiceSpec, OrchestratedServiceStatus } from './generated/orchestrated-service.ts';

import type { ScheduledWorkflowSpec, ScheduledWorkflowStatus } from './generated/scheduled-workflow.ts';
import type { WorkflowSpec, WorkflowStatus } from './generated/workflow.ts';
import type { WorkflowTemplateSpec, WorkflowTemplateStatus } from './generated/workflow-template.ts';

export type { OrchestrationSpec, OrchestrationStatus, OrchestratedServiceSpec, OrchestratedServiceStatus };
export type {
  WorkflowSpec,
  WorkflowStatus,
  WorkflowTemplateSpec,
  WorkflowTemplateStatus,
  ScheduledWorkflowSpec,
  ScheduledWorkflowStatus,
};

export const GROUP = 'baton.dev';
export const VERSION = 'v1alpha1';

/** The one Orchestration there is. */
export const ORCHESTRATION_NAME = 'default';

/** The part of Kubernetes' ObjectMeta that Baton reads. Times are RFC 3339. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface OrchestratedService {
  apiVersion: 'baton.dev/v1alpha1';
  kind: 'OrchestratedService';
  metadata: ObjectMeta & { namespace: string };
  spec: OrchestratedServiceSpec;
  status?: OrchestratedServiceStatus;
}

export interface Orchestration {
  apiVersion: 'baton.dev/v1alpha1';
  kind: 'Orchestration';
  metadata: ObjectMeta;
  spec?: OrchestrationSpec;
  status?: OrchestrationStatus;
}

export interface Workflow {
  apiVersion: 'baton.dev/v1alpha1';
  kind: 'Workflow';
  metadata: ObjectMeta & { namespace: string };
  spec: WorkflowSpec;
  status?: WorkflowStatus;
}

export interface WorkflowTemplate {
  apiVersion: 'baton.dev/v1alpha1';
  kind: 'WorkflowTemplate';
  metadata: ObjectMeta & { namespace: string };
  spec: WorkflowTemplateSpec;
  status?: WorkflowTemplateStatus;
}

export interface ScheduledWorkflow {
  apiVersion: 'baton.dev/v1alpha1';
  kind: 'ScheduledWorkflow';
  metadata: ObjectMeta & { namespace: string };
  spec: ScheduledWorkflowSpec;
  status?: ScheduledWorkflowStatus;
}

export type WorkflowStep = NonNullable<WorkflowSpec['steps']>[number];
export type WorkflowPhase = NonNullable<WorkflowStatus['phase']>;
export type StepStatus = NonNullable<WorkflowStatus['steps']>[number];

export type Condition = NonNullable<OrchestratedServiceStatus['conditions']>[number];
export type Check = NonNullable<NonNullable<OrchestratedServiceSpec['health']>['checks']>[number];
export type Priority = OrchestratedServiceSpec['priority'];

/** Levels from best to worst; Unknown before the first evidence. */
export const HEALTH_LEVELS = ['Healthy', 'Warning', 'Degraded', 'Critical', 'Failed'] as const;
export type HealthLevel = (typeof HEALTH_LEVELS)[number];
export type Health = HealthLevel | 'Unknown';
