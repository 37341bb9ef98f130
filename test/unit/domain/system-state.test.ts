import { describe, expect, it } from 'vitest';
import type { OrchestratedServiceStatus, OrchestrationStatus } from '../../../src/api/kinds.ts';
import type { EmergencyFindings } from '../../../src/domain/emergency/derive.ts';
import { DEFAULT_POLICY } from '../../../src/domain/orchestration/policy.ts';
import { summarise, type SummaryInput } from '../../../src/domain/orchestration/summarise.ts';
import { sampled, trendOf, type Sample } from '../../../src/domain/orchestration/trend.ts';
import { MINUTE, NOW, SECOND, stored } from './fixtures.ts';

const condition = (type: string, status: 'True' | 'False', reason: string) => ({
  type,
  status,
  reason,
  message: '',
  lastTransitionTime: '2026-05-01T10:00:00Z',
});
const well: OrchestratedServiceStatus = { health: 'Healthy', score: 100, everAvailable: true, phase: 'Running' };
const down: OrchestratedServiceStatus = { ...well, health: 'Failed', score: 0 };
const scaling: OrchestratedServiceStatus = { ...well, replicas: { current: 2, desired: 5, recommended: 5 } };
const limited: OrchestratedServiceStatus = {
  ...well,
  conditions: [condition('ScalingLimited', 'True', 'CapacityBudget')],
};
const moving: OrchestratedServiceStatus = { ...well, failover: { state: 'Switching' } } as OrchestratedServiceStatus;

const halted = (
  state: 'Halting' | 'Halted' | 'Resuming' | 'Resumed',
  by: 'Manual' | 'Found' = 'Manual',
): EmergencyFindings => ({
  status: { halt: { id: 'halt-1', state, by } },
  halted: undefined,
  transitions: [],
  lookAgainAt: undefined,
});

/** One look after the other, each a second later, from the status of the one before. */
function sum(
  statuses: readonly OrchestratedServiceStatus[],
  previous?: OrchestrationStatus,
  more: Partial<SummaryInput> = {},
) {
  return summarise({
    services: statuses.map((status, index) => ({
      namespace: 'shop',
      name: `s${index}`,
      priority: 'Normal',
      status,
      observed: true,
    })),
    policy: DEFAULT_POLICY,
    generation: 1,
    problems: [],
    shuttingDown: false,
    previous: previous && stored(previous),
    now: NOW,
    ...more,
  });
}

describe('the state of the system', () => {
  it('is the first that is so, in the order of how much it matters', () => {
    const windows = {
      ...DEFAULT_POLICY,
      maintenanceWindows: [{ schedule: '* * * * *', duration: '2m', timeZone: 'UTC' }],
    };
    const all = [well, limited, scaling, down, moving];
    const state = (statuses: readonly OrchestratedServiceStatus[], more: Partial<SummaryInput> = {}) =>
      sum(statuses, undefined, more).status.state;
    expect(state(all, { emergency: halted('Halted'), policy: windows })).toBe('EmergencyHalt');
    expect(state(all, { emergency: halted('Resumed'), policy: windows })).toBe('Failover');
    expect(state([well, limited, scaling, down], { policy: windows })).toBe('Maintenance');
    expect(state([well, limited, scaling, down])).toBe('Degraded');
    expect(state([well, limited, scaling])).toBe('Scaling');
    expect(state([well, limited], { workflows: ['Running'] })).toBe('Coordinating');
    expect(state([well, limited])).toBe('Optimizing');
    expect(state([well])).toBe('Active');
  });

  it('is EmergencyHalt until everything is back, also before every service was looked at', () => {
    for (const state of ['Halting', 'Halted', 'Resuming'] as const)
      expect(sum([well], undefined, { emergency: halted(state) }).status.state).toBe('EmergencyHalt');
  });

  it('is no EmergencyHalt because workloads carry an id that nobody knows', () => {
    expect(sum([well], undefined, { emergency: halted('Halted', 'Found') }).status.state).toBe('Active');
  });

  it('is Scaling for a minute at least, and makes no Event of it', () => {
    const active = sum([well]).status;
    const begun = sum([scaling], active);
    expect(begun.transitions).toEqual([]);
    expect(begun.lookAgainAt).toBe(NOW + MINUTE);
    const soon = sum([well], begun.status, { now: NOW + 30 * SECOND });
    expect(soon.status.state).toBe('Scaling');
    const later = sum([well], soon.status, { now: NOW + MINUTE });
    expect(later.status.state).toBe('Active');
    expect(later.status.history?.map(({ from, to }) => `${from} → ${to}`)).toEqual([
      'new → Active',
      'Active → Scaling',
      'Scaling → Active',
    ]);
    expect(sum([down], begun.status).transitions).toMatchObject([{ to: 'Degraded', type: 'Warning' }]);
  });

  it('remembers the last 20 changes', () => {
    let status = sum([well]).status;
    for (let change = 0; change < 30; change++)
      status = sum([change % 2 === 0 ? down : well], status, { now: NOW + change * MINUTE }).status;
    expect(status.history).toHaveLength(20);
    expect(status.history?.at(-1)).toMatchObject({ from: 'Degraded', to: 'Active', at: '2026-05-01T10:29:00Z' });
  });

  it('counts objectives that are met, and what is recommended most', () => {
    const advice = (...types: ('MemoryLimit' | 'CPURequest')[]): OrchestratedServiceStatus => ({
      ...well,
      recommendations: types.map((type) => ({ type, action: 'do', confidence: 1, because: 'so' })),
    });
    const { status } = sum([
      { ...well, conditions: [condition('ObjectivesMet', 'True', 'ObjectivesMet')] },
      { ...well, conditions: [condition('ObjectivesMet', 'False', 'BudgetExhausted')] },
      advice('MemoryLimit', 'CPURequest'),
      advice('MemoryLimit'),
    ]);
    expect(status.objectives).toEqual({ total: 2, met: 1 });
    expect(status.recommendations).toEqual([
      { type: 'MemoryLimit', services: 2, first: 'shop/s2' },
      { type: 'CPURequest', services: 1, first: 'shop/s2' },
    ]);
  });
});

describe('the trend of the score', () => {
  /** One look a minute. */
  function watch(...scores: readonly number[]) {
    let samples: readonly Sample[] = [];
    let trend: ReturnType<typeof trendOf>;
    const said = scores.map((score, minute) => {
      samples = sampled(samples, score, minute * MINUTE);
      samples = sampled(samples, 0, minute * MINUTE + SECOND);
      trend = trendOf(samples, trend, minute * MINUTE);
      return trend;
    });
    return { said, samples };
  }
  const flat = (count: number, score: number): number[] => Array.from({ length: count }, () => score);

  it('is unknown for a quarter of an hour, then steady, and never keeps more than an hour', () => {
    const { said, samples } = watch(...flat(100, 90));
    expect(said.slice(0, 15)).toEqual(flat(15, 0).map(() => undefined));
    expect(new Set(said.slice(15))).toEqual(new Set(['Steady']));
    expect(samples.length).toBeLessThanOrEqual(66);
  });

  it.each([
    ['Worsening', 95, 60],
    ['Improving', 60, 95],
    ['Steady', 90, 93],
  ])('is %s from %d to %d', (trend, from, to) => {
    expect(watch(...flat(40, from), ...flat(6, to)).said.at(-1)).toBe(trend);
  });

  it('does not tremble at its boundary', () => {
    const { said } = watch(...flat(40, 80), ...flat(6, 85.4), ...flat(6, 84.4));
    expect(said.slice(-5)).toEqual(flat(5, 0).map(() => 'Improving'));
  });
});

describe('workflows', () => {
  const WHERE = ['Pending', 'Queued', 'Running', 'Verifying', 'Paused', 'RollingBack'] as const;
  const OVER = ['Succeeded', 'Failed', 'RolledBack', 'RollbackFailed', 'Cancelled', 'Planned'] as const;

  it('are counted by where they stand, until they end', () => {
    const { status } = sum([well], undefined, { workflows: [...WHERE, ...OVER] });
    expect(status.workflows).toEqual({ queued: 2, running: 2, paused: 1, rollingBack: 1 });
    expect(sum([well], undefined, { workflows: OVER }).status.workflows).toBeUndefined();
  });

  it('make the state Coordinating while they run or roll back, for a minute at least, and no Event', () => {
    const active = sum([well]).status;
    for (const phase of ['Pending', 'Queued', 'Paused', ...OVER] as const)
      expect(sum([well], active, { workflows: [phase] }).status.state).toBe('Active');
    for (const phase of ['Verifying', 'RollingBack'] as const)
      expect(sum([well], active, { workflows: [phase] }).status.state).toBe('Coordinating');
    const running = sum([well], active, { workflows: ['Running'] });
    expect([running.status.state, running.transitions]).toEqual(['Coordinating', []]);
    const over = sum([well], running.status, { now: NOW + 30 * SECOND });
    expect([over.status.state, over.status.workflows]).toEqual(['Coordinating', undefined]);
    expect(over.lookAgainAt).toBe(NOW + MINUTE);
    expect(sum([well], running.status, { now: NOW + MINUTE }).status.state).toBe('Active');
  });

  it('change nothing that is written while none begins or ends', () => {
    const running = sum([well], undefined, { workflows: ['Running'] }).status;
    const next = { ...running };
    expect(sum([well], next, { workflows: ['Verifying'], now: NOW + SECOND }).status).toEqual(running);
  });
});
