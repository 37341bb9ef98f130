import { expect, it } from 'vitest';
import type { OrchestrationSpec } from '../../../../src/api/kinds.ts';
import { DEFAULT_POLICY } from '../../../../src/domain/orchestration/policy.ts';
import { workflowPolicy } from '../../../../src/domain/workflow/policy.ts';

it('reads what the policy says of workflows', () => {
  const limits = { maxConcurrentWorkflows: 3, maxWorkflowDepth: 2, maxWorkflowDuration: '90m' };
  const workflows: OrchestrationSpec['workflows'] = {
    slots: [{ name: 'db', capacity: 2 }],
    ageing: 0,
    haltExempt: ['Recovery'],
  };
  expect(workflowPolicy({ ...DEFAULT_POLICY, limits, workflows })).toEqual({
    maxConcurrent: 3,
    maxDepth: 2,
    maxDurationMs: 5_400_000,
    ageing: 0,
    slots: new Map([['db', 2]]),
    haltExempt: ['Recovery'],
  });
});

it('takes the defaults where a policy of an older release, which a status remembers, says nothing', () => {
  const { limits: _, workflows: __, ...older } = DEFAULT_POLICY;
  expect(workflowPolicy(older as OrchestrationSpec)).toEqual(workflowPolicy(DEFAULT_POLICY));
  expect(workflowPolicy(DEFAULT_POLICY)).toMatchObject({
    maxConcurrent: 10,
    maxDurationMs: 86_400_000,
    haltExempt: [],
  });
});
