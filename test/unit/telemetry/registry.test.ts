import { expect, test } from 'vitest';
import { collectSystem } from '../../../src/telemetry/collectors.ts';
import { Metrics } from '../../../src/telemetry/registry.ts';

test('a figure that is not known has no series, with labels or without', async () => {
  const metrics = new Metrics({ version: 'test' });
  interface System {
    state: string;
    score: number | undefined;
    scores: { optimization?: number; costEfficiency?: number } | undefined;
    services: Record<string, number>;
  }
  let system: System | undefined;
  collectSystem(metrics, () => system);
  const series = async () =>
    (await metrics.text()).split('\n').filter((line) => /^baton_(orchestration|services)/.test(line));
  expect(await series()).toEqual([]);
  system = { state: 'Active', score: 87, scores: { optimization: 70, costEfficiency: 55 }, services: { healthy: 3 } };
  expect(await series()).toEqual(
    expect.arrayContaining([
      'baton_orchestration_score 87',
      'baton_orchestration_optimization_score 70',
      'baton_orchestration_cost_efficiency_ratio 0.55',
      'baton_orchestration_state{state="Active"} 1',
      'baton_services{level="Healthy"} 3',
    ]),
  );
  system = { ...system, score: undefined };
  expect((await series()).join()).not.toContain('baton_orchestration_score');
  system = undefined;
  expect(await series()).toEqual([]);
});
