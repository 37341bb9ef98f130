import { expect, it, test } from 'vitest';
import { projectDeployment, projectReplicaSet } from '../../../../src/controllers/project/workload.ts';
import { derive, pods } from '../fixtures.ts';

const holds = { reason: 'StartupWaits', message: 'at zero: shop/db is not up' } as const;
const part = { status: {}, conditions: [], told: [], holds };

it('a workload that is held at zero is not healthy on purpose, and nothing is known of it', () => {
  const workload = { desired: 0 };
  const held = derive({ workload, pods: [], parts: [{ ...part, keepsAtZero: holds }] }).status;
  expect(held).toMatchObject({ health: 'Unknown', phase: 'Pending', everAvailable: false });
  expect(held.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'False', ...holds }));
  // Raised, it is new: its pods start.
  const raised = derive({ status: held, pods: pods(0, 3) }).status;
  expect(raised).toMatchObject({ health: 'Unknown', phase: 'Progressing' });
  expect(derive({ status: raised }).status).toMatchObject({ health: 'Healthy', everAvailable: true });
  expect(derive({ workload, pods: [], parts: [part] }).status).toMatchObject({
    health: 'Healthy',
    phase: 'ScaledToZero',
  });
});

const raw = (annotations: Record<string, string>, more: object = {}) => ({
  metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '1', annotations, ...more },
  spec: { replicas: 0 },
});

test.each([
  ['3', 3],
  ['0', undefined],
  ['-1', undefined],
  ['three', undefined],
  ['9999999999', undefined],
])('the annotation %j keeps %s replicas', (text, kept) => {
  expect(projectDeployment(raw({ 'baton.dev/startup-replicas': text })).startupReplicas).toBe(kept);
});

it('the annotations that a ReplicaSet has from its Deployment are not its own', () => {
  const annotations = { 'baton.dev/startup-replicas': '3' };
  const ownerReferences = [{ kind: 'Deployment', name: 'web', uid: 'd', controller: true }];
  expect(projectReplicaSet(raw(annotations, { ownerReferences })).startupReplicas).toBeUndefined();
  expect(projectReplicaSet(raw(annotations)).startupReplicas).toBe(3);
});
