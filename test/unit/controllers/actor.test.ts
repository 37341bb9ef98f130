import { describe, expect, it } from 'vitest';
import { Actor, type ActorOptions, type Proposal } from '../../../src/controllers/acts/actor.ts';
import type { ActOutcome, WriteOutcome } from '../../../src/controllers/acts/ports.ts';
import type { CachedService } from '../../../src/controllers/service/caches.ts';
import type { ScaleAct } from '../../../src/domain/guard/act.ts';
import type { Asker, LiveWorkload } from '../../../src/domain/guard/facts.ts';
import { CALM } from '../../../src/domain/guard/situation.ts';

const target = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'w' };
const act: ScaleAct = { type: 'Scale', target, from: 2, to: 5, annotations: {} };
const service = {
  namespace: 'shop',
  name: 'web',
  metadata: { uid: 's', generation: 3 },
  spec: { mode: 'Enforce' },
} as CachedService;
const asker: Asker = { uid: 's', generation: 3, terminating: false, mode: 'Enforce', suspended: false };
const live: LiveWorkload = { uid: 'w', resourceVersion: '7', terminating: false, replicas: 2, annotations: {} };
const never = (): never => {
  throw new Error('not to be called');
};

function bed(over: Partial<ActorOptions['live']> = {}, answer: () => Promise<WriteOutcome> = written, leads = true) {
  const seen: { outcomes: ActOutcome[]; versions: string[]; spent: string[] } = {
    outcomes: [],
    versions: [],
    spent: [],
  };
  const actor = new Actor({
    leads: () => leads,
    halt: () => undefined,
    live: {
      asker: () => Promise.resolve(asker),
      workload: () => Promise.resolve(live),
      autoscaler: never,
      pod: never,
      traffic: never,
      ...over,
    },
    port: {
      scale: (permit) => {
        seen.versions.push(permit.live.resourceVersion);
        return answer();
      },
      moveBounds: never,
      evict: never,
      restart: answer,
      rollBack: never,
      select: never,
      startWorkflow: never,
    },
    situations: {
      of: () => (seen.spent.length > 0 ? { ...CALM, disruptions: 'none is left' } : CALM),
      spend: (namespace) => {
        seen.spent.push(namespace);
        return () => void seen.spent.pop();
      },
    },
    onOutcome: (_, outcome) => seen.outcomes.push(outcome),
  });
  const carryOut = (more: Partial<Proposal<ScaleAct>> = {}) =>
    actor.carryOut({ act, cause: 'Scaling', service, ...more }, new AbortController().signal);
  const heal = () => {
    const restart = { type: 'Restart', target, id: 'this' } as const;
    return actor.carryOut({ act: restart, cause: 'Healing', service }, new AbortController().signal);
  };
  return { ...seen, carryOut, heal };
}

const written = (): Promise<WriteOutcome> => Promise.resolve({ kind: 'written', resourceVersion: '8' });

describe('an act', () => {
  it('is done to the version that the guard saw', async () => {
    const { carryOut, versions, outcomes } = bed();
    expect(await carryOut()).toEqual({ kind: 'written', resourceVersion: '8' });
    expect(versions).toEqual(['7']);
    expect(outcomes).toEqual([{ kind: 'written', resourceVersion: '8' }]);
  });

  it('is not done when what it is for changed since', async () => {
    const { carryOut, versions } = bed({ asker: () => Promise.resolve({ ...asker, generation: 4 }) });
    expect(await carryOut()).toEqual({ kind: 'conflict' });
    expect(versions).toEqual([]);
  });

  it('is not done when its reason is gone, seen from what is so now', async () => {
    const { carryOut, versions } = bed();
    const recheck = ({ replicas }: LiveWorkload) => `there are ${replicas} already`;
    expect(await carryOut({ recheck })).toEqual({ kind: 'conflict' });
    expect(versions).toEqual([]);
  });

  it('says by which policy it was refused', async () => {
    const { carryOut, outcomes } = bed({ asker: () => Promise.resolve({ ...asker, mode: 'Observe' }) });
    expect(await carryOut()).toMatchObject({ kind: 'objected', policy: 'mode', reason: 'ObserveOnly' });
    expect(outcomes).toHaveLength(1);
  });

  it('is not done where its target may not be read', async () => {
    const forbidden = { kind: 'forbidden', verb: 'get', resource: 'deployments.apps' } as const;
    const { carryOut, versions } = bed({ workload: () => Promise.resolve(forbidden) });
    expect(await carryOut()).toEqual(forbidden);
    expect(versions).toEqual([]);
  });

  it('rejects when nobody answers, and nothing is told', async () => {
    const { carryOut, outcomes } = bed({}, () => Promise.reject(new Error('no answer')));
    await expect(carryOut()).rejects.toThrow('no answer');
    expect(outcomes).toEqual([]);
  });

  it('rejects when this replica may not lead any more: that is no answer, and whoever leads decides again', async () => {
    const { carryOut, versions, outcomes } = bed({}, written, false);
    await expect(carryOut()).rejects.toThrow('another replica of Baton may lead by now');
    expect([versions, outcomes]).toEqual([[], []]);
  });

  const answers = (...kinds: ('conflict' | 'written')[]) => {
    const left = [...kinds];
    return (): Promise<WriteOutcome> =>
      Promise.resolve(left.shift() === 'conflict' ? { kind: 'conflict' } : { kind: 'written', resourceVersion: '9' });
  };

  it('is looked at and done again, some times, when somebody wrote in between', async () => {
    let version = 6;
    const workload = () => Promise.resolve({ ...live, resourceVersion: String((version += 1)) });
    const { carryOut, versions, outcomes } = bed({ workload }, answers('conflict', 'written'));
    expect(await carryOut()).toMatchObject({ kind: 'written' });
    expect(versions).toEqual(['7', '8']);
    expect(outcomes).toHaveLength(1);
    const often = bed({}, answers('conflict', 'conflict', 'conflict', 'conflict', 'written'));
    expect(await often.carryOut()).toEqual({ kind: 'conflict' });
    expect(often.versions).toHaveLength(4);
  });

  it('is not done again when that changed what it was decided on', async () => {
    let replicas = 1;
    const workload = () => Promise.resolve({ ...live, replicas: (replicas += 1) });
    const { carryOut, versions } = bed({ workload }, answers('conflict', 'written'));
    expect(await carryOut()).toEqual({ kind: 'conflict' });
    expect(versions).toHaveLength(1);
  });

  it('that stops services by what the cache has is left to the one that does that', async () => {
    const { carryOut, versions } = bed({ workload: never }, answers('conflict', 'written'));
    expect(await carryOut({ cause: 'Halt', seen: live })).toEqual({ kind: 'conflict' });
    expect(versions).toHaveLength(1);
  });

  it('whose first answer was lost is known by what it left, and counts', async () => {
    let looks = 0;
    const workload = () =>
      Promise.resolve({ ...live, annotations: (looks += 1) > 1 ? { 'baton.dev/act': 'this' } : {} });
    const { heal, spent } = bed({ workload }, answers('conflict'));
    expect(await heal()).toEqual({ kind: 'already' });
    expect(spent).toEqual(['shop']);
  });

  it('takes from the disruption budget once, however often it is tried', async () => {
    const { heal, spent } = bed({}, answers('conflict', 'written'));
    expect(await heal()).toMatchObject({ kind: 'written' });
    expect(spent).toEqual(['shop']);
    const refused = bed({}, answers('conflict', 'conflict', 'conflict', 'conflict'));
    expect(await refused.heal()).toEqual({ kind: 'conflict' });
    expect(refused.spent).toEqual([]);
  });
});
