// What a bystander sees of workflows, and of the Deployments that they scale.
import type { Api, Json, WatchEvent } from '../api.ts';
import { DEPLOYMENTS, WORKFLOWS } from './objects.ts';

/** Of one workflow, ms of performance.now(). */
export interface Course {
  /** When it was sent by who created it. */
  readonly sent: number;
  /** When the API server had it: its answer, or the first watch event. */
  held: number;
  /** Its first status in which it had begun. */
  begun: number;
  done: number;
  phase: string | undefined;
}

interface Status {
  readonly phase?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

/** What became of each workflow that it was told of. */
export class Courses {
  readonly #courses = new Map<string, Course>();
  #failure: unknown;

  static async watch(api: Api, signal: AbortSignal): Promise<Courses> {
    const courses = new Courses();
    await follow(api, WORKFLOWS, signal, courses);
    return courses;
  }

  /** Before it is created. */
  expect(name: string): Course {
    const course = { sent: performance.now(), held: NaN, begun: NaN, done: NaN, phase: undefined };
    this.#courses.set(name, course);
    return course;
  }

  apply({ type, object, at }: WatchEvent): void {
    const course = this.#courses.get(object.metadata.name);
    if (course === undefined || type === 'DELETED') return;
    const { phase, startedAt, finishedAt }: Status = object['status'] ?? {};
    if (Number.isNaN(course.held)) course.held = at;
    if (startedAt !== undefined && Number.isNaN(course.begun)) course.begun = at;
    if (finishedAt === undefined || !Number.isNaN(course.done)) return;
    course.done = at;
    course.phase = phase;
  }

  broke(error: unknown): void {
    this.#failure = error;
  }

  assertWatching(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** From a Deployment being as a step wanted it to the next change of what is wanted of it, ms. */
export class Gaps {
  readonly between: number[] = [];
  readonly #targets = new Map<string, { replicas: number; changes: number; readyAt: number | undefined }>();

  static async watch(api: Api, signal: AbortSignal): Promise<Gaps> {
    const gaps = new Gaps();
    await follow(api, DEPLOYMENTS, signal, gaps);
    return gaps;
  }

  apply({ object, at }: WatchEvent): void {
    const { metadata, spec, status } = object as unknown as ScaledObject;
    const { replicas } = spec;
    const target = this.#targets.get(metadata.name);
    if (target === undefined || target.replicas !== replicas) {
      // What was there before the first step is not its work.
      const changes = target === undefined ? 0 : target.changes + 1;
      if (changes > 1 && target?.readyAt !== undefined) this.between.push(at - target.readyAt);
      this.#targets.set(metadata.name, { replicas, changes, readyAt: undefined });
      return;
    }
    const isSeen = status.observedGeneration === metadata.generation;
    if (isSeen && status.replicas === replicas && status.readyReplicas === replicas) target.readyAt ??= at;
  }

  broke(error: unknown): void {
    throw error;
  }
}

interface ScaledObject {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly spec: { readonly replicas: number };
  readonly status: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
  };
}

async function follow(
  api: Api,
  path: string,
  signal: AbortSignal,
  board: { apply(event: WatchEvent): void; broke(error: unknown): void },
): Promise<void> {
  const { items, resourceVersion } = await api.list(path);
  for (const object of items as (Json & WatchEvent['object'])[]) board.apply({ type: 'ADDED', object, at: NaN });
  api
    .watch(path, resourceVersion, signal, (event) => board.apply(event))
    .catch((error: unknown) => {
      if (!signal.aborted) board.broke(error);
    });
}
