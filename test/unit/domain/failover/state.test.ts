import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { readState } from '../../../../src/domain/failover/read.ts';
import { type FailoverState, writeState } from '../../../../src/domain/failover/state.ts';

const side = fc.constantFrom('Primary' as const, 'Standby' as const);
const moment = fc.integer({ min: 0, max: Date.parse('2100-01-01T00:00:00Z') });
const count = fc.integer({ min: 0, max: 100_000 });
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const span = fc.integer({ min: 0, max: 86_400_000 });
const cause = fc.constantFrom('Failure' as const, 'Order' as const, 'Failback' as const, 'Follow' as const);

const standing = {
  active: side,
  epoch: count,
  since: moment,
  switchedAt: maybe(moment),
  ordered: maybe(side),
  retryAt: maybe(moment),
  resting: maybe(count),
  fenced: maybe(count),
  untidy: fc.constantFrom(undefined, true),
};
const move = { to: side, cause, wanted: count, suspectedAt: moment, decidedAt: moment };
const progress = { preparedAt: maybe(moment), fencedAt: maybe(moment), movedAt: maybe(moment), leaving: maybe(count) };
const state: fc.Arbitrary<FailoverState> = fc.oneof(
  fc.record({ ...standing, name: fc.constantFrom('Idle' as const, 'Suspected' as const) }),
  fc.record({
    ...standing,
    name: fc.constant('Refused' as const),
    to: side,
    cause,
    suspectedAt: moment,
    reason: fc.constantFrom('ServiceNotFound' as const, 'StandbyNotReady' as const),
    message: fc.string(),
  }),
  fc.record({
    ...standing,
    name: fc.constant('Completed' as const),
    took: fc.record({ detection: span, preparation: span, fencing: span, switch: span }),
  }),
  fc.record({
    ...standing,
    ...move,
    ...progress,
    name: fc.constantFrom('Preparing' as const, 'Fencing' as const, 'Switching' as const, 'Verifying' as const),
  }),
);

it('is read as it was written, whatever it holds', () => {
  fc.assert(
    fc.property(state, (given) => {
      const stored = JSON.parse(JSON.stringify(writeState(given))) as ReturnType<typeof writeState>;
      expect(readState(stored)).toEqual(given);
    }),
    { seed: 20_261_121 },
  );
});

it('is as if nothing had begun where something is missing', () => {
  const since = '2026-05-01T10:00:00.000Z';
  for (const name of ['Preparing', 'Fencing', 'Switching', 'Verifying', 'Refused'] as const) {
    expect(readState({ state: name, active: 'Standby', epoch: 3, since })).toMatchObject({
      name: 'Idle',
      active: 'Standby',
      epoch: 3,
    });
  }
});
