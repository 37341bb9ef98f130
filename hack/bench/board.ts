// What the API server tells a bystander: the statuses of one system's resources, and the readiness of pods.
import type { Api, Json, WatchEvent } from './api.ts';
import { type Fleet } from './fleet.ts';
import { pathOf, type System } from './systems.ts';

type StatusListener = (service: string, status: Json | undefined, at: number) => void;

/** The statuses of all services of a fleet as one system told them. */
export class StatusBoard {
  readonly system: System;
  /** Called for each event, after the board has taken it in. */
  listener: StatusListener | undefined;
  readonly #replicas: number;
  readonly #told = new Set<string>();
  readonly #right = new Set<string>();

  constructor(system: System, replicas: number) {
    this.system = system;
    this.#replicas = replicas;
  }

  /** Services that have any status. */
  get told(): number {
    return this.#told.size;
  }

  /** Services whose status is what it should be while every pod is ready. */
  get right(): number {
    return this.#right.size;
  }

  apply(service: string, status: Json | undefined, at: number): void {
    toggle(this.#told, service, status !== undefined && Object.keys(status).length > 0);
    toggle(this.#right, service, this.system.right(status, this.#replicas));
    this.listener?.(service, status, at);
  }
}

function toggle(set: Set<string>, key: string, present: boolean): void {
  if (present) set.add(key);
  else set.delete(key);
}

export interface Bystander {
  readonly boards: ReadonlyMap<System, StatusBoard>;
  /** Called when a pod's event arrives. */
  onPod: (pod: string, ready: boolean, at: number) => void;
  /** Throws if a watch broke. */
  assertWatching(): void;
  stop(): void;
}

/** Watches the custom resources of `systems` and the pods of the fleet, from now on. */
export async function watchFleet(api: Api, fleet: Fleet, systems: readonly System[]): Promise<Bystander> {
  const abort = new AbortController();
  let failure: unknown;
  const follow = (path: string, from: string, onEvent: (event: WatchEvent) => void): void => {
    api.watch(path, from, abort.signal, onEvent).catch((error: unknown) => {
      if (!abort.signal.aborted) failure = error;
    });
  };
  const boards = new Map<System, StatusBoard>();
  for (const system of systems) {
    const board = new StatusBoard(system, fleet.replicas);
    const path = pathOf(system, fleet.namespace);
    const { items, resourceVersion } = await api.list(path);
    for (const item of items)
      board.apply((item['metadata'] as { name: string }).name, item['status'] as Json | undefined, 0);
    follow(path, resourceVersion, ({ object, at }) =>
      board.apply(object.metadata.name, object['status'] as Json | undefined, at),
    );
    boards.set(system, board);
  }
  const bystander: Bystander = {
    boards,
    onPod: () => undefined,
    assertWatching: () => {
      if (failure !== undefined) throw failure;
    },
    stop: () => abort.abort(),
  };
  const pods = `/api/v1/namespaces/${fleet.namespace}/pods`;
  const { metadata } = (await api.get(`${pods}?limit=1`)) as { metadata: { resourceVersion: string } };
  follow(pods, metadata.resourceVersion, ({ object, at }) =>
    bystander.onPod(object.metadata.name, isReady(object), at),
  );
  return bystander;
}

function isReady(pod: Json): boolean {
  const { conditions = [] } = pod['status'] as { conditions?: { type: string; status: string }[] };
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}
