import { beforeEach, describe, expect, it } from 'vitest';
import { Chorus } from '../../../src/controllers/chorus.ts';
import type { Reference } from '../../../src/controllers/ports.ts';
import type { Transition } from '../../../src/domain/status/transitions.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const reference = (name: string): Reference => ({
  kind: 'OrchestratedService',
  namespace: 'shop',
  name,
  uid: name,
  resourceVersion: '1',
});
const whole: Reference = { ...reference('default'), kind: 'Orchestration', namespace: undefined };
const silent: Transition = {
  kind: 'MetricsAvailable',
  from: 'absent',
  to: 'False',
  reason: 'SourceUnavailable',
  message: 'resources has no fresh evidence (there is no metrics.k8s.io); look at the source',
  type: 'Warning',
};
const unusual: Transition = { ...silent, kind: 'Anomaly', to: 'Found', reason: 'MetricUnusual', type: 'Normal' };

let clock: FakeClock;
let lines: string[];
let events: string[];
let isThere: boolean;
let chorus: Chorus;

beforeEach(() => {
  clock = new FakeClock();
  [lines, events, isThere] = [[], [], true];
  chorus = new Chorus({
    log: {
      info: (_, message) => void lines.push(`info ${message}`),
      warn: (_, message) => void lines.push(`warn ${message}`),
    },
    emit: ({ kind }, { reason, note }) => void events.push(`${kind} ${reason} ${note}`),
    whole: () => (isThere ? whole : undefined),
    monotonic: () => clock.monotonic(),
    later: (ms, run) => void clock.setTimeout(run, ms),
  });
});

const alone = (transition: Transition, count: number, from = 0): number =>
  Array.from({ length: count }, (_, index) => chorus.joins(reference(`s-${from + index}`), transition)).filter(
    (joins) => !joins,
  ).length;

describe('what many services tell at once', () => {
  it('is told of five by themselves, and of the others in one line', async () => {
    expect(alone(silent, 1_000)).toBe(5);
    expect(lines).toEqual([]);
    await clock.advance(5_000);
    expect(lines).toEqual([
      `warn 995 more services (shop/s-5, shop/s-6, shop/s-7 and 992 more); the first: ${silent.message}`,
    ]);
    // The catalogue has no Event for it.
    expect(events).toEqual([]);
  });

  it('is an Event about the whole where each alone would have one', async () => {
    expect(alone(unusual, 7)).toBe(5);
    await clock.advance(5_000);
    const note = `2 more services (shop/s-5, shop/s-6); the first: ${unusual.message}`;
    expect([lines, events]).toEqual([[`info ${note}`], [`Orchestration MetricUnusual ${note}`]]);
    isThere = false;
    alone(unusual, 1, 7);
    await clock.advance(5_000);
    expect([lines.length, events.length]).toEqual([2, 1]);
  });

  it('goes on as one line each five seconds while it goes on, and is told one by one again after a minute of silence', async () => {
    alone(silent, 6);
    await clock.advance(5_000);
    await clock.advance(30_000);
    expect(alone(silent, 2, 6)).toBe(0);
    await clock.advance(5_000);
    expect(lines).toHaveLength(2);
    await clock.advance(60_000);
    expect(alone(silent, 1)).toBe(1);
  });

  it('is not lost when Baton ends', () => {
    alone(silent, 6);
    chorus.flush();
    chorus.flush();
    expect(lines).toHaveLength(1);
  });

  it('is told one by one where each has its own cause, and apart from what is something else', () => {
    const failed: Transition = { ...silent, kind: 'Health', to: 'Failed', reason: 'PodsNotReady' };
    const refused: Transition = { ...silent, kind: 'ScalingActive', reason: 'ScalingRefused' };
    for (const each of [failed, refused]) expect(alone(each, 20)).toBe(20);
    expect(alone(silent, 6)).toBe(5);
    expect(alone({ ...silent, to: 'True', reason: 'AllSourcesAnswer' }, 6)).toBe(5);
    expect(alone({ ...silent, kind: 'ScalingActive' }, 6)).toBe(5);
  });
});
