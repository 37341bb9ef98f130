import { describe, expect, it } from 'vitest';
import { laps } from '../../../hack/bench/changes.ts';

function services(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `svc-${index}`);
}

describe('laps', () => {
  it('takes readiness from half of the changes and gives it back with the other half', () => {
    const changes = laps(services(1000), 800);
    expect(changes).toHaveLength(800);
    expect(changes.slice(0, 400).every(({ ready }) => !ready)).toBe(true);
    expect(changes.slice(400).every(({ ready }) => ready)).toBe(true);
    expect(new Set(changes.map(({ service }) => service)).size).toBe(400);
  });

  it('goes round a small fleet several times, always ending as it began', () => {
    for (const count of [1, 3, 50, 200, 333]) {
      const state = new Map<string, boolean>();
      const changes = laps(services(count), 800);
      for (const { service, ready } of changes) {
        expect(state.get(service) ?? true).toBe(!ready);
        state.set(service, ready);
      }
      expect([...state.values()].every(Boolean)).toBe(true);
      expect(changes.length).toBeLessThanOrEqual(800);
      expect(changes.length).toBeGreaterThan(400);
    }
  });
});
