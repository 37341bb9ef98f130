import { expect, it } from 'vitest';
import { type ActiveScaling, rulesOf } from '../../../../src/domain/scaling/from-spec.ts';

it.each([
  [0.05, 0.05],
  [1e-7, 1e-7],
  ['0.05', 0.05],
  ['50m', 0.05],
  [undefined, 0.1],
  // Structural schemas cannot tell a boolean from a number where both a number and a text are allowed.
  [true, 0.1],
])('reads the tolerance %j as %d', (tolerance, expected) => {
  const behavior = { scaleUp: { tolerance }, scaleDown: { tolerance, stabilizationWindowSeconds: 60 } };
  const scaling = { minReplicas: 1, maxReplicas: 2, metrics: [], behavior } as unknown as ActiveScaling;
  const { up, down } = rulesOf(scaling);
  expect([up.tolerance, down.tolerance, down.windowMs]).toEqual([expected, expected, 60_000]);
});
