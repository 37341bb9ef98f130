import { parseQuantity } from '../api/quantity.ts';
import type { RuleReading } from '../domain/emergency/rules.ts';
import type { Clock } from './contract.ts';
import { deadlineWithin } from './deadline.ts';
import { Pause } from './pause.ts';

export interface NodeUsageOptions {
  readonly clock: Clock;
  /** Read before each list; undefined while no rule asks, or the policy switches metrics.k8s.io off. */
  readonly policy: () => { readonly intervalMs: number } | undefined;
  /** GETs a path of the API server and gives the parsed body; rejects where there is none. */
  readonly get: (path: string, signal: AbortSignal) => Promise<unknown>;
}

/** What the nodes use together of what they have for pods. */
export interface NodeUsage {
  reading(resource: 'cpu' | 'memory'): RuleReading;
  /** Called after each list, and after each that failed. */
  onReading(listener: () => void): void;
  run(signal: AbortSignal): Promise<void>;
  /** The policy changed: list now. */
  poke(): void;
}

interface Amounts {
  readonly cpu: number;
  readonly memory: number;
}

interface Use extends Amounts {
  /** metrics-server's moment, and when, by the monotonic clock, it last moved. */
  readonly timestamp: string;
  readonly movedAt: number;
}

interface NodeObject {
  readonly metadata?: { readonly name?: string };
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
  };
}

interface NodeMetrics {
  readonly metadata?: { readonly name?: string };
  readonly timestamp?: string;
  readonly usage?: Readonly<Record<string, string>>;
}

/** A figure that was not measured anew for this long says nothing any more. */
const STALE_AFTER_MS = 90_000;
const TIMEOUT_MS = 15_000;
/** Objects of nodes are large, and what they have hardly ever changes. */
const NODES_EVERY_MS = 300_000;
const NODES_AT_MOST_EVERY_MS = 30_000;
const OFF_INTERVAL_MS = 30_000;
const PAGE = 250;
const METRICS = '/apis/metrics.k8s.io/v1beta1/nodes';

/** Use of CPU and memory on all nodes; without fresh figures the readings are missing, and a reading never fails. */
export function createNodeUsage({ clock, policy, get }: NodeUsageOptions): NodeUsage {
  const listeners: (() => void)[] = [];
  let use: ReadonlyMap<string, Use> = new Map();
  let nodes: ReadonlyMap<string, Amounts> = new Map();
  let nodesAt = -Infinity;
  const pause = new Pause(clock);

  async function list<T>(path: string, signal: AbortSignal): Promise<readonly T[]> {
    const deadline = deadlineWithin(clock, signal, TIMEOUT_MS);
    const items: T[] = [];
    try {
      let next = '';
      do {
        const query = `?limit=${PAGE}${next === '' ? '' : `&continue=${encodeURIComponent(next)}`}`;
        const body = (await get(`${path}${query}`, deadline.signal)) as {
          readonly items?: readonly T[];
          readonly metadata?: { readonly continue?: string };
        } | null;
        if (!Array.isArray(body?.items)) throw new Error(`${path} gave no list`);
        items.push(...(body.items as readonly T[]));
        next = body.metadata?.continue ?? '';
      } while (next !== '');
    } finally {
      deadline.end();
    }
    return items;
  }

  async function look(signal: AbortSignal): Promise<void> {
    try {
      const figures = await list<NodeMetrics>(METRICS, signal);
      const isNew = figures.some(({ metadata }) => !nodes.has(metadata?.name ?? ''));
      const age = clock.monotonic() - nodesAt;
      if (age >= NODES_EVERY_MS || (isNew && age >= NODES_AT_MOST_EVERY_MS)) {
        nodes = readyNodes(await list<NodeObject>('/api/v1/nodes', signal));
        nodesAt = clock.monotonic();
      }
      use = useOf(figures, use, clock.monotonic());
    } catch {
      // Without metrics-server, or without the permission, the rules about nodes have nothing to go by, and say nothing.
      use = new Map([...use].filter(([, { movedAt }]) => clock.monotonic() - movedAt < STALE_AFTER_MS));
    }
  }

  async function turn(signal: AbortSignal): Promise<number> {
    const now = policy();
    if (now === undefined) use = new Map();
    else await look(signal);
    if (!signal.aborted) for (const listener of listeners) listener();
    return now?.intervalMs ?? OFF_INTERVAL_MS;
  }

  return {
    reading(resource) {
      const oldest = clock.monotonic() - STALE_AFTER_MS;
      let [used, had, counted] = [0, 0, 0];
      for (const [name, has] of nodes) {
        const figure = use.get(name);
        if (figure === undefined || figure.movedAt < oldest) continue;
        used += figure[resource];
        had += has[resource];
        counted += 1;
      }
      if (had <= 0) return { kind: 'missing' };
      return { kind: 'value', percent: (used / had) * 100, counted, all: nodes.size };
    },
    onReading: (listener) => void listeners.push(listener),
    poke: () => pause.end(),
    async run(signal) {
      use = new Map();
      nodesAt = -Infinity;
      while (!signal.aborted) {
        const ms = await turn(signal);
        if (!signal.aborted) await pause.wait(ms, signal);
      }
    },
  };
}

/** What nodes have for pods; one that is not ready has nothing. */
function readyNodes(items: readonly NodeObject[]): Map<string, Amounts> {
  const nodes = new Map<string, Amounts>();
  for (const { metadata, status } of items) {
    const isReady =
      status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') === true;
    const has = amountsOf(status?.allocatable);
    if (isReady && has && metadata?.name !== undefined) nodes.set(metadata.name, has);
  }
  return nodes;
}

function useOf(items: readonly NodeMetrics[], before: ReadonlyMap<string, Use>, at: number): Map<string, Use> {
  const use = new Map<string, Use>();
  for (const { metadata, timestamp = '', usage } of items) {
    const amounts = amountsOf(usage);
    if (amounts === undefined || metadata?.name === undefined) continue;
    const last = before.get(metadata.name);
    use.set(metadata.name, { ...amounts, timestamp, movedAt: last?.timestamp === timestamp ? last.movedAt : at });
  }
  return use;
}

function amountsOf(quantities: Readonly<Record<string, string>> | undefined): Amounts | undefined {
  const cpu = parseQuantity(quantities?.['cpu'] ?? '');
  const memory = parseQuantity(quantities?.['memory'] ?? '');
  return cpu === undefined || memory === undefined ? undefined : { cpu, memory };
}
