import { expect, it } from 'vitest';
import { ErrorBands } from '../../../../src/domain/forecast/error-bands.ts';

it('tells the errors of high forecasts from those of low ones, once there are enough of each', () => {
  const errors = new ErrorBands(400);
  for (let time = 0; time < 20; time++) errors.push(100, 1);
  for (let time = 0; time < 20; time++) errors.push(200, 9);
  expect([errors.quantile(100, 0.9), errors.quantile(200, 0.9)]).toEqual([9, 9]);
  for (let time = 0; time < 20; time++) errors.push(100, 1);
  expect([errors.quantile(100, 0.9), errors.quantile(210, 0.9)]).toEqual([1, 9]);
});
