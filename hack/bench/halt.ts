// How long an emergency halt takes beside the same patches by nobody but the API server.
import { type Api, inParallel, pause, until } from './api.ts';
import { createFleet, deleteFleet, type Fleet, type Scale } from './fleet.ts';
import { type Bench, launch } from './run.ts';
import type { Table } from './scaling/report.ts';
import { median } from './stats.ts';
import { SYSTEMS } from './systems.ts';

export interface HaltPlan {
  readonly scale: Scale;
  readonly rounds: number;
}

/** One round; from the first request to the watch event of the last Deployment, ms. */
export interface HaltFigures {
  readonly bareMs: number;
  readonly haltMs: number;
  readonly resumeMs: number;
}

export interface HaltResult {
  readonly scale: string;
  readonly rounds: readonly HaltFigures[];
}

/** As many requests at once as the operator has under way. */
const WIDTH = 32;
const POLICY = '/apis/baton.dev/v1alpha1/orchestrations/default';
/** The promise: the last write comes at most this much later than without an operator. */
const ALLOWED = 1.3;

interface Replicas {
  readonly spec: { readonly replicas: number };
}

/** What a watch on the Deployments saw last of their replicas, and when each of them last changed. */
class Board {
  readonly replicas = new Map<string, number>();
  #changedAt = 0;

  static async watch(api: Api, { namespace }: Fleet, signal: AbortSignal): Promise<Board> {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    const board = new Board();
    const { items, resourceVersion } = await api.list(path);
    for (const item of items as unknown as (Replicas & { metadata: { name: string } })[])
      board.replicas.set(item.metadata.name, item.spec.replicas);
    void api
      .watch(path, resourceVersion, signal, ({ object, at }) => {
        const { replicas } = (object as unknown as Replicas).spec;
        if (board.replicas.get(object.metadata.name) === replicas) return;
        board.replicas.set(object.metadata.name, replicas);
        board.#changedAt = at;
      })
      .catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    return board;
  }

  /** When the last of them came to `wanted`, ms after `from`. */
  async reached(wanted: number, from: number): Promise<number> {
    await until(`every Deployment asks for ${wanted}`, 300_000, () =>
      [...this.replicas.values()].every((replicas) => replicas === wanted),
    );
    return this.#changedAt - from;
  }
}

async function settled(api: Api, { namespace, services }: Fleet, replicas: number): Promise<void> {
  await until(
    `${services * replicas} pods`,
    600_000,
    async () => {
      const { items } = await api.list(`/apis/apps/v1/namespaces/${namespace}/deployments`);
      return (items as { status?: { replicas?: number; readyReplicas?: number } }[]).every(
        ({ status }) => (status?.replicas ?? 0) === replicas && (status?.readyReplicas ?? 0) === replicas,
      );
    },
    2_000,
  );
  await pause(5_000);
}

/** The same patches, without an operator. */
async function bare(api: Api, fleet: Fleet, board: Board): Promise<number> {
  const annotations = { 'baton.dev/halt-id': 'halt-bench', 'baton.dev/halted-replicas': String(fleet.replicas) };
  const from = performance.now();
  const patches = inParallel([...fleet.pods.keys()], WIDTH, async (name) => {
    const path = `/apis/apps/v1/namespaces/${fleet.namespace}/deployments/${name}`;
    await api.patch(path, 'merge', { metadata: { annotations }, spec: { replicas: 0 } });
  });
  const [ms] = await Promise.all([board.reached(0, from), patches]);
  await settled(api, fleet, 0);
  await inParallel([...fleet.pods.keys()], WIDTH, async (name) => {
    const path = `/apis/apps/v1/namespaces/${fleet.namespace}/deployments/${name}`;
    const none = { 'baton.dev/halt-id': null, 'baton.dev/halted-replicas': null };
    await api.patch(path, 'merge', { metadata: { annotations: none }, spec: { replicas: fleet.replicas } });
  });
  await settled(api, fleet, fleet.replicas);
  return ms;
}

async function halted(
  context: HaltContext,
  fleet: Fleet,
  board: Board,
  label: string,
): Promise<Omit<HaltFigures, 'bareMs'>> {
  const { api } = context;
  type Status = {
    services?: { healthy?: number };
    halt?: { id: string; state: string; held: number; problems?: object[] };
  };
  const status = async (): Promise<Status> => (await api.get(POLICY))['status'] ?? {};
  const operator = await launch(context, SYSTEMS.baton, label, { extra: ['--log-level', 'warn'] });
  try {
    await until('every service is Healthy', 120_000, async () => {
      operator.assertRunning();
      return (await status().catch((): Status => ({}))).services?.healthy === fleet.services;
    });
    await pause(5_000);
    const rate = { resumePerSecond: 1_000, resumePatience: '0s' };
    const emergency = { halt: 'Halt', resume: null, onHalt: { Normal: 'ScaleToZero' }, ...rate };
    const from = performance.now();
    await api.patch(POLICY, 'merge', { spec: { emergency } });
    const haltMs = await board.reached(0, from);
    await until('the status follows', 120_000, async () => (await status()).halt?.state === 'Halted');
    const { halt } = await status();
    if (halt?.held !== fleet.services || halt.problems) throw new Error(`not all are held: ${JSON.stringify(halt)}`);
    await settled(api, fleet, 0);
    const resumed = performance.now();
    await api.patch(POLICY, 'merge', { spec: { emergency: { halt: 'None', resume: halt.id } } });
    const resumeMs = await board.reached(fleet.replicas, resumed);
    await until('it is told', 120_000, async () => (await status()).halt?.state === 'Resumed');
    await settled(api, fleet, fleet.replicas);
    return { haltMs, resumeMs };
  } finally {
    await operator.stop();
  }
}

type HaltContext = Pick<Bench, 'api' | 'dir' | 'kubeconfigs' | 'profile'> & { readonly log: (line: string) => void };

/** Makes a fleet, stops and resumes it once bare and once by Baton in each round, and takes it away again. */
export async function measureHalt(context: HaltContext, { scale, rounds }: HaltPlan): Promise<HaltResult> {
  const { api, log } = context;
  const title = `halt of ${scale.services}x${scale.replicas}`;
  log(`${title}: creating the fleet`);
  const fleet = await createFleet(api, scale, (line) => log(`${title}: ${line}`));
  const stop = new AbortController();
  const board = await Board.watch(api, fleet, stop.signal);
  const figures: HaltFigures[] = [];
  try {
    for (let round = 1; round <= rounds; round++) {
      const bareMs = await bare(api, fleet, board);
      log(`${title}: round ${round} of ${rounds}, the patches by themselves took ${bareMs.toFixed(0)} ms`);
      const halt = await halted(context, fleet, board, `halt-${round}`);
      figures.push({ bareMs, ...halt });
      log(
        `${title}: round ${round} of ${rounds}, halt ${halt.haltMs.toFixed(0)} ms, resume ${halt.resumeMs.toFixed(0)} ms`,
      );
    }
  } finally {
    stop.abort();
  }
  await deleteFleet(api, fleet);
  return { scale: `${scale.services}x${scale.replicas}`, rounds: figures };
}

/** Medians of the rounds; the ratio is that of the medians. */
export function haltTable({ scale, rounds }: HaltResult): Table {
  const of = (figure: keyof HaltFigures): number => median(rounds.map((round) => round[figure]));
  const ratio = of('haltMs') / of('bareMs');
  const seconds = (figure: keyof HaltFigures): string => (of(figure) / 1000).toFixed(2);
  return {
    title: `emergency halt of ${scale}, medians of ${rounds.length}`,
    headings: ['', 'Baton', 'the patches alone', 'ratio', 'target'],
    rows: [
      [
        'order to the last spec.replicas = 0, s',
        seconds('haltMs'),
        seconds('bareMs'),
        ratio.toFixed(2),
        `ratio ≤ ${ALLOWED} ${ratio <= ALLOWED ? 'met' : 'missed'}`,
      ],
      ['resume to the last spec.replicas of before, s', seconds('resumeMs'), '', '', ''],
    ],
  };
}
