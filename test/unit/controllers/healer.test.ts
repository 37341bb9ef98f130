import { describe, expect, it } from 'vitest';
import type { OrchestratedServiceStatus } from '../../../src/api/kinds.ts';
import type { Proposal } from '../../../src/controllers/acts/actor.ts';
import type { ActOutcome } from '../../../src/controllers/acts/ports.ts';
import { Healer } from '../../../src/controllers/healing/healer.ts';
import { NOW, pods, UNBOUNDED } from '../domain/fixtures.ts';
import { Bed } from './bed.ts';
import type { PodSnapshot, WorkloadSnapshot } from '../../../src/domain/snapshot.ts';
import { CALM } from '../../../src/domain/guard/situation.ts';

const HEALING = {
  actions: [{ type: 'DeletePod' }],
  when: 'Failed',
  after: '30s',
  backoff: { initial: '30s', factor: 2, max: '5m' },
  maxAttempts: 5,
  circuitBreaker: { failures: 5, recovery: '60s' },
} as const;

/** A healer for which there is nothing to do. */
const idle = (bed: Bed): Healer =>
  new Healer({
    actor: { carryOut: () => Promise.reject(new Error('nothing is to be done')) },
    situations: { of: () => CALM, left: () => ({ left: 10, message: '' }) },
    workflow: () => Promise.reject(new Error('there is none')),
    hasTemplate: () => true,
    now: () => bed.now,
    random: () => 0,
  });

/** What a healer is given of the service web, with these pods. */
function lookAt(bed: Bed, workload: Partial<WorkloadSnapshot> = {}, pods: readonly PodSnapshot[] = []) {
  const service = bed.stores.services.get('shop/web');
  if (!service) throw new Error('not there');
  const target = { state: 'Found', workload: bed.deployment('web', workload) } as const;
  const signal = new AbortController().signal;
  return { key: 'shop/web', service, target, pods, dependencies: [], held: undefined, isSafe: true, signal };
}

it.each([
  ['DependencyUnhealthy', 30_000],
  ['MassFailure', 30_000],
  ['MaintenanceWindow', 0],
])('waits after %s has held it back for %i ms', async (reason, ms) => {
  const bed = new Bed();
  const part = idle(bed);
  const since = new Date(NOW - 600_000).toISOString();
  const healing = { circuit: 'Closed', attempts: 0, since } as const;
  const conditions = [{ type: 'Healing', status: 'False', reason, message: '', lastTransitionTime: since } as const];
  const ladder = { ...HEALING, actions: [{ type: 'Restart' as const }] };
  bed.service('web', { healing: ladder }, { health: 'Failed', healing, conditions });
  const answer = await part.look(lookAt(bed));
  const { intent, nextAttemptAt } = answer?.findings.status.healing ?? {};
  expect(intent === undefined).toBe(ms > 0);
  expect(Date.parse(nextAttemptAt ?? new Date(NOW).toISOString())).toBe(NOW + ms);
});

it('is not asked again and again about an episode that is over while the level is not known', async () => {
  const bed = new Bed();
  const part = idle(bed);
  const long = new Date(NOW - 600_000).toISOString();
  const healing = { circuit: 'Closed', attempts: 1, since: long, recoveredAt: long } as const;
  bed.service('web', { healing: { ...HEALING, actions: [...HEALING.actions] } }, { health: 'Unknown', healing });
  const answer = await part.look(lookAt(bed));
  expect(answer?.lookAgainInMs).toBe(Infinity);
});

it.each([
  ['not the revision of a rollout that it saw before the Deployment told of it', 0, 'good'],
  ['that of pods most of which are ready', 2, 'new'],
])('remembers as healthy %s', async (_, ready, remembered) => {
  const bed = new Bed();
  const part = idle(bed);
  const healing = { circuit: 'Closed', attempts: 0, healthyRevision: 'good' } as const;
  // The level is that of the pods before, and the Deployment is as it was before somebody changed its template.
  bed.service('web', { healing: { ...HEALING, actions: [...HEALING.actions] } }, { health: 'Healthy', healing });
  const template = { ...UNBOUNDED, labels: { 'pod-template-hash': 'new' } };
  const answer = await part.look(lookAt(bed, { desired: 3 }, pods(ready, 3 - ready, { template })));
  expect(answer?.findings.status.healing?.healthyRevision).toBe(remembered);
});

describe('an act of type Workflow', () => {
  const written = { template: 'mend', parameters: [{ name: 'how', value: 'gently' }], serviceAccountName: 'mender' };
  const healing = { ...HEALING, actions: [{ type: 'Workflow', workflow: written }] };
  const id = 'shop/web healing 1 at 2026-05-01T10:00:00.000Z';
  const since = new Date(NOW - 60_000).toISOString();
  const intended = { circuit: 'Closed', attempts: 0, since, intent: { id, type: 'Workflow' } } as const;

  async function look(
    status: OrchestratedServiceStatus,
    outcome: ActOutcome,
    standing = 'Running',
    actions: readonly object[] = healing.actions,
    templates = ['shop/mend'],
  ) {
    const bed = new Bed();
    const proposals: Proposal[] = [];
    const asked: string[] = [];
    const part = new Healer({
      actor: {
        carryOut: (proposal) => {
          proposals.push(proposal);
          return Promise.resolve(outcome);
        },
      },
      situations: { of: () => CALM, left: () => ({ left: 10, message: '' }) },
      workflow: (key) => {
        asked.push(key);
        return standing === 'Silent' ? Promise.reject(new Error('no answer')) : Promise.resolve(standing as 'Running');
      },
      hasTemplate: (key) => templates.includes(key),
      now: () => NOW,
      random: () => 0,
    });
    const ladder = { ...healing, actions };
    bed.service('web', { mode: 'Enforce', healing: ladder } as never, { health: 'Failed', ...status });
    const answer = await part.look(lookAt(bed));
    return { acts: proposals.map(({ act, cause }) => ({ ...act, cause })), asked, answer };
  }

  it('starts what the spec says, by a name that is the same for each try of that act', async () => {
    const { acts, answer } = await look({ healing: intended }, { kind: 'written', resourceVersion: '1' });
    expect(acts).toMatchObject([{ type: 'StartWorkflow', cause: 'Healing', id, service: 'web', ...written }]);
    const [act] = acts;
    const name = act?.type === 'StartWorkflow' ? act.name : '';
    expect(name).toMatch(/^web-heal-[0-9a-f]{8}$/);
    expect(answer?.findings.status.healing).toMatchObject({ workflow: name, attempts: 1, awaits: true });
    expect(answer?.findings.status.healing?.intent).toBeUndefined();
    expect(answer?.findings.told[0]).toMatchObject({ to: 'WorkflowStarted', outcome: 'Done' });
    expect(answer?.findings.conditions[0]).toMatchObject({
      status: 'True',
      message: `the service is Failed; workflow ${name} runs`,
    });

    // Who died before the status was written finds the intent, and the workflow there.
    const after = await look({ healing: intended }, { kind: 'already' });
    expect(after.acts).toMatchObject([{ name }]);
    expect(after.answer?.findings.status.healing).toMatchObject({ workflow: name, attempts: 1 });
    const another = { ...intended, intent: { id: id.replace('1 at', '2 at'), type: 'Workflow' } } as const;
    expect((await look({ healing: another }, { kind: 'already' })).acts).not.toMatchObject([{ name }]);
  });

  it('that was refused is no attempt, and says so', async () => {
    const { answer } = await look({ healing: intended }, { kind: 'refused', message: 'of somebody else' });
    expect(answer?.findings.status.healing).toMatchObject({ attempts: 0 });
    expect(answer?.findings.status.healing?.workflow).toBeUndefined();
    const told = {
      reason: 'HealingRefused',
      message: expect.stringContaining('did not start a workflow: of somebody else'),
    };
    expect(answer?.findings.told[0]).toMatchObject(told);
  });

  it('is passed over where its template is not there, which is told before anything is ill', async () => {
    const outcome: ActOutcome = { kind: 'written', resourceVersion: '1' };
    const ladder = [...healing.actions, { type: 'Restart' }];
    const due = { circuit: 'Closed', attempts: 0, since } as const;
    const { answer } = await look({ healing: due }, outcome, 'Running', ladder, []);
    expect(answer?.findings.status.healing?.intent?.type).toBe('Restart');
    const alone = await look({ healing: due }, outcome, 'Running', healing.actions, []);
    expect(alone.answer?.findings.status.healing?.intent).toBeUndefined();
    expect(alone.answer?.findings.conditions[0]).toMatchObject({
      reason: 'NoActFits',
      message: expect.stringContaining('there is no WorkflowTemplate mend'),
    });
    const well = await look({ health: 'Healthy' }, outcome, 'Running', ladder, []);
    expect(well.answer?.findings.conditions[0]).toMatchObject({
      status: 'False',
      reason: 'TemplateNotFound',
      message: expect.stringContaining('there is no WorkflowTemplate mend'),
    });

    // It went between the intent and the act.
    const gone = await look({ healing: intended }, outcome, 'Running', healing.actions, []);
    expect(gone.acts).toEqual([]);
    expect(gone.answer?.findings.status.healing).toMatchObject({ attempts: 0 });
    expect(gone.answer?.findings.told[0]).toMatchObject({
      reason: 'HealingRefused',
      message: expect.stringContaining('there is no WorkflowTemplate mend'),
    });
  });

  it.each([
    ['Waiting', 'has not begun yet'],
    ['Running', 'runs'],
    ['Silent', 'runs'],
  ])('is waited for: %s', async (standing, words) => {
    const runs = {
      circuit: 'Closed',
      attempts: 1,
      since,
      awaits: true,
      workflow: 'web-heal-1',
      nextAttemptAt: since,
    } as const;
    const { acts, asked, answer } = await look({ healing: runs }, { kind: 'already' }, standing);
    expect([acts, asked]).toEqual([[], ['shop/web-heal-1']]);
    expect(answer?.findings.status.healing).toMatchObject({ workflow: 'web-heal-1' });
    expect(answer?.findings.conditions[0]?.message).toContain(`workflow web-heal-1 ${words}`);
    expect(answer?.lookAgainInMs).toBe(standing === 'Silent' ? 10_000 : Infinity);
  });
});
