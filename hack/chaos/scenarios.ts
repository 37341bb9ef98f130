import type { OrchestratedService, Orchestration, OrchestrationStatus } from '../../src/api/kinds.ts';
import { accept, type Bed, type Pod } from '../../test/cluster/operator/support/bed.ts';
import { pair, setAllReady } from '../../test/cluster/operator/support/failover.ts';
import { osvc, workload } from '../../test/cluster/operator/support/objects.ts';
import { eventually } from '../../test/cluster/support/eventually.ts';
import { type Ground, PATIENCE_S, podsOf, servicesOf, until } from './ground.ts';
import {
  evictedOnce,
  givenBack,
  keptInMaintenance,
  type Law,
  movedOnce,
  onePrimary,
  raisedInOrder,
  restartedOnce,
  stoppedInOrder,
} from './laws.ts';
import type { ScenarioName } from './schedule.ts';
import { SlowPods } from './slow-pods.ts';
import { CASE_NAMES } from './workflows/cases.ts';
import { cancel, carryOut, contend, recur } from './workflows/scenario.ts';

/** Something that Baton is to act on, and how it should end. */
export interface Scenario {
  /** Makes what is there before; it is well when this resolves. */
  prepare(): Promise<void>;
  /** What happens then; resolves when Baton is done with it. */
  act(): Promise<void>;
  /** What must hold, once it is over. */
  laws(): readonly Law[];
  /** Whatever happened, it is over. */
  end?(): Promise<void>;
}

/** A pod that is ready at once is no time in which anything could go wrong. */
const POD_STARTS_MS = 700;
/** A second act needs longer than a run lasts. */
const BACKOFF = { initial: '5m', factor: 1, max: '10m' };

const well = (ground: Ground, name: string) =>
  until(ground, name, 'Healthy', ({ status }) => status?.health === 'Healthy' && status.score === 100);

async function running(ground: Ground, name: string, replicas: number, spec: Record<string, unknown>): Promise<void> {
  await ground.bed.createAll(workload('Deployment', name, { replicas }), osvc(name, spec));
  await well(ground, name);
}

const healed = (ground: Ground, name: string) =>
  until(
    ground,
    name,
    'healed',
    ({ status }) =>
      status?.health === 'Healthy' &&
      status.healing?.intent === undefined &&
      status.healing?.recoveredAt !== undefined &&
      (status.healing.attempts ?? 0) > 0,
  );

/** Two pods of four are not ready any more: these are evicted, once, and no other. */
function evict(ground: Ground): Scenario {
  const { bed } = ground;
  const uids = new Set<string>();
  return {
    prepare: () =>
      running(ground, 'evicted', 4, { healing: { actions: [{ type: 'DeletePod' }], after: '1s', backoff: BACKOFF } }),
    act: async () => {
      const sick = (await bed.pods('evicted')).slice(0, 2);
      for (const pod of sick) uids.add(pod.metadata.uid ?? '');
      for (const pod of sick) await bed.setReady(pod, false);
      // The second may have been found later than the first, and then it waits for the backoff: it is well again by itself.
      await eventually(
        'both or one evicted',
        PATIENCE_S,
        () => Promise.resolve(podsOf(ground.seen, 'evicted')),
        (pods) => left(pods, uids) < 2,
      );
      for (const pod of await bed.pods('evicted'))
        if (uids.has(pod.metadata.uid ?? '')) await bed.setReady(pod, true).catch(() => undefined);
      await healed(ground, 'evicted');
    },
    laws: () => [evictedOnce('evicted', uids)],
  };
}

const left = (pods: readonly Pod[], uids: ReadonlySet<string>): number =>
  pods.filter(({ metadata }) => uids.has(metadata.uid ?? '')).length;

const RESTART = { actions: [{ type: 'Restart' }], after: '1s', backoff: BACKOFF };

/** No pod is ready any more: all are rolled, once. The new ones take their time, so that much can happen meanwhile. */
function restart(ground: Ground): Scenario {
  const { bed } = ground;
  const pods = new SlowPods(ground, 'rolled', POD_STARTS_MS);
  return {
    prepare: async () => {
      await bed.createAll(
        pods.of(workload('Deployment', 'rolled', { replicas: 2 })),
        osvc('rolled', { healing: RESTART }),
      );
      await well(ground, 'rolled');
    },
    act: async () => {
      await setAllReady(bed, 'rolled', false);
      await healed(ground, 'rolled');
    },
    laws: () => [restartedOnce('rolled')],
    end: () => pods.end(),
  };
}

const HOUR_MS = 3_600_000;

/** The clock goes into a maintenance window, in which nothing is mended, and out of it again. */
function maintenance(ground: Ground): Scenario {
  const { bed, jump } = ground;
  const name = 'kept';
  const begins = new Date(Date.now() + 2 * HOUR_MS);
  const schedule = `${begins.getUTCMinutes()} ${begins.getUTCHours()} * * *`;
  const maintenanceWindows = [{ schedule, duration: '2h', timeZone: 'UTC' }];
  return {
    prepare: () => running(ground, name, 2, { healing: RESTART, maintenanceWindows }),
    act: async () => {
      jump(3 * HOUR_MS);
      await setAllReady(bed, name, false);
      const isKept = ({ status }: OrchestratedService): boolean =>
        ['InMaintenance', 'Healing'].every((type) =>
          status?.conditions?.some((each) => each.type === type && each.reason === 'MaintenanceWindow'),
        );
      await until(ground, name, 'kept for the window', isKept);
      jump(3 * HOUR_MS);
      await healed(ground, name);
    },
    laws: () => [restartedOnce(name), keptInMaintenance(name)],
  };
}

/** The primary is down: traffic goes to the standby, and back by order. */
function failover(ground: Ground, name: string, fencing: 'ScaleToZero' | 'None'): Scenario {
  const { bed } = ground;
  const settled = (active: string) =>
    until(
      ground,
      name,
      `moved to ${active}`,
      ({ status }) => status?.failover?.state === 'Completed' && status.failover.active === active,
    );
  const isFenced = fencing === 'ScaleToZero';
  return {
    prepare: async () => {
      await bed.createAll(...pair(name, { primary: 2, standby: 1, failover: { fencing } }));
      await well(ground, name);
      await until(ground, name, 'FailoverReady', ({ status }) =>
        status?.conditions?.some(({ type, status: is }) => type === 'FailoverReady' && is === 'True'),
      );
    },
    act: async () => {
      await setAllReady(bed, name, false);
      await settled('Standby');
      if (!isFenced) await setAllReady(bed, name, true);
      await bed.patchService(name, { spec: { failover: { desired: 'Primary' } } });
      await settled('Primary');
      await until(ground, name, 'tidy', ({ status }) => status?.failover?.restingReplicas === undefined);
      await until(ground, name, 'free', ({ metadata }) => (metadata.finalizers ?? []).length === 0);
      await well(ground, name);
    },
    laws: () => [onePrimary({ name, sides: [name, `${name}-standby`], isFenced, switches: 2, replicas: [2, 1] })],
  };
}

interface Member {
  readonly phase: string;
  readonly replicas: number;
  readonly needs: readonly string[];
}

const GRAPH: Readonly<Record<string, Member>> = {
  kernel: { phase: 'Core', replicas: 2, needs: [] },
  left: { phase: 'Infrastructure', replicas: 1, needs: ['kernel'] },
  right: { phase: 'Infrastructure', replicas: 2, needs: ['kernel'] },
  top: { phase: 'Services', replicas: 3, needs: ['left', 'right'] },
};

const counts = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, GRAPH[name]?.replicas ?? 0]));

/** A diamond comes up in order. */
function startup(ground: Ground): Scenario {
  const { bed } = ground;
  const names = Object.keys(GRAPH);
  const all = async (what: string, state: string, count: number): Promise<void> => {
    const look = () => Promise.resolve(servicesOf(ground.seen));
    await eventually(what, PATIENCE_S, look, (services) => {
      const those = services.filter(({ metadata, status }) => {
        return names.includes(metadata.name) && status?.startup?.state === state;
      });
      return those.length >= count;
    });
  };
  return {
    prepare: async () => undefined,
    act: async () => {
      for (const [name, { phase, replicas, needs }] of Object.entries(GRAPH)) {
        const dependsOn = needs.length > 0 ? { dependsOn: needs.map((other) => ({ name: other })) } : {};
        // Paused, it makes no pods: none is ready before it is held.
        await bed.create(workload('Deployment', name, { replicas, spec: { paused: true } }));
        await bed.create(osvc(name, { ...dependsOn, startup: { phase, timeout: '10m' } }));
      }
      await all('held', 'Waiting', names.length - 1);
      for (const name of names) await bed.patch('Deployment', name, { spec: { paused: false } });
      await all('started', 'Started', names.length);
      for (const name of names) {
        await well(ground, name);
        await until(ground, name, 'free', ({ metadata }) => (metadata.finalizers ?? []).length === 0);
      }
    },
    laws: () =>
      Object.entries(GRAPH).flatMap(([name, { replicas, needs }]) => [
        givenBack(name, replicas, 'baton.dev/startup-replicas'),
        movedOnce(name),
        raisedInOrder(name, counts(needs)),
      ]),
  };
}

const POLICY = '/apis/baton.dev/v1alpha1/orchestrations/default';
const CHAIN = { web: ['api'], api: ['db'], db: [] } as const;
const REPLICAS = { web: 2, api: 3, db: 1 } as const;

async function chain(ground: Ground): Promise<void> {
  for (const [name, needs] of Object.entries(CHAIN)) {
    const dependsOn = needs.length > 0 ? { dependsOn: needs.map((other) => ({ name: other })) } : {};
    const replicas = REPLICAS[name as keyof typeof CHAIN];
    await ground.bed.createAll(
      workload('Deployment', name, { replicas }),
      osvc(name, { ...dependsOn, emergency: { onHalt: 'ScaleToZero' } }),
    );
  }
  for (const name of Object.keys(CHAIN)) await well(ground, name);
}

async function whole(
  bed: Bed,
  what: string,
  holds: (status: OrchestrationStatus) => boolean,
): Promise<OrchestrationStatus> {
  const look = async () => (await bed.api.call('GET', POLICY)).body as unknown as Orchestration;
  const seen = await eventually(what, PATIENCE_S, look, ({ status }) => status !== undefined && holds(status));
  return seen.status as OrchestrationStatus;
}

const say = async (bed: Bed, spec: object): Promise<void> =>
  void accept(await bed.api.call('PATCH', POLICY, { body: { spec } }));

const chainLaws = (): readonly Law[] => [
  ...Object.entries(REPLICAS).flatMap(([name, replicas]) => [
    givenBack(name, replicas, 'baton.dev/halted-replicas'),
    movedOnce(name),
  ]),
  stoppedInOrder('web', 'api'),
  stoppedInOrder('api', 'db'),
  raisedInOrder('web', { api: REPLICAS.api }),
  raisedInOrder('api', { db: REPLICAS.db }),
];

/** Asks, and does not wait for the record: what it has may be of the time before. */
async function released({ bed }: Ground): Promise<void> {
  for (const name of Object.keys(CHAIN)) {
    await bed.until(
      name,
      'released',
      ({ status, metadata }) => {
        const isFree = status?.halt === undefined && (metadata.finalizers ?? []).length === 0;
        return isFree && status?.health === 'Healthy' && status.score === 100;
      },
      PATIENCE_S,
    );
  }
}

/** Everything stops, and comes back when that is said. */
function halt(ground: Ground): Scenario {
  const { bed } = ground;
  return {
    prepare: () => chain(ground),
    act: async () => {
      await say(bed, { emergency: { halt: 'Halt' } });
      const { halt } = await whole(bed, 'halted', (status) => status.halt?.state === 'Halted');
      const id = halt?.id ?? '';
      await say(bed, { emergency: { halt: 'None', resume: id } });
      await whole(bed, 'resumed', (status) => status.halt?.state === 'Resumed' && status.halt.id === id);
      await released(ground);
    },
    laws: chainLaws,
  };
}

/** A namespace is stopped on purpose and started again. */
function stop(ground: Ground): Scenario {
  const { bed } = ground;
  return {
    prepare: () => chain(ground),
    act: async () => {
      await say(bed, { stoppedNamespaces: [bed.namespace] });
      await whole(bed, 'stopped', (status) => status.stoppedNamespaces?.[0]?.state === 'Stopped');
      await say(bed, { stoppedNamespaces: [] });
      await whole(bed, 'started', (status) => status.stoppedNamespaces === undefined);
      await released(ground);
    },
    laws: chainLaws,
  };
}

type Begin = (ground: Ground) => Scenario;

/** Each kind of step in a workflow of its own. */
const workflows = Object.fromEntries(
  CASE_NAMES.flatMap((kind) => [
    [`workflow-${kind}`, (ground: Ground) => carryOut(ground, 'one', [kind], false)],
    [`workflow-${kind}-undone`, (ground: Ground) => carryOut(ground, 'one', [kind], true)],
  ]),
) as Record<Extract<ScenarioName, `workflow-${(typeof CASE_NAMES)[number]}${'' | '-undone'}`>, Begin>;

export const scenarioOf: Readonly<Record<ScenarioName, Begin>> = {
  evict,
  restart,
  maintenance,
  failover: (ground) => failover(ground, 'moved', 'ScaleToZero'),
  failoverUnfenced: (ground) => failover(ground, 'quick', 'None'),
  startup,
  halt,
  stop,
  ...workflows,
  'workflow-all': (ground) => carryOut(ground, 'all', CASE_NAMES, false),
  'workflow-all-undone': (ground) => carryOut(ground, 'all', CASE_NAMES, true),
  'workflow-lock': (ground) => contend(ground, 'lock'),
  'workflow-cancel': (ground) => cancel(ground, 'cancel'),
  'workflow-schedule': (ground) => recur(ground, 'nightly'),
};
