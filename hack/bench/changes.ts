// Readiness changes at a fixed rate, and how long each took until the status told it.
import { type Api, pause } from './api.ts';
import type { Bystander, StatusBoard } from './board.ts';
import type { Fleet } from './fleet.ts';

export interface ChangePlan {
  /** Changes in all; half of them take readiness away, half give it back. */
  readonly changes: number;
  readonly perSecond: number;
}

export interface ChangeResult {
  readonly changes: number;
  /**
   * From the moment the API server held the change (its answer to the patch or the pod's watch event, whichever reached the
   * benchmark first) until the watch event with the right count of ready pods, in ms.
   */
  readonly latencies: readonly number[];
  /** The same from the moment the patch was sent. */
  readonly fromSending: readonly number[];
  /** Changes that no status told before the next change of that service or the end. */
  readonly lost: number;
  /** Changes of the custom resource that followed each change. */
  readonly writesPerChange: readonly number[];
}

interface Change {
  readonly service: string;
  readonly ready: boolean;
  readonly expected: number;
  readonly sentAt: number;
  heldAt: number;
  seenAt: number;
  writes: number;
}

const VISIBLE_TIMEOUT_MS = 10_000;

/**
 * The order of changes: a lap over some services takes the readiness of one pod each away, the next lap gives it back. Whole
 * pairs of laps, so that the fleet ends as it began: at most `changes` in all, and two at least.
 */
export function laps(services: readonly string[], changes: number): { service: string; ready: boolean }[] {
  const lap = services.slice(0, Math.max(1, Math.floor(changes / 2)));
  const pairs = Math.max(1, Math.floor(changes / (2 * lap.length)));
  return Array.from({ length: 2 * pairs }, (_, index) =>
    lap.map((service) => ({ service, ready: index % 2 === 1 })),
  ).flat();
}

/** Carries out the plan; resolves when every change is visible or its time is up. `tailMs` more are waited for late writes. */
export async function changeReadiness(
  api: Api,
  fleet: Fleet,
  bystander: Bystander,
  board: StatusBoard,
  plan: ChangePlan,
  tailMs: number,
): Promise<ChangeResult> {
  const latest = new Map<string, Change>();
  const byPod = new Map([...fleet.pods].map(([service, pod]) => [pod, service]));
  const all: Change[] = [];
  board.listener = (service, status, at) => {
    const change = latest.get(service);
    if (change === undefined) return;
    change.writes++;
    if (Number.isNaN(change.seenAt) && board.system.ready(status) === change.expected) change.seenAt = at;
  };
  bystander.onPod = (pod, ready, at) => {
    const change = latest.get(byPod.get(pod) ?? '');
    if (change?.ready === ready) hold(change, at);
  };
  const begin = async ({ service, ready }: { service: string; ready: boolean }): Promise<void> => {
    const expected = ready ? fleet.replicas : fleet.replicas - 1;
    const change = { service, ready, expected, sentAt: performance.now(), heldAt: NaN, seenAt: NaN, writes: 0 };
    all.push(change);
    latest.set(service, change);
    await setReadiness(api, fleet, service, ready);
    hold(change, performance.now());
  };

  const patches: Promise<void>[] = [];
  const startedAt = performance.now();
  for (const [index, change] of laps([...fleet.pods.keys()], plan.changes).entries()) {
    const ahead = startedAt + (index * 1000) / plan.perSecond - performance.now();
    if (ahead > 0) await pause(ahead);
    patches.push(begin(change));
  }
  await Promise.all(patches);
  const deadline = performance.now() + VISIBLE_TIMEOUT_MS;
  while (all.some((change) => Number.isNaN(change.seenAt)) && performance.now() < deadline) await pause(20);
  await pause(tailMs);
  board.listener = undefined;
  bystander.onPod = () => undefined;
  return summary(all);
}

function hold(change: Change, at: number): void {
  if (Number.isNaN(change.heldAt) || at < change.heldAt) change.heldAt = at;
}

function summary(all: readonly Change[]): ChangeResult {
  const seen = all.filter((change) => !Number.isNaN(change.seenAt));
  return {
    changes: all.length,
    latencies: seen.map((change) => Math.max(0, change.seenAt - change.heldAt)),
    fromSending: seen.map((change) => change.seenAt - change.sentAt),
    lost: all.length - seen.length,
    writesPerChange: all.map((change) => change.writes),
  };
}

async function setReadiness(api: Api, fleet: Fleet, service: string, ready: boolean): Promise<void> {
  const status = ready ? 'True' : 'False';
  const at = new Date().toISOString().replace(/\.\d+/, '');
  const conditions = ['Ready', 'ContainersReady'].map((type) => ({ type, status, lastTransitionTime: at }));
  await api.patch(`/api/v1/namespaces/${fleet.namespace}/pods/${fleet.pods.get(service)}/status`, 'strategic', {
    status: { conditions },
  });
}
